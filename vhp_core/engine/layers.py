"""Networks of linear layers and (leaky) ReLUs, forward and backward written out.

A function whose gradient is written out (:mod:`vhp_core.engine.bound`) goes through them so. A node
for each network alone, in the place of automatic differentiation, gained nothing that outweighed
the node itself.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu_, linear

__all__ = ["back", "by_graph", "layers_of", "mode_allows", "through"]

Layers = list[tuple[nn.Linear, float | None]]  # with the slope below 0 of the activation behind it
Slopes = Sequence[float | None]


def layers_of(net: Iterable[nn.Module], *around: nn.Module) -> Layers:
    """The linear layers and what follows each; [] if the network is of any other kind.

    It is where a module or one ``around`` it has hooks, something stands in the place of a layer, a
    layer has no bias, or the activation is another than ReLU or LeakyReLU.
    """
    modules = list(net)
    if len(modules) % 2 == 0 or any(
        m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in (*around, *modules)
    ):
        return []
    found: Layers = []
    for number, layer in enumerate(modules):
        if number % 2 == 0 and type(layer) is nn.Linear and layer.bias is not None:
            found.append((layer, None))
        elif number % 2 and type(layer) in (nn.LeakyReLU, nn.ReLU):
            found[-1] = (found[-1][0], getattr(layer, "negative_slope", 0.0))
        else:
            return []
    return found


def mode_allows(x: Tensor, like: Tensor) -> bool:
    """Whether PyTorch is to differentiate plainly: no mixed precision, compiler or transform."""
    return (
        torch.is_grad_enabled()
        and x.dtype == like.dtype
        and not torch.is_autocast_enabled(x.device.type)
        and not torch.compiler.is_compiling()
        and not torch._C._functorch.is_functorch_wrapped_tensor(x)
    )


def by_graph(ctx: Any, output: Tensor, gradient: Tensor, *inputs: Any) -> tuple:
    """Gradients of a function's inputs that can be differentiated again."""
    wanted = [i for i, needed in enumerate(ctx.needs_input_grad) if needed]
    found = torch.autograd.grad(output, [inputs[i] for i in wanted], gradient, create_graph=True)
    by_place = dict(zip(wanted, found, strict=True))
    return tuple(by_place.get(i) for i in range(len(inputs)))


def through(x: Tensor, weights: Sequence[Tensor], slopes: Slopes) -> list[Tensor]:
    """What each layer gives, x first; ``weights`` are W, b, W, b and so on."""
    values = [x]
    for number, slope in enumerate(slopes):
        weight, bias = weights[2 * number : 2 * number + 2]
        values.append(torch.addmm(bias, values[-1], weight.t()))
        if slope is not None:
            leaky_relu_(values[-1], slope)
    return values


def back(
    gradient: Tensor, x: Tensor, weights: Sequence[Tensor], hidden: Sequence[Tensor], slopes: Slopes
) -> tuple[Tensor, list[Tensor]]:
    """The gradients of x and of the weights, from that of the output of the last, linear layer.

    Args:
        hidden: what the layers but the last gave.
    """
    leaky_backward_ = torch.ops.aten.leaky_relu_backward.grad_input
    values, found = [x, *hidden], []
    for number in reversed(range(len(slopes))):
        slope = slopes[number]
        if slope is not None:  # the output of an activation has the sign of its input
            leaky_backward_(gradient, hidden[number], slope, True, grad_input=gradient)
        found += [gradient.sum(0), _transposed_product(gradient, values[number])]
        gradient = _product(gradient, weights[2 * number])
    return gradient, found[::-1]


def _product(a: Tensor, b: Tensor) -> Tensor:
    """a b, (n, i) and (i, j) -> (n, j).

    Processors' libraries are several times slower where j is very small, as the dimension of z may
    be, unless they get b by columns.
    """
    return linear(a, b.t().contiguous()) if b.shape[1] <= 8 else a @ b


def _transposed_product(a: Tensor, b: Tensor) -> Tensor:
    """aᵀ b, (n, i) and (n, j) -> (i, j), with the narrower one first for the same reason."""
    return (b.t() @ a).t() if b.shape[1] < a.shape[1] else a.t() @ b
