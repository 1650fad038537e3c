import pytest
import torch

import vhp_core as vhp
from vhp_core import book


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


def test_a_kept_run_warns_as_it_did(tmp_path, monkeypatch):
    monkeypatch.setenv("VHP_CACHE", str(tmp_path))
    calls = []

    def train(seed):
        calls.append(seed)
        torch.manual_seed(seed)
        model = vhp.mlp_vae(3, 1, (4,), "normal")
        far = vhp.Rewo(kappa=1e-3)
        return model, vhp.fit(model, torch.ones(9, 3), far, steps=2, seed=seed, progress=False)

    said = []
    for _ in range(2):
        with pytest.warns(UserWarning, match="never fell below") as caught:
            _, history = book.cached(train, seed=0)
        said.append([str(warning.message) for warning in caught])
        assert list(history.frame().columns)[-1] == "initial_phase"
    assert said[0] == said[1]
    assert calls == [0]


def test_without_a_folder_nothing_is_kept(train, monkeypatch):
    monkeypatch.delenv("VHP_CACHE", raising=False)
    for _ in range(2):
        book.cached(train, x=torch.zeros(5, 3), seed=0)
    assert train.calls == [0, 0]


def test_another_numerical_profile_is_another_run(train, tmp_path, monkeypatch):
    monkeypatch.setenv("VHP_CACHE", str(tmp_path))
    for profile in ("", "AVX2", "COMPATIBLE", "AVX2"):
        monkeypatch.setenv("MKL_CBWR", profile)
        book.cached(train, x=torch.zeros(5, 3), seed=len(profile))
    assert train.calls == [0, 4, 10]
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    book.cached(train, x=torch.zeros(5, 3), seed=4)
    assert train.calls == [0, 4, 10, 4]
