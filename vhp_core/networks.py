"""Networks that return distributions: fully connected, and convolutional for square images."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal
from torch.nn.functional import softplus

from .engine.seeding import standard_normal

__all__ = ["MLP", "ConvDecoder", "DiagonalNormal", "GaussianConv", "GaussianMLP"]


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


class GaussianConv(nn.Module):
    """Diagonal Gaussian over the latent variable, given a grey image.

    Each convolution halves the image's side (kernel 4, stride 2, padding 1) and is followed by a
    ReLU; one fully connected hidden layer and the outputs for mean and scale come last. The scale
    is that of :class:`vhp_core.GaussianMLP`.

    Args:
        image_size: S, the image's side in pixels; divisible by 2 for each entry of ``channels``.
        out_dim: size of the distribution's event.
        channels: of the convolutions, the image's side first.
        hidden: width of the fully connected layer.
        min_scale: lower limit of the standard deviation.

    Raises:
        ValueError: if the image cannot be halved that often.

    Example:
        >>> q = GaussianConv(16, 2, channels=(4, 8))(torch.zeros(3, 1, 16, 16))
        >>> q.batch_shape, q.event_shape
        (torch.Size([3]), torch.Size([2]))
    """

    def __init__(
        self,
        image_size: int,
        out_dim: int,
        channels: Sequence[int] = (8, 16, 32, 32),
        hidden: int = 256,
        min_scale: float = 1e-4,
    ):
        super().__init__()
        side = _smallest_side(image_size, channels)
        layers: list[nn.Module] = []
        for before, after in zip((1, *channels), channels, strict=False):
            layers += [nn.Conv2d(before, after, 4, 2, 1), nn.ReLU(inplace=True)]
        self.net = nn.Sequential(
            *layers, nn.Flatten(), MLP(channels[-1] * side**2, 2 * out_dim, (hidden,))
        )
        self.min_scale = min_scale

    def forward(self, x: Tensor) -> DiagonalNormal:
        """(B, 1, S, S) -> batch shape (B,)."""
        x = x.contiguous(memory_format=torch.channels_last)  # faster on processors
        loc, raw = self.net(x).chunk(2, dim=-1)  # (B, out_dim) each
        return DiagonalNormal(loc, softplus(raw) + self.min_scale)


class ConvDecoder(nn.Sequential):
    """From a latent variable to an image: the layers of :class:`GaussianConv` backwards.

    The output is linear: a mean for a Gaussian likelihood, logits for a Bernoulli one.

    Args:
        in_dim: size of the last dimension of the input.
        image_size, channels, hidden: as for :class:`GaussianConv`.

    Raises:
        ValueError: as :class:`GaussianConv`.

    Example:
        >>> ConvDecoder(2, 16, channels=(4, 8))(torch.zeros(5, 3, 2)).shape
        torch.Size([5, 3, 1, 16, 16])
    """

    def __init__(
        self,
        in_dim: int,
        image_size: int,
        channels: Sequence[int] = (8, 16, 32, 32),
        hidden: int = 256,
    ):
        side = _smallest_side(image_size, channels)
        shape = (channels[-1], side, side)
        layers: list[nn.Module] = [
            *MLP(in_dim, math.prod(shape), (hidden,)),
            nn.ReLU(inplace=True),
            nn.Unflatten(-1, shape),
        ]
        down = channels[::-1]
        for before, after in zip(down, (*down[1:], 1), strict=True):
            layers += [nn.ConvTranspose2d(before, after, 4, 2, 1), nn.ReLU(inplace=True)]
        super().__init__(*layers[:-1])

    def forward(self, z: Tensor) -> Tensor:
        """(..., in_dim) -> (..., 1, S, S)."""
        images = super().forward(z.reshape(-1, z.shape[-1]))
        return images.view(*z.shape[:-1], *images.shape[1:])


def _smallest_side(image_size: int, channels: Sequence[int]) -> int:
    factor = 2 ** len(channels)
    if image_size < factor or image_size % factor or not channels:
        raise ValueError(
            f"image_size must be a multiple of 2 for each of the {len(channels)} convolutions, "
            f"of which there is at least one; got {image_size}. Take fewer channels or another size"
        )
    return image_size // factor
