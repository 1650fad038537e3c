"""The leading principal axes of data, by scikit-learn's PCA."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = ["principal_map", "sampled"]

_VALUES = 1 << 21  # of data that do not lie in memory as numbers, from which axes are found


def sampled(x: Any) -> Tensor:
    """Data on the CPU in double precision; of :class:`vhp_core.doors.Rows` evenly spaced ones."""
    if not isinstance(x, Tensor | np.ndarray | Sequence):
        x = x[:: 1 + x.shape.numel() // _VALUES]
    return torch.as_tensor(x).detach().cpu().double()


def principal_map(x: Any, dim: int) -> tuple[Tensor, Tensor]:
    """A and b of the map x -> A x + b onto the leading principal axes, whitened.

    The coordinates A x + b have mean 0 and covariance I over the data. They are what the encoder
    of a linear VAE with a standard-normal prior finds, up to rotation and scale (Tipping and
    Bishop, 1999; Lucas et al., 2019).

    Args:
        x: (n, ...) data, flattened beyond the first dimension. Of :class:`vhp_core.doors.Rows`
            evenly spaced ones are read, some two million numbers at most. A missing entry (NaN)
            counts as its column's mean.
        dim: d, at most n − 1 and the data's dimension D.

    Returns: A, (d, D), and b, (d,), in double precision. The sign of an axis is such that its
    entry of the largest size is positive.

    Raises:
        ValueError: if ``dim`` is out of its range, or the data do not vary along that many axes.

    Example:
        >>> x = torch.randn(100, 5)
        >>> A, b = principal_map(x, 2)
        >>> z = x.double() @ A.T + b
        >>> torch.allclose(z.T @ z / 100, torch.eye(2, dtype=torch.float64))
        True
    """
    from sklearn.decomposition import PCA  # here: the first import takes a second

    flat = sampled(x).flatten(1)
    if flat.isnan().any():
        flat = torch.where(flat.isnan(), flat.nanmean(0), flat)
    flat = flat.numpy()
    most = min(len(flat) - 1, flat.shape[1])
    if not 1 <= dim <= most:
        raise ValueError(
            f"dim must lie in 1 .. {most} for data of shape {tuple(x.shape)}, got {dim}"
        )
    found = PCA(dim, random_state=0).fit(flat)  # few axes of wide data: the randomised algorithm
    variance = found.explained_variance_ * (len(flat) - 1) / len(flat)
    if variance[-1] <= 1e-12 * variance[0]:
        raise ValueError(f"the data vary along fewer than {dim} axes; take a smaller d_z")
    A = torch.as_tensor(found.components_ / np.sqrt(variance)[:, None])
    return A, -A @ torch.as_tensor(found.mean_)
