r"""Steps on an accelerator that nothing waits for.

To read a batch's error as a number the processor waits until the accelerator has done all that it
was given, and the accelerator then waits for the next step. Past the initial phase the number is
needed for λ alone, so λ and Ĉ can stay on the device, and a block of steps is read at once.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .alone import Alone

if TYPE_CHECKING:
    from .runs import Run

__all__ = ["Ahead"]


_COLUMNS = ("error", "smoothed_error", "rate", "multiplier")  # as the history has them


class Ahead:
    """The constraint of a run on the run's device, for steps that are read a block at a time.

    It does what ``update`` of Geco and Rewo does, in double precision, and is used where nobody
    has to see each step as it ends: on a GPU, in one process, past the initial phase, without
    callbacks and held-out data. Where a block's numbers turn out not to be finite, its steps are
    undone and taken again one by one, so that a run diverges as it would have.

    Args:
        run: the run.
        known: whether its constraint is Geco or Rewo itself.
    """

    devices: tuple[str, ...] = ("cuda",)
    block = 50  # steps

    def __init__(self, run: "Run", known: bool):
        self.run, self.constraint = run, run.constraint
        seen = run.calls.all or run.held_out is not None
        alone = isinstance(run.fabric, Alone) and run.fabric.device.type in self.devices
        self.on = known and alone and not seen
        self.kept: list[Tensor] = []

    def begin(self) -> bool:
        """Before a step's forward pass: whether it is one of these."""
        constraint = self.constraint
        if not self.on or constraint.initial_phase or constraint.smoothed_error is None:
            return False
        if not self.kept:
            self.run.undo.hold()
            state = [constraint.value, constraint.smoothed_error]
            self.value, self.smoothed = torch.tensor(
                state, dtype=torch.float64, device=self.run.fabric.device
            )
        return True

    def descend(self, terms: Any, loss: Callable[..., Tensor]) -> None:
        """The step itself: λ by the batch's error, one step of the optimiser, the block's end."""
        multiplier = self._update(terms.error, terms.rate)
        self.run.descend(loss(terms, multiplier, self.constraint.kappa))
        if self._due():
            self._read()

    @torch.no_grad()
    def _update(self, error: Tensor, rate: Tensor) -> Tensor:
        """λ of this step, a scalar on the device, by the errors and rates of its batch, (B,)."""
        constraint, means = self.constraint, torch.stack([error.mean(), rate.mean()]).double()
        self.smoothed = constraint.alpha * self.smoothed + (1 - constraint.alpha) * means[0]
        delta = self.smoothed - constraint.kappa**2
        log_step = constraint.nu * delta
        tau = getattr(constraint, "tau", None)  # of Rewo
        if tau is not None:
            slowed = log_step * torch.tanh(tau * (1 - 1 / self.value))
            log_step = torch.where(delta > 0, log_step, slowed)
        limit = constraint.max_log_step
        log_value = (self.value.log() + log_step.clamp(-limit, limit)).clamp(-30, 30)
        self.value = log_value.exp() if tau is None else log_value.exp().clamp_min(1.0)
        self.kept.append(torch.stack([means[0], self.smoothed, means[1], self.value]))
        return self.value.to(error.dtype)

    def _due(self) -> bool:
        run = self.run
        saved = run.checkpoint is not None and run.step % run.checkpoint_every == 0
        return run.step % self.block == 0 or run.step == run.steps or saved

    def _read(self) -> None:
        """Enter the block into the history."""
        run = self.run
        table, self.kept = torch.stack(self.kept), []
        if not (table.isfinite().all() and (table[:, 0] >= 0).all()):
            self.on = False
            run.undo()
            return
        *before, last = (dict(zip(_COLUMNS, row, strict=True)) for row in table.tolist())
        for step, row in enumerate(before, run.step - len(before)):
            run.history.append(step=step, **row, initial_phase=False)
        run.bar.update(len(before))
        self.constraint.value = last["multiplier"]
        self.constraint.smoothed_error = last["smoothed_error"]
        run.undo.release()
        run.record(**last, initial_phase=False)
