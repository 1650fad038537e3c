"""vhp_core.figures.effects: an interval is where it is said to be, and filled if it is clear."""

import matplotlib.pyplot as plt
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgb

from vhp_core import plotting
from vhp_core.book import Effect

EFFECTS = {"one": Effect(-0.5, -0.75, -0.25, 10), "other": Effect(0.1, -0.1, 0.3, 10)}


@pytest.fixture
def axes():
    figure = plotting.plot_effects({"rate": EFFECTS, "distance": EFFECTS, "error": EFFECTS})
    yield figure.axes
    plt.close(figure)


def test_a_panel_a_measure_with_a_line_a_comparison(axes):
    assert [ax.get_title() for ax in axes] == ["rate", "distance", "error"]
    lines = [c.get_segments()[0] for c in axes[1].collections if isinstance(c, LineCollection)]
    assert [line[:, 0].tolist() for line in lines] == [[-0.75, -0.25], [-0.1, 0.3]]
    assert axes[0].get_ylim() == (1.5, -0.5)


def test_a_dot_is_filled_where_the_interval_excludes_zero(axes):
    dots = [c for c in axes[0].collections if isinstance(c, PathCollection)]
    assert [dot.get_offsets()[0].tolist() for dot in dots] == [[-0.5, 0], [0.1, 1]]
    faces = [tuple(dot.get_facecolor()[0][:3]) for dot in dots]
    assert faces == [pytest.approx(to_rgb("#0072B2")), (1, 1, 1)]


def test_a_comparison_that_cannot_be_made_is_told():
    figure = plotting.plot_effects({"rate": EFFECTS, "distance": EFFECTS | {"one": None}})
    texts = [[text.get_text() for text in ax.texts] for ax in figure.axes]
    assert texts == [[], ["not measured"]]
    plt.close(figure)


@pytest.mark.parametrize(
    "panels", [{}, {"a": {}}, {"a": {"x": (0, 0, 0)}, "b": {}}, {"a": {"x": (2, 0, 1)}}]
)
def test_what_cannot_be_drawn_is_refused(panels):
    with pytest.raises(ValueError, match=r"comparisons|outside"):
        plotting.plot_effects(panels)
