"""Entries that were not observed: left out of the error and of log p(x), filled for the encoder."""

import warnings
from typing import Any

import torch
from torch import Tensor

from .grey import grey_levels
from .observations import Model, Rows, check_data
from .tables import columns_of

__all__ = ["entries_observed", "expect_missing", "take", "take_held_out"]

_ROWS_AT_ONCE = 1 << 10


@torch.no_grad()
def expect_missing(model: Model, x: Any) -> None:
    """Let NaN and masked entries of observations mean "not observed", for this model from now on.

    Where the entries of an observation are independent given z, those not observed integrate out of
    p(x|z): log p and C are sums over the observed ones. So is the constraint's E[C] ≤ κ²: κ² is
    what an observation with its usual number of observed entries may cost. The encoder sees each
    missing entry as the mean of its column over ``x`` (``model.fill``), as do files of the model.

    That the entries are missing is taken to say nothing about their values (missing at random).

    Args:
        model: a VAE.
        x: (n, ...) observations, as for :func:`check_data`.

    Raises:
        ValueError: as :func:`check_data`; or if the likelihood cannot leave entries out, or an
            entry is observed in no row.

    Example:
        >>> model = vhp.mlp_vae(2, 1, hidden=(4,), prior="normal")
        >>> vhp.doors.expect_missing(model, [[1.0, float("nan")], [3.0, 4.0]])
        >>> model.fill
        tensor([2., 4.])
    """
    data = check_data(model, x, missing=True)
    if not hasattr(model.likelihood, "missing"):
        raise ValueError(
            f"a {type(model.likelihood).__name__} cannot leave entries out: it has no attribute "
            "'missing'. Fill the missing entries of x"
        )
    total, count = _sums(data)
    if (count == 0).any():
        place = tuple((count == 0).nonzero()[0].tolist())
        raise ValueError(f"the entry at index {place} is observed in no row of x; leave it out")
    model.fill = (total / count).to(next(model.parameters()))
    model.likelihood.missing = True


def take(model: Model, x: Any, missing: str | None = None) -> Tensor | Rows:
    """What training begins with: :func:`check_data`, and what the model keeps of its data.

    These are the names of a table's columns and, with ``missing`` = "model", the values that stand
    in for missing entries.

    Raises:
        ValueError: as :func:`check_data` and :func:`expect_missing`, or if ``missing`` is neither
            None nor "model".

    Warns:
        UserWarning: if the data look like grey levels from 0 to 255 and count as numbers.
    """
    if missing not in (None, "model"):
        raise ValueError(f'missing must be None or "model", got {missing!r}')
    if missing and model.fill is None:
        expect_missing(model, x)
    data = check_data(model, x)
    model.columns = columns_of(x) or model.columns
    if told := grey_levels(data):
        warnings.warn(told, stacklevel=3)
    return data


def take_held_out(model: Model, x: Any) -> Tensor | Rows:
    """Held-out data for a run. Raises ValueError as :func:`check_data`, told of ``validation``."""
    try:
        return check_data(model, x)
    except ValueError as error:
        raise ValueError(f"validation cannot be used: {error}") from error


def entries_observed(model: Model, data: Tensor | Rows) -> float:
    """How many entries of an observation were observed, on average; D where none is missing."""
    if model.fill is None:
        return data.shape[1:].numel()
    return _sums(data)[1].sum().item() / len(data)


def _sums(data: Tensor | Rows) -> tuple[Tensor, Tensor]:
    """Sum and number of what was observed of each entry, in the shape of an observation."""
    total = count = torch.zeros(data.shape[1:], dtype=torch.float64, device=data.device)
    for start in range(0, len(data), _ROWS_AT_ONCE):
        part = data[start : start + _ROWS_AT_ONCE].double()
        total, count = total + part.nansum(0), count + part.isfinite().sum(0)
    return total, count
