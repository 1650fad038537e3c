import inspect

import numpy as np
import pandas as pd
import pytest
import torch

import vhp_core as vhp
from studies import motion, motion_measures
from studies.rest import REST

SMALL = {"hidden": (8,), "num_samples": 2, "steps": 40, "batch_size": 16, "pseudo_inputs": 5}


@pytest.fixture
def small(monkeypatch, tmp_path):
    """The study with little of everything."""
    monkeypatch.setitem(motion.__dict__, "SETTINGS", motion.SETTINGS | SMALL)
    monkeypatch.setattr(motion_measures, "LIKELIHOOD", {"num_samples": 4, "prior_samples": 2})
    monkeypatch.setattr(motion_measures, "CONVERGENCE", [(2, 4), (4, 4)])
    monkeypatch.setattr(motion_measures, "GRAPH", {"num_nodes": 60, "num_neighbors": 10})
    monkeypatch.setattr(motion_measures, "PAIRS_EACH", 2)
    monkeypatch.setattr(motion_measures, "SAMPLES", 20)
    monkeypatch.setattr(motion, "FOLDER", tmp_path)
    return motion


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_cell_has_a_row_for_each_model_and_two_without(small):
    table = pd.DataFrame(small.run("mocap6", 2, 0.1, 3))
    assert table.model.tolist() == [*motion.MODELS, "no model", "graph of frames"]
    assert set(inspect.signature(motion.run).parameters) <= set(table)  # so it can be confirmed
    models = table[: len(motion.MODELS)]
    assert models.kappa2.nunique() == 1 and models.kappa2[0] == models.error_at_end[0]
    for _, (column, *pair) in motion.PRIMARY.items():
        assert np.isfinite(models.set_index("model")[column][pair].astype(float)).all()
    assert set(REST) <= set(table)
    lines = table.set_index("model").loc["no model"]
    assert lines.straight_smoothness < 1e-3 and lines.missing_paths == 0
    walks = table.set_index("model").loc["graph of frames"]
    assert walks.graph_distance < lines.straight_distance
    assert len(list((small.FOLDER / "motion_weights").glob("*.safetensors"))) == len(motion.MODELS)


def test_the_fixed_scale_is_sought_by_whole_runs(monkeypatch):
    """Where the error is a power of σ², the third run has it."""
    tried = []

    def train_bound(setup, prior, sigma2, learned):
        tried.append(sigma2)
        history = vhp.History()
        error = 3 * sigma2**0.5
        history.append(step=1, error=error, rate=1.0, multiplier=1.0, initial_phase=False)
        return sigma2, history

    monkeypatch.setattr(motion, "SIGMA_RUNS", 3)
    monkeypatch.setattr(motion, "train_bound", train_bound)
    setup = motion.Setup("cmu", torch.zeros(1, 1), 2, 0.0, 0)
    model, _ = motion.train_at_error(setup, "hierarchical", 1.0, 6.0)
    assert len(tried) == 3 and model == pytest.approx(4.0)


def test_pieces_of_a_trial_are_one_recording():
    names = motion_measures.recordings(np.array(["86_01[0:4]", "86_01[8:9]", "35_01"]))
    assert names.tolist() == ["86_01", "86_01", "35_01"]


def test_pseudo_inputs_begin_as_frames(small):
    x = torch.randn(30, 4)
    model = motion.new_model(motion.Setup("cmu", x, 2, 0.0, 0), "vamp", 1)
    distances = torch.cdist(model.prior.pseudo_inputs, x).min(1).values
    assert distances.max() == 0
