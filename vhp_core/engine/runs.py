"""A training run: its device and processes, batches, progress bar and checkpoint."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from .alone import Alone
from .checkpoints import load_optimizer, optimizer_tensors, read_checkpoint, write_checkpoint
from .flat import FlatParameters
from .seeding import seeded, sharded

if TYPE_CHECKING:  # both take long to import, and a run needs neither to begin
    import pandas as pd
    from lightning_fabric import Fabric

__all__ = ["History", "Run"]


@dataclass
class History:
    """What was seen in each step of a run. :meth:`frame` gives it as a table.

    Example:
        >>> history = History()
        >>> history.append(step=1, error=4.0)
        >>> history.append(step=2, error=3.0)
        >>> history.frame().error.tolist()
        [4.0, 3.0]
    """

    columns: dict[str, list] = field(default_factory=dict)

    def append(self, **values: float | bool) -> None:
        """Add one step. The first call fixes the names of the columns."""
        if not self.columns:
            self.columns = {name: [] for name in values}
        for name, value in values.items():
            self.columns[name].append(value)

    def frame(self) -> "pd.DataFrame":
        """One row a step: step (from 1), error, smoothed_error, rate, multiplier, initial_phase.

        error and rate are the batch's means of C (in its own unit) and of
        log q(z|x) − F (nats); smoothed_error is Ĉ; multiplier is λ as the step used it.
        A run of :func:`fit_iwae` adds the column bound, the batch's mean bound in nats.
        """
        import pandas as pd

        return pd.DataFrame(self.columns)


class Run:
    """What training loops share. As a context it holds a module on its device, and a seed's stream.

    At the end, by whatever way, the module is back where it was, in evaluation mode.

    Args:
        model: the module whose parameters are trained; of any kind.
        objective: a module around ``model``, or the model itself, called with a batch.
        x: (n, ...) data.
        resident: whether to move all data to the device; if not, each batch is.
        identity: what tells this run from others, for its checkpoint; plain JSON values.
        constraint: has state_dict and load_state_dict, as :class:`Geco`; or None.
        at_rest: parameters that this run does not train.
        apart: a part of the model that may rest in some steps (``resting`` of :meth:`descend`).
        steps, batch_size, learning_rate, seed, progress, checkpoint, checkpoint_every, fabric,
            cooldown: as for :func:`vhp_core.fit`.

    Raises:
        ValueError: if a number is out of its range, or the checkpoint is damaged or another's.
    """

    def __init__(
        self,
        model: nn.Module,
        objective: nn.Module,
        x: Tensor,
        resident: bool,
        identity: dict[str, Any],
        constraint: Any = None,
        at_rest: Sequence[nn.Parameter] = (),
        apart: nn.Module | None = None,
        *,
        steps: int,
        batch_size: int,
        learning_rate: float,
        seed: int,
        progress: bool,
        checkpoint: str | os.PathLike | None,
        checkpoint_every: int,
        fabric: "Fabric | None",
        cooldown: float,
    ):
        counts = {"steps": steps, "batch_size": batch_size, "checkpoint_every": checkpoint_every}
        for name, value in counts.items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if not 0 < learning_rate < float("inf"):
            raise ValueError(f"learning_rate must be finite and above 0, got {learning_rate}")
        if not 0 <= cooldown <= 1:
            raise ValueError(f"cooldown must lie in [0, 1], got {cooldown}")
        first = next(model.parameters())
        self.home, self.dtype = first.device, first.dtype
        self.alone = fabric is None
        self.fabric = Alone() if fabric is None else fabric
        if batch_size % self.fabric.world_size:
            raise ValueError(
                f"batch_size must be a multiple of the {self.fabric.world_size} processes, "
                f"got {batch_size}"
            )
        self.model, self.objective, self.constraint = model, objective, constraint
        self.x, self.resident, self.at_rest, self.apart = x, resident, at_rest, apart
        self.steps, self.batch_size, self.learning_rate = steps, batch_size, learning_rate
        self.seed, self.progress, self.cooldown = seed, progress, cooldown
        self.checkpoint = None if checkpoint is None else Path(checkpoint)
        self.checkpoint_every = checkpoint_every
        self.identity = identity | {
            "parameters": {key: list(value.shape) for key, value in model.state_dict().items()},
            "data": _fingerprint(x),
            "batch_size": batch_size,
            "learning_rate": learning_rate,
            "seed": seed,
        }
        if cooldown:  # the learning rate then depends on how many steps there are
            self.identity["cooldown"] = [cooldown, steps]
        self.history = History()
        self.step = 0

    def __enter__(self) -> "Run":
        with ExitStack() as stack:
            stack.callback(lambda: self.model.eval().to(self.home))
            for parameter in self.at_rest:
                stack.callback(parameter.requires_grad_, parameter.requires_grad)
                parameter.requires_grad_(False)
            stack.enter_context(seeded(self.seed))
            stack.enter_context(sharded(self.fabric.global_rank, self.fabric.world_size))
            self._prepare()
            stack.callback(self.parameters.release)
            if self.resident:
                self.x = self.x.to(self.fabric.device, self.dtype)
            if self.checkpoint is not None and self.checkpoint.exists():
                self._resume()
            silent = not self.fabric.is_global_zero or not self.progress
            self.bar = stack.enter_context(
                tqdm(
                    total=self.steps,
                    initial=self.step,
                    unit="step",
                    leave=False,
                    mininterval=0.5,
                    **({"disable": True} if silent else {}),
                )
            )
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stack.close()

    def _prepare(self) -> None:
        """Move the model to its device, make the optimiser, and let Fabric wrap what it has to.

        A run that was given no ``fabric`` is one process in the model's own precision, and there
        is nothing to wrap.
        """
        self.fabric.to_device(self.objective)
        apart = set() if self.apart is None else {id(p) for p in self.apart.parameters()}
        trained = [p for p in self.model.parameters() if p.requires_grad]
        self.parameters = FlatParameters(
            [p for p in trained if id(p) not in apart], [p for p in trained if id(p) in apart]
        )
        self.adam = torch.optim.Adam(self.parameters.vectors, self.learning_rate, fused=True)
        self.optimizer = self.adam
        if not self.alone:
            self.objective, self.optimizer = self.fabric.setup(self.objective, self.adam)

    def batches(self) -> Iterator[Tensor]:
        """Batches for the steps that are left, (B, D), drawn with replacement.

        Of several processes each gets its part of the same batch.
        """
        self.model.train()
        rank, processes = self.fabric.global_rank, self.fabric.world_size
        while self.step < self.steps:
            self.step += 1
            index = torch.randint(len(self.x), (self.batch_size,), device=self.x.device)
            batch = self.x[index.chunk(processes)[rank]]
            yield batch if self.resident else batch.to(self.fabric.device, self.dtype)

    def means(self, *values: Tensor) -> list[float]:
        """The mean of each (B,) tensor over the batch, over all processes."""
        means = torch.stack([value.detach().mean() for value in values])
        if self.fabric.world_size > 1:
            means = self.fabric.all_reduce(means, reduce_op="mean")
        return means.tolist()

    def descend(self, loss: Tensor, resting: nn.Module | None = None) -> None:
        """One Adam step on ``loss``. Parameters of ``resting`` stay as they are."""
        self.parameters.zero_grad()
        self.fabric.backward(loss)
        for parameter in resting.parameters() if resting is not None else ():
            parameter.grad = None
        self.parameters.gather()
        if self.cooldown:
            left = (self.steps - self.step + 1) / (self.cooldown * self.steps)
            for group in self.adam.param_groups:
                group["lr"] = self.learning_rate * min(1.0, left)
        self.optimizer.step()

    def record(self, **values: float | bool) -> None:
        """Enter the step into the history and the bar, and write a checkpoint when one is due."""
        self.history.append(step=self.step, **values)
        self.bar.update()
        if self.bar.n % 50 == 0 and not self.bar.disable:
            shown = {"error": "smoothed_error", "rate": "rate", "multiplier": "multiplier"}
            self.bar.set_postfix(
                {name: f"{values[key]:.4g}" for name, key in shown.items()}, refresh=False
            )
        due = self.step % self.checkpoint_every == 0 or self.step == self.steps
        if self.checkpoint is not None and due and self.fabric.is_global_zero:
            self._save()

    def _save(self) -> None:
        tensors = {f"model.{key}": value for key, value in self.model.state_dict().items()}
        tensors |= optimizer_tensors(self.adam)
        tensors |= {
            f"history.{key}": torch.tensor(v)
            if not isinstance(v[0], float)
            else torch.tensor(v, dtype=torch.float64)
            for key, v in self.history.columns.items()
        }
        tensors["random"] = torch.get_rng_state()
        if self.fabric.device.type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(self.fabric.device)
        state = {"step": self.step, "columns": list(self.history.columns)}
        if self.constraint is not None:
            state["constraint"] = self.constraint.state_dict()
        write_checkpoint(self.checkpoint, tensors, self.identity, state)

    def _resume(self) -> None:
        tensors, state = read_checkpoint(self.checkpoint, self.identity)
        if state["step"] > self.steps:
            raise ValueError(
                f"the checkpoint {self.checkpoint} has done {state['step']} steps, more than "
                f"steps = {self.steps}"
            )
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "history": {}}
        for name, value in tensors.items():
            head, _, key = name.partition(".")
            parts.setdefault(head, {})[key] = value
        self.model.load_state_dict(parts["model"])
        load_optimizer(self.adam, tensors)
        if self.constraint is not None:
            self.constraint.load_state_dict(state["constraint"])
        self.history.columns = {key: parts["history"][key].tolist() for key in state["columns"]}
        torch.set_rng_state(tensors["random"])
        if "random.cuda" in tensors and self.fabric.device.type == "cuda":
            torch.cuda.set_rng_state(tensors["random.cuda"], self.fabric.device)
        self.step = state["step"]


def _fingerprint(x: Tensor, rows: int = 1000) -> str:
    """Shape and hash of at most about ``rows`` rows of the data, evenly spaced."""
    some = x[:: max(1, len(x) // rows)].cpu().contiguous().numpy()
    digest = hashlib.blake2b(np.ascontiguousarray(some), digest_size=8).hexdigest()
    return f"{tuple(x.shape)} {digest}"
