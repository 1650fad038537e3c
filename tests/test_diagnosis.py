"""Each sign on a model that was made to show it, and none on one that is sound."""

import math
import warnings

import pytest
import torch

import vhp_core as vhp
from vhp_core import evaluation
from vhp_core.diagnosis import warning_signs

STEPS = 200


def data(n=300, dims=4):
    return 2 * torch.randn(n, dims, generator=torch.Generator().manual_seed(0))


def model_of(prior="hierarchical", likelihood="gaussian", activation="leaky_relu"):
    torch.manual_seed(0)
    return vhp.mlp_vae(4, 2, (16,), prior, likelihood, 4, activation=activation)


def history_of(error, rate, multiplier=2.0, steps=STEPS):
    history = vhp.History()
    for step in range(1, steps + 1):
        history.append(step=step, error=error, rate=rate, multiplier=multiplier)
    return history


def constraint_of(kind, kappa, error, value):
    """A schedule that has seen this error and stands at this λ."""
    constraint = kind(kappa=kappa, alpha=0.0)
    constraint.update(0.5 * kappa**2)  # the initial phase is over
    constraint.update(error)
    constraint.value = value
    return constraint


def test_a_sound_fit_says_nothing():
    x, model = 0.1 * data(), model_of()  # in a unit in which λ comes to rest above 1
    vhp.linear_start(model, x)
    constraint = vhp.Rewo(kappa=0.1**0.5, nu=0.5, beta0=0.02)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vhp.fit(model, x, constraint, 700, learning_rate=3e-3, progress=False)


@pytest.mark.parametrize("loop", ["fit", "fit_iwae"])
def test_a_collapsed_posterior(loop):
    x, model = data(), model_of("normal")
    with pytest.warns(UserWarning, match="the posterior has collapsed"):
        if loop == "fit":  # λ stays at a thousandth, and the rate goes to 0
            still = vhp.Geco(kappa=4.0, nu=1e-9, beta0=1e3)
            vhp.fit(model, x, still, 400, learning_rate=5e-3, progress=False)
        else:
            model.likelihood.set_scale(mean_error=1e3, dim=1)
            model.likelihood.log_scale.requires_grad_(False)
            vhp.fit_iwae(model, x, 1, 400, learning_rate=5e-3, progress=False)


def test_a_low_rate_at_a_small_error_is_no_collapse():
    x = data()
    variance = x.var(0, correction=0).sum().item()
    sign = "collapsed"
    assert sign in " ".join(warning_signs(model_of(), x, history_of(variance, 0.01)))
    assert sign not in " ".join(warning_signs(model_of(), x, history_of(0.5 * variance, 0.01)))
    assert sign not in " ".join(warning_signs(model_of(), x, history_of(variance, 1.0)))
    short = history_of(variance, 0.01, steps=99)
    assert warning_signs(model_of(), x, short) == []


def test_the_error_of_the_mean_of_binary_data():
    x = (data() > 0).float()
    mean = x.mean(0)
    entropy = -(mean * mean.log() + (1 - mean) * (1 - mean).log()).sum().item()
    model = model_of(likelihood="bernoulli")
    assert any("collapsed" in sign for sign in warning_signs(model, x, history_of(entropy, 0.0)))
    assert not warning_signs(model, x, history_of(0.8 * entropy, 0.0))


def test_a_prior_that_does_not_use_zeta():
    x, model = data(), model_of()
    sound = history_of(error=1.0, rate=3.0)
    assert warning_signs(model, x, sound) == []
    prior = model.prior
    prior.conditional.set_affine(torch.zeros(2, 2), torch.zeros(2), 1.0)
    (sign,) = warning_signs(model, x, sound)
    assert "does not use ζ" in sign
    resting = vhp.Rewo(kappa=0.1)
    resting.update(1.0)
    (sign,) = warning_signs(model, x, sound, resting)  # a prior that has not begun is not judged
    assert "never fell below" in sign


def test_dead_units_are_named():
    x, model = data(), model_of(activation="relu")
    sound = history_of(error=1.0, rate=3.0)
    assert warning_signs(model, x, sound) == []
    with torch.no_grad():
        model.decoder[0].weight.zero_()
        model.decoder[0].bias.fill_(-1.0)
    assert evaluation.dead_units(model, x)["decoder.1"] == (16, 16)
    (sign,) = warning_signs(model, x, sound)
    assert "decoder.1 16 of 16" in sign


def test_what_exceeds_the_reach_of_lambda_1_is_slack():
    x, model = data(), model_of()
    at_floor = history_of(error=3.7, rate=3.0, multiplier=1.0)
    rewo = constraint_of(vhp.Rewo, 2.0, 3.7, 1.0)
    (sign,) = warning_signs(model, x, at_floor, rewo)
    assert "slack" in sign
    assert "kappa² = 4" in sign
    geco = constraint_of(vhp.Geco, 2.0, 3.7, 0.9)  # it goes below 1 and is not there yet
    assert warning_signs(model, x, at_floor, geco) == []
    moving = history_of(error=3.9, rate=3.0, multiplier=1.2)
    assert warning_signs(model, x, moving, constraint_of(vhp.Rewo, 2.0, 3.9, 1.0)) == []


