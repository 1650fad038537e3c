"""Random numbers from a seed, kept apart from the caller's own."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

__all__ = ["seeded"]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, torch draws from a stream that belongs to ``seed``; outside nothing changes.

    The stream is not that of ``torch.manual_seed(seed)``: data that a user drew with the same
    small seed would otherwise repeat as the noise of the latent variables.

    Raises:
        ValueError: if ``seed`` is below 0.
    """
    if seed < 0:
        raise ValueError(f"seed must not be below 0, got {seed}")
    stream = np.random.SeedSequence(seed, spawn_key=(1905, 4982)).generate_state(1, np.uint64)
    with torch.random.fork_rng():
        torch.manual_seed(int(stream[0] >> np.uint64(1)))
        yield
