"""One process on one device: what a run does where it is given no Lightning Fabric."""

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Alone", "own_precision"]

_CONVERTING = {"16-true": torch.half, "bf16-true": torch.bfloat16, "64-true": torch.double}


class Alone:
    """The few parts of a Fabric that a run uses, for a single process in the model's own type.

    A model that is on an accelerator stays there. Else the device is the current accelerator that
    torch finds, or the CPU if there is none, or if it is Apple's and the model is in double
    precision, which that does not have.

    Args:
        home: where the model is.
        dtype: the model's.

    Example:
        >>> Alone().world_size, Alone().is_global_zero
        (1, True)
        >>> Alone("cuda:1").device
        device(type='cuda', index=1)
    """

    world_size, global_rank, is_global_zero = 1, 0, True

    def __init__(self, home: torch.device | str = "cpu", dtype: torch.dtype = torch.float32):
        self.device = torch.device(home)
        if self.device.type == "cpu":
            found = torch.accelerator.current_accelerator(check_available=True)
            if found is not None and not (found.type == "mps" and dtype == torch.float64):
                self.device = found

    def to_device(self, module: nn.Module) -> nn.Module:
        return module.to(self.device)

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def clip_gradients(
        self, module: nn.Module, optimizer: torch.optim.Optimizer, max_norm: float
    ) -> None:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        nn.utils.clip_grad_norm_(parameters, max_norm)


def own_precision(fabric: Any, dtype: torch.dtype) -> None:
    """Refuse a Fabric that would give the weights another type: they lie in one vector by then.

    Raises:
        ValueError: if its precision is one that converts them, and they have another.
    """
    precision = "" if isinstance(fabric, Alone) else fabric.strategy.precision.precision
    wanted = _CONVERTING.get(precision, dtype)
    if wanted != dtype:
        raise ValueError(
            f"the Fabric's precision {precision!r} would turn the weights from {dtype} into "
            f'{wanted}: call model.to({wanted}) yourself, or take "16-mixed" or "bf16-mixed"'
        )
