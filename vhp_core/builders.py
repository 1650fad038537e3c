"""Models of usual networks, ready to be trained, and how they are read from files."""

import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn

from .doors.mixed import MixedLikelihood
from .engine.arguments import sizes, widths
from .engine.entries import Entrywise
from .engine.first_format import FIRST_FORMAT, of_first_format
from .engine.images import full_shape
from .engine.seeding import seeded
from .engine.structure import builder_name, read_module, restore
from .likelihoods import BernoulliLikelihood, GaussianLikelihood, GaussianPerColumnLikelihood
from .networks import MLP, ConvDecoder, GaussianConv, GaussianMLP
from .priors import HierarchicalPrior, StandardNormal, VampPrior
from .vae import FORMAT, VAE

__all__ = ["build", "conv_vae", "load", "mlp_vae"]

_LIKELIHOODS: dict[str, Callable[[tuple[int, ...]], Entrywise]] = {  # of observations of a shape
    "gaussian": lambda shape: GaussianLikelihood(len(shape)),
    "gaussian_per_column": GaussianPerColumnLikelihood,
    "bernoulli": lambda shape: BernoulliLikelihood(len(shape)),
}


def mlp_vae(
    x_dim: int,
    z_dim: int,
    hidden: Sequence[int] = (256, 256),
    prior: str = "hierarchical",
    likelihood: str | dict[str, Any] = "gaussian",
    num_importance_samples: int = 16,
    num_pseudo_inputs: int = 100,
    activation: str = "leaky_relu",
    seed: int | None = None,
) -> VAE:
    """A VAE of fully connected networks for observations that are vectors.

    Args:
        x_dim: D, the dimension of an observation.
        z_dim: d_z, the dimension of the latent variable.
        hidden: widths of the hidden layers of all four networks, the prior's too.
        prior: "hierarchical", "normal" or "vamp".
        likelihood: "gaussian", "gaussian_per_column" (a σ for each column), or "bernoulli" (then
            the data must lie in [0, 1]); for a table of mixed columns the dict that
            :attr:`vhp_core.doors.MixedTable.likelihood` is.
        num_importance_samples: K of the hierarchical prior's bound.
        num_pseudo_inputs: C of the VampPrior, which begin as noise: standard-normal, or uniform
            on [0, 1] for a Bernoulli likelihood. Better ones are observations:
            ``model.prior.pseudo_inputs.data.copy_(x[:C])``.
        activation: of all four networks, as for :class:`MLP`.
        seed: of the first weights, which then are the same each time, and leave PyTorch's random
            state alone. If None, they are drawn from that state.

    Raises:
        ValueError: if a size is not at least 1, a name is not one of those above, or ``seed`` is
            below 0.

    Example:
        >>> model = vhp.mlp_vae(x_dim=50, z_dim=2, hidden=(64, 64))
        >>> model.sample(4).shape
        torch.Size([4, 50])
    """
    config = dict(locals())  # the arguments, which save writes down
    if (seed := config.pop("seed")) is not None:
        with seeded(seed):
            return mlp_vae(**config)
    hidden = widths("hidden", hidden)
    config |= sizes(x_dim=x_dim, z_dim=z_dim, num_pseudo_inputs=num_pseudo_inputs)
    x_dim, z_dim = config["x_dim"], config["z_dim"]
    encoder = GaussianMLP(x_dim, z_dim, hidden, activation=activation)
    decoder = MLP(z_dim, x_dim, hidden, activation)
    model = _assembled(encoder, decoder, (x_dim,), hidden, config)
    model.config = config | {"hidden": list(hidden)}
    model._rebuild = partial(mlp_vae, **model.config)
    return model


def conv_vae(
    image_shape: int | Sequence[int],
    z_dim: int,
    channels: Sequence[int] = (8, 16, 32, 32),
    hidden: int = 256,
    prior: str = "hierarchical",
    likelihood: str = "gaussian",
    num_importance_samples: int = 16,
    num_pseudo_inputs: int = 100,
    activation: str = "leaky_relu",
    seed: int | None = None,
) -> VAE:
    """A VAE of convolutional networks for images, (n, channels, height, width).

    Args:
        image_shape: (channels, height, width) of one image, in pixels: 3 channels for colour, 1
            for grey. A number S is the grey square (1, S, S). Height and width may be odd, and
            are at least 2 ** len(channels).
        z_dim: d_z, the dimension of the latent variable.
        channels: widths of the encoder's convolutions, each of which halves height and width; the
            decoder has them backwards. These are not the image's channels.
        hidden: width of the fully connected layer of encoder and decoder, and of the two
            hidden layers of each of the prior's networks.
        prior, likelihood, num_importance_samples, num_pseudo_inputs, activation, seed: as for
            :func:`mlp_vae`; "gaussian_per_column" has a σ for each pixel and channel.

    Raises:
        ValueError: as :func:`mlp_vae`, or if ``image_shape`` is no such shape, or the image cannot
            be halved that often.

    Example:
        >>> vhp.conv_vae((3, 48, 32), z_dim=2, channels=(4, 8), hidden=32).sample(5).shape
        torch.Size([5, 3, 48, 32])
    """
    config = dict(locals())  # the arguments, which save writes down
    if (seed := config.pop("seed")) is not None:
        with seeded(seed):
            return conv_vae(**config)
    channels = widths("channels", channels)
    config |= sizes(z_dim=z_dim, hidden=hidden, num_pseudo_inputs=num_pseudo_inputs)
    shape, z_dim, hidden = full_shape(image_shape), config["z_dim"], config["hidden"]
    encoder = GaussianConv(shape, z_dim, channels, hidden, activation=activation)
    decoder = ConvDecoder(z_dim, shape, channels, hidden, activation)
    model = _assembled(encoder, decoder, shape, (hidden,) * 2, config)
    config |= {"image_shape": list(shape), "channels": list(channels)}
    model.config, model._rebuild = {"kind": "conv"} | config, partial(conv_vae, **config)
    return model


