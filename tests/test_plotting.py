import matplotlib

matplotlib.use("Agg")

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex, to_rgb

from vhp_core import plotting
from vhp_core.theme import LABEL_COLORS

# root, head, left hip, left foot, right hip, right foot
BONES = ((0, 1), (0, 2), (2, 3), (0, 4), (4, 5))
BODY = np.array(
    [[0, 1, 0], [0, 1.7, 0], [0.1, 0.95, 0], [0.1, 0, 0], [-0.1, 0.95, 0], [-0.1, 0, 0]], float
)


@pytest.fixture(autouse=True)
def theme():
    with plt.rc_context():
        plotting.set_theme()
        yield
    plt.close("all")


def walk(num_frames=5):
    positions = np.repeat(BODY[None], num_frames, axis=0)
    positions[:, 3, 2] = np.linspace(-0.3, 0.3, num_frames)
    positions[:, 5, 2] = np.linspace(0.3, -0.3, num_frames)
    return positions


def history(num_steps=100, phase=30):
    step = np.arange(1, num_steps + 1)
    return pd.DataFrame(
        {
            "step": step,
            "error": 2.0 + np.cos(step),
            "smoothed_error": 2.0 + 1.0 / step,
            "rate": np.sqrt(step),
            "multiplier": 10.0 + step,
            "initial_phase": step <= phase,
        }
    )


def test_theme_is_opaque_and_dense():
    assert plt.rcParams["figure.facecolor"] == "white"
    assert not plt.rcParams["savefig.transparent"]
    assert plt.rcParams["figure.dpi"] * plotting.WIDTH >= 2 * 600
    # 12 points of a full-width figure that a phone shows at 360 pixels
    assert plt.rcParams["font.size"] / 72 / plotting.WIDTH * 360 > 8


def test_label_colors_go_by_first_appearance():
    colors = plotting.label_colors(["walking", "jogging", "walking", "kicking"])
    assert list(colors) == ["walking", "jogging", "kicking"]
    assert list(colors.values()) == list(LABEL_COLORS[:3])
    assert len(set(LABEL_COLORS)) == 12
    assert not {plotting.MODEL_COLORS["VHP-VAE"], plotting.MODEL_COLORS["IWAE"]} & {*LABEL_COLORS}


def test_label_colors_refuse_what_cannot_be_told_apart():
    with pytest.raises(ValueError, match="13 classes"):
        plotting.label_colors(str(i) for i in range(13))


def _seen_by(kind):
    """Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB."""
    return {
        "normal": np.eye(3),
        "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
        "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    }[kind]


@pytest.mark.parametrize("kind", ["normal", "deuteranopia", "protanopia"])
def test_first_five_classes_and_models_are_told_apart(kind):
    def oklab(color):
        rgb = np.array(to_rgb(color))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        linear = np.clip(np.array(_seen_by(kind)) @ linear, 0, 1)
        to_lms = [[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]
        to_lab = [[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]]
        return np.array(to_lab) @ np.cbrt(np.array(to_lms) @ linear)

    for colors, least in (
        (LABEL_COLORS[:5], 0.2),
        ([plotting.MODEL_COLORS["VHP-VAE"], plotting.MODEL_COLORS["IWAE"]], 0.15),
    ):
        lab = np.stack([oklab(color) for color in colors])
        apart = np.linalg.norm(lab[:, None] - lab[None], axis=-1)[np.triu_indices(len(lab), 1)]
        assert apart.min() > least


def test_latents_hold_every_point_in_its_colour():
    z = np.random.default_rng(0).normal(size=(30, 2))
    labels = np.array(["a", "b", "c"] * 10)
    ax = plotting.plot_latents(plt.figure().subplots(), torch.tensor(z), labels)
    assert [points.get_label() for points in ax.collections] == ["a", "b", "c"]
    for points, name in zip(ax.collections, "abc", strict=True):
        np.testing.assert_array_equal(points.get_offsets(), z[labels == name])
        assert to_hex(points.get_facecolor()[0]) == plotting.label_colors("abc")[name].lower()
    assert ax.get_aspect() == 1.0
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b", "c"]


def test_latents_give_many_classes_markers_of_their_own():
    z = np.random.default_rng(0).normal(size=(24, 2))
    ax = plotting.plot_latents(plt.figure().subplots(), z, [str(i % 12) for i in range(24)])
    shapes = {points.get_paths()[0].vertices.tobytes() for points in ax.collections}
    assert len(shapes) == 12


def test_latents_draw_paths_with_their_ends():
    z = np.zeros((4, 2))
    path = np.array([[0.0, 0.0], [1.0, 1.0], [5.0, 1.0]])
    ax = plotting.plot_latents(plt.figure().subplots(), z, ["a"] * 4, paths={"graph": path})
    line, start, end = ax.lines
    np.testing.assert_array_equal(line.get_xydata(), path)
    np.testing.assert_array_equal(start.get_xydata(), path[:1])
    np.testing.assert_array_equal(end.get_xydata(), path[-1:])
    assert start.get_marker() != end.get_marker()
    assert ax.get_xlim()[1] > 5.0


def test_latents_shade_density_without_disturbing_random_numbers():
    seen = []

    def density(points):
        seen.append(points)
        return -points.square().sum(-1) + torch.randn(()) * 1e-6

    z = np.random.default_rng(0).normal(size=(10, 2))
    expected = torch.randn(3, generator=torch.Generator().manual_seed(1))
    torch.manual_seed(1)
    ax = plt.figure().subplots()
    plotting.plot_latents(ax, z, ["a"] * 10, density=density, legend="direct")
    assert torch.equal(torch.randn(3), expected)
    assert seen[0].dtype == torch.float32 and seen[0].shape[1] == 2
    assert len(ax.collections) == 2
    assert [text.get_text() for text in ax.texts] == ["a"]


def test_latents_draw_graph_edges():
    z = np.arange(6.0).reshape(3, 2)
    ax = plt.figure().subplots()
    plotting.plot_latents(ax, z, list("abc"), graph=(z, [[0, 1], [1, 2]]), legend=None)
    assert len(ax.collections[0].get_segments()) == 2
    assert ax.get_legend() is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"z": np.zeros((3, 5))}, "5 dimensions .* project"),
        ({"z": np.zeros(3)}, r"shape \(n, 2\)"),
        ({"z": np.array([[0, np.nan]] * 3)}, "not finite"),
        ({"labels": ["a"]}, r"labels must have shape \(3,\)"),
        ({"colors": {"b": "red"}}, "colors lacks the classes a"),
        ({"paths": {"graph": np.zeros((4, 3))}}, "path 'graph' has 3 dimensions"),
        ({"legend": "left"}, "legend must be"),
        ({"density": lambda points: points}, "density must return"),
    ],
)
def test_latents_refuse(change, message):
    arguments = {"z": np.arange(6.0).reshape(3, 2), "labels": ["a"] * 3} | change
    with pytest.raises(ValueError, match=message):
        plotting.plot_latents(plt.figure().subplots(), **arguments)


