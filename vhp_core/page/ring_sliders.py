"""Codes on a ring under N(0, I): a reader moves their widths, and rate and information answer.

:func:`ring_sliders` returns an object that a notebook shows as HTML, as
:func:`vhp_core.page.motion_player` does: numbers, style and program are all within it.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .player_page import Player
from .ring_information import (
    SHARPEST,
    WIDEST,
    information,
    information_table,
    price,
    radius,
    rate,
)
from .slider_page import Handle, Panel, Slider, Switch, slider_page
from .slider_plot import Axis, Box, digits, fixed, mark, path, steps, text

__all__ = ["ring_sliders"]

_CAPTION = (
    "Posteriors of codes on a ring, drawn one standard deviation wide, and what they cost. Make "
    "round ones sharper by η: for each further nat about x the rate rises by two. Then draw them "
    "out across the ring by sᵣ: the rate falls nearly to the information, and rises with it, one "
    "for one."
)
_DESCRIPTION = (
    "Two pictures that answer to sliders: posteriors on a ring in the latent plane, and the "
    "curves of rate and information over the resolution."
)
_CIRCLES = {"50 %": 0.5, "90 %": 0.9}  # of the prior's mass
_SHOWN = 28  # posteriors
_POINTS = 60  # of a curve
_LEAD = 14  # from a posterior to the handle that sets its width, so that both are seen
_PLANE = Box(Axis(-2.45, 2.45, 33, 327), Axis(-2.45, 2.45, 297, 3))
_PLOT = Box(Axis(WIDEST, SHARPEST, 34, 344, log=True), Axis(0, 9.5, 254, 24))


def ring_sliders(
    resolution: float = 0.05,
    radial: float | None = None,
    caption: str = _CAPTION,
    description: str = _DESCRIPTION,
    width: int = 800,
) -> Player:
    """Let a reader move the widths of posteriors on a ring, along it and across it.

    The means lie uniformly on a circle of radius r in the plane. A posterior is a Gaussian with
    the standard deviation s = ηr along the circle, and s_r ≥ s across it. As the decoder can undo
    any change of scale, r is the one with the least rate under N(0, I), r² = 2/(1 + η² + (s_r/r)²),
    and then

        R = log (1 + η² + (s_r/r)²) / (2 η s_r/r),

    which is log(1 + 1/(2η²)) for the round posterior, s_r = s. The information I(x; z) is read from
    a table of its values by quadrature, within 0.0001 nats.

    Args:
        resolution: η = s/r at the beginning, one of the slider's values from 0.01 to 0.5.
        radial: s_r/r at the beginning, from η to 1; the posterior is kept round if not given.
        caption: plain text below the figure.
        description: what is seen, in words, for readers who do not see it.
        width: greatest width on the page in pixels.

    Raises:
        ValueError: if a width is not on its slider or s_r < s, or a text is empty.

    Example:
        >>> vhp.page.ring_sliders(0.05).kind
        'ring sliders'
    """
    sharp = steps(SHARPEST, WIDEST)
    broad = steps(SHARPEST, 1.0)
    start = resolution if radial is None else radial
    if start < resolution:
        raise ValueError(f"radial must be at least the resolution {resolution}, got {radial}")
    sliders = [
        Slider("eta", "along the ring, η = s / r", sharp, resolution),
        Slider("radial", "across the ring, sᵣ / r", broad, start),
    ]
    for slider in sliders:
        if slider.start not in slider.values:
            raise ValueError(
                f"{slider.label.split(',')[0]}: {slider.start} is not on its slider; the nearest "
                f"value is {min(slider.values, key=lambda value: abs(value - slider.start)):g}"
            )
    state = {"eta": resolution, "radial": start, "round": radial is None}
    marks = _marks(state)
    data = {
        "plane": [_PLANE.x.data, _PLANE.y.data],
        "plot": [_PLOT.x.data, _PLOT.y.data],
        "shown": _SHOWN,
        "lead": _LEAD,
        "curve": _curve().tolist(),
        "range": [math.log(SHARPEST), math.log(WIDEST)],
        "table": information_table().tolist(),
        "spoken": {"rate": "rate", "information": "information"},
    }
    labels = {
        "rate": "rate R",
        "information": "information I(x; z)",
        "excess": "R − I, tells nothing about x",
        "price": "rate for one further nat of I",
        "lengths": "r, s, sᵣ",
    }
    told = _readings(state)
    return slider_page(
        "ring-sliders",
        data,
        sliders,
        [
            Panel(
                _plane(marks),
                "The latent plane with circles that hold 50 and 90 % of N(0, I), and on a ring the "
                "posteriors as ellipses. One handle sets their width along the ring, another one "
                "that across it.",
                (360, 300),
                [Handle("along", "eta"), Handle("across", "radial")],
            ),
            Panel(
                _plot(marks),
                "Rate and information in nats over the resolution η, which gets sharper to the "
                "right, with a dot on each at the present η. The rate lies above the information.",
                (360, 300),
                [Handle("resolution", "eta")],
            ),
        ],
        {name: (label, told[name]) for name, label in labels.items()},
        "ring_sliders.js",
        caption,
        description,
        width,
        "ring sliders",
        [Switch("round", "keep the posterior round, sᵣ = s", radial is None)],
    )


def _curve() -> np.ndarray:
    return np.geomspace(WIDEST, SHARPEST, _POINTS).round(6)


def _marks(state: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the script's ``marks`` gives for the same state."""
    eta, radial = state["eta"], state["radial"]
    r = radius(eta, radial)
    unit = _PLANE.x(1.0) - _PLANE.x(0.0)
    x, y = _PLANE.x, _PLANE.y
    s, s_r = eta * r * unit, radial * r * unit
    posteriors = []
    for turn in np.arange(_SHOWN) * 2 * np.pi / _SHOWN:
        along, out = np.array([np.cos(turn), -np.sin(turn)]), s_r
        middle = np.array([x(r * np.cos(turn)), y(r * np.sin(turn))])
        (a, b), (c, d) = middle - out * along, middle + out * along
        size = f"{s_r:.2f} {s:.2f} {-math.degrees(turn):.2f}"
        posteriors.append(f"M{a:.1f} {b:.1f}A{size} 1 1 {c:.1f} {d:.1f}A{size} 1 1 {a:.1f} {b:.1f}")
    curve = _curve()
    widths = [(e, e if state["round"] else max(e, radial)) for e in curve]
    rates = [rate(*pair) for pair in widths]
    told = [information(*pair) for pair in widths]
    across = _PLOT.x(curve)
    up_rate, up_told = _PLOT.y(rates), _PLOT.y(told)
    at = float(_PLOT.x(eta))
    high, low = (float(_PLOT.y(f(eta, radial))) for f in (rate, information))
    return {
        "ring": {"cx": x(0.0), "cy": y(0.0), "r": r * unit},
        "posteriors": {"d": "".join(posteriors)},
        "own": {"cx": x(r), "cy": y(0.0), "rx": s_r, "ry": s},
        "other": {"cx": x(0.0), "cy": y(r), "rx": s, "ry": s_r},
        "leads": {
            "d": f"M{x(r) + s_r:.1f} {y(0.0):.1f}h{_LEAD}M{x(0.0) + s:.1f} {y(r):.1f}h{_LEAD}"
        },
        "across name": {"x": x(r) + s_r + _LEAD + 13, "y": y(0.0) + 4, "text": "sᵣ"},
        "along name": {"x": x(0.0) + s + _LEAD + 13, "y": y(r) + 4, "text": "s"},
        "rate": {"d": path(across, up_rate)},
        "information": {"d": path(across, up_told)},
        "between": {"d": path([*across, *across[::-1]], [*up_rate, *up_told[::-1]], closed=True)},
        "now": {"d": f"M{at:.1f} {high:.1f}V{_PLOT.y.start:g}"},
        "dot": {"cx": at, "cy": low, "r": 4.5},
        "rate name": {
            "x": max(at - 12, 84.0),
            "y": high - 12,
            "text": f"R {fixed(rate(eta, radial), 2)}",
        },
        "information name": {
            "x": min(at + 10, 312.0),
            "y": low + 20,
            "text": f"I {fixed(information(eta, radial), 2)}",
        },
    }


