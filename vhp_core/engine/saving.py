"""The checkpoint of a run: all that it needs to go on as if it had not been interrupted."""

import hashlib
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .checkpoints import read_checkpoint, write_checkpoint
from .seeding import random_state, set_random_state

if TYPE_CHECKING:
    from .runs import Run

__all__ = ["Undo", "fingerprint", "load_run", "save_run"]


class Undo:
    """Takes back what a step changes before its weights move: random state, λ, buffers.

    Of a block of steps (:meth:`hold`) it takes back everything.
    """

    def __init__(self, run: "Run"):
        self.run = run
        self.buffers = [] if run.checkpoint is None else list(run.model.buffers())
        self.held: dict[str, Any] | None = None

    def remember(self) -> None:
        """Keep the state of before a step; within a block, that of before the block stays."""
        if self.held is not None:
            return
        constraint = self.run.constraint
        self.random = random_state(self.run.fabric.device)
        self.moved = None if constraint is None else constraint.state_dict()
        self.kept = [buffer.clone() for buffer in self.buffers]

    def hold(self) -> None:
        """Begin a block with the step whose batch is drawn: keep weights and moments as well."""
        run, scheduler = self.run, self.run.descent.scheduler
        moved = (*run.parameters.vectors, *run.model.buffers())
        self.held = {
            "step": run.step - 1,
            "tensors": [(tensor, tensor.detach().clone()) for tensor in moved],
            "optimizer": deepcopy(run.optimizer.state_dict()),
            "scheduler": None if scheduler is None else deepcopy(scheduler.state_dict()),
        }

    def release(self) -> None:
        """End the block: its steps stand in the history."""
        self.held = None

    @torch.no_grad()
    def __call__(self) -> None:
        """Go back to what was kept."""
        run = self.run
        set_random_state(self.random, run.fabric.device)
        if run.constraint is not None:
            run.constraint.load_state_dict(self.moved)
        for buffer, kept in zip(self.buffers, self.kept, strict=True):
            buffer.copy_(kept)
        if self.held is not None:
            for tensor, kept in self.held["tensors"]:
                tensor.copy_(kept)
            run.optimizer.load_state_dict(self.held["optimizer"])
            if run.descent.scheduler is not None:
                run.descent.scheduler.load_state_dict(self.held["scheduler"])
            run.step, run.moving, self.held = self.held["step"], False, None
            run.history.cut(run.step)


def save_run(run: "Run") -> None:
    """Write the run's whole state; not from another than the first process, nor lost weights."""
    weights = run.parameters.vectors
    if not run.fabric.is_global_zero or not all(torch.isfinite(w).all() for w in weights):
        return
    called, plain = run.calls.states()
    tensors = {f"model.{key}": value for key, value in run.model.state_dict().items()}
    tensors |= run.descent.tensors() | called | random_state(run.fabric.device)
    tensors |= {
        f"history.{key}": torch.tensor(v)
        if not isinstance(v[0], float)
        else torch.tensor(v, dtype=torch.float64)
        for key, v in run.history.columns.items()
    }
    state = {"step": run.step, "columns": list(run.history.columns)}
    if run.constraint is not None:
        state["constraint"] = run.constraint.state_dict()
    more = {
        "fits_before": run.history.fits_before, "calling": run.calling, "callbacks": plain,
        "stopped": run.stopped and run.calls.for_good,
    }  # fmt: skip
    state |= {key: value for key, value in more.items() if value}
    assert run.checkpoint is not None
    write_checkpoint(run.checkpoint, tensors, run.identity, state)


def load_run(run: "Run") -> None:
    """Go on from the run's checkpoint, in whichever process and with whichever model of its kind.

    Raises:
        ValueError: if the file is damaged, another run's, ahead of this one, or of one of the
            model's runs that is neither the last nor the next.
    """
    assert run.checkpoint is not None
    tensors, state = read_checkpoint(run.checkpoint, run.identity)
    if state["step"] > run.steps:
        raise ValueError(
            f"the checkpoint {run.checkpoint} has done {state['step']} steps, more than "
            f"steps = {run.steps}"
        )
    before, now = state.get("fits_before", 0), run.history.fits_before
    if now not in (0, before, before + 1):
        raise ValueError(
            f"the checkpoint {run.checkpoint} is of a model's fit {before + 1}, but this model has "
            f"had {now} fits, which would be lost. The file was left as it was; go on with a "
            "model built anew, or name another path"
        )
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "history": {}}
    for name, value in tensors.items():
        head, _, key = name.partition(".")
        parts.setdefault(head, {})[key] = value
    run.model.load_state_dict(parts["model"])
    run.descent.load(tensors)
    if run.constraint is not None:
        run.constraint.load_state_dict(state["constraint"])
    run.calls.load(tensors, state.get("callbacks", []))
    run.history.columns = {key: parts["history"][key].tolist() for key in state["columns"]}
    run.history.fits_before = before
    set_random_state(tensors, run.fabric.device)
    run.history.resumed_at = state["step"]
    run.step, run.calling = state["step"], state.get("calling", False)
    run.stopped = run.calls.for_good = state.get("stopped", False)


def fingerprint(x: Any, rows: int = 1000) -> str:
    """Shape and hash of at most about ``rows`` rows of the data, evenly spaced."""
    some = x[:: max(1, len(x) // rows)].cpu().contiguous().view(torch.uint8)
    digest = hashlib.blake2b(some.numpy().data, digest_size=8).hexdigest()
    return f"{tuple(x.shape)} {digest}"
