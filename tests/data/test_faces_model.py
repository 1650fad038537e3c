"""The embedded face model, and the reader of Basel Face Models on small files."""

from importlib.resources import files

import h5py
import numpy as np
import pytest
import torch

import vhp_core as vhp
from vhp_core.data.face_model import basel_face_model, open_face_model


def test_open_model_is_small_and_whole():
    assert files("vhp_core.data").joinpath("faces.npz").stat().st_size < 3_000_000
    model = open_face_model()
    v = len(model.mean)
    assert model.basis.shape == (80, v, 3)
    assert model.triangles.min() == 0 and model.triangles.max() == v - 1
    for name in ("albedo", "sky"):
        values = getattr(model, name)
        assert values.shape == (v,) and values.min() >= 0 and values.max() <= 1
    assert set(model.eye) == {0, 1, 2}


def test_components_are_orthogonal_and_fall():
    basis = open_face_model().basis.reshape(80, -1).astype(np.float64)
    length = np.linalg.norm(basis, axis=1)
    assert (np.diff(length) < 0).all()
    cosine = basis @ basis.T / np.outer(length, length)
    np.testing.assert_allclose(cosine, np.eye(80), atol=5e-3)


def test_landmarks_lie_where_they_belong():
    crown, nose, chin = open_face_model().mean[list(open_face_model().landmarks)]
    assert crown[1] > nose[1] > chin[1] and nose[2] > chin[2]
    assert 0.19 < crown[1] - chin[1] < 0.25  # metres
    np.testing.assert_allclose([nose[0], chin[0]], 0, atol=1e-3)


def write_basel(path, k=3, texture=0.0):
    """An egg with a nose and a chin, in millimetres, stored as a Basel Face Model is."""
    rng = np.random.default_rng(0)
    rows, around = 20, 24
    up, turn = np.meshgrid(np.linspace(-1, 1, rows), 2 * np.pi * np.arange(around) / around)
    flat = np.sqrt(1.001 - up**2)
    place = np.stack([70 * flat * np.sin(turn), 110 * up, 90 * flat * np.cos(turn)], -1)
    front = np.cos(turn) > 0.99
    place[front & (abs(up) < 0.1), 2] += 25  # nose
    place[front & (abs(up + 0.7) < 0.1), 2] += 25  # chin
    index = np.arange(rows * around).reshape(around, rows)
    a, b = index[:, :-1], np.roll(index, -1, 0)[:, :-1]
    c, d = b + 1, a + 1
    cells = np.concatenate([np.stack([a, b, c]), np.stack([a, c, d])], 1).reshape(3, -1)
    n = 3 * rows * around
    with h5py.File(path, "w") as file:
        for part, mean in (("shape", place.reshape(-1)), ("color", np.full(n, 0.5))):
            file[f"{part}/model/mean"] = mean.astype(np.float32)
            basis = np.linalg.qr(rng.normal(size=(n, k)))[0]
            file[f"{part}/model/pcaBasis"] = basis.astype(np.float32)
            scale = 100.0 if part == "shape" else texture
            file[f"{part}/model/pcaVariance"] = np.full(k, scale, np.float32)
        file["shape/representer/cells"] = cells.astype(np.int32)
    return path


def test_basel_model_is_read(tmp_path):
    path = write_basel(tmp_path / "basel.h5", texture=4.0)
    model = basel_face_model(path)
    assert model.num_components == 6
    with h5py.File(path) as file:
        mean = file["shape/model/mean"][:].reshape(-1, 3)
        basis = file["shape/model/pcaBasis"][:, 1].reshape(-1, 3)
        colour = file["color/model/pcaBasis"][:, 0].reshape(-1, 3)
    identity = np.array([0, 1.0, 2.0])  # the first of colour, the second of shape
    vertices, albedo = model.face(identity)
    np.testing.assert_allclose(vertices, mean + 2 * 10 * basis, rtol=1e-4, atol=1e-4)
    grey = 0.5 + 2 * colour @ [0.2126, 0.7152, 0.0722]
    np.testing.assert_allclose(albedo, grey.clip(0, 1), atol=1e-5)


def test_basel_model_has_the_same_interface(tmp_path):
    path = write_basel(tmp_path / "basel.h5", texture=30.0)
    plain = vhp.data.render(model=path, size=32)
    textured = vhp.data.render([0, 2.0], model=path, size=32)
    assert plain.shape == (1, 32, 32) and plain[0, 16, 16] > 0.2
    inside = plain > 0
    assert torch.equal(inside, textured > 0)  # colour changes no outline
    assert (plain - textured)[inside].abs().mean() > 0.02


def test_missing_basel_model_says_where_to_register(tmp_path):
    with pytest.raises(FileNotFoundError, match="register at https://"):
        vhp.data.faces(2, model=tmp_path / "model2019_fullHead.h5")


def test_file_that_is_no_hdf5(tmp_path):
    path = tmp_path / "model.h5"
    path.write_bytes(b"not HDF5 at all")
    with pytest.raises(ValueError, match=r"cannot be read as HDF5.*register"):
        vhp.data.faces(2, model=path)


def test_file_that_is_cut_off(tmp_path):
    path = write_basel(tmp_path / "basel.h5")
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(ValueError, match="register"):
        basel_face_model(path)


def test_foreign_hdf5(tmp_path):
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file["weights"] = np.zeros(3)
    with pytest.raises(ValueError, match=r"not a Basel Face Model.*register"):
        vhp.data.render(model=path)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("shape/model/mean", np.zeros(7), "does not fit together"),
        ("shape/model/pcaBasis", np.zeros((3, 1)), "does not fit together"),
        ("color/model/pcaVariance", np.full(3, -1.0), "negative variances"),
        ("color/model/mean", np.full(1440, np.nan), "not finite"),
        ("shape/representer/cells", np.full((3, 2), 9999), "no triangles"),
        ("shape/representer/cells", np.zeros((3, 2)), "no triangles"),
    ],
)
def test_basel_model_with_a_wrong_part(tmp_path, name, values, message):
    path = write_basel(tmp_path / "basel.h5")
    with h5py.File(path, "a") as file:
        del file[name]
        file[name] = values
    with pytest.raises(ValueError, match=message):
        basel_face_model(path)
