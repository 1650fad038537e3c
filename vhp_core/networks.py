"""Networks that return distributions: fully connected, and convolutional for images."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from .engine.distributions import DiagonalNormal
from .engine.images import full_shape, halved_sizes
from .engine.units import activation_layer

__all__ = ["MLP", "ConvDecoder", "GaussianAroundLinear", "GaussianConv", "GaussianMLP"]


class MLP(nn.Sequential):
    """Fully connected network with an activation between its layers.

    Args:
        in_dim: size of the last dimension of the input.
        out_dim: size of the last dimension of the output.
        hidden: widths of the hidden layers; () gives an affine map.
        activation: "leaky_relu" (slope 0.1 below 0), "relu" or "silu".

    Raises:
        ValueError: if there is no activation of this name.

    Example:
        >>> import torch
        >>> vhp.MLP(3, 2, hidden=(8,))(torch.zeros(5, 3)).shape
        torch.Size([5, 2])
    """

    def __init__(
        self,
        in_dim: int,
        out_dim: int,
        hidden: Sequence[int] = (256, 256),
        activation: str = "leaky_relu",
    ):
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(in_dim, width), activation_layer(activation)]
            in_dim = width
        super().__init__(*layers, nn.Linear(in_dim, out_dim))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_dim) -> (..., out_dim)."""
        rows = x.reshape(-1, x.shape[-1])  # an activation in place needs the product, no view
        return super().forward(rows).view(*x.shape[:-1], -1)


class GaussianAroundLinear(nn.Module):
    r"""Diagonal Gaussian whose mean is a linear map and what a network adds to it.

    .. math::

        N\left(A x + h(x),\; \mathrm{diag}\,(\mathrm{softplus}(r(x)) + s_\min)^2\right),

    h and r the two halves of the network's output. A begins at zero, and the network as its layers
    do: the distribution is the network's alone. :meth:`set_affine` makes it an affine map with a
    constant scale instead, from which it goes on learning. All of it is trained.

    :class:`GaussianMLP` is the one of fully connected layers, :class:`GaussianConv` that of
    convolutions.

    Args:
        net: x -> (B, 2 out_dim), its last layer linear.
        in_dim: size of x, flattened.
        out_dim: size of the distribution's event.
        min_scale: s_min, the lower limit of the standard deviation.

    Example:
        >>> import torch
        >>> network = vhp.GaussianMLP(3, 2, hidden=(8,))
        >>> network.set_affine(torch.ones(2, 3), torch.zeros(2), 0.3)
        >>> q = network(torch.ones(1, 3))
        >>> q.loc.detach(), q.scale.detach()
        (tensor([[3., 3.]]), tensor([[0.3000, 0.3000]]))
    """

    def __init__(self, net: nn.Module, in_dim: int, out_dim: int, min_scale: float):
        super().__init__()
        self.net = net
        self.linear = nn.Parameter(torch.zeros(out_dim, in_dim))  # A; b is the bias of h
        self.min_scale = min_scale

    @torch.no_grad()
    def set_affine(self, weight: Tensor, bias: Tensor, scale: Tensor | float) -> None:
        """Make it N(weight · x + bias, diag(scale²)), exactly, for every x.

        The last layer of the network becomes zero but for its bias; the others stay.

        Args:
            weight: (out_dim, in_dim).
            bias: (out_dim,).
            scale: a number or (out_dim,), above ``min_scale``.

        Raises:
            ValueError: if a shape is another, or a scale is not above ``min_scale``.
        """
        d = len(self.linear)
        if weight.shape != self.linear.shape or bias.shape != (d,):
            raise ValueError(
                f"weight must have shape {tuple(self.linear.shape)} and bias ({d},), got "
                f"{tuple(weight.shape)} and {tuple(bias.shape)}"
            )
        # In double precision: in single, log(exp(s) − 1) of a small s would keep few digits.
        above = torch.as_tensor(scale, dtype=torch.float64).cpu() - self.min_scale
        if not (above.isfinite() & (above > 0)).all():
            raise ValueError(f"scale must be finite and above {self.min_scale}, got {scale}")
        raw = above + torch.log(-torch.expm1(-above))  # softplus(raw) = above
        last = [layer for layer in self.net.modules() if isinstance(layer, nn.Linear)][-1]
        self.linear.copy_(weight)
        last.weight.zero_()
        last.bias[:d] = bias.to(last.bias)
        last.bias[d:] = raw.expand(d).to(last.bias)

    def forward(self, x: Tensor) -> DiagonalNormal:
        """(..., in_dim) -> batch shape (...)."""
        return self._around(x, self.net(x))

    def _around(self, flat: Tensor, output: Tensor) -> DiagonalNormal:
        loc, raw = output.chunk(2, dim=-1)  # (..., out_dim) each
        return DiagonalNormal(loc + flat @ self.linear.T, softplus(raw) + self.min_scale)


