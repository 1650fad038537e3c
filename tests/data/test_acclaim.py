"""Reading .asf and .amc, and forward kinematics against positions worked out by hand."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vhp_core.data import read_amc, read_asf

ASF = """# a comment
:version 1.10
:units
  mass 1.0
  length 0.45
  angle deg
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name upper
     direction 0 1 0
     length 2
     axis 0 0 0 XYZ
     dof rx ry rz
     limits (-160.0 20.0)
            (-70.0 70.0)
            (-60.0 70.0)
  end
  begin
     id 2
     name lower
     direction 1 0 0
     length 3
     axis 0 0 90 XYZ
     dof rx
  end
  begin
     id 3
     name tip
     direction 1 0 0
     length 1
     axis 0 0 0 XYZ
  end
:hierarchy
  begin
    root upper
    upper lower
    lower tip
  end
"""
AMC = """#!OML:ASF hand-made
:FULLY-SPECIFIED
:DEGREES
1
root 1 2 3 0 0 0
upper 0 0 0
lower 0
2
lower 0
root 0 0 0 0 90 0
upper 0 0 0
3
root 0 0 0 0 0 0
upper 90 0 0
lower 0
4
root 0 0 0 0 0 0
upper 0 0 0
lower 90
5
root 0 0 0 0 0 0
upper 90 0 90
lower 0
"""


@pytest.fixture
def skeleton(write):
    return read_asf(write(ASF))


def test_skeleton(skeleton):
    assert skeleton.names == ("root", "upper", "lower", "tip")
    assert skeleton.parents == (-1, 0, 1, 2)
    assert skeleton.bones == ((0, 1), (1, 2), (2, 3))
    assert skeleton.channel_names[6:] == ("upper rx", "upper ry", "upper rz", "lower rx")
    assert skeleton.lengths.tolist() == [0, 2, 3, 1]
    assert skeleton.metres == pytest.approx(0.0254 / 0.45)


def test_forward_kinematics_by_hand(skeleton, write):
    motion = read_amc(write(AMC, "hand.amc"), skeleton)
    assert motion.channels.shape == (5, 10)
    expected = [
        # at rest, moved by the root
        [[1, 2, 3], [1, 4, 3], [4, 4, 3], [5, 4, 3]],
        # the root turned by 90° about y: x goes to −z
        [[0, 0, 0], [0, 2, 0], [0, 2, -3], [0, 2, -4]],
        # upper turned by 90° about x: y goes to z; lower points along x and stays
        [[0, 0, 0], [0, 0, 2], [3, 0, 2], [4, 0, 2]],
        # lower turned by 90° about its own x, which its axis puts along the fixed y: x to −z
        [[0, 0, 0], [0, 2, 0], [0, 2, -3], [0, 2, -4]],
        # upper about x, then about z of the fixed axes: y to z, z stays; x to y
        [[0, 0, 0], [0, 0, 2], [0, 3, 2], [0, 4, 2]],
    ]
    positions = skeleton.joint_positions(motion.channels)
    np.testing.assert_allclose(positions, expected, atol=1e-12)


def test_bones_keep_their_length(skeleton):
    channels = 180 * np.random.default_rng(0).standard_normal((50, 10))
    positions = skeleton.joint_positions(channels)
    lengths = np.linalg.norm(np.diff(positions, axis=1), axis=2)
    np.testing.assert_allclose(lengths, np.broadcast_to([2, 3, 1], (50, 3)))


def test_channels_of_another_width_are_refused(skeleton):
    with pytest.raises(ValueError, match=r"\(T, 10\)"):
        skeleton.joint_positions(np.zeros((4, 9)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (":hierarchy", ":elsewhere", "no section :hierarchy"),
        (ASF[ASF.index(":hierarchy") :], "", "no section :hierarchy"),
        (ASF[ASF.index("    upper lower") :], "", "the hierarchy ends without"),
        (ASF[ASF.index("     length 3") :], ":hierarchy\n begin\n end\n", "without its 'end'"),
        ("     length 2\n", "", r"line 22: the bone lacks \['length'\]"),
        ("direction 0 1 0", "direction 0 1", r"line 16: 2 values where 3 are due"),
        ("length 2", "length two", r"line 17: \['two'\] are not numbers"),
        ("length 2", "length nan", "line 17: .* not finite"),
        ("axis 0 0 90 XYZ", "axis 0 0 90 XYX", r"line 29: axis order \['XYX'\] is none such as"),
        ("axis 0 0 90 XYZ", "axis 0 0 90", r"line 29: axis order \[\] is none such as XYZ"),
        ("axis 0 0 90 XYZ", "axis 0 90 XYZ", r"line 29: axis order .* is none such as XYZ"),
        ("dof rx ry rz", "dof rx ry rw", r"line 19: unknown degrees of freedom \['rw'\].*'tz'"),
        ("upper lower", "upper slower", "bone 'slower' is not in :bonedata"),
        ("upper lower", "nobody lower", "bone 'nobody' has no parent"),
        ("angle deg", "angle gon", "line 6: angles in 'gon' are not read, only in 'deg' or 'rad'"),
        ("length 0.45", "length", "line 5: 0 values where 1 are due"),
        ("order TX TY TZ RX RY RZ", "order TX TY TZ", "has the order .* each of TX TY TZ RX RY RZ"),
        ("order TX TY TZ RX RY RZ", "order TX TY TZ RX RY l", "line 8: unknown .*'l'"),
        ("position 0 0 0", "position 0 1", "line 10: 2 values where 3 are due"),
        ("position 0 0 0", "position 0 x 0", r"line 10: .*'x'.* are not numbers"),
        ("orientation 0 0 0", "orientation", "line 11: 0 values where 3 are due"),
        ("   axis XYZ\n   position", "   position", r"section :root lacks \['axis'\]"),
        ("   axis XYZ\n   position", "   axis YX\n   position", r"line 9: axis order \['YX'\]"),
        ("length 0.45", "length 0", "line 5: the length unit 0 is not positive"),
        ("length 0.45", "length x", r"line 5: \['x'\] are not numbers"),
        ("length 2", "length -2", "line 17: length .* is negative"),
        ("direction 0 1 0", "direction 0 5 0", "line 16: direction .* is not of length 1"),
        ("direction 0 1 0", "direction 0 0 0", "line 16: direction .* is not of length 1"),
        ("axis 0 0 90 XYZ", "axis 0 0 9_0 XYZ", "line 29: .* are not numbers"),
        ("dof rx ry rz", "dof rx rx", "line 19: .* names one twice"),
        ("name tip", "name lower", "line 38: a second bone 'lower'"),
        ("name tip", "name LOWER", "line 38: a second bone 'LOWER'"),
        ("name tip", "name root", "second bone 'root'"),
        ("  begin\n     id 2", "  begin\n  begin\n     id 2", "line 25: a bone without its 'end'"),
        ("upper lower", "upper lower\n    root lower", "bone 'lower' has a parent already"),
        (ASF, "", "empty"),
        (ASF, "\n# only a comment\n", "empty"),
    ],
)
def test_bad_skeletons_are_refused(write, old, new, message):
    assert old in ASF
    path = write(ASF.replace(old, new, 1))
    with pytest.raises(ValueError, match=message) as error:
        read_asf(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (AMC[AMC.index("upper 90 0 90") :], "", r"frame 5 ends without \['upper', 'lower'\]"),
        ("upper 90 0 90\nlower 0\n", "upper 90 0", "line 22: 2 values where 3 are due"),
        ("upper 0 0 0\nlower 0\n", "lower 0\n", r"line 7: frame 1 ends without \['upper'\]"),
        ("\n3\n", "\n2\n", "line 12: frame 2 after frame 2: number the frames upwards"),
        ("\n3\n", "\n4\n", "line 16: frame 4 after frame 4: number the frames upwards"),
        ("lower 90", "lower x", r"line 19: \['x'\] are not numbers"),
        ("lower 90", "lower inf", "line 19: .* not finite"),
        ("lower 90", "lower 90\nlower 90", "line 20: bone 'lower' twice"),
        ("lower 90", "wing 90", "line 19: the skeleton has no moving bone 'wing'"),
        ("lower 90", "tip 90", "no moving bone 'tip'"),
        ("lower 90", "lower 4_0", r"line 19: \['4_0'\] are not numbers"),
        ("lower 90", "lower \u0664\u0660", "line 19: .* are not numbers"),  # digits elsewhere
        ("lower 90", "lower 1.#QNAN", r"line 19: \['1.#QNAN'\] are not numbers"),
        ("lower 90", "lower 0,45", "line 19: 2 values where 1 are due"),
        ("lower 90", "lower 90\n:RADIANS", "line 20: :radians where angles are in 'deg' already"),
        (":DEGREES\n1\n", ":DEGREES\n", "a bone before the first frame"),
        (AMC[AMC.index("1\nroot") :], "", "no frame in it"),
        (AMC, "", "empty"),
    ],
)
def test_bad_motions_are_refused(skeleton, write, old, new, message):
    assert old in AMC
    path = write(AMC.replace(old, new, 1), "hand.amc")
    with pytest.raises(ValueError, match=message) as error:
        read_amc(path, skeleton)
    assert str(path) in str(error.value)


def test_every_cut_of_a_motion_is_refused_or_gives_whole_frames(skeleton, write):
    """What cannot be seen from the file alone is a last number that lost trailing digits."""
    whole = read_amc(write(AMC, "hand.amc"), skeleton).channels
    refused = 0
    for end in range(len(AMC)):
        path = write(AMC[:end], "cut.amc")
        try:
            channels = read_amc(path, skeleton).channels
        except ValueError:
            refused += 1
            continue
        np.testing.assert_array_equal(channels[:-1], whole[: len(channels) - 1])
        assert (channels[-1] != whole[len(channels) - 1]).sum() <= 1
    assert refused > 0.8 * len(AMC)


def test_what_is_no_skeleton_or_motion_is_refused_with_the_mend(skeleton, write):
    amc, asf = write(AMC, "hand.amc"), write(ASF)
    with pytest.raises(TypeError, match=r"must be a Skeleton, got \w*Path: .*read_asf\("):
        read_amc(amc, asf)
    with pytest.raises(TypeError, match=r"got a Motion: pass motion\.channels"):
        skeleton.joint_positions(read_amc(amc, skeleton))


def test_binary_and_missing_files_are_refused(skeleton, tmp_path):
    (tmp_path / "junk.amc").write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match="not a text file"):
        read_amc(tmp_path / "junk.amc", skeleton)
    for read in (read_asf, lambda path: read_amc(path, skeleton)):
        with pytest.raises(FileNotFoundError, match="nothing"):
            read(tmp_path / "nothing")


mirror = Path(os.environ.get("VHP_DATA", "nowhere")) / "cmu"
needs_mirror = pytest.mark.skipif(
    not (mirror / "joint_positions.csv").is_file(), reason="VHP_DATA names no mirror"
)


@needs_mirror
def test_every_trial_of_the_mirror_parses_and_agrees_with_its_positions():
    reference = pd.read_csv(mirror / "joint_positions.csv")
    checked = 0
    for path in sorted(mirror.glob("subjects/*/*.amc")):
        skeleton = read_asf(path.parent / f"{path.parent.name}.asf")
        motion = read_amc(path, skeleton)
        assert motion.channels.shape[1] == 62
        rows = reference[reference.trial == path.stem]
        for frame, table in rows.groupby("frame"):
            found = skeleton.joint_positions(motion.channels[[frame]])[0]
            index = [skeleton.names.index(bone) for bone in table.bone]
            np.testing.assert_allclose(found[index], table[["x", "y", "z"]], rtol=0, atol=1e-3)
            checked += 1
    assert checked == len(reference.groupby(["trial", "frame"]))
