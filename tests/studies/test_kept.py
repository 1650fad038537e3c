import json

import pytest
import torch

import vhp_core as vhp
from studies.kept import confirm, keep, misses, plain
from vhp_core.book import is_current


def test_weights_kept_as_halves_give_nearly_the_same_model(tmp_path):
    model = vhp.mlp_vae(8, 2, hidden=(64,), num_importance_samples=2, seed=0)
    model.save(tmp_path / "whole.safetensors")
    keep(tmp_path / "whole.safetensors", tmp_path / "half.safetensors")
    again = vhp.load(tmp_path / "half.safetensors")
    weights, halves = (m.decoder[0].weight for m in (model, again))
    assert torch.equal(halves, weights.half().float()) and not torch.equal(halves, weights)
    sizes = [(tmp_path / f"{n}.safetensors").stat().st_size for n in ("whole", "half")]
    assert sizes[1] < 0.7 * sizes[0]


def test_a_measure_that_differs_from_the_row_is_found():
    wanted = {"train_error": 0.2, "train_rate": 4.0}
    found = {"train_error": 0.2001, "train_rate": 4.00001}
    assert list(misses(found, wanted)) == ["train_error"]
    assert list(misses({"train_rate": float("nan")}, wanted)) == ["train_rate"]


def test_a_name_becomes_part_of_a_files():
    assert plain("REWO-VAE, VampPrior") == "rewo-vae-vampprior"


def test_kept_models_are_confirmed_only_if_all_measure_as_they_did(tmp_path):
    path = tmp_path / "models.json"
    told = {"one": {"rate": 4.0}, "two": {"rate": 5.0}}
    stamp = {"source_hash": "another", "data": [], "configuration": {"reproduced": told}}
    path.write_text(json.dumps(stamp))
    for found in ({"one": {"rate": 4.0}}, told | {"two": {"rate": 5.01}}):
        with pytest.raises(SystemExit):
            confirm("models", found, tmp_path)
        assert json.loads(path.read_text()) == stamp
    assert not is_current(stamp)
    confirm("models", told | {"two": {"rate": 5.0002}}, tmp_path)
    noted = json.loads(path.read_text())
    assert is_current(noted) and noted["confirmed"]["models"] == ["one", "two"]
    assert noted["configuration"] == stamp["configuration"]
