"""vhp_core.figures.pictures: pictures stand in their rows, in their greys and side by side."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from vhp_core import plotting

GREYS = np.linspace(0, 1, 3 * 8 * 4).reshape(3, 8, 4)


@pytest.fixture
def figure():
    rows = {"one": GREYS, "other": torch.as_tensor(GREYS[:2, None])}
    figure = plotting.plot_pictures(rows, {"one": "#111111", "other": "#0072B2"})
    yield figure
    plt.close(figure)


def test_each_picture_has_its_greys(figure):
    shown = [ax.images[0].get_array() for ax in figure.axes]
    assert np.allclose(shown, [*GREYS, *GREYS[:2]])
    assert {ax.images[0].get_clim() for ax in figure.axes} == {(0, 1)}


def test_a_row_below_the_other_and_pictures_that_do_not_overlap(figure):
    boxes = np.array([ax.get_position().extents for ax in figure.axes])
    assert (boxes[3:, 3] < boxes[:3, 1].min()).all()
    assert (np.diff(boxes[:3, 0]) > boxes[0, 2] - boxes[0, 0]).all()
    assert boxes.min() >= 0 and boxes.max() <= 1
    inches = (boxes[:, 2:] - boxes[:, :2]) * figure.get_size_inches()
    assert np.allclose(inches[:, 1], 2 * inches[:, 0])  # as the pictures are: 8 by 4


def test_names_stand_above_their_rows(figure):
    texts = figure.texts
    assert [(t.get_text(), t.get_color()) for t in texts] == [
        ("one", "#111111"),
        ("other", "#0072B2"),
    ]
    tops = [ax.get_position().y1 for ax in (figure.axes[0], figure.axes[3])]
    assert all(text.get_position()[1] > top for text, top in zip(texts, tops, strict=True))


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        ({}, {}, "at least one"),
        ({"a": GREYS[0]}, {}, "'a' must have shape"),
        ({"a": GREYS[:0]}, {}, "'a' must have shape"),
        ({"a": np.zeros((2, 3, 8, 8))}, {}, "got \\(2, 3, 8, 8\\)"),
        ({"a": GREYS, "b": GREYS[:, :4]}, {}, "of one size"),
        ({"a": GREYS}, {"colors": {"b": "red"}}, "lacks the rows a"),
    ],
)
def test_what_is_no_row_of_pictures_is_refused(rows, options, said):
    with pytest.raises(ValueError, match=said):
        plotting.plot_pictures(rows, **options)
