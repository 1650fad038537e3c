"""Priors p(z): the standard normal and the hierarchical prior with its bound."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Independent

from .networks import GaussianMLP, diagonal_normal

__all__ = ["HierarchicalPrior", "StandardNormal"]

# Without gradients, ζ is drawn in pieces of at most this many rows, which bounds the memory.
_ROWS_AT_ONCE = 1 << 15


class StandardNormal(nn.Module):
    """p(z) = N(0, I), the prior of a plain VAE and of an IWAE.

    Args:
        dim: d, the dimension of z.

    Raises:
        ValueError: if ``dim`` is not at least 1.

    Example:
        >>> import torch
        >>> StandardNormal(2).log_prob(torch.zeros(3, 2)).shape
        torch.Size([3])
    """

    def __init__(self, dim: int):
        super().__init__()
        if dim < 1:
            raise ValueError(f"dim must be at least 1, got {dim}")
        self.dim = dim
        self.register_buffer("loc", torch.zeros(dim), persistent=False)
        self.register_buffer("scale", torch.ones(dim), persistent=False)

    @property
    def distribution(self) -> Independent:
        """N(0, I) as a distribution with event shape (d,)."""
        return diagonal_normal(self.loc, self.scale)

    def log_prob(self, z: Tensor, num_samples: int | None = None) -> Tensor:
        """log p(z) in nats, (..., d) -> (...,). It is exact; ``num_samples`` is not used.

        Raises:
            ValueError: if the last dimension of z is not d.
        """
        _check_dim(z, self.dim)
        return self.distribution.log_prob(z)

    def sample(self, n: int) -> Tensor:
        """n draws of p(z), shape (n, d)."""
        return self.distribution.sample((n,))


class HierarchicalPrior(nn.Module):
    r"""p(z) = ∫ p_Θ(z|ζ) p(ζ) dζ with p(ζ) = N(0, I), a continuous mixture (method (3)).

    The marginal has no closed form. :meth:`log_prob` returns the importance-weighted lower
    bound (method (4)),

    .. math::

        F(Θ, Φ; z) = \log \frac{1}{K} \sum_{k=1}^{K}
            \frac{p_Θ(z|ζ_k)\, p(ζ_k)}{q_Φ(ζ_k|z)}, \qquad ζ_{1..K} \sim q_Φ(ζ|z),

    which in expectation lies below log p(z) and rises with K. Gradients flow into z, Θ and Φ.

    Args:
        dim: d, the dimension of z.
        zeta_dim: dimension of ζ; ``dim`` if not given.
        hidden: widths of the hidden layers of p_Θ(z|ζ) and of q_Φ(ζ|z).
        num_importance_samples: K, used where :meth:`log_prob` is not given another number.

    Raises:
        ValueError: if a dimension or the number of samples is not at least 1.

    Example:
        >>> prior = HierarchicalPrior(2, hidden=(64, 64))
        >>> prior.log_prob(prior.sample(5)).shape
        torch.Size([5])
    """

    def __init__(
        self,
        dim: int,
        zeta_dim: int | None = None,
        hidden: Sequence[int] = (256, 256),
        num_importance_samples: int = 16,
    ):
        super().__init__()
        if num_importance_samples < 1:
            raise ValueError(
                f"num_importance_samples must be at least 1, got {num_importance_samples}"
            )
        self.dim = dim
        self.zeta = StandardNormal(dim if zeta_dim is None else zeta_dim)
        self.num_importance_samples = num_importance_samples
        self.conditional = GaussianMLP(self.zeta.dim, dim, hidden)
        self.inference = GaussianMLP(dim, self.zeta.dim, hidden)

    def log_prob(self, z: Tensor, num_samples: int | None = None) -> Tensor:
        """One draw of the bound F(Θ, Φ; z) in nats, (..., d) -> (...,), with K = ``num_samples``.

        Without gradients any K runs in bounded memory.

        Raises:
            ValueError: if the last dimension of z is not d, or K is below 1.
        """
        _check_dim(z, self.dim)
        K = self.num_importance_samples if num_samples is None else num_samples
        if K < 1:
            raise ValueError(f"num_samples must be at least 1, got {K}")
        q = self.inference(z)  # q(ζ|z), batch shape (...)
        if torch.is_grad_enabled():
            return torch.logsumexp(self._log_weights(z, q, K), dim=0) - math.log(K)
        size = max(1, _ROWS_AT_ONCE // max(1, z.shape[:-1].numel()))
        pieces = [
            torch.logsumexp(self._log_weights(z, q, min(size, K - k)), dim=0)
            for k in range(0, K, size)
        ]
        return torch.logsumexp(torch.stack(pieces), dim=0) - math.log(K)

    def _log_weights(self, z: Tensor, q: Independent, K: int) -> Tensor:
        zeta = q.rsample((K,))  # (K, ..., d_ζ)
        log_p = self.conditional(zeta).log_prob(z) + self.zeta.log_prob(zeta)
        return log_p - q.log_prob(zeta)  # (K, ...)

    @torch.no_grad()
    def sample(self, n: int) -> Tensor:
        """n draws of p(z), shape (n, d): ζ ~ p(ζ), then z ~ p_Θ(z|ζ)."""
        return self.conditional(self.zeta.sample(n)).sample()


def _check_dim(z: Tensor, dim: int) -> None:
    if not z.ndim or z.shape[-1] != dim:  # broadcasting would give a wrong density in silence
        raise ValueError(f"z must have shape (..., {dim}), got {tuple(z.shape)}")
