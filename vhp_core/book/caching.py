"""Training once: a chapter's runs, kept between its executions."""

import hashlib
import inspect
import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..builders import load
from ..training import History
from ..vae import VAE
from .fingerprints import DATA_SETS, fingerprint, source_hash
from .numerics import numerical_profile

__all__ = ["cached"]

_TOLD = "warnings of the run"  # their name beside those of the history's columns


def cached(train: Callable[..., tuple[VAE, History]], **settings: Any) -> tuple[VAE, History]:
    """``train(**settings)``, or what it returned the last time for just these settings.

    The model and its history are kept in the folder that the environment variable VHP_CACHE
    names; without it nothing is kept. The key covers ``train``'s own source, the settings (of
    arrays their content), the library's source, the versions of Python and torch, the number of
    threads, and the numerical profile. Nothing is pickled. Warnings of the run are kept with it and
    given again, so that a chapter says the same whether it trained or found the run.

    Args:
        train: a function that returns a fitted model and its :class:`vhp_core.History`.
        **settings: its arguments: numbers, strings, lists of these, tensors or arrays.

    Example:
        >>> import torch
        >>> def train(steps, seed):
        ...     torch.manual_seed(seed)
        ...     model, x = vhp.mlp_vae(5, 2, hidden=(8,), prior="normal"), torch.randn(50, 5)
        ...     return model, vhp.fit_iwae(model, x, 1, steps, seed=seed, progress=False)
        >>> model, history = vhp.book.cached(train, steps=5, seed=0)
        >>> len(history.frame())
        5
    """
    folder = os.environ.get("VHP_CACHE")
    if not folder:
        return train(**settings)
    key = {name: _plain(value) for name, value in settings.items()} | {
        "train": inspect.getsource(train),
        "source": source_hash(*DATA_SETS),
        "versions": [sys.version, torch.__version__],
        "threads": torch.get_num_threads(),
        "numerics": numerical_profile(),
    }
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:24]
    path = Path(folder) / f"{train.__name__}-{digest}"
    weights, steps = path.with_suffix(".safetensors"), path.with_suffix(".npz")
    if not (weights.exists() and steps.exists()):
        path.parent.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            model, history = train(**settings)
        told = [str(warning.message) for warning in caught]
        part = path.with_suffix(".part.npz")
        arrays: dict[str, Any] = {**history.columns, _TOLD: np.array(told, dtype=str)}
        np.savez_compressed(part, **arrays)
        part.replace(steps)
        model.save(weights)
    with np.load(steps, allow_pickle=False) as kept:
        columns = {name: kept[name].tolist() for name in kept.files}
    told, history = columns.pop(_TOLD), History(columns)
    model = load(weights).eval()  # also of a run just done: what the next reader will get
    for message in told:
        warnings.warn(message, stacklevel=2)
    return model, history


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor | np.ndarray):
        return fingerprint(value)
    return value
