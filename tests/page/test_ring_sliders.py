"""vhp_core.page.ring_sliders: the ring's numbers, and that the page has them at every place."""

import itertools
import math

import numpy as np
import pytest
from scipy.special import i0e

from tests.page.explorers import browser_only
from tests.page.sliders import differences, shown, write
from vhp_core.page import ring_sliders
from vhp_core.page.ring_information import (
    information,
    information_table,
    price,
    radius,
    rate,
)
from vhp_core.page.ring_sliders import _marks, _readings
from vhp_core.page.slider_plot import steps

SHARP, BROAD = steps(0.01, 0.5), steps(0.01, 1.0)


@pytest.mark.parametrize(("eta", "radial"), [(0.01, 0.01), (0.05, 0.4), (0.5, 1.0)])
def test_rate_is_the_least_divergence_from_the_prior(eta, radial):
    def divergence(r):
        s, s_r = eta * r, radial * r
        return 0.5 * (r**2 + s**2 + s_r**2 - 2 - math.log(s**2 * s_r**2))

    r = radius(eta, radial)
    assert rate(eta, radial) == pytest.approx(divergence(r), abs=1e-12)
    assert divergence(r) < min(divergence(0.99 * r), divergence(1.01 * r))


@pytest.mark.parametrize("eta", [0.01, 0.05, 0.2, 0.5])
def test_round_posteriors_have_the_chapters_numbers(eta):
    assert rate(eta, eta) == pytest.approx(math.log(1 + 1 / (2 * eta**2)), abs=1e-12)
    s, rho = eta, np.linspace(0, 1 + 12 * eta, 40001)
    log_q = -((rho - 1) ** 2) / (2 * s**2) - math.log(2 * math.pi * s**2)
    log_q += np.log(i0e(rho / s**2))
    told = -np.trapezoid(np.exp(log_q) * 2 * np.pi * rho * log_q, rho)
    told -= math.log(2 * math.pi * math.e * s**2)
    assert information(eta, eta) == pytest.approx(told, abs=1e-6)
    if eta < 0.1:
        assert information(eta, eta) == pytest.approx(
            math.log(1 / eta) + 0.5 * math.log(2 * math.pi / math.e), abs=0.01
        )


@pytest.mark.parametrize(("s", "s_r"), [(0.1, 0.5), (0.3, 0.6), (0.2, 1.0), (0.5, 1.0)])
def test_information_is_the_entropy_of_all_codes_less_that_of_one(s, s_r):
    side = np.linspace(-1 - 7 * s_r, 1 + 7 * s_r, 700)  # a sum over the plane, and over means
    x, y = np.meshgrid(side, side[side >= 0])
    turns = 2 * np.pi * (np.arange(300) + 0.5) / 300
    q = np.zeros_like(x)
    for turn in turns:
        out = x * math.cos(turn) + y * math.sin(turn) - 1
        along = y * math.cos(turn) - x * math.sin(turn)
        q += np.exp(-0.5 * (out / s_r) ** 2 - 0.5 * (along / s) ** 2)
    q /= len(turns) * 2 * np.pi * s * s_r
    terms = -q * np.log(np.maximum(q, 1e-300))
    entropy = 2 * np.trapezoid(np.trapezoid(terms, side, axis=1), side[side >= 0])
    # The half plane begins within a cell of the axis.
    first = side[side >= 0][0]
    entropy += 2 * first * np.trapezoid(terms[0], side)
    told = entropy - math.log(2 * math.pi * math.e * s * s_r)
    assert information(s, s_r) == pytest.approx(told, abs=2e-4)


def test_table_is_within_a_ten_thousandth():
    rng = np.random.default_rng(0)
    x, u = rng.uniform(math.log(0.01), math.log(0.5), 80), rng.uniform(0, 1, 80)
    x[:8], u[8:16], u[16:24] = np.linspace(math.log(0.01), math.log(0.5), 8), 0.0, 1.0
    fit = np.polynomial.chebyshev.chebval2d(
        2 * (x - math.log(0.01)) / math.log(50) - 1, 2 * u - 1, information_table()
    )
    exact = [information(math.exp(a), math.exp((1 - b) * a)) + a for a, b in zip(x, u, strict=True)]
    assert abs(fit - exact).max() < 1e-4


def test_information_never_exceeds_the_rate():
    for eta, radial in itertools.product(SHARP[::12], BROAD[::12]):
        if radial >= eta:
            assert 0 < information(eta, radial) < rate(eta, radial)


# ---- the page -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def figure(page, tmp_path_factory):
    page.goto(write(tmp_path_factory.mktemp("ring"), ring_sliders(0.05)))
    return page.query_selector("figure")


def states():
    """Places of both sliders over their whole range, with the switch on and off."""
    for eta in SHARP[:: len(SHARP) // 6]:
        yield {"eta": eta, "radial": eta, "round": True}
        for radial in [*[radial for radial in BROAD if radial >= eta][::25], 1.0]:
            yield {"eta": eta, "radial": radial, "round": False}


def first_number(text):
    return float(text.split(" ")[0])


@browser_only
def test_the_page_tells_the_closed_forms_at_every_place(figure):
    for state in states():
        told = shown(figure, state)[1]
        eta, radial = state["eta"], state["radial"]
        exact = {"rate": rate(eta, radial), "information": information(eta, radial)}
        exact["excess"] = exact["rate"] - exact["information"]
        exact["price"] = price(eta, radial, state["round"])
        allowed = {"rate": 1e-9, "information": 1e-4, "excess": 1e-4, "price": 4e-3}
        for name, value in exact.items():  # half a unit of the last digit, and the table's error
            assert abs(first_number(told[name]) - value) <= 0.005 + allowed[name], (state, name)
        assert told["lengths"] == _readings(state)["lengths"]


@browser_only
@pytest.mark.parametrize("state", list(states())[::9])
def test_the_page_draws_what_python_draws(figure, state):
    assert differences(shown(figure, state)[0], _marks(state)) == []


@browser_only
def test_a_round_posterior_stays_round_and_a_long_one_long(page, figure):
    sliders, box = page.locator("input[type=range]"), page.locator("input[type=checkbox]")

    def state():
        return figure.evaluate("(figure) => figure.sliders.state")

    figure.evaluate("(f) => f.sliders.set({ eta: 0.05, radial: 0.05, round: true })")
    sliders.nth(0).press("ArrowLeft")
    assert state()["eta"] == state()["radial"] == 0.049 and box.is_checked()
    sliders.nth(1).press("PageUp")
    assert state()["radial"] > 0.049 and not box.is_checked()
    held = state()["radial"]
    sliders.nth(0).press("Home")
    assert state() == {"eta": 0.01, "radial": held, "round": False}
    sliders.nth(0).press("End")
    assert state() == {"eta": 0.5, "radial": 0.5, "round": False}
    sliders.nth(1).press("Home")
    assert state()["radial"] == 0.5  # never narrower across than along
    sliders.nth(0).press("Home")
    box.check()
    assert state() == {"eta": 0.01, "radial": 0.01, "round": True}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0123,), "along the ring: 0.0123 is not on its slider; the nearest value is 0.0125"),
        ((0.6,), "along the ring: 0.6 is not on its slider"),
        ((0.05, 1.5), "across the ring: 1.5 is not on its slider; the nearest value is 1"),
        ((0.05, 0.02), "radial must be at least the resolution 0.05"),
    ],
)
def test_wrong_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ring_sliders(*arguments)
