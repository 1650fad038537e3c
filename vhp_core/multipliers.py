"""Schedules of the Lagrange multiplier λ: GECO and REWO.

Both keep a moving average of the reconstruction error, Ĉ_t = α Ĉ_{t−1} + (1−α) C_batch with
Ĉ_0 = C_batch, and move λ by the size of the violation δ_t = Ĉ_t − κ² on a logarithmic scale.
"""

import math
from typing import Any

from .engine.arguments import positive

__all__ = ["Geco", "Rewo"]


class Geco:
    """λ_t = λ_{t−1} exp(ν δ_t) (method (8); Rezende & Viola, Taming VAEs, 2018).

    Args:
        kappa: κ, the tolerated error: the constraint is E[C] ≤ κ². In the data's own unit. For a
            Gaussian likelihood κ² = D σ² tolerates an error of σ in each of the D entries: take σ
            a little above the noise, and κ² well below the data's total variance, which their
            mean alone leaves. λ is then of the order of D/(2κ²), and rests at REWO's 1 where κ is
            too large.
        nu: ν, the step size of log λ per unit of C; 0.01/κ² if not given, so that a relative
            violation moves λ alike in every unit and number of dimensions.
        alpha: α in [0, 1), the inertia of the moving average.
        beta0: β₀ = 1/λ₀, the inverse of the multiplier's first value.
        max_log_step: largest change of log λ in one update. It is a guard against an error
            that starts orders of magnitude above κ²; (8) itself has none (``math.inf``).

    Raises:
        ValueError: if an argument is out of its range, or :meth:`update` gets an error that is
            not finite or below zero.

    Example:
        >>> geco = vhp.Geco(kappa=1.0, nu=0.04, beta0=0.5)
        >>> geco.update(2.0)
        >>> round(geco.value, 4)  # 2 exp(0.04 (2 − 1))
        2.0816
    """

    def __init__(
        self,
        kappa: float,
        nu: float | None = None,
        alpha: float = 0.99,
        beta0: float = 0.01,
        max_log_step: float = 0.05,
    ):
        self.kappa = positive("kappa", kappa)
        self.nu = positive("nu", 0.01 / self.kappa**2 if nu is None else nu)
        self.max_log_step = positive("max_log_step", max_log_step, finite=False)
        if not 0 <= alpha < 1:
            raise ValueError(f"alpha must lie in [0, 1), got {alpha}")
        self.alpha = float(alpha)
        self.beta0 = positive("beta0", beta0)
        self.reset()

    def reset(self) -> None:
        """Begin again as when it was made, for the training of another model."""
        self.value = 1.0 / self.beta0
        self.smoothed_error: float | None = None

    @property
    def initial_phase(self) -> bool:
        """Whether only θ and φ are trained. With GECO that is never so."""
        return False

    def update(self, error: float) -> None:
        """Take the mean C of a batch, update Ĉ, and then λ."""
        delta = self._smooth(error) - self.kappa**2
        self._move(self.nu * delta)

    def _smooth(self, error: float) -> float:
        if -math.inf < error < 0:
            raise ValueError(
                f"the reconstruction error of a batch is {error}, below 0, which no C may be: a "
                "likelihood of your own has C = 0 for a perfect reconstruction (vhp.Likelihood)"
            )
        if not math.isfinite(error):
            raise ValueError(
                f"the reconstruction error of a batch is {error}: training has diverged; "
                "lower the learning rate or nu, or check the data's scale"
            )
        if self.smoothed_error is None:
            self.smoothed_error = error
        self.smoothed_error = self.alpha * self.smoothed_error + (1 - self.alpha) * error
        return self.smoothed_error

    def _move(self, log_step: float) -> None:
        limited = max(-self.max_log_step, min(self.max_log_step, log_step))
        # Far beyond e^±30 the squares of gradients overflow in Adam, and its steps would be 0.
        log_value = max(-30.0, min(30.0, math.log(self.value) + limited))
        self.value = math.exp(log_value)

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` needs to go on: λ and Ĉ."""
        return {"value": self.value, "smoothed_error": self.smoothed_error}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a :meth:`state_dict`. Raises ValueError if its keys are another's."""
        own = self.state_dict()
        if state.keys() != own.keys():
            raise ValueError(
                f"state has the keys {sorted(state)}, {type(self).__name__} needs {sorted(own)}"
            )
        self.value = float(state["value"])
        smoothed = state["smoothed_error"]
        self.smoothed_error = None if smoothed is None else float(smoothed)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(kappa={self.kappa:g}, nu={self.nu:g}, alpha={self.alpha:g}, "
            f"value={self.value:.4g})"
        )


class Rewo(Geco):
    """λ_t = λ_{t−1} exp(ν f_λ(λ_{t−1}, δ_t; τ) δ_t) (method (9); Klushyn et al., 2019).

    f_λ = 1 while the constraint is violated (δ > 0), as in GECO. Once it is satisfied,
    f_λ = tanh(τ (1 − 1/λ)), so λ falls back towards 1, the ELBO, and no further: 1 is also
    the least value that a discrete step may reach.

    Until Ĉ first falls below κ² the *initial phase* holds: λ rests, and :func:`vhp_core.fit`
    trains encoder and decoder only. The update that ends the phase already moves λ.

    Args:
        kappa, nu, alpha, beta0, max_log_step: as for :class:`Geco`.
        tau: τ, how soon the fall of λ slows down near 1.

    Raises:
        ValueError: as :class:`Geco`.

    Example:
        >>> rewo = vhp.Rewo(kappa=1.0, nu=0.1, beta0=0.5)
        >>> rewo.update(2.0)  # κ² = 1 is not reached: λ rests
        >>> rewo.initial_phase, rewo.value
        (True, 2.0)
    """

    def __init__(
        self,
        kappa: float,
        nu: float | None = None,
        tau: float = 1.0,
        alpha: float = 0.99,
        beta0: float = 0.01,
        max_log_step: float = 0.05,
    ):
        super().__init__(kappa, nu, alpha, beta0, max_log_step)
        self.tau = positive("tau", tau)

    def reset(self) -> None:
        """Begin again as when it was made, the initial phase included."""
        super().reset()
        self._initial_phase = True

    @property
    def initial_phase(self) -> bool:
        """Whether Ĉ has yet to fall below κ² for the first time."""
        return self._initial_phase

    def update(self, error: float) -> None:
        """Take the mean C of a batch, update Ĉ, end the initial phase if due, and then λ."""
        delta = self._smooth(error) - self.kappa**2
        if delta < 0:
            self._initial_phase = False
        if self._initial_phase:
            return
        f = 1.0 if delta > 0 else math.tanh(self.tau * (1 - 1 / self.value))
        self._move(self.nu * f * delta)
        self.value = max(self.value, 1.0)  # β is clamped to 1 at most

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` needs to go on: λ, Ĉ and the phase."""
        return {**super().state_dict(), "initial_phase": self._initial_phase}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a :meth:`state_dict`. Raises ValueError if its keys are another's."""
        super().load_state_dict(state)
        self._initial_phase = bool(state["initial_phase"])
