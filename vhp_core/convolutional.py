"""Convolutional networks for square images, a pair beside the fully connected ones."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from .networks import MLP, DiagonalNormal

__all__ = ["ConvDecoder", "GaussianConv"]


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
