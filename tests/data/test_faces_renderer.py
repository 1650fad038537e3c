"""Pictures against what geometry and light say of them."""

import numpy as np
import pytest

import vhp_core as vhp
from vhp_core.data.face_model import open_face_model
from vhp_core.data.face_renderer import _towards


def picture(**arguments) -> np.ndarray:
    return vhp.data.render(**arguments, size=48)[..., 0, :, :].numpy()


def test_mirrored_pose_and_light_give_the_mirrored_picture():
    left = picture(azimuth=40, elevation=10, light_azimuth=-20)
    right = picture(azimuth=-40, elevation=10, light_azimuth=20)
    assert abs(left[:, ::-1] - right).mean() < 0.01
    assert abs(left - right).mean() > 0.05


def test_light_comes_from_where_the_angle_says():
    from_left, from_right = picture(light_azimuth=np.array([-60, 60]))
    assert from_left[:, :24].mean() > 1.3 * from_left[:, 24:].mean()
    assert from_right[:, 24:].mean() > 1.3 * from_right[:, :24].mean()


@pytest.mark.parametrize(
    ("angles", "expected"),
    [((0, 0), (0, 0, 1)), ((90, 0), (1, 0, 0)), ((0, 90), (0, 1, 0)), ((90, 45), (0.5, 0.5, 0))],
)
def test_axis_after_the_turn(angles, expected):
    axis = _towards(*np.deg2rad(angles))[:, 2]
    expected = np.array(expected) / np.linalg.norm(expected)
    np.testing.assert_allclose(axis, expected, atol=1e-12)


def test_turn_is_a_rotation():
    turn = _towards(0.7, -0.4)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)


def test_background_is_black_and_the_face_has_no_holes():
    for azimuth in (-60, 0, 60):
        image = picture(azimuth=azimuth, light_azimuth=0)
        assert image[0, 0] == 0 or image[0, -1] == 0 or azimuth
        middle = image[12:40, 18:30]  # eyes, nose and mouth are in it whatever the pose
        assert middle.min() > 0.02


def test_pupils_are_darker_than_skin_and_white():
    image = picture()
    model = open_face_model()
    crown, _, chin = model.mean[list(model.landmarks)]
    eye = model.mean[model.eye == 1].mean(0)
    height = crown[1] - chin[1]
    row = int(24 * (1 - (eye[1] - chin[1] - 0.42 * height) / (0.455 * height)))
    column = int(24 * (1 + eye[0] / (0.455 * height)))
    around = image[row - 2 : row + 3, column - 2 : column + 3]
    assert around.min() < 0.6 * image[row + 6, column]


def test_each_identity_coefficient_changes_the_face():
    mean = picture()
    for k in range(10):
        changed = picture(identity=2 * np.eye(10)[k])
        assert abs(changed - mean).mean() > 0.002
