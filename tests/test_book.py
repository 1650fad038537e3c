import json

import numpy as np
import pandas as pd
import pytest
import torch

import vhp_core as vhp
from vhp_core import book


def test_fingerprint_sees_values_types_and_shapes():
    one = torch.arange(6.0)
    prints = {
        book.fingerprint(one),
        book.fingerprint(one.double()),
        book.fingerprint(one.reshape(2, 3)),
        book.fingerprint(one + 1e-6),
        book.fingerprint(one, one),
    }
    assert len(prints) == 5
    assert book.fingerprint(one) == book.fingerprint(one.clone().numpy())
    assert book.fingerprint(np.array(["a", "b"], dtype=object)) != book.fingerprint(
        np.array(["a", "c"], dtype=object)
    )


def test_outline_is_blind_to_words_but_not_to_code():
    def outline(text):
        return book._outline(book.ast.parse(text))

    code = "def f(x):\n    return x + 1\n"
    told = 'def f(x):\n    """Add."""\n    # one\n    return (x +\n        1)\n'
    assert outline(code) == outline(told)
    assert outline(code) != outline(code.replace("1", "2"))


def test_source_hash_covers_the_method(monkeypatch):
    before = book.source_hash()
    monkeypatch.setattr(book, "_METHOD", book._METHOD[:-1])
    assert book.source_hash() != before


@pytest.fixture
def train():
    calls = []

    def train(x, seed):
        calls.append(seed)
        torch.manual_seed(seed)
        model = vhp.mlp_vae(3, 1, (4,), "normal")
        return model, vhp.fit_iwae(model, x, 2, steps=3, seed=seed, progress=False)

    train.calls = calls
    return train


def test_a_run_is_made_once_for_the_same_settings(train, tmp_path, monkeypatch):
    monkeypatch.setenv("VHP_CACHE", str(tmp_path / "cache"))
    x = torch.randn(20, 3)
    model, history = book.cached(train, x=x, seed=1)
    again, same_history = book.cached(train, x=x.clone(), seed=1)
    assert train.calls == [1]
    assert same_history.frame().equals(history.frame())
    for (name, a), (_, b) in zip(model.named_parameters(), again.named_parameters(), strict=True):
        assert torch.equal(a, b), name
    book.cached(train, x=x + 1, seed=1)
    book.cached(train, x=x, seed=2)
    assert train.calls == [1, 1, 2]
    assert not list((tmp_path / "cache").glob("*.part*"))


def test_without_a_folder_nothing_is_kept(train, monkeypatch):
    monkeypatch.delenv("VHP_CACHE", raising=False)
    for _ in range(2):
        book.cached(train, x=torch.zeros(5, 3), seed=0)
    assert train.calls == [0, 0]


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
    monkeypatch.setattr(book, "__file__", str(package / "book.py"))
    monkeypatch.setattr(book, "source_hash", lambda: "h")
    wheel = len((package / "tables" / "studies").parts)
    assert book.read_study("one").table.x.tolist() == [wheel]
    (package / "tables" / "studies" / "one.csv").unlink()  # installed with -e
    assert book.read_study("one").table.x.tolist() == [wheel - 2]


def test_a_study_of_another_source_is_told(study):
    (study / "one.json").write_text(json.dumps({"date": "2026-01-01", "source_hash": "old"}))
    with pytest.warns(UserWarning, match="another version"):
        book.read_study("one", study)


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
