"""Paired differences over seeds, with their confidence intervals."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t as student

__all__ = ["Effect", "clustered_effect", "paired_effect"]


class Effect(NamedTuple):
    """The mean of paired differences and its confidence interval.

    Example:
        >>> str(vhp.book.Effect(-0.5, -0.75, -0.25, 10))
        '-0.50 (-0.75 to -0.25, 10 pairs)'
    """

    mean: float
    low: float
    high: float
    pairs: int

    @property
    def clear(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0

    def verdict(self, lower: bool) -> str:
        """On the claim that the first model is better, where lower values are, or higher ones.

        Example:
            >>> vhp.book.Effect(-0.5, -0.75, -0.25, 10).verdict(lower=True)
            'holds'
        """
        if not self.clear:
            return "open"
        return "holds" if (self.mean < 0) == lower else "the opposite holds"

    def __str__(self) -> str:
        return f"{self.mean:.2f} ({self.low:.2f} to {self.high:.2f}, {self.pairs} pairs)"


def paired_effect(
    table: pd.DataFrame,
    column: str,
    model: str,
    other: str,
    by: str = "seed",
    level: float = 0.95,
) -> Effect:
    """How much larger a column is for one model than for another, in rows of the same seed.

    The interval is Student's, for the mean of differences that are independent over seeds.

    Args:
        table: rows with the columns ``model``, ``by`` and ``column``, each model once a ``by``.
        column: what is compared.
        model, other: the difference is the first less the second.
        by: what two rows have to share to be a pair.
        level: the interval's coverage.

    Raises:
        ValueError: if a model has two rows of one seed, or fewer than two pairs are there.

    Example:
        >>> import pandas as pd
        >>> rows = pd.DataFrame({"model": ["a", "b"] * 3, "seed": [0, 0, 1, 1, 2, 2]})
        >>> rows["rate"] = [2, 1, 4, 2, 6, 3.0]
        >>> effect = vhp.book.paired_effect(rows, "rate", "a", "b")
        >>> effect.mean, effect.pairs
        (2.0, 3)
    """
    values = {}
    for name in (model, other):
        part = table[table.model == name].set_index(by)[column]
        if part.index.has_duplicates:
            raise ValueError(f"{name!r} has more than one row of the same {by}")
        values[name] = part
    differences = (values[model] - values[other]).dropna()
    n = len(differences)
    if n < 2:
        raise ValueError(f"{n} pairs of {model!r} and {other!r}: an interval needs two")
    error = float(differences.std(ddof=1) / np.sqrt(n))
    return clustered_effect(float(differences.mean()), error, n, level)


def clustered_effect(mean: float, error: float, pairs: int, level: float = 0.95) -> Effect:
    """A mean difference with Student's interval, from its standard error.

    Args:
        mean: the mean of paired differences.
        error: its standard error, such as one that is clustered by recording.
        pairs: how many independent ones there are, such as recordings.
        level: the interval's coverage.

    Raises:
        ValueError: if there are fewer than two pairs.

    Example:
        >>> str(vhp.book.clustered_effect(15.6, 8.5, 6))
        '15.60 (-6.25 to 37.45, 6 pairs)'
    """
    if pairs < 2:
        raise ValueError(f"an interval needs two pairs, got {pairs}")
    half = float(student.ppf(0.5 + level / 2, pairs - 1)) * error
    return Effect(mean, mean - half, mean + half, pairs)
