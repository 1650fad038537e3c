"""From repetitions to rows of the tables."""

from collections.abc import Mapping, Sequence

import numpy as np


def quartiles(name: str, values: Sequence[float]) -> dict[str, float]:
    """The median under ``name``, the quartiles under ``name_low`` and ``name_high``."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return {name: middle, f"{name}_low": low, f"{name}_high": high}


def compare(ours: Sequence[float], reference: Sequence[float]) -> dict[str, float]:
    """Medians and quartiles over the rounds: of both times in milliseconds, and of their ratio.

    Raises:
        ValueError: if the rounds are not equally many: repetition i of both is of round i.
    """
    ours, reference = np.asarray(ours, float), np.asarray(reference, float)
    if ours.shape != reference.shape or ours.ndim != 1 or not len(ours):
        raise ValueError(f"rounds differ: {ours.shape} of ours, {reference.shape} of the reference")
    return {
        "repetitions": len(ours),
        **quartiles("ours_ms", 1e3 * ours),
        **quartiles("reference_ms", 1e3 * reference),
        **quartiles("ratio", ours / reference),
    }


def verdict(row: Mapping[str, float | None]) -> str:
    """Whether a ratio keeps its limit, where the quartiles of the rounds allow to say so.

    "met" if three quarters of the rounds keep it, "missed" if three quarters do not, "open" between
    the two, and "" where there is no limit.
    """
    limit = row["limit"]
    if limit is None or np.isnan(limit):
        return ""
    if row["ratio_high"] <= limit:
        return "met"
    return "missed" if row["ratio_low"] > limit else "open"


def agree(ours: Sequence[Sequence[float]], reference: Sequence[Sequence[float]]) -> dict:
    """Means of two sets of estimates, their difference, and its standard error.

    Both have one row a draw and one column a point. Draws of the two are independent, so the
    difference of a draw's row is noise about the difference of the two estimators at each point.
    """
    ours, reference = np.asarray(ours, float), np.asarray(reference, float)
    difference = ours - reference  # (draws, points)
    draws = len(difference)
    error_of_point = difference.std(axis=0, ddof=1) / np.sqrt(draws)
    return {
        "ours_value": ours.mean(),
        "reference_value": reference.mean(),
        "difference": difference.mean(),
        "standard_error": np.sqrt((error_of_point**2).sum()) / difference.shape[1],
    }
