"""Acclaim files as other programs write them: orders, units, numbers of frames."""

import re

import numpy as np
import pytest

from tests.data.test_acclaim import AMC, ASF
from vhp_core.data import read_amc, read_asf


@pytest.fixture
def skeleton(write):
    return read_asf(write(ASF))


# Three files whose joints another program computed: F1, the order of rotations.
PAIR = """:units
length 0.45
angle deg
:root
order TX TY TZ RX RY RZ
axis XYZ
position 0 0 0
orientation 0 0 0
:bonedata
begin
name arm
direction 1 0 0
length 2
axis 0 0 0 XYZ
dof rx ry rz
end
:hierarchy
begin
root arm
end
"""
PAIR_FRAME = ":FULLY-SPECIFIED\n:DEGREES\n1\nroot 0 0 0 {root}\narm {arm}\n"


@pytest.mark.parametrize(
    ("old", "new", "root", "arm", "end"),
    [
        ("", "", "0 0 0", "0 80 70", [0.119, 0.326, -1.970]),
        ("dof rx ry rz", "dof rz ry rx", "0 0 0", "70 80 0", [0.119, 1.879, -0.674]),
        ("RX RY RZ", "RZ RY RX", "70 80 0", "0 0 0", [0.119, 1.879, -0.674]),
    ],
)
def test_f1_rotations_are_evaluated_in_the_listed_order(write, old, new, root, arm, end):
    skeleton = read_asf(write(PAIR.replace(old, new)))
    motion = read_amc(write(PAIR_FRAME.format(root=root, arm=arm), "pair.amc"), skeleton)
    found = skeleton.joint_positions(motion.channels)
    np.testing.assert_allclose(found, [[[0, 0, 0], end]], atol=1e-3)


def test_f4_an_amc_without_a_unit_is_in_degrees_or_in_that_of_its_asf(skeleton, write):
    whole = read_amc(write(AMC, "hand.amc"), skeleton).channels
    bare = write(AMC.replace(":DEGREES\n", ""), "bare.amc")
    np.testing.assert_array_equal(read_amc(bare, skeleton).channels, whole)
    turned = read_asf(write(ASF.replace("angle deg", "angle RADIANS").replace("0 0 90", "0 0 1.5")))
    assert turned.axes[2, 2] == pytest.approx(np.rad2deg(1.5))
    rotations = [not name.split()[1].startswith("t") for name in skeleton.channel_names]
    for path, unit in ((bare, 180 / np.pi), (write(AMC, "hand.amc"), 1)):
        found = read_amc(path, turned).channels
        np.testing.assert_allclose(found[:, rotations], unit * whole[:, rotations])
        np.testing.assert_array_equal(found[:, :3], whole[:, :3])  # lengths


def test_f4_radians_and_other_directives_are_read(skeleton, write):
    """Wherever they stand before the frames, in any case; a title without # is passed over."""
    whole = read_amc(write(AMC, "hand.amc"), skeleton).channels
    text = AMC.replace(" 90", " 1.5707963267948966")
    for head in (
        ":RADIANS",
        ":radians\n:SAMPLES-PER-SECOND 120\n:FRAME-RANGE 1 5",
        "A title\n:Rad",
    ):
        motion = read_amc(write(text.replace(":DEGREES", head), "hand.amc"), skeleton)
        np.testing.assert_allclose(motion.channels, whole, rtol=1e-15)
    after = write(AMC.replace(":DEGREES", ":DEGREES\n:SAMPLES-PER-SECOND 120"), "hand.amc")
    np.testing.assert_array_equal(read_amc(after, skeleton).channels, whole)


@pytest.mark.parametrize(
    "cut", ["  length 0.45\n", "  angle deg\n", ASF[ASF.index(":units") : ASF.index(":root")]]
)
def test_f4_an_asf_without_units_has_their_defaults(skeleton, write, cut):
    found = read_asf(write(ASF.replace(cut, "")))
    assert found.angle == "deg"
    assert found.metres == (skeleton.metres if "angle" in cut and "mass" not in cut else 0.0254)
    np.testing.assert_array_equal(found.lengths, skeleton.lengths)


@pytest.mark.parametrize("numbers", [range(5), range(101, 106), (3, 4, 9, 10, 200)])
def test_f6_numbers_of_frames_begin_anywhere_skip_and_are_kept(skeleton, write, numbers):
    whole = read_amc(write(AMC, "hand.amc"), skeleton)
    assert whole.frames.tolist() == [1, 2, 3, 4, 5]
    new = iter(numbers)
    text = re.sub(r"^\d+$", lambda old: str(next(new)), AMC, flags=re.MULTILINE)
    cut = read_amc(write(text, "cut.amc"), skeleton)
    assert cut.frames.tolist() == list(numbers)
    np.testing.assert_array_equal(cut.channels, whole.channels)


def test_f8_the_unit_of_length_can_be_said(skeleton, write):
    path = write(ASF)
    assert skeleton.metres == pytest.approx(0.0254 / 0.45)
    assert read_asf(path, metres=0.01).metres == 0.01
    assert read_asf(path, metres=0.01).lengths.tolist() == skeleton.lengths.tolist()
    for wrong in (0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="metres must be positive and finite"):
            read_asf(path, metres=wrong)
