"""Pictures of faces: what they show, that they repeat, and what is refused."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

import vhp_core as vhp

module = sys.modules["vhp_core.data.faces"]  # the package's attribute is the function


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    """Each test has a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(module, "_cache_folder", lambda: tmp_path / "faces")
    return tmp_path / "faces"


def test_shapes_ranges_and_split():
    data = vhp.data.faces(10, seed=1, size=16)
    assert data.x.shape == (10, 1, 16, 16) and data.x.dtype == torch.float32
    steps = data.x * 255
    torch.testing.assert_close(steps, steps.round(), atol=1e-4, rtol=0)
    assert data.x.min() == 0 and 0.5 < data.x.max() <= 1
    train, test = data.split
    assert torch.equal(train, ~test) and test.nonzero().flatten().tolist() == [4, 9]
    assert list(data.factors.columns[:4]) == list(module.ANGLES)
    assert data.identity.shape == (10, 10)
    assert "10 pictures of 16×16" in data.source


def test_factors_fill_their_ranges():
    factors = module._draw(5000, 0, 10)
    for name, (low, high) in module.ANGLES.items():
        assert low <= factors[name].min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < factors[name].max() <= high
    identity = factors.filter(like="identity").to_numpy()
    assert abs(identity).max() == 2.5
    np.testing.assert_allclose(identity.std(0), 1, atol=0.05)


def test_people_differ_as_much_as_is_asked(cache_folder):
    usual, alike, one = (
        vhp.data.faces(20, size=16, identity_spread=spread) for spread in (1.0, 0.3, 0)
    )
    np.testing.assert_allclose(alike.identity, 0.3 * usual.identity)
    assert not one.identity.any()
    angles = list(module.ANGLES)
    for data in (alike, one):  # in the same poses and light, but other pictures
        assert data.factors[angles].equals(usual.factors[angles])
        assert not torch.equal(data.x, usual.x)
    assert len(list(cache_folder.iterdir())) == 3
    assert torch.equal(one.x[:1], vhp.data.render(size=16, **one.factors[angles].iloc[0])[None])
    assert alike.source == usual.source + ", identity spread 0.3"


def test_the_usual_spread_is_what_it_is_without_the_argument(cache_folder):
    """The same pictures, under the same name in the cache, of people as they were drawn before."""
    usual = vhp.data.faces(4, size=16)
    same = vhp.data.faces(4, 0, None, 16, identity_spread=1)
    assert torch.equal(usual.x, same.x) and usual.source == same.source
    assert len(list(cache_folder.iterdir())) == 1
    with module.seeded(0):
        torch.rand(4, len(module.ANGLES), dtype=torch.float64)
        people = torch.randn(4, 10, dtype=torch.float64).clamp(-2.5, 2.5)
    assert np.array_equal(usual.identity, people.numpy())


def test_render_makes_the_same_picture():
    data = vhp.data.faces(2, size=32)
    row = data.factors.iloc[1]
    angles = {name: row[name] for name in module.ANGLES}
    assert torch.equal(vhp.data.render(data.identity[1], **angles, size=32), data.x[1])


def test_same_seed_same_bytes_in_two_processes(tmp_path):
    code = (
        "import hashlib, vhp_core as vhp; d = vhp.data.faces(3, seed=5, size=32); "
        "print(hashlib.sha256(d.x.numpy().tobytes() + d.factors.to_numpy().tobytes()).hexdigest())"
    )
    hashes = set()
    for name in "ab":  # an empty cache each
        environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / name), "TQDM_DISABLE": "1"}
        run = [sys.executable, "-c", code]
        done = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
        assert not done.stderr
        hashes.add(done.stdout)
    assert len(hashes) == 1
    assert not torch.equal(
        vhp.data.faces(3, seed=5, size=32).x, vhp.data.faces(3, seed=6, size=32).x
    )


def test_second_call_reads_the_cache(cache_folder, monkeypatch):
    first = vhp.data.faces(3, size=16)
    monkeypatch.setattr(module, "render_face", None)  # nothing can be rendered any more
    assert torch.equal(first.x, vhp.data.faces(3, size=16).x)
    assert [path.suffix for path in cache_folder.iterdir()] == [".npz"]


@pytest.mark.parametrize("damage", ["cut off", "emptied", "other shape"])
def test_damaged_cache_is_rendered_anew(cache_folder, damage):
    first = vhp.data.faces(3, size=16)
    (path,) = cache_folder.iterdir()
    if damage == "other shape":
        np.savez_compressed(path, pixels=np.zeros((3, 8, 8), np.uint8))
    else:
        path.write_bytes(path.read_bytes()[: 200 if damage == "cut off" else 0])
    assert torch.equal(first.x, vhp.data.faces(3, size=16).x)
    assert module._read(path, (3, 16, 16)) is not None


def test_cache_that_cannot_be_written_is_said(cache_folder):
    cache_folder.write_text("a file where a folder should be")
    with pytest.warns(UserWarning, match="could not be kept"):
        assert len(vhp.data.faces(2, size=8).x) == 2


def test_traversals_broadcast():
    pictures = vhp.data.render(np.zeros((3, 1, 2)), azimuth=torch.tensor([-30.0, 30]), size=16)
    assert pictures.shape == (3, 2, 1, 16, 16)
    assert vhp.data.render(size=16).shape == (1, 16, 16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n must be"),
        ({"seed": -1}, "seed"),
        ({"size": 4}, "size"),
        ({"size": 64.0}, "size"),
        ({"size": 2048}, "size"),
        ({"identity_spread": -0.1}, "identity_spread"),
        ({"identity_spread": float("nan")}, "identity_spread"),
        ({"identity_spread": float("inf")}, "identity_spread"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        vhp.data.faces(**{"n": 2} | arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"identity": np.zeros(81)}, "identity must have at most 80"),
        ({"identity": [np.nan]}, "identity must be finite"),
        ({"azimuth": 91}, "azimuth must lie"),
        ({"elevation": np.nan}, "elevation must lie"),
        ({"light_azimuth": [0, -200]}, "light_azimuth must lie"),
        ({"light_elevation": np.inf}, "light_elevation must lie"),
        ({"azimuth": [0, 1], "elevation": [0, 1, 2]}, "shapes do not go together"),
        ({"size": 0}, "size"),
    ],
)
def test_bad_arguments_of_render(arguments, message):
    with pytest.raises(ValueError, match=message):
        vhp.data.render(**arguments)
