"""Fashion-MNIST and MNIST: where their files are sought, what is refused, and what comes out."""

import gzip

import numpy as np
import pytest
import torch

import vhp_core as vhp
from tests.data.conftest import fashion_module, idx, mnist_module, put

SETS = {"fashion-mnist": vhp.data.fashion_mnist, "mnist": vhp.data.mnist}
PICTURES, LABELS, TEST_PICTURES, TEST_LABELS = fashion_module.FILES
each_set = pytest.mark.parametrize("name", SETS)


@pytest.mark.parametrize("ending", ["", ".gz"])
@each_set
def test_what_comes_out(name, ending, small, arrays, tmp_path):
    data = SETS[name](put(tmp_path / "here", small[name], ending))
    held = arrays[name]
    assert data.x.shape == (9, 1, 4, 5) and data.x.dtype == torch.float32
    pixels = np.concatenate([held[PICTURES], held[TEST_PICTURES]])
    assert torch.equal(data.x, torch.as_tensor(pixels)[:, None].float() / 255)
    assert data.labels.tolist() == [*held[LABELS], *held[TEST_LABELS]]
    assert data.labels.dtype == np.int64
    assert data.split[0].tolist() == [True] * 6 + [False] * 3
    assert torch.equal(data.split[1], ~data.split[0])
    assert "6 training and 3 test pictures of 4×5 pixels, found in root" in data.source


def test_each_file_may_be_compressed_or_not(small, tmp_path):
    """Which it is, its content tells: some programs decompress a file and leave its name."""
    here = put(tmp_path / "here", small["mnist"], ".gz")
    (here / f"{PICTURES}.gz").write_bytes(small["mnist"][PICTURES])
    (here / f"{LABELS}.gz").rename(here / LABELS)
    assert len(vhp.data.mnist(here).x) == 9


def test_the_order_of_places(small, tmp_path, monkeypatch):
    name, contents = "fashion-mnist", small["fashion-mnist"]
    put(tmp_path / "here", contents)
    put(tmp_path / "shared" / name, contents, ".gz")
    put(tmp_path / "debian", contents, ".gz")
    put(tmp_path / "cache" / "vhp_core" / name, contents, ".gz")
    monkeypatch.setenv("VHP_DATA", str(tmp_path / "shared"))

    def found(root=None):
        return vhp.data.fashion_mnist(root).source.partition("found in ")[2]

    assert found(tmp_path / "here") == "root"
    assert found() == "$VHP_DATA/fashion-mnist"
    (tmp_path / "shared" / name).rename(tmp_path / "shared" / "else")  # not a place any more
    assert found() == "Debian's package dataset-fashion-mnist"
    (tmp_path / "debian" / f"{LABELS}.gz").unlink()  # it was not named, and is passed over
    assert found() == "the cache, from 127.0.0.1:9"
    (tmp_path / "cache" / "vhp_core" / name / f"{LABELS}.gz").unlink()
    with pytest.raises(ConnectionError, match=r"did not give train-labels.*VHP_DATA"):
        found()


@each_set
def test_a_named_place_that_lacks_a_file_is_an_error(name, small, tmp_path, monkeypatch):
    for place in ("cache/vhp_core", "shared"):
        put(tmp_path / place / name, small[name])
    put(tmp_path / "debian", small[name])
    monkeypatch.setenv("VHP_DATA", str(tmp_path / "shared"))
    with pytest.raises(FileNotFoundError, match=r"empty/train-images.* is missing, .*\.gz; root"):
        SETS[name](root=tmp_path / "empty")
    (tmp_path / "shared" / name / TEST_LABELS).unlink()
    with pytest.raises(FileNotFoundError, match=rf"t10k-labels.*VHP_DATA/{name} names this place"):
        SETS[name]()


def test_mnist_is_found_in_the_cache_or_it_is_said_what_to_put_where(small, tmp_path, monkeypatch):
    monkeypatch.setenv("VHP_DATA", str(tmp_path))
    cache = tmp_path / "cache" / "vhp_core" / "mnist"
    for _ in range(2):  # without any file, and with some
        with pytest.raises(FileNotFoundError) as caught:
            vhp.data.mnist()
        for said in (*mnist_module.FILES, ".gz", "mnist(root=...)", "VHP_DATA", str(cache)):
            assert said in str(caught.value)
        put(cache, {LABELS: b""})
    put(cache, small["mnist"])
    assert "found in the cache" in vhp.data.mnist().source


def changed(content, place, value=1):
    """With another byte at this place."""
    return content[:place] + bytes([content[place] ^ value]) + content[place + 1 :]


