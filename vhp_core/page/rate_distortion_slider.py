"""Reverse water-filling: a reader moves the tolerance along the exact rate-distortion curve.

:func:`rate_distortion_slider` returns an object that a notebook shows as HTML, as
:func:`vhp_core.page.motion_player` does: numbers, style and program are all within it.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .player_page import Player
from .slider_page import Handle, Panel, Slider, slider_page
from .slider_plot import Axis, Box, digits, fixed, mark, path, steps, text

__all__ = ["rate_distortion_slider", "reverse_water_filling"]

_CAPTION = (
    "The least rate for each error that is tolerated, and the vessel of reverse water-filling. "
    "Drag κ² along the curve: the tangent’s slope is −λ, and λ = 1/(2w) by the water’s level w. A "
    "coordinate that is wholly under water is not sent."
)
_DESCRIPTION = (
    "Two pictures that answer to a slider: a falling rate-distortion curve with a tangent, and "
    "bars of variances that are filled up to a level."
)
_MOST = 10  # coordinates
_POINTS = 120  # of the curve


def reverse_water_filling(variances: ArrayLike, tolerance: float) -> tuple[float, float, float]:
    """The water level w, the least rate in nats, and the multiplier λ for a tolerated error.

    w solves Σ_d min(w, v_d) = C; then R = Σ_d ½ log(v_d / min(w, v_d)) and λ = 1/(2w). From
    C = Σ_d v_d on the constraint is slack: w = max v_d, R = 0, λ = 0.

    Args:
        variances: (D,) variances v_d of independent Gaussian coordinates, positive.
        tolerance: C = κ², in the unit of the variances, positive.

    Raises:
        ValueError: if a number is not positive.

    Example:
        >>> reverse_water_filling([4.0, 1.0], 1.0)  # w = 1/2 in both, R = ½ log 8 + ½ log 2
        (0.5, 1.3862943611198906, 1.0)
    """
    v = np.sort(np.asarray(variances, dtype=float))
    if v.ndim != 1 or not len(v) or not (np.isfinite(v).all() and v[0] > 0):
        raise ValueError(f"variances must be positive numbers, got {variances!r}")
    if not tolerance > 0:
        raise ValueError(f"tolerance must be positive, got {tolerance}")
    if tolerance >= v.sum():
        return float(v[-1]), 0.0, 0.0
    below = 0.0  # the variances that are wholly under water
    for number, variance in enumerate(v):
        w = (tolerance - below) / (len(v) - number)
        if w <= variance:
            break
        below += variance
    rate = sum(0.5 * math.log(variance / w) for variance in v if variance > w)
    return float(w), rate, 1 / (2 * float(w))


def rate_distortion_slider(
    variances: ArrayLike,
    kappa2: float | None = None,
    caption: str = _CAPTION,
    description: str = _DESCRIPTION,
    width: int = 800,
) -> Player:
    """Let a reader move κ² along the rate-distortion curve of independent Gaussian coordinates.

    Drawn are the curve, by the closed form of reverse water-filling, what lies above it, the
    tolerance, and the tangent of slope −λ; beside it the variances as bars, the water's level w,
    and the rate of each coordinate, ½ log(v_d/w) where v_d > w.

    Args:
        variances: (D,) variances v_d, positive, at most 10.
        kappa2: κ² at the beginning, from Σ v_d / 50 to 1.1 Σ v_d; about a quarter of Σ v_d if not
            given.
        caption: plain text below the figure.
        description: what is seen, in words, for readers who do not see it.
        width: greatest width on the page in pixels.

    Raises:
        ValueError: if there are no or more than 10 variances, one is not positive, κ² is not within
            the slider's range, or a text is empty.

    Example:
        >>> vhp.page.rate_distortion_slider([4.0, 1.0, 0.25], kappa2=1.5).kind
        'rate-distortion slider'
    """
    v = np.asarray(variances, dtype=float)
    if v.ndim != 1 or not 0 < len(v) <= _MOST or not (np.isfinite(v).all() and (v > 0).all()):
        raise ValueError(f"variances must be 1 to {_MOST} positive numbers, got {variances!r}")
    total = float(v.sum())
    low, high = (float(f"{share * total:.3g}") for share in (0.02, 1.1))
    if kappa2 is not None and not low <= kappa2 <= high:
        raise ValueError(f"kappa2 must be from {low} to {high}, got {kappa2}")
    values = steps(low, high, [total] if kappa2 is None else [total, kappa2])
    start = min(values, key=lambda value: abs(value - total / 4)) if kappa2 is None else kappa2

    most = reverse_water_filling(v, low)[1]
    plot = Box(Axis(0.0, 1.12 * total, 38, 348), Axis(0.0, 1.08 * most, 254, 24))
    vessel = Box(Axis(0.0, len(v), 38, 272), Axis(0.0, 1.12 * v.max(), 254, 24))
    state = {"kappa2": float(start)}
    marks, told = _marks(v, state, plot, vessel), _readings(v, state)
    data = {
        "variances": v.tolist(),
        "plot": [plot.x.data, plot.y.data],
        "vessel": [vessel.x.data, vessel.y.data],
        "spoken": {"rate": "rate", "multiplier": "λ"},
    }
    labels = {
        "multiplier": "multiplier λ, nats for one unit of error",
        "rate": "least rate R",
        "level": "water level w",
        "sent": "coordinates that are sent",
    }
    return slider_page(
        "rate-distortion-slider",
        data,
        [Slider("kappa2", "tolerated error κ²", values, float(start))],
        [
            Panel(
                _curve(v, plot, marks),
                "The rate-distortion curve falls from the left to zero at the sum of the "
                "variances. A handle lies on it at κ², with the tangent there.",
                handles=[Handle("curve", "kappa2")],
            ),
            Panel(
                _bars(v, vessel, marks),
                "One bar for each coordinate, as high as its variance, filled up to the water "
                "level w, with the rate of the coordinate above it.",
                handles=[Handle("level", "kappa2")],
            ),
        ],
        {name: (label, told[name]) for name, label in labels.items()},
        "rate_distortion_slider.js",
        caption,
        description,
        width,
        "rate-distortion slider",
    )


def _marks(
    v: np.ndarray, state: Mapping[str, float], plot: Box, vessel: Box
) -> dict[str, dict[str, Any]]:
    """What the script's ``marks`` gives for the same state."""
    kappa2 = state["kappa2"]
    w, rate, multiplier = reverse_water_filling(v, kappa2)
    at, high = float(plot.x(kappa2)), float(plot.y(rate))
    left, right = (rate + multiplier * (kappa2 - c) for c in (0.0, plot.x.high))
    level = float(vessel.y(w))
    marks: dict[str, dict[str, Any]] = {
        "allowed": {"x": plot.x.start, "width": at - plot.x.start},
        "tolerance": {"d": f"M{at:.1f} {plot.y.start:g}V{plot.y.end:g}"},
        "tangent": {"d": path([plot.x.start, plot.x.end], plot.y([left, right]))},
        "dot": {"cx": at, "cy": high, "r": 5.0},
        "tolerance name": {
            "x": at + 5 if at < 270 else at - 5,
            "text-anchor": "start" if at < 270 else "end",
            "text": f"κ² = {digits(kappa2)}",
        },
        "slope": {"text": f"tangent of slope −λ = {'−' * bool(multiplier)}{digits(multiplier)}"},
        "water": {"y": level, "height": vessel.y.start - level},
        "level": {"d": f"M{vessel.x.start:g} {level:.1f}H{vessel.x.end:g}"},
        "level name": {"y": level + 4, "text": f"w = {digits(w)}"},
    }
    for number, variance in enumerate(v):
        top = float(vessel.y(variance))
        sent = variance > w
        name = fixed(0.5 * math.log(variance / w), 2) if sent else "not sent"
        if len(v) > 5 and not sent:
            name = "–"
        marks[f"rate {number}"] = {"y": (top if sent else min(top, level)) - 6, "text": name}
        marks[f"over {number}"] = {"y": top, "height": max(0.0, level - top)}
    return marks


