"""The tail of importance weights: a reader moves a proposal's variance, the bound's gap answers.

:func:`weight_tail_slider` returns an object that a notebook shows as HTML, as
:func:`vhp_core.page.motion_player` does: numbers, style and program are all within it.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import erf, erfc

from .player_page import Player
from .slider_page import Handle, Panel, Slider, slider_page
from .slider_plot import Axis, Box, digits, mark, path, steps, text
from .weight_tail import AMOUNTS, NOISE, bound_gap, exponent, law, variance

__all__ = ["weight_tail_slider"]

_CAPTION = (
    "A proposal q of the right mean and r times the posterior’s variance, the tail of its "
    "relative weights w̄ = w/p(z), and the gap of the bound with K of them. Make q narrower than "
    "r = ½: the tail gets flatter than slope −2, the variance infinite, and more draws close the "
    "gap ever more slowly. Make q wider than the posterior: the weights are bounded."
)
_DESCRIPTION = (
    "Three pictures that answer to sliders: the posterior and the proposal as bells, the tail of "
    "the weights, and the gap over the number of weights."
)
_SMALLEST, _LARGEST = 0.1, 4.0  # of r
_NUMBERS = [float(2**n) for n in range(13)]  # K
_FAR = np.linspace(0.0, 5.0, 51)  # |ε| beyond which a large weight lies
_NEAR = np.geomspace(1e-6, 5.0, 51)  # |ε| within which one near the bound lies
_ZETA = np.linspace(-4.0, 4.0, 97)
_BELLS = Box(Axis(-4.0, 4.0, 34, 348), Axis(0.0, 1.35, 254, 24))
_TAIL = Box(Axis(0.1, 1e4, 40, 342, log=True), Axis(1e-6, 3.0, 254, 24, log=True))
_GAP = Box(Axis(1.0, 4096.0, 40, 342, log=True), Axis(1e-6, 3.0, 254, 24, log=True))
_POWERS = {"1": 1.0, "10⁻²": 1e-2, "10⁻⁴": 1e-4, "10⁻⁶": 1e-6}


def weight_tail_slider(
    ratio: float = 0.25,
    num_samples: int = 64,
    caption: str = _CAPTION,
    description: str = _DESCRIPTION,
    width: int = 800,
) -> Player:
    """Let a reader move r, the proposal's variance in units of the posterior's.

    With the posterior N(m, v) and the proposal N(m, rv), log w̄ = ½ log r + ½ (1 − r) ε² with
    ε ~ N(0, 1). For r < 1 the tail is P(w̄ > t) = erfc(x/√2) with x² = 2 log(t/√r)/(1 − r), which
    falls as t^(−γ)/√log t with γ = 1/(1 − r); for r > 1 no weight exceeds √r. The variance is
    r/√(2r − 1) − 1, infinite up to r = ½. The gap log p(z) − F_K is ½ (r − 1 − log r) at K = 1; for
    other K the page integrates it, within 0.00001 nats. Its law for large K is dashed: Var(w̄)/2K
    for r > ½, and otherwise a curve through the last point, K^(−r/(1 − r))/√log K for r < ½.

    Args:
        ratio: r at the beginning, one of the slider's values from 0.1 to 4.
        num_samples: K at the beginning, a power of two up to 4096.
        caption: plain text below the figure.
        description: what is seen, in words, for readers who do not see it.
        width: greatest width on the page in pixels.

    Raises:
        ValueError: if r or K is not on its slider, or a text is empty.

    Example:
        >>> vhp.page.weight_tail_slider(0.25).kind
        'weight-tail slider'
    """
    values = steps(_SMALLEST, _LARGEST)
    if ratio not in values:
        nearest = min(values, key=lambda value: abs(value - ratio))
        raise ValueError(f"ratio {ratio} is not on its slider; the nearest value is {nearest:g}")
    if num_samples not in _NUMBERS:
        raise ValueError(f"num_samples must be a power of two up to 4096, got {num_samples}")
    state = {"ratio": float(ratio), "number": float(num_samples)}
    marks, told = _marks(state), _readings(state)
    data = {
        "bells": [_BELLS.x.data, _BELLS.y.data],
        "tail": [_TAIL.x.data, _TAIL.y.data],
        "gap": [_GAP.x.data, _GAP.y.data],
        "zeta": _ZETA.round(6).tolist(),
        "far": [_FAR.round(6).tolist(), _significant(erfc(_FAR / math.sqrt(2)))],
        "near": [_significant(_NEAR), _significant(erf(_NEAR / math.sqrt(2)))],
        "amounts": [float(AMOUNTS[0]), 0.2, len(AMOUNTS)],
        "noise": [0.04, len(NOISE)],
        "spoken": {"alpha": "γ", "variance": "variance", "now": "gap"},
    }
    labels = {
        "alpha": "γ of the weights’ tail t^(−γ)",
        "variance": "variance of w̄",
        "one": "gap with one weight",
        "now": "gap with K weights",
        "law": "gap at large K",
    }
    return slider_page(
        "weight-tail-slider",
        data,
        [
            Slider("ratio", "variance of q over the posterior’s, r", values, state["ratio"]),
            Slider("number", "number of weights, K", _NUMBERS, state["number"]),
        ],
        [
            Panel(
                _bells(marks),
                "The posterior as a filled bell, and the proposal as a line. A handle one standard "
                "deviation from the mean sets the proposal's width.",
                handles=[Handle("width", "ratio")],
            ),
            Panel(
                _tail(marks),
                "The probability that a weight exceeds t, both axes logarithmic, with a dashed "
                "line of its last slope and a dotted one of slope −2.",
            ),
            Panel(
                _gap(marks),
                "The gap of the bound over the number K of weights, both axes logarithmic, with "
                "its law dashed and a handle at the chosen K.",
                handles=[Handle("number", "number")],
            ),
        ],
        {name: (label, told[name]) for name, label in labels.items()},
        "weight_tail_slider.js",
        caption,
        description,
        width,
        "weight-tail slider",
    )


def _significant(values: np.ndarray) -> list[float]:
    return [float(f"{value:.7g}") for value in values]


def _density(x: np.ndarray | float, r: float) -> Any:
    return np.exp(-0.5 * np.square(x) / r) / math.sqrt(2 * math.pi * r)


def _marks(state: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """What the script's ``marks`` gives for the same state."""
    r, number = state["ratio"], int(state["number"])
    side, peak = math.sqrt(r), float(_BELLS.y(_density(0.0, r)))
    shoulder = float(_BELLS.y(_density(side, r)))
    marks: dict[str, dict[str, Any]] = {
        "proposal": {"d": path(_BELLS.x(_ZETA), _BELLS.y(_density(_ZETA, r)))},
        "deviation": {"d": f"M{_BELLS.x(0.0):.1f} {shoulder:.1f}H{_BELLS.x(side):.1f}"},
        "proposal name": {"y": peak - 8, "text": "q(ζ|z)"},
    }
    if r < 1:
        weights = math.sqrt(r) * np.exp(0.5 * (1 - r) * _FAR**2)
        chances = erfc(_FAR / math.sqrt(2))
        last, low = weights[-1], chances[-1]
        line = [last * low ** (1 - r), last], [1.0, low]
        weights, chances = [_TAIL.x.low, *weights], [1.0, *chances]
    elif r > 1:
        weights, chances = math.sqrt(r) * np.exp(-0.5 * (r - 1) * _NEAR**2), erf(_NEAR / 2**0.5)
        line = [], []
    else:
        weights, chances, line = [_TAIL.x.low, 1.0, 1.0], [1.0, 1.0, _TAIL.y.low], ([], [])
    told = _readings(state)
    gaps = np.array([bound_gap(r, int(n)) for n in _NUMBERS])
    expected = _law(r, gaps[-1])
    here = bound_gap(r, number)
    return marks | {
        "tail": {"d": path(_TAIL.x(weights), _TAIL.y(chances))},
        "asymptote": {"d": path(_TAIL.x(line[0]), _TAIL.y(line[1]))},
        "tail name": {"text": f"γ = {told['alpha']}" if r < 1 else f"w̄ ≤ √r = {digits(side)}"},
        "variance name": {"text": f"variance {told['variance']}"},
        "gap": {"d": path(_GAP.x(_NUMBERS), _GAP.y(gaps)) if r != 1 else ""},
        "law": {
            "d": path(_GAP.x([n for n, _ in expected]), _GAP.y([value for _, value in expected]))
        },
        "law name": {"text": f"dashed: {law(r)}" if r != 1 else law(r)},
        "dot": {"cx": _GAP.x(number), "cy": _height(here), "r": 5.0},
        "gap name": {"x": min(float(_GAP.x(number)) + 12, 290.0), "y": _height(here) - 10,
                     "text": digits(here)},
    }  # fmt: skip


