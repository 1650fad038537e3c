"""Where the codes of a run begin: on the principal axes of the data, as the linear VAE's do."""

import math
from typing import Any

import torch

from .doors.missing import take
from .engine.axes import principal_map, sampled
from .evaluation import error_of_mean
from .networks import GaussianAroundLinear
from .vae import VAE

__all__ = ["linear_kappa", "linear_start", "principal_map"]

_LEAST_SHARE = 0.01  # of the error of the data's mean, which the rule for κ tolerates


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
        >>> x = vhp.data.pendulum(200).x
        >>> model = vhp.mlp_vae(256, 2, hidden=(16,), num_importance_samples=2)
        >>> vhp.linear_start(model, x)
        >>> history = vhp.fit(model, x, vhp.Rewo(kappa=2.0), steps=200, progress=False)
    """
    encoder = _around_linear(model)
    A, b = principal_map(take(model, x, missing), len(encoder.linear))
    encoder.set_affine(A, b, scale)


@torch.no_grad()
def linear_kappa(model: VAE, x: Any, missing: str | None = None) -> float:
    r"""κ to begin with: it tolerates what the linear VAE with as many latent dimensions leaves.

    At its optimum, probabilistic PCA (Tipping and Bishop, 1999), that is

    .. math::

        κ^2 = D σ^2, \qquad σ^2 = \frac{1}{D - m} \sum_{j > m} v_j, \qquad m = \min(d_z, D - 1),

    :math:`v_j` the variances along the principal axes. Networks reach less where the data are
    curved, and so can κ: look at multiples of this one by held-out data. For a Bernoulli
    likelihood, whose error is no variance, κ² is the same share of the error that the data's mean
    leaves; and in either case at least a hundredth of that error.

    Args:
        model: a VAE whose encoder has a linear map, as for :func:`linear_start`.
        x: (n, ...) data, as for :func:`vhp_core.fit`, in the unit in which κ is to be.
        missing: as for :func:`vhp_core.fit`.

    Raises:
        ValueError: as :func:`linear_start`, or if the likelihood is neither Gaussian nor Bernoulli.

    Example:
        >>> import torch
        >>> x = torch.randn(1000, 5) * torch.tensor([3.0, 2.0, 0.1, 0.1, 0.1])
        >>> model = vhp.mlp_vae(5, 2, hidden=(8,))
        >>> 0.2 < vhp.linear_kappa(model, x) < 0.5  # √5 · 0.1, or a bit more
        True
    """
    encoder, some = _around_linear(model), sampled(take(model, x, missing))
    error = error_of_mean(model, some.to(next(model.parameters())))
    if math.isnan(error):
        raise ValueError(f"there is no rule for a {type(model.likelihood).__name__}; choose kappa")
    filled = torch.where(some.isnan(), some.nanmean(0), some).flatten(1)
    D = filled.shape[1]
    m = min(len(encoder.linear), D - 1)
    v = 1 / principal_map(filled, m)[0].square().sum(1)  # along the axes, which are whitened
    share = D / (D - m) * (1 - v.sum() / filled.var(0, correction=0).sum())
    return math.sqrt(max(share.item(), _LEAST_SHARE) * error)


def _around_linear(model: VAE) -> GaussianAroundLinear:
    encoder = model.encoder
    if not isinstance(encoder, GaussianAroundLinear):
        raise ValueError(
            "the encoder must be a GaussianMLP or GaussianConv, which have a linear map, got a "
            f"{type(encoder).__name__}. If the model is wrapped, give the one inside"
        )
    return encoder