DAMAGES = {
    "empty": (lambda content: b"", "it begins with nothing"),
    "magic": (lambda content: changed(content, 2), "begins with 00 00 09 03 and not with 00 00 08"),
    "dimensions": (lambda content: idx(np.zeros(6)), "begins with 00 00 08 01 and not with"),
    "header": (lambda content: content[:9], "cut off within its first 16 bytes"),
    "sizes": (lambda content: idx(np.zeros((6, 5, 4))), "has the sizes 6×5×4, that of .* 6×4×5"),
    "cut off": (lambda content: content[:-1], "is cut off, 135 bytes of the 136"),
    "longer": (lambda content: content + b"0", "goes on after the 136"),
    "altered": (lambda content: changed(content, 50), "was altered, or is not .* checksum"),
    "foreign": (lambda content: idx(np.ones((6, 4, 5))), "was altered, or is not"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("ending", ["", ".gz"])
@each_set
def test_a_file_that_is_no_good_is_named(name, ending, damage, small, tmp_path):
    damaged, message = DAMAGES[damage]
    here = put(tmp_path / "here", small[name], ending)
    put(here, {PICTURES: damaged(small[name][PICTURES])}, ending)
    with pytest.raises(ValueError, match=rf"here/{PICTURES}.*{message}.*: put the right one there"):
        SETS[name](here)


@pytest.mark.parametrize(
    "damaged",
    [lambda packed: packed[:-1], lambda packed: packed[:40], lambda packed: changed(packed, 60),
     lambda packed: changed(packed, len(packed) - 6), lambda packed: packed + b"more"],
    ids=["end", "half", "stream", "checksum", "longer"],
)  # fmt: skip
def test_a_compressed_file_that_is_damaged_is_named(damaged, small, tmp_path):
    here = put(tmp_path / "here", small["mnist"], ".gz")
    path = here / f"{TEST_PICTURES}.gz"
    path.write_bytes(damaged(path.read_bytes()))
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte\.gz is cut off or damaged"):
        vhp.data.mnist(here)


def test_a_file_that_unpacks_to_far_too_much_is_not_read_to_its_end(small, tmp_path):
    here = put(tmp_path / "here", small["mnist"], ".gz")
    content = small["mnist"][PICTURES] + bytes(10_000_000)
    (here / f"{PICTURES}.gz").write_bytes(gzip.compress(content)[:-4000])  # its end is no good
    with pytest.raises(ValueError, match="goes on after the 136"):
        vhp.data.mnist(here)


def test_each_set_refuses_the_files_of_the_other(small, tmp_path):
    with pytest.raises(ValueError, match="is not Fashion-MNIST's"):
        vhp.data.fashion_mnist(put(tmp_path / "a", small["mnist"]))
    with pytest.raises(ValueError, match="is not MNIST's"):
        vhp.data.mnist(put(tmp_path / "b", small["fashion-mnist"]))


def test_what_to_do_depends_on_the_place(small, tmp_path):
    spoiled = small["fashion-mnist"] | {LABELS: b"no"}
    put(tmp_path / "cache" / "vhp_core" / "fashion-mnist", spoiled)
    with pytest.raises(ValueError, match="delete it, and the next call fetches it again"):
        vhp.data.fashion_mnist()
    put(tmp_path / "debian", spoiled)
    with pytest.raises(ValueError, match="install that package anew"):
        vhp.data.fashion_mnist()


def test_the_known_files():
    for module in (fashion_module, mnist_module):
        shapes = [known.shape for known in module.FILES.values()]
        assert shapes == [(60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,)]
    sums = [k.sha256 for module in (fashion_module, mnist_module) for k in module.FILES.values()]
    assert len(set(sums)) == 8 and all(len(bytes.fromhex(one)) == 32 for one in sums)


@pytest.mark.skipif(
    not fashion_module._DEBIAN.folder.is_dir(), reason="needs Debian's dataset-fashion-mnist"
)
def test_debian_s_files(monkeypatch):
    monkeypatch.delenv("VHP_DATA", raising=False)
    data = vhp.data.fashion_mnist()
    assert "60,000 training and 10,000 test" in data.source and "Debian" in data.source
    assert data.x.shape == (70_000, 1, 28, 28) and data.x.min() == 0 and data.x.max() == 1
    train, test = data.split
    assert train.sum() == 60_000 and not (train & test).any()
    assert data.x[train].double().mean().item() == pytest.approx(0.2860, abs=5e-5)
    for mask, count in ((train, 6000), (test, 1000)):
        assert np.bincount(data.labels[mask.numpy()]).tolist() == [count] * 10