class GaussianMLP(GaussianAroundLinear):
    """Diagonal Gaussian whose mean and scale are outputs of one MLP, around a linear map.

    The mean is A x + h(x) with A zero at first (:class:`GaussianAroundLinear`). The scale is
    softplus(r) + ``min_scale`` of the raw output r, so it is positive and its gradient does not
    vanish where the scale is large.

    Args:
        in_dim: size of the conditioning variable.
        out_dim: size of the distribution's event.
        hidden: widths of the hidden layers.
        min_scale: lower limit of the standard deviation.
        activation: as for :class:`MLP`.

    Raises:
        ValueError: as :class:`MLP`.

    Example:
        >>> import torch
        >>> q = vhp.GaussianMLP(50, 2)(torch.zeros(128, 50))
        >>> q.batch_shape, q.event_shape
        (torch.Size([128]), torch.Size([2]))
    """

    def __init__(
        self,
        in_dim: int,
        out_dim: int,
        hidden: Sequence[int] = (256, 256),
        min_scale: float = 1e-4,
        activation: str = "leaky_relu",
    ):
        net = MLP(in_dim, 2 * out_dim, hidden, activation)
        super().__init__(net, in_dim, out_dim, min_scale)


class GaussianConv(GaussianAroundLinear):
    """Diagonal Gaussian over the latent variable, given an image.

    Each convolution halves height and width, rounded down (kernel 4, stride 2, padding 1), and is
    followed by an activation; one fully connected hidden layer and the outputs for mean and scale
    come last. Beside them a linear map of the pixels is added to the mean, zero at first
    (:class:`GaussianAroundLinear`): it is where :func:`vhp_core.linear_start` puts the
    principal axes, which convolutions could not hold. The scale is that of :class:`GaussianMLP`.

    Args:
        image_shape: (channels, height, width) of the image, in pixels; a number S is the grey
            square (1, S, S). Height and width are at least 2 ** len(channels).
        out_dim: size of the distribution's event.
        channels: widths of the convolutions, the image's side first.
        hidden: width of the fully connected layer.
        min_scale: lower limit of the standard deviation.
        activation: as for :class:`MLP`.

    Raises:
        ValueError: if ``image_shape`` is no such shape, the image cannot be halved that often, or
            as :class:`MLP`.

    Example:
        >>> import torch
        >>> q = vhp.GaussianConv((3, 45, 31), 2, channels=(4, 8))(torch.zeros(3, 3, 45, 31))
        >>> q.batch_shape, q.event_shape
        (torch.Size([3]), torch.Size([2]))
    """

    def __init__(
        self,
        image_shape: int | Sequence[int],
        out_dim: int,
        channels: Sequence[int] = (8, 16, 32, 32),
        hidden: int = 256,
        min_scale: float = 1e-4,
        activation: str = "leaky_relu",
    ):
        shape = full_shape(image_shape)
        smallest = math.prod(halved_sizes(shape, len(channels))[-1])
        layers: list[nn.Module] = []
        for before, after in zip((shape[0], *channels), channels, strict=False):
            layers += [nn.Conv2d(before, after, 4, 2, 1), activation_layer(activation)]
        top = MLP(channels[-1] * smallest, 2 * out_dim, (hidden,), activation)
        net = nn.Sequential(*layers, nn.Flatten(), top)
        super().__init__(net, math.prod(shape), out_dim, min_scale)

    def forward(self, x: Tensor) -> DiagonalNormal:
        """(B, channels, height, width) -> batch shape (B,)."""
        images = x.contiguous(memory_format=torch.channels_last)  # faster on processors
        return self._around(x.flatten(1), self.net(images))


class ConvDecoder(nn.Sequential):
    """From a latent variable to an image: the layers of :class:`GaussianConv` backwards.

    The output is linear: a mean for a Gaussian likelihood, logits for a Bernoulli one. Where the
    encoder rounded a size down, the transposed convolution puts the odd row or column back.

    Args:
        in_dim: size of the last dimension of the input.
        image_shape, channels, hidden, activation: as for :class:`GaussianConv`.

    Raises:
        ValueError: as :class:`GaussianConv`.

    Example:
        >>> import torch
        >>> vhp.ConvDecoder(2, (3, 45, 31), channels=(4, 8))(torch.zeros(5, 2)).shape
        torch.Size([5, 3, 45, 31])
    """

    def __init__(
        self,
        in_dim: int,
        image_shape: int | Sequence[int],
        channels: Sequence[int] = (8, 16, 32, 32),
        hidden: int = 256,
        activation: str = "leaky_relu",
    ):
        shape = full_shape(image_shape)
        sizes = halved_sizes(shape, len(channels))[::-1]  # the smallest first
        first = (channels[-1], *sizes[0])
        layers: list[nn.Module] = [
            *MLP(in_dim, math.prod(first), (hidden,), activation),
            activation_layer(activation),
            nn.Unflatten(-1, first),
        ]
        down = channels[::-1]
        for before, after, size in zip(down, (*down[1:], shape[0]), sizes[1:], strict=True):
            up = nn.ConvTranspose2d(before, after, 4, 2, 1, (size[0] % 2, size[1] % 2))
            layers += [up, activation_layer(activation)]
        super().__init__(*layers[:-1])

    def forward(self, z: Tensor) -> Tensor:
        """(..., in_dim) -> (..., channels, height, width)."""
        images = super().forward(z.reshape(-1, z.shape[-1]))
        return images.view(*z.shape[:-1], *images.shape[1:])
