"""The VAE: encoder, decoder, likelihood and prior put together, and its objectives."""

import json
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from .doors.observations import check_codes, check_data
from .engine.arguments import whole
from .engine.distributions import draw, log_mean_exp
from .engine.memory import keep_freed
from .engine.protocols import Likelihood, Prior
from .engine.seeding import seeded
from .engine.structure import write_module

__all__ = ["VAE", "Terms", "importance_weighted_bound", "lagrangian"]

keep_freed()

FORMAT = "vhp_core.VAE/2"  # of the files that VAE.save writes and load reads


class Terms(NamedTuple):
    """The two sides of the trade, one draw for each observation, shape (B,) each.

    Example:
        >>> import torch
        >>> terms = vhp.Terms(error=torch.tensor([1.0, 3.0]), rate=torch.tensor([2.0, 4.0]))
        >>> terms.error.mean().item(), terms.rate.mean().item()
        (2.0, 3.0)
    """

    error: Tensor
    """C_θ(x, z), the reconstruction error."""
    rate: Tensor
    """log q_φ(z|x) − F(Θ, Φ; z) in nats; log q_φ(z|x) − log p(z) where log p(z) is exact."""


class VAE(nn.Module):
    """A variational autoencoder of any encoder, decoder, likelihood and prior.

    Args:
        encoder: a module x -> distribution q_φ(z|x), reparametrised, event shape (d_z,).
        decoder: a module z -> the likelihood's parameter (a mean, or logits).
        likelihood: :class:`GaussianLikelihood`, :class:`BernoulliLikelihood`, or one of your own
            (:class:`Likelihood`).
        prior: :class:`StandardNormal`, :class:`HierarchicalPrior`, or one of your own
            (:class:`Prior`).

    Raises:
        ValueError: if the likelihood lacks what one has to have.

    :func:`mlp_vae` builds one from fully connected networks, :func:`conv_vae` one for images.

    Attributes:
        x_shape: the shape of one observation, where a builder has set it; data of another are
            refused. None for a model assembled by hand.
        history, fits: of the last fit, or None; and how many fits there were.
        columns: the names of the columns of the table that it was fitted on, or None.
        fill: what the encoder sees where an entry is missing, in the shape of an observation; None
            for a model that knows of no missing entries (:func:`vhp_core.doors.expect_missing`).

    Example:
        >>> import torch
        >>> encoder, decoder = vhp.GaussianMLP(5, 2), vhp.MLP(2, 5)
        >>> model = vhp.VAE(encoder, decoder, vhp.GaussianLikelihood(), vhp.StandardNormal(2))
        >>> terms = model(torch.zeros(3, 5))
        >>> terms.error.shape, model.sample(4).shape
        (torch.Size([3]), torch.Size([4, 5]))
    """

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, likelihood: Likelihood, prior: Prior
    ):
        super().__init__()
        needs = ("event_dims", "error", "log_prob")
        if lacks := [name for name in needs if not hasattr(likelihood, name)]:
            raise ValueError(
                f"a {type(likelihood).__name__} is no likelihood: it lacks {', '.join(lacks)}. "
                "vhp_core.Likelihood tells what it has to have"
            )
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.prior = prior
        self.config: dict[str, Any] | None = None
        self._rebuild: Callable[[], VAE] | None = None  # with other first weights
        self.x_shape: tuple[int, ...] | None = None
        self.columns: tuple[str, ...] | None = None
        self.history: Any = None
        self.fits = 0
        self.fill: Tensor | None
        self.register_buffer("fill", None)

    def encode(self, x: Any) -> Distribution:
        """q_φ(z|x), batch shape (B,), event shape (d_z,).

        Gradients flow through it: as an array its mean is ``encode(x).mean.detach().numpy()``.

        Args:
            x: (B, ...) observations, as :func:`vhp_core.fit` takes them.
        """
        x = self._numbers(x)
        return self.encoder(x if self.fill is None else torch.where(x.isnan(), self.fill, x))

    def decode(self, z: Any) -> Distribution:
        """p_θ(x|z); its ``.mean`` is the decoded observation, (..., d_z) -> (..., D).

        Args:
            z: codes, as a tensor, an array or a table.

        Raises:
            ValueError: if these are no numbers, or their last dimension is not d_z.
        """
        return self.likelihood(self.decoder(check_codes(self, z)))

    @torch.no_grad()
    def sample(self, n: int, noise: bool = False) -> Tensor:
        """n observations: z ~ p(z), then the mean of p_θ(x|z), or a draw of it with ``noise``.

        Returns: (n, D), or (n, ...) in the shape of an observation.

        Raises:
            ValueError: if n is not at least 1.
        """
        p = self.decode(self.prior.sample(whole("n", n)))
        return p.sample() if noise else p.mean

    def forward(self, x: Any) -> Terms:
        """Draw z ~ q_φ(z|x) once for each observation and return error and rate, (B,) each."""
        x = self._numbers(x)
        z, log_q = draw(self.encode(x))  # (B, d_z), (B,)
        error = self.likelihood.error(x, self.decoder(z))
        return Terms(error, rate=log_q - self.prior.log_prob(z))

    def _numbers(self, x: Any) -> Tensor:
        like = next(self.parameters())
        if not isinstance(x, Tensor) or x.dtype != like.dtype:
            x = check_data(self, x)[:]
        return x.to(like.device)

    def save(self, path: str | os.PathLike) -> None:
        """Write the model into one safetensors file, atomically; :func:`load` has it back exactly.

        Weights and buffers are kept with their types, and so is what was set on the model after
        it was built: K of the prior (``model.prior.num_importance_samples``), σ, parameters
        without gradients, training or evaluation mode. Networks are not written, but how they are
        built: the name of a function (:func:`mlp_vae`, :func:`conv_vae`, or one of your own,
        :func:`build`) and its arguments. The model is built anew and compared, so that a file
        never says something else than the model.

        Raises:
            ValueError: if the model was assembled by hand, or is no longer what its configuration
                builds (another activation, a layer more); the places are named. The way out is
                a function of your own that builds it so, called by :func:`build`.
        """
        advice = "write a function that returns this VAE and call vhp.build(function, **arguments)"
        if self._rebuild is None:
            raise ValueError(
                "this VAE was assembled by hand and has no configuration to save: build it with "
                f"mlp_vae or conv_vae, or {advice}"
            )
        with seeded(0):
            fresh = self._rebuild()
        header = {"format": FORMAT, "config": json.dumps(self.config, default=int)}
        write_module(path, self, fresh, header, f"To keep it, {advice}")


