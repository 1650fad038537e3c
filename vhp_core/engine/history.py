"""What was seen in each step of a run."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it takes long to import, and a run does not need it
    import pandas as pd

__all__ = ["History", "check_finite"]


@dataclass
class History:
    """What was seen in each step of a run. :meth:`frame` gives it as a table.

    Attributes:
        columns: name -> one value a step.
        fits_before: how many runs the model had before this one; each has a stream of its own.
        resumed_at: the step at which the last call went on from a checkpoint; 0 if it did not.

    Example:
        >>> history = vhp.History()
        >>> history.append(step=1, error=4.0)
        >>> history.append(step=2, error=3.0)
        >>> history.frame().error.tolist()
        [4.0, 3.0]
    """

    columns: dict[str, list] = field(default_factory=dict)
    fits_before: int = 0
    resumed_at: int = 0

    def __len__(self) -> int:
        """The number of steps."""
        return len(next(iter(self.columns.values()), ()))

    @property
    def title(self) -> str | None:
        """Words before the bar, of which fit it is and from where it goes on; None if usual."""
        again = [f"fit {self.fits_before + 1}"] if self.fits_before else []
        resumed = [f"from step {self.resumed_at}"] if self.resumed_at else []
        return ", ".join(again + resumed) or None

    def append(self, **values: float | bool | None) -> None:
        """Add one step. The first call fixes the names of the columns."""
        if not self.columns:
            self.columns = {name: [] for name in values}
        for name, value in values.items():
            self.columns[name].append(value)

    def cut(self, step: int) -> None:
        """Forget the steps after ``step``."""
        for values in self.columns.values():
            del values[step:]

    def row(self) -> dict[str, float | bool]:
        """The last step's values."""
        return {name: values[-1] for name, values in self.columns.items()}

    def frame(self) -> "pd.DataFrame":
        """One row a step: step (from 1), error, smoothed_error, rate, multiplier, initial_phase.

        error and rate are the batch's means of C (in its own unit) and of
        log q(z|x) − F (nats); smoothed_error is Ĉ; multiplier is λ as the step used it.
        A run of :func:`fit_iwae` adds the column bound, the batch's mean bound in nats; a run
        with ``validation`` adds validation_error, validation_rate and validation_bound, the means
        over the held-out data, and NaN in steps that did not look at these.
        """
        import pandas as pd

        return pd.DataFrame(self.columns)


def check_finite(name: str, value: float, step: int) -> None:
    """Refuse to go on with what is not finite. Raises ValueError, which names it and the step."""
    if not math.isfinite(value):
        raise ValueError(
            f"the {name} is {value} at step {step}: training has diverged; lower the learning "
            "rate, or check the data's scale"
        )
