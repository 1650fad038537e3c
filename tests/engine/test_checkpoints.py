from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from vhp_core.engine import checkpoints
from vhp_core.engine.checkpoints import read_checkpoint, write_checkpoint

IDENTITY = {"seed": 3, "constraint": {"kappa": 0.5, "max_log_step": float("inf")}, "shape": [2, 3]}
STATE = {"step": 7, "constraint": {"value": 0.1 + 0.2, "smoothed_error": None}}


@pytest.fixture
def path(tmp_path):
    tensors = {
        "model.w": torch.arange(6, dtype=torch.float32).reshape(2, 3),
        "count": torch.tensor(5),
        "none": torch.zeros(0),
        "random": torch.get_rng_state(),
    }
    path = tmp_path / "folder" / "run.safetensors"
    write_checkpoint(path, tensors, IDENTITY, STATE)
    return path


def test_everything_comes_back_exactly(path):
    tensors, state = read_checkpoint(path, IDENTITY)
    assert state == STATE
    assert tensors["model.w"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert tensors["count"].item() == 5 and tensors["count"].dtype == torch.int64
    assert torch.equal(tensors["random"], torch.get_rng_state())


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_a_file_that_was_cut_off_is_refused_and_stays(path, keep):
    whole = path.read_bytes()
    path.write_bytes(whole[:keep])
    with pytest.raises(ValueError, match="cut off or no checkpoint"):
        read_checkpoint(path, IDENTITY)
    assert path.read_bytes() == whole[:keep]


def test_every_altered_byte_of_the_content_is_noticed(path):
    whole = path.read_bytes()
    start = 8 + int.from_bytes(whole[:8], "little")  # the tensors' bytes
    for at in range(start, len(whole), 97):
        altered = bytearray(whole)
        altered[at] ^= 1
        path.write_bytes(altered)
        with pytest.raises(ValueError, match="altered"):
            read_checkpoint(path, IDENTITY)
    at = whole.index(b'step\\": 7')
    path.write_bytes(whole[:at] + b'step\\": 9' + whole[at + 9 :])
    with pytest.raises(ValueError, match="altered"):
        read_checkpoint(path, IDENTITY)


def test_another_runs_checkpoint_is_refused_by_name(path):
    with pytest.raises(ValueError, match=r"another run\. seed: 3 there, 4 here\. The file was"):
        read_checkpoint(path, IDENTITY | {"seed": 4})
    with pytest.raises(ValueError, match=r"new: None there, 1 here"):
        read_checkpoint(path, IDENTITY | {"new": 1})


def test_other_files_are_refused(tmp_path):
    model = tmp_path / "model.safetensors"
    save_file({"w": torch.zeros(1)}, model, {"format": "vhp_core.VAE/1"})
    with pytest.raises(ValueError, match="no checkpoint of this package"):
        read_checkpoint(model, IDENTITY)
    pickle = tmp_path / "model.pt"
    torch.save({"w": torch.zeros(1)}, pickle)
    with pytest.raises(ValueError, match="cut off or no checkpoint"):
        read_checkpoint(pickle, IDENTITY)


def test_an_interrupted_write_leaves_the_last_good_file(path, monkeypatch):
    def full_disk(*args):
        raise OSError("no space left on device")

    before = path.read_bytes()
    monkeypatch.setattr(checkpoints.os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_checkpoint(path, {"model.w": torch.ones(9)}, IDENTITY, STATE)
    assert path.read_bytes() == before
    monkeypatch.undo()
    write_checkpoint(path, {"model.w": torch.ones(9)}, IDENTITY, STATE)  # over what was left
    assert read_checkpoint(path, IDENTITY)[0]["model.w"].sum() == 9
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_optimisers_moments_come_back():
    def fresh():
        torch.manual_seed(0)
        layer = torch.nn.Linear(3, 2)
        return layer, torch.optim.Adam(layer.parameters(), 0.1, fused=True)

    def steps(layer, adam, n):
        for _ in range(n):
            adam.zero_grad()
            layer(torch.ones(4, 3)).square().sum().backward()
            adam.step()

    whole, adam = fresh()
    steps(whole, adam, 5)
    half, adam = fresh()
    steps(half, adam, 3)
    stored = checkpoints.optimizer_tensors(adam)
    assert sorted(stored)[:3] == [
        "optimizer.0.exp_avg",
        "optimizer.0.exp_avg_sq",
        "optimizer.0.step",
    ]
    again = torch.optim.Adam(half.parameters(), 0.1, fused=True)
    checkpoints.load_optimizer(again, stored | {"model.w": torch.zeros(1)})
    steps(half, again, 2)
    assert torch.equal(half.weight, whole.weight)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux tells what is mapped")
def test_what_was_read_is_not_mapped(path):
    """Windows does not replace a file that is."""
    tensors, _ = read_checkpoint(path, IDENTITY)
    assert str(path) not in Path("/proc/self/maps").read_text()
    write_checkpoint(path, {"model.w": torch.zeros(2, 3)}, IDENTITY, STATE)
    assert tensors["model.w"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_the_same_content_makes_the_same_bytes(tmp_path):
    """Eight entries of a header come in one order of 40,320 by chance."""
    header = {name: str(number) for number, name in enumerate("hgfedcba")}
    tensors = {"b": torch.arange(3.0), "a": torch.ones(2, 2, dtype=torch.int64)}
    files = [tmp_path / str(number) for number in range(3)]
    for file in files:
        checkpoints.write_tensors(file, tensors, header)
    assert len({file.read_bytes() for file in files}) == 1
    again, found = checkpoints.read_tensors(files[0])
    assert again == header and list(again) == sorted(header)
    assert all(torch.equal(found[name], value) for name, value in tensors.items())
    assert int.from_bytes(files[0].read_bytes()[:8], "little") % 8 == 0  # tensors stay aligned
