"""The VAE: encoder, decoder, likelihood and prior put together, its objectives, and its file."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.distributions import Distribution

from .checkpoints import write_atomically
from .convolutional import ConvDecoder, GaussianConv
from .likelihoods import BernoulliLikelihood, GaussianLikelihood
from .networks import MLP, GaussianMLP, draw, log_mean_exp
from .priors import HierarchicalPrior, StandardNormal, VampPrior

__all__ = ["VAE", "Terms", "conv_vae", "importance_weighted_bound", "lagrangian", "load", "mlp_vae"]

_LIKELIHOODS = {"gaussian": GaussianLikelihood, "bernoulli": BernoulliLikelihood}
_FORMAT = "vhp_core.VAE/1"


class Terms(NamedTuple):
    """The two sides of the trade, one draw for each observation, shape (B,) each.

    Example:
        >>> terms = Terms(error=torch.tensor([1.0, 3.0]), rate=torch.tensor([2.0, 4.0]))
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
        likelihood: :class:`GaussianLikelihood`, :class:`BernoulliLikelihood`, or alike.
        prior: :class:`StandardNormal`, :class:`HierarchicalPrior`, or alike.

    :func:`mlp_vae` builds one from fully connected networks, :func:`conv_vae` one for images.

    Attributes:
        x_shape: the shape of one observation, where a builder has set it; data of another are
            refused. None for a model assembled by hand.

    Example:
        >>> model = VAE(GaussianMLP(5, 2), MLP(2, 5), GaussianLikelihood(), StandardNormal(2))
        >>> terms = model(torch.zeros(3, 5))
        >>> terms.error.shape, model.sample(4).shape
        (torch.Size([3]), torch.Size([4, 5]))
    """

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, likelihood: nn.Module, prior: nn.Module
    ):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.prior = prior
        self.config: dict[str, Any] | None = None
        self.x_shape: tuple[int, ...] | None = None

    def encode(self, x: Tensor) -> Distribution:
        """q_φ(z|x), batch shape (B,), event shape (d_z,)."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Distribution:
        """p_θ(x|z); its ``.mean`` is the decoded observation, shape (..., D)."""
        return self.likelihood(self.decoder(z))

    @torch.no_grad()
    def sample(self, n: int, noise: bool = False) -> Tensor:
        """n observations: z ~ p(z), then the mean of p_θ(x|z), or a draw of it with ``noise``.

        Returns: (n, D).
        """
        p = self.decode(self.prior.sample(n))
        return p.sample() if noise else p.mean

    def forward(self, x: Tensor) -> Terms:
        """Draw z ~ q_φ(z|x) once for each observation and return error and rate, (B,) each."""
        z, log_q = draw(self.encode(x))  # (B, d_z), (B,)
        error = self.likelihood.error(x, self.decoder(z))
        return Terms(error, rate=log_q - self.prior.log_prob(z))

    def save(self, path: str | os.PathLike) -> None:
        """Write weights and configuration into one safetensors file, atomically.

        Raises:
            ValueError: if the model was not built by a function of this package, so that its
                configuration is unknown. Save its ``state_dict()`` with safetensors instead.
        """
        if self.config is None:
            raise ValueError(
                "this VAE was assembled by hand and has no configuration to save; "
                "build it with mlp_vae or conv_vae, or store model.state_dict() with safetensors"
            )
        path = Path(path)
        tensors = {k: v.detach().cpu().contiguous() for k, v in self.state_dict().items()}
        header = {"format": _FORMAT, "config": json.dumps(self.config)}
        write_atomically(path, save(tensors, header))


def mlp_vae(
    x_dim: int,
    z_dim: int,
    hidden: Sequence[int] = (256, 256),
    prior: str = "hierarchical",
    likelihood: str = "gaussian",
    num_importance_samples: int = 16,
    num_pseudo_inputs: int = 100,
) -> VAE:
    """A VAE of fully connected networks for observations that are vectors.

    Args:
        x_dim: D, the dimension of an observation.
        z_dim: d_z, the dimension of the latent variable.
        hidden: widths of the hidden layers of all four networks, the prior's too.
        prior: "hierarchical", "normal" or "vamp".
        likelihood: "gaussian" or "bernoulli" (then the data must lie in [0, 1]).
        num_importance_samples: K of the hierarchical prior's bound.
        num_pseudo_inputs: C of the VampPrior, which begin as noise: standard-normal, or uniform
            on [0, 1] for a Bernoulli likelihood. Better ones are observations:
            ``model.prior.pseudo_inputs.data.copy_(x[:C])``.

    Raises:
        ValueError: if a size is not at least 1, or a name is not one of those above.

    Example:
        >>> model = mlp_vae(x_dim=50, z_dim=2, hidden=(64, 64))
        >>> model.sample(4).shape
        torch.Size([4, 50])
    """
    hidden = tuple(int(width) for width in hidden)
    sizes = {"x_dim": x_dim, "z_dim": z_dim, "num_pseudo_inputs": num_pseudo_inputs}
    _check_sizes([*sizes.items(), *(("hidden", width) for width in hidden)])
    encoder = GaussianMLP(x_dim, z_dim, hidden)
    decoder = MLP(z_dim, x_dim, hidden)
    pseudo = (num_pseudo_inputs, x_dim)
    p = _prior(prior, z_dim, hidden, num_importance_samples, encoder, pseudo, likelihood)
    model = VAE(encoder, decoder, _LIKELIHOODS[likelihood](), p)
    model.x_shape = (x_dim,)
    model.config = {
        "x_dim": x_dim,
        "z_dim": z_dim,
        "hidden": list(hidden),
        "prior": prior,
        "likelihood": likelihood,
        "num_importance_samples": num_importance_samples,
        "num_pseudo_inputs": num_pseudo_inputs,
    }
    return model


