"""The training loops: the constrained objective with its multiplier, and the IWAE baseline."""

import math
import os
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .diagnosis import warning_signs
from .doors.missing import entries_observed, take, take_held_out
from .engine.ahead import Ahead
from .engine.arguments import whole
from .engine.calls import Callback, Options, settings
from .engine.history import check_finite
from .engine.objectives import Objective
from .engine.runs import History, Run
from .engine.validation import HeldOut
from .evaluation import mean_entries, reconstruction_error
from .multipliers import Geco, Rewo
from .vae import VAE, Terms, importance_weighted_bound, lagrangian

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["History", "fit", "fit_iwae"]

_OF_THE_METHOD = {"model", "x", "constraint", "missing", "validation"}  # the rest is a run's


def fit(
    model: VAE,
    x: Any,
    constraint: Geco,
    steps: int,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    seed: int = 0,
    progress: bool = True,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_every: int = 500,
    fabric: "Fabric | None" = None,
    cooldown: float = 0.0,
    missing: str | None = None,
    validation: Any = None,
    validate_every: int = 100,
    callback: Callback | Sequence[Callback] | None = None,
    optimizer: Callable[[list[nn.Parameter]], Optimizer] | None = None,
    scheduler: Callable[[Optimizer], LRScheduler] | None = None,
    clip: float | None = None,
) -> History:
    """Train in place: minimise the rate subject to E[C] ≤ κ² (method (5), (6)).

    Each step draws a batch, lets the constraint move λ by the batch's error, and takes one
    step of Adam on the Lagrangian, over λ where λ > 1: the same minimum, and a gradient whose
    size does not follow λ. In the constraint's initial phase the prior rests. After training, a
    Gaussian likelihood's σ² is set to E[C]/D over the data.

    A model that is fitted again goes on from its weights, with batches and noise of its own: each
    fit's stream belongs to ``seed`` and to the number of fits that the model had before
    (``model.fits``, which copies and files keep; the bar and ``History.fits_before`` tell
    it). The optimiser begins afresh.

    On a GPU nothing waits for a step to end, past the initial phase and without callbacks and
    held-out data: λ and Ĉ then stay on the device for blocks of 50 steps, with the same numbers.

    A run that is stopped, by Ctrl-C (which waits for the end of the step; a second one does not),
    by a callback's exception or by divergence, leaves its history in ``model.history``, a σ that
    is set by the running error, and, where ``checkpoint`` names a file, the state after its last
    whole step, from which the same call goes on; a note on the exception tells which that was. A
    run that diverges leaves an earlier file alone.

    Args:
        model: the VAE to train.
        x: (n, ...) observations in the unit in which κ is given: a tensor, an array, a table, a
            sparse matrix, a memory map, a data set (:func:`vhp_core.doors.check_data`).
        constraint: :class:`Geco` or :class:`Rewo`; its state moves on. One that was moved with
            another model is refused until its ``reset()`` is called.
        steps: number of optimisation steps.
        batch_size: observations a step, over all processes, drawn with replacement.
        learning_rate: of Adam.
        seed: of batches and noise. The same seed gives the same run on the same machine, alone or
            beside another in a thread; but a model with Dropout or modules of other packages
            draws from torch's global state, and is not to be trained in two threads.
        progress: show a bar with error, rate and λ (also silenced by TQDM_DISABLE=1).
        checkpoint: a file. The run saves its whole state there as it goes; if the file is there
            at the start, the run goes on from it and ends as if it had not been interrupted;
            the bar and ``History.resumed_at`` tell the step.
        checkpoint_every: steps from one checkpoint to the next; the last step writes one too.
        fabric: a launched Lightning Fabric that says on which device, in which precision and in
            how many processes to run. If not given: one process, on the accelerator on which the
            model is, else on the one that torch finds.
        cooldown: share of the steps, at the run's end, over which the learning rate falls
            linearly towards 0. With 0 it stays.
        missing: "model" to leave missing entries (NaN, or masked) out of C and of log p
            (:func:`vhp_core.doors.expect_missing`); if not given, they are refused.
        validation: (m, ...) held-out observations. Every ``validate_every`` steps and at the last
            one their mean error, rate and bound on log p(x) enter the history
            (``validation_error``, ``validation_rate``, ``validation_bound``; NaN in between).
            The bound is the ELBO with the σ² that the fit would set now, by its running error: Ĉ/D.
            The noise is the same each time, and no other: the weights come out alike without them.
        validate_every: steps from one look at these to the next.
        callback: a function, or several, called after each step with a
            :class:`vhp_core.callbacks.RunState`; one that returns True ends the run.
        optimizer: parameters -> optimiser, in the place of Adam, for instance
            ``lambda parameters: torch.optim.AdamW(parameters, 1e-3, weight_decay=1e-2)``;
            ``learning_rate`` is then not used. What it gets are two vectors, all parameters of the
            prior and all others: optimisers that work element by element do the same on these, and
            such as treat each layer for itself (LARS, LAMB, Muon, Adafactor) are refused.
        scheduler: optimiser -> schedule of its learning rate, which moves on after each step, as
            ``lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 1000)``.
        clip: largest norm of the gradient of all parameters, of the Lagrangian over λ where λ > 1;
            a longer one is shortened to it.

    Raises:
        ValueError: if the data or a number is not usable, training diverges, the constraint
            was moved with another model, or the checkpoint is damaged or belongs to another run
            (the file then stays as it is).

    Warns:
        UserWarning: for each of the signs that the fit is not what it seems
            (:func:`vhp_core.diagnosis.warning_signs`): an unmet or a slack constraint, a λ that
            still falls, a collapsed posterior, a prior that does not use ζ, dead units, a σ that
            nothing sets, an error that has run away; and for data that look like grey levels and
            are taken as numbers.

    Example:
        >>> import torch
        >>> model = vhp.mlp_vae(5, 2, hidden=(16,), num_importance_samples=2)
        >>> x = torch.randn(100, 5)
        >>> history = vhp.fit(model, x, vhp.Rewo(kappa=1.5), steps=20, progress=False)
        >>> history.frame().columns.tolist()
        ['step', 'error', 'smoothed_error', 'rate', 'multiplier', 'initial_phase']
    """
    options: dict[str, Any] = {k: v for k, v in locals().items() if k not in _OF_THE_METHOD}
    data = take(model, x, missing)
    identity = {"method": "fit", "constraint": settings(constraint), "model": model.config}
    likelihood, observed = model.likelihood, entries_observed(model, data)
    sigma = [likelihood.log_scale] if hasattr(likelihood, "log_scale") else []  # set at the end

    def set_sigma(mean_error: float | None = None) -> None:  # by the running error where not given
        error: Any = constraint.smoothed_error if mean_error is None else mean_error
        if hasattr(likelihood, "set_scale"):
            likelihood.set_scale(error, dim=observed)
        elif hasattr(likelihood, "set_scales"):  # one for each entry
            likelihood.set_scales(torch.full(data.shape[1:], error / observed))

    options |= {"constraint": constraint, "at_rest": sigma, "at_end": set_sigma}
    options |= {"apart": model.prior, "held_out": _held_out(model, validation, 1, set_sigma)}
    with Run(model, model, data, identity, **options) as run:
        ahead = Ahead(run, known=type(constraint) in (Geco, Rewo))
        for batch in run.batches():
            if ahead.begin():
                ahead.descend(run.objective(batch), _over_multiplier)
                continue
            terms: Terms = run.objective(batch)  # error and rate, (B,) each
            error, rate = run.means(terms.error, terms.rate)
            constraint.update(error)
            check_finite("rate", rate, run.step)
            loss = _over_multiplier(terms, constraint.value, constraint.kappa)
            run.descend(loss, resting=model.prior if constraint.initial_phase else None)
            run.record(
                error=error,
                smoothed_error=constraint.smoothed_error,
                rate=rate,
                multiplier=constraint.value,
                initial_phase=constraint.initial_phase,
            )
    if sigma:
        mean_error = reconstruction_error(model, data, seed=seed).mean().item()
        check_finite("error", mean_error, run.step)
        set_sigma(mean_error)
    if hasattr(likelihood, "set_scales"):
        likelihood.set_scales(mean_entries(model, data, seed=seed))
    _warn(model, data, run, constraint)
    return run.history


