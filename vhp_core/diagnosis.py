"""What a fitted model says about its own training: signs that a fit is not what it seems."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from .doors.observations import check_data
from .engine.history import History
from .engine.protocols import rests_unset
from .evaluation import dead_units, error_of_mean, zeta_share
from .likelihoods import natural_multiplier
from .multipliers import Geco, Rewo
from .priors import HierarchicalPrior
from .vae import VAE

__all__ = ["warning_signs"]

_LEAST_STEPS = 100  # of a run that is judged, by its last tenth


@torch.no_grad()
def warning_signs(
    model: VAE, x: Any, history: History, constraint: Geco | None = None
) -> list[str]:
    """What a reader of this run should know before believing it, a sentence or two each.

    :func:`vhp_core.fit` gives them as warnings. Each says what to do:

    - the error never came down to κ², or is above it at the end;
    - κ² exceeds the error that the data's mean leaves, or what λ = 1 reaches, so that the
      constraint does nothing;
    - λ is still falling: the error has lain a tenth and more below κ² over the last tenth of the
      steps, and so the constraint has not begun to hold;
    - the posterior has collapsed: over the last tenth of the steps the rate is below 0.1 nats and
      the error at least 0.9 of what the data's mean alone leaves;
    - the prior does not use ζ: its share (:func:`vhp_core.evaluation.zeta_share`) is below 0.1;
    - at least half of the units of a ReLU layer are 0 on all data, and learn no more;
    - the error has run away: it ends ten times above both that of the first step and what the
      data's mean alone leaves. Then nothing else is said;
    - the likelihood has a ``log_scale``, which rests in a run with a constraint, and nothing sets
      it at the end (:class:`vhp_core.Likelihood`).

    The fall of λ, the collapse, ζ and the units are looked for in runs of at least 100 steps.

    Args:
        model: the trained model.
        x: (n, ...) the observations that it was trained on.
        history: of the run.
        constraint: of the run; None for one on a bound of log p(x).

    Returns: the sentences; none if nothing is to be said.

    Raises:
        ValueError: if the data are not the model's.

    Example:
        >>> import torch
        >>> model, x, far = vhp.mlp_vae(3, 1, hidden=(8,)), torch.randn(50, 3), vhp.Rewo(kappa=0.1)
        >>> history = vhp.fit(model, x, far, steps=1, progress=False)
        >>> [sign[:31] for sign in vhp.diagnosis.warning_signs(model, x, history, far)]
        ['the error never fell below kapp']
    """
    data = check_data(model, x)
    some = data[:: max(1, len(data) // 1000)].to(next(model.parameters()))
    columns = {key: np.asarray(values) for key, values in history.columns.items()}
    last = {key: values[-max(1, len(values) // 10) :] for key, values in columns.items()}
    rate, error, baseline = last["rate"].mean(), last["error"].mean(), error_of_mean(model, some)
    if error > 10 * max(baseline, columns["error"][0]):
        return [
            f"the error has run away: it is {error:.4g} at the end, {columns['error'][0]:.4g} in "
            f"the first step, and {baseline:.4g} for the data's mean alone. Lower the learning "
            "rate, or clip the gradients (clip=1.0)"
        ]
    found = [] if constraint is None else _of_constraint(model, some, constraint, last, baseline)
    if constraint is not None and rests_unset(model.likelihood):
        found.append(
            "the likelihood's log_scale rested in this run, and nothing sets it for log p(x): set "
            "it, or give the likelihood set_scale or set_scales (vhp_core.Likelihood)"
        )
    if len(columns["step"]) < _LEAST_STEPS:
        return found
    if rate < 0.1 and error > 0.9 * baseline:
        found.append(
            f"the posterior has collapsed: the rate is {rate:.2g} nats, and the error {error:.4g} "
            f"is that of the data's mean, {baseline:.4g}. Start from linear_start, with a smaller "
            "beta0, or a smaller kappa"
        )
    prior = model.prior
    resting = constraint is not None and constraint.initial_phase
    if isinstance(prior, HierarchicalPrior) and not resting and (share := zeta_share(prior)) < 0.1:
        found.append(
            f"the prior does not use ζ, which carries {share:.2g} of z's variance: it is one "
            "Gaussian. Begin from the prior's first weights (prior.start()) and linear_start"
        )
    layers = dead_units(model, some)
    dead = [f"{name} {k} of {n}" for name, (k, n) in layers.items() if 2 * k >= n]
    if dead:
        found.append(
            f"ReLU units are 0 on all data and learn no more: {', '.join(dead)}. Take a smaller "
            'learning rate or beta0, or an activation that cannot die ("leaky_relu")'
        )
    return found


def _of_constraint(
    model: VAE, x: Tensor, constraint: Geco, last: dict[str, np.ndarray], baseline: float
) -> list[str]:
    error: Any = constraint.smoothed_error  # a step was taken
    tolerance, value = constraint.kappa**2, constraint.value
    natural = natural_multiplier(model.likelihood, x[0].numel(), constraint.kappa)
    if constraint.initial_phase:
        return [
            f"the error never fell below kappa² = {tolerance:.4g}; it reached {error:.4g}. The "
            "prior was not trained. Train longer, take a larger network or latent space, a "
            "larger kappa, or a smaller beta0"
        ]
    if error > 1.05 * tolerance:
        mend = "Train longer or take a larger nu"
        if not 0.01 < value / natural < 100:
            mend = (
                f"lambda has gone to {value:.3g}, faster than the networks learn: train longer, "
                f"take a smaller nu than {constraint.nu:.3g}, a larger kappa or a larger network"
            )
        return [
            f"the constraint is not met at the end: the error is {error:.4g}, kappa² = "
            f"{tolerance:.4g}. {mend}"
        ]
    if tolerance >= baseline:
        return [
            f"kappa² = {tolerance:.4g} tolerates the error of the data's mean, {baseline:.4g}: the "
            "constraint holds without z. Take a kappa² well below that (vhp_core.linear_kappa)"
        ]
    at_floor = isinstance(constraint, Rewo) and last["multiplier"].max() < 1.01
    slack = value <= 1.0 and error < 0.5 * tolerance
    if slack or (at_floor and last["error"].mean() < tolerance):
        return [
            f"the constraint is slack: lambda rests at {value:.4g} while the error, {error:.4g}, "
            f"is below kappa² = {tolerance:.4g}, which exceeds what lambda = 1 reaches. Take a "
            "smaller kappa, or scale the data: the tolerated error a dimension is well below 1/2"
        ]
    first, many = last["multiplier"][0], 10 * len(last["step"]) >= _LEAST_STEPS
    if many and value < 0.95 * first and last["error"].mean() < 0.9 * tolerance:
        return [
            f"lambda is still falling, from {first:.4g} to {value:.4g} in the last tenth, with the "
            f"error, {error:.4g}, below kappa² = {tolerance:.4g}: train longer, take a larger nu "
            "or beta0, or, where lambda comes near 1, a smaller kappa"
        ]
    return []
