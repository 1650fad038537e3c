import inspect
import math

import numpy as np
import pandas as pd
import pytest
import torch

import vhp_core as vhp
from studies import likelihoods as study
from studies import likelihoods_measures as measures

SMALL = {"hidden": (16,), "prior_samples": 2, "pseudo_inputs": 5, "steps": 40, "batch_size": 16}


@pytest.fixture
def small(monkeypatch, tmp_path):
    """The study with little of everything, on digits in the place of clothes."""
    digits = vhp.data.digits()
    monkeypatch.setattr(vhp.data, "fashion_mnist", lambda: digits)
    monkeypatch.setattr(study, "SETTINGS", study.SETTINGS | SMALL)
    monkeypatch.setattr(study, "FOLDER", tmp_path)
    counts = {"few": 20, "fewest": 10, "held_out": 100, "seed": 0}
    monkeypatch.setattr(measures, "COUNTS", counts)
    options = {"num_samples": 8, "prior_samples": 2}
    monkeypatch.setattr(measures, "LIKELIHOOD", dict.fromkeys(("few", "all", "judge"), options))
    threads = torch.get_num_threads()
    yield study
    torch.set_num_threads(threads)


@pytest.mark.filterwarnings("ignore::UserWarning")  # forty steps do not meet a constraint
@pytest.mark.parametrize("name", study.MODELS)
def test_a_cell_has_one_row_and_leaves_what_the_pages_show(small, name):
    [row] = small.run(name, 20.0, 3, 1)
    assert set(inspect.signature(small.run).parameters) <= set(row)  # so it can be confirmed
    assert all(math.isfinite(float(value)) for key, value in row.items() if key != "model")
    learned = {"zeta_share", *(f"log_p_k{k}" for k in measures.PRIOR_SAMPLES)}
    hierarchical = study.MODELS[name][1] == "hierarchical"
    assert learned & set(row) == (learned if hierarchical else set())
    assert {measure for measure, *_ in study.PRIMARY.values()} <= set(row)
    path = small.weights_path(name, 3, 1)
    pictures = pd.read_csv(path.with_suffix(".pictures.csv"))
    assert len(pictures) == pictures.picture.nunique() == 20
    assert pictures.log_p.mean() == pytest.approx(float(row["log_p"]), abs=1e-3)
    again, data = vhp.load(path), measures.Pictures()
    assert measures.active_units(again, data.test) == row["active_units"]
    assert pd.read_csv(path.with_suffix(".csv")).step.iloc[-1] > 30


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_models_that_are_compared_differ_in_the_objective_or_the_prior_alone(small):
    x = measures.Pictures().train
    models = {name: small.new_model(x, prior, 3, 0) for name, (_, prior) in study.MODELS.items()}
    first = models["VAE"]
    for name, model in models.items():
        for part in ("encoder", "decoder"):
            pairs = zip(
                getattr(first, part).parameters(), getattr(model, part).parameters(), strict=True
            )
            assert all(torch.equal(one, other) for one, other in pairs), name
    assert all(
        torch.equal(z, x[(x == z).all(1)][0]) for z in models["VampPrior"].prior.pseudo_inputs
    )


def test_the_sweep_sees_no_test_picture(small):
    data = vhp.data.digits()
    test = {tuple(picture.flatten().tolist()) for picture in data.x[data.split[1]]}
    train = {tuple(picture.flatten().tolist()) for picture in data.x[data.split[0]]}
    tuning = measures.Pictures(tuning=True)
    assert len(tuning.train) == int(data.split[0].sum()) - 100 and len(tuning.test) == 100
    assert {tuple(picture.tolist()) for picture in tuning.train} <= train - test
    judged = vhp.data.binarise(data.x[data.split[0]][-100:].flatten(1), 0)
    assert torch.equal(tuning.test, judged)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_tuning_has_what_kappa_is_taken_from(small):
    [row] = small.tune("VAE", 1.0, 0.0)
    assert 0 < float(row["error_at_end"]) < 64 and set(row) >= {"model", "share", "kappa2", "log_p"}


def test_history_is_told_by_its_ends():
    steps = np.arange(4000.0)
    frame = pd.DataFrame({"error": 100 - steps / 100, "rate": steps / 200, "multiplier": 2.0})
    frame["initial_phase"] = steps < 1000
    row = measures.of_history(frame)
    # An ELBO of −100 + step/200; means over 100 steps that end at 3000 and at 4000.
    assert row["elbo"] == pytest.approx(-100 + 3949.5 / 200)
    assert row["gained"] == pytest.approx(1000 / 200) and row["initial_phase"] == 0.25
    thin = measures.thinned(frame.assign(step=steps))
    assert len(thin) == measures.ROWS and thin.step.iloc[0] == 9.5  # of the first twenty
    assert len(measures.thinned(frame[:30])) == 30


def test_units_are_active_if_their_means_differ():
    model = vhp.mlp_vae(2, 2, (4,), prior="normal", seed=0)
    for parameter in model.encoder.parameters():
        parameter.data.zero_()
    assert measures.active_units(model, torch.randn(50, 2)) == 0
    vhp.linear_start(model, x := torch.randn(500, 2) * torch.tensor([3.0, 3.0]))
    assert measures.active_units(model, x) == 2
