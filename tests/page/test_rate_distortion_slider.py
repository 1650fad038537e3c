"""vhp_core.page.rate_distortion_slider: reverse water-filling, and that the page has it."""

import math

import numpy as np
import pytest

from tests.page.explorers import browser_only
from tests.page.sliders import differences, shown, write
from tests.page.test_player import Page
from vhp_core.page import rate_distortion_slider as slider
from vhp_core.page.rate_distortion_slider import _marks, _readings, reverse_water_filling
from vhp_core.page.slider_plot import Axis, Box

V = [4.0, 1.0, 0.25]
MANY = [1.0, 0.3, 2.0, 2.0, 0.05, 0.7]


@pytest.mark.parametrize("v", [V, MANY, [4.0]])
@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.99, 1.0])
def test_closed_form_meets_its_conditions(v, share):
    v = np.array(v)
    w, rate, multiplier = reverse_water_filling(v, share * v.sum())
    errors = np.minimum(w, v)
    assert errors.sum() == pytest.approx(share * v.sum(), rel=1e-12)
    assert rate == pytest.approx(0.5 * np.log(v / errors).sum(), abs=1e-12)
    assert multiplier == (1 / (2 * w) if share < 1 else 0.0)


@pytest.mark.parametrize("tolerance", [0.2, 1.3, 3.0, 5.0])
def test_the_multiplier_is_the_slope(tolerance):
    ends = [reverse_water_filling(V, tolerance + step)[1] for step in (-1e-5, 1e-5)]
    assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(
        reverse_water_filling(V, tolerance)[2], rel=1e-6
    )


def test_one_coordinate_is_half_a_logarithm():
    assert reverse_water_filling([4.0], 1.0) == (1.0, 0.5 * math.log(4.0), 0.5)
    assert reverse_water_filling([4.0], 9.0) == (4.0, 0.0, 0.0)


@pytest.fixture(scope="module", params=[V, MANY], ids=["three", "six"])
def opened(request, page, tmp_path_factory):
    made = slider(request.param)
    page.goto(write(tmp_path_factory.mktemp("water"), made))
    return np.array(request.param), Page(made.html).clip, page.query_selector("figure")


@browser_only
def test_the_page_has_the_closed_form_at_every_place(opened):
    v, clip, figure = opened
    plot, vessel = (Box(*(Axis(*axis) for axis in clip[name])) for name in ("plot", "vessel"))
    values = clip["sliders"]["kappa2"]
    assert values[0] <= 0.03 * v.sum() and values[-1] >= 1.05 * v.sum() and v.sum() in values
    for kappa2 in values:
        drawn, told = shown(figure, {"kappa2": kappa2})
        w, rate, multiplier = reverse_water_filling(v, kappa2)
        assert abs(float(told["rate"].removesuffix(" nats")) - rate) <= 0.0005 + 1e-9
        assert float(told["level"]) == pytest.approx(w, rel=0.005)
        if kappa2 < v.sum():
            assert float(told["multiplier"]) == pytest.approx(multiplier, rel=0.005)
        else:
            assert told["multiplier"] == "0, the constraint is slack"
        assert told["sent"] == f"{(v > w).sum()} of {len(v)}"
        assert told == _readings(v, {"kappa2": kappa2})
        assert differences(drawn, _marks(v, {"kappa2": kappa2}, plot, vessel)) == []


@browser_only
def test_the_point_is_dragged_along_the_curve(opened, page):
    v, clip, figure = opened
    axes = [Axis(*axis) for axis in clip["plot"]]
    panel = page.locator(".slider-panel").first.bounding_box()
    unit = panel["width"] / 360
    handle = page.locator("[data-handle=curve]").bounding_box()
    page.mouse.move(handle["x"] + 10, handle["y"] + 10)
    page.mouse.down()
    for share in (0.04, 0.15, 0.6, 0.95):
        wanted = share * v.sum()
        x, y = float(axes[0](wanted)), float(axes[1](reverse_water_filling(v, wanted)[1]))
        page.mouse.move(panel["x"] + unit * x, panel["y"] + unit * y)
        kappa2 = figure.evaluate("(figure) => figure.sliders.state.kappa2")
        assert kappa2 == pytest.approx(wanted, rel=0.06)
    page.mouse.up()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), "variances must be 1 to 10 positive numbers"),
        (([1.0] * 11,), "variances must be 1 to 10 positive numbers"),
        (([1.0, 0.0],), "variances must be 1 to 10 positive numbers"),
        (([1.0, math.nan],), "variances must be 1 to 10 positive numbers"),
        ((V, 9.0), "kappa2 must be from 0.105 to 5.78, got 9.0"),
    ],
)
def test_wrong_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        slider(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(([0.0], 1.0), "variances must be positive"), ((V, 0.0), "tolerance must be positive")],
)
def test_no_water_without_variances_and_a_tolerance(arguments, message):
    with pytest.raises(ValueError, match=message):
        reverse_water_filling(*arguments)