def _law(r: float, last: float) -> list[tuple[float, float]]:
    """The gap's law for large K, through the last point where it has no known constant."""
    if r == 1:
        return []
    if r > 0.5:
        return [(n, variance(r) / (2 * n)) for n in _NUMBERS]

    def shape(n: float) -> float:
        return math.sqrt(math.log(n)) / n if r == 0.5 else n ** (-r / (1 - r)) / math.log(n) ** 0.5

    return [(n, last * shape(n) / shape(_NUMBERS[-1])) for n in _NUMBERS[1:]]


def _height(gap: float) -> float:
    """Where a gap lies in its plot; one too small to be drawn lies on the axis."""
    return float(_GAP.y(max(gap, _GAP.y.low)))


def _readings(state: Mapping[str, float]) -> dict[str, str]:
    r, number = state["ratio"], int(state["number"])
    return {
        "alpha": digits(exponent(r)) if r < 1 else f"none, w̄ ≤ {digits(math.sqrt(r))}",
        "variance": digits(variance(r)) if r > 0.5 else "infinite",
        "one": f"{digits(bound_gap(r, 1))} nats",
        "now": f"{digits(bound_gap(r, number))} nats",
        "law": law(r),
    }


def _bells(marks: Mapping[str, Mapping[str, Any]]) -> str:
    x, y = _BELLS.x(_ZETA), _BELLS.y(_density(_ZETA, 1.0))
    posterior = path([*x, x[-1], x[0]], [*y, _BELLS.y.start, _BELLS.y.start], closed=True)
    look = "sf-middle sf-strong sf-say-orange"
    ticks = {str(n).replace("-", "−"): float(n) for n in range(-4, 5, 2)}
    return (
        _BELLS.frame(ticks, {"0": 0.0, "0.5": 0.5, "1": 1.0}, "(ζ − m) / √v", "density")
        + f'<path class="sf-fill-blue" d="{posterior}"/>'
        + text(_BELLS.x(-1.15), _BELLS.y(0.26), "p(ζ|z)", "sf-say-blue sf-strong sf-end")
        + _BELLS.clipped(mark("path", "proposal", "sf-orange", marks))
        + mark("path", "deviation", "sf-ink sf-thin sf-dots", marks)
        + mark("text", "proposal name", look, marks, x=_BELLS.x(0.0))
    )


