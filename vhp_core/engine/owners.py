"""Which model a constraint was moved with: its multiplier means nothing for another."""

import weakref
from typing import Any

from torch import nn

__all__ = ["claim"]

_moved_with: weakref.WeakKeyDictionary[Any, weakref.ref] = weakref.WeakKeyDictionary()


def claim(constraint: Any, model: nn.Module, resumed: bool) -> None:
    """Note that ``constraint`` moves with ``model`` from now on.

    Of one that a checkpoint has just set, or that has seen no error since it was made or reset,
    it does not matter with which model it moved before.

    Raises:
        ValueError: if that was another.
    """
    owner = _moved_with.get(constraint)
    moved = getattr(constraint, "smoothed_error", None) is not None and not resumed
    if moved and owner is not None and owner() is not model:
        raise ValueError(
            f"{constraint!r} was moved by the training of another model, and would begin where "
            "that ended: call its reset(), or, if that is what you want, give a copy.deepcopy of it"
        )
    _moved_with[constraint] = weakref.ref(model)