def conv_vae(
    image_size: int,
    z_dim: int,
    channels: Sequence[int] = (8, 16, 32, 32),
    hidden: int = 256,
    prior: str = "hierarchical",
    likelihood: str = "gaussian",
    num_importance_samples: int = 16,
    num_pseudo_inputs: int = 100,
) -> VAE:
    """A VAE of convolutional networks for square grey images, (n, 1, S, S).

    Args:
        image_size: S, the side in pixels; divisible by 2 for each entry of ``channels``.
        z_dim: d_z, the dimension of the latent variable.
        channels: of the encoder's convolutions, each of which halves the side; the decoder has
            them backwards.
        hidden: width of the fully connected layer of encoder and decoder, and of the two
            hidden layers of each of the prior's networks.
        prior, likelihood, num_importance_samples, num_pseudo_inputs: as for :func:`mlp_vae`.

    Raises:
        ValueError: as :func:`mlp_vae`, or if the image cannot be halved that often.

    Example:
        >>> conv_vae(16, z_dim=2, channels=(4, 8), hidden=32).sample(3).shape
        torch.Size([3, 1, 16, 16])
    """
    channels = tuple(int(width) for width in channels)
    sizes = {"z_dim": z_dim, "hidden": hidden, "num_pseudo_inputs": num_pseudo_inputs}
    _check_sizes([*sizes.items(), *(("channels", width) for width in channels)])
    encoder = GaussianConv(image_size, z_dim, channels, hidden)
    decoder = ConvDecoder(z_dim, image_size, channels, hidden)
    shape = (1, image_size, image_size)
    pseudo = (num_pseudo_inputs, *shape)
    p = _prior(prior, z_dim, (hidden,) * 2, num_importance_samples, encoder, pseudo, likelihood)
    model = VAE(encoder, decoder, _LIKELIHOODS[likelihood](event_dims=3), p)
    model.x_shape = shape
    model.config = {
        "kind": "conv",
        "image_size": image_size,
        "z_dim": z_dim,
        "channels": list(channels),
        "hidden": hidden,
        "prior": prior,
        "likelihood": likelihood,
        "num_importance_samples": num_importance_samples,
        "num_pseudo_inputs": num_pseudo_inputs,
    }
    return model


def _check_sizes(sizes: Sequence[tuple[str, int]]) -> None:
    for name, size in sizes:
        if size < 1:
            raise ValueError(f"{name} must be at least 1, got {size}")


def _prior(
    name: str,
    z_dim: int,
    hidden: Sequence[int],
    num_samples: int,
    encoder: nn.Module,
    pseudo_inputs: Sequence[int],
    likelihood: str,
) -> nn.Module:
    """The prior of this name; pseudo-inputs begin as noise that fits the likelihood."""
    if likelihood not in _LIKELIHOODS:
        raise ValueError(f"likelihood must be one of {sorted(_LIKELIHOODS)}, got {likelihood!r}")
    if name == "hierarchical":
        return HierarchicalPrior(z_dim, None, hidden, num_samples)
    if name == "normal":
        return StandardNormal(z_dim)
    if name == "vamp":
        noise = torch.randn if likelihood == "gaussian" else torch.rand
        return VampPrior(encoder, noise(tuple(pseudo_inputs)))
    raise ValueError(f"prior must be one of ['hierarchical', 'normal', 'vamp'], got {name!r}")


def load(path: str | os.PathLike) -> VAE:
    """Read a model that :meth:`VAE.save` wrote. Nothing is unpickled.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, or is not a model of this package.

    Example:
        >>> import tempfile
        >>> model = mlp_vae(5, 2, hidden=(8,))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(Path(folder) / "model.safetensors")
        ...     same = load(Path(folder) / "model.safetensors")
        >>> torch.equal(same.decoder[0].weight, model.decoder[0].weight)
        True
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no model file at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or is no safetensors file: {error}") from error
    if header.get("format") != _FORMAT:
        raise ValueError(
            f"{path} is no model file of this package: its format is "
            f"{header.get('format')!r}, expected {_FORMAT!r}"
        )
    try:
        config = json.loads(header["config"])
        model = {"mlp": mlp_vae, "conv": conv_vae}[config.pop("kind", "mlp")](**config)
        model.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path} does not fit its own configuration: {error}") from error
    return model


def lagrangian(terms: Terms, multiplier: float, kappa: float) -> Tensor:
    """L = E[ log q_φ(z|x) − F(Θ, Φ; z) + λ (C_θ(x, z) − κ²) ] (method (5)), a scalar in nats.

    Example:
        >>> terms = Terms(error=torch.tensor([1.0, 3.0]), rate=torch.tensor([2.0, 4.0]))
        >>> lagrangian(terms, multiplier=10.0, kappa=1.0)  # 3 + 10 (2 − 1)
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
        >>> model = mlp_vae(5, 2, hidden=(8,))
        >>> bound, terms = importance_weighted_bound(model, torch.zeros(3, 5), num_samples=4)
        >>> bound.shape, terms.rate.shape
        (torch.Size([3]), torch.Size([3]))
    """
    z, log_q = draw(model.encode(x), (num_samples,))  # (K, B, d_z), (K, B)
    output = model.decoder(z)
    rate = log_q - model.prior.log_prob(z)  # (K, B)
    error = model.likelihood.error(x, output)
    log_w = model.likelihood.log_prob_of_error(x, error) - rate
    return log_mean_exp(log_w), Terms(error.mean(0), rate.mean(0))
