"""Arrays of observations as tensors, and the refusal of those that are none."""

import math
import warnings

import numpy as np
import torch
from torch import Tensor

__all__ = ["real_observations"]

_ROWS_AT_ONCE = 1 << 13  # of a mapped file, looked at together


def real_observations(
    x: Tensor | np.ndarray, dtype: torch.dtype, event_dims: int, shape: tuple[int, ...] | None
) -> tuple[Tensor, float, float]:
    """``x`` as a tensor of finite real numbers, one observation a row; its least and largest.

    Args:
        x: (n, ...) numbers.
        dtype: of the tensor. A memory-mapped array keeps its own, and is not copied whole.
        event_dims: number of dimensions of one observation.
        shape: of one observation; None where it is not known.

    Raises:
        ValueError: if x is not numeric and real, has another shape or no row, or is not finite
            as ``dtype`` (the first bad place is named).
    """
    mapped = isinstance(x, np.memmap)
    try:
        with warnings.catch_warnings():  # of arrays opened for reading only: nothing writes here
            warnings.filterwarnings("ignore", "The given NumPy array is not writable")
            x = torch.as_tensor(_plain_strides(x) if isinstance(x, np.ndarray) else x).detach()
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"x is no numeric array: {error}") from error
    if x.is_complex():
        raise ValueError("x is complex; give its real and imaginary parts as columns")
    if x.ndim != 1 + event_dims or len(x) == 0:
        raise ValueError(
            f"x must have {1 + event_dims} dimensions, observations first, and at least one "
            f"observation; its shape is {tuple(x.shape)}"
        )
    if shape is not None and x.shape[1:] != shape:
        given = tuple(x.shape[1:])
        if len(shape) == 1:
            raise ValueError(f"x has {given[0]} columns, the model was built for {shape[0]}")
        raise ValueError(f"an observation has the shape {given}, the model was built for {shape}")
    if not mapped:
        x = x.to(dtype)
    bad, first, low, high = 0, None, math.inf, -math.inf
    for start in range(0, len(x), _ROWS_AT_ONCE):
        part = x[start : start + _ROWS_AT_ONCE].to(dtype)  # first: a large double may overflow
        low, high = min(low, part.min().item()), max(high, part.max().item())
        finite = torch.isfinite(part)
        if not finite.all():
            places = (~finite).nonzero()
            first = first or (places[0, 0].item() + start, *places[0, 1:].tolist())
            bad += len(places)
    if bad:
        raise ValueError(
            f"x is not finite at {bad} places, the first at index {first}; remove or fill these "
            "observations"
        )
    return x, low, high


def _plain_strides(x: np.ndarray) -> np.ndarray:
    """``x`` itself where torch can share its memory, else a copy."""
    shares = all(stride >= 0 for stride in x.strides) and x.dtype.isnative
    return x if shares else np.ascontiguousarray(x, dtype=x.dtype.newbyteorder("="))
