"""Cells for the tests of the grid, in a module of their own that worker processes load quickly."""

import os
import threading
import time
from pathlib import Path
from uuid import uuid4

import joblib
import numpy as np


def note(folder: str, seed: int) -> list[dict]:
    """Leaves a trace of each call; fails, dies or waits where a file says so."""
    place = Path(folder)
    (place / f"{seed}-{uuid4().hex}.call").touch()
    if (place / f"{seed}.fails").exists():
        raise OSError(f"seed {seed},\nnot found")
    if (place / f"{seed}.dies").exists():
        os._exit(1)
    if (place / f"{seed}.waits").exists():
        time.sleep(60)
    return [{"folder": folder, "seed": seed, "part": part, "value": seed / 3} for part in "ab"]


def draw(seed: int) -> list[dict]:
    """Draws from its process's random state, as a study does, and lets other threads in.

    The state is numpy's: a Dask worker's own threads draw from that of the module ``random``.
    """
    np.random.seed(seed)  # noqa: NPY002 - the state that threads share is what is tested
    draws = []
    for _ in range(5):
        draws.append(np.random.standard_normal())  # noqa: NPY002
        time.sleep(0.01)
    numbers = {"total": sum(draws), "single": np.float32(draws[0]), "none": float("nan")}
    return [{"seed": seed, "jobs": joblib.effective_n_jobs(-1)} | numbers]


def tell_thread(folder: str, seed: int) -> list[dict]:
    return [{"thread": threading.current_thread().name}]
