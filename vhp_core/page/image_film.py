"""Grey pictures in motion: sequences of decoded images, side by side and in step.

:func:`image_film` returns an object that a notebook shows as HTML, as
:func:`vhp_core.page.motion_player` does: pictures, style and program are all within it.
Nothing moves until the reader presses *Play* or draws the slider.
"""

import base64
import struct
import zlib
from collections.abc import Mapping
from html import escape

import numpy as np
from torch import Tensor

from .player_page import Player, player_page

__all__ = ["image_film"]


def image_film(
    films: Mapping[str, np.ndarray | Tensor],
    frame_rate: float,
    caption: str,
    description: str,
    width: int = 800,
    shades: int = 256,
) -> Player:
    """Play sequences of grey pictures side by side, each under its name.

    Args:
        films: name -> (T, H, W) or (T, 1, H, W), with the same shape in all: grey values of which
            0 is black and 1 white; what lies outside is clipped.
        frame_rate: pictures a second.
        caption: plain text below the films.
        description: what is seen, in words, for readers who do not see it.
        width: greatest width on the page in pixels.
        shades: number of different greys, 2 to 256. Fewer make the page lighter; a value
            is off by half a step at most.

    Raises:
        ValueError: if there is no film, a shape is wrong or differs from the first, a value is not
            finite, the frame rate is not positive, ``shades`` is out of its range, or a text is
            empty.

    Example:
        >>> import numpy as np
        >>> film = np.full((3, 8, 8), 0.5)
        >>> grey = vhp.page.image_film({"grey": film}, 10, "Grey.", "Nothing but grey.")
        >>> grey  # doctest: +ELLIPSIS
        <image film: 1 film of 3 pictures, 8×8 pixels, fingerprint ...>
    """
    if not films:
        raise ValueError("films is empty: give at least one sequence of pictures")
    if not 0 < frame_rate < float("inf"):
        raise ValueError(f"frame_rate must be positive, got {frame_rate}")
    if not 2 <= shades <= 256:
        raise ValueError(f"shades must lie in 2 .. 256, got {shades}")
    pictures = {name: _pictures(name, film, shades) for name, film in films.items()}
    shape = next(iter(pictures.values())).shape
    for name, film in pictures.items():
        if film.shape != shape:
            raise ValueError(
                f"film {name!r} has the shape {film.shape}, the first one {shape}: give all the "
                "same number of pictures of the same size"
            )
    moments, high, wide = shape
    clip = {
        "panels": [
            {"name": name, "png": grey_png(film.reshape(-1, wide))}
            for name, film in pictures.items()
        ],
        "frames": moments,
        "height": high,
        "width": wide,
        "rate": float(frame_rate),
    }
    still = _still({name: film[moments // 2] for name, film in pictures.items()})
    html, fingerprint = player_page(
        "image-film", clip, moments, caption, description, still, ("image_film.js",), width
    )
    count = f"{len(films)} film{'s' if len(films) > 1 else ''}"
    summary = f"{count} of {moments} pictures, {high}×{wide} pixels, fingerprint {fingerprint}"
    return Player(html, summary, kind="image film")


def _pictures(name: str, film: np.ndarray | Tensor, shades: int) -> np.ndarray:
    """(T, H, W) bytes, or a ValueError that names the film."""
    film = np.asarray(film.detach().cpu() if isinstance(film, Tensor) else film, dtype=float)
    if film.ndim == 4 and film.shape[1] == 1:
        film = film[:, 0]
    if film.ndim != 3 or len(film) < 2 or 0 in film.shape:
        raise ValueError(
            f"film {name!r} must have shape (T, H, W) or (T, 1, H, W) with at least two pictures, "
            f"got {film.shape}"
        )
    if not np.isfinite(film).all():
        raise ValueError(f"film {name!r} is not finite")
    steps = np.round(film.clip(0, 1) * (shades - 1))
    return np.round(steps * (255 / (shades - 1))).astype(np.uint8)


def grey_png(rows: np.ndarray) -> str:
    """(H, W) bytes as a grey PNG in base64. A row is stored as its difference to the one above."""
    high, wide = rows.shape
    above = np.vstack([np.zeros((1, wide), np.uint8), rows[:-1]])
    lines = np.hstack([np.full((high, 1), 2, np.uint8), rows - above])  # 2: filter "up"
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", wide, high, 8, 0, 0, 0, 0),
        b"IDAT": zlib.compress(lines.tobytes(), 9),
        b"IEND": b"",
    }
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks.items()
    ]
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(parts)).decode("ascii")


def _still(pictures: Mapping[str, np.ndarray]) -> str:
    """One picture of each film in a row, as SVG."""
    drawings = []
    for number, (name, picture) in enumerate(pictures.items()):
        left = 130 * number
        drawings += [
            f'<text x="{left + 60}" y="14" text-anchor="middle" font-size="12">',
            f"{escape(name)}</text>",
            f'<image x="{left}" y="20" width="120" height="120" '
            f'href="data:image/png;base64,{grey_png(picture)}"/>',
        ]
    box = f"0 0 {130 * len(pictures) - 10} 140"
    return f'<svg viewBox="{box}" height="140" aria-hidden="true">{"".join(drawings)}</svg>'
