"""vhp_core.explorer: what the page holds, what its own programs compute, what is refused."""

import base64
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import sync_playwright
from torch import nn

import vhp_core as vhp
from tests.test_player import Page
from tools.browser import FLAGS
from tools.check_explorer import DECODED
from vhp_core.data import generic_motion
from vhp_core.explorer import latent_explorer

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
browser_only = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium")
CHANNELS = {"lowerback ry": 0.2, "lfemur rx": -0.3, "lfemur rz": -0.2, "ltibia rx": 0.6,
            "rhumerus rz": -1.0, "root ty": 0.9, "root rx": 0.1}  # fmt: skip
N = 60
PRIORS = {"VHP-VAE": "hierarchical", "IWAE": "normal"}
LABELS = ["jump", "walk", "rest"] * (N // 3)


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """A density of few cells is soon computed."""
    monkeypatch.setattr("vhp_core.explorer_panel._CELLS", 12)


def trained(prior="hierarchical", x_dim=7):
    torch.manual_seed(1)
    return vhp.mlp_vae(x_dim, 2, hidden=(16, 16), prior=prior)


def codes(seed=0):
    return np.random.default_rng(seed).normal(size=(N, 2))


def explorer(**options):
    models = {"VHP-VAE": trained(), "IWAE": trained("normal")}
    arguments = {
        "models": models,
        "codes": {"VHP-VAE": codes(0), "IWAE": codes(1)},
        "labels": LABELS,
        "body": generic_motion(CHANNELS),
        "journeys": {"jump to walk": (0, 1), "walk to rest": (4, 5)},
        "caption": "Two latent spaces.",
        "description": "Maps of points, with a figure beside each.",
    } | options
    if "graphs" not in options:
        arguments["graphs"] = {
            name: vhp.LatentGraph(model, 200, 5) for name, model in arguments["models"].items()
        }
    return latent_explorer(**arguments)


def conv_model(likelihood=None):
    torch.manual_seed(2)
    decoder = nn.Sequential(
        nn.Linear(2, 3 * 4 * 5),
        nn.ReLU(),
        nn.Unflatten(-1, (3, 4, 5)),
        nn.ConvTranspose2d(3, 4, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(4, 4, 3, stride=2, padding=1, bias=False),
        nn.Tanh(),
        nn.ConvTranspose2d(4, 3, 3, stride=3, output_padding=1),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(3, 1, 3, padding=1),
        nn.Flatten(),
    )
    return vhp.VAE(
        vhp.GaussianMLP(4, 2),
        decoder,
        likelihood or vhp.GaussianLikelihood(),
        vhp.StandardNormal(2),
    )


def deep(**options):
    """An explorer of spaces of five dimensions, and what it was made of."""
    torch.manual_seed(4)
    shared, rng = nn.Linear(6, 12), np.random.default_rng(6)
    models = {name: vhp.mlp_vae(6, 5, (16,), prior=prior) for name, prior in PRIORS.items()}
    for model in models.values():
        model.decoder = nn.Sequential(*model.decoder, shared)
    made = {
        "models": models,
        "codes": {name: rng.normal(size=(N, 5)) for name in models},
        "planes": {
            name: (rng.normal(size=5), np.linalg.qr(rng.normal(size=(5, 2)))[0].T)
            for name in models
        },
        "graphs": {name: vhp.LatentGraph(m, 300, 6, power=2.0) for name, m in models.items()},
        "directions": ("turns", "lifts"),
        "body": (3, 4),
        "bits": 8,
    }
    made |= options
    return explorer(**made), made


def pictures(model, height, width, **options):
    return explorer(models={"VAE": model}, codes={"VAE": codes()}, body=(height, width), **options)


# ---- what the page holds ------------------------------------------------------------------------


def test_page_has_what_readers_and_their_tools_need():
    page = Page(explorer().html)
    assert page.first("figure")["class"] == "motion-player latent-explorer"
    assert page.first("figure")["aria-label"] == "Maps of points, with a figure beside each."
    assert page.text["figcaption"] == "Two latent spaces."
    handles = [a for _, a in page.elements if a.get("class") == "explorer-handle"]
    assert [handle["aria-label"] for handle in handles] == [
        "VHP-VAE, handle A", "VHP-VAE, handle B", "IWAE, handle A", "IWAE, handle B",
    ]  # fmt: skip
    for handle in handles:
        assert handle["role"] == "slider" and handle["tabindex"] == "0" and "hidden" in handle
        assert {"aria-valuenow", "aria-valuemin", "aria-valuemax"} <= set(handle)
    assert page.first("input")["aria-label"] == "Place between A and B"
    assert [tag for tag, _ in page.elements].count("option") == 3
    assert page.clip["classes"] == ["jump", "walk", "rest"]


def test_classes_stand_in_the_order_of_their_colours():
    tints = {"walk": "#111111", "none": "#222222", "rest": "#333333", "jump": "#444444"}
    clip = Page(explorer(colors=tints).html).clip
    assert clip["classes"] == ["walk", "rest", "jump"]
    assert clip["palette"] == ["#111111", "#333333", "#444444"]
    assert clip["labels"][:3] == [2, 0, 1]


def test_a_still_picture_stands_where_no_script_runs():
    page = Page(explorer().html)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("svg") == 1 and tags.count("polyline") == 4 and tags.count("circle") == 2 * 20
    html = pictures(trained(x_dim=12), 3, 4).html
    assert html.count('href="data:image/png;base64,') == 3


def test_page_fetches_nothing():
    html = explorer().html
    assert not re.search(r"https?:|\bimport\b|\bfetch\(|src=|@import|url\(", html)
    assert "innerHTML" not in html


def test_same_content_gives_the_same_fingerprint():
    one, other = explorer(), explorer()
    assert one.html == other.html
    assert re.fullmatch(
        r"<latent explorer: 2 latent spaces, 60 codes, fingerprint [0-9a-f]{8}>", repr(one)
    )
    assert repr(explorer(journeys={"a": (0, 2)})) != repr(one)


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


def test_text_is_escaped():
    nasty = "</script><script>alert(\"1\")</script> & 'q' <b>"
    page = Page(
        explorer(
            models={nasty: trained()}, codes={nasty: codes()}, labels=[nasty] * N,
            journeys={nasty: (0, 1)}, caption=nasty, description=nasty,
        ).html
    )  # fmt: skip
    assert page.text["figcaption"] == nasty and page.text["text"] == nasty
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert page.clip["classes"] == [nasty]


def test_many_codes_are_thinned_alike_in_every_panel():
    many = np.random.default_rng(0).normal(size=(4000, 2))
    clip = Page(explorer(codes={"VHP-VAE": many, "IWAE": many}, labels=["a", "b"] * 2000).html).clip
    assert len(clip["labels"]) == 1500
    assert clip["panels"][0]["codes"] == clip["panels"][1]["codes"]


def test_a_plane_shows_projected_codes_and_the_projected_prior(monkeypatch):
    monkeypatch.setattr("vhp_core.explorer_panel._CELLS", 40)
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


def test_a_layer_that_models_share_is_held_once():
    clip = Page(deep()[0].html).clip
    assert [panel["network"]["parameters"] for panel in clip["panels"]] == [[0, 1, 2], [3, 4, 2]]
    assert len(clip["parameters"]) == 5


def test_a_still_picture_is_the_projection():
    page = Page(deep()[0].html)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("polyline") == 4 and tags.count("circle") == 2 * 20
    assert deep()[0].html.count('href="data:image/png;base64,') == 6


# ---- what its programs compute ------------------------------------------------------------------


@pytest.fixture(scope="module")
def page():
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield browser.new_page()
        browser.close()


@pytest.fixture
def opened(page, tmp_path):
    """A function that opens an explorer from disk and returns its figure."""
    faults = []

    def note(error):
        faults.append(str(error))

    page.on("pageerror", note)

    def opened(made):
        path = tmp_path / "page.html"
        path.write_text(f'<!doctype html><meta charset="utf-8">{made.html}', encoding="utf-8")
        page.goto(path.as_uri())
        page.wait_for_function("document.querySelector('figure').explorer?.drawn > 0")
        return page.query_selector("figure")

    yield opened
    page.remove_listener("pageerror", note)
    assert not faults


MODELS = {
    "fully connected": (lambda: trained(x_dim=12), (3, 4)),
    "Bernoulli": (lambda: vhp.mlp_vae(12, 2, (8,), likelihood="bernoulli"), (3, 4)),
    "convolutional": (conv_model, (26, 32)),
    "convolutional, Bernoulli": (lambda: conv_model(vhp.BernoulliLikelihood()), (26, 32)),
}


@browser_only
@pytest.mark.parametrize("bits", [32, 16, 8])
@pytest.mark.parametrize("name", MODELS)
def test_page_decodes_as_pytorch_does(opened, name, bits):
    make, shape = MODELS[name]
    [off] = opened(pictures(make(), *shape, bits=bits)).evaluate(DECODED)
    assert off is not None and off < 1e-5


@browser_only
def test_page_decodes_other_points_too_and_finds_the_same_joints(opened):
    model, motion = trained(), generic_motion(CHANNELS)
    figure = opened(explorer())
    z = np.random.default_rng(3).normal(scale=3, size=(10, 2)).astype(np.float32)
    x = model.decode(torch.from_numpy(z)).mean.detach()
    found = figure.evaluate("(figure, z) => z.map((z) => figure.explorer.decode(0, z))", z.tolist())
    np.testing.assert_allclose(found, x, atol=1e-5)
    joints = figure.evaluate("(figure, x) => x.map((x) => figure.explorer.joints(x))", x.tolist())
    wanted = 1000 * motion.joint_positions(x).reshape(10, -1)  # millimetres
    np.testing.assert_allclose(joints, wanted, atol=0.01)


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
def test_a_drag_moves_an_observation_within_the_plane_alone(opened):
    made, told = deep()
    figure = opened(made)
    codes, (origin, axes) = told["codes"]["VHP-VAE"], told["planes"]["VHP-VAE"]
    figure.query_selector("select").select_option("walk to rest")
    np.testing.assert_allclose(
        figure.evaluate("(figure) => figure.explorer.ends[0]"), codes[[4, 5]], atol=1e-12
    )
    handle = figure.query_selector(".explorer-handle")
    handle.focus()
    for key in ("ArrowLeft", "ArrowUp", "ArrowUp"):
        handle.press(key)
    figure.owner_frame().wait_for_timeout(100)
    z, places, drawn = figure.evaluate(
        "(figure) => [figure.explorer.ends[0][0], figure.explorer.places, figure.explorer.rings]"
    )
    step = 0.02 * Page(made.html).clip["panels"][0]["reach"]
    np.testing.assert_allclose(z, codes[4] + step * (2 * axes[1] - axes[0]), atol=1e-9)
    np.testing.assert_allclose(places[0][0], (np.array(z) - origin) @ axes.T, atol=1e-9)
    # On the other map the same observation, moved by the same share of the map.
    assert drawn[0] is None
    other, (_, axes) = told["codes"]["IWAE"][4], told["planes"]["IWAE"]
    step = 0.02 * Page(made.html).clip["panels"][1]["reach"]
    np.testing.assert_allclose(drawn[1], other + step * (2 * axes[1] - axes[0]), atol=1e-9)


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


@browser_only
def test_handles_keep_to_the_map_and_a_choice_sets_them_all(opened):
    figure = opened(explorer())
    handle = figure.query_selector(".explorer-handle")
    handle.focus()
    figure.evaluate(
        """(figure) => { for (let i = 0; i < 30; i++) document.activeElement.dispatchEvent(
          new KeyboardEvent("keydown", { key: "ArrowLeft", shiftKey: true })); }"""
    )
    clip = Page(explorer().html).clip
    left = clip["panels"][0]["middle"][0] - clip["panels"][0]["reach"]
    assert figure.evaluate("(figure) => figure.explorer.ends[0][0][0]") == pytest.approx(left)
    assert figure.evaluate("(figure) => figure.querySelector('select').value") == ""
    figure.query_selector("select").select_option("walk to rest")
    ends = figure.evaluate("(figure) => figure.explorer.ends")
    np.testing.assert_allclose(ends, [codes(0)[[4, 5]], codes(1)[[4, 5]]])


# ---- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": {}}, "models is empty"),
        ({"codes": {"IWAE": codes()}}, "codes lacks the model 'VHP-VAE'"),
        ({"codes": dict.fromkeys(["VHP-VAE", "IWAE"], np.zeros((N, 3)))}, "two dimensions"),
        ({"codes": dict.fromkeys(["VHP-VAE", "IWAE"], codes()[:9])}, "are 9, and labels 60"),
        ({"codes": dict.fromkeys(["VHP-VAE", "IWAE"], np.full((N, 2), np.nan))}, "not finite"),
        ({"labels": []}, r"labels must have shape \(n,\)"),
        ({"colors": {"jump": "red"}}, "colors lacks the classes walk, rest"),
        ({"journeys": {}}, "journeys is empty"),
        ({"journeys": {"far": (0, 60)}}, r"journey 'far' must be two indices from 0 to 59"),
        ({"journeys": {"one": (0,)}}, "journey 'one' must be two indices"),
        ({"graphs": {}}, "graphs lacks the models VHP-VAE, IWAE"),
        ({"bits": 4}, "bits must be one of 32, 16, 8"),
        ({"planes": {}}, "planes lacks the models VHP-VAE, IWAE"),
        ({"directions": ("right",)}, "directions must be two short texts"),
        ({"directions": ("right", " ")}, "directions must be two short texts"),
        ({"body": (2, 4)}, "decode to 7 values, and body has 8"),
        ({"caption": " "}, "caption is empty"),
        ({"description": ""}, "description is empty"),
    ],
)
def test_wrong_input_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        explorer(**options)


def test_models_of_other_dimension_than_their_codes_are_refused():
    model = vhp.mlp_vae(7, 3, hidden=(4,))
    with pytest.raises(ValueError, match="'VHP-VAE' has 3 latent dimensions, and its codes 2"):
        explorer(models={"VHP-VAE": model}, codes={"VHP-VAE": codes()})


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (np.eye(5)[:2] * 1.1, "the axes of the plane of 'VHP-VAE' are not orthonormal"),
        (np.eye(4)[:2], r"axes of shape \(2, 5\)"),
        (np.full((2, 5), np.nan), "is not finite"),
    ],
)
def test_planes_that_do_not_fit_are_refused(axes, message):
    with pytest.raises(ValueError, match=message):
        deep(planes={name: (np.zeros(5), axes) for name in PRIORS})


def test_a_graph_too_large_for_a_page_is_refused(monkeypatch):
    monkeypatch.setattr("vhp_core.explorer_panel._NODES", 100)
    with pytest.raises(ValueError, match="the graph has 200 nodes, and a page holds 100 at most"):
        explorer()
