"""Where the codes of a run begin: on the principal axes of the data, as the linear VAE's do."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from .doors.missing import take
from .doors.observations import Rows
from .networks import GaussianAroundLinear
from .vae import VAE

__all__ = ["linear_start", "principal_map"]


_VALUES = 1 << 21  # of data that do not lie in memory as numbers, from which axes are found


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

    if isinstance(x, Rows):
        x = x[:: 1 + x.shape.numel() // _VALUES]
    flat = torch.as_tensor(x).detach().cpu().double().flatten(1)
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


def linear_start(model: VAE, x: Any, scale: float = 0.3, missing: str | None = None) -> None:
    """Put the encoder around the data's principal axes, in place: the encoder of the linear VAE.

    Its mean becomes A x + b + h(x), A and b the whitened leading principal axes
    (``vhp_core.starting.principal_map``) and h zero at first, its scale ``scale`` for every x. From
    there :func:`vhp_core.fit` and :func:`vhp_core.fit_iwae` train all of it. So all runs begin with
    one arrangement of the codes, in the place of one that chance and the first few steps arrange;
    it has no crossings that the data's leading plane does not have. The decoder stays as it is.

    Args:
        model: a VAE of :func:`mlp_vae` or :func:`conv_vae`, untrained.
        x: (n, ...) data, as for :func:`vhp_core.fit`.
        scale: of q(z|x), in the unit of the whitened coordinates.
        missing: as for :func:`vhp_core.fit`.

    Raises:
        ValueError: if the data cannot be used, or vary along fewer than d_z axes, ``scale`` is not
            above 0, or the encoder has no linear map beside its network.

    Example:
        >>> from vhp_core import Rewo, fit, mlp_vae
        >>> from vhp_core.data import pendulum
        >>> x, model = pendulum(200).x, mlp_vae(256, 2, hidden=(16,), num_importance_samples=2)
        >>> linear_start(model, x)
        >>> history = fit(model, x, Rewo(kappa=6.0), steps=200, progress=False)
    """
    encoder = model.encoder
    if not isinstance(encoder, GaussianAroundLinear):
        raise ValueError(
            "the encoder must be a GaussianMLP or GaussianConv, which have a linear map to start "
            f"from; got a {type(encoder).__name__}. Start the model inside, if it is wrapped"
        )
    A, b = principal_map(take(model, x, missing), len(encoder.linear))
    encoder.set_affine(A, b, scale)
