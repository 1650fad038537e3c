"""What the chapters of the book need beside the method: training once, fingerprints, studies."""

import ast
import hashlib
import inspect
import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from .data import MotionData, generic_motion
from .training import History
from .vae import VAE, load

__all__ = [
    "KeptModels",
    "Study",
    "cached",
    "fingerprint",
    "is_current",
    "read_models",
    "read_study",
    "source_hash",
    "study_file",
]

_METHOD = (
    "networks", "convolutional", "priors", "likelihoods", "vae", "multipliers", "seeding",
    "training", "runs", "flat", "evaluation", "topology", "starting", "interpolation",
)  # fmt: skip

_COMMANDS = {"studies": "make study", "benchmarks": "make bench"}


def fingerprint(*arrays: Tensor | np.ndarray | pd.DataFrame) -> str:
    """Eight hexadecimal digits that change when any value, type or shape of the arrays does.

    Example:
        >>> fingerprint(np.zeros(3)) == fingerprint(np.zeros(3)), len(fingerprint(np.zeros(3)))
        (True, 8)
        >>> fingerprint(np.zeros(3)) == fingerprint(np.ones(3))
        False
    """
    digest = hashlib.sha256()
    for array in arrays:
        values = np.asarray(array.detach().cpu() if isinstance(array, Tensor) else array)
        if values.dtype == object:
            values = values.astype(str)
        digest.update(f"{values.dtype.str}{values.shape}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:8]


def source_hash() -> str:
    """Hash of the method's source, blind to comments, docstrings and layout.

    Example:
        >>> len(source_hash())
        16
    """
    digest = hashlib.sha256()
    for name in _METHOD:
        tree = ast.parse(Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8"))
        digest.update(repr(_outline(tree)).encode())
    return digest.hexdigest()[:16]


def _outline(node: Any) -> Any:
    """A syntax tree as nested tuples, without docstrings and without fields that are empty."""
    if isinstance(node, list):
        return [_outline(item) for item in node if not _is_docstring(item)]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [(name, _outline(value)) for name, value in ast.iter_fields(node) if value]
    return type(node).__name__, fields


def _is_docstring(node: Any) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def cached(train: Callable[..., tuple[VAE, History]], **settings: Any) -> tuple[VAE, History]:
    """``train(**settings)``, or what it returned the last time for just these settings.

    The model and its history are kept in the folder that the environment variable VHP_CACHE
    names; without it nothing is kept. The key covers ``train``'s own source, the settings (of
    arrays their content), the method's source, the versions of Python and torch, and the
    number of threads. Nothing is pickled.

    Args:
        train: a function that returns a fitted model and its :class:`vhp_core.History`.
        **settings: its arguments: numbers, strings, lists of these, tensors or arrays.

    Example:
        >>> from vhp_core import fit_iwae, mlp_vae
        >>> def train(steps, seed):
        ...     torch.manual_seed(seed)
        ...     model, x = mlp_vae(5, 2, hidden=(8,), prior="normal"), torch.randn(50, 5)
        ...     return model, fit_iwae(model, x, 1, steps, seed=seed, progress=False)
        >>> model, history = cached(train, steps=5, seed=0)
        >>> len(history.frame())
        5
    """
    folder = os.environ.get("VHP_CACHE")
    if not folder:
        return train(**settings)
    key = {name: _plain(value) for name, value in settings.items()} | {
        "train": inspect.getsource(train),
        "source": source_hash(),
        "versions": [sys.version, torch.__version__],
        "threads": torch.get_num_threads(),
    }
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:24]
    path = Path(folder) / f"{train.__name__}-{digest}"
    weights, steps = path.with_suffix(".safetensors"), path.with_suffix(".npz")
    if not (weights.exists() and steps.exists()):
        path.parent.mkdir(parents=True, exist_ok=True)
        model, history = train(**settings)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(part, **history.columns)
        part.replace(steps)
        model.save(weights)
        return model, history
    with np.load(steps, allow_pickle=False) as columns:
        history = History({name: columns[name].tolist() for name in columns.files})
    return load(weights).eval(), history


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor | np.ndarray):
        return fingerprint(value)
    return value


