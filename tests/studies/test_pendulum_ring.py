import itertools
import math

import numpy as np
import pandas as pd
import pytest
import torch

import vhp_core as vhp
from studies import pendulum_ring as study

TURN = 2 * math.pi * (np.arange(960) + 0.5) / 960


def circle(turn):
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


def test_tear_ratio_is_one_on_a_circle_and_the_gap_on_an_arc():
    assert study.tear_ratio(circle(TURN), TURN) == pytest.approx(1.0, rel=1e-3)
    # Three quarters of a circle: 47 steps of 270°/48, and the cut, of 90° and one step.
    step = 2 * math.sin(math.radians(270 / 48) / 2)
    cut = 2 * math.sin(math.radians(90 + 270 / 48) / 2)
    assert study.tear_ratio(circle(0.75 * TURN), TURN) == pytest.approx(cut / step, rel=0.01)


def test_ring_angle_does_not_see_place_and_size():
    moved = 7 * circle(TURN) + [3, -20]
    assert np.allclose(circle(study.ring_angle(moved)), circle(TURN), atol=1e-4)


def test_proportionality_of_known_lengths():
    arcs = np.array([0.5, 1.0, 2.0, 3.0])
    assert study.proportionality(4 * arcs, arcs) == pytest.approx(1.0)
    # Lengths 1, 1, 3, 3 on arcs 1, 1, 2, 2: slope 14/10, residuals 0.4² twice and 0.2² twice.
    value = study.proportionality(np.array([1.0, 1, 3, 3]), np.array([1.0, 1, 2, 2]))
    assert value == pytest.approx(1 - 0.4 / 4)
    assert math.isnan(study.proportionality(np.array([1, np.nan, 3]), arcs[:3]))


def test_the_setting_with_most_whole_rings_is_chosen_then_the_better_fit():
    rows = [
        {"model": model, "start": "plain", "beta0": beta0, "step": 0.3, "seed": seed}
        for model, beta0, seed in itertools.product(("A", "B"), (0.05, 0.2), (100, 101, 102))
    ]
    whole = [True, True, True, True, True, False, *(True, True, False), *(True, True, False)]
    fit = [0.9, 0.9, 0.9, 0.99, 0.99, 0.99, *(0.97, 0.95, math.nan), *(0.96, 0.9, 0.98)]
    chosen = study.choose(pd.DataFrame(rows).assign(whole=whole, squared_r2=fit))
    assert chosen[["model", "beta0", "whole"]].values.tolist() == [["A", 0.05, 3], ["B", 0.2, 2]]


def test_the_noise_of_equal_error_is_found_between_and_beyond_the_tried_ones():
    beta0 = np.repeat([0.025, 0.05, 0.1, 0.2], 3)
    # Error 20 β₀ and 8 √β₀ at the median; 2 and 0.02 beside it do not count.
    around = pd.DataFrame({"model": "A", "beta0": beta0, "reconstruction_error": 20 * beta0})
    beyond = pd.DataFrame({"model": "B", "beta0": beta0, "reconstruction_error": 8 * beta0**0.5})
    for frame in (around, beyond):
        frame.loc[::3, "reconstruction_error"] = 2.0
        frame.loc[1::3, "reconstruction_error"] = 0.02
    found = study.calibrate(pd.concat([around, beyond]), kappa2=1.0).set_index("model").beta0
    assert found["A"] == pytest.approx(1 / 20)
    assert found["B"] == pytest.approx(1 / 64)


def test_the_prior_of_usual_weights_hardly_depends_on_zeta():
    x = torch.randn(50, 6)
    small = study.SETTINGS | {"hidden": (64, 64)}
    usual = study.new_model(x, "hierarchical", "neither", 0, small)
    alive = study.new_model(x, "hierarchical", "plain", 0, small)
    assert vhp.evaluation.zeta_share(usual.prior) < 0.2
    assert vhp.evaluation.zeta_share(alive.prior) == pytest.approx(0.91, abs=0.01)
    for a, b in zip(usual.encoder.parameters(), alive.encoder.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("model", [*study.MODELS, *study.FIXED])
def test_each_model_trains_and_gives_a_row_of_finite_numbers(model, monkeypatch):
    small = {"images": 120, "hidden": (8,), "num_samples": 2, "steps": 4, "batch_size": 16}
    monkeypatch.setattr(study, "SETTINGS", study.SETTINGS | small)
    monkeypatch.setattr(study, "GRAPH", {"num_nodes": 60, "num_neighbors": 20})
    threads = torch.get_num_threads()
    kind = study.MODELS[model][1] if model in study.MODELS else "learning_rate"
    (row,) = study.run(model, "linear", 0.2, study.STEPS[kind][0], seed=3)
    torch.set_num_threads(threads)
    assert row["model"] == model and row["closed"] == (row["ring_score"] >= 10)
    numbers = [row[key] for key in ("tear_ratio", "reconstruction_error", "rate", "multiplier")]
    assert np.isfinite(numbers).all() and row["reconstruction_error"] > 0
    assert 0 <= row["correlation"] <= 1
    if kind == "learning_rate":
        assert (row["multiplier"] == pytest.approx(5.0)) == (model in study.FIXED)
    assert ("zeta_share" in row) == (model in ("GECO", "REWO", "hierarchical, fixed σ"))
    assert "error" not in row  # the grid keeps that name for cells that failed
