"""vhp_core.figures.stick_figures: sides, views and strips of figures, and what is refused."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest

from vhp_core import plotting

# root, head, left hip, left foot, right hip, right foot
BONES = ((0, 1), (0, 2), (2, 3), (0, 4), (4, 5))
BODY = np.array(
    [[0, 1, 0], [0, 1.7, 0], [0.1, 0.95, 0], [0.1, 0, 0], [-0.1, 0.95, 0], [-0.1, 0, 0]], float
)


def walk(num_frames=5):
    positions = np.repeat(BODY[None], num_frames, axis=0)
    positions[:, 3, 2] = np.linspace(-0.3, 0.3, num_frames)
    positions[:, 5, 2] = np.linspace(0.3, -0.3, num_frames)
    return positions


def test_bone_sides_follow_limbs_to_their_ends():
    assert plotting.bone_sides(walk(), BONES).tolist() == [0, 1, 1, -1, -1]
    mirrored = walk() * [-1, 1, 1]
    assert plotting.bone_sides(mirrored, BONES).tolist() == [0, -1, -1, 1, 1]


def test_stick_figures_seen_from_the_front_and_the_side():
    def segments(azimuth):
        ax = plt.figure().subplots()
        plotting.plot_stick_figures(ax, walk(1), BONES, azimuth=azimuth, spacing=2.0)
        return np.concatenate(ax.collections[0].get_segments())

    front, side = segments(0), segments(-90)
    assert np.ptp(front[:, 0]) == pytest.approx(0.2)  # from hip to hip
    assert np.ptp(side[:, 0]) == pytest.approx(0.6)  # from foot to foot, forward to the right
    assert side[:, 1].min() == pytest.approx(0.0)


def test_stick_figures_stand_on_the_ground_and_apart():
    positions = walk(4)
    positions[2] += [0, 0.5, 0]
    ax = plotting.plot_stick_figures(plt.figure().subplots(), positions, BONES)
    assert len(ax.collections) == 4
    figures = [np.concatenate(lines.get_segments()) for lines in ax.collections]
    assert all(points[:, 1].min() == pytest.approx(0.0) for points in figures)
    for left, right in itertools.pairwise(figures):
        assert left[:, 0].max() < right[:, 0].min()
    ax = plotting.plot_stick_figures(plt.figure().subplots(), positions, BONES, ground=False)
    assert np.concatenate(ax.collections[2].get_segments())[:, 1].min() == pytest.approx(0.5)


def test_left_limbs_are_darker_than_right():
    ax = plotting.plot_stick_figures(plt.figure().subplots(), walk(1), BONES, azimuth=0)
    lines = ax.collections[0]
    light = {
        np.sign(round(segment[:, 0].mean(), 3)): color[:3].sum()
        for segment, color in zip(lines.get_segments(), lines.get_colors(), strict=True)
    }
    assert light[1] < light[0] < light[-1]


def test_strip_has_one_axes_a_row_in_one_scale():
    figure = plotting.plot_strip({"graph": walk(60), "straight line": walk(9)}, BONES, num=5)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["graph", "straight line"]
    assert [len(ax.collections) for ax in figure.axes] == [5, 5]
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim()
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
    steps = [text.get_text() for text in figure.axes[1].get_xticklabels()]
    assert steps == ["0", "0.25", "0.5", "0.75", "1"]


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ({}, {}, "rows is empty"),
        ({"a": walk()}, {"num": 1}, "num must be at least 2"),
        ({"a": walk(1)}, {}, "row 'a' has 1 frames"),
        ({"a": walk(), "b": walk()[:, :5]}, {}, "row 'b' has 5 joints, the first row 6"),
        ({"a": walk()[..., :2]}, {}, r"row 'a' must have shape \(T, J, 3\)"),
        ({"a": np.where(walk() > 1.5, np.nan, walk())}, {}, "row 'a' is not finite in frame 0"),
        ({"a": walk()}, {"colors": {"b": "red"}}, "colors lacks the row 'a'"),
        ({"a": walk()}, {"sides": [1]}, r"sides must have shape \(5,\)"),
    ],
)
def test_strip_refuses(rows, options, message):
    with pytest.raises(ValueError, match=message):
        plotting.plot_strip(rows, BONES, **options)


@pytest.mark.parametrize("bones", [((0, 6),), ((-1, 2),), (0, 1), ((0.5, 1.0),)])
def test_stick_figures_refuse_bones(bones):
    with pytest.raises(ValueError, match="bone"):
        plotting.plot_stick_figures(plt.figure().subplots(), walk(), bones)