def build(builder: Callable[..., VAE], /, **arguments: Any) -> VAE:
    """``builder(**arguments)``, in a form that can be saved: for networks of your own.

    The file of :meth:`VAE.save` then holds the function's name and these arguments, and
    :func:`load` is given the function again. It is called once for each :meth:`VAE.save` too,
    and each time has to return the same architecture.

    Args:
        builder: a function that returns a :class:`VAE`. It has a name of its own, by which a file
            knows it; the module that it stands in does not matter.
        **arguments: its arguments, which JSON can hold: numbers, strings, lists (tuples reach the
            function as lists) and dicts of these.

    Raises:
        ValueError: if the builder has no name or returns no VAE, or JSON cannot hold an argument.

    Example:
        >>> from torch import nn
        >>> def narrow_vae(x_dim, z_dim):
        ...     encoder = vhp.GaussianMLP(x_dim, z_dim, hidden=(8,))
        ...     decoder = nn.Sequential(nn.Linear(z_dim, 8), nn.Tanh(), nn.Linear(8, x_dim))
        ...     prior = vhp.StandardNormal(z_dim)
        ...     return vhp.VAE(encoder, decoder, vhp.GaussianLikelihood(), prior)
        >>> model = vhp.build(narrow_vae, x_dim=5, z_dim=2)
        >>> model.config
        {'builder': 'narrow_vae', 'arguments': {'x_dim': 5, 'z_dim': 2}}
    """
    name = builder_name(builder)
    try:
        arguments = json.loads(json.dumps(arguments))
    except (TypeError, ValueError) as error:
        raise ValueError(f"a file cannot hold the arguments of {name}: {error}") from error
    model = builder(**arguments)
    if not isinstance(model, VAE):
        raise ValueError(f"{name} must return a VAE, got a {type(model).__name__}")
    model.config = {"builder": name, "arguments": arguments}
    model._rebuild = partial(build, builder, **arguments)
    return model


def _assembled(
    encoder: nn.Module,
    decoder: nn.Module,
    shape: tuple[int, ...],
    hidden: Sequence[int],
    config: dict[str, Any],
) -> VAE:
    """The VAE of these networks; prior and likelihood are what the builder's arguments say."""
    z_dim, likelihood, prior = config["z_dim"], config["likelihood"], config["prior"]
    if not isinstance(likelihood, dict) and likelihood not in _LIKELIHOODS:
        raise ValueError(f"likelihood must be one of {sorted(_LIKELIHOODS)}, got {likelihood!r}")
    if prior == "hierarchical":
        K, activation = config["num_importance_samples"], config["activation"]
        p = HierarchicalPrior(z_dim, None, hidden, K, activation=activation)
    elif prior == "normal":
        p = StandardNormal(z_dim)
    elif prior == "vamp":  # pseudo-inputs begin as noise that fits the likelihood
        noise = torch.rand if likelihood == "bernoulli" else torch.randn
        p = VampPrior(encoder, noise((config["num_pseudo_inputs"], *shape)))
    else:
        raise ValueError(f"prior must be one of ['hierarchical', 'normal', 'vamp'], got {prior!r}")
    table = isinstance(likelihood, dict)
    made = MixedLikelihood(**likelihood) if table else _LIKELIHOODS[likelihood](shape)
    model = VAE(encoder, decoder, made, p)
    model.x_shape = shape
    return model


def load(path: str | os.PathLike, builder: Callable[..., VAE] | None = None) -> VAE:
    """Read a model that :meth:`VAE.save` wrote: it computes what that one did, bit for bit.

    Its type, its mode and what was set on it are those of the model that was saved; it is on the
    CPU. PyTorch's random state is left alone. Nothing is unpickled, and a file's name of a
    function is never imported: the function is given here.

    Args:
        path: the file.
        builder: for a model of :func:`build`, the function that built it.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, is not a model of this package, or was built by
            another function than ``builder``.

    Example:
        >>> import torch
        >>> import tempfile
        >>> model = vhp.mlp_vae(5, 2, hidden=(8,))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/model.safetensors")
        ...     same = vhp.load(f"{folder}/model.safetensors")
        >>> torch.equal(same.decoder[0].weight, model.decoder[0].weight)
        True
    """
    header, tensors = read_module(path, (FORMAT, FIRST_FORMAT))
    try:
        config = json.loads(header["config"])
        own = None if "builder" in config else _BUILDERS[config.pop("kind", "mlp")]
        name = own.__name__ if own else config["builder"]
        given = name if own and builder is None else getattr(builder, "__qualname__", None)
        if own and header["format"] == FIRST_FORMAT:
            return of_first_format(own, config, tensors)
        if given == name:
            with seeded(0):  # a builder that has this name is not None
                model = own(**config) if own else build(builder, **config["arguments"])  # type: ignore[arg-type]
            restore(model, tensors, json.loads(header["settings"]))
            return model
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path} does not fit its own configuration: {error}") from error
    advice = f"give that function, load(path, builder={name})"
    raise ValueError(f"{path} was built by the function {name}, and builder is {given}: {advice}")


_BUILDERS: dict[str, Callable[..., VAE]] = {"mlp": mlp_vae, "conv": conv_vae}  # by their "kind"
