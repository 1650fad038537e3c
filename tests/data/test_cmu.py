"""Where the CMU files are sought, what is refused, and what comes out."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

import vhp_core as vhp
from tests.data.conftest import cmu_module
from tests.data.test_acclaim import AMC, needs_mirror


def test_what_comes_out_of_the_small_site(serve):
    serve()
    data = vhp.data.cmu()
    # Frames 0 and 4 of each whole trial, and frame 1 of [1, 5).
    assert data.trials.tolist() == ["1_01", "1_01", "1_02", "1_02", "2_01[1:5]"]
    assert data.frames.tolist() == [0, 1, 0, 1, 0]
    assert data.labels.tolist() == ["walking"] * 4 + ["kicking"]
    assert data.split[1].tolist() == [False, False, True, True, False]
    assert data.channels == ("upper rx", "upper ry", "upper rz", "lower rx")
    absolute = torch.rad2deg(data.x + data.mean)
    expected = [[0, 0, 0, 0], [90, 0, 90, 0]] * 2 + [[0, 0, 0, 0]]
    torch.testing.assert_close(absolute, torch.tensor(expected, dtype=torch.float32))
    torch.testing.assert_close(data.x[data.split[0]].mean(0), torch.zeros(4), atol=1e-6, rtol=0)
    joints = data.joint_positions(data.x[[1]]) / data.skeleton.metres
    np.testing.assert_allclose(joints[0], [[0, 0, 0], [0, 0, 2], [0, 3, 2], [0, 4, 2]], atol=1e-5)


def refuse(missing, folder):
    raise ConnectionError("no network")


def test_without_a_network_the_fallback_is_loud(site, monkeypatch):
    monkeypatch.setattr(cmu_module, "_download", refuse)
    with pytest.raises(ConnectionError, match="no network"):
        vhp.data.cmu()
    with pytest.warns(UserWarning, match="mocap6 is used: no network"):
        data = vhp.data.cmu(fallback="mocap6")
    assert torch.equal(data.x, vhp.data.mocap6().x)
    assert "mocap6" in data.source
    with pytest.raises(ValueError, match="fallback must be"):
        vhp.data.cmu(fallback="else")


def test_a_named_place_that_lacks_a_file_is_an_error(site, monkeypatch):
    monkeypatch.setattr(cmu_module, "_download", refuse)
    assert len(vhp.data.cmu(root=site.parent).x) == 5
    (site / "1" / "1_02.amc").unlink()
    with pytest.raises(FileNotFoundError, match=r"1_02\.amc is missing .*root names"):
        vhp.data.cmu(root=site.parent, fallback="mocap6")
    monkeypatch.setenv("VHP_DATA", str(site.parent.parent))
    site.parent.rename(site.parent.with_name("cmu"))
    with pytest.raises(FileNotFoundError, match=r"1_02\.amc is missing .*VHP_DATA/cmu names"):
        vhp.data.cmu(fallback="mocap6")


def test_the_argument_goes_before_the_environment(site, monkeypatch):
    monkeypatch.setenv("VHP_DATA", "/nowhere")
    assert "root" in vhp.data.cmu(root=site.parent).source


def test_a_recording_that_is_too_short_is_named(site):
    path = site / "2" / "2_01.amc"
    path.write_text(AMC[: AMC.index("5\nroot")])
    with pytest.raises(ValueError, match=r"2_01\.amc has only 4 frames"):
        vhp.data.cmu(root=site.parent)


def test_a_recording_that_lacks_a_frame_is_refused(site):
    """Every fourth frame would be another one from there on."""
    path = site / "1" / "1_01.amc"
    path.write_text(AMC[: AMC.index("2\nlower")] + AMC[AMC.index("3\nroot") :])
    with pytest.raises(ValueError, match=r"1_01\.amc: its frames are not 1, 2, 3"):
        vhp.data.cmu(root=site.parent)


@pytest.mark.parametrize("field", ["position", "orientation"])
def test_a_moved_root_changes_the_checksum(site, field):
    path, known = site / "1" / "1.asf", cmu_module.checksum(site, "1/1.asf")
    path.write_text(path.read_text().replace(f"{field} 0 0 0", f"{field} 0 0 1"))
    assert cmu_module.checksum(site, "1/1.asf") != known


def test_the_known_files_are_all_there():
    known = cmu_module.known_checksums()
    assert set(known) == set(cmu_module.FILES)
    assert len(known) == 33
    assert all(len(value) == 64 for value in known.values())


@needs_mirror
def test_the_mirror_gives_the_five_motions():
    data = vhp.data.cmu()
    assert data.x.shape == (3283, 50)
    assert data.x.dtype == torch.float32
    assert torch.isfinite(data.x).all()
    counts = {label: len(data.indices(label)) for label in dict.fromkeys(data.labels)}
    assert counts == {
        "walking": 1660, "jogging": 406, "balancing": 741, "punching": 259, "kicking": 217
    }  # fmt: skip
    train, test = data.split
    assert (train ^ test).all()
    held_out = set(data.trials[test.numpy()])
    assert held_out == {
        "35_15", "35_16", "35_25", "35_26", "49_20",
        "86_01[1980:2500]", "86_01[4065:4579]", "86_01[3200:4065]",
    }  # fmt: skip
    kicking = data.indices("kicking")
    assert test[kicking].sum() == len(kicking) // 4
    assert test[kicking[-1]] and not test[kicking[0]]
    assert data.frame_rate == 30
    with pytest.raises(ValueError, match="no motion 'flying'"):
        data.indices("flying")


@needs_mirror
def test_the_mirror_has_the_known_checksums():
    subjects = Path(os.environ["VHP_DATA"]) / "cmu" / "subjects"
    for file in ("35/35.asf", "35/35_01.amc", "49/49_20.amc", "86/86_01.amc"):
        assert cmu_module.checksum(subjects, file) == cmu_module.known_checksums()[file]
