"""A second estimate of log p(x), which the encoder has no part in, to check the first by."""

from itertools import pairwise

import torch
from torch import Tensor

from ..engine.distributions import log_mean_exp
from ..engine.seeding import seeded
from ..vae import VAE

__all__ = ["annealed_log_likelihood"]

_ACCEPTED = 0.65  # the share of proposals that step sizes aim at
_FIRST_STEP, _CHANGE = 0.1, 1.02


def annealed_log_likelihood(
    model: VAE,
    x: Tensor,
    chains: int = 32,
    temperatures: int = 500,
    leapfrogs: int = 5,
    seed: int = 0,
) -> Tensor:
    """Annealed importance sampling from the prior to the posterior, in nats.

    The densities p(z) p(x|z)^β, with β from 0 to 1, have the normalisers 1 and p(x) at their ends.
    A chain starts as a draw of the prior; for each next β its weight takes in the ratio of the two
    densities where it is, and it makes one step of Hamiltonian Monte Carlo at that β. The mean
    weight is an unbiased estimate of p(x), so the mean of its logarithm is a lower bound, which
    rises with the number of chains and of temperatures. Step sizes, one an observation, follow the
    share of proposals that were accepted before.

    Args:
        model: with a prior whose log-density is exact and can be sampled: N(0, I) or VampPrior.
        x: (n, ...) observations, few.
        chains: for each observation.
        temperatures: how often β moves.
        leapfrogs: of each step.
        seed: of all draws.

    Returns: (n,).

    Raises:
        ValueError: if the prior's log-density is a bound alone, as the hierarchical one's.

    References:
        | Annealed Importance Sampling (Neal, 2001), Statistics and Computing 11
        | On the Quantitative Analysis of Decoder-Based Generative Models
        | (Wu, Burda, Salakhutdinov, Grosse, 2017)

    Example:
        >>> import torch
        >>> model = vhp.mlp_vae(5, 2, hidden=(8,), prior="normal")
        >>> x, few = torch.zeros(3, 5), {"chains": 4, "temperatures": 10}
        >>> vhp.book.annealed_log_likelihood(model, x, **few).shape
        torch.Size([3])
    """
    if hasattr(model.prior, "conditional"):
        raise ValueError("the hierarchical prior's log-density is a bound; no chain can follow it")

    def ways(z: Tensor, beta: float) -> tuple[Tensor, Tensor, Tensor]:
        """log p(x|z), log of the annealed density, and its gradient."""
        z = z.detach().requires_grad_()
        log_p = model.likelihood.log_prob(x, model.decoder(z))  # (chains, n)
        density = model.prior.log_prob(z) + beta * log_p
        return log_p.detach(), density.detach(), torch.autograd.grad(density.sum(), z)[0]

    # β moves slowly at both ends, where the densities change most.
    ramp = torch.linspace(-4, 4, temperatures + 1, dtype=torch.double).sigmoid()
    betas = ((ramp - ramp[0]) / (ramp[-1] - ramp[0])).tolist()
    with seeded(seed):
        z = model.prior.sample(chains * len(x)).detach().unflatten(0, (chains, len(x)))
        size = torch.full((len(x), 1), _FIRST_STEP, dtype=z.dtype)
        weight = torch.zeros(chains, len(x), dtype=torch.double)
        for before, beta in pairwise(betas):
            log_p, density, slope = ways(z, beta)
            weight += (beta - before) * log_p
            start = momentum = torch.randn_like(z)
            there = z
            for _ in range(leapfrogs):
                momentum = momentum + size / 2 * slope
                there = there + size * momentum
                _, arrived, slope = ways(there, beta)
                momentum = momentum + size / 2 * slope
            kinetic = (momentum.square() - start.square()).sum(-1) / 2
            taken = torch.rand(density.shape) < (arrived - density - kinetic).exp()
            z = torch.where(taken[..., None], there, z)
            share = taken.to(z.dtype).mean(0)
            size *= torch.where(share > _ACCEPTED, _CHANGE, 1 / _CHANGE)[:, None]
        return log_mean_exp(weight).to(z.dtype)
