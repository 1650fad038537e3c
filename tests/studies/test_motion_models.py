"""The kept models are those of the study's cell, and small enough for a page."""

import pandas as pd
import pytest
import torch

from studies import motion, motion_measures, motion_models, stamp
from studies.kept import misses
from vhp_core.book import read_models, read_study


@pytest.fixture(scope="module")
def kept():
    return read_models(motion_models.NAME, stamp.HERE)


def test_stamp_says_that_the_studys_rows_came_out_again(kept):
    told = kept.stamp["configuration"]
    study = read_study(f"motion_{motion_models.DATA}", stamp.HERE)
    assert told["settings"] == study.stamp["configuration"]["settings"]
    table = study.table
    cell = (table[list(told["row"])] == pd.Series(told["row"])).all(axis=1)
    rows = table[cell].set_index("model")
    for model in kept.models:
        found = told["reproduced"][model]
        assert {"train_error", "test_error", "train_rate", "test_rate"} <= set(found)
        assert misses(found, rows.loc[model].to_dict()) == {}


def test_models_and_codes_fit_together(kept):
    assert list(kept.models) == list(kept.codes) == motion_models.MODELS
    for name, model in kept.models.items():
        assert (stamp.HERE / motion_models.file_name(name)).stat().st_size < 1_000_000
        assert model.config["prior"] == motion.MODELS[name][1]
        assert model.config["x_dim"] == len(kept.motion.channels) == 50
        codes = torch.as_tensor(kept.codes[name]).float()
        assert codes.shape == (len(kept.labels), 2)
        with torch.no_grad():
            again = model.encode(model.decode(codes).mean).mean
        assert (again - codes).norm(dim=1).median() < 0.2 * codes.std()


def test_no_model_keeps_frames(kept):
    """Pseudo-inputs begin as frames of the recordings, which are not ours to give away."""
    names = [name for model in kept.models.values() for name in model.state_dict()]
    assert len(names) > 50 and not any("pseudo_inputs" in name for name in names)


def test_histories_are_of_all_models_and_end_at_the_last_steps():
    histories = pd.read_csv(stamp.HERE / f"{motion_models.NAME}_histories.csv")
    assert list(histories.model.unique()) == list(motion.MODELS)
    steps = motion.SETTINGS["steps"]
    for _, frame in histories.groupby("model"):
        assert frame.step.is_monotonic_increasing
        assert 0.99 * steps <= frame.step.max() <= steps


def test_samples_are_as_far_from_the_frames_as_the_studys(kept):
    """Other samples than the study drew, so the means agree within a few standard errors."""
    samples = pd.read_csv(stamp.HERE / f"{motion_models.NAME}_samples.csv")
    table = read_study(f"motion_{motion_models.DATA}", stamp.HERE).table
    cell = (table[list(motion_models.CELL)] == pd.Series(motion_models.CELL)).all(axis=1)
    rows = table[cell].set_index("model")
    for name, of_model in samples.groupby("model"):
        distance = of_model.distance
        if name == "held-out frames":
            assert distance.mean() == pytest.approx(rows.test_distance["no model"], rel=1e-4)
            continue
        error = distance.std() / len(distance) ** 0.5
        assert len(distance) == motion_models.SAMPLES
        assert abs(distance.mean() - rows.sample_distance[name]) < 4 * error


def test_a_larger_scale_suits_held_out_frames_of_every_seed():
    """The IWAE's σ is below √(C/D), and what was not fitted to has larger errors."""
    refitted = pd.read_csv(stamp.HERE / f"{motion_models.NAME}_refitted.csv").set_index("seed")
    table = read_study(f"motion_{motion_models.DATA}", stamp.HERE).table
    main = table[(table.z_dim == 2) & (table.weight_decay > 0) & (table.model == "IWAE")]
    rows = main.set_index("seed")
    assert refitted.index.tolist() == list(motion.SEEDS) == rows.index.tolist()
    assert (rows.sigma**2 < rows.train_error / 50).all()
    assert (refitted.test_log_likelihood > rows.test_log_likelihood).all()


def test_journeys_lead_between_the_studys_motions(kept):
    pairs = motion_measures.PAIRS[motion_models.DATA]
    ends = {name: tuple(kept.labels[list(rows)]) for name, rows in kept.journeys.items()}
    assert ends == {f"{first} to {last}": (first, last) for first, last in pairs}
