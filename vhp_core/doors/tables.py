"""Tables with named columns: as numbers, and as what comes out of a model."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

__all__ = ["as_frame", "columns_of", "is_frame", "values_of"]


def is_frame(x: Any) -> bool:
    """Whether ``x`` is a pandas DataFrame; pandas is not loaded to find out."""
    return hasattr(x, "iloc") and hasattr(x, "columns")


def columns_of(x: Any) -> tuple[str, ...] | None:
    """The names of a frame's columns; None for anything else.

    Example:
        >>> import pandas as pd
        >>> columns_of(pd.DataFrame({"age": [1], "height": [2.0]})), columns_of([[1, 2.0]])
        (('age', 'height'), None)
    """
    return tuple(map(str, x.columns)) if is_frame(x) else None


def values_of(x: "pd.DataFrame") -> np.ndarray:
    """A frame's numbers, (n, D) in double precision, NaN where it has none.

    Raises:
        ValueError: if columns are not of real numbers; they are named.
    """
    from pandas.api import types

    bad = [
        f"{name!r} ({kind})"
        for name, kind in zip(x.columns, x.dtypes, strict=True)
        if not types.is_numeric_dtype(kind) or types.is_complex_dtype(kind)
    ]
    if bad:
        raise ValueError(
            f"x has columns that are not of real numbers: {', '.join(bad)}; leave them out, or "
            "code the table by vhp_core.doors.MixedTable"
        )
    return x.to_numpy(dtype=np.float64, na_value=np.nan)


def as_frame(values: "Tensor | np.ndarray", like: "pd.DataFrame") -> "pd.DataFrame":
    """Numbers that a model gave, as a table like the one it was fitted on.

    Args:
        values: (m, D) such as samples or decoded means, or (n,) such as log-likelihoods.
        like: the table. Its columns are those of (m, D); its index is that of as many rows.

    Raises:
        ValueError: if ``values`` fit neither.

    Example:
        >>> import numpy as np
        >>> import pandas as pd
        >>> table = pd.DataFrame({"age": [1.0, 2.0], "height": [3.0, 4.0]}, index=["a", "b"])
        >>> vhp.doors.as_frame(np.zeros((3, 2)), table).columns.tolist()
        ['age', 'height']
        >>> vhp.doors.as_frame(np.zeros(2), table).index.tolist()
        ['a', 'b']
    """
    import pandas as pd

    found = values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
    index = like.index if len(found) == len(like) else None
    columns = like.columns if found.ndim == 2 else None
    if found.ndim not in (1, 2) or (found.ndim == 1 and index is None):
        raise ValueError(
            f"values must have shape (m, {like.shape[1]}) or ({len(like)},), got {found.shape}"
        )
    return pd.DataFrame(found, index, columns)
