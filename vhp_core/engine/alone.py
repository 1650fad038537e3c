"""One process on one device: what a run does where it is given no Lightning Fabric."""

import torch
from torch import Tensor, nn

__all__ = ["Alone"]


class Alone:
    """The few parts of a Fabric that a run uses, for a single process in the model's own type.

    The device is the GPU that torch finds, else the CPU.

    Example:
        >>> Alone().world_size, Alone().is_global_zero
        (1, True)
    """

    world_size, global_rank, is_global_zero = 1, 0, True

    def __init__(self) -> None:
        found = torch.accelerator.current_accelerator(check_available=True)
        self.device = torch.device("cpu") if found is None else found

    def to_device(self, module: nn.Module) -> nn.Module:
        return module.to(self.device)

    def backward(self, loss: Tensor) -> None:
        loss.backward()
