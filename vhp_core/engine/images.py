"""Shapes of images, and what becomes of them where each of some convolutions halves the sides."""

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["full_shape", "halved_sizes"]


def full_shape(image_shape: int | Sequence[int]) -> tuple[int, int, int]:
    """(channels, height, width); a number S is the grey square (1, S, S).

    Raises:
        ValueError: if it is neither.

    Example:
        >>> full_shape(16), full_shape([3, 48, 32])
        ((1, 16, 16), (3, 48, 32))
    """
    given: Any = image_shape  # numpy's numbers and arrays too
    shape = (1, given, given) if np.ndim(given) == 0 else tuple(given)
    if len(shape) != 3 or not all(side == int(side) and side >= 1 for side in shape):
        raise ValueError(
            "image_shape must be (channels, height, width), whole numbers from 1 up, or one number "
            f"for grey squares; got {image_shape}"
        )
    return int(shape[0]), int(shape[1]), int(shape[2])


def halved_sizes(shape: tuple[int, int, int], times: int) -> list[tuple[int, int]]:
    """(height, width), as they are and after each of ``times`` halvings, which round down.

    Raises:
        ValueError: if a side would come to nothing, or nothing is to be halved.

    Example:
        >>> halved_sizes((3, 45, 31), 2)
        [(45, 31), (22, 15), (11, 7)]
    """
    _, height, width = shape
    if times < 1:
        raise ValueError("there must be at least one convolution: channels is empty")
    if min(height, width) < 2**times:
        raise ValueError(
            f"image_shape: {height} x {width} pixels cannot be halved by each of {times} "
            f"convolutions. Take fewer channels, or at least {2**times} x {2**times} pixels"
        )
    return [(height >> k, width >> k) for k in range(times + 1)]
