"""The training loops: the constrained objective with its multiplier, and the IWAE baseline."""

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from lightning_fabric import Fabric
from torch import Tensor
from tqdm import tqdm

from .evaluation import check_data, reconstruction_error
from .likelihoods import GaussianLikelihood
from .multipliers import Geco
from .seeding import seeded
from .vae import VAE, importance_weighted_bound, lagrangian

__all__ = ["History", "fit", "fit_iwae"]


@dataclass
class History:
    """What was seen in each step of a run. :meth:`frame` gives it as a table."""

    columns: dict[str, list] = field(default_factory=dict)

    def append(self, **values: float | bool) -> None:
        """Add one step. The first call fixes the names of the columns."""
        if not self.columns:
            self.columns = {name: [] for name in values}
        for name, value in values.items():
            self.columns[name].append(value)

    def frame(self) -> pd.DataFrame:
        """One row a step: step (from 1), error, smoothed_error, rate, multiplier, initial_phase.

        error and rate are the batch's means of C (in its own unit) and of
        log q(z|x) − F (nats); smoothed_error is Ĉ; multiplier is λ as the step used it.
        A run of :func:`fit_iwae` adds the column bound, the batch's mean bound in nats.
        """
        return pd.DataFrame(self.columns)


def fit(
    model: VAE,
    x: Tensor | np.ndarray,
    constraint: Geco,
    steps: int,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Train in place: minimise the rate subject to E[C] ≤ κ² (method (5), (6)).

    Each step draws a batch, lets the constraint move λ by the batch's error, and takes one
    Adam step on the Lagrangian. In the constraint's initial phase the prior rests.
    After training, a Gaussian likelihood's σ² is set to E[C]/D over the data.

    Args:
        model: the VAE to train.
        x: (n, D) data, finite, in the unit in which κ is given.
        constraint: :class:`Geco` or :class:`Rewo`; its state moves on.
        steps: number of optimisation steps.
        batch_size: observations a step, drawn with replacement.
        learning_rate: of Adam.
        seed: of batches and noise. The same seed gives the same run on the same machine.
        progress: show a bar with error, rate and λ (also silenced by TQDM_DISABLE=1).

    Raises:
        ValueError: if the data or a number is not usable, or training diverges.

    Warns:
        UserWarning: if the error never came down to κ², or the constraint is slack (λ rests at
            1 or below while the error is far below κ²).

    Example:
        >>> import torch
        >>> from vhp_core import Rewo, mlp_vae
        >>> model = mlp_vae(5, 2, hidden=(16,), num_importance_samples=2)
        >>> history = fit(model, torch.randn(100, 5), Rewo(kappa=2.5), steps=20, progress=False)
        >>> history.frame().columns.tolist()
        ['step', 'error', 'smoothed_error', 'rate', 'multiplier', 'initial_phase']
    """
    x = check_data(model, x)
    history = History()
    with seeded(seed), _Run(model, x, steps, batch_size, learning_rate, progress) as run:
        for step, batch in run.batches():
            terms = run.model(batch)  # error and rate, (B,) each
            error, rate = torch.stack([terms.error.mean(), terms.rate.mean()]).tolist()
            constraint.update(error)
            _check_finite("rate", rate, step)
            loss = lagrangian(terms, constraint.value, constraint.kappa)
            run.backward(loss)
            if constraint.initial_phase:
                for parameter in model.prior.parameters():
                    parameter.grad = None
            run.optimizer.step()
            history.append(
                step=step,
                error=error,
                smoothed_error=constraint.smoothed_error,
                rate=rate,
                multiplier=constraint.value,
                initial_phase=constraint.initial_phase,
            )
            run.show(error=constraint.smoothed_error, rate=rate, multiplier=constraint.value)
    _set_scale(model, x, seed)
    _warn_of_unmet(constraint)
    return history


def fit_iwae(
    model: VAE,
    x: Tensor | np.ndarray,
    num_samples: int,
    steps: int,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Train in place on the importance-weighted bound of log p(x), σ learned with the rest.

    With ``num_samples`` = 1 it is the plain VAE. The other arguments and the batches
    are those of :func:`fit`. In the history error and rate are
    means over the K samples and the multiplier is what stands in λ's place, 1/(2σ²) for a
    Gaussian likelihood and 1 for another.

    Raises:
        ValueError: if the data or a number is not usable, or training diverges.
    """
    x = check_data(model, x)
    if num_samples < 1:
        raise ValueError(f"num_samples must be at least 1, got {num_samples}")
    history = History()
    smoothed = None
    with seeded(seed), _Run(model, x, steps, batch_size, learning_rate, progress) as run:
        for step, batch in run.batches():
            bound, terms = importance_weighted_bound(run.model, batch, num_samples)
            means = torch.stack([terms.error.mean(), terms.rate.mean(), bound.mean()])
            error, rate, mean_bound = means.tolist()
            _check_finite("bound", mean_bound, step)
            run.backward(-bound.mean())
            run.optimizer.step()
            smoothed = error if smoothed is None else 0.99 * smoothed + 0.01 * error
            history.append(
                step=step,
                error=error,
                smoothed_error=smoothed,
                rate=rate,
                multiplier=_implied_multiplier(model),
                initial_phase=False,
                bound=mean_bound,
            )
            run.show(error=smoothed, rate=rate, multiplier=history.columns["multiplier"][-1])
    return history


class _Run:
    """What both loops share: device, optimiser, batches, progress bar.

    At its end, by whatever way, the model is back on the device that it came from.
    """

    def __init__(
        self,
        model: VAE,
        x: Tensor,
        steps: int,
        batch_size: int,
        learning_rate: float,
        progress: bool,
    ):
        for name, value in [("steps", steps), ("batch_size", batch_size)]:
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if not 0 < learning_rate < float("inf"):
            raise ValueError(f"learning_rate must be finite and above 0, got {learning_rate}")
        self.steps, self.batch_size = steps, batch_size
        self.fabric = Fabric(accelerator="auto", devices=1)
        self.plain_model, self.home = model, next(model.parameters()).device
        optimizer = torch.optim.Adam(model.parameters(), learning_rate, fused=True)
        self.model, self.optimizer = self.fabric.setup(model, optimizer)
        self.x = x.to(self.fabric.device)
        hidden = {} if progress else {"disable": True}
        self.bar = tqdm(total=steps, unit="step", leave=False, mininterval=0.5, **hidden)

    def __enter__(self) -> "_Run":
        return self

    def __exit__(self, *exception: object) -> None:
        self.bar.close()
        self.plain_model.eval().to(self.home)

    def batches(self) -> Iterator[tuple[int, Tensor]]:
        """(step, batch) pairs, each batch drawn from the data with replacement."""
        self.model.train()
        for step in range(1, self.steps + 1):
            index = torch.randint(len(self.x), (self.batch_size,), device=self.x.device)
            yield step, self.x[index]

    def backward(self, loss: Tensor) -> None:
        self.optimizer.zero_grad()
        self.fabric.backward(loss)

    def show(self, **values: float) -> None:
        self.bar.update()
        if self.bar.n % 50 == 0 and not self.bar.disable:
            self.bar.set_postfix(
                {name: f"{value:.4g}" for name, value in values.items()}, refresh=False
            )


def _check_finite(name: str, value: float, step: int) -> None:
    if not math.isfinite(value):
        raise ValueError(
            f"the {name} is {value} at step {step}: training has diverged; lower the learning "
            "rate, or check the data's scale"
        )


def _implied_multiplier(model: VAE) -> float:
    if isinstance(model.likelihood, GaussianLikelihood):
        return 0.5 * float(torch.exp(-2 * model.likelihood.log_scale.detach()))
    return 1.0


def _set_scale(model: VAE, x: Tensor, seed: int) -> None:
    if isinstance(model.likelihood, GaussianLikelihood):
        mean_error = reconstruction_error(model, x, seed=seed).mean().item()
        model.likelihood.set_scale(mean_error, dim=x[0].numel())


def _warn_of_unmet(constraint: Geco) -> None:
    error, tolerance = constraint.smoothed_error, constraint.kappa**2
    if constraint.initial_phase:
        warnings.warn(
            f"the error never fell below kappa² = {tolerance:.4g}; it reached {error:.4g}. The "
            "prior was not trained. Train longer, take a larger network or latent space, a "
            "larger kappa, or a smaller beta0",
            stacklevel=3,
        )
    elif error > 1.05 * tolerance:
        warnings.warn(
            f"the constraint is not met at the end: the error is {error:.4g}, kappa² = "
            f"{tolerance:.4g}. Train longer or take a larger nu",
            stacklevel=3,
        )
    elif constraint.value <= 1.0 and error < 0.5 * tolerance:
        warnings.warn(
            f"the constraint is slack: lambda rests at {constraint.value:.4g} while the error, "
            f"{error:.4g}, is far below kappa² = {tolerance:.4g}. Take a smaller kappa, or scale "
            "the data so that the tolerated error per dimension lies well below 1/2",
            stacklevel=3,
        )
