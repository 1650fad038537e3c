"""Numbers that a caller hands over: taken as what they are to be, or refused by their name."""

import math
from collections.abc import Iterable
from typing import Any

__all__ = ["positive", "sizes", "whole", "widths"]


def positive(name: str, value: Any, finite: bool = True) -> float:
    """A number above 0. Raises ValueError if it is none, or is not finite where it has to be.

    Example:
        >>> positive("kappa", 2)
        2.0
    """
    number = math.nan if isinstance(value, str) else _number(value)
    if not number > 0 or (finite and math.isinf(number)):
        must = "finite and above 0" if finite else "above 0"
        raise ValueError(f"{name} must be {must}, got {value!r}")
    return number


def whole(name: str, value: Any, least: int = 1) -> int:
    """A whole number from ``least`` up; 64.0 is one too. Raises ValueError if it is none.

    Example:
        >>> whole("steps", 64.0)
        64
    """
    number = math.nan if isinstance(value, str) else _number(value)
    if not number.is_integer():
        raise ValueError(f"{name} must be a whole number, got {value!r}")
    if number < least:
        raise ValueError(f"{name} must be at least {least}, got {value!r}")
    return int(value)


def sizes(**values: int) -> dict[str, int]:
    """Each a whole number from 1 up (:func:`whole`), under its name.

    Example:
        >>> sizes(x_dim=5, z_dim=2)
        {'x_dim': 5, 'z_dim': 2}
    """
    return {name: whole(name, value) for name, value in values.items()}


def widths(name: str, value: Any) -> tuple[int, ...]:
    """Sizes of layers, each a whole number from 1 up. Raises ValueError if these are none.

    Example:
        >>> widths("hidden", [64, 64])
        (64, 64)
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(f"{name} must be a sequence of widths, such as (64, 64), got {value!r}")
    return tuple(whole(name, width) for width in value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
