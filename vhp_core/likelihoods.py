"""Likelihoods p_θ(x|z) and their reconstruction errors C_θ(x, z)."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Distribution, Independent, Normal
from torch.nn.functional import binary_cross_entropy_with_logits

from .engine.entries import Entrywise, normal_log_prob, set_log_scale

__all__ = [
    "BernoulliLikelihood", "GaussianLikelihood", "GaussianPerColumnLikelihood",
    "natural_multiplier",
]  # fmt: skip


class GaussianLikelihood(Entrywise):
    """p(x|z) = N(x; μ_θ(z), σ² I) with one σ for all dimensions.

    The reconstruction error is C = ‖x − μ_θ(z)‖², the sum over dimensions, in the squared
    unit of the data (method (1)). It does not depend on σ. Under the constraint, λ takes the
    part that 1/(2σ²) has in the ELBO, and σ is set once after training to its
    maximum-likelihood value σ² = E[C]/D (:meth:`set_scale`). An IWAE learns σ by its bound.

    Args:
        event_dims: number of trailing dimensions that make one observation, 1 for vectors.

    Example:
        >>> import torch
        >>> likelihood = vhp.GaussianLikelihood()
        >>> likelihood.error(torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2))
        tensor([25.])
        >>> likelihood.set_scale(mean_error=0.5, dim=2)  # σ² = 0.25
        >>> round(likelihood.log_scale.exp().item(), 4)
        0.5
    """

    def __init__(self, event_dims: int = 1):
        super().__init__(event_dims)
        self.log_scale = nn.Parameter(torch.zeros(()))

    def forward(self, output: Tensor) -> Distribution:
        """The distribution of x given the decoder's output μ_θ(z), shape (..., D)."""
        scale = self.log_scale.exp().expand_as(output)
        return Independent(Normal(output, scale, validate_args=False), self.event_dims)

    def entries(self, x: Tensor, output: Tensor) -> Tensor:
        """(x_d − μ_d)², whose sum C is."""
        return (x - output).square()

    def error(self, x: Tensor, output: Tensor) -> Tensor:
        """C_θ(x, z) = ‖x − output‖², shape (...,). ValueError if the events differ in shape."""
        return super().error(x, output)

    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        """log p(x|z) in nats, shape (...,): what ``forward(output).log_prob(x)`` gives."""
        return self.log_prob_of_error(x, self.error(x, output))

    def log_prob_of_error(self, x: Tensor, error: Tensor) -> Tensor:
        """log p(x|z) = −C/(2σ²) − D log(σ √(2π)) where C = ``error`` is already known."""
        log_normaliser = self.count(x) * (self.log_scale + 0.5 * math.log(2 * math.pi))
        return error * (-0.5 * torch.exp(-2 * self.log_scale)) - log_normaliser

    @torch.no_grad()
    def set_scale(self, mean_error: float, dim: int) -> None:
        """Set σ to its maximum-likelihood value, σ² = ``mean_error`` / ``dim``.

        Raises:
            ValueError: if ``mean_error`` is not finite or below 0.
        """
        if not (math.isfinite(mean_error) and mean_error >= 0):
            raise ValueError(f"mean_error must be finite and not below 0, got {mean_error}")
        self.log_scale.fill_(0.5 * math.log(max(mean_error, 1e-12) / dim))


class GaussianPerColumnLikelihood(Entrywise):
    """p(x|z) = Π_d N(x_d; μ_d, σ_d²): a σ for each column, for columns with noise of their own.

    C = ‖x − μ_θ(z)‖² as for :class:`GaussianLikelihood`, with the same κ: were it divided by σ_d²,
    large σ would meet any constraint. :func:`fit` sets them at its end to their maximum-likelihood
    values, σ_d² = E[(x_d − μ_d)²] (:meth:`set_scales`). An IWAE learns them by its bound.

    Args:
        shape: of one observation, D or (D,); each of its entries has a σ.

    Example:
        >>> import torch
        >>> likelihood = vhp.GaussianPerColumnLikelihood(2)
        >>> likelihood.set_scales(torch.tensor([0.25, 4.0]))
        >>> likelihood.log_scale.exp().detach()
        tensor([0.5000, 2.0000])
    """

    def __init__(self, shape: int | Sequence[int]):
        size = torch.zeros(shape).shape
        super().__init__(len(size))
        self.log_scale = nn.Parameter(torch.zeros(size))

    forward = GaussianLikelihood.forward
    entries = GaussianLikelihood.entries

    def log_prob_entries(self, x: Tensor, entries: Tensor) -> Tensor:
        """log N(x_d; μ_d, σ_d²) of the squared errors."""
        return normal_log_prob(entries, self.log_scale)

    def set_scales(self, mean_errors: Tensor) -> None:
        """Set each σ to its maximum-likelihood value; its square is its entry of ``mean_errors``.

        Raises:
            ValueError: if the shape is not that of an observation, or an entry is not finite or
                below 0.
        """
        set_log_scale(self.log_scale, mean_errors)


class BernoulliLikelihood(Entrywise):
    """p(x|z) = Π_d Bernoulli(x_d; μ_d) with the decoder's output as logits of μ.

    The reconstruction error is C = Σ_d KL(Bern(x_d) ‖ Bern(μ_d)) ≥ 0. For x in {0, 1} it is
    −log p(x|z); for grey x in (0, 1) it is a divergence, not a density, and so is the
    "log-probability" −Σ_d cross-entropy that :meth:`log_prob` returns.

    Args:
        event_dims: number of trailing dimensions that make one observation.

    Example:
        >>> import torch
        >>> likelihood = vhp.BernoulliLikelihood()
        >>> likelihood.error(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2))  # 2 log 2
        tensor([1.3863])
    """

    bounds = (0.0, 1.0)  # of data

    def forward(self, output: Tensor) -> Distribution:
        """The distribution of x given logits of shape (..., D)."""
        return Independent(Bernoulli(logits=output, validate_args=False), self.event_dims)

    def error(self, x: Tensor, output: Tensor) -> Tensor:
        """C_θ(x, z) in nats, shape (...,)."""
        return -self.log_prob(x, output) - self._entropy(x)

    def log_prob_of_error(self, x: Tensor, error: Tensor) -> Tensor:
        """What :meth:`log_prob` gives where C = ``error`` is already known: −C − H(x)."""
        return -error - self._entropy(x)

    def _entropy(self, x: Tensor) -> Tensor:
        """Σ_d of the entropies of Bern(x_d), in nats."""
        p = self.filled(x)
        return self.total(-(torch.xlogy(p, p) + torch.xlogy(1 - p, 1 - p)), x)

    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        """−Σ_d cross-entropy(x_d, μ_d) in nats, shape (...,)."""
        self.check(x, output)
        p, output = torch.broadcast_tensors(self.filled(x), output)
        return -self.total(binary_cross_entropy_with_logits(output, p, reduction="none"), x)


def natural_multiplier(likelihood: Any, entries: int, kappa: float) -> float:
    """The λ of a model whose noise is what κ² says, in nats per unit of C.

    It is D/(2κ²) for a Gaussian likelihood, the ELBO's 1/(2σ²) with σ² = κ²/D, and 1 for one whose
    C is in nats.

    Args:
        entries: D, the number of entries of an observation.
    """
    gaussian = isinstance(likelihood, GaussianLikelihood | GaussianPerColumnLikelihood)
    return entries / (2 * kappa**2) if gaussian else 1.0
