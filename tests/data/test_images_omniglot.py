"""OMNIGLOT's matrix file, written by the tests: where it is sought, and what is refused."""

import sys

import numpy as np
import pooch
import pytest
import torch
from scipy.io import savemat

import vhp_core as vhp

module = sys.modules["vhp_core.data.omniglot"]  # the package's attribute is the function
KNOWN, COUNTS = module._COUNTS, {"": 5, "test": 3}


@pytest.fixture(autouse=True)
def few(tmp_path, monkeypatch):
    """A file of 5 and 3 pictures counts as whole, and none is at hand."""
    monkeypatch.setattr(module, "_COUNTS", COUNTS)
    monkeypatch.delenv("VHP_DATA", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)


@pytest.fixture
def matrices():
    """As in the file: a column for each picture, its pixels column by column; alphabets one-hot."""
    draw = np.random.default_rng(0)
    found = {"targetchar": np.ones((1, 5))}  # is not used
    for begin, count in COUNTS.items():
        found[f"{begin}data"] = draw.random((784, count))
        found[f"{begin}target"] = np.eye(50)[:, draw.integers(50, size=count)]
    return found


def write(folder, matrices):
    folder.mkdir(parents=True, exist_ok=True)
    savemat(folder / "chardata.mat", matrices, do_compression=True)
    return folder


def test_what_comes_out(matrices, tmp_path):
    data = vhp.data.omniglot(write(tmp_path / "here", matrices))
    assert data.x.shape == (8, 1, 28, 28) and data.x.dtype == torch.float32
    assert data.split[0].tolist() == [True] * 5 + [False] * 3
    assert torch.equal(data.split[1], ~data.split[0])
    for row, (name, column) in {1: ("data", 1), 7: ("testdata", 2)}.items():
        upright = matrices[name][:, column].reshape(28, 28, order="F")  # as Matlab shows it
        assert torch.equal(data.x[row, 0], torch.as_tensor(upright, dtype=torch.float32))
    both = np.concatenate([matrices["target"], matrices["testtarget"]], axis=1)
    assert data.labels.tolist() == both.argmax(0).tolist()
    assert "5 training and 3 test pictures of 28×28 pixels, found in root" in data.source


def test_whole_numbers_are_read_too(matrices, tmp_path):
    black = {name: (matrix > 0.5).astype(np.uint8) for name, matrix in matrices.items()}
    assert set(vhp.data.omniglot(write(tmp_path, black)).x.unique().tolist()) == {0.0, 1.0}


def test_the_order_of_places(matrices, tmp_path, monkeypatch):
    monkeypatch.setenv("VHP_DATA", str(tmp_path / "shared"))
    cache = tmp_path / "cache" / "vhp_core" / "omniglot"
    with pytest.raises(FileNotFoundError) as caught:
        vhp.data.omniglot()
    for said in ("Put chardata.mat", "omniglot(root=...)", "VHP_DATA", str(cache)):
        assert said in str(caught.value)
    write(cache, matrices)
    assert vhp.data.omniglot().source.endswith("found in the cache")
    write(tmp_path / "shared" / "omniglot", matrices)
    assert vhp.data.omniglot().source.endswith("found in $VHP_DATA/omniglot")
    assert vhp.data.omniglot(cache).source.endswith("found in root")
    with pytest.raises(FileNotFoundError, match=r"empty/chardata\.mat is missing; root names"):
        vhp.data.omniglot(tmp_path / "empty")
    (tmp_path / "shared" / "omniglot" / "chardata.mat").unlink()
    with pytest.raises(FileNotFoundError, match="VHP_DATA/omniglot names this place"):
        vhp.data.omniglot()


def with_nan(matrix):
    return np.where(np.arange(matrix.shape[1]) == 1, np.nan, matrix)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("testdata", lambda m: None, "no matrix 'testdata'"),
        ("target", lambda m: None, "no matrix 'target'"),
        ("data", lambda m: m.T, r"data of float64 \(5, 784\), not numbers \(784, 5\)"),
        ("testdata", lambda m: m[:, :2], r"testdata of float64 \(784, 2\)"),
        ("data", lambda m: "words", "has data of "),
        ("data", lambda m: m * 1j, "has data of complex128"),
        ("data", lambda m: 255 * m, r"data that are not in \[0, 1\]"),
        ("testdata", lambda m: m - 1, r"testdata that are not in \[0, 1\]"),
        ("data", with_nan, r"data that are not in \[0, 1\]"),
        ("target", lambda m: 0 * m, "5 data its alphabet in target"),
        ("testtarget", np.ones_like, "3 testdata its alphabet in testtarget"),
        ("target", lambda m: m.astype(object), "5 data its alphabet in target"),
        ("testtarget", lambda m: m[:, :2], "3 testdata its alphabet in testtarget"),
    ],
)
def test_another_file_is_refused(name, change, message, matrices, tmp_path):
    matrices[name] = change(matrices[name])
    if matrices[name] is None:
        del matrices[name]
    write(tmp_path / "here", matrices)
    with pytest.raises(ValueError, match=rf"here/chardata\.mat .*{message}.*: put the right one"):
        vhp.data.omniglot(tmp_path / "here")


@pytest.mark.parametrize(
    "damaged",
    [
        lambda c: b"",
        lambda c: c[:100],
        lambda c: c[:3000],
        lambda c: c[:-1],
        lambda c: b"words" * 99,
    ],
    ids=["empty", "header", "matrix", "end", "text"],
)
def test_a_file_that_is_cut_off_or_no_matrix_file_is_refused(damaged, matrices, tmp_path):
    path = write(tmp_path, matrices) / "chardata.mat"
    path.write_bytes(damaged(path.read_bytes()))
    with pytest.raises(ValueError, match=r"chardata\.mat (is no matrix file|has no matrix)"):
        vhp.data.omniglot(tmp_path)


def test_the_known_counts():
    assert list(KNOWN) == list(COUNTS)
    for count in KNOWN.values():
        assert f"{count:,}" in vhp.data.omniglot.__doc__
