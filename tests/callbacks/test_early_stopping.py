import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

import vhp_core as vhp
from vhp_core.callbacks import EarlyStopping, RunState

from ..engine.small_runs import fresh, train


class Small(nn.Module):
    def __init__(self, likelihood):
        super().__init__()
        self.likelihood, self.weight = likelihood, nn.Parameter(torch.zeros(()))


def play(stop, rows, constraint=None, likelihood=None):
    """Tell of the rows one after another; the weight is the step's number."""
    model = Small(likelihood or vhp.GaussianLikelihood())
    history = vhp.History()
    for step, row in enumerate(rows, 1):
        nn.init.constant_(model.weight, float(step))
        state = RunState(step, 99, model, constraint, history, row, x_shape=(4,))
        if stop(state):
            break
    stop.end(state)
    return step, model.weight.item()


def bounds(*values):
    return [{"validation_bound": value} for value in values]


def test_it_waits_and_gives_back_the_best_weights():
    stop = EarlyStopping(patience=3)
    rows = bounds(-5, -2, -3, math.nan, -2.5, -2, -1)
    assert play(stop, rows) == (6, 2.0)
    assert (stop.best, stop.best_step) == (-2, 2)
    assert play(EarlyStopping(patience=4), rows) == (7, 7.0)
    assert play(EarlyStopping(patience=2, min_delta=2.0), bounds(-5, -4, -2.5, -2)) == (4, 3.0)


def test_other_columns_fall():
    rows = [{"rate": value} for value in (3.0, 1.0, 2.0, 2.0)]
    assert play(EarlyStopping("rate", patience=2), rows) == (4, 2.0)


def schedule(error=1.0, initial_phase=False):
    return SimpleNamespace(kappa=1.0, smoothed_error=error, initial_phase=initial_phase)


def held_out(*pairs):
    names = ("validation_rate", "validation_error")
    return [dict(zip(names, pair, strict=True), validation_bound=0.0) for pair in pairs]


@pytest.mark.parametrize("constraint", [schedule(1.06), schedule(0.5, initial_phase=True)])
def test_while_the_constraint_is_unmet_nothing_counts(constraint):
    stop = EarlyStopping(patience=1)
    assert play(stop, held_out((1.0, 0.5), (2.0, 2.0), (3.0, 3.0)), constraint) == (3, 3.0)
    assert stop.best is None
    assert play(EarlyStopping("validation_rate", 1), held_out((1, 1), (2, 1)), constraint)[0] == 2


def test_under_a_constraint_the_rate_counts_and_a_held_out_error_above_kappa():
    stop = EarlyStopping(patience=2)
    # The error may rise up to κ² = 1 while the rate falls; beyond it costs D/(2κ²) = 2 nats each.
    rows = held_out((5.0, 0.2), (4.0, 0.9), (3.5, 1.3), (3.0, 1.5), (2.9, 1.4))
    assert play(stop, rows, schedule()) == (4, 2.0)
    assert stop.best == 4.0
    each = EarlyStopping(patience=2)  # with a σ a column the error is the same squared distance
    assert play(each, rows, schedule(), vhp.GaussianPerColumnLikelihood(4)) == (4, 2.0)
    nats = EarlyStopping(patience=2)  # of a divergence a nat is a nat
    assert play(nats, rows, schedule(), vhp.BernoulliLikelihood()) == (5, 5.0)
    assert nats.best == pytest.approx(3.3)


def test_a_new_run_begins_anew():
    stop = EarlyStopping(patience=1)
    play(stop, bounds(-1, -2))
    assert play(stop, bounds(-5, -4, -6)) == (3, 2.0)


def test_a_run_ends_early_with_its_best_weights_and_the_sigma_of_these():
    x = fresh()[1]
    kept = {}

    def keep(state):
        kept[state.step] = state.model.decoder[0].weight.detach().clone()

    stop = EarlyStopping(patience=3)
    options = {"validation": x[:60] + 0.1, "validate_every": 10, "steps": 600}
    model, _, _ = train((fresh()[0], x[60:], fresh()[2]), callback=[keep, stop], **options)
    assert 0 < stop.best_step < len(model.history) < 600
    assert torch.equal(model.decoder[0].weight, kept[stop.best_step])
    error = vhp.evaluation.reconstruction_error(model, x[60:]).mean().item()
    assert model.likelihood.log_scale.exp().item() ** 2 == pytest.approx(error / 4, rel=1e-4)


def test_lambda_comes_down_before_a_slack_constraint_stops():
    """The bound is best below κ², while λ is on its way: a run that watched it would stop there."""
    x = fresh()[1]
    options = {"validation": x[:100], "validate_every": 10, "steps": 400, "learning_rate": 5e-3}
    ends = {}
    for name in (None, "validation_bound"):
        constraint = vhp.Rewo(kappa=1.0, nu=0.1, alpha=0.9, beta0=0.1)
        parts = (fresh()[0], x[100:], constraint)
        train(parts, callback=EarlyStopping(name, patience=4), **options)
        ends[name] = constraint.value
    assert ends[None] < 1.05 < ends["validation_bound"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"patience": 0}, "patience"), ({"min_delta": -1}, "min_delta"),
     ({"min_delta": math.nan}, "min_delta")],
)  # fmt: skip
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        EarlyStopping(**arguments)


def test_without_held_out_data_it_says_what_is_missing():
    with pytest.raises(
        ValueError, match=r"'validation_bound'; there are step, error,.*validation="
    ):
        train(callback=EarlyStopping())
    with pytest.raises(ValueError, match="got 'loss'"):
        train(callback=EarlyStopping("loss"))
