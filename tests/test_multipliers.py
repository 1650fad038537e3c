"""Schedules (8) and (9), step by step against values worked out by hand."""

import json
import math

import pytest
import torch

import vhp_core as vhp


def test_geco_by_hand():
    # α = 0.5, κ² = 1, ν = 0.5, λ₀ = 10.
    geco = vhp.Geco(kappa=1.0, nu=0.5, alpha=0.5, beta0=0.1, max_log_step=math.inf)
    assert not geco.initial_phase
    geco.update(2.5)  # Ĉ = 2.5, δ = 1.5, λ = 10 e^0.75
    assert geco.smoothed_error == 2.5
    assert geco.value == pytest.approx(21.170000166126747, rel=1e-12)
    geco.update(0.5)  # Ĉ = 1.5, δ = 0.5, λ = 10 e^1
    assert geco.smoothed_error == 1.5
    assert geco.value == pytest.approx(27.18281828459045, rel=1e-12)
    geco.update(0.0)  # Ĉ = 0.75, δ = −0.25, λ = 10 e^0.875
    assert geco.smoothed_error == 0.75
    assert geco.value == pytest.approx(23.988752939670978, rel=1e-12)


def test_geco_may_fall_below_one():
    geco = vhp.Geco(kappa=2.0, nu=1.0, alpha=0.0, beta0=1.0, max_log_step=math.inf)
    geco.update(1.0)  # δ = −3
    assert geco.value == pytest.approx(0.049787068367863944, rel=1e-12)


def test_rewo_by_hand():
    # α = 0.5, κ² = 1, ν = 0.1, τ = 1, λ₀ = 2.
    rewo = vhp.Rewo(kappa=1.0, nu=0.1, tau=1.0, alpha=0.5, beta0=0.5, max_log_step=math.inf)
    assert rewo.initial_phase
    rewo.update(3.0)  # Ĉ = 3: the initial phase, λ rests
    assert (rewo.initial_phase, rewo.value, rewo.smoothed_error) == (True, 2.0, 3.0)
    rewo.update(0.2)  # Ĉ = 1.6: still
    assert (rewo.initial_phase, rewo.value) == (True, 2.0)
    assert rewo.smoothed_error == pytest.approx(1.6)
    # Ĉ = 0.9, δ = −0.1: crosses, and moves at once. f = tanh(1 − 1/2) = 0.46211715726,
    # λ = 2 exp(0.1 · 0.46211715726 · (−0.1)).
    rewo.update(0.2)
    assert not rewo.initial_phase
    assert rewo.value == pytest.approx(1.9907789792240831, rel=1e-12)
    # Ĉ = 1.45, δ = 0.45: violated, f = 1, as GECO.
    rewo.update(2.0)
    assert not rewo.initial_phase  # the phase never comes back
    assert rewo.value == pytest.approx(2.0824102751890277, rel=1e-12)


def test_rewo_and_the_inverse_form_agree():
    """(9) in β: β_t = β_{t−1} exp(ν f_β δ_t), f_β = (1 − H) tanh(τ(β − 1)) − H."""
    rewo = vhp.Rewo(kappa=1.0, nu=0.3, tau=2.0, alpha=0.0, beta0=0.2, max_log_step=math.inf)
    rewo.update(0.5)
    for error in (0.8, 1.7, 0.1, 1.2):
        beta, delta = 1 / rewo.value, error - 1
        f = -1.0 if delta > 0 else math.tanh(2.0 * (beta - 1))
        rewo.update(error)
        assert 1 / rewo.value == pytest.approx(min(1.0, beta * math.exp(0.3 * f * delta)), rel=1e-9)


def test_rewo_is_clamped_at_the_elbo():
    # f = tanh(1/2), δ = −1, ν = 5: the step would lead to λ = 2 exp(−2.31) = 0.198.
    rewo = vhp.Rewo(kappa=1.0, nu=5.0, tau=1.0, alpha=0.0, beta0=0.5, max_log_step=math.inf)
    rewo.update(0.0)
    assert rewo.value == 1.0
    rewo.update(0.0)  # f = 0 there: it rests
    assert rewo.value == 1.0
    rewo.update(1.2)  # and leaves when the constraint is violated: exp(5 · 0.2)
    assert rewo.value == pytest.approx(math.e, rel=1e-12)


def test_error_equal_to_the_tolerance_changes_nothing():
    rewo = vhp.Rewo(kappa=1.0, alpha=0.0, beta0=0.5)
    rewo.update(1.0)
    assert rewo.initial_phase  # not below
    geco = vhp.Geco(kappa=1.0, alpha=0.0, beta0=0.5)
    geco.update(1.0)
    assert rewo.value == geco.value == 2.0


