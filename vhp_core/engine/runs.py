"""A training run: its device and processes, batches, steps, progress bar, and how it ends."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from .alone import Alone, own_precision
from .arguments import whole
from .calls import Calls, RunState
from .flat import FlatParameters, HasParameters
from .history import History
from .interrupts import Interrupts
from .optimisers import Descent
from .owners import claim
from .saving import Undo, fingerprint, load_run, save_run
from .seeding import generator, outside, sharded, stream
from .validation import NAMES, HeldOut

if TYPE_CHECKING:  # it takes long to import, and a run does not need it to begin
    import os

    from lightning_fabric import Fabric

__all__ = ["History", "Run"]


class Run:
    """What training loops share. As a context it holds a module on its device, and a seed's stream.

    At the end, by whatever way, the module is back where it was, in evaluation mode, its
    parameters own their memory, and its ``history`` is that of the run. A run that is stopped by
    an exception leaves a checkpoint of its last whole step.

    Args:
        model: the module whose parameters are trained; of any kind.
        objective: a module around ``model``, or the model itself, called with a batch.
        x: (n, ...) data: a tensor, which goes to the device; or like one, and each batch does.
        identity: what tells this run from others, for its checkpoint; plain JSON values.
        constraint: has state_dict and load_state_dict, as :class:`Geco`; or None.
        at_rest: parameters that this run does not train.
        apart: a part of the model that may rest in some steps (``resting`` of :meth:`descend`).
        held_out: data that the run looks at every ``validate_every`` steps; or None.
        at_end: called at the end, by whatever way, of a run that has taken a step.
        steps, batch_size, learning_rate, seed, progress, checkpoint, checkpoint_every, fabric,
            cooldown, validate_every, callback, optimizer, scheduler, clip: as for
            :func:`vhp_core.fit`.

    Raises:
        ValueError: if a number is out of its range, the checkpoint is damaged or another's, or
            the constraint was moved with another model.
    """

    def __init__(
        self,
        model: nn.Module,
        objective: nn.Module,
        x: Any,
        identity: dict[str, Any],
        constraint: Any = None,
        at_rest: Sequence[nn.Parameter] = (),
        apart: HasParameters | None = None,
        held_out: HeldOut | None = None,
        at_end: Callable[[], None] = lambda: None,
        *,
        steps: int,
        batch_size: int,
        learning_rate: float,
        seed: int,
        progress: bool,
        checkpoint: "str | os.PathLike | None" = None,
        checkpoint_every: int = 500,
        fabric: "Fabric | None" = None,
        cooldown: float = 0.0,
        validate_every: int = 100,
        callback: Callable | Sequence[Callable] | None = None,
        optimizer: Callable | None = None,
        scheduler: Callable | None = None,
        clip: float | None = None,
    ):
        steps, batch_size = whole("steps", steps), whole("batch_size", batch_size)
        self.checkpoint_every = whole("checkpoint_every", checkpoint_every)
        self.validate_every = whole("validate_every", validate_every)
        if not 0 < learning_rate < float("inf"):
            raise ValueError(f"learning_rate must be finite and above 0, got {learning_rate}")
        if not 0 <= cooldown <= 1:
            raise ValueError(f"cooldown must lie in [0, 1], got {cooldown}")
        if cooldown and scheduler is not None:
            raise ValueError("cooldown and scheduler both set the learning rate: give one of them")
        if clip is not None and not clip > 0:
            raise ValueError(f"clip, the largest norm of the gradient, must be above 0, got {clip}")
        first = next(model.parameters())
        self.home, self.dtype = first.device, first.dtype
        self.fabric = Alone(self.home, self.dtype) if fabric is None else fabric
        if batch_size % self.fabric.world_size:
            raise ValueError(
                f"batch_size must be a multiple of the {self.fabric.world_size} processes, "
                f"got {batch_size}"
            )
        self.model: Any = model  # on which a run leaves ``history`` and ``fits``
        self.objective, self.constraint = objective, constraint
        self.x, self.at_rest, self.apart = x, at_rest, apart
        self.resident = isinstance(x, Tensor)
        self.held_out, self.at_end = held_out, at_end
        self.steps, self.batch_size, self.seed, self.progress = steps, batch_size, seed, progress
        self.rule = (learning_rate, optimizer, scheduler, cooldown)
        self.clip, self.calls = clip, Calls(callback)
        self.checkpoint = None if checkpoint is None else Path(checkpoint)
        self.identity = identity | {
            "parameters": {key: list(value.shape) for key, value in model.state_dict().items()},
            "data": fingerprint(x),
            "batch_size": batch_size,
            "learning_rate": learning_rate,
            "seed": seed,
        }
        if cooldown:  # the learning rate then depends on how many steps there are
            self.identity["cooldown"] = [cooldown, steps]
        if clip is not None:
            self.identity["clip"] = clip
        if held_out is not None:
            self.identity["validation"] = [fingerprint(held_out.x), validate_every]
        self.identity |= self.calls.identity
        self.history = History(fits_before=getattr(model, "fits", 0))
        self.step, self.stopped = 0, False
        self.moving = self.calling = False  # between weights and history; in callbacks

    def __enter__(self) -> "Run":
        with ExitStack() as stack:
            self.interrupts = stack.enter_context(Interrupts())
            stack.callback(lambda: self.model.eval().to(self.home))
            for parameter in self.at_rest:
                stack.callback(parameter.requires_grad_, parameter.requires_grad)
                parameter.requires_grad_(False)
            before = self.history.fits_before
            key, where = (before,) if before else (), {"device": self.fabric.device}
            stack.enter_context(stream(self.seed, *key, module=self.model, **where))
            stack.enter_context(sharded(self.fabric.global_rank, self.fabric.world_size))
            self._prepare()
            stack.callback(self.parameters.release)
            if self.resident:
                self.x = self.x.to(self.fabric.device, self.dtype)
            resumed = self.checkpoint is not None and self.checkpoint.exists()
            if resumed:
                load_run(self)
            if self.constraint is not None:
                claim(self.constraint, self.model, resumed)
            self.undo = Undo(self)
            hidden = not self.fabric.is_global_zero or not self.progress
            silent: dict[str, Any] = {"disable": True} if hidden else {}
            fit = self.history.fits_before + 1
            self.bar = stack.enter_context(
                tqdm(
                    desc=self.history.title,
                    total=self.steps,
                    initial=self.step,
                    unit="step",
                    leave=False,
                    mininterval=0.5,
                    **silent,
                )
            )
            self.model.history, self.model.fits = self.history, fit
            self.stack = stack.pop_all()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        with self.stack:
            if error is not None:
                self._stop(error)
            if len(self.history):
                self.at_end()
                self.calls.end(self._state(error))

    def _prepare(self) -> None:
        """Move the model to its device, make the optimiser, and let Fabric wrap what it has to.

        A run that was given no ``fabric`` is one process in the model's own precision, and there
        is nothing to wrap.
        """
        if self.fabric.device.type == "mps" and self.dtype == torch.float64:
            raise ValueError(
                "Apple's GPU has no double precision: call model.float(), or give a Fabric with "
                'accelerator="cpu"'
            )
        own_precision(self.fabric, self.dtype)
        self.fabric.to_device(self.objective)
        apart = set() if self.apart is None else {id(p) for p in self.apart.parameters()}
        trained = [p for p in self.model.parameters() if p.requires_grad]
        self.parameters = FlatParameters(
            [p for p in trained if id(p) not in apart], [p for p in trained if id(p) in apart]
        )
        self.descent = Descent(self.parameters.vectors, *self.rule)
        self.identity |= self.descent.identity
        self.optimizer = self.descent.optimizer
        if not isinstance(self.fabric, Alone):
            self.objective, self.optimizer = self.fabric.setup(self.objective, self.optimizer)

    def batches(self) -> Iterator[Tensor]:
        """Batches for the steps that are left, (B, D), drawn with replacement.

        Of several processes each gets its part of the same batch.
        """
        if self.calling:  # the run was stopped in the midst of them, and goes on from there
            self._after_step()
        self.model.train()
        rank, processes = self.fabric.global_rank, self.fabric.world_size
        where = self.x.device
        while self.step < self.steps and not self.stopped:
            self.undo.remember()
            self.step += 1
            index = torch.randint(
                len(self.x), (self.batch_size,), device=where, generator=generator(where)
            )
            batch = self.x[index.chunk(processes)[rank]]
            yield batch if self.resident else batch.to(self.fabric.device, self.dtype)

    def means(self, *values: Tensor) -> list[float]:
        """The mean of each (B,) tensor over the batch, over all processes."""
        means: Any = torch.stack([value.detach().mean() for value in values])
        if not isinstance(self.fabric, Alone) and self.fabric.world_size > 1:
            means = self.fabric.all_reduce(means, reduce_op="mean")
        return means.tolist()

    def descend(self, loss: Tensor, resting: HasParameters | None = None) -> None:
        """One step of the optimiser on ``loss``. Parameters of ``resting`` stay as they are."""
        self.parameters.zero_grad()
        self.fabric.backward(loss)
        for parameter in resting.parameters() if resting is not None else ():
            parameter.grad = None
        self.parameters.gather()
        self.descent.prepare(self.step, self.steps)
        if self.clip is not None:
            self.fabric.clip_gradients(self.objective, self.optimizer, max_norm=self.clip)
        self.moving = True
        self.optimizer.step()
        if self.descent.scheduler is not None:
            self.descent.scheduler.step()

    def record(self, **values: float | bool | None) -> None:
        """Enter the step into the history and the bar, and do what is due: look at held-out data,
        call the callbacks, write a checkpoint."""
        blank = dict.fromkeys(NAMES, float("nan")) if self.held_out else {}
        self.history.append(step=self.step, **values, **blank)
        self.moving = False
        self._after_step()
        self.bar.update()
        if self.bar.n % 50 == 0 and not self.bar.disable:
            shown = {"error": "smoothed_error", "rate": "rate", "multiplier": "multiplier"}
            self.bar.set_postfix(
                {name: f"{values[key]:.4g}" for name, key in shown.items()}, refresh=False
            )
        due = self.step % self.checkpoint_every == 0 or self.step == self.steps or self.stopped
        if self.checkpoint is not None and due:
            save_run(self)
        self.interrupts.check()

    def _after_step(self) -> None:
        """Look at held-out data if it is time, and call the callbacks, apart from the stream."""
        self.calling = True
        if self.held_out and (self.step % self.validate_every == 0 or self.step == self.steps):
            seen = self.held_out.look(self.model, self.seed, self.fabric.device)
            for name, value in seen.items():
                self.history.columns[name][-1] = value
        if self.calls.all:
            self.model.eval()
            with outside():
                self.stopped = self.calls(self._state())
            self.model.train()
        self.calling = False

    def _state(self, error: BaseException | None = None) -> RunState:
        row = self.history.row()
        names = NAMES if self.held_out else ()
        seen = {name: row[name] for name in names if row[name] == row[name]}
        told = (self.model, self.constraint, self.history, row, seen or None, self.x.shape[1:])
        return RunState(int(row["step"]), self.steps, *told, self.fabric.is_global_zero, error)

    def _stop(self, error: BaseException) -> None:
        """Go back to the end of the last whole step, or to a block's beginning, and write that
        down. A run that diverged leaves the file of an earlier step."""
        if self.undo.held:
            self.undo()
        if self.moving:  # in the midst of the optimiser's step there is no way back
            return
        done = len(self.history)
        self.model.fits = self.history.fits_before + (done > 0)
        undone = self.step > done
        if undone:
            self.undo()
            self.step = done
        diverged = undone and isinstance(error, ValueError)
        note = f"The run has done {done} of {self.steps} steps; model.history tells of them"
        if done and self.checkpoint is not None and not (diverged and self.checkpoint.exists()):
            save_run(self)
            note += f". The same call goes on from there, by {self.checkpoint}"
        error.add_note(note)
