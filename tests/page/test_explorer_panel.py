"""vhp_core.page.explorer_panel: codes, density and graph of a model come back, stills are drawn."""

import base64

import numpy as np
import pytest
import torch

import vhp_core as vhp
from tests.page.explorers import PRIORS, N, browser_only, codes, deep, explorer, pictures, trained
from tests.page.test_player import Page, unpacked
from tools.check.explorer import DECODED


def test_a_still_picture_stands_where_no_script_runs():
    page = Page(explorer().html)
    tags = [tag for tag, _ in page.elements]
    # Beside the still picture and its points each class has a mark in the legend.
    assert tags.count("svg") == 1 + 3 and tags.count("polyline") == 4
    fills = [given.get("fill") for tag, given in page.elements if tag == "path"]
    assert sum(fill in page.clip["palette"] for fill in fills) == 2 * 20
    html = unpacked(pictures(trained(x_dim=12), 3, 4).html)
    assert html.count('href="data:image/png;base64,') == 3


def test_codes_and_density_come_back():
    panel = Page(explorer().html).clip["panels"][1]
    raw = np.frombuffer(base64.b64decode(panel["codes"]), "<i2").reshape(-1, 2) / 30000
    np.testing.assert_allclose(
        raw * panel["reach"] + panel["middle"], codes(1), atol=panel["reach"] / 30000
    )
    levels = np.frombuffer(base64.b64decode(panel["density"]), "u1").reshape(12, 12) / 255
    ticks = np.linspace(-1, 1, 12) * panel["reach"]
    x, y = (ticks + middle for middle in panel["middle"])
    log_p = -0.5 * (x[None, :] ** 2 + y[:, None] ** 2)  # N(0, I), rows from below to above
    np.testing.assert_allclose(levels, np.clip(1 + (log_p - log_p.max()) / 10, 0, 1), atol=0.003)


def test_a_plane_shows_projected_codes_and_the_projected_prior(monkeypatch):
    monkeypatch.setattr("vhp_core.page.explorer_panel._CELLS", 40)
    made, told = deep()
    clip = Page(made.html).clip
    panel, (origin, axes) = clip["panels"][1], told["planes"]["IWAE"]
    raw = np.frombuffer(base64.b64decode(panel["codes"]), "<i2").reshape(-1, 2) / 30000
    wanted = (told["codes"]["IWAE"] - origin) @ axes.T
    np.testing.assert_allclose(
        raw * panel["reach"] + panel["middle"], wanted, atol=panel["reach"] / 30000
    )
    # N(0, I) projected is N(-axes origin, I): where it is dense, levels fall with its logarithm.
    levels = np.frombuffer(base64.b64decode(panel["density"]), "u1").reshape(40, 40) / 255
    ticks = (np.arange(40) + 0.5) / 20 - 1
    right, up = (panel["middle"][k] + panel["reach"] * ticks for k in (0, 1))
    mean = -axes @ origin
    log_p = -0.5 * ((right[None, :] - mean[0]) ** 2 + (up[:, None] - mean[1]) ** 2)
    dense = log_p > -2  # further out few samples lie
    assert dense.sum() > 50
    slope, offset = np.polyfit(log_p[dense], levels[dense], 1)
    assert slope > 0.05
    np.testing.assert_allclose(levels[dense], slope * log_p[dense] + offset, atol=0.06)
    assert clip["directions"] == ["turns", "lifts"]


def test_a_map_where_the_prior_has_no_mass_is_empty():
    far = {name: np.full((N, 5), 50.0) + np.eye(N, 5) for name in PRIORS}
    panel = Page(deep(codes=far)[0].html).clip["panels"][1]
    assert not np.frombuffer(base64.b64decode(panel["density"]), "u1").any()


def test_a_still_picture_is_the_projection():
    page = Page(deep()[0].html)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("polyline") == 4 and tags.count("path") == 2 * 20 + 3
    assert unpacked(deep()[0].html).count('href="data:image/png;base64,') == 6


def check_paths(figure, panel, pairs, graph):
    """The page's paths between pairs of points are those of the latent graph."""
    found = figure.evaluate(
        """(figure, [panel, pairs]) => pairs.map(([a, b]) => {
          const { path, along } = figure.explorer, corners = path(panel, a, b);
          return [corners, [0, 1, 2, 3, 4].map((i) => along(corners, i / 4))];
        })""",
        [panel, pairs.tolist()],
    )
    for ends, (corners, places) in zip(pairs, found, strict=True):
        np.testing.assert_allclose(corners, graph.shortest_path(*ends), atol=1e-6)
        np.testing.assert_allclose(places, graph.interpolate(*ends, num_points=5), atol=1e-5)


@browser_only
@pytest.mark.parametrize("power", [1.0, 2.0])
def test_page_finds_the_paths_of_the_latent_graph(opened, power):
    models = {"VHP-VAE": trained(), "IWAE": trained("normal")}
    graphs = {n: vhp.LatentGraph(m, 300, 6, seed=4, power=power) for n, m in models.items()}
    figure = opened(explorer(graphs=graphs))
    rng = np.random.default_rng(5)
    for panel, graph in enumerate(graphs.values()):
        assert graph.num_components == 1
        pairs = torch.as_tensor(rng.normal(size=(20, 2, 2)), dtype=torch.float32)
        check_paths(figure, panel, pairs, graph)


@browser_only
def test_page_decodes_and_finds_paths_in_all_dimensions(opened):
    made, told = deep()
    figure = opened(made)
    assert max(figure.evaluate(DECODED)) < 1e-5
    rng = np.random.default_rng(8)
    for panel, graph in enumerate(told["graphs"].values()):
        pairs = torch.as_tensor(rng.normal(size=(20, 2, 5)), dtype=torch.float32)
        pairs = torch.stack([pair for pair in pairs if graph.joins(*pair)])
        assert len(pairs) >= 10
        check_paths(figure, panel, pairs, graph)


@browser_only
def test_page_says_where_no_path_is(opened):
    model = trained("normal")
    graph = vhp.LatentGraph(model, 40, 1)
    points = torch.as_tensor(codes(1), dtype=torch.float32)
    other = next(i for i in range(1, N) if not graph.joins(points[0], points[i]))
    made = explorer(
        models={"IWAE": model}, codes={"IWAE": codes(1)}, graphs={"IWAE": graph},
        journeys={"apart": (0, other)},
    )  # fmt: skip
    figure = opened(made)
    ask = "(figure, [a, b]) => figure.explorer.path(0, a, b)"
    assert figure.evaluate(ask, codes(1)[[0, other]].tolist()) is None


def test_a_graph_too_large_for_a_page_is_refused(monkeypatch):
    monkeypatch.setattr("vhp_core.page.explorer_panel._NODES", 100)
    with pytest.raises(ValueError, match="the graph has 200 nodes, and a page holds 100 at most"):
        explorer()
