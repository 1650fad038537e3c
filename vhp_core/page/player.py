"""Motion that plays in a page: stick figures on one canvas, without kernel, network or files.

:func:`motion_player` returns an object that a notebook shows as HTML. The HTML holds everything:
the positions (16-bit millimetres), a still drawing for readers without scripts, the style
(``player.css``) and the program (``player_shared.js``, ``stick_figures.js``, ``player.js``), which
draws them.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import to_hex

from ..figures.stick_figures import (
    AZIMUTH,
    Bones,
    bone_sides,
    check_bones,
    check_positions,
    project,
    shade,
)
from ..figures.theme import LABEL_COLORS, MODEL_COLORS
from .player_page import Player, pack, player_page

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["motion_player"]

_LIMIT = 32.0  # metres that 16 bits of millimetres hold
_BACKGROUND_POINTS = 1500


def motion_player(
    motions: Mapping[str, np.ndarray],
    bones: Bones,
    frame_rate: float,
    caption: str,
    description: str,
    colors: Mapping[str, str] | None = None,
    latents: Mapping[str, np.ndarray] | None = None,
    background: tuple | Mapping[str, tuple] | None = None,
    sides: Sequence[int] | np.ndarray | None = None,
    ground: bool = True,
    loop: bool = True,
    azimuth: float = AZIMUTH,
    width: int = 800,
) -> Player:
    """Let figures move side by side, in step, with play, scrub and turn.

    A motion shorter than the longest starts again while the longest plays.

    Args:
        motions: name -> (T, J, 3) in metres, y up; the name stands above its figure.
        bones: pairs of joint indices to draw lines between.
        frame_rate: frames per second.
        caption: plain text below the player.
        description: what is seen, in words, for readers who do not see it.
        colors: name -> colour; a model's own, or one of the class colours, if not given.
        latents: name -> (T, 2) path; a dot runs along it, below the figure of that name.
        background: ``(z, colours)`` with (n, 2) points and their n colours, drawn behind each
            path, or name -> such a pair. At most 1500 points, evenly picked, are kept.
        sides: (bones,), +1 left, −1 right, 0 neither; found from the positions if not given.
        ground: let the lowest joint stand on the ground in each frame.
        loop: start again at the end.
        azimuth: where the viewer stands at first, in degrees; the reader can turn it.
        width: greatest width on the page in pixels.

    Raises:
        ValueError: if there is no motion, a shape is wrong, a motion has fewer than 2 frames, a
            value is not finite or farther than 32 m, the motions differ in their joints, a bone
            is not a pair of joints, the frame rate is not positive, or a text is empty.

    Example:
        >>> data = vhp.data.mocap6()
        >>> motions = {"recorded": data.joint_positions(data.x[:20])}
        >>> said = {"caption": "Two seconds.", "description": "A figure moves."}
        >>> player = vhp.page.motion_player(motions, data.bones, 10, **said)
        >>> "<canvas" in player.html
        True
    """
    if not motions:
        raise ValueError("motions is empty: give at least one")
    if not 0 < frame_rate < float("inf"):
        raise ValueError(f"frame_rate must be positive, got {frame_rate}")
    motions = {name: _check_motion(name, motion) for name, motion in motions.items()}
    joints = {name: motion.shape[1] for name, motion in motions.items()}
    if len(set(joints.values())) > 1:
        raise ValueError(f"the motions differ in their number of joints: {joints}")
    num_joints = next(iter(joints.values()))
    pairs = check_bones(bones, num_joints)
    every = np.concatenate(list(motions.values()))
    sides = np.asarray(bone_sides(every, bones) if sides is None else sides, dtype=int)
    if sides.shape != (len(pairs),):
        raise ValueError(f"sides must have shape ({len(pairs)},), got {sides.shape}")
    colors = _colors(motions, colors)
    insets = _insets(motions, latents or {}, background)

    tracks = [
        {
            "name": name,
            "color": colors[name],
            "frames": len(motion),
            "positions": pack(motion * 1000.0),
            "latent": insets.get(name),
        }
        for name, motion in motions.items()
    ]
    clip = {
        "tracks": tracks,
        "joints": num_joints,
        "bones": pairs.tolist(),
        "sides": sides.tolist(),
        "frameRate": float(frame_rate),
        "azimuth": float(azimuth),
        "ground": bool(ground),
        "loop": bool(loop),
    }
    longest = max(len(motion) for motion in motions.values())
    html, fingerprint = player_page(
        "stick-figures",
        clip,
        longest,
        caption,
        description,
        _still(motions, pairs, sides, colors, azimuth, ground),
        ("stick_figures.js", "player.js"),
        width,
        keys="Space plays or pauses, the left and right arrow keys turn the view.",
        hint="Drag sideways to turn. Left limbs dark, right limbs light.",
    )
    return Player(
        html,
        f"{len(motions)} motion{'s' * (len(motions) > 1)}, {longest} frames, {num_joints} joints, "
        f"fingerprint {fingerprint}",
    )


def _check_motion(name: str, motion: "ArrayLike") -> np.ndarray:
    motion = check_positions(f"motion {name!r}", motion, min_frames=2)
    if abs(motion).max() > _LIMIT:
        raise ValueError(
            f"motion {name!r} reaches {abs(motion).max():.0f} m from the origin, and at most "
            f"{_LIMIT:.0f} m are drawn: are the positions in metres?"
        )
    return motion


def _colors(motions: Mapping, colors: Mapping[str, str] | None) -> dict[str, str]:
    if colors is None:
        spare = iter(LABEL_COLORS * len(motions))
        return {name: MODEL_COLORS.get(name) or next(spare) for name in motions}
    missing = [name for name in motions if name not in colors]
    if missing:
        raise ValueError(f"colors lacks the motions {', '.join(missing)}")
    return {name: to_hex(colors[name]) for name in motions}


def _insets(
    motions: Mapping, latents: Mapping, background: tuple | Mapping[str, tuple] | None
) -> dict[str, dict]:
    """name -> path and background points of its latent inset, in units of the inset's square."""
    insets = {}
    for name, path in latents.items():
        path = np.asarray(path, dtype=float)
        if name not in motions or path.shape != (len(motions[name]), 2):
            raise ValueError(
                f"latents of {name!r} must belong to a motion and have shape (its frames, 2), "
                f"got {path.shape}"
            )
        own = background.get(name) if isinstance(background, Mapping) else background
        points, tints = (np.zeros((0, 2)), []) if own is None else own
        points, tints = np.asarray(points, dtype=float), [to_hex(tint) for tint in tints]
        if points.ndim != 2 or points.shape[1] != 2 or len(points) != len(tints):
            raise ValueError(
                f"background of {name!r} must be (n, 2) points and n colours, got "
                f"{points.shape} and {len(tints)}"
            )
        both = np.concatenate([points, path])
        if not np.isfinite(both).all():
            raise ValueError(f"latents or background of {name!r} are not finite")
        low, high = both.min(axis=0), both.max(axis=0)
        half = max((high - low).max() / 2, 1e-9)
        keep = np.unique(np.linspace(0, len(points) - 1, _BACKGROUND_POINTS).astype(int))
        keep = keep[keep < len(points)] if len(points) else keep[:0]
        palette = list(dict.fromkeys(tints))
        scaled = [(p - (low + high) / 2) / half * 30000 for p in (path, points[keep])]
        insets[name] = {
            "path": pack(scaled[0]),
            "points": pack(scaled[1]),
            "tints": [palette.index(tints[i]) for i in keep],
            "palette": palette,
        }
    return insets


