"""Paired differences over seeds, with their confidence intervals."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Effect", "clustered_effect", "mean_effect", "paired_effect", "row_effect"]


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
    return mean_effect(differences, level)


def row_effect(table: pd.DataFrame, model: str, other: str, level: float = 0.95) -> Effect:
    """How much larger one model's values are than another's, over rows such as pictures.

    A row's difference is the mean over those seeds of which both models have a column.

    Args:
        table: a row a picture, a column a run, named by its model and its seed: "VAE 0".
        model, other: the difference is the first less the second.
        level: the interval's coverage.

    Raises:
        ValueError: if the models have no seed in common, or there are fewer than two rows.

    Example:
        >>> import pandas as pd
        >>> table = pd.DataFrame({"a 0": [3.0, 5.0], "a 1": [5.0, 7.0]})
        >>> effect = vhp.book.row_effect(table.assign(**{"b 0": 1.0, "b 1": 3.0}), "a", "b")
        >>> effect.mean, effect.pairs
        (3.0, 2)
    """
    seeds = [
        seed
        for name, _, seed in (column.rpartition(" ") for column in table.columns)
        if name == model and f"{other} {seed}" in table
    ]
    if not seeds:
        raise ValueError(f"{model!r} and {other!r} have no seed in common")
    of_seeds = [table[f"{model} {seed}"] - table[f"{other} {seed}"] for seed in seeds]
    return mean_effect(sum(of_seeds) / len(of_seeds), level)


def mean_effect(values: "ArrayLike", level: float = 0.95) -> Effect:
    """A mean with Student's interval, of independent values such as differences.

    Args:
        values: (n,) values.
        level: the interval's coverage.

    Raises:
        ValueError: if there are fewer than two values.

    Example:
        >>> str(vhp.book.mean_effect([1.0, 2.0, 3.0]))
        '2.00 (-0.48 to 4.48, 3 pairs)'
    """
    values = np.asarray(values, dtype=float)
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return clustered_effect(float(values.mean()), float(error), len(values), level)


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
