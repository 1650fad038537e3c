"""What a run minimises, as a module that several processes can share."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

__all__ = ["Objective"]


class Objective(nn.Module):
    """``function(model, x)`` as a module: so its gradients are joined over processes.

    Example:
        >>> import torch
        >>> Objective(nn.Identity(), lambda model, x: model(x).sum())(torch.ones(3))
        tensor(3.)
    """

    def __init__(self, model: nn.Module, function: Callable[[nn.Module, Tensor], Any]):
        super().__init__()
        self.model, self.function = model, function

    def forward(self, x: Tensor) -> Any:
        return self.function(self.model, x)