def study_file(name: str, kind: str = "studies") -> Path:
    """A file of a study: its table, its stamp, or what it left beside them, such as weights.

    It is sought in the folders named ``kind`` going up from the current folder, then in the
    package's own.

    Raises:
        FileNotFoundError: if it is in none of them.

    Example:
        >>> study_file("cmu_motion.csv").name
        'cmu_motion.csv'
    """
    here, package = Path.cwd(), Path(__file__).resolve().parent
    places = [place / kind for place in (here, *here.parents)]
    # In a wheel the tables lie in the package; beside it where it was installed with -e.
    places += [package / "tables" / kind, package.parent / kind]
    for place in places:
        if (place / name).is_file():
            return place / name
    raise FileNotFoundError(
        f"no {kind}/{name} in {here} or above it, nor in the package: run `{_COMMANDS[kind]}`, "
        "or start the notebook inside the project"
    )


class Study(NamedTuple):
    """A study's table and its stamp (when, how, with which versions it was computed).

    Example:
        >>> table, stamp = Study(pd.DataFrame({"seed": [0, 1]}), {"minutes": 1.5})
        >>> len(table), stamp["minutes"]
        (2, 1.5)
    """

    table: pd.DataFrame
    stamp: dict[str, Any]


def is_current(stamp: dict[str, Any]) -> bool:
    """Whether a table was computed, or confirmed on some of its cells, with this very source.

    Example:
        >>> is_current({"source_hash": source_hash()}), is_current({"source_hash": "another"})
        (True, False)
    """
    confirmed = stamp.get("confirmed", {}).get("source_hash")
    return source_hash() in (stamp["source_hash"], confirmed)


def read_study(name: str, folder: str | os.PathLike | None = None, kind: str = "studies") -> Study:
    """The committed table ``studies/<name>.csv`` and its stamp ``studies/<name>.json``.

    Args:
        name: the study's name.
        folder: where the two files lie; if not given, the first folder named ``kind`` that is
            found going up from the current folder, else the tables that the package holds.
        kind: "studies" or "benchmarks".

    Raises:
        FileNotFoundError: if the files are not there.

    Warns:
        UserWarning: if the method's source has changed since the study was computed.

    Example:
        >>> study = read_study("pendulum_ring")
        >>> study.table.columns[:5].tolist()
        ['model', 'start', 'beta0', 'step', 'seed']
    """
    command = _COMMANDS[kind]
    folder = study_file(f"{name}.csv", kind).parent if folder is None else folder
    table = pd.read_csv(Path(folder) / f"{name}.csv")
    stamp = json.loads((Path(folder) / f"{name}.json").read_text(encoding="utf-8"))
    if not is_current(stamp):
        warnings.warn(
            f"the table {name!r} of {stamp['date']} was computed with another version of the "
            f"method's source; `{command}` computes it anew",
            stacklevel=2,
        )
    return Study(table, stamp)


class KeptModels(NamedTuple):
    """Trained models that a study left, with what an explorer shows of them.

    Example:
        >>> kept = read_models("cmu_motion_models")
        >>> kept.codes["VHP-VAE"].shape == (len(kept.labels), 2)
        True
    """

    models: dict[str, VAE]
    codes: dict[str, np.ndarray]
    """The encoded means, (n, d_z) for each model."""
    labels: np.ndarray
    """(n,) strings, the class of each observation."""
    journeys: dict[str, tuple[int, int]]
    """Name -> two of the n observations, to go from one to the other."""
    motion: MotionData | None
    """What a decoded frame means, without frames; None where pictures are decoded."""
    stamp: dict[str, Any]


def read_models(name: str, folder: str | os.PathLike | None = None) -> KeptModels:
    """The models that ``studies/<name>.py`` wrote, found as :func:`read_study` finds its table.

    The stamp's configuration has ``files`` (model -> file of :func:`vhp_core.load`), ``journeys``
    and, for motion, ``channels`` (name -> mean). The table has the columns ``label`` and, for each
    model and latent dimension, ``<model> z1`` and so on.

    Raises:
        FileNotFoundError: if the table, its stamp or a model's file is not there.

    Warns:
        UserWarning: if the method's source has changed since the models were trained.

    Example:
        >>> kept = read_models("cmu_motion_models")
        >>> sorted(kept.models), kept.motion.x.shape[1]
        (['IWAE', 'VHP-VAE'], 50)
    """
    folder = study_file(f"{name}.csv").parent if folder is None else folder
    table, stamp = read_study(name, folder)
    told = stamp["configuration"]
    models = {model: load(Path(folder) / file).eval() for model, file in told["files"].items()}
    codes = {
        model: table[[column for column in table if column.startswith(f"{model} z")]].to_numpy()
        for model in models
    }
    journeys = {words: (start, end) for words, (start, end) in told["journeys"].items()}
    motion = generic_motion(told["channels"]) if "channels" in told else None
    return KeptModels(models, codes, table.label.to_numpy(str), journeys, motion, stamp)
