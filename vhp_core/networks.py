"""Networks that return distributions."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.distributions import Independent, Normal
from torch.nn.functional import softplus

__all__ = ["MLP", "GaussianMLP", "diagonal_normal"]


def diagonal_normal(loc: Tensor, scale: Tensor) -> Independent:
    """N(loc, diag(scale²)) over the last dimension.

    Both tensors have shape (..., d); the distribution has batch shape (...) and event shape (d,).
    Arguments are not validated: a check would cost as much as the density itself.
    """
    return Independent(Normal(loc, scale, validate_args=False), 1, validate_args=False)


class MLP(nn.Sequential):
    """Fully connected network with ReLU between its layers.

    Args:
        in_dim: size of the last dimension of the input.
        out_dim: size of the last dimension of the output.
        hidden: widths of the hidden layers; () gives an affine map.
    """

    def __init__(self, in_dim: int, out_dim: int, hidden: Sequence[int] = (256, 256)):
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(in_dim, width), nn.ReLU(inplace=True)]
            in_dim = width
        super().__init__(*layers, nn.Linear(in_dim, out_dim))


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

    def forward(self, x: Tensor) -> Independent:
        loc, raw = self.net(x).chunk(2, dim=-1)  # (..., out_dim) each
        return diagonal_normal(loc, softplus(raw) + self.min_scale)