def test_history_has_three_panels_with_the_data():
    frame = history()
    figure = plotting.plot_history(frame, kappa=1.5)
    top, middle, bottom = figure.axes
    raw, smooth, bound = top.lines
    np.testing.assert_array_equal(raw.get_ydata(), frame["error"])
    np.testing.assert_array_equal(smooth.get_ydata(), frame["smoothed_error"])
    assert bound.get_ydata()[0] == pytest.approx(2.25)
    assert bound.get_linestyle() == "--"
    np.testing.assert_array_equal(middle.lines[0].get_ydata(), frame["rate"])
    np.testing.assert_array_equal(bottom.lines[0].get_ydata(), frame["multiplier"])
    assert bottom.get_yscale() == "log"
    shaded = top.patches[0].get_extents().transformed(top.transData.inverted())
    assert (shaded.x0, shaded.x1) == pytest.approx((1, 30))


def test_errors_over_orders_of_magnitude_are_told_in_plain_numbers_that_do_not_overlap():
    frame = history()
    frame["error"] = frame["smoothed_error"] = np.geomspace(650, 18, len(frame))
    figure = plotting.plot_history(frame)
    figure.canvas.draw()
    top = figure.axes[0]
    low, high = top.get_ylim()
    labels = [label for label in top.get_yticklabels() if low <= label.get_position()[1] <= high]
    assert [label.get_text() for label in labels] == ["20", "50", "100", "200", "500"]
    assert not any(label.get_text() for label in top.get_yticklabels(minor=True))
    boxes = [label.get_window_extent() for label in labels]
    assert not any(a.overlaps(b) for a, b in itertools.pairwise(boxes))


def test_history_overlays_models_in_their_colours():
    figure = plotting.plot_history({"VHP-VAE": history(), "IWAE": history(phase=0)})
    smooth = figure.axes[0].lines[1::2]
    assert [line.get_label() for line in smooth] == ["VHP-VAE", "IWAE"]
    assert [line.get_color() for line in smooth] == ["#0072B2", "#D55E00"]
    assert len(figure.axes[0].patches) == 1  # only one of them has an initial phase


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (history().drop(columns="rate"), "lacks the columns rate"),
        ({"IWAE": history()[:0]}, "history of IWAE has no rows"),
        ({}, "empty"),
    ],
)
def test_history_refuses(frame, message):
    with pytest.raises(ValueError, match=message):
        plotting.plot_history(frame)


def test_paired_has_one_dot_a_seed():
    frame = pd.DataFrame(
        {"model": ["VHP-VAE", "IWAE"] * 3, "seed": [0, 0, 2, 2, 1, 1], "error": np.arange(6.0)}
    )
    frame["rate"] = frame["error"] ** 2
    figure = plotting.plot_paired(frame, {"error": "held-out error", "rate": "rate"}, ["IWAE"])
    assert len(figure.axes) == 2
    figure = plotting.plot_paired(frame, ["error"], ["VHP-VAE", "IWAE"])
    (ax,) = figure.axes
    np.testing.assert_array_equal(ax.collections[0].get_offsets()[:, 1], [0, 4, 2])  # by seed
    assert [line.get_ydata().tolist() for line in ax.lines] == [[0, 1], [4, 5], [2, 3]]


@pytest.mark.parametrize(
    ("measures", "models", "rows", "message"),
    [
        (["rate"], ["IWAE"], 2, "lacks the columns rate"),
        (["error"], ["VAE"], 2, "no rows of the models VAE"),
        (["error"], ["IWAE"], 3, "more than one row"),
    ],
)
def test_paired_refuses(measures, models, rows, message):
    frame = pd.DataFrame({"model": "IWAE", "seed": [0, 1, 1], "error": 1.0})[:rows]
    with pytest.raises(ValueError, match=message):
        plotting.plot_paired(frame, measures, models)


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
