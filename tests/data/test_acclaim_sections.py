"""Sections of an .asf: names in any case, bones of length zero, axes in any order, the root."""

import itertools

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.data.test_acclaim import AMC, ASF
from vhp_core.data import read_amc, read_asf


def other_case(text):
    """Keywords and names in the other case; "XYZ" becomes "xyz"."""
    return text.swapcase().replace("# a comment", "#")


def test_f3_names_and_keywords_are_the_same_in_any_case(write):
    """An .asf in capitals, with its hierarchy and its .amc in small letters, and so on."""
    plain = read_asf(write(ASF))
    wanted = plain.joint_positions(read_amc(write(AMC, "hand.amc"), plain).channels)
    head = ASF.index(":hierarchy")
    texts = [other_case(ASF), other_case(ASF[:head]) + ASF[head:], ASF[:head] + ASF[head:].upper()]
    for asf, amc in itertools.product(texts, [AMC, AMC.upper(), AMC.title()]):
        skeleton = read_asf(write(asf))
        assert skeleton.dof == plain.dof
        motion = read_amc(write(amc, "hand.amc"), skeleton)
        np.testing.assert_array_equal(skeleton.joint_positions(motion.channels), wanted)
    assert read_asf(write(texts[0])).names == ("root", "UPPER", "LOWER", "TIP")  # as spelled


def test_f3_a_bone_of_length_zero_needs_no_direction(write):
    tip = "name tip\n     direction 1 0 0\n     length 1\n"
    none = tip.replace("1 0 0", "0 0 0").replace("length 1", "length 0")
    skeleton = read_asf(write(ASF.replace(tip, none)))
    joints = skeleton.joint_positions(180 * np.random.default_rng(0).standard_normal((9, 10)))
    np.testing.assert_array_equal(joints[:, 3], joints[:, 2])
    with pytest.raises(ValueError, match=r"line 35: direction .* is not of length 1"):
        read_asf(write(ASF.replace(tip, none.replace("length 0", "length 1"))))
    stretched = none.replace("length 0", "length 0\n     dof l")  # which way would it grow?
    with pytest.raises(ValueError, match=r"line 35: direction .* is not of length 1"):
        read_asf(write(ASF.replace(tip, stretched)))


@pytest.mark.parametrize("order", ["".join(axes) for axes in itertools.permutations("XYZ")])
@pytest.mark.parametrize("unit", ["deg", "rad"])
def test_f7_axes_are_evaluated_in_their_order(write, order, unit):
    """The angles stand as x, y, z; the listed order is that of the rotations."""
    angles = dict(zip("XYZ", (20.0, 90.0, -50.0), strict=True))
    turn = Rotation.identity()
    for axis in order:
        turn = Rotation.from_euler(axis.lower(), angles[axis], degrees=True) * turn
    values = [angle if unit == "deg" else np.deg2rad(angle) for angle in angles.values()]
    text = ASF.replace("axis 0 0 90 XYZ", f"axis {' '.join(map(repr, map(float, values)))} {order}")
    skeleton = read_asf(write(text.replace("angle deg", f"angle {unit}")))
    found = Rotation.from_euler("xyz", skeleton.axes[2], degrees=True)
    np.testing.assert_allclose(found.as_matrix(), turn.as_matrix(), atol=1e-12)


def test_f7_translations_and_lengths_of_bones_are_read(write):
    text = ASF.replace("dof rx ry rz", "dof TX TY TZ RX RY RZ").replace("dof rx\n", "dof rx l\n")
    skeleton = read_asf(write(text))
    assert skeleton.channel_names[6:] == (
        "upper tx", "upper ty", "upper tz", "upper rx", "upper ry", "upper rz", "lower rx",
        "lower l",
    )  # fmt: skip
    assert skeleton.is_length.tolist() == [True] * 3 + [False] * 3 + [True] * 3 + [False] * 4 + [
        True
    ]
    frame = "1\nroot 1 1 1 0 0 90\nupper 0 0 5 0 0 0\nlower 0 -1\n"
    joints = skeleton.joint_positions(read_amc(write(frame, "a.amc"), skeleton).channels)
    # The root turns x to y and y to −x; upper begins 5 ahead of it, lower is 2 long instead of 3.
    expected = [[1, 1, 1], [-1, 1, 6], [-1, 3, 6], [-1, 4, 6]]
    np.testing.assert_allclose(joints[0], expected, atol=1e-12)


def test_f7_a_root_away_from_the_origin_moves_the_whole_figure(write):
    plain = read_asf(write(ASF))
    text = ASF.replace("position 0 0 0", "position 1 2 3")
    channels = 90 * np.random.default_rng(1).standard_normal((9, 10))
    joints = plain.joint_positions(channels)
    moved = read_asf(write(text)).joint_positions(channels)
    np.testing.assert_allclose(moved, joints + np.array([1, 2, 3]), atol=1e-12)
    text = text.replace("orientation 0 0 0", "orientation 90 0 90").replace(
        "axis XYZ\n   position", "axis zyx\n   position"
    )
    turned = read_asf(write(text)).joint_positions(channels)
    # About z first, x to y and y to −x, then about x, y to z and z to −y.
    around_z = np.stack([-joints[..., 1], joints[..., 0], joints[..., 2]], axis=-1)
    around_x = np.stack([around_z[..., 0], -around_z[..., 2], around_z[..., 1]], axis=-1)
    np.testing.assert_allclose(turned, around_x + np.array([1, 2, 3]), atol=1e-10)
