"""vhp_core.page.weight_tail_slider: the weights' numbers, and that the page has them."""

import math

import numpy as np
import pytest
from scipy.special import erfc

from tests.page.explorers import browser_only
from tests.page.sliders import differences, shown, write
from tests.page.test_player import Page
from vhp_core.page import weight_tail_slider as slider
from vhp_core.page.slider_plot import digits
from vhp_core.page.weight_tail import bound_gap, exponent, law, variance
from vhp_core.page.weight_tail_slider import _marks, _readings

RATIOS = [0.1, 0.25, 0.5, 0.8, 0.98, 1.0, 1.2, 2.0, 4.0]


@pytest.mark.parametrize("r", RATIOS)
def test_gap_with_one_weight_is_the_divergence(r):
    assert bound_gap(r, 1) == pytest.approx(0.5 * (r - 1 - math.log(r)), abs=1e-9)


@pytest.mark.parametrize("r", RATIOS)
def test_gap_with_two_weights_by_a_sum_over_both(r):
    noise = np.arange(-14, 14, 0.02)
    mass = np.exp(-0.5 * noise**2) * 0.02 / math.sqrt(2 * math.pi)
    log_w = 0.5 * math.log(r) + 0.5 * (1 - r) * noise**2
    log_mean = np.logaddexp(log_w[:, None], log_w) - math.log(2)
    assert bound_gap(r, 2) == pytest.approx(-(mass @ log_mean @ mass), abs=1e-9)


@pytest.mark.parametrize("r", [0.25, 0.8, 2.0])
def test_gap_with_many_weights_by_draws(r):
    noise = np.random.default_rng(0).standard_normal((64, 20000))
    log_w = 0.5 * math.log(r) + 0.5 * (1 - r) * noise**2
    mean = np.exp(log_w).mean(axis=0)
    values = -np.log(mean) + (mean - 1 if r > 0.5 else 0.0)
    assert abs(values.mean() - bound_gap(r, 64)) < 4 * values.std() / math.sqrt(len(values))


@pytest.mark.parametrize("r", [0.8, 1.2, 2.0, 4.0])
def test_gap_tends_to_the_delta_method(r):
    assert bound_gap(r, 4096) == pytest.approx(variance(r) / 8192, rel=0.01)


@pytest.mark.parametrize("r", [0.1, 0.25, 0.4])
def test_gap_tends_to_the_slow_law(r):
    ratio = bound_gap(r, 2**20) / bound_gap(r, 2**16)
    predicted = 16 ** (-r / (1 - r)) * math.sqrt(16 / 20)
    assert ratio == pytest.approx(predicted, rel=0.1)
    assert bound_gap(r, 4096) > bound_gap(0.5, 4096) > bound_gap(0.8, 4096)


def test_variance_and_exponent():
    noise = np.arange(-40, 40, 0.01)
    for r in (0.6, 0.8, 2.0):
        squares = np.exp(math.log(r) + (1 - r) * noise**2 - 0.5 * noise**2)
        second = squares.sum() * 0.01 / math.sqrt(2 * math.pi)
        assert variance(r) == pytest.approx(second - 1, rel=1e-9)
    assert variance(0.5) == math.inf == exponent(1.0) and exponent(0.25) == pytest.approx(4 / 3)
    assert [law(r) for r in (0.5, 1.0, 4.0)] == ["√log K / K", "no gap at any K", "Var / 2K"]


@pytest.fixture(scope="module")
def opened(page, tmp_path_factory):
    made = slider(0.25)
    page.goto(write(tmp_path_factory.mktemp("weights"), made))
    return Page(made.html).clip, page.query_selector("figure")


@browser_only
def test_the_page_has_the_closed_forms_at_every_place(opened):
    clip, figure = opened
    ratios, numbers = clip["sliders"]["ratio"], clip["sliders"]["number"]
    assert {0.1, 0.5, 1.0, 4.0} <= set(ratios) and numbers == [2.0**n for n in range(13)]
    for place, r in enumerate(ratios):
        state = {"ratio": r, "number": numbers[place % len(numbers)]}
        drawn, told = shown(figure, state)
        assert told["alpha"] == (digits(1 / (1 - r)) if r < 1 else f"none, w̄ ≤ {digits(r**0.5)}")
        finite = r / math.sqrt(2 * r - 1) - 1 if r > 0.5 else math.inf
        assert told["variance"] == (digits(finite) if r > 0.5 else "infinite")
        assert told["one"] == f"{digits(0.5 * (r - 1 - math.log(r)))} nats"
        assert told == _readings(state)
        assert differences(drawn, _marks(state)) == []


@browser_only
def test_the_tail_is_drawn_where_the_closed_form_has_it(opened):
    clip, figure = opened
    (low, high, left, right, _), (least, most, bottom, top, _) = clip["tail"]
    for r in (0.1, 0.4, 0.7):
        line = shown(figure, {"ratio": r, "number": 1.0})[0]["tail"]["d"]
        points = np.array([part.split() for part in line[1:].split("L")[2:]], dtype=float)
        t = low * (high / low) ** ((points[:, 0] - left) / (right - left))
        chance = least * (most / least) ** ((points[:, 1] - bottom) / (top - bottom))
        inside = t > 1.05 * math.sqrt(r)
        x = np.sqrt(2 * np.log(t[inside] / math.sqrt(r)) / (1 - r))
        off = np.log10(erfc(x / math.sqrt(2)) / chance[inside])
        assert abs(off).max() < 0.02  # a tenth of a picture's unit, on either axis


@browser_only
def test_the_handle_sets_the_width(opened, page):
    _, figure = opened
    figure.evaluate("(figure) => figure.sliders.set({ ratio: 0.25, number: 64 })")
    handle, box = page.locator("[data-handle=width]"), page.locator(".slider-panel").first
    x, y, width, _ = (handle.bounding_box()[key] for key in ("x", "y", "width", "height"))
    unit = box.bounding_box()["width"] / 360 * (348 - 34) / 8  # pixels for one of ζ
    page.mouse.move(x + width / 2, y + width / 2)
    page.mouse.down()
    page.mouse.move(x + width / 2 + unit, y + width / 2 + 60)
    page.mouse.up()
    state = figure.evaluate("(figure) => figure.sliders.state")
    assert math.sqrt(state["ratio"]) == pytest.approx(1.5, abs=0.06)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.05,), "ratio 0.05 is not on its slider; the nearest value is 0.1"),
        ((0.2525,), "ratio 0.2525 is not on its slider; the nearest value is 0.25"),
        ((0.25, 3), "num_samples must be a power of two up to 4096, got 3"),
    ],
)
def test_wrong_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        slider(*arguments)
