"""A film of training: how the codes of the same observations move, and what λ does meanwhile.

:func:`latent_film` returns an object that a notebook shows as HTML, as
:func:`vhp_core.page.motion_player` does: data, style and program are all within it.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import to_hex

from .player_page import Player, pack, player_page

if TYPE_CHECKING:
    from matplotlib.typing import ColorType

__all__ = ["latent_film"]

_FULL = 30000  # what the edge of a panel is as a 16-bit integer
_MOMENTS_A_SECOND = 8.0


def latent_film(
    frames: Mapping[str, np.ndarray],
    steps: np.ndarray,
    colors: "Sequence[ColorType] | np.ndarray",
    curves: Mapping[str, Mapping[str, np.ndarray]],
    caption: str,
    description: str,
    limit: float | None = None,
    width: int = 800,
) -> Player:
    """Let latent spaces unfold side by side, each with its curves below and a cursor on them.

    Args:
        frames: name -> (T, n, 2), the codes of the same n observations at T moments.
        steps: (T,) training steps of the moments, rising.
        colors: n colours, or (n, 4) RGBA such as :func:`vhp_core.plotting.angle_colors` gives.
        curves: name -> label -> (T,) values. One that is positive and spans more than a factor
            of 20 has a logarithmic axis.
        caption: plain text below the film.
        description: what is seen, in words, for readers who do not see it.
        limit: the panels reach from −limit to limit; from the codes if not given.
        width: greatest width on the page in pixels.

    Raises:
        ValueError: if there are no frames, a shape is wrong, a value is not finite, the steps do
            not rise, a name of ``curves`` is not one of ``frames``, or a text is empty.

    Example:
        >>> import numpy as np
        >>> z = np.random.default_rng(0).standard_normal((3, 50, 2))
        >>> colors, curves = ["#0072B2"] * 50, {"REWO": {"λ": [1.0, 2.0, 3.0]}}
        >>> said = {"caption": "Codes.", "description": "Points move."}
        >>> film = vhp.page.latent_film({"REWO": z}, [0, 10, 20], colors, curves, **said)
        >>> "<canvas" in film.html
        True
    """
    if not frames:
        raise ValueError("frames is empty: give at least one latent space")
    steps = np.asarray(steps)
    if steps.ndim != 1 or len(steps) < 2 or not (np.diff(steps) > 0).all():
        raise ValueError("steps must be rising numbers, at least two")
    frames = {name: np.asarray(z, dtype=float) for name, z in frames.items()}
    tints = [to_hex(color) for color in colors]
    for name, z in frames.items():
        if z.shape != (len(steps), len(tints), 2):
            raise ValueError(
                f"frames of {name!r} must have shape (steps, colours, 2) = "
                f"({len(steps)}, {len(tints)}, 2), got {z.shape}"
            )
        if not np.isfinite(z).all():
            raise ValueError(f"frames of {name!r} are not finite")
    unknown = [name for name in curves if name not in frames]
    if unknown:
        raise ValueError(f"curves has names that frames lacks: {', '.join(unknown)}")
    if limit is None:
        limit = 1.08 * max(abs(z).max() for z in frames.values()) + 1e-9
    if not 0 < limit < float("inf"):
        raise ValueError(f"limit must be positive, got {limit}")

    palette = list(dict.fromkeys(tints))
    clip = {
        "panels": [
            {
                "name": name,
                "points": pack(np.clip(z / limit, -1.05, 1.05) * _FULL),
                "curves": _curves(name, curves.get(name, {}), len(steps)),
            }
            for name, z in frames.items()
        ],
        "count": len(tints),
        "steps": steps.tolist(),
        "palette": palette,
        "tints": [palette.index(tint) for tint in tints],
        "rate": _MOMENTS_A_SECOND,
    }
    html, fingerprint = player_page(
        "latent-film",
        clip,
        len(steps),
        caption,
        description,
        _still(frames, tints, limit),
        ("latent_film.js",),
        width,
    )
    summary = f"{len(frames)} latent spaces, {len(steps)} moments, {len(tints)} codes"
    return Player(html, f"{summary}, fingerprint {fingerprint}", kind="latent film")


def _curves(name: str, curves: Mapping[str, np.ndarray], moments: int) -> list[dict]:
    """Each curve scaled to its own axis, from 0 to 1, with the values to be printed."""
    found = []
    for label, values in curves.items():
        values = np.asarray(values, dtype=float)
        if values.shape != (moments,):
            raise ValueError(
                f"the curve {label!r} of {name!r} must have shape ({moments},), got {values.shape}"
            )
        if not np.isfinite(values).all():
            raise ValueError(f"the curve {label!r} of {name!r} is not finite")
        logarithmic = values.min() > 0 and values.max() > 20 * values.min()
        heights = np.log(values) if logarithmic else values
        low = heights.min() if logarithmic else min(heights.min(), 0.0)
        span = max(heights.max() - low, 1e-12)
        found.append(
            {
                "label": label + (" (log)" if logarithmic else ""),
                "heights": np.round((heights - low) / span, 4).tolist(),
                "values": [f"{value:.3g}" for value in values],
            }
        )
    return found


def _still(frames: Mapping[str, np.ndarray], tints: list[str], limit: float) -> str:
    """The last moment of every latent space as SVG."""
    drawings = []
    for number, z in enumerate(frames.values()):
        at = z[-1] / limit * np.array([100, -100]) + np.array([110 + 220 * number, 110])
        drawings += [
            f'<circle cx="{x:.0f}" cy="{y:.0f}" r="2" fill="{tint}"/>'
            for (x, y), tint in zip(at, tints, strict=True)
        ]
    box = f"0 0 {220 * len(frames)} 220"
    return f'<svg viewBox="{box}" height="220" aria-hidden="true">{"".join(drawings)}</svg>'