def _readings(state: Mapping[str, Any]) -> dict[str, str]:
    eta, radial = state["eta"], state["radial"]
    paid, told = rate(eta, radial), information(eta, radial)
    r = radius(eta, radial)
    lengths = ", ".join(digits(value) for value in (r, eta * r, radial * r))
    return {
        "rate": f"{fixed(paid, 2)} nats",
        "information": f"{fixed(told, 2)} nats",
        "excess": f"{fixed(paid - told, 2)} nats",
        "price": f"{fixed(price(eta, radial, state['round']), 2)} nats",
        "lengths": lengths,
    }


def _plane(marks: Mapping[str, Mapping[str, Any]]) -> str:
    unit, (x, y) = _PLANE.x(1.0) - _PLANE.x(0.0), (_PLANE.x(0.0), _PLANE.y(0.0))
    parts = [text(36, 14, "z, and the prior N(0, I)")]
    for name, share in _CIRCLES.items():
        reach = math.sqrt(-2 * math.log(1 - share)) * unit
        parts.append(f'<circle class="sf-line" cx="{x:.1f}" cy="{y:.1f}" r="{reach:.1f}"/>')
        turn = math.sqrt(0.5) * reach
        parts.append(text(x - turn, y + turn + 14, name, "sf-tick sf-end"))
    return "".join(parts) + "".join(
        [
            mark("circle", "ring", "sf-line sf-dash", marks),
            mark("path", "posteriors", "sf-fill-strong", marks),
            mark("path", "leads", "sf-ink sf-thin", marks),
            mark("ellipse", "own", "sf-blue sf-thin", marks),
            mark("ellipse", "other", "sf-blue sf-thin", marks),
            mark("text", "across name", "sf-strong", marks),
            mark("text", "along name", "sf-strong", marks),
        ]
    )


def _plot(marks: Mapping[str, Mapping[str, Any]]) -> str:
    x_ticks = {name: float(name) for name in ("0.5", "0.2", "0.1", "0.05", "0.02", "0.01")}
    y_ticks = {str(n): float(n) for n in (0, 2, 4, 6, 8)}
    return _PLOT.frame(x_ticks, y_ticks, "resolution η (sharper to the right)", "nats") + "".join(
        [
            mark("path", "between", "sf-fill-blue", marks),
            mark("path", "rate", "sf-blue", marks),
            mark("path", "information", "sf-green sf-dash", marks),
            mark("path", "now", "sf-ink sf-thin", marks),
            mark("circle", "dot", "sf-fill-ink", marks),
            mark("text", "rate name", "sf-say-blue sf-strong sf-end", marks),
            mark("text", "information name", "sf-say-green sf-strong", marks),
        ]
    )
