"""What parts of a model that are a user's own have to have."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from torch import Tensor, nn
from torch.distributions import Distribution

__all__ = ["Likelihood", "Prior", "rests_unset"]


@runtime_checkable
class Likelihood(Protocol):
    r"""What a likelihood of your own has to have; it is a ``torch.nn.Module``.

    :func:`fit` uses the error C alone, so C says what the constraint E[C] ≤ κ² means. It is at
    least 0, and 0 for a perfect reconstruction. For discrete x that is −log p(x|z). The negative
    logarithm of a density can lie below 0; C is then what log p(x|z) lacks to its largest value
    at this x. For a Student-t,

    .. math::

        C = \sum_d \frac{ν + 1}{2} \log\left(1 + \frac{(x_d - μ_d)^2}{ν s^2}\right).

    For a Gaussian it would be ‖x − μ‖²/(2σ²), and is the squared distance here: the factor
    belongs to the multiplier. The log-density is used by :func:`fit_iwae` and in measuring.

    What is there besides is used:

    - ``log_scale``, the parameter of the noise's width, log s or log σ. It rests in :func:`fit`,
      where a large s would make C small whatever the output; :func:`fit_iwae` learns it;
    - ``set_scale(mean_error, dim)``: called at the end of :func:`fit` with the mean of C over the
      data and the number of entries of an observation;
    - ``set_scales(mean_errors)`` and ``entries(x, output)``, the terms of C: the same with the mean
      of each entry's term;
    - ``log_prob_of_error(x, error)``: log p(x|z) where C = ``error`` is known and says enough;
      :func:`fit_iwae` then need not look at the output twice.

    :class:`Entrywise` is a base for likelihoods with independent entries.

    Example:
        >>> import math, torch
        >>> class StudentT(vhp.Entrywise):
        ...     def forward(self, output):
        ...         p = torch.distributions.StudentT(4.0, output)
        ...         return torch.distributions.Independent(p, self.event_dims)
        ...     def entries(self, x, output):
        ...         return 2.5 * torch.log1p((x - output).square() / 4.0)
        ...     def log_prob_entries(self, x, entries):
        ...         return math.log(0.375) - entries  # 3/8 is the density at 0
        >>> isinstance(StudentT(), vhp.Likelihood)
        True
    """

    event_dims: int
    """Number of trailing dimensions that make one observation, 1 for vectors and 3 for images."""

    def __call__(self, output: Tensor) -> Distribution:
        """p(x|z) given the decoder's output; its ``mean`` is what :meth:`VAE.sample` returns."""

    def error(self, x: Tensor, output: Tensor) -> Tensor:
        """C_θ(x, z) of x, ``(B, *event)``, and output, ``(..., B, *event)``; shape (..., B)."""

    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        """log p(x|z) in nats, in the shape of :meth:`error`."""


def rests_unset(likelihood: Likelihood) -> bool:
    """Whether it has a ``log_scale``, and nothing by which :func:`vhp_core.fit` could set it."""
    setters = ("set_scale", "set_scales")
    found = any(hasattr(likelihood, name) for name in setters)
    return hasattr(likelihood, "log_scale") and not found


class Prior(Protocol):
    """What a prior of your own has to have; it is a ``torch.nn.Module``.

    Example:
        >>> from torch import nn
        >>> import math, torch
        >>> class Uniform(nn.Module):  # on the square from −1 to 1
        ...     def log_prob(self, z, num_samples=None):
        ...         return torch.where(z.abs().amax(-1) <= 1, -math.log(4), -math.inf)
        ...     def sample(self, n):
        ...         return 2 * torch.rand(n, 2) - 1
        >>> prior: vhp.Prior = Uniform()
        >>> prior.log_prob(prior.sample(3)).exp()
        tensor([0.2500, 0.2500, 0.2500])
    """

    def log_prob(self, z: Tensor, num_samples: int | None = None) -> Tensor:
        """log p(z) in nats, (..., d) -> (...,), or a bound of ``num_samples`` draws."""

    def sample(self, n: int) -> Tensor:
        """n draws of p(z), shape (n, d)."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """As every module has them."""
