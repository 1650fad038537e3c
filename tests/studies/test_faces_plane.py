import json

import pandas as pd
import pytest
import torch

import vhp_core as vhp
from studies import faces, faces_plane, stamp


@pytest.mark.filterwarnings("ignore::UserWarning")  # three steps do not meet a constraint
def test_both_models_begin_alike_and_meet_the_same_error():
    small = {"axes": 6, "z_dim": 2, "hidden": (8,), "steps": 3, "batch_size": 8}
    small |= {"start": faces_plane.SETTINGS["start"] | {"steps": 3}}
    y = torch.randn(40, 6)
    models, rows = faces_plane.train_both(y, y[:10], 0, faces_plane.SETTINGS | small)
    assert list(models) == [row["model"] for row in rows] == ["IWAE", "VHP-VAE"]
    assert rows[0]["train_error"] == rows[0]["kappa2"] == rows[1]["kappa2"]
    assert isinstance(models["VHP-VAE"].prior, vhp.HierarchicalPrior)


def test_the_committed_models_are_small_and_go_with_the_axes():
    axes = vhp.PrincipalAxes.load(stamp.HERE / faces.AXES_FILE).leading(128)
    table = pd.read_csv(stamp.HERE / "faces_plane.csv").set_index("model")
    settings = json.loads((stamp.HERE / "faces_plane.json").read_text())["configuration"]
    test = vhp.data.faces(60, seed=3, size=64).x  # none was trained on
    for name in faces_plane.MODELS:
        path = stamp.HERE / faces_plane.file_name(name)
        assert path.stat().st_size < 1e6
        model = vhp.load(path)
        y = axes.coordinates(test)
        error = vhp.evaluation.reconstruction_error(model, y, 4, seed=0)
        standard_error = error.std() / len(error) ** 0.5
        assert abs(error.mean() - table.test_error[name]) < 4 * standard_error
        assert settings["files"][name] == path.name
    assert abs(table.train_error["VHP-VAE"] / table.kappa2["VHP-VAE"] - 1) < 0.05
