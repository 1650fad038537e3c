"""vhp_core.figures.latents: points, paths, density and graph are drawn, wrong input is refused."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from vhp_core import plotting


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
