"""The kept models are those of the study's row, and small enough for a page."""

import pytest
import torch

from studies import cmu_motion, cmu_motion_models, stamp
from studies.kept import misses
from vhp_core.book import read_models, read_study


@pytest.fixture(scope="module")
def kept():
    return read_models(cmu_motion_models.NAME, stamp.HERE)


def test_stamp_says_that_the_studys_row_came_out_again(kept):
    told = kept.stamp["configuration"]
    assert {"date", "minutes", "source_hash", "versions", "machine"} <= set(kept.stamp)
    study = read_study("cmu_motion", stamp.HERE)
    assert told["settings"] == study.stamp["configuration"]["settings"]
    rows = study.table.set_index(["data", "seed", "model"]).loc["cmu", told["row"]["seed"]]
    for model in kept.models:
        found = told["reproduced"][model]
        assert {"kappa2", "train_error", "test_error", "train_rate", "test_rate"} <= set(found)
        assert misses(found, rows.loc[model].to_dict()) == {}


def test_models_and_codes_fit_together(kept):
    assert set(kept.models) == set(kept.codes) == set(cmu_motion_models.MODELS)
    for name, model in kept.models.items():
        file = stamp.HERE / cmu_motion_models.file_name(name)
        assert file.stat().st_size < 1_000_000
        assert model.config["prior"] == cmu_motion_models.MODELS[name]
        assert model.config["x_dim"] == len(kept.motion.channels) == 50
        assert kept.codes[name].shape == (len(kept.labels), 2)
        with torch.no_grad():
            again = model.encode(model.decode(torch.as_tensor(kept.codes[name]).float()).mean).mean
        off = (again - torch.as_tensor(kept.codes[name])).norm(dim=1).median()
        assert off < 0.2 * torch.as_tensor(kept.codes[name]).std()


def test_journeys_lead_between_the_studys_motions(kept):
    ends = {name: tuple(kept.labels[list(rows)]) for name, rows in kept.journeys.items()}
    assert list(ends.values()) == cmu_motion.PAIRS["cmu"]
    assert list(ends) == [f"{first} to {last}" for first, last in cmu_motion.PAIRS["cmu"]]
