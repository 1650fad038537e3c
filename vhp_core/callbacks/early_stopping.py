"""The end of a run that no longer improves on held-out data, at its best weights."""

import math
from typing import Any

from torch import Tensor

from ..engine.arguments import whole
from ..engine.calls import RunState
from ..likelihoods import natural_multiplier

__all__ = ["EarlyStopping"]

_TOLERANCE = 1.05  # the constraint counts as met where Ĉ is at most this much above κ²


class EarlyStopping:
    r"""Ends a run when a measure has stopped improving, and gives the model its best weights.

    Under a constraint the usual measure is the constrained problem's own, on held-out data: their
    rate, and what they miss κ² by, at the price that noise of that size gives it in the ELBO,

    .. math::

        R + p \max(0, C - κ^2), \qquad p = D / (2 κ^2)

    for a Gaussian likelihood, and 1 for others, whose C is in nats. The rate alone would praise a
    model that has ceased to rebuild held-out data. The bound on log p(x) would stop a run while λ
    is still on its way down: it is better below κ², where the constraint asks for nothing. For a
    run without a constraint the measure is that bound.

    Only steps count in which the constraint is met: REWO's initial phase is over, and the smoothed
    error is at most 1.05 κ². Before that nothing is kept and no patience is lost, since no measure
    of weights that solve another problem says anything of this one. If no step counts, the model
    keeps its last weights.

    An exception that stops the run leaves the weights as they then are. A checkpoint holds the best
    ones too, so that a resumed run ends as if it had not been interrupted. A new run begins anew.

    Args:
        monitor: a column of the history in the place of the usual measure; one that ends in
            "bound" is to rise, others are to fall.
        patience: looks at it without improvement before the run ends. For a held-out measure they
            are ``validate_every`` steps apart, for another one step.
        min_delta: what counts as improvement, in the measure's unit (nats for the usual one).

    Attributes:
        best: the best value so far, or None.
        best_step: the step that had it, or None.

    Raises:
        ValueError: if ``patience`` is below 1 or ``min_delta`` below 0; in the first step, if the
            run has no held-out data, or the history no such column.

    Example:
        >>> import torch, vhp_core as vhp
        >>> x = torch.randn(300, 5) @ torch.randn(5, 5)
        >>> model = vhp.mlp_vae(5, 2, hidden=(16,), prior="normal")
        >>> stop = vhp.callbacks.EarlyStopping(patience=2)
        >>> options = {"validation": x[200:], "validate_every": 10, "callback": stop}
        >>> history = vhp.fit_iwae(model, x[:200], 1, steps=50, progress=False, **options)
        >>> stop.best_step == history.frame().set_index("step").validation_bound.idxmax()
        True
    """

    def __init__(self, monitor: str | None = None, patience: int = 10, min_delta: float = 0.0):
        patience = whole("patience", patience)
        if not min_delta >= 0:
            raise ValueError(f"min_delta must not be below 0, got {min_delta}")
        self.monitor, self.patience, self.min_delta = monitor, patience, min_delta
        self._reset()

    def _reset(self) -> None:
        self.best: float | None = None
        self.best_step: int | None = None
        self.waited = 0
        self.weights: dict[str, Tensor] = {}

    def __call__(self, state: RunState) -> bool:
        """Look at the step; whether the run is to end."""
        if state.step == 1:
            self._reset()
        needed = self.monitor or "validation_bound"
        if needed not in state.row:
            raise ValueError(
                f"monitor must be a column of the history, got {needed!r}; there are "
                f"{', '.join(state.row)}. Those of held-out data are there with validation="
            )
        if math.isnan(state.row[needed]) or not _met(state.constraint):
            return False
        if self.monitor is None and state.constraint is not None:
            sign, value = -1, _constrained(state)
        else:
            sign, value = 1 if needed.endswith("bound") else -1, state.row[needed]
        if self.best is None or sign * (value - self.best) > self.min_delta:
            self.best, self.best_step, self.waited = value, state.step, 0
            weights = state.model.state_dict()
            self.weights = {key: tensor.detach().clone() for key, tensor in weights.items()}
        else:
            self.waited += 1
        return self.waited >= self.patience

    def end(self, state: RunState) -> None:
        """Give the model its best weights, unless an exception has stopped the run."""
        if state.error is None and self.weights:
            state.model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` needs to go on."""
        plain = {"best": self.best, "best_step": self.best_step, "waited": self.waited}
        return plain | {f"weights.{key}": value for key, value in self.weights.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a :meth:`state_dict`."""
        self.best, self.best_step = state["best"], state["best_step"]
        self.waited = state["waited"]
        tensors = {key: value for key, value in state.items() if isinstance(value, Tensor)}
        self.weights = {key.removeprefix("weights."): value for key, value in tensors.items()}


def _met(constraint: Any) -> bool:
    if constraint is None:
        return True
    near = constraint.smoothed_error <= _TOLERANCE * constraint.kappa**2
    return near and not constraint.initial_phase


def _constrained(state: RunState) -> float:
    """R + p max(0, C − κ²) of the held-out data."""
    kappa = state.constraint.kappa
    price = natural_multiplier(state.model.likelihood, math.prod(state.x_shape), kappa)
    excess = max(0.0, state.row["validation_error"] - kappa**2)
    return state.row["validation_rate"] + price * excess
