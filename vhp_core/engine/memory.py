"""Memory that a step frees, kept for the next one."""

import torch

__all__ = ["keep_freed"]

_LARGEST = 31 * 2**20  # bytes; from 32 MiB on, the C library always asks the system


def keep_freed() -> None:
    """Let blocks of up to 31 MiB come from memory that was freed, and not from the system.

    A step makes some blocks of a few megabytes and frees them. Linux's C library gives such memory
    back to the system and asks for it again, and each page of it is then cleared anew: a fifth of a
    step. It ceases to do so for blocks as large as one that it has seen freed, and here it sees
    one. That block is never written, so it takes no memory. Elsewhere nothing happens, nor where
    the C library's thresholds are set from outside, as a Dask worker sets MALLOC_TRIM_THRESHOLD_.
    """
    torch.empty(_LARGEST, dtype=torch.uint8)
