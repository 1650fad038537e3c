"""What is measured on a fitted model and on paths through its latent space (method, section 7)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from .doors.observations import check_data
from .engine import units
from .engine.arguments import whole
from .engine.distributions import draw, log_mean_exp
from .engine.paths import distance_to_data, roughness
from .engine.seeding import stream
from .likelihoods import BernoulliLikelihood, GaussianLikelihood, GaussianPerColumnLikelihood
from .priors import HierarchicalPrior
from .topology import ring_score
from .vae import VAE

__all__ = [
    "check_data", "dead_units", "distance_to_data", "error_of_mean", "log_likelihood",
    "mean_entries", "rate", "reconstruction_error", "ring_score", "roughness", "smoothness",
    "zeta_share",
]  # fmt: skip

smoothness = roughness  # as it was called first

_ROWS_AT_ONCE = 1 << 13  # observations times samples that pass through a network together
_VALUES_AT_ONCE = 1 << 21  # of these rows, where observations are large

_mean = partial(torch.mean, dim=0)  # over the draws


def reconstruction_error(model: VAE, x: Any, num_samples: int = 1, seed: int = 0) -> Tensor:
    """E_q[C_θ(x, z)] for each observation, estimated with ``num_samples`` draws of z.

    Args:
        model: a VAE.
        x: (n, ...) observations, as for :func:`check_data`.
        num_samples: draws of z ~ q(z|x) for each observation.
        seed: of the draws.

    Returns: (n,), in the unit of C.

    Raises:
        ValueError: as :func:`check_data`.

    Example:
        >>> import torch
        >>> model = vhp.mlp_vae(5, 2, hidden=(8,))
        >>> vhp.evaluation.reconstruction_error(model, torch.zeros(3, 5), num_samples=4).shape
        torch.Size([3])
    """

    def error(part: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
        return model.likelihood.error(part, model.decoder(z))

    return _over_posterior(model, x, num_samples, seed, error, _mean)


def error_of_mean(model: VAE, x: Tensor) -> float:
    """The error of a decoder that knows nothing of z: it draws the mean of the data.

    For a Gaussian likelihood that is the data's total variance.

    Args:
        model: a VAE with a Gaussian or Bernoulli likelihood; for another it is NaN.
        x: (n, ...) observations, of the model's type and on its device.

    Returns: the mean of C, in its own unit.

    Example:
        >>> import torch
        >>> model = vhp.mlp_vae(2, 1, hidden=(8,))
        >>> vhp.evaluation.error_of_mean(model, torch.tensor([[1.0, 0.0], [3.0, 4.0]]))
        5.0
    """
    mean = x.nanmean(0) if x.isnan().any() else x.mean(0)
    if isinstance(model.likelihood, BernoulliLikelihood):
        mean = mean.clamp(1e-6, 1 - 1e-6).logit()
    elif not isinstance(model.likelihood, GaussianLikelihood | GaussianPerColumnLikelihood):
        return float("nan")  # of another likelihood nobody knows what the decoder would give
    return model.likelihood.error(x, mean.expand_as(x)).mean().item()


def mean_entries(model: VAE, x: Any, seed: int = 0) -> Tensor:
    """What each entry adds to C, its mean over the observations where it is not missing.

    Args:
        model, x, seed: as for :func:`reconstruction_error`, one draw of z each. The likelihood has
            ``entries``, as every :class:`vhp_core.Entrywise`.

    Returns: of the shape of an observation, in double precision.

    Raises:
        ValueError: as :func:`check_data`.

    Example:
        >>> import torch
        >>> vhp.evaluation.mean_entries(vhp.mlp_vae(5, 2, hidden=(8,)), torch.zeros(3, 5)).shape
        torch.Size([5])
    """
    data = check_data(model, x)
    likelihood: Any = model.likelihood
    total = torch.zeros(data.shape[1:], dtype=torch.float64, device=next(model.parameters()).device)
    count = torch.zeros_like(total)

    def entries(part: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
        seen = ~part.isnan()
        found = likelihood.entries(torch.where(seen, part, 0.0), model.decoder(z))
        total.add_(torch.where(seen, found, 0.0).double().sum((0, 1)))
        count.add_(seen.sum(0))
        return log_q

    _over_posterior(model, data, 1, seed, entries, _mean)
    return total / count


def rate(
    model: VAE, x: Any, num_samples: int = 1, prior_samples: int = 64, seed: int = 0
) -> Tensor:
    """E_q[log q_φ(z|x) − F(Θ, Φ; z)] for each observation, in nats.

    Args:
        model, x, num_samples, seed: as for :func:`reconstruction_error`.
        prior_samples: K of the hierarchical prior's bound F; other priors do not use it.

    Returns: (n,).

    Raises:
        ValueError: as :func:`check_data`.

    Example:
        >>> import torch
        >>> model = vhp.mlp_vae(5, 2, hidden=(8,))
        >>> vhp.evaluation.rate(model, torch.zeros(3, 5), prior_samples=8).shape
        torch.Size([3])
    """

    def log_ratio(part: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
        return log_q - model.prior.log_prob(z, prior_samples)

    return _over_posterior(model, x, num_samples, seed, log_ratio, _mean)


@torch.no_grad()
def zeta_share(prior: HierarchicalPrior, num_samples: int = 10_000, seed: int = 0) -> float:
    r"""The share of z's variance under p(z) that ζ carries, in [0, 1].

    .. math::

        \sum_d \mathrm{Var}[E(z_d|ζ)] \,/\, \sum_d \mathrm{Var}[z_d], \qquad
        \mathrm{Var}[z_d] = \mathrm{Var}[E(z_d|ζ)] + E[\mathrm{Var}(z_d|ζ)].

    Near 0 the prior does not use ζ, and is one Gaussian; 1 − s² where it begins.

    Args:
        prior: a hierarchical prior.
        num_samples: draws of ζ.
        seed: of the draws.

    Example:
        >>> prior = vhp.HierarchicalPrior(2, hidden=(8,))  # before training
        >>> round(vhp.evaluation.zeta_share(prior), 2)
        0.91
    """
    with stream(seed, module=prior, device=next(prior.parameters()).device):
        p = prior.conditional(prior.zeta.sample(num_samples))
    carried, rest = p.mean.var(0, correction=0).sum(), p.variance.mean(0).sum()
    return (carried / (carried + rest)).item()


@torch.no_grad()
def dead_units(model: VAE, x: Any, seed: int = 0) -> dict[str, tuple[int, int]]:
    """Layer -> how many of its ReLU units are 0 on all data, and how many it has.

    Such a unit has no gradient and learns no more. Layers are named as in
    ``model.named_modules()``; only those of ``torch.nn.ReLU`` are in the table, since other
    activations have units that cannot die.

    Args:
        model: a VAE.
        x: (n, ...) data, all of which pass at once.
        seed: of the draws of z and ζ that decoder and prior see.

    Raises:
        ValueError: as :func:`check_data`.

    Example:
        >>> import torch
        >>> model = vhp.mlp_vae(5, 2, hidden=(8,), prior="normal", activation="relu")
        >>> sorted(vhp.evaluation.dead_units(model, torch.randn(100, 5)))
        ['decoder.1', 'encoder.net.1']
    """
    x = check_data(model, x)[:].to(next(model.parameters()))
    with stream(seed, module=model, device=x.device):
        return units.dead_units(model, lambda: model(x))


def log_likelihood(
    model: VAE,
    x: Any,
    num_samples: int = 5000,
    prior_samples: int = 64,
    seed: int = 0,
) -> Tensor:
    """Importance-weighted estimate of log p(x) for each observation, in nats.

    log 1/S Σ_s p(x|z_s) p(z_s) / q(z_s|x) with z_s ~ q(z|x), and the prior's own bound in the
    place of log p(z). In expectation the estimate is a lower bound.

    Args:
        model, x, seed: as for :func:`reconstruction_error`. A Gaussian likelihood's σ is the
            one stored with the fitted model.
        num_samples: S.
        prior_samples: K of the hierarchical prior's bound; other priors do not use it.

    Returns: (n,).

    Raises:
        ValueError: as :func:`check_data`.

    Example:
        >>> import torch
        >>> model = vhp.mlp_vae(5, 2, hidden=(8,))
        >>> x, few = torch.zeros(3, 5), {"num_samples": 50, "prior_samples": 8}
        >>> vhp.evaluation.log_likelihood(model, x, **few).shape
        torch.Size([3])
    """

    def log_weight(part: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
        log_p = model.likelihood.log_prob(part, model.decoder(z))
        return log_p + model.prior.log_prob(z, prior_samples) - log_q

    return _over_posterior(model, x, num_samples, seed, log_weight, log_mean_exp)


@torch.no_grad()
def _over_posterior(
    model: VAE,
    x: Any,
    num_samples: int,
    seed: int,
    function: Callable[[Tensor, Tensor, Tensor], Tensor],
    reduce: Callable[[Tensor], Tensor],
) -> Tensor:
    """``function(x, z, log q(z|x))`` at draws z ~ q(z|x), reduced over the draws: (n,) on the CPU.

    No more than a bounded number of rows is worked on at once, and what is kept of them is (n,).
    """
    x = check_data(model, x)
    num_samples = whole("num_samples", num_samples)
    first = next(model.parameters())
    at_once = max(1, min(_ROWS_AT_ONCE, _VALUES_AT_ONCE // x.shape[1:].numel()))
    rows = max(1, at_once // num_samples)
    draws = min(num_samples, at_once)
    found = torch.empty(len(x), dtype=first.dtype)
    with stream(seed, module=model, device=first.device):
        for start in range(0, len(x), rows):
            part = x[start : start + rows].to(first.device, first.dtype)
            q = model.encode(part)
            values = [
                function(part, *draw(q, (min(draws, num_samples - s),)))
                for s in range(0, num_samples, draws)
            ]
            found[start : start + rows] = reduce(torch.cat(values))
    return found
