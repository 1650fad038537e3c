"""Committed tables of studies and benchmarks, and the models that studies left."""

import json
import os
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..builders import load
from ..data import MotionData, generic_motion
from ..vae import VAE
from .fingerprints import source_hash

__all__ = ["KeptModels", "Study", "is_current", "read_models", "read_study", "study_file"]

_COMMANDS = {"studies": "make study", "benchmarks": "make bench"}


def study_file(name: str, kind: str = "studies") -> Path:
    """A file of a study: its table, its stamp, or what it left beside them, such as weights.

    It is sought in the folders named ``kind`` going up from the current folder, then in the
    package's own.

    Raises:
        FileNotFoundError: if it is in none of them.

    Example:
        >>> vhp.book.study_file("motion_cmu.csv").name
        'motion_cmu.csv'
    """
    here, package = Path.cwd(), Path(__file__).resolve().parent.parent
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
        >>> import pandas as pd
        >>> table, stamp = vhp.book.Study(pd.DataFrame({"seed": [0, 1]}), {"minutes": 1.5})
        >>> len(table), stamp["minutes"]
        (2, 1.5)
    """

    table: pd.DataFrame
    stamp: dict[str, Any]


def is_current(stamp: dict[str, Any]) -> bool:
    """Whether a table was computed, or confirmed on some of its cells, with this very source.

    Example:
        >>> vhp.book.is_current({"source_hash": vhp.book.source_hash()})
        True
        >>> vhp.book.is_current({"source_hash": "another"})
        False
    """
    confirmed = stamp.get("confirmed", {}).get("source_hash")
    return source_hash(*stamp.get("data", ())) in (stamp["source_hash"], confirmed)


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
        >>> study = vhp.book.read_study("pendulum_ring")
        >>> study.table.columns[:5].tolist()
        ['model', 'start', 'beta0', 'step', 'seed']
    """
    return _read(name, folder, kind, stacklevel=3)


def _read(name: str, folder: str | os.PathLike | None, kind: str, stacklevel: int) -> Study:
    """A warning is of the cell that asked: its place is no path of this machine."""
    command = _COMMANDS[kind]
    folder = study_file(f"{name}.csv", kind).parent if folder is None else folder
    table = pd.read_csv(Path(folder) / f"{name}.csv")
    stamp = json.loads((Path(folder) / f"{name}.json").read_text(encoding="utf-8"))
    if not is_current(stamp):
        warnings.warn(
            f"the table {name!r} of {stamp['date']} was computed with another version of the "
            f"method's source; `{command}` computes it anew",
            stacklevel=stacklevel,
        )
    return Study(table, stamp)


class KeptModels(NamedTuple):
    """Trained models that a study left, with what an explorer shows of them.

    Example:
        >>> kept = vhp.book.read_models("motion_models")
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
        >>> kept = vhp.book.read_models("motion_models")
        >>> list(kept.models)[:2], kept.motion.x.shape[1]
        (['IWAE', 'IWAE, hierarchical'], 50)
    """
    folder = study_file(f"{name}.csv").parent if folder is None else folder
    table, stamp = _read(name, folder, "studies", stacklevel=3)
    told = stamp["configuration"]
    models = {model: load(Path(folder) / file).eval() for model, file in told["files"].items()}
    columns = table.columns.astype(str)
    codes = {
        model: table[[name for name in columns if name.startswith(f"{model} z")]].to_numpy()
        for model in models
    }
    journeys = {words: (start, end) for words, (start, end) in told["journeys"].items()}
    motion = generic_motion(told["channels"]) if "channels" in told else None
    return KeptModels(models, codes, table.label.to_numpy(str), journeys, motion, stamp)