def _still(
    motions: Mapping[str, np.ndarray],
    pairs: np.ndarray,
    sides: np.ndarray,
    colors: Mapping[str, str],
    azimuth: float,
    ground: bool,
) -> str:
    """The middle frame of every motion as SVG: what is seen where no script runs."""
    drawings, at = [], 0.0
    low, high = 0.0, 0.0
    for name, motion in motions.items():
        middle = motion[len(motion) // 2][None]  # (1, J, 3)
        points = project(middle, azimuth, ground)[0][0] * 100  # (J, 2) in centimetres
        at += 20 - points[:, 0].min()
        for side, tint in zip((-1, 0, 1), _shades(colors[name]), strict=True):
            lines = "".join(
                f"M{points[a, 0] + at:.0f} {-points[a, 1]:.0f}"
                f"L{points[b, 0] + at:.0f} {-points[b, 1]:.0f}"
                for a, b in pairs[sides == side]
            )
            drawings.append(f'<path d="{lines}" stroke="{tint}"/>')
        at += points[:, 0].max() + 20
        low, high = min(low, points[:, 1].min()), max(high, points[:, 1].max())
    box = f"0 {-high - 10:.0f} {at:.0f} {high - low + 20:.0f}"
    return (
        f'<svg viewBox="{box}" height="240" fill="none" stroke-width="4" stroke-linecap="round" '
        f'aria-hidden="true">{"".join(drawings)}</svg>'
    )


def _shades(color: str) -> tuple[str, str, str]:
    return shade(color, 0.4), color, shade(color, -0.35)
