import math
from functools import partial

import pytest
import torch

import vhp_core as vhp
from vhp_core.engine import runs

SMALL = {"progress": False, "batch_size": 32}


def small_model(prior="hierarchical", x_dim=3):
    torch.manual_seed(5)
    return vhp.mlp_vae(x_dim, 1, (16,), prior, num_importance_samples=4)


@pytest.fixture(scope="module")
def line():
    """One Gaussian coordinate of variance 4."""
    generator = torch.Generator().manual_seed(0)
    return 2 * torch.randn(20_000, 1, generator=generator)


@pytest.mark.parametrize(
    ("prior", "schedule"),
    [
        ("normal", partial(vhp.Geco, nu=0.2, beta0=1.0, max_log_step=0.01)),
        ("hierarchical", partial(vhp.Rewo, nu=0.05, beta0=0.1)),
    ],
)
def test_the_constrained_optimum_is_the_rate_distortion_function(line, prior, schedule):
    """For a Gaussian of variance v the exact solution at E[C] = κ² is known:

    the rate is R(κ²) = ½ log(v/κ²), and the multiplier its slope, λ = −dR/dκ² = 1/(2κ²).
    """
    torch.manual_seed(0)
    model = vhp.mlp_vae(1, 1, (32,), prior, num_importance_samples=4)
    constraint = schedule(math.sqrt(0.2), alpha=0.9)
    end = vhp.fit(model, line, constraint, 2500, 256, 2e-3, progress=False).frame().tail(500)
    assert end.error.mean() == pytest.approx(0.2, rel=0.02)
    assert end.rate.mean() == pytest.approx(0.5 * math.log(4 / 0.2), abs=0.05)
    assert end.multiplier.mean() == pytest.approx(2.5, rel=0.05)
    assert model.likelihood.log_scale.exp().item() ** 2 == pytest.approx(0.2, rel=0.15)


def test_the_iwae_learns_the_likelihood(line):
    """With a free decoder on one Gaussian coordinate the best log p(x) is −entropy."""
    torch.manual_seed(0)
    model = vhp.mlp_vae(1, 1, (32,), prior="normal")
    frame = vhp.fit_iwae(model, line, 5, 1500, 256, 3e-3, progress=False).frame()
    entropy = 0.5 * math.log(2 * math.pi * math.e * 4)
    assert frame.bound.tail(300).mean() == pytest.approx(-entropy, abs=0.05)
    sigma2 = model.likelihood.log_scale.exp().item() ** 2
    assert frame.multiplier.iloc[-1] == pytest.approx(0.5 / sigma2)


def test_prior_rests_in_the_initial_phase_and_moves_with_the_crossing_step():
    x = torch.randn(200, 3)
    model = small_model()
    before = [p.clone() for p in model.prior.parameters()]
    with pytest.warns(UserWarning, match="never fell below"):
        frame = vhp.fit(model, x, vhp.Rewo(kappa=1e-3), 5, **SMALL).frame()
    assert frame.initial_phase.all()
    assert all(torch.equal(a, b) for a, b in zip(before, model.prior.parameters(), strict=True))

    model = small_model()  # κ² far above the error: the first update crosses
    with pytest.warns(UserWarning, match="the constraint holds without z"):
        vhp.fit(model, x, vhp.Rewo(kappa=100.0, nu=1.0, max_log_step=math.inf), 1, **SMALL)
    assert not all(torch.equal(a, b) for a, b in zip(before, model.prior.parameters(), strict=True))


def test_a_growing_multiplier_does_not_lengthen_the_steps():
    """Adam moves a weight by its learning rate where the gradient keeps its sign.

    On a loss that grows by 5 % a step it would move it by nearly seven times as much.
    """
    model, steps = small_model(), 200
    before = model.decoder[-1].bias.detach().clone()
    constraint = vhp.Geco(1e-3, nu=1.0, beta0=1.0, max_log_step=0.05)
    with pytest.warns(UserWarning):
        vhp.fit(model, torch.full((200, 3), 1000.0), constraint, steps, **SMALL)
    assert constraint.value == pytest.approx(1.05**steps, rel=0.3)
    way = (model.decoder[-1].bias.detach() - before).abs().max().item()
    assert way == pytest.approx(steps * 1e-3, rel=0.05)


def test_encoder_and_decoder_learn_in_the_initial_phase():
    model = small_model()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with pytest.warns(UserWarning, match="never fell below"):
        vhp.fit(model, torch.randn(200, 3), vhp.Rewo(kappa=1e-3), 3, **SMALL)
    for name, value in model.state_dict().items():
        if name.startswith(("encoder", "decoder")):
            assert not torch.equal(value, before[name]), name


def test_geco_trains_the_prior_from_the_first_step():
    model = small_model()
    before = [p.clone() for p in model.prior.parameters()]
    with pytest.warns(UserWarning, match="not met"):
        vhp.fit(model, torch.randn(200, 3), vhp.Geco(kappa=0.1), 1, **SMALL)
    # Layers behind a last one that begins at zero move from the second step on.
    assert not all(torch.equal(a, b) for a, b in zip(before, model.prior.parameters(), strict=True))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("loop", ["fit", "fit_iwae"])
