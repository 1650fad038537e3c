"""Held-out data that a run looks at now and then."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from .seeding import sharded, stream

__all__ = ["HeldOut"]

_ROWS_AT_ONCE, _VALUES_AT_ONCE = 1 << 10, 1 << 21  # that pass through the networks together


class HeldOut:
    """Means of some measures over held-out data, with noise of their own: the same each time.

    Args:
        x: (n, ...) the data, a tensor or indexed like one, left where they are; rows go to the
            device a few at a time.
        measure: a batch (B, ...) -> name -> (B,).
        names: of the measures.
    """

    def __init__(
        self, x: Any, measure: Callable[[Tensor], dict[str, Tensor]], names: tuple[str, ...]
    ):
        self.x, self.measure, self.names = x, measure, names
        self.rows = max(1, min(_ROWS_AT_ONCE, _VALUES_AT_ONCE // x.shape[1:].numel()))

    @torch.no_grad()
    def look(self, model: nn.Module, seed: int, device: torch.device) -> dict[str, float]:
        """Name -> mean. Each of several processes passes all rows, and gets the same."""
        training, dtype = model.training, next(model.parameters()).dtype
        model.eval()
        try:
            with stream(seed, 0, 1, module=model, device=device), sharded(0, 1):
                parts = [
                    self.measure(self.x[start : start + self.rows].to(device, dtype))
                    for start in range(0, len(self.x), self.rows)
                ]
        finally:
            model.train(training)
        values = {name: torch.cat([part[name] for part in parts]).cpu() for name in self.names}
        return {name: value.double().mean().item() for name, value in values.items()}
