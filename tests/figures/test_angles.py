"""vhp_core.figures.angles: the colours close up, and wrong input is refused."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from vhp_core.plotting import angle_colors, plot_angles


def test_the_map_is_cyclic_and_tells_opposite_angles_apart():
    turn = torch.linspace(0, 2 * math.pi, 257)
    colors = angle_colors(turn)
    assert colors.shape == (257, 4)
    assert np.abs(angle_colors(turn + 2 * math.pi) - colors).max() < 0.1
    steps = np.abs(np.diff(colors, axis=0)).max(axis=1)
    assert steps.max() < 0.1  # no jump, the seam at 2π included
    opposite = np.abs(angle_colors(turn) - angle_colors(turn + math.pi)).max(axis=1)
    assert opposite.min() > 0.2


def test_points_and_key_are_drawn():
    fig, ax = plt.subplots()
    angle = np.linspace(0, 6, 20)
    plot_angles(ax, np.stack([np.cos(angle), np.sin(angle)], axis=1), angle)
    assert len(ax.collections) == 1 and len(ax.child_axes) == 1
    assert ax.get_xlim() == ax.get_ylim() == pytest.approx((-1.25, 1.25), rel=0.01)
    plot_angles(ax, np.zeros((3, 2)), np.zeros(3), key=False, limit=2)
    assert len(ax.child_axes) == 1 and ax.get_xlim() == (-2, 2)
    plt.close(fig)


@pytest.mark.parametrize(
    ("z", "angle", "message"),
    [
        (np.zeros((3, 3)), np.zeros(3), r"z must have shape \(n, 2\)"),
        (np.zeros((0, 2)), np.zeros(0), r"z must have shape \(n, 2\)"),
        (np.zeros((3, 2)), np.zeros(4), r"angle must have shape \(3,\)"),
        (np.full((3, 2), np.nan), np.zeros(3), "not finite"),
    ],
)
def test_wrong_input_is_refused(z, angle, message):
    fig, ax = plt.subplots()
    with pytest.raises(ValueError, match=message):
        plot_angles(ax, z, angle)
    plt.close(fig)
