"""The page that players share: canvas, controls, caption, and all that the figure needs."""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

import numpy as np

__all__ = ["Player", "pack", "player_page"]


@dataclass(frozen=True)
class Player:
    """A player, shown as HTML by a notebook. ``str(player)`` names it by a fingerprint."""

    html: str
    summary: str
    kind: str = "motion player"

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"<{self.kind}: {self.summary}>"


def player_page(
    kind: str,
    clip: dict,
    frames: int,
    caption: str,
    description: str,
    still: str,
    programs: Sequence[str],
    width: int,
    keys: str = "Space plays or pauses.",
    hint: str = "",
    style: str = "",
    parts: str = "",
    slider: str = "Frame",
) -> tuple[str, str]:
    """The HTML of a player of one kind, with all that it needs, and its fingerprint.

    Args:
        kind: class of the figure, by which the program finds it.
        clip: what the program reads, plain JSON values.
        frames: how many moments the slider has.
        caption, description: texts for readers who see the player, and for those who do not.
        still: SVG, or nothing: what is seen where no script runs.
        programs: files of the program that follow ``player_shared.js``.
        width: greatest width on the page in pixels.
        keys: what the keyboard does.
        hint: a line below the controls.
        style: file of a style that follows ``player.css``, if there is one.
        parts: HTML between canvas and controls.
        slider: what the slider chooses.

    Raises:
        ValueError: if caption or description is empty.
    """
    for name, text in (("caption", caption), ("description", description)):
        if not text.strip():
            raise ValueError(f"{name} is empty: say what is seen")
    data = json.dumps(clip, ensure_ascii=True, separators=(",", ":"))
    fingerprint = hashlib.sha256(data.encode()).hexdigest()[:8]
    script = "\n".join(_read(name) for name in ("player_shared.js", *programs))
    html = _TEMPLATE.format(
        kind=kind,
        fingerprint=fingerprint,
        width=int(width),
        description=escape(description),
        keys=escape(keys),
        hint=f'<p class="motion-player-hint" hidden>{escape(hint)}</p>\n' if hint else "",
        caption=escape(caption),
        data=escape(data),
        last=frames - 1,
        still=_image(still, description) if still else "",
        style=_read("player.css") + (_read(style) if style else ""),
        parts=parts,
        slider=escape(slider),
        script=f'(() => {{\n"use strict";\n{script}}})();',
    )
    return html, fingerprint


def _image(svg: str, alt: str) -> str:
    """A drawing as an image: a notebook that is not trusted shows these, and no drawing itself."""
    style = "<style>text{font:13px system-ui,sans-serif;fill:#222}</style>"
    whole = re.sub(
        r"<svg ([^>]*)>", rf'<svg xmlns="http://www.w3.org/2000/svg" \1>{style}', svg, count=1
    )
    data = base64.b64encode(whole.encode()).decode("ascii")
    return f'<img alt="{escape(alt)}" src="data:image/svg+xml;base64,{data}"/>'


# What needs the script stands in a script of its own, which a notebook that is not trusted, and a
# browser without scripts, leave out.
_TEMPLATE = """\
<figure class="motion-player {kind}" data-fingerprint="{fingerprint}" role="group" \
aria-label="{description}" style="max-width:{width}px" data-clip="{data}">
<style>{style}</style>
<div class="motion-player-still">{still}</div>
<script type="text/html"><canvas role="img" tabindex="0" hidden aria-label="{description} \
{keys}"></canvas>
{parts}<div class="motion-player-controls" hidden>
<button type="button" class="motion-player-play" aria-label="Play"></button>
<input type="range" min="0" max="{last}" step="1" aria-label="{slider}">
<output class="motion-player-time" aria-hidden="true"></output>
</div>
{hint}</script>
<figcaption>{caption}</figcaption>
<script>{script}</script>
</figure>"""


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def pack(values: np.ndarray) -> str:
    """Rounded to 16-bit little-endian integers, as base64."""
    return base64.b64encode(np.round(values).astype("<i2").tobytes()).decode("ascii")
