"""Pictures that count as the numbers that they are, and look like grey levels."""

import torch
from torch import Tensor

from .observations import Rows

__all__ = ["grey_levels"]


def grey_levels(data: Tensor | Rows) -> str:
    """What is to be said of pictures that count as numbers from 0 to 255; "" if nothing is.

    They are uint8 in rows, which have lost the shape of pictures, or pictures of another type; no
    entry is negative, and some are above 100.

    Example:
        >>> grey_levels(torch.full((5, 1, 8, 8), 255.0))[:34]
        'x looks like grey levels, up to 25'
        >>> grey_levels(torch.rand(5, 1, 8, 8))
        ''
    """
    held = data.held if isinstance(data, Rows) else data
    small = held is not None and held.dtype == torch.uint8
    if len(data.shape) != (2 if small else 4):
        return ""
    some = data[:: max(1, len(data) // 100)]
    if not (some.min() >= 0 and some.max() > 100):  # nor where there are missing entries
        return ""
    kind = "uint8 in rows" if small else "pictures of another type than uint8"
    return (
        f"x looks like grey levels, up to {some.max():.0f}, but {kind} count as the numbers that "
        "they are, and κ is in these. Give x / 255, or uint8 of the shape (n, channels, height, "
        "width), which means 0 to 1"
    )