def _tail(marks: Mapping[str, Mapping[str, Any]]) -> str:
    x, y = _TAIL.x.end - 4, _TAIL.y.end
    steep = path(_TAIL.x([1.0, 1e3]), _TAIL.y([1.0, 1e-6]))
    ticks = {"0.1": 0.1, "1": 1.0, "10": 10.0, "100": 100.0, "1000": 1e3, "10⁴": 1e4}
    return (
        _TAIL.frame(ticks, _POWERS, "t", "P(w̄ > t)")
        + _TAIL.clipped(
            f'<path class="sf-ink sf-thin sf-dots" d="{steep}"/>'
            + mark("path", "asymptote", "sf-ink sf-thin sf-dash", marks)
            + mark("path", "tail", "sf-orange", marks)
        )
        + text(_TAIL.x(480.0), _TAIL.y(2.5e-6), "slope −2", "sf-end")
        + mark("text", "tail name", "sf-end sf-strong", marks, x=x, y=y + 14)
        + mark("text", "variance name", "sf-end", marks, x=x, y=y + 32)
    )


def _gap(marks: Mapping[str, Mapping[str, Any]]) -> str:
    ticks = {str(4**n): float(4**n) for n in range(7)}
    return (
        _GAP.frame(ticks, _POWERS, "number of weights K", "gap log p(z) − F (nats)")
        + _GAP.clipped(
            mark("path", "law", "sf-ink sf-thin sf-dash", marks)
            + mark("path", "gap", "sf-orange", marks)
        )
        + mark("text", "law name", "sf-end", marks, x=_GAP.x.end - 4, y=_GAP.y.end + 14)
        + mark("circle", "dot", "sf-fill-ink", marks)
        + mark("text", "gap name", "sf-strong sf-say-orange", marks)
    )