@pytest.mark.parametrize("kind", [vhp.Rewo, vhp.Geco])
def test_a_tolerance_of_the_datas_variance_needs_no_z(kind):
    x, model = data(), model_of()
    variance = x.var(0, correction=0).sum().item()
    assert evaluation.error_of_mean(model, x) == pytest.approx(variance, rel=1e-5)
    for share, told in ((1.01, True), (0.99, False)):
        kappa = math.sqrt(share * variance)
        constraint = constraint_of(kind, kappa, kappa**2, 1.004)  # and not quite at rest
        signs = warning_signs(model, x, history_of(kappa**2, 3.0, 1.004), constraint)
        assert any("constraint holds without z" in sign for sign in signs) is told


def falling(error, steps=STEPS, rate=0.99):
    history = history_of(error, 3.0, steps=steps)
    history.columns["multiplier"] = [100 * rate**step for step in range(steps)]
    return history


def test_a_lambda_that_still_falls_is_told():
    x, model = data(), model_of()
    low = falling(3.0)  # 4 are tolerated
    end = low.columns["multiplier"][-1]
    (sign,) = warning_signs(model, x, low, constraint_of(vhp.Rewo, 2.0, 3.0, end))
    assert "lambda is still falling" in sign and "larger nu" in sign
    near = constraint_of(vhp.Rewo, 2.0, 3.9, end)  # at κ² it moves to and fro
    assert warning_signs(model, x, falling(3.9), near) == []
    at_rest = constraint_of(vhp.Rewo, 2.0, 3.0, 99.0)
    assert warning_signs(model, x, falling(3.0, rate=0.9999), at_rest) == []
    assert (
        warning_signs(model, x, falling(3.0, steps=99), constraint_of(vhp.Rewo, 2.0, 3.0, 1e1))
        == []
    )


def test_a_log_scale_that_nothing_sets_is_told():
    class Unset(vhp.GaussianLikelihood):
        set_scale = property()  # as if it had none

    x, model = data(), model_of()
    constraint, sound = constraint_of(vhp.Rewo, 2.0, 3.9, 2.0), history_of(3.9, 3.0)
    assert warning_signs(model, x, sound, constraint) == []
    model.likelihood = Unset()
    (sign,) = warning_signs(model, x, sound, constraint)
    assert "nothing sets it for log p(x)" in sign
    assert warning_signs(model, x, sound) == []  # an IWAE learns it


@pytest.mark.parametrize(
    ("value", "advice"), [(4.0, "larger nu"), (1e6, "smaller nu"), (1e-6, "smaller nu")]
)
def test_an_unmet_constraint_advises_by_where_lambda_has_gone(value, advice):
    x = data()
    geco = constraint_of(vhp.Geco, 1.0, 1.5, value)
    (sign,) = warning_signs(model_of(), x, history_of(1.5, 3.0), geco)
    assert "not met" in sign
    assert advice in sign


def test_geco_by_default_learns_on_wide_data_whose_error_stays_above_kappa():
    """With νδ of several units a step λ left the range of Adam's squares, and nothing learned."""
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(500, 8, generator=generator)
    x = torch.tanh(z @ torch.randn(8, 784, generator=generator)) + 0.5
    x = x + 0.5 * torch.randn(x.shape, generator=generator)
    x = (x - x.mean(0)) / x.std(0)
    torch.manual_seed(0)
    model = vhp.mlp_vae(784, 8, hidden=(64,), num_importance_samples=4)
    with pytest.warns(UserWarning, match="not met.*larger network"):
        frame = vhp.fit(model, x, vhp.Geco(kappa=9.8), 500, progress=False).frame()
    assert frame.multiplier.max() < math.exp(30.1)
    assert frame.error.tail(50).mean() < frame.error.tail(150).head(50).mean()
    assert frame.error.tail(50).mean() < 0.6 * 784


def test_an_error_that_ran_away_asks_for_a_lower_learning_rate():
    x = data()
    with pytest.warns(UserWarning, match="run away.*Lower the learning rate") as caught:
        vhp.fit(model_of(), x, vhp.Rewo(kappa=1.0), 40, learning_rate=10.0, progress=False)
    assert len(caught) == 1  # and nobody is told to train longer
    variance = x.var(0, correction=0).sum().item()
    assert not warning_signs(model_of(), x, history_of(9 * variance, 1.0))
    far = history_of(20 * variance, 1.0)
    assert not warning_signs(model_of(), x, far)  # it was that far from the first step on
    far.columns["error"][0] = variance
    assert "run away" in " ".join(warning_signs(model_of(), x, far))
