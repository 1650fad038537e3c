"""The history of a run in TensorBoard, while it goes on."""

import math
import os
from pathlib import Path
from typing import Any

from ..engine.arguments import whole
from ..engine.calls import RunState
from ..engine.extras import require

__all__ = ["TensorBoard"]


class TensorBoard:
    """Writes the numbers of the history into a folder that ``tensorboard --logdir`` shows.

    It needs the package tensorboard (``pip install 'vhp_core[tensorboard]'``, 60 MB). Of several
    processes the first one writes. A run that is resumed goes on in its curves; another run
    belongs into another folder, and is refused here.

    Args:
        folder: where to write; it is made if it is not there.
        every: steps from one entry to the next. Held-out values are written whenever they are new.

    Raises:
        ModuleNotFoundError: if the package is not installed.
        ValueError: if ``every`` is below 1; in the first step, if the folder has the curves of
            another run.

    Example:
        >>> import torch
        >>> model, x = vhp.mlp_vae(5, 2, hidden=(8,)), torch.randn(50, 5)
        >>> board = vhp.callbacks.TensorBoard("runs/first")  # doctest: +SKIP
        >>> vhp.fit(model, x, vhp.Rewo(1.0), steps=3000, callback=board)  # doctest: +SKIP
    """

    def __init__(self, folder: str | os.PathLike, every: int = 10):
        require("tensorboard", "tensorboard")
        self.folder, self.every = os.fspath(folder), whole("every", every)
        self.writer: Any = None

    def __call__(self, state: RunState) -> None:
        """Write the step's numbers, if it is its turn."""
        if not state.is_global_zero:
            return
        if self.writer is None:
            from torch.utils.tensorboard import SummaryWriter

            if state.step == 1 and any(Path(self.folder).glob("events.out.tfevents.*")):
                raise ValueError(
                    f"{self.folder} has the curves of another run: name a folder for this one, or "
                    "delete those"
                )
            self.writer = SummaryWriter(self.folder, purge_step=state.step)
        turn = state.step % self.every == 0 or state.step == state.steps
        for name, value in (state.row if turn else state.validation or {}).items():
            if name != "step" and not math.isnan(value):
                self.writer.add_scalar(name, float(value), state.step)

    def end(self, state: RunState) -> None:
        """Write out what is left, however the run has ended."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None