def _readings(v: np.ndarray, state: Mapping[str, float]) -> dict[str, str]:
    w, rate, multiplier = reverse_water_filling(v, state["kappa2"])
    sent = int((v > w).sum())
    return {
        "multiplier": digits(multiplier) if multiplier else "0, the constraint is slack",
        "rate": f"{fixed(rate, 3)} nats",
        "level": digits(w),
        "sent": f"{sent} of {len(v)}",
    }


def _curve(v: np.ndarray, plot: Box, marks: Mapping[str, Mapping[str, Any]]) -> str:
    errors = np.geomspace(1e-3, 1.0, _POINTS) * v.sum()
    rates = [reverse_water_filling(v, error)[1] for error in errors]
    x, y = plot.x([*errors, plot.x.high]), plot.y([*rates, 0.0])
    reached = path([*x, plot.x.end, plot.x.start], [*y, plot.y.end, plot.y.end], closed=True)
    inside = (
        f'<path class="sf-fill-blue" d="{reached}"/>'
        + mark(
            "rect", "allowed", "sf-fill-orange", marks,
            y=plot.y.end, height=plot.y.start - plot.y.end,
        )
        + mark("path", "tolerance", "sf-orange sf-thin sf-dash", marks)
        + f'<path class="sf-blue" d="{path(x, y)}"/>'
        + mark("path", "tangent", "sf-ink sf-thin", marks)
    )  # fmt: skip
    frame = plot.frame(
        _ticks(plot.x.high), _ticks(plot.y.high), "reconstruction error E[C]", "rate (nats)"
    )
    return (
        frame
        + plot.clipped(inside)
        + text(plot.x.end - 4, plot.y.end + 40, "what can be reached", "sf-say-blue sf-end")
        + mark("text", "slope", "sf-end", marks, x=plot.x.end - 4, y=plot.y.end + 60)
        + mark("text", "tolerance name", "sf-say-orange sf-strong", marks, y=plot.y.end + 14)
        + mark("circle", "dot", "sf-fill-ink", marks)
    )


