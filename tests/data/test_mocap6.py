"""The embedded motion data and the generic skeleton."""

import os
from collections import Counter
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch

from vhp_core.data import generic_motion, generic_skeleton, mocap6, read_asf

FOLDER = files("vhp_core.data")
COUNTS = {
    "jump jack": 187,
    "twist": 352,
    "arm circle": 304,
    "toe touch one hand": 99,
    "knee raise": 382,
    "squat": 203,
    "jog": 180,
    "side bend": 66,
    "side reach": 48,
    "box": 72,
    "up down": 76,
    "toe touch two hands": 89,
}
TRIALS = {"13_29": 382, "13_30": 205, "13_31": 251, "14_06": 446, "14_14": 387, "14_20": 387}


@pytest.fixture(scope="module")
def data():
    return mocap6()


def test_counts(data):
    assert data.x.shape == (2058, 12)
    assert data.x.dtype == torch.float32
    assert data.x.isfinite().all()
    assert Counter(data.labels.tolist()) == COUNTS
    assert list(dict.fromkeys(data.labels.tolist())) == list(COUNTS)
    assert Counter(data.trials.tolist()) == TRIALS
    assert data.frame_rate == 10
    assert "2058 frames" in data.source


def test_values_are_the_source_s(data):
    x = (data.x + data.mean)[:2].numpy()
    assert data.channels[8] == "rtibia rx"
    assert np.rad2deg(x[1, 8] - x[0, 8]) == pytest.approx(4.99604 - 19.95927, abs=1e-3)
    assert x[1, 0] - x[0, 0] == pytest.approx((1.22153 + 0.69772) * 0.056444, abs=1e-5)  # metres


def test_frames_count_up_within_each_trial(data):
    for trial, count in TRIALS.items():
        assert data.frames[data.trials == trial].tolist() == list(range(count))


def test_centred_on_training_frames(data):
    train, test = data.split
    assert data.x[train].mean(0).abs().max() < 1e-5
    assert data.x[test].mean(0).abs().max() > 1e-3


def test_ranges_are_a_body_s(data):
    values = (data.x + data.mean).numpy()
    assert np.abs(values[:, 1:]).max() < np.deg2rad(150)
    assert values[:, 0].min() > -0.6 and values[:, 0].max() < 0.25
    knees = np.rad2deg(values[:, [data.channels.index(f"{side}tibia rx") for side in "lr"]])
    assert knees.min() > -7
    assert data.indices("squat").size and knees[data.indices("squat")].max() > 120


def test_last_quarter_of_each_run_is_held_out(data):
    train, test = data.split
    assert torch.equal(train, ~test)
    tags = [f"{t} {label}" for t, label in zip(data.trials, data.labels, strict=True)]
    starts = [i for i in range(len(tags)) if i == 0 or tags[i] != tags[i - 1]]
    assert len(starts) == 38
    for start, stop in zip(starts, [*starts[1:], len(tags)], strict=True):
        quarter = (stop - start) // 4
        assert not test[start : stop - quarter].any()
        assert test[stop - quarter : stop].all()


def test_file_is_small_and_holds_no_pickle():
    path = FOLDER / "mocap6.npz"
    assert len(path.read_bytes()) < 200_000
    with path.open("rb") as file:
        stored = dict(np.load(file, allow_pickle=False))
    assert all(array.dtype.kind in "fuU" for array in stored.values())


@pytest.mark.parametrize("name", ["LICENSE-bnpy.txt", "LICENSE-dm_control.txt", "MOCAP6.md"])
def test_licences_and_provenance_are_there(name):
    assert len((FOLDER / name).read_text("utf-8")) > 1000


def test_joint_positions_keep_bone_lengths(data):
    joints = data.joint_positions(data.x[::50])
    assert joints.shape == (42, 31, 3)
    parents, children = np.array(data.bones).T
    lengths = np.linalg.norm(joints[:, children] - joints[:, parents], axis=-1)
    assert lengths == pytest.approx(np.tile(data.skeleton.lengths[children], (42, 1)))


def test_root_height_moves_the_figure_by_itself(data):
    rest, raised = torch.zeros(12), torch.eye(12)[data.channels.index("root ty")] * 0.3
    change = data.joint_positions(raised) - data.joint_positions(rest)
    assert change == pytest.approx(np.tile([0, 0.3, 0], (31, 1)))


def descendants(skeleton, bone):
    found = {skeleton.names.index(bone)}
    for j, parent in enumerate(skeleton.parents):
        if parent in found:
            found.add(j)
    return found


