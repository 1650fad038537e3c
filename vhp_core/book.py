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

from .training import History
from .vae import VAE, load

__all__ = [
    "Study",
    "cached",
    "fingerprint",
    "is_current",
    "read_study",
    "source_hash",
    "study_file",
]

_METHOD = (
    "networks", "convolutional", "priors", "likelihoods", "vae", "multipliers", "seeding",
    "training", "runs", "flat", "evaluation", "topology", "starting", "interpolation",
)  # fmt: skip


def fingerprint(*arrays: Tensor | np.ndarray | pd.DataFrame) -> str:
    """Eight hexadecimal digits that change when any value, type or shape of the arrays does."""
    digest = hashlib.sha256()
    for array in arrays:
        values = np.asarray(array.detach().cpu() if isinstance(array, Tensor) else array)
        if values.dtype == object:
            values = values.astype(str)
        digest.update(f"{values.dtype.str}{values.shape}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:8]


def source_hash() -> str:
    """Hash of the method's source, blind to comments, docstrings and layout."""
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
        train: a function that returns a fitted model and its :class:`History`.
        **settings: its arguments: numbers, strings, lists of these, tensors or arrays.
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
    """A file that a study left beside its table, such as the weights of a model.

    It is sought in the folders named ``kind`` going up from the current folder, then beside the
    package.

    Raises:
        FileNotFoundError: if it is in none of them.
    """
    here, package = Path.cwd(), Path(__file__).resolve().parent
    places = [place / kind for place in (here, *here.parents)]
    places += [package / "tables" / kind, package.parent / kind]
    for place in places:
        if (place / name).is_file():
            return place / name
    raise FileNotFoundError(
        f"no {kind}/{name} in {here} or above it, nor beside the package: run `make study`, or "
        "start the notebook inside the project"
    )


class Study(NamedTuple):
    """A study's table and its stamp (when, how, with which versions it was computed)."""

    table: pd.DataFrame
    stamp: dict[str, Any]


def is_current(stamp: dict[str, Any]) -> bool:
    """Whether a table was computed, or confirmed on some of its cells, with this very source."""
    confirmed = stamp.get("confirmed", {}).get("source_hash")
    return source_hash() in (stamp["source_hash"], confirmed)


def read_study(name: str, folder: str | os.PathLike | None = None, kind: str = "studies") -> Study:
    """The committed table ``studies/<name>.csv`` and its stamp ``studies/<name>.json``.

    Args:
        name: the study's name.
        folder: where the two files lie; if not given, the first folder named ``kind`` that is
            found going up from the current folder.
        kind: "studies" or "benchmarks".

    Raises:
        FileNotFoundError: if the files are not there.

    Warns:
        UserWarning: if the method's source has changed since the study was computed.
    """
    command = {"studies": "make study", "benchmarks": "make bench"}[kind]
    if folder is None:
        here = Path.cwd()
        places = [place / kind for place in (here, *here.parents)]
        found = [place for place in places if (place / f"{name}.csv").is_file()]
        if not found:
            raise FileNotFoundError(
                f"no {kind}/{name}.csv in {here} or above it: run `{command}`, or start the "
                "notebook inside the project"
            )
        folder = found[0]
    table = pd.read_csv(Path(folder) / f"{name}.csv")
    stamp = json.loads((Path(folder) / f"{name}.json").read_text(encoding="utf-8"))
    if not is_current(stamp):
        warnings.warn(
            f"the table {name!r} of {stamp['date']} was computed with another version of the "
            f"method's source; `{command}` computes it anew",
            stacklevel=2,
        )
    return Study(table, stamp)
