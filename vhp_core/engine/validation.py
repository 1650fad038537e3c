"""Held-out data that a run looks at now and then."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from .seeding import sharded, stream

__all__ = ["HeldOut"]

NAMES = ("validation_error", "validation_rate", "validation_bound")
_ROWS_AT_ONCE, _VALUES_AT_ONCE = 1 << 10, 1 << 21  # that pass through the networks together


class HeldOut:
    """Mean error, rate and bound of held-out data, with noise of their own: the same each time.

    Args:
        x: (n, ...) the data, a tensor or indexed like one, left where they are; rows go to the
            device a few at a time.
        bound: a batch (B, ...) -> its bound on log p(x), (B,), and its error and rate, (B,) each.
        before: called before each look: it sets what the bound needs.
    """

    def __init__(
        self,
        x: Any,
        bound: Callable[[Tensor], tuple[Tensor, tuple[Tensor, Tensor]]],
        before: Callable[[], None] = lambda: None,
    ):
        self.x, self.bound, self.before = x, bound, before
        self.rows = max(1, min(_ROWS_AT_ONCE, _VALUES_AT_ONCE // x.shape[1:].numel()))

    @torch.no_grad()
    def look(self, model: nn.Module, seed: int, device: torch.device) -> dict[str, float]:
        """Name -> mean. Each of several processes passes all rows, and gets the same."""
        self.before()
        training, dtype = model.training, next(model.parameters()).dtype
        model.eval()
        try:
            with stream(seed, 0, 1, module=model, device=device), sharded(0, 1):
                parts = [
                    self.bound(self.x[start : start + self.rows].to(device, dtype))
                    for start in range(0, len(self.x), self.rows)
                ]
        finally:
            model.train(training)
        columns = zip(*((*terms, bound) for bound, terms in parts), strict=True)
        means = (torch.cat(column).cpu().double().mean().item() for column in columns)
        return dict(zip(NAMES, means, strict=True))
