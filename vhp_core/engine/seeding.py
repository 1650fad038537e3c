"""Random numbers from a seed, kept apart from the caller's own, and shared among processes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch
from torch import Tensor

__all__ = ["seeded", "sharded", "standard_normal"]

_shard: ContextVar[tuple[int, int]] = ContextVar("shard", default=(0, 1))  # rank, processes


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


@contextmanager
def sharded(rank: int, processes: int) -> Iterator[None]:
    """Inside, this process is the ``rank``-th of several that share each batch evenly.

    All of them hold the same random state, and :func:`standard_normal` gives each its own part
    of the noise for the whole batch: the numbers do not depend on how many there are.
    """
    token = _shard.set((rank, processes))
    try:
        yield
    finally:
        _shard.reset(token)


def standard_normal(shape: Sequence[int], like: Tensor) -> Tensor:
    """N(0, I) noise of ``shape`` (..., B, d), of the type and on the device of ``like``."""
    rank, processes = _shard.get()
    if processes == 1:
        return torch.randn(shape, dtype=like.dtype, device=like.device)
    whole = (*shape[:-2], shape[-2] * processes, shape[-1])
    noise = torch.randn(whole, dtype=like.dtype, device=like.device)
    return noise.narrow(-2, rank * shape[-2], shape[-2])
