"""Priors p(z): the standard normal, the VampPrior, and the hierarchical prior with its bound."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from .engine.arguments import whole
from .engine.bound import importance_weighted
from .engine.distributions import DiagonalNormal, log_mean_exp
from .engine.seeding import generator
from .networks import GaussianMLP

__all__ = ["HierarchicalPrior", "StandardNormal", "VampPrior"]

_ROWS_AT_ONCE = 1 << 13  # of ζ, where no gradient is kept: the memory is bounded


class StandardNormal(nn.Module):
    """p(z) = N(0, I), the prior of a plain VAE and of an IWAE.

    Args:
        dim: d, the dimension of z.

    Raises:
        ValueError: if ``dim`` is not at least 1.

    Example:
        >>> import torch
        >>> vhp.StandardNormal(2).log_prob(torch.zeros(3, 2)).shape
        torch.Size([3])
    """

    loc: Tensor
    scale: Tensor

    def __init__(self, dim: int):
        super().__init__()
        self.dim = dim = whole("dim", dim)
        self.register_buffer("loc", torch.zeros(dim), persistent=False)
        self.register_buffer("scale", torch.ones(dim), persistent=False)

    @property
    def distribution(self) -> DiagonalNormal:
        """N(0, I) as a distribution with event shape (d,)."""
        return DiagonalNormal(self.loc, self.scale)

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


class VampPrior(nn.Module):
    r"""p(z) = 1/C Σ_c q_φ(z|u_c), a mixture of encoded pseudo-inputs (Tomczak & Welling, 2018).

    The pseudo-inputs u_1..C are learned with the rest. They are encoded once in each call of
    :meth:`log_prob`, whatever the number of z. The encoder stays the model's own: it is no part
    of the prior's parameters.

    Args:
        encoder: the model's encoder q_φ, a module x -> distribution with event shape (d,).
        pseudo_inputs: (C, D), where u_1..C begin: standard-normal noise for standardised data,
            or some of the observations.

    Raises:
        ValueError: if there is not at least one pseudo-input.

    Example:
        >>> import torch
        >>> prior = vhp.VampPrior(vhp.GaussianMLP(5, 2), torch.randn(10, 5))
        >>> prior.log_prob(prior.sample(3)).shape
        torch.Size([3])
    """

    def __init__(self, encoder: nn.Module, pseudo_inputs: Tensor):
        super().__init__()
        if pseudo_inputs.ndim < 2 or len(pseudo_inputs) < 1:
            raise ValueError(
                f"pseudo_inputs must have shape (C ≥ 1, D), got {tuple(pseudo_inputs.shape)}"
            )
        self._encoder = (encoder,)  # in a tuple, so that it is not registered twice
        self.pseudo_inputs = nn.Parameter(pseudo_inputs.detach().clone())

    @property
    def components(self) -> Distribution:
        """q_φ(z|u_1..C), batch shape (C,), event shape (d,)."""
        return self._encoder[0](self.pseudo_inputs)

    def log_prob(self, z: Tensor, num_samples: int | None = None) -> Tensor:
        """log p(z) in nats, (..., d) -> (...,). It is exact; ``num_samples`` is not used.

        Raises:
            ValueError: if the last dimension of z is not d.
        """
        q = self.components
        _check_dim(z, q.event_shape[0])
        log_q = q.log_prob(z.unsqueeze(-2))  # (..., C)
        return torch.logsumexp(log_q, dim=-1) - math.log(len(self.pseudo_inputs))

    @torch.no_grad()
    def sample(self, n: int) -> Tensor:
        """n draws of p(z), shape (n, d): a component, then z of it."""
        at = self.pseudo_inputs.device
        chosen = torch.randint(len(self.pseudo_inputs), (n,), device=at, generator=generator(at))
        return self._encoder[0](self.pseudo_inputs[chosen]).sample()


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
        scale: s of the start, in (0, 1), below the width of the structure to be found.
        activation: as for :class:`vhp_core.MLP`.

    Before the first step the two networks are linear and each other's exact inverse
    (:meth:`start`): p(z) = N(0, I), and ζ carries 1 − s² of its variance. From the usual first
    weights p(z|ζ) hardly depends on ζ, which may then stay unused for ever.

    Raises:
        ValueError: if a dimension or the number of samples is not at least 1, ``scale`` does not
            lie in (0, 1), or there is no activation of this name.

    Example:
        >>> prior = vhp.HierarchicalPrior(2, hidden=(64, 64))
        >>> prior.log_prob(prior.sample(5)).shape
        torch.Size([5])
    """

    def __init__(
        self,
        dim: int,
        zeta_dim: int | None = None,
        hidden: Sequence[int] = (256, 256),
        num_importance_samples: int = 16,
        scale: float = 0.3,
        activation: str = "leaky_relu",
    ):
        super().__init__()
        self.dim = dim
        self.zeta = StandardNormal(dim if zeta_dim is None else zeta_dim)
        self.num_importance_samples = whole("num_importance_samples", num_importance_samples)
        self.conditional = GaussianMLP(self.zeta.dim, dim, hidden, activation=activation)
        self.inference = GaussianMLP(dim, self.zeta.dim, hidden, activation=activation)
        self.start(scale)

    def start(self, scale: float = 0.3) -> None:
        r"""Set p(z|ζ) and q(ζ|z) to a linear-Gaussian prior and its exact inference, in place.

        .. math::

            p(z|ζ) = N\left(\sqrt{1 - s^2}\, ζ,\; s^2 I\right), \qquad
            q(ζ|z) = N\left(\sqrt{1 - s^2}\, z,\; s^2 I\right).

        The marginal is N(0, I), q(ζ|z) is the posterior, and so the bound F is log N(z; 0, I)
        for every K. If d_ζ and d_z differ, the coordinates that one has beyond the other are
        N(0, 1), and nothing depends on them.

        Raises:
            ValueError: if ``scale`` does not lie in (0, 1).
        """
        if not 0 < scale < 1:
            raise ValueError(f"scale must lie in (0, 1), got {scale}")
        for network in (self.conditional, self.inference):
            weight = torch.zeros_like(network.linear)
            weight.fill_diagonal_(math.sqrt(1 - scale**2))
            scales = torch.ones(len(weight), dtype=torch.float64)
            scales[: min(weight.shape)] = scale
            network.set_affine(weight, weight.new_zeros(len(weight)), scales)

    def log_prob(self, z: Tensor, num_samples: int | None = None) -> Tensor:
        """One draw of the bound F(Θ, Φ; z) in nats, (..., d) -> (...,), with K = ``num_samples``.

        Without gradients any K runs in bounded memory.

        Raises:
            ValueError: if the last dimension of z is not d, or K is below 1.
        """
        _check_dim(z, self.dim)
        num_samples = self.num_importance_samples if num_samples is None else num_samples
        K = whole("num_samples", num_samples)
        parts = type(self), type(self.inference), type(self.conditional)
        usual = torch.is_grad_enabled() and parts == (HierarchicalPrior, GaussianMLP, GaussianMLP)
        bound = importance_weighted(z, self.inference, self.conditional, K) if usual else None
        if bound is not None:
            return bound
        q = self.inference(z)  # q(ζ|z), batch shape (...)
        if torch.is_grad_enabled():
            return log_mean_exp(self._log_weights(z, q, K))
        size = max(1, _ROWS_AT_ONCE // max(1, z.shape[:-1].numel()))
        pieces = [
            torch.logsumexp(self._log_weights(z, q, min(size, K - k)), dim=0)
            for k in range(0, K, size)
        ]
        return torch.logsumexp(torch.stack(pieces), dim=0) - math.log(K)

    def _log_weights(self, z: Tensor, q: DiagonalNormal, K: int) -> Tensor:
        zeta, log_q = q.rsample_and_log_prob((K,))  # (K, ..., d_ζ), (K, ...)
        return self.conditional(zeta).log_prob(z) + self.zeta.log_prob(zeta) - log_q

    @torch.no_grad()
    def sample(self, n: int) -> Tensor:
        """n draws of p(z), shape (n, d): ζ ~ p(ζ), then z ~ p_Θ(z|ζ)."""
        return self.conditional(self.zeta.sample(n)).sample()


def _check_dim(z: Tensor, dim: int) -> None:
    if not z.ndim or z.shape[-1] != dim:  # broadcasting would give a wrong density in silence
        raise ValueError(f"z must have shape (..., {dim}), got {tuple(z.shape)}")