def _bars(v: np.ndarray, vessel: Box, marks: Mapping[str, Mapping[str, Any]]) -> str:
    edges = vessel.x(np.arange(len(v)) + 0.15), vessel.x(np.arange(len(v)) + 0.85)
    bars, over, names = [], [], []
    for number, (left, right) in enumerate(zip(*edges, strict=True)):
        top, middle = float(vessel.y(v[number])), (left + right) / 2
        size = f'x="{left:.1f}" width="{right - left:.1f}"'
        bars.append(
            f'<rect class="sf-ink sf-thin" {size} y="{top:.1f}" '
            f'height="{vessel.y.start - top:.1f}"/>'
        )
        key, width = f"over {number}", right - left
        over.append(mark("rect", key, "sf-fill-orange", marks, x=left, width=width))
        key, look = f"rate {number}", "sf-middle sf-strong sf-say-orange"
        names.append(mark("text", key, look, marks, x=middle))
    ticks = {digits(value): number + 0.5 for number, value in enumerate(v)}
    if len(ticks) < len(v):  # equal variances would share a tick
        ticks = {"​" * number + digits(value): number + 0.5 for number, value in enumerate(v)}
    across = vessel.x.end - vessel.x.start
    return (
        vessel.frame(ticks, _ticks(vessel.y.high), "variances v of the coordinates", "variance")
        + mark("rect", "water", "sf-fill-blue", marks, x=vessel.x.start, width=across)
        + "".join([*over, *bars])
        + mark("path", "level", "sf-blue", marks)
        + "".join(names)
        + mark("text", "level name", "sf-say-blue sf-strong", marks, x=vessel.x.end + 15)
    )


def _ticks(high: float) -> dict[str, float]:
    """Four to eight round numbers from 0 up."""
    size = 10.0 ** math.floor(math.log10(high))
    step = next(size * share for share in (0.2, 0.5, 1.0, 2.0) if high / (size * share) < 8)
    return {digits(step * n): step * n for n in range(int(high / step) + 1)}