def test_guard_limits_a_step():
    geco = vhp.Geco(kappa=1.0, nu=1.0, alpha=0.0, beta0=1.0, max_log_step=0.1)
    geco.update(1e6)
    assert geco.value == pytest.approx(math.exp(0.1))


@pytest.mark.parametrize("kind", [vhp.Geco, vhp.Rewo])
def test_by_default_a_relative_violation_counts(kind):
    """Data of a hundred times the dimensions, or in another unit, move λ alike."""
    narrow, wide = (kind(kappa=k, beta0=0.5) for k in (1.0, 10.0))
    for error in (0.5, 1.3, 2.0):
        narrow.update(error)
        wide.update(100 * error)
    assert wide.value == pytest.approx(narrow.value, rel=1e-12)
    assert wide.value != pytest.approx(2.0)
    guarded = kind(kappa=1.0, alpha=0.0)
    guarded.update(0.5)
    before = guarded.value
    guarded.update(1e6)
    assert guarded.value / before == pytest.approx(math.exp(0.05))


def test_the_multiplier_never_freezes_the_weights():
    """Adam squares gradients: its steps are 0 where the squares overflow."""
    geco = vhp.Geco(kappa=1.0, nu=1e6, alpha=0.0, max_log_step=math.inf)
    geco.update(1e6)
    weight = torch.nn.Parameter(torch.ones(3))
    adam = torch.optim.Adam([weight], 0.1)
    terms = vhp.Terms(error=1e3 * weight.square(), rate=torch.zeros(3))
    loss = vhp.lagrangian(terms, geco.value, geco.kappa)
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)
    loss.backward()
    adam.step()
    assert torch.allclose(weight, torch.tensor(0.9))


@pytest.mark.parametrize("kind", [vhp.Geco, vhp.Rewo])
def test_state_goes_on_where_it_was(kind):
    errors = [3.0, 2.0, 0.4, 0.3, 1.9, 0.2]
    one = kind(kappa=1.0, nu=0.2, alpha=0.5)
    for error in errors:
        one.update(error)
    first, second = kind(kappa=1.0, nu=0.2, alpha=0.5), kind(kappa=1.0, nu=0.2, alpha=0.5)
    for error in errors[:3]:
        first.update(error)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    for error in errors[3:]:
        second.update(error)
    assert second.state_dict() == one.state_dict()


def test_state_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="initial_phase"):
        vhp.Geco(kappa=1.0).load_state_dict(vhp.Rewo(kappa=1.0).state_dict())


@pytest.mark.parametrize("kind", [vhp.Geco, vhp.Rewo])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kappa", 0.0),
        ("kappa", -1.0),
        ("kappa", math.nan),
        ("kappa", math.inf),
        ("nu", 0.0),
        ("alpha", 1.0),
        ("alpha", -0.1),
        ("alpha", math.nan),
        ("beta0", 0.0),
        ("beta0", -1.0),
        ("max_log_step", 0.0),
    ],
)
def test_bad_arguments_are_refused(kind, name, value):
    with pytest.raises(ValueError, match=name):
        kind(**{"kappa": 1.0, name: value})


def test_bad_tau_is_refused():
    with pytest.raises(ValueError, match="tau"):
        vhp.Rewo(kappa=1.0, tau=0.0)


@pytest.mark.parametrize("kind", [vhp.Geco, vhp.Rewo])
@pytest.mark.parametrize(
    ("error", "why"),
    [(math.nan, "diverged"), (math.inf, "diverged"), (-1.0, r"below 0.*vhp\.Likelihood")],
)
def test_an_error_that_is_none_is_refused(kind, error, why):
    with pytest.raises(ValueError, match=why):
        kind(kappa=1.0).update(error)


def test_repr_names_the_settings():
    assert repr(vhp.Rewo(kappa=2.0, beta0=0.5)) == "Rewo(kappa=2, nu=0.0025, alpha=0.99, value=2)"


@pytest.mark.parametrize("kind", [vhp.Geco, vhp.Rewo])
def test_reset_is_where_it_began(kind):
    used, new = kind(kappa=1.0, nu=0.2, beta0=0.3), kind(kappa=1.0, nu=0.2, beta0=0.3)
    for error in (2.0, 0.1, 0.1):
        used.update(error)
    assert used.state_dict() != new.state_dict()
    used.reset()
    assert vars(used) == vars(new)