@pytest.mark.parametrize("column", range(1, 12))
def test_an_angle_moves_its_own_limb(data, column):
    x = torch.eye(12)[column] * 0.5
    change = np.linalg.norm(data.joint_positions(x) - data.joint_positions(0 * x), axis=-1)
    limb = descendants(data.skeleton, data.channels[column].split()[0])
    moved = set(np.flatnonzero(change > 1e-6).tolist())
    assert moved and moved <= limb


def test_neutral_pose_stands(data):
    joints = dict(zip(data.skeleton.names, data.joint_positions(torch.zeros(12)), strict=True))
    assert joints["head"][1] > 0.5 and joints["lfoot"][1] < -0.8
    assert joints["lhand"][0] > 0 > joints["rhand"][0]  # left is +x
    assert joints["ltoes"][2] > joints["ltibia"][2]  # ahead is +z
    for left in (name for name in joints if name.startswith("l") and f"r{name[1:]}" in joints):
        assert joints[left] * [-1, 1, 1] == pytest.approx(joints[f"r{left[1:]}"], abs=0.03)


@pytest.mark.parametrize(
    ("channel", "joint", "axis", "sign"),
    [
        ("ltibia rx", "lfoot", 2, -1),  # a knee bends backwards
        ("rtibia rx", "rfoot", 2, -1),
        ("lradius rx", "lwrist", 2, +1),  # an elbow bends forwards
        ("rradius rx", "rwrist", 2, +1),
        ("lhumerus rz", "lradius", 1, -1),  # an upper arm falls on the left, rises on the right
        ("rhumerus rz", "rradius", 1, +1),
        ("lowerback rx", "head", 2, +1),  # the trunk bends forwards
    ],
)
def test_signs(data, channel, joint, axis, sign):
    x = torch.eye(12)[data.channels.index(channel)] * 0.3
    change = data.joint_positions(x) - data.joint_positions(0 * x)
    assert sign * change[data.skeleton.names.index(joint), axis] > 0.02


def test_generic_skeleton():
    skeleton = generic_skeleton()
    assert len(skeleton.names) == 31 and len(skeleton.channel_names) == 62
    assert (skeleton.lengths[1:] > 0).all()
    assert np.linalg.norm(skeleton.directions[1:], axis=1) == pytest.approx(np.ones(30), abs=1e-5)
    assert all(parent < j for j, parent in enumerate(skeleton.parents))
    assert skeleton.metres == 1
    rest = skeleton.joint_positions(np.zeros((1, 62)))[0]
    assert 1.4 < np.ptp(rest[:, 1]) < 1.9


@pytest.mark.skipif("VHP_DATA" not in os.environ, reason="needs a skeleton of the database")
def test_generic_skeleton_is_the_database_s():
    path = Path(os.environ["VHP_DATA"]) / "cmu" / "subjects" / "35" / "35.asf"
    theirs, ours = read_asf(path), generic_skeleton()

    def parents(s):
        return {n: s.names[p] if p >= 0 else None for n, p in zip(s.names, s.parents, strict=True)}

    assert parents(theirs) == parents(ours)
    assert dict(zip(theirs.names, theirs.dof, strict=True)) == dict(
        zip(ours.names, ours.dof, strict=True)
    )
    order = [theirs.channel_names.index(name) for name in ours.channel_names]
    joints = [theirs.names.index(name) for name in ours.names]
    generator = np.random.default_rng(0)
    angles = generator.uniform(-40, 40, (20, 62))
    angles[:, :3] = 0
    channels = np.zeros((20, 62))
    channels[:, order] = angles
    apart = theirs.joint_positions(channels)[:, joints] * theirs.metres - ours.joint_positions(
        angles
    )
    assert np.linalg.norm(apart, axis=-1).mean() < 0.08  # lengths differ, axes do not


def test_scripts_refuse_another_archive(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "scripts")
    from fetch_package import package_file

    path = tmp_path / "bnpy-0.1.7.tar.gz"
    with (
        pytest.raises(FileNotFoundError, match="name the archive"),
        package_file("a", "", path=path),
    ):
        pass
    path.write_bytes(b"another")
    with pytest.raises(ValueError, match="not the archive"), package_file("a", "0", path=path):
        pass


def test_a_motion_without_frames_draws_what_mocap6_draws():
    data = mocap6()
    channels = dict(zip(data.channels, data.mean.tolist(), strict=True))
    motion = generic_motion(channels)
    assert motion.channels == data.channels and len(motion.x) == 0
    np.testing.assert_allclose(
        motion.joint_positions(data.x[:5]), data.joint_positions(data.x[:5]), atol=1e-7
    )


@pytest.mark.parametrize("channels", [{}, {"tail rx": 0.0}])
def test_a_motion_of_channels_that_the_skeleton_lacks_is_refused(channels):
    with pytest.raises(ValueError, match="the skeleton lacks the channels"):
        generic_motion(channels)
