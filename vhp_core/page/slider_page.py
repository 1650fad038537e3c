"""The page that figures with sliders share: pictures, sliders, readings, and all that they need.

The pictures of the beginning are embedded as images, for readers without scripts, for print, and
for notebooks that are not trusted. Where the script runs, it turns the same images into drawings
that answer (``slider.js``).
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from typing import Any

from .player_page import Player

__all__ = ["Handle", "Panel", "Slider", "Switch", "slider_page"]


@dataclass(frozen=True)
class Slider:
    """A number that the reader moves."""

    name: str
    label: str
    """What is moved, in plain text."""
    values: Sequence[float]
    """The values that it can take, rising."""
    start: float
    """One of them."""


@dataclass(frozen=True)
class Switch:
    """Something that the reader turns on or off."""

    name: str
    label: str
    start: bool


@dataclass(frozen=True)
class Handle:
    """A point of a picture that can be dragged; it moves one slider."""

    name: str
    slider: str


@dataclass(frozen=True)
class Panel:
    """One picture."""

    body: str
    """SVG, of which the marks move."""
    alt: str
    """What is seen, in words that hold wherever the sliders stand."""
    size: tuple[int, int] = (360, 300)
    """Width and height of its coordinates; it is shown as wide as there is room."""
    handles: Sequence[Handle] = field(default=())


def slider_page(
    kind: str,
    data: Mapping[str, Any],
    sliders: Sequence[Slider],
    panels: Sequence[Panel],
    readings: Mapping[str, tuple[str, str]],
    program: str,
    caption: str,
    description: str,
    width: int,
    name: str,
    switches: Sequence[Switch] = (),
) -> Player:
    """A figure that answers to its sliders, as a notebook shows it.

    Args:
        kind: class of the figure, by which its program finds it.
        data: what the program reads, plain JSON values.
        sliders: what the reader moves.
        panels: the pictures, from left to right.
        readings: name -> (what it is, its value at the beginning).
        program: file of the program that follows ``slider.js``.
        caption, description: texts for readers who see the figure, and for those who do not.
        width: greatest width on the page in pixels.
        name: of the figure, in its ``repr``.
        switches: what the reader turns on or off.

    Raises:
        ValueError: if a slider does not start at one of its values, or a text is empty.
    """
    for title, words in (("caption", caption), ("description", description)):
        if not words.strip():
            raise ValueError(f"{title} is empty: say what is seen")
    for slider in sliders:
        if slider.start not in slider.values:
            raise ValueError(f"{slider.name} starts at {slider.start}, which is not on its slider")
    clip = dict(data) | {
        "sliders": {slider.name: list(slider.values) for slider in sliders},
        "start": {s.name: s.start for s in sliders} | {s.name: s.start for s in switches},
    }
    packed = json.dumps(clip, ensure_ascii=True, separators=(",", ":"))
    pictures = "\n".join(_picture(panel) for panel in panels)
    controls = "\n".join([*map(_control, sliders), *map(_switch, switches)])
    told = "\n".join(
        f'<div><dt>{escape(label)}</dt><dd data-reading="{reading}">{escape(value)}</dd></div>'
        for reading, (label, value) in readings.items()
    )
    html = _TEMPLATE.format(
        kind=kind,
        description=escape(description),
        width=int(width),
        data=escape(packed),
        style=_read("slider.css"),
        pictures=pictures,
        controls=controls,
        told=told,
        caption=escape(caption),
        script=f'(() => {{\n"use strict";\n{_read("slider.js")}\n{_read(program)}}})();',
    )
    fingerprint = hashlib.sha256((packed + pictures + told).encode()).hexdigest()[:8]
    summary = f"{len(sliders)} slider{'s' * (len(sliders) > 1)}, fingerprint {fingerprint}"
    return Player(html, summary, kind=name)


_TEMPLATE = """\
<figure class="slider-figure {kind}" role="group" aria-label="{description}" \
style="max-width:{width}px" data-clip="{data}">
<style>{style}</style>
<div class="slider-controls" hidden>
{controls}
<p class="slider-hint">Drag a round handle, or move a slider: arrow keys make small steps, Page Up \
and Page Down large ones.</p>
</div>
<div class="slider-panels">
{pictures}
<dl class="slider-readings">
{told}
</dl>
</div>
<figcaption>{caption}</figcaption>
<script>{script}</script>
</figure>"""

# In an image the page's colours are not known: the second ones of each pair stand in for them.
_LOOK = """\
.sf-grid,.sf-frame,.sf-line{fill:none;stroke:var(--sf-line,#d4d4d4)}
.sf-frame{stroke:var(--sf-muted,#5a5a5a)}
.sf-ink{fill:none;stroke:var(--sf-ink,#222);stroke-width:2}
.sf-blue{fill:none;stroke:var(--sf-blue,#0072b2);stroke-width:2.5}
.sf-green{fill:none;stroke:var(--sf-green,#00775a);stroke-width:2.5}
.sf-orange{fill:none;stroke:var(--sf-orange,#b34e00);stroke-width:2.5}
.sf-thin{stroke-width:1.3}.sf-dash{stroke-dasharray:6 4}.sf-dots{stroke-dasharray:2 4}
.sf-fill-blue{fill:var(--sf-blue,#0072b2);fill-opacity:.16}
.sf-fill-strong{fill:var(--sf-blue,#0072b2);fill-opacity:.4}
.sf-fill-orange{fill:var(--sf-orange,#b34e00);fill-opacity:.2}
.sf-fill-ink{fill:var(--sf-ink,#222)}
text{font:13px system-ui,sans-serif;fill:var(--sf-ink,#222)}
.sf-tick{font-size:12px;fill:var(--sf-muted,#5a5a5a)}
.sf-middle{text-anchor:middle}.sf-end{text-anchor:end}.sf-strong{font-weight:600}
.sf-say-blue{fill:var(--sf-blue,#005a8c)}.sf-say-green{fill:var(--sf-green,#00664d)}
.sf-say-orange{fill:var(--sf-orange,#a04600)}"""


def _picture(panel: Panel) -> str:
    width, height = panel.size
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}"><style>{_LOOK}</style>{panel.body}</svg>'
    )
    image = base64.b64encode(svg.encode()).decode("ascii")
    handles = "".join(
        f'<div class="slider-handle" hidden aria-hidden="true" data-handle="{handle.name}" '
        f'data-slider="{handle.slider}"></div>'
        for handle in panel.handles
    )
    return (
        f'<div class="slider-panel"><img alt="{escape(panel.alt)}" width="{width}" '
        f'height="{height}" src="data:image/svg+xml;base64,{image}"/>{handles}</div>'
    )


def _control(slider: Slider) -> str:
    return (
        f'<div class="slider-control"><label><span>{escape(slider.label)}</span>'
        f'<input type="range" min="0" max="{len(slider.values) - 1}" step="1" '
        f'value="{list(slider.values).index(slider.start)}" data-slider="{slider.name}"></label>'
        f'<output aria-hidden="true"></output></div>'
    )


def _switch(switch: Switch) -> str:
    checked = " checked" * switch.start
    return (
        f'<label class="slider-switch"><input type="checkbox" data-switch="{switch.name}"'
        f"{checked}><span>{escape(switch.label)}</span></label>"
    )


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
