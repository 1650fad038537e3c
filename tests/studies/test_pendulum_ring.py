import itertools
import math

import numpy as np
import pandas as pd
import pytest
import torch

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


def test_the_setting_that_closed_most_is_chosen_then_the_higher_median():
    rows = [
        {"model": model, "start": "plain", "beta0": beta0, "step": 0.3, "seed": seed}
        for model, beta0, seed in itertools.product(("A", "B"), (0.05, 0.2), (100, 101, 102))
    ]
    score = [12, 12, 12, 90, 90, 9, *(20, 20, 1), *(30, math.inf, 2)]
    tuning = pd.DataFrame(rows).assign(ring_score=score, closed=np.array(score) >= 10)
    chosen = study.choose(tuning)
    assert chosen[["model", "beta0", "closed"]].values.tolist() == [["A", 0.05, 3], ["B", 0.2, 2]]


@pytest.mark.parametrize("model", study.MODELS)
def test_each_model_trains_and_gives_a_row_of_finite_numbers(model, monkeypatch):
    small = {"images": 120, "hidden": (8,), "num_samples": 2, "steps": 4, "batch_size": 16}
    monkeypatch.setattr(study, "SETTINGS", study.SETTINGS | small)
    monkeypatch.setattr(study, "GRAPH", {"num_nodes": 60, "num_neighbors": 20})
    threads = torch.get_num_threads()
    step = study.STEPS[study.MODELS[model][1]][0]
    (row,) = study.run(model, "linear", 0.2, step, seed=3)
    torch.set_num_threads(threads)
    assert row["model"] == model and row["closed"] == (row["ring_score"] >= 10)
    numbers = [row[key] for key in ("tear_ratio", "reconstruction_error", "rate", "multiplier")]
    assert np.isfinite(numbers).all() and row["reconstruction_error"] > 0
    assert 0 <= row["correlation"] <= 1
    assert "error" not in row  # the grid keeps that name for cells that failed
