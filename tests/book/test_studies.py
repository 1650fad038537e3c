import json

import numpy as np
import pandas as pd
import pytest
import torch

import vhp_core as vhp
from vhp_core import book
from vhp_core.book import studies


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "studies"
    folder.mkdir()
    pd.DataFrame({"seed": [0, 1], "rate": [2.0, 3.0]}).to_csv(folder / "one.csv", index=False)
    stamp = {"date": "2026-01-01", "source_hash": book.source_hash()}
    (folder / "one.json").write_text(json.dumps(stamp))
    return folder


def test_study_is_found_upwards(study, tmp_path, monkeypatch, recwarn):
    deep = tmp_path / "_build" / "executed"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    table, stamp = book.read_study("one")
    assert table.rate.tolist() == [2.0, 3.0]
    assert stamp["date"] == "2026-01-01"
    assert not recwarn
    with pytest.raises(FileNotFoundError, match=r"studies/two\.csv"):
        book.read_study("two")


def test_without_a_folder_above_the_package_has_the_tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a notebook that was downloaded alone
    package = tmp_path / "site-packages" / "vhp_core"
    for place in (package / "tables" / "studies", package.parent / "studies"):
        place.mkdir(parents=True)
        (place / "one.csv").write_text(f"x\n{len(place.parts)}\n")
        stamp = {"date": "2026-01-01", "source_hash": "h"}
        (place / "one.json").write_text(json.dumps(stamp))
    monkeypatch.setattr(studies, "__file__", str(package / "book" / "studies.py"))
    monkeypatch.setattr(studies, "source_hash", lambda: "h")
    wheel = len((package / "tables" / "studies").parts)
    assert book.read_study("one").table.x.tolist() == [wheel]
    (package / "tables" / "studies" / "one.csv").unlink()  # installed with -e
    assert book.read_study("one").table.x.tolist() == [wheel - 2]


def test_a_study_of_another_source_is_told(study):
    (study / "one.json").write_text(json.dumps({"date": "2026-01-01", "source_hash": "old"}))
    with pytest.warns(UserWarning, match="another version") as told:
        book.read_study("one", study)
    assert told[0].filename == __file__  # of who asked: a page shows no path of a machine


@pytest.fixture
def kept(tmp_path):
    model = vhp.mlp_vae(2, 2, (4,))
    model.save(tmp_path / "a.safetensors")
    z = model.encode(torch.randn(3, 2)).mean.detach().numpy()
    pd.DataFrame({"label": ["x", "y", "x"], "M z1": z[:, 0], "M z2": z[:, 1]}).to_csv(
        tmp_path / "kept.csv", index=False
    )
    told = {
        "files": {"M": "a.safetensors"},
        "journeys": {"x to y": [0, 1]},
        "channels": {"ltibia rx": 0.6, "rtibia rx": 0.5},
    }
    stamp = {"date": "2026-01-01", "source_hash": book.source_hash(), "configuration": told}
    (tmp_path / "kept.json").write_text(json.dumps(stamp), encoding="utf-8")
    return tmp_path, model, z


def test_kept_models_come_with_what_an_explorer_shows(kept):
    folder, model, z = kept
    found = book.read_models("kept", folder)
    point = torch.tensor([[0.3, -0.2]])
    assert torch.equal(found.models["M"].decode(point).mean, model.decode(point).mean)
    np.testing.assert_allclose(found.codes["M"], z, rtol=1e-6)
    assert found.labels.tolist() == ["x", "y", "x"] and found.journeys == {"x to y": (0, 1)}
    assert found.motion.channels == ("ltibia rx", "rtibia rx")
    assert found.motion.joint_positions(np.zeros((1, 2))).shape == (1, 31, 3)


def test_kept_models_of_another_source_are_told_where_they_are_asked_for(kept):
    folder, *_ = kept
    stamp = json.loads((folder / "kept.json").read_text())
    (folder / "kept.json").write_text(json.dumps(stamp | {"source_hash": "old"}))
    with pytest.warns(UserWarning, match="another version") as told:
        book.read_models("kept", folder)
    assert told[0].filename == __file__


def test_a_kept_model_that_is_missing_is_named(kept):
    folder, *_ = kept
    (folder / "a.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"a\.safetensors"):
        book.read_models("kept", folder)


def test_kept_models_that_are_nowhere_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no studies/none\.csv"):
        book.read_models("none")


def test_files_of_a_study_are_found_upwards_and_beside_the_package(study, tmp_path, monkeypatch):
    (study / "one.safetensors").write_bytes(b"")
    deep = tmp_path / "_build" / "executed"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert book.study_file("one.safetensors") == study / "one.safetensors"
    assert book.study_file("__init__.py").parent.name == "studies"
    with pytest.raises(FileNotFoundError, match=r"no studies/two\.safetensors in .* `make study`"):
        book.study_file("two.safetensors")