def lagrangian(terms: Terms, multiplier: float, kappa: float) -> Tensor:
    """L = E[ log q_φ(z|x) − F(Θ, Φ; z) + λ (C_θ(x, z) − κ²) ] (method (5)), a scalar in nats.

    Example:
        >>> import torch
        >>> terms = vhp.Terms(error=torch.tensor([1.0, 3.0]), rate=torch.tensor([2.0, 4.0]))
        >>> vhp.lagrangian(terms, multiplier=10.0, kappa=1.0)  # 3 + 10 (2 − 1)
        tensor(13.)
    """
    return terms.rate.mean() + multiplier * (terms.error.mean() - kappa**2)


def importance_weighted_bound(model: VAE, x: Tensor, num_samples: int) -> tuple[Tensor, Terms]:
    r"""The IWAE bound on log p(x), and the error and rate of its samples (Burda et al., 2016).

    .. math::

        \log \frac{1}{K} \sum_{k=1}^{K} \frac{p_θ(x|z_k)\, p(z_k)}{q_φ(z_k|x)},
        \qquad z_{1..K} \sim q_φ(z|x).

    With K = 1 it is the ELBO.

    Returns:
        the bound, (B,), in nats, and the mean :class:`Terms` over the K samples, (B,) each.

    Example:
        >>> import torch
        >>> model = vhp.mlp_vae(5, 2, hidden=(8,))
        >>> bound, terms = vhp.importance_weighted_bound(model, torch.zeros(3, 5), num_samples=4)
        >>> bound.shape, terms.rate.shape
        (torch.Size([3]), torch.Size([3]))
    """
    z, log_q = draw(model.encode(x), (num_samples,))  # (K, B, d_z), (K, B)
    output = model.decoder(z)
    rate = log_q - model.prior.log_prob(z)  # (K, B)
    error = model.likelihood.error(x, output)
    of_error = getattr(model.likelihood, "log_prob_of_error", None)  # there if C says enough
    log_p = of_error(x, error) if of_error else model.likelihood.log_prob(x, output)
    return log_mean_exp(log_p - rate), Terms(error.mean(0), rate.mean(0))
