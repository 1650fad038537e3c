"""A decoder as plain numbers, its layers and its weights, for a page that has no PyTorch."""

import base64
import copy
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np
import torch
from torch import Tensor, nn

from ..likelihoods import BernoulliLikelihood
from ..vae import VAE

__all__ = ["decoder_layers", "encode", "pack_network", "rounding_error", "share_parameters"]

_TOLERANCE = 1e-5  # between the decoder and its layers one after another
_BITS = (32, 16, 8)
_CHECKED = 400  # values of a checked point that the page holds, at most


def decoder_layers(decoder: nn.Module) -> list[tuple[list, list[Tensor]]]:
    """What a decoder does, layer after layer: ``[name, *sizes]`` and the layer's parameters.

    Known are ``Linear``, ``ReLU``, ``LeakyReLU``, ``SiLU``, ``Sigmoid``, ``Tanh``,
    ``Flatten``, ``Unflatten``, ``Conv2d``, ``ConvTranspose2d``, ``Upsample`` (to the nearest),
    ``Identity``, and ``Sequential`` of these, such as :class:`vhp_core.MLP`.

    Raises:
        ValueError: if a layer is of another kind, or has an option that the page does not know.

    Example:
        >>> [layer for layer, _ in vhp.page.decoder_layers(vhp.MLP(2, 50, hidden=(64,)))]
        [['linear', 2, 64], ['relu', 0.1], ['linear', 64, 50]]
    """
    layers = []
    for module in _leaves(decoder):
        layer = _layer(module)
        if layer is None:
            continue
        parameters = []
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            outputs = module.out_features if isinstance(module, nn.Linear) else module.out_channels
            bias = torch.zeros(outputs) if module.bias is None else module.bias
            parameters = [parameter.detach().cpu() for parameter in (module.weight, bias)]
        layers.append((layer, parameters))
    return layers


