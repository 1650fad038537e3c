"""vhp_core.figures.histories: the panels show the data, and wrong input is refused."""

import itertools

import numpy as np
import pandas as pd
import pytest

from vhp_core import History, plotting


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


def test_a_history_is_drawn_as_its_frame_is():
    frame = history()
    ours = plotting.plot_history(History(frame.to_dict("list")))
    theirs = plotting.plot_history({"": frame})
    for one, other in zip(ours.axes, theirs.axes, strict=True):
        for a, b in zip(one.lines, other.lines, strict=True):
            np.testing.assert_array_equal(a.get_xydata(), b.get_xydata())
    assert len(plotting.plot_history({"IWAE": History(frame.to_dict("list"))}).axes) == 3


def test_held_out_values_are_drawn_where_they_are():
    frame = history()
    names = ["validation_error", "validation_rate", "validation_bound"]
    frame[names] = np.nan
    frame.loc[[19, 59, 99], names] = np.arange(9.0).reshape(3, 3) + 1
    figure = plotting.plot_history(frame)
    top, middle, bottom, bound = figure.axes
    for ax, name in ((top, names[0]), (middle, names[1]), (bound, names[2])):
        dots = ax.lines[-1]
        assert dots.get_marker() == "o"
        assert dots.get_xdata().tolist() == [20, 60, 100]
        assert dots.get_ydata().tolist() == frame[name].dropna().tolist()
    assert top.get_legend_handles_labels()[1] == ["held out", "initial phase"]
    assert (bottom.get_xlabel(), bound.get_xlabel()) == ("", "step")
    assert len(plotting.plot_history({"with": frame, "without": history()}).axes) == 4


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
