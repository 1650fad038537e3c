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
    with pytest.raises(ValueError, match="'VHP-VAE' has 3 latent dimensions"):
        explorer(models={"VHP-VAE": model}, codes={"VHP-VAE": codes()})


def test_a_graph_too_large_for_a_page_is_refused(monkeypatch):
    monkeypatch.setattr("vhp_core.explorer_panel._NODES", 100)
    with pytest.raises(ValueError, match="the graph has 200 nodes, and a page holds 100 at most"):
        explorer()
