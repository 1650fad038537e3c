"""Sums over the entries of observations, without those that were not observed."""

import math

import torch
from torch import Tensor, nn

__all__ = ["Entrywise", "normal_log_prob", "set_log_scale"]


class Entrywise(nn.Module):
    """Base of likelihoods whose entries x_d are independent given z: C and log p add up over them.

    A subclass has ``forward(output)``, which returns the distribution, :meth:`entries` and
    :meth:`log_prob_entries`. Sums over an observation are taken in :meth:`total`, and nowhere else.

    Args:
        event_dims: number of trailing dimensions that make one observation, 1 for vectors.

    Attributes:
        missing: whether NaN in x is an entry that was not observed, and left out of every sum.

    Example:
        >>> import torch
        >>> class Absolute(vhp.Entrywise):
        ...     def entries(self, x, output):
        ...         return (x - output).abs()
        >>> Absolute().error(torch.tensor([[1.0, -2.0]]), torch.zeros(1, 2))
        tensor([3.])
    """

    def __init__(self, event_dims: int = 1):
        super().__init__()
        self.event_dims = event_dims
        self.missing = False

    def entries(self, x: Tensor, output: Tensor) -> Tensor:
        """What each entry of x adds to C, ``(..., *event)``; at least 0, and 0 if it is perfect."""
        raise NotImplementedError

    def log_prob_entries(self, x: Tensor, entries: Tensor) -> Tensor:
        """What each entry of x adds to log p(x|z), given what it adds to C, ``(..., *event)``."""
        raise NotImplementedError

    def error(self, x: Tensor, output: Tensor) -> Tensor:
        """C_θ(x, z), shape (...,). ValueError if the events differ in shape."""
        self.check(x, output)
        return self.total(self.entries(self.filled(x), output), x)

    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        """log p(x|z) in nats, shape (...,): what ``forward(output).log_prob(x)`` gives."""
        self.check(x, output)
        filled = self.filled(x)
        return self.total(self.log_prob_entries(filled, self.entries(filled, output)), x)

    def total(self, entries: Tensor, x: Tensor) -> Tensor:
        """The sum over the observed entries of each observation, ``(..., *event) -> (...,)``."""
        if self.missing:
            entries = entries.masked_fill(x.isnan(), 0.0)
        return entries.flatten(-self.event_dims).sum(-1)

    def count(self, x: Tensor) -> int | Tensor:
        """How many entries of each observation are observed."""
        if self.missing:
            return (~x.isnan()).flatten(-self.event_dims).sum(-1)
        return x.shape[-self.event_dims :].numel()

    def filled(self, x: Tensor) -> Tensor:
        """x with numbers in the place of missing entries: of NaN no gradient would be finite."""
        return torch.where(x.isnan(), 0.0, x) if self.missing else x

    def check(self, x: Tensor, output: Tensor) -> None:
        """Refuse an output of another event shape than x: it would be broadcast in silence."""
        if x.shape[-self.event_dims :] != output.shape[-self.event_dims :]:
            raise ValueError(
                f"an observation has shape {tuple(x.shape[-self.event_dims :])}, the decoder's "
                f"output {tuple(output.shape[-self.event_dims :])}"
            )


def normal_log_prob(squares: Tensor, log_scale: Tensor) -> Tensor:
    """log N(x; μ, σ²) from (x − μ)² and log σ."""
    return squares * (-0.5 * torch.exp(-2 * log_scale)) - log_scale - 0.5 * math.log(2 * math.pi)


@torch.no_grad()
def set_log_scale(log_scale: Tensor, mean_squares: Tensor) -> None:
    """Set log σ to its maximum-likelihood value, σ² = the mean of (x − μ)², entry by entry.

    Raises:
        ValueError: if the shapes differ, or a mean is not finite or below 0.
    """
    usable = mean_squares.isfinite() & (mean_squares >= 0)
    if mean_squares.shape != log_scale.shape or not usable.all():
        raise ValueError(
            f"mean_errors must have the shape {tuple(log_scale.shape)}, be finite and not below 0; "
            f"got {mean_squares.tolist()}"
        )
    log_scale.copy_(0.5 * mean_squares.clamp(min=1e-12).log())