@torch.no_grad()
def pack_network(model: VAE, checks: Tensor, bits: int = 32) -> dict[str, Any]:
    """The network z -> mean of p_θ(x|z) for the page, with points to check the page's numbers by.

    With fewer bits the page is lighter, and what it decodes differs from the model
    (:func:`rounding_error`); the checks are decoded with the rounded numbers too.

    Args:
        model: a VAE with a decoder of known layers.
        checks: (n, d_z), latent points to decode here as well.
        bits: of a weight. 32 and 16: floats. 8: integers with a float for each row of a weight
            matrix or each column, whichever loses less; biases are 16-bit floats then.

    Returns: ``layers``; ``parameters``, for each layer that has any a ``weight`` and a ``bias``
    (base64 of little-endian numbers), with 8 bits also the ``scale`` by which integers become
    weights, and ``run``: how many weights in succession share one before the next one's turn;
    ``bits``; and ``checks`` with the points ``z``, the ``size`` D of what they decode to, and the
    means ``x`` (base64 of float32): of point i the values i mod ``thin``, and every ``thin``-th
    that follows, so that many points share the check of many values.

    Raises:
        ValueError: if ``bits`` is none of these, a layer is not known, a rounded weight is not
            finite, or the layers in their order do not give what ``model.decode`` gives: the
            decoder, or the likelihood, has a forward of its own.
    """
    decoder, parameters = _rounded(model.decoder, bits)
    layers = [layer for layer, _ in decoder_layers(decoder)]
    is_bernoulli = isinstance(model.likelihood, BernoulliLikelihood)
    if is_bernoulli:
        layers.append(["sigmoid"])
    z = checks.detach().cpu().float()
    x = _on_cpu(model.likelihood)(decoder(z)).mean.flatten(1)
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
    thin = -(-x.shape[1] // _CHECKED)
    kept = torch.cat([values[i % thin :: thin] for i, values in enumerate(x)])
    told = {"z": z.tolist(), "x": encode(kept.numpy(), "<f4"), "size": x.shape[1], "thin": thin}
    return {"layers": layers, "parameters": parameters, "bits": bits, "checks": told}


def share_parameters(networks: Sequence[dict]) -> tuple[list[dict], list[dict]]:
    """Packed networks that name their layers' parameters by number, and the list of these.

    A layer that several networks have with the same numbers stands in the list once.

    Example:
        >>> one, two = {"parameters": ["a", "b"]}, {"parameters": ["c", "b"]}
        >>> share_parameters([one, two])
        ([{'parameters': [0, 1]}, {'parameters': [2, 1]}], ['a', 'b', 'c'])
    """
    listed: list[dict] = []
    numbered = []
    for network in networks:
        listed += [p for p in network["parameters"] if p not in listed]
        numbered.append(network | {"parameters": [listed.index(p) for p in network["parameters"]]})
    return numbered, listed


@torch.no_grad()
def rounding_error(model: VAE, z: Tensor, bits: int) -> float:
    """How far what the page decodes is from the model: root mean square, in the data's unit.

    Args:
        model: a VAE with a decoder of layers that :func:`decoder_layers` knows.
        z: (n, d_z), the points at which both are compared.
        bits: 32, 16 or 8.

    Raises:
        ValueError: if ``bits`` is none of these, or as :func:`decoder_layers`.

    Example:
        >>> import torch
        >>> torch.manual_seed(0)  # doctest: +ELLIPSIS
        <...>
        >>> model, z = vhp.mlp_vae(50, 2, hidden=(64,)), torch.randn(100, 2)
        >>> vhp.page.rounding_error(model, z, 16) < 1e-4
        True
        >>> vhp.page.rounding_error(model, z, 8) < 1e-2
        True
    """
    decoder, _ = _rounded(model.decoder, bits)
    likelihood, z = _on_cpu(model.likelihood), z.detach().cpu().float()
    exact = likelihood(_on_cpu(model.decoder).eval()(z)).mean
    return (likelihood(decoder(z)).mean - exact).square().mean().sqrt().item()


def _rounded(decoder: nn.Module, bits: int) -> tuple[nn.Module, list[dict]]:
    """A copy of the decoder with rounded parameters, and these as the page takes them."""
    if bits not in _BITS:
        raise ValueError(f"bits must be one of {', '.join(map(str, _BITS))}, got {bits!r}")
    decoder = _on_cpu(decoder).eval()
    packed = []
    for _, parameters in decoder_layers(decoder):
        if not parameters:
            continue
        weight, bias = parameters
        told: dict[str, Any] = {}
        if bits == 8:
            steps, scale, run = _steps(weight)
            weight.copy_(steps * scale)
            told = {"weight": encode(steps.numpy(), "i1"), "run": run}
            told |= {"scale": encode(scale.numpy(), "<f4")}
        elif bits == 16:
            weight.copy_(weight.half())
        if bits < 32:
            bias.copy_(bias.half())
        if not (weight.isfinite().all() and bias.isfinite().all()):
            raise ValueError(f"the decoder has weights that are not finite in {bits} bits")
        dtype = "<f4" if bits == 32 else "<f2"
        told |= {"bias": encode(bias.numpy(), dtype)}
        if bits != 8:
            told["weight"] = encode(weight.numpy(), dtype)
        packed.append(told)
    return decoder, packed


def _on_cpu(module: Any) -> nn.Module:
    """A copy in single precision."""
    return copy.deepcopy(module).cpu().float()


def _steps(weight: Tensor) -> tuple[Tensor, Tensor, int]:
    """Whole numbers from −127 to 127, the scale of each, and how many in succession share it.

    Rows are the first dimension of a weight, columns the second.
    """
    found = []
    for dim in (0, 1):
        others = [d for d in range(weight.ndim) if d != dim]
        scale = (weight.abs().amax(others, keepdim=True) / 127).clamp_min(1e-30)
        steps = (weight / scale).round()
        loss = (steps * scale - weight).square().sum().item()
        found.append((loss, steps, scale, weight[0].numel() if dim == 0 else weight[0, 0].numel()))
    return min(found, key=lambda one: one[0])[1:]


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
        case nn.SiLU():
            return ["silu"]
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
        "LeakyReLU, SiLU, Sigmoid, Tanh, Flatten, Unflatten to (C, H, W), square Conv2d and "
        "ConvTranspose2d without groups or dilation, Upsample to the nearest by a whole factor, "
        "and Sequential of these"
    )


def _is_plain(module: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    """Square, undilated, in one group, padded with zeros."""
    if module.groups != 1 or module.padding_mode != "zeros" or isinstance(module.padding, str):
        return False
    pairs = (module.kernel_size, module.stride, module.padding, module.output_padding)
    return module.dilation == (1, 1) and all(a == b for a, b in pairs)


def _whole(factor: Any) -> TypeGuard[float]:
    return isinstance(factor, int | float) and factor >= 1 and factor == int(factor)


def encode(values: np.ndarray, dtype: str) -> str:
    """Numbers of one type, in their order, as base64."""
    return base64.b64encode(np.ascontiguousarray(values).astype(dtype).tobytes()).decode("ascii")
