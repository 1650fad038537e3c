"""Callbacks of a run: what each is told after a step, and what a checkpoint keeps of them."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .history import History

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Calls", "Options", "RunState", "settings"]

_BOOLS = (bool, np.bool_)  # what else a function happens to return stops nothing


class Options(TypedDict, total=False):
    """What :func:`vhp_core.fit` takes beside what the methods have of their own."""

    checkpoint: str | os.PathLike | None
    checkpoint_every: int
    fabric: "Fabric | None"
    cooldown: float
    validate_every: int
    callback: "Callback | Sequence[Callback] | None"
    optimizer: Callable[[list[nn.Parameter]], Optimizer] | None
    scheduler: Callable[[Optimizer], LRScheduler] | None
    clip: float | None


@dataclass(frozen=True)
class RunState:
    """What a callback is told after each step of a run.

    Attributes:
        step: the step that was taken, from 1.
        steps: how many the run is to have.
        model: the model, in evaluation mode, with the weights after the step.
        constraint: the :class:`vhp_core.Geco` or :class:`vhp_core.Rewo`; None for a run without.
        history: of all steps so far, this one included; also of an earlier, resumed run.
        row: the history's row of this step, name -> value.
        validation: the held-out values among them, or None if this step did not look at these.
        x_shape: of one observation.
        is_global_zero: whether this process is the one that writes files, of several.
        error: for ``end`` of a callback: the exception that stopped the run, if any.

    Example:
        >>> from torch import nn
        >>> model, row = nn.Linear(1, 1), {"error": 0.5}
        >>> state = vhp.callbacks.RunState(3, 10, model, None, vhp.History(), row)
        >>> state.step, state.row["error"], state.validation
        (3, 0.5, None)
    """

    step: int
    steps: int
    model: nn.Module
    constraint: Any
    history: History
    row: dict[str, float | bool]
    validation: dict[str, float] | None = None
    x_shape: tuple[int, ...] = ()
    is_global_zero: bool = True
    error: BaseException | None = None


Callback = Callable[[RunState], bool | None]


class Calls:
    """The callbacks of a run, in the order in which they are called.

    Raises:
        ValueError: if one cannot be called.
    """

    def __init__(self, callback: Callable | Sequence[Callable] | None):
        self.for_good = False
        callback = () if callback is None else callback
        self.all: list[Any] = list(callback) if isinstance(callback, Sequence) else [callback]
        for one in self.all:
            if isinstance(one, type):
                raise ValueError(f"callback must be an object: {one.__name__}(...), got the class")
            if not callable(one):
                raise ValueError(f"callback must be a function of a RunState, got {one!r}")
        self.stateful = [one for one in self.all if hasattr(one, "state_dict")]

    @property
    def identity(self) -> dict[str, Any]:
        """What a checkpoint has to agree with: the kinds and settings of those with a state."""
        return {"callbacks": [settings(one) for one in self.stateful]} if self.stateful else {}

    def __call__(self, state: RunState) -> bool:
        """Call them all; whether one has returned True, which ends the run.

        If one with a state has, the run is over for good; else whoever resumes it asks again.
        """
        answers = [(one, one(state)) for one in self.all]
        stopping = [one for one, answer in answers if isinstance(answer, _BOOLS) and bool(answer)]
        self.for_good = any(hasattr(one, "state_dict") for one in stopping)
        return bool(stopping)

    def end(self, state: RunState) -> None:
        """Tell those that want to know that the run is over."""
        for one in self.all:
            if hasattr(one, "end"):
                one.end(state)

    def states(self) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
        """Tensors under names for a file, and plain values, of those with a state."""
        tensors: dict[str, Tensor] = {}
        plain = []
        for number, one in enumerate(self.stateful):
            state = one.state_dict()
            found = {key: value for key, value in state.items() if isinstance(value, Tensor)}
            tensors |= {f"callback.{number}.{key}": value for key, value in found.items()}
            plain.append({key: value for key, value in state.items() if key not in found})
        return tensors, plain

    def load(self, tensors: dict[str, Tensor], plain: list[dict[str, Any]]) -> None:
        """Go on from what :meth:`states` gave; ``tensors`` may hold others too."""
        for number, (one, values) in enumerate(zip(self.stateful, plain, strict=True)):
            head = f"callback.{number}."
            found = {k.removeprefix(head): v for k, v in tensors.items() if k.startswith(head)}
            one.load_state_dict(values | found)


def settings(thing: Any) -> dict[str, Any]:
    """The class and the plain attributes of what has a state_dict, without what moves.

    Raises:
        ValueError: if it has none, as where a number stands in the constraint's place.
    """
    if isinstance(thing, type) or not hasattr(thing, "state_dict"):
        raise ValueError(f"constraint must be a Rewo or a Geco, such as Rewo(kappa), got {thing!r}")
    moving = thing.state_dict()
    fixed = {
        key: value
        for key, value in vars(thing).items()
        if key.lstrip("_") not in moving and isinstance(value, str | int | float | None)
    }
    return {"class": type(thing).__name__} | fixed