def _over_multiplier(terms: Terms, multiplier: Any, kappa: float) -> Tensor:
    """L, over λ where λ > 1: what the optimiser descends.

    Adam divides a gradient by the size of those that it has seen. A constant factor is nothing to
    it; with one that grows, the gradient runs ahead of that memory and the steps become several
    times too long, so that the error rises, and λ with it. Over λ, the error's weight stays 1.
    """
    larger = multiplier.clamp(min=1) if isinstance(multiplier, Tensor) else max(multiplier, 1)
    return lagrangian(terms, multiplier, kappa) / larger


def fit_iwae(
    model: VAE,
    x: Any,
    num_samples: int,
    steps: int,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    seed: int = 0,
    progress: bool = True,
    *,
    missing: str | None = None,
    validation: Any = None,
    **options: Unpack[Options],
) -> History:
    """Train in place on the importance-weighted bound of log p(x), σ learned with the rest.

    With ``num_samples`` = 1 it is the plain VAE. The other arguments and the batches
    are those of :func:`fit`. In the history error and rate are
    means over the K samples and the multiplier is what stands in λ's place, 1/(2σ²) for a
    Gaussian likelihood and 1 for another. The bound of ``validation`` is that of
    ``num_samples`` draws, with σ as it is.

    Raises:
        ValueError: as :func:`fit`, or if ``num_samples`` is not at least 1.

    Warns:
        UserWarning: as :func:`fit`, but for the signs that are about a constraint.

    Example:
        >>> import torch
        >>> model = vhp.mlp_vae(5, 2, hidden=(16,), prior="normal")
        >>> x = torch.randn(100, 5)
        >>> history = vhp.fit_iwae(model, x, num_samples=4, steps=20, progress=False)
        >>> len(history.frame()), history.frame().columns[-1]
        (20, 'bound')
    """
    num_samples = whole("num_samples", num_samples)
    data = take(model, x, missing)
    identity = {"method": "fit_iwae", "num_samples": num_samples, "model": model.config}
    objective = Objective(model, partial(importance_weighted_bound, num_samples=num_samples))
    parts: dict[str, Any] = {"steps": steps, "batch_size": batch_size, "seed": seed}
    parts |= {"learning_rate": learning_rate, "progress": progress, "apart": model.prior}
    parts["held_out"] = _held_out(model, validation, num_samples)
    with Run(model, objective, data, identity, **parts, **options) as run:
        for batch in run.batches():
            bound, terms = run.objective(batch)
            error, rate, mean_bound = run.means(terms.error, terms.rate, bound)
            check_finite("bound", mean_bound, run.step)
            run.descend(-bound.mean())
            before = run.history.columns.get("smoothed_error", [error])[-1]
            run.record(
                error=error,
                smoothed_error=0.99 * before + 0.01 * error,
                rate=rate,
                multiplier=_implied_multiplier(model),
                initial_phase=False,
                bound=mean_bound,
            )
    _warn(model, data, run)
    return run.history


def _held_out(model: VAE, validation: Any, num_samples: int, *before: Callable) -> HeldOut | None:
    bound = partial(importance_weighted_bound, model, num_samples=num_samples)
    return None if validation is None else HeldOut(take_held_out(model, validation), bound, *before)


def _implied_multiplier(model: VAE) -> float:
    log_scales = getattr(model.likelihood, "log_scale", torch.zeros(0)).flatten().tolist()
    values = [0.5 * math.exp(-2 * log_scale) for log_scale in log_scales]
    return sum(values) / len(values) if values else 1.0


def _warn(model: VAE, x: Any, run: Run, constraint: Geco | None = None) -> None:
    if run.fabric.is_global_zero:
        for sign in warning_signs(model, x, run.history, constraint):
            warnings.warn(sign, stacklevel=3)
