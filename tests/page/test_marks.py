import re

import numpy as np
import pytest

from vhp_core.page.marks import MARKS, mark_path, outline


def area(corners):
    x, y = np.array(corners).T
    return abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2


@pytest.mark.parametrize("corners", [corners for corners in MARKS if corners])
def test_each_shape_is_about_as_large_as_a_disc(corners):
    assert 0.7 < area(corners) / np.pi < 1.5
    assert abs(np.array(corners)).max() < 2  # the legend's box


def test_shapes_differ_and_begin_anew():
    assert len({str(corners) for corners in MARKS}) == len(MARKS)
    assert outline(len(MARKS) + 1) == MARKS[1]


@pytest.mark.parametrize("number", range(len(MARKS)))
def test_a_path_is_closed_about_its_place(number):
    path = mark_path(number, 50, 80, 2)
    assert path.startswith("M") and path.endswith("z")
    x, y = (float(v) for v in re.match(r"M(\S+) ([\d.]+)", path).groups())
    assert abs(x - 50) < 4 and abs(y - 80) < 4


def test_a_disc_has_its_radius():
    assert mark_path(0, 50, 80, 2) == "M48.0 80.0a2 2 0 1 0 4 0a2 2 0 1 0 -4 0z"
