"""The optimiser of a run, its schedule of learning rates, and what a checkpoint keeps of them."""

import io
import json
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from .checkpoints import load_optimizer, optimizer_tensors

__all__ = ["Descent"]

# They treat each layer for itself, or ask for the loss many times in a step.
_BY_LAYER = {"lars", "lamb", "muon", "adafactor", "shampoo", "soap", "adamuon", "normuon"}
_EXAMPLE = "for instance lambda parameters: torch.optim.AdamW(parameters, 1e-3)"


class Descent:
    """An optimiser on a run's vectors of parameters; Adam, if nothing else is asked for.

    Args:
        vectors: the parameters (:class:`vhp_core.engine.flat.FlatParameters`).
        learning_rate: of Adam.
        optimizer: vectors -> optimiser.
        scheduler: optimiser -> schedule, which moves on after each step.
        cooldown: share of the steps over which the learning rate falls to 0.

    Raises:
        ValueError: if what the functions return cannot be used.
    """

    def __init__(
        self,
        vectors: list[nn.Parameter],
        learning_rate: float,
        optimizer: Callable[[list[nn.Parameter]], Optimizer] | None,
        scheduler: Callable[[Optimizer], LRScheduler] | None,
        cooldown: float,
    ):
        self.usual = optimizer is None and scheduler is None
        self.cooldown = cooldown
        if optimizer is None:
            self.optimizer: Optimizer = torch.optim.Adam(vectors, learning_rate, fused=True)
        else:
            self.optimizer = _checked(optimizer, vectors)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.scheduler = None if scheduler is None else scheduler(self.optimizer)
        if scheduler is not None and not hasattr(self.scheduler, "get_last_lr"):
            raise ValueError(
                "scheduler must be a function of the optimiser that returns a schedule of "
                f"torch.optim.lr_scheduler, got {self.scheduler!r}"
            )
        if isinstance(self.scheduler, ReduceLROnPlateau):
            raise ValueError(
                "scheduler must move with the steps alone: ReduceLROnPlateau waits for a measure. "
                "Take another, or cooldown"
            )

    @property
    def identity(self) -> dict[str, Any]:
        """What a checkpoint has to agree with, where it is not the usual Adam. Before any step."""
        if self.usual:
            return {}
        found: dict[str, Any] = {"optimizer": [type(self.optimizer).__name__, *self._groups()]}
        if self.scheduler is not None:
            state = self.scheduler.state_dict()
            found["scheduler"] = [type(self.scheduler).__name__, state]
        return json.loads(json.dumps(found, default=lambda value: type(value).__name__))

    def prepare(self, step: int, steps: int) -> None:
        """Set the learning rate of this step, where it cools down."""
        if self.cooldown:
            left = (steps - step + 1) / (self.cooldown * steps)
            for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
                group["lr"] = rate * min(1.0, left)

    def tensors(self) -> dict[str, Tensor]:
        """The state under names for a file: moments, and what is not the usual Adam's as one."""
        tensors = optimizer_tensors(self.optimizer)
        if not self.usual:
            rest: dict[str, Any] = {"groups": self._groups(), "values": {}}
            for index, entry in self.optimizer.state_dict()["state"].items():
                plain = {k: v for k, v in entry.items() if not isinstance(v, Tensor)}
                rest["values"][index] = plain
            if self.scheduler is not None:
                rest["scheduler"] = self.scheduler.state_dict()
            content = io.BytesIO()
            torch.save(rest, content)
            tensors["descent"] = torch.frombuffer(bytearray(content.getvalue()), dtype=torch.uint8)
        return tensors

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Go on from what :meth:`tensors` gave."""
        if self.usual:
            load_optimizer(self.optimizer, tensors)
            return
        content = io.BytesIO(tensors["descent"].numpy().tobytes())
        rest = torch.load(content, weights_only=True)
        load_optimizer(self.optimizer, tensors, rest["values"])
        for group, kept in zip(self.optimizer.param_groups, rest["groups"], strict=True):
            group.update(kept)
        if self.scheduler is not None:
            self.scheduler.load_state_dict(rest["scheduler"])

    def _groups(self) -> list[dict[str, Any]]:
        groups = self.optimizer.param_groups
        return [{k: v for k, v in group.items() if k != "params"} for group in groups]


def _checked(
    build: Callable[[list[nn.Parameter]], Optimizer], vectors: list[nn.Parameter]
) -> Optimizer:
    if not callable(build):
        raise ValueError(f"optimizer must be a function, {_EXAMPLE}; got {build!r}")
    optimizer = build(vectors)
    if not isinstance(optimizer, Optimizer):
        raise ValueError(f"optimizer must return one of torch's, {_EXAMPLE}; got {optimizer!r}")
    name = type(optimizer).__name__
    if name.lower() in _BY_LAYER:
        raise ValueError(
            f"{name} treats each layer for itself, but here all parameters are one vector, and "
            f"those of the prior another. Take one that works element by element, {_EXAMPLE}"
        )
    if isinstance(optimizer, torch.optim.LBFGS):
        raise ValueError(f"LBFGS asks for the loss several times a step. Take another, {_EXAMPLE}")
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if held != {id(vector) for vector in vectors}:
        raise ValueError(
            f"optimizer must be built on the parameters that it is given, all of them, {_EXAMPLE}"
        )
    return optimizer
