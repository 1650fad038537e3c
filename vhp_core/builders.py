"""Models of usual networks, ready to be trained, and how they are read from files."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import nn

from .engine.checkpoints import read_tensors
from .likelihoods import BernoulliLikelihood, GaussianLikelihood
from .networks import MLP, ConvDecoder, GaussianConv, GaussianMLP
from .priors import HierarchicalPrior, StandardNormal, VampPrior
from .vae import FORMAT, VAE

__all__ = ["conv_vae", "load", "mlp_vae"]

_LIKELIHOODS = {"gaussian": GaussianLikelihood, "bernoulli": BernoulliLikelihood}


def mlp_vae(
    x_dim: int,
    z_dim: int,
    hidden: Sequence[int] = (256, 256),
    prior: str = "hierarchical",
    likelihood: str = "gaussian",
    num_importance_samples: int = 16,
    num_pseudo_inputs: int = 100,
    activation: str = "leaky_relu",
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
        activation: of all four networks, as for :class:`MLP`.

    Raises:
        ValueError: if a size is not at least 1, or a name is not one of those above.

    Example:
        >>> model = mlp_vae(x_dim=50, z_dim=2, hidden=(64, 64))
        >>> model.sample(4).shape
        torch.Size([4, 50])
    """
    config = dict(locals())  # the arguments, which save writes down
    hidden = tuple(int(width) for width in hidden)
    sizes = {"x_dim": x_dim, "z_dim": z_dim, "num_pseudo_inputs": num_pseudo_inputs}
    _check_sizes([*sizes.items(), *(("hidden", width) for width in hidden)])
    encoder = GaussianMLP(x_dim, z_dim, hidden, activation=activation)
    decoder = MLP(z_dim, x_dim, hidden, activation)
    pseudo = (num_pseudo_inputs, x_dim)
    p = _prior(
        prior, z_dim, hidden, num_importance_samples, encoder, pseudo, likelihood, activation
    )
    model = VAE(encoder, decoder, _LIKELIHOODS[likelihood](), p)
    model.x_shape = (x_dim,)
    model.config = config | {"hidden": list(hidden)}
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
    activation: str = "leaky_relu",
) -> VAE:
    """A VAE of convolutional networks for square grey images, (n, 1, S, S).

    Args:
        image_size: S, the side in pixels; divisible by 2 for each entry of ``channels``.
        z_dim: d_z, the dimension of the latent variable.
        channels: of the encoder's convolutions, each of which halves the side; the decoder has
            them backwards.
        hidden: width of the fully connected layer of encoder and decoder, and of the two
            hidden layers of each of the prior's networks.
        prior, likelihood, num_importance_samples, num_pseudo_inputs, activation: as for
            :func:`mlp_vae`.

    Raises:
        ValueError: as :func:`mlp_vae`, or if the image cannot be halved that often.

    Example:
        >>> conv_vae(16, z_dim=2, channels=(4, 8), hidden=32).sample(3).shape
        torch.Size([3, 1, 16, 16])
    """
    config = dict(locals())  # the arguments, which save writes down
    channels = tuple(int(width) for width in channels)
    sizes = {"z_dim": z_dim, "hidden": hidden, "num_pseudo_inputs": num_pseudo_inputs}
    _check_sizes([*sizes.items(), *(("channels", width) for width in channels)])
    encoder = GaussianConv(image_size, z_dim, channels, hidden, activation=activation)
    decoder = ConvDecoder(z_dim, image_size, channels, hidden, activation)
    shape = (1, image_size, image_size)
    pseudo = (num_pseudo_inputs, *shape)
    p = _prior(
        prior, z_dim, (hidden,) * 2, num_importance_samples, encoder, pseudo, likelihood, activation
    )
    model = VAE(encoder, decoder, _LIKELIHOODS[likelihood](event_dims=3), p)
    model.x_shape = shape
    model.config = {"kind": "conv"} | config | {"channels": list(channels)}
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
    activation: str,
) -> nn.Module:
    """The prior of this name; pseudo-inputs begin as noise that fits the likelihood."""
    if likelihood not in _LIKELIHOODS:
        raise ValueError(f"likelihood must be one of {sorted(_LIKELIHOODS)}, got {likelihood!r}")
    if name == "hierarchical":
        return HierarchicalPrior(z_dim, None, hidden, num_samples, activation=activation)
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
        header, tensors = read_tensors(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or is no safetensors file: {error}") from error
    if header.get("format") != FORMAT:
        raise ValueError(
            f"{path} is no model file of this package: its format is "
            f"{header.get('format')!r}, expected {FORMAT!r}"
        )
    try:
        config = json.loads(header["config"])
        old = "activation" not in config  # written when networks had ReLU and no linear maps
        if old:
            config["activation"] = "relu"
        model = {"mlp": mlp_vae, "conv": conv_vae}[config.pop("kind", "mlp")](**config)
        if old:  # with A = 0 it is the same model
            maps = {k: v for k, v in model.state_dict().items() if k.endswith(".linear")}
            tensors = {k: torch.zeros_like(v) for k, v in maps.items()} | tensors
        model.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path} does not fit its own configuration: {error}") from error
    return model
