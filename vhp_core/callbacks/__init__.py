"""Callbacks: what is told of each step of a run, and may end it.

A callback is any function of a :class:`RunState`, given to :func:`vhp_core.fit` or
:func:`vhp_core.fit_iwae` as ``callback=``, alone or in a list. It is called after each step, with
the model in evaluation mode, and when it returns True the run ends. What it draws at random does
not change the run. Three methods make more of it, each if it is there:

- ``end(state)``, called once when the run is over, ``state.error`` being what stopped it if any;
- ``state_dict()`` and ``load_state_dict(state)``: numbers, strings and tensors under names, which
  a checkpoint keeps, so that a resumed run goes on with the callback where it was.

Example:
    >>> import torch, vhp_core as vhp
    >>> errors = []
    >>> model, x = vhp.mlp_vae(5, 2, hidden=(8,)), torch.randn(50, 5)
    >>> watch = lambda state: errors.append(state.row["error"])
    >>> stop = lambda state: state.step == 3
    >>> history = vhp.fit_iwae(model, x, 1, steps=9, progress=False, callback=[watch, stop])
    >>> len(errors), len(history)
    (3, 3)
"""

from ..engine.calls import RunState
from .early_stopping import EarlyStopping
from .tensorboard import TensorBoard

__all__ = ["EarlyStopping", "RunState", "TensorBoard"]
