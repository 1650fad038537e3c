"""Tables as a page shows them: a model's mean over seeds, and rows of words."""

from collections.abc import Mapping

import pandas as pd

__all__ = ["WordTable", "over_seeds", "worded"]


class WordTable:
    """A table that a notebook shows as HTML; ``frame`` holds it."""

    def __init__(self, frame: pd.DataFrame):
        self.frame = frame

    def __repr__(self) -> str:
        return self.frame.to_string(index=False)

    def _repr_html_(self) -> str:
        return self.frame.to_html(index=False, border=0, classes="words")


def over_seeds(
    table: pd.DataFrame, columns: Mapping[str, tuple[str, int]], by: str = "model"
) -> pd.DataFrame:
    """Mean ± standard deviation over the rows of each model, as text.

    Args:
        table: a row a model and seed.
        columns: column -> (its heading, decimals).
        by: the column that names the models. They keep the table's order.

    Returns:
        A row a model, a column a heading; "–" where a value is missing.

    Example:
        >>> import pandas as pd
        >>> rows = pd.DataFrame({"model": ["a", "a"], "rate": [1.0, 2.0]})
        >>> vhp.book.over_seeds(rows, {"rate": ("rate [nats]", 2)}).loc["a", "rate [nats]"]
        '1.50 ± 0.71'
    """
    rows: dict[str, dict[str, str]] = {}
    for name, of_model in table.groupby(by, sort=False):
        rows[str(name)] = {}
        for column, (heading, digits) in columns.items():
            v = of_model[column]
            text = f"{v.mean():.{digits}f} ± {v.std():.{digits}f}"
            rows[str(name)][heading] = "–" if v.isna().any() else text
    return pd.DataFrame.from_dict(rows, orient="index")


def worded(rows: object) -> WordTable:
    """A table of words, which wrap on a narrow page, from anything that makes a data frame.

    Example:
        >>> print(vhp.book.worded([{"claim": "rate", "verdict": "holds"}]))
        claim verdict
         rate   holds
    """
    return WordTable(pd.DataFrame(rows))  # type: ignore[call-overload]
