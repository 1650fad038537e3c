"""Units of networks: their activations by name, and those that have stopped learning."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

__all__ = ["activation_layer", "dead_units"]

# Where the derivative of an activation is zero on all data, its unit learns no more: ReLU has such
# units, the others have none or hardly any.
_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": lambda: nn.ReLU(inplace=True),
    "leaky_relu": lambda: nn.LeakyReLU(0.1, inplace=True),
    "silu": lambda: nn.SiLU(inplace=True),
}


def activation_layer(name: str) -> nn.Module:
    """The layer of this name: "relu", "leaky_relu" (slope 0.1 below 0) or "silu".

    Raises:
        ValueError: if there is no activation of this name.
    """
    if name not in _ACTIVATIONS:
        raise ValueError(f"activation must be one of {sorted(_ACTIVATIONS)}, got {name!r}")
    return _ACTIVATIONS[name]()


def dead_units(module: nn.Module, call: Callable[[], object]) -> dict[str, tuple[int, int]]:
    """Layer -> how many of its units were 0 in every row while ``call`` ran, and how many it has.

    Where a ReLU is 0 so is its derivative: no gradient reaches the unit's weights any more. Layers
    are the module's ``torch.nn.ReLU``, by their names; a ReLU that is called as a function is not
    seen. A unit of a convolution is a channel. Of a layer that runs twice the last rows count too.

    Example:
        >>> net = nn.Sequential(nn.Linear(1, 3), nn.ReLU())
        >>> _ = nn.init.zeros_(net[0].weight), nn.init.constant_(net[0].bias, -1.0)
        >>> dead_units(net, lambda: net(torch.ones(5, 1)))
        {'1': (3, 3)}
    """
    alive: dict[str, Tensor] = {}

    def watch(name: str) -> Callable[[nn.Module, tuple, Tensor], None]:
        def hook(_: nn.Module, __: tuple, output: Tensor) -> None:
            unit = -1 if output.ndim <= 2 else -3  # (B, units), or (..., channels, S, S)
            some = (output != 0).movedim(unit, 0).flatten(1).any(1)
            alive[name] = alive.get(name, torch.zeros_like(some)) | some

        return hook

    layers = [(n, m) for n, m in module.named_modules() if isinstance(m, nn.ReLU)]
    hooks = [layer.register_forward_hook(watch(name)) for name, layer in layers]
    try:
        call()
    finally:
        for hook in hooks:
            hook.remove()
    return {name: (len(some) - int(some.sum()), len(some)) for name, some in alive.items()}
