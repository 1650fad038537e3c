"""A decoder as plain numbers, its layers and its weights, for a page that has no PyTorch."""

import base64
import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .likelihoods import BernoulliLikelihood
from .vae import VAE

__all__ = ["decoder_layers", "encode", "pack_network"]

_TOLERANCE = 1e-5  # between the decoder and its layers one after another


def decoder_layers(decoder: nn.Module) -> list[tuple[list, list[Tensor]]]:
    """What a decoder does, layer after layer: ``[name, *sizes]`` and the layer's parameters.

    Known are ``Linear``, ``ReLU``, ``LeakyReLU``, ``Sigmoid``, ``Tanh``, ``Flatten``,
    ``Unflatten``, ``Conv2d``, ``ConvTranspose2d``, ``Upsample`` (to the nearest), ``Identity``,
    and ``Sequential`` of these, such as :class:`vhp_core.MLP`.

    Raises:
        ValueError: if a layer is of another kind, or has an option that the page does not know.

    Example:
        >>> from vhp_core import MLP
        >>> [layer for layer, _ in decoder_layers(MLP(2, 50, hidden=(64,)))]
        [['linear', 2, 64], ['relu', 0.0], ['linear', 64, 50]]
    """
    layers = []
    for module in _leaves(decoder):
        layer = _layer(module)
        if layer is None:
            continue
        parameters = []
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            outputs = module.out_features if layer[0] == "linear" else module.out_channels
            bias = torch.zeros(outputs) if module.bias is None else module.bias
            parameters = [parameter.detach().cpu() for parameter in (module.weight, bias)]
        layers.append((layer, parameters))
    return layers


@torch.no_grad()
def pack_network(model: VAE, checks: Tensor, half: bool = False) -> dict[str, Any]:
    """The network z -> mean of p_θ(x|z) for the page, with points to check the page's numbers by.

    Args:
        model: a VAE with a decoder of known layers.
        checks: (n, d_z), latent points to decode here as well.
        half: round the weights to 16 bits, which halves the page's weight. What the page decodes
            then differs from the model; the checks are decoded with the rounded weights too.

    Returns: ``layers``, ``weights`` (base64 of little-endian floats), ``half``, and ``checks``
    with the points ``z`` and the means ``x`` (base64 of float32), (n, d_z) and (n, D).

    Raises:
        ValueError: if a layer is not known, or the layers in their order do not give what
            ``model.decode`` gives: the decoder, or the likelihood, has a forward of its own.
    """
    decoder = copy.deepcopy(model.decoder).cpu().float().eval()
    if half:
        for parameter in decoder.parameters():
            parameter.copy_(parameter.half())
    pairs = decoder_layers(decoder)
    layers = [layer for layer, _ in pairs]
    is_bernoulli = isinstance(model.likelihood, BernoulliLikelihood)
    if is_bernoulli:
        layers.append(["sigmoid"])
    z = checks.detach().cpu().float()
    x = copy.deepcopy(model.likelihood).cpu().float()(decoder(z)).mean.flatten(1)
    chained = z
    for module in _leaves(decoder):
        chained = module(chained)
    chained = (chained.sigmoid() if is_bernoulli else chained).flatten(1)
    if chained.shape != x.shape or not (chained - x).abs().max() <= _TOLERANCE:
        raise ValueError(
            "decoding layer after layer does not give the model's mean: its decoder "
            f"({type(model.decoder).__name__}) or likelihood ({type(model.likelihood).__name__}) "
            "does more than its layers; build the decoder as a plain nn.Sequential"
        )
    weights = [p.numpy().ravel() for _, parameters in pairs for p in parameters]
    return {
        "layers": layers,
        "weights": encode(np.concatenate(weights), "<f2" if half else "<f4"),
        "half": half,
        "checks": {"z": z.tolist(), "x": encode(x.numpy(), "<f4")},
    }


def _leaves(module: nn.Module) -> list[nn.Module]:
    """The layers of nested ``Sequential`` in their order; another container is its own leaf."""
    if not isinstance(module, nn.Sequential):
        return [module]
    return [leaf for child in module for leaf in _leaves(child)]


def _layer(module: nn.Module) -> list | None:
    match module:
        case nn.Identity():
            return None
        case nn.Linear():
            return ["linear", module.in_features, module.out_features]
        case nn.ReLU():
            return ["relu", 0.0]
        case nn.LeakyReLU():
            return ["relu", module.negative_slope]
        case nn.Sigmoid():
            return ["sigmoid"]
        case nn.Tanh():
            return ["tanh"]
        case nn.Flatten() if (module.start_dim, module.end_dim) == (1, -1):
            return ["flatten"]
        case nn.Unflatten() if module.dim in (1, -1) and len(module.unflattened_size) == 3:
            return ["reshape", *(int(size) for size in module.unflattened_size)]
        case nn.Upsample() if module.mode == "nearest" and _whole(module.scale_factor):
            return ["upsample", int(module.scale_factor)]
        case nn.Conv2d() | nn.ConvTranspose2d() if _is_plain(module):
            name = "conv" if isinstance(module, nn.Conv2d) else "convTransposed"
            sizes = [module.kernel_size[0], module.stride[0], module.padding[0]]
            if name == "convTransposed":
                sizes.append(module.output_padding[0])
            return [name, module.in_channels, module.out_channels, *sizes]
    raise ValueError(
        f"the decoder has a layer that the page does not know: {module}. Known are Linear, ReLU, "
        "LeakyReLU, Sigmoid, Tanh, Flatten, Unflatten to (C, H, W), square Conv2d and "
        "ConvTranspose2d without groups or dilation, Upsample to the nearest by a whole factor, "
        "and Sequential of these"
    )


def _is_plain(module: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    """Square, undilated, in one group, padded with zeros."""
    if module.groups != 1 or module.padding_mode != "zeros" or isinstance(module.padding, str):
        return False
    pairs = (module.kernel_size, module.stride, module.padding, module.output_padding)
    return module.dilation == (1, 1) and all(a == b for a, b in pairs)


def _whole(factor: Any) -> bool:
    return isinstance(factor, int | float) and factor >= 1 and factor == int(factor)


def encode(values: np.ndarray, dtype: str) -> str:
    """Numbers of one type, in their order, as base64."""
    return base64.b64encode(np.ascontiguousarray(values).astype(dtype).tobytes()).decode("ascii")