def test_same_seed_same_run(loop):
    x = torch.randn(200, 3)

    def run(seed):
        model = small_model("hierarchical" if loop == "fit" else "normal")
        argument = vhp.Rewo(kappa=1.0) if loop == "fit" else 3
        frame = getattr(vhp, loop)(model, x, argument, steps=20, seed=seed, **SMALL).frame()
        return frame, torch.cat([p.detach().flatten() for p in model.parameters()])

    (frame, weights), (same_frame, same_weights), (_, other_weights) = run(0), run(0), run(1)
    assert frame.equals(same_frame)
    assert torch.equal(weights, same_weights)
    assert not torch.equal(weights, other_weights)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_history_of_both_loops():
    x = torch.randn(200, 3)
    columns = ["step", "error", "smoothed_error", "rate", "multiplier", "initial_phase"]
    frame = vhp.fit(small_model(), x, vhp.Rewo(kappa=1.0), 7, **SMALL).frame()
    assert frame.columns.tolist() == columns
    assert frame.step.tolist() == list(range(1, 8))
    frame = vhp.fit_iwae(small_model("normal"), x, 3, 7, **SMALL).frame()
    assert frame.columns.tolist() == [*columns, "bound"]
    assert not frame.initial_phase.any()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("loop", ["fit", "fit_iwae"])
def test_training_leaves_the_random_state_alone(loop):
    x = torch.randn(200, 3)
    model = small_model("hierarchical" if loop == "fit" else "normal")
    argument = vhp.Rewo(kappa=1.0) if loop == "fit" else 3
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    getattr(vhp, loop)(model, x, argument, steps=2, **SMALL)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.filterwarnings("ignore::UserWarning")  # so few steps do not meet the constraint
def test_progress_shows_error_rate_and_multiplier(capsys, monkeypatch):
    # However fast this machine is: the bar is otherwise drawn twice a second.
    tqdm = runs.tqdm
    monkeypatch.setattr(runs, "tqdm", lambda **given: tqdm(**given | {"mininterval": 0}))
    x = torch.randn(200, 3)
    vhp.fit(small_model(), x, vhp.Geco(kappa=1.7, beta0=1), 100, batch_size=32, learning_rate=3e-3)
    shown = capsys.readouterr().err
    assert all(f"{name}=" in shown for name in ("error", "rate", "multiplier"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"learning_rate": math.inf}, "learning_rate"),
        ({"cooldown": 1.5}, r"cooldown must lie in \[0, 1\]"),
        ({"x": torch.full((9, 3), math.nan)}, "not finite"),
        ({"x": torch.zeros(9, 4)}, "4 columns"),
    ],
)
def test_bad_input_is_refused_by_both_loops(change, message):
    arguments = {"x": torch.zeros(9, 3), "steps": 1, "progress": False, **change}
    with pytest.raises(ValueError, match=message):
        vhp.fit(small_model(), constraint=vhp.Rewo(kappa=1.0), **arguments)
    with pytest.raises(ValueError, match=message):
        vhp.fit_iwae(small_model("normal"), num_samples=2, **arguments)


def test_num_samples_of_the_iwae_is_checked():
    with pytest.raises(ValueError, match="num_samples"):
        vhp.fit_iwae(small_model("normal"), torch.zeros(9, 3), 0, 1)


def test_divergence_is_told():
    x = 1e30 * torch.ones(9, 3)
    with pytest.raises(ValueError, match="diverged"):
        vhp.fit(small_model(), x, vhp.Rewo(kappa=1.0), 1, **SMALL)
    with pytest.raises(ValueError, match="diverged"):
        vhp.fit_iwae(small_model("normal"), x, 2, 3, **SMALL)


class Diverging(vhp.StandardNormal):
    """A prior whose density is lost, as happens when a scale has underflown."""

    def log_prob(self, z, num_samples=None):
        return super().log_prob(z) * math.nan


@pytest.mark.parametrize(("loop", "name"), [("fit", "rate"), ("fit_iwae", "bound")])
def test_a_lost_density_stops_the_run_before_the_weights_are_touched(loop, name):
    model = small_model("normal")
    model.prior = Diverging(1)
    before = [p.clone() for p in model.parameters()]
    argument = vhp.Geco(kappa=1.0) if loop == "fit" else 2
    with pytest.raises(ValueError, match=f"the {name} is nan at step 1"):
        getattr(vhp, loop)(model, torch.randn(20, 3), argument, steps=3, **SMALL)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert not model.training  # and the model is left as after any other run


def test_the_model_comes_back_to_its_device(monkeypatch):
    """Training may move it; the device here is only noted, since there is none but the CPU."""
    moved = []
    model = small_model("normal")
    monkeypatch.setattr(model, "to", lambda *a, **k: moved.append(a) or model, raising=False)
    vhp.fit_iwae(model, torch.randn(20, 3), 2, 1, **SMALL)
    assert moved[-1] == (torch.device("cpu"),)
