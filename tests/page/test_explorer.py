"""vhp_core.page.explorer: what the page holds, what its handles do, what is refused."""

import re

import numpy as np
import pytest

import vhp_core as vhp
from tests.page.explorers import PRIORS, N, browser_only, codes, deep, explorer, trained
from tests.page.test_player import Page

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


def test_page_fetches_nothing():
    html = explorer().html
    assert not re.search(r"https?:|\bimport\b|\bfetch\(|src=(?!.data:)|@import|url\(", html)
    assert "innerHTML" not in html


def test_same_content_gives_the_same_fingerprint():
    one, other = explorer(), explorer()
    assert one.html == other.html
    assert re.fullmatch(
        r"<latent explorer: 2 latent spaces, 60 codes, fingerprint [0-9a-f]{8}>", repr(one)
    )
    assert repr(explorer(journeys={"a": (0, 2)})) != repr(one)


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


def test_a_layer_that_models_share_is_held_once():
    clip = Page(deep()[0].html).clip
    assert [panel["network"]["parameters"] for panel in clip["panels"]] == [[0, 1, 2], [3, 4, 2]]
    assert len(clip["parameters"]) == 5


# ---- what its own programs do -------------------------------------------------------------------


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
