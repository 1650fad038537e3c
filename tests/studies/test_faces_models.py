"""The kept models are those of the study's cells, and small enough for a page."""

import pandas as pd
import pytest
import torch

import vhp_core as vhp
from studies import faces, faces_models, stamp
from studies.kept import misses
from vhp_core.book import read_study


@pytest.fixture(scope="module")
def kept():
    return read_study(faces_models.NAME, stamp.HERE)


def test_stamp_says_that_the_studys_rows_came_out_again(kept):
    told = kept.stamp["configuration"]
    study = read_study(faces.NAME, stamp.HERE)
    assert told["settings"] == study.stamp["configuration"]["settings"]
    table = study.table[(study.table.z_dim == told["z_dim"]) & (study.table.seed == told["seed"])]
    for spread in faces.SPREADS:
        rows = table[table.identity_spread == spread].set_index("model")
        for name in faces_models.MODELS:
            found = told["reproduced"][f"{spread} {name}"]
            assert set(found) == {"train_error", "train_rate", "test_error", "test_rate"}
            assert misses(found, rows.loc[name].to_dict()) == {}


@pytest.mark.parametrize("spread", faces.SPREADS)
def test_models_and_axes_fit_together(kept, spread):
    files = kept.stamp["configuration"]["files"][f"{spread}"]
    assert list(files) == [*faces_models.MODELS, "axes"]
    assert all((stamp.HERE / name).stat().st_size < 2_200_000 for name in files.values())
    axes = vhp.PrincipalAxes.load(stamp.HERE / files["axes"])
    unit = axes.axes @ axes.axes.T
    assert torch.allclose(unit, torch.eye(len(unit)), atol=1e-4)
    for name in faces_models.MODELS:
        model = vhp.load(stamp.HERE / files[name])
        assert model.config["prior"] == faces.MODELS[name][1]
        assert model.config["z_dim"] == faces_models.Z_DIM
        assert axes.around(model).sample(2).shape == (2, 1, 64, 64)


def test_histories_are_of_all_models_and_end_at_the_last_steps(kept):
    steps = kept.stamp["configuration"]["settings"]["steps"]
    groups = kept.table.groupby(["identity_spread", "model"])
    assert set(groups.groups) == {(s, name) for s in faces.SPREADS for name in faces.MODELS}
    for _, frame in groups:
        assert frame.step.is_monotonic_increasing
        assert 0.98 * steps <= frame.step.max() <= steps


def test_a_history_begins_with_the_models_name(tmp_path, monkeypatch):
    monkeypatch.setattr(faces, "FOLDER", tmp_path)
    path = faces.weights_path(0.3, faces_models.Z_DIM, "VHP-VAE", faces_models.SEED)
    path.parent.mkdir(parents=True)
    pd.DataFrame({"step": range(1000)}).to_csv(path.with_suffix(".csv"), index=False)
    frame = faces_models._history(0.3, "VHP-VAE")
    assert list(frame) == ["identity_spread", "model", "step"]
    assert len(frame) == faces_models.ROWS and frame.step.is_monotonic_increasing
