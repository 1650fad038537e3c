"""What the pictures with sliders are drawn of: axes, paths, and marks that a script may move.

A picture is SVG of one fixed size, in which all that moves is a *mark*: an element with a name.
``slider.js`` draws with the same axes and gives the same marks other attributes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from html import escape
from typing import Any

import numpy as np

__all__ = ["Axis", "Box", "digits", "fixed", "mark", "path", "steps", "text"]

Attributes = Mapping[str, Any]

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Axis:
    """Values from ``low`` to ``high``, drawn from ``start`` to ``end`` in units of the picture."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, values: Any) -> Any:
        """Where values lie in the picture."""
        low, high = (np.log(self.low), np.log(self.high)) if self.log else (self.low, self.high)
        at = np.log(values) if self.log else np.asarray(values, dtype=float)
        return self.start + (at - low) / (high - low) * (self.end - self.start)

    @property
    def data(self) -> list[float | bool]:
        """What the script needs of it."""
        return [self.low, self.high, self.start, self.end, self.log]


@dataclass(frozen=True)
class Box:
    """A plot's two axes, and its frame."""

    x: Axis
    y: Axis

    def frame(
        self, x_ticks: Mapping[str, float], y_ticks: Mapping[str, float], x_name: str, y_name: str
    ) -> str:
        """Grid, ticks and names; a tick is its text and its value."""
        left, right = sorted((self.x.start, self.x.end))
        top, bottom = sorted((self.y.start, self.y.end))
        across, up = self.x(list(x_ticks.values())), self.y(list(y_ticks.values()))
        lines = [f"M{x:.1f} {top:g}V{bottom:g}" for x in across]
        lines += [f"M{left:g} {y:.1f}H{right:g}" for y in up]
        parts = [
            f'<path class="sf-grid" d="{"".join(lines)}"/>',
            f'<path class="sf-frame" d="M{left:g} {top:g}V{bottom:g}H{right:g}"/>',
        ]
        parts += [
            text(x, bottom + 16, name, "sf-tick sf-middle")
            for x, name in zip(across, x_ticks, strict=True)
        ]
        parts += [
            text(left - 6, y + 4, name, "sf-tick sf-end")
            for y, name in zip(up, y_ticks, strict=True)
        ]
        parts.append(text((left + right) / 2, bottom + 34, x_name, "sf-middle"))
        parts.append(text(left, top - 9, y_name, ""))
        return "".join(parts)

    def clipped(self, inside: str) -> str:
        """Marks of which nothing is seen outside the plot."""
        left, top = min(self.x.start, self.x.end), min(self.y.start, self.y.end)
        width, height = abs(self.x.end - self.x.start), abs(self.y.end - self.y.start)
        where = f"{left:g} {top:g} {width:g} {height:g}"
        size = f'x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}"'
        return f'<svg {size} viewBox="{where}">{inside}</svg>'


def text(x: float, y: float, words: str, classes: str = "") -> str:
    """Words at a place that does not move."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{classes}">{escape(words)}</text>'


def mark(tag: str, name: str, classes: str, marks: Mapping[str, Attributes], **fixed: Any) -> str:
    """The element of a mark, with the attributes that it has at first.

    Args:
        tag: of SVG.
        name: of the mark.
        classes: its look, by the style in ``slider.css``.
        marks: name -> attributes; ``text`` is what stands in the element.
        fixed: attributes that stay as they are.
    """
    attributes = fixed | dict(marks[name])
    words = escape(str(attributes.pop("text", "")))
    told = "".join(f' {key}="{escape(_plain(value))}"' for key, value in attributes.items())
    return f'<{tag} data-mark="{name}" class="{classes}"{told}>{words}</{tag}>'


def path(x: Any, y: Any, closed: bool = False) -> str:
    """The line through points of the picture, as the attribute ``d``."""
    points = [f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True)]
    return "M" + "L".join(points) + "Z" * closed if points else ""


def steps(low: float, high: float, also: Sequence[float] = ()) -> list[float]:
    """Values for a slider that moves by ratios: 65 a decade, each of at most three digits.

    Args:
        low, high: the first value and the last one, positive.
        also: values between that must be there.
    """
    mantissas = [*np.arange(100, 200, 5), *np.arange(200, 500, 10), *np.arange(500, 1000, 20)]
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    values = {float(f"{m}e{decade - 2}") for decade in decades for m in mantissas}
    values |= {float(low), float(high), *map(float, also)}
    return sorted(value for value in values if low <= value <= high)


def digits(value: float) -> str:
    """A number by three significant digits, as the page writes it: 0.125, 12.5, 2.40 × 10⁻⁵."""
    exact = Context(prec=3, rounding=ROUND_HALF_UP).create_decimal(value)
    if value and abs(value) < 1e-4:
        mantissa, exponent = f"{exact:.2e}".split("e")
        return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"
    return format(float(exact), ".15g")


def fixed(value: float, places: int) -> str:
    """A number by its decimal places, a tie rounded up, as the page writes it."""
    return str(Decimal(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else fixed(value, 1)
