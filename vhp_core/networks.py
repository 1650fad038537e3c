"""Networks that return distributions."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal
from torch.nn.functional import softplus

from .seeding import standard_normal

__all__ = ["MLP", "DiagonalNormal", "GaussianMLP"]


class DiagonalNormal(Independent):
    """N(loc, diag(scale²)) over the last dimension, reparametrised.

    It is ``Independent(Normal(loc, scale), 1)`` with the same attributes, whose densities take
    fewer passes over memory. Arguments are not validated: a check would cost as much as the
    density itself.

    Args:
        loc: mean, (..., d): batch shape (...) and event shape (d,).
        scale: standard deviation, (..., d), above 0.

    Example:
        >>> q = DiagonalNormal(torch.zeros(3, 2), torch.ones(3, 2))
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


class MLP(nn.Sequential):
    """Fully connected network with ReLU between its layers.

    Args:
        in_dim: size of the last dimension of the input.
        out_dim: size of the last dimension of the output.
        hidden: widths of the hidden layers; () gives an affine map.

    Example:
        >>> MLP(3, 2, hidden=(8,))(torch.zeros(5, 3)).shape
        torch.Size([5, 2])
    """

    def __init__(self, in_dim: int, out_dim: int, hidden: Sequence[int] = (256, 256)):
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(in_dim, width), nn.ReLU(inplace=True)]
            in_dim = width
        super().__init__(*layers, nn.Linear(in_dim, out_dim))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_dim) -> (..., out_dim)."""
        rows = x.reshape(-1, x.shape[-1])  # a ReLU in place needs the product itself, no view
        return super().forward(rows).view(*x.shape[:-1], -1)


class GaussianMLP(nn.Module):
    """Diagonal Gaussian whose mean and scale are outputs of one MLP.

    The scale is softplus(s) + ``min_scale`` of the raw output s, so it is positive and
    its gradient does not vanish where the scale is large.

    Args:
        in_dim: size of the conditioning variable.
        out_dim: size of the distribution's event.
        hidden: widths of the hidden layers.
        min_scale: lower limit of the standard deviation.

    Example:
        >>> import torch
        >>> q = GaussianMLP(50, 2)(torch.zeros(128, 50))
        >>> q.batch_shape, q.event_shape
        (torch.Size([128]), torch.Size([2]))
    """

    def __init__(
        self,
        in_dim: int,
        out_dim: int,
        hidden: Sequence[int] = (256, 256),
        min_scale: float = 1e-4,
    ):
        super().__init__()
        self.net = MLP(in_dim, 2 * out_dim, hidden)
        self.min_scale = min_scale

    def forward(self, x: Tensor) -> DiagonalNormal:
        loc, raw = self.net(x).chunk(2, dim=-1)  # (..., out_dim) each
        return DiagonalNormal(loc, softplus(raw) + self.min_scale)
