"""The Gaussian that networks return, and what the objectives do with draws of it."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from .seeding import generator, standard_normal

__all__ = ["DiagonalNormal"]


class DiagonalNormal(Independent):
    """N(loc, diag(scale²)) over the last dimension, reparametrised.

    It is ``Independent(Normal(loc, scale), 1)`` with the same attributes, whose densities take
    fewer passes over memory. Arguments are not validated: a check would cost as much as the
    density itself.

    Args:
        loc: mean, (..., d): batch shape (...) and event shape (d,).
        scale: standard deviation, (..., d), above 0.

    Example:
        >>> import torch
        >>> q = vhp.DiagonalNormal(torch.zeros(3, 2), torch.ones(3, 2))
        >>> q.log_prob(torch.zeros(3, 2))  # −log 2π each
        tensor([-1.8379, -1.8379, -1.8379])
    """

    def __init__(self, loc: Tensor, scale: Tensor):
        super().__init__(Normal(loc, scale, validate_args=False), 1, validate_args=False)
        self.loc, self.scale = self.base_dist.loc, self.base_dist.scale

    def log_prob(self, value: Tensor) -> Tensor:
        """log N(value; loc, diag(scale²)) in nats, (..., d) -> (...,)."""
        t = (value - self.loc) / self.scale
        return self._log_normaliser - torch.addcmul(self.scale.log(), t, t, value=0.5).sum(-1)

    def rsample_and_log_prob(self, sample_shape: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
        """Draws z = loc + scale·ε, ``(*sample_shape, ..., d)``, and their log-densities.

        In terms of ε the density is −½‖ε‖² − Σ log scale − ½ d log 2π: nothing has to be
        subtracted and divided again.
        """
        noise = standard_normal((*sample_shape, *self.loc.shape), like=self.loc)
        log_prob = (self._log_normaliser - 0.5 * noise.square().sum(-1)) - self.scale.log().sum(-1)
        return torch.addcmul(self.loc, self.scale, noise), log_prob

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws z ~ N(loc, diag(scale²)), ``(*sample_shape, ..., d)``, without gradients."""
        shape = self._extended_shape(torch.Size(sample_shape))
        noise = generator(self.loc.device)
        return torch.normal(self.loc.expand(shape), self.scale.expand(shape), generator=noise)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws z = loc + scale·ε, ``(*sample_shape, ..., d)``, through which gradients flow."""
        zeros = self.loc.new_zeros(self._extended_shape(torch.Size(sample_shape)))
        noise = torch.normal(zeros, torch.ones_like(zeros), generator=generator(self.loc.device))
        return self.loc + noise * self.scale

    def expand(self, batch_shape: Sequence[int], _instance: None = None) -> "DiagonalNormal":
        shape = (*batch_shape, *self.event_shape)
        return DiagonalNormal(self.loc.expand(shape), self.scale.expand(shape))

    @property
    def _log_normaliser(self) -> float:
        return -0.5 * self.loc.shape[-1] * math.log(2 * math.pi)


def draw(q: Distribution, sample_shape: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
    """z ~ q, (*sample_shape, B, d), by reparametrisation, and log q(z), (*sample_shape, B)."""
    if isinstance(q, DiagonalNormal):
        return q.rsample_and_log_prob(sample_shape)
    z = q.rsample(torch.Size(sample_shape))
    return z, q.log_prob(z)


def log_mean_exp(log_w: Tensor) -> Tensor:
    """log 1/K Σ_k exp(log_w_k) over the first dimension, (K, ...) -> (...,)."""
    if len(log_w) == 1:
        return log_w[0]
    return torch.logsumexp(log_w, dim=0) - math.log(len(log_w))
