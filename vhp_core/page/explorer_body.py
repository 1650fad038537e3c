"""What an explorer decodes to: joint angles, drawn as a figure, or grey values, as a picture."""

from typing import Any

import numpy as np

from ..data.motion import MotionData
from ..data.skeleton import Skeleton
from ..figures.stick_figures import AZIMUTH, bone_sides, project, shade
from .image_film import grey_png

__all__ = ["figure_body", "picture_body"]


def figure_body(motion: MotionData, decoded: np.ndarray) -> dict[str, Any]:
    """The skeleton as the page's forward kinematics reads it.

    Args:
        motion: what the columns of a decoded frame mean; its own frames are not used.
        decoded: (n, D) frames, from which the room that the figure needs is taken.

    Raises:
        ValueError: if the frames have another number of channels than ``motion``, or its skeleton
            moves in a way that the page cannot.
    """
    joints = motion.joint_positions(decoded)  # (n, J, 3)
    skeleton, metres = motion.skeleton, motion.skeleton.metres
    _check_movable(skeleton)
    names = skeleton.channel_names
    pose = np.where(skeleton.is_length, np.asarray(motion.pose) * metres, np.deg2rad(motion.pose))

    def channels(joint: int, kinds: tuple[str, ...]) -> list[int]:
        wanted = [f"{skeleton.names[joint]} {kind}" for kind in kinds]
        return [names.index(name) if name in names else -1 for name in wanted]

    reach = np.hypot(joints[..., 0], joints[..., 2]).max(axis=1)  # (n,), from the root
    every = range(len(skeleton.names))
    return {
        "kind": "figure",
        "pose": pose.tolist(),
        "mean": motion.mean.tolist(),
        "columns": np.asarray(motion.columns).tolist(),
        "parents": list(skeleton.parents),
        "axes": [_turn(skeleton, joint) for joint in every],
        "offsets": (skeleton.lengths[:, None] * skeleton.directions * metres).round(9).tolist(),
        "rotations": [channels(joint, ("rx", "ry", "rz")) for joint in every],
        "root": channels(0, ("tx", "ty", "tz")),
        "bones": [list(bone) for bone in motion.bones],
        "sides": bone_sides(joints, motion.bones).tolist(),
        "radius": float(1000 * np.quantile(reach, 0.95)),
        "height": float(1000 * np.quantile(np.ptp(joints[..., 1], axis=1), 0.95)),
        "azimuth": AZIMUTH,
    }


def picture_body(height: int, width: int) -> dict[str, Any]:
    """A grey picture: row after row, 0 black and 1 white."""
    return {"kind": "picture", "height": int(height), "width": int(width)}


def _check_movable(skeleton: Skeleton) -> None:
    for joint, dof in enumerate(skeleton.dof):
        rotations = [kind for kind in dof if kind[0] == "r"]
        if rotations != sorted(rotations) or (joint and len(rotations) < len(dof)):
            raise ValueError(
                f"{skeleton.names[joint]!r} moves by {dof}: an explorer turns bones about x, then "
                "y, then z, and moves none but the root; show the motion in a motion_player"
            )
    if np.any(skeleton.position) or np.any(skeleton.orientation):
        raise ValueError(
            "the skeleton as a whole is moved: an explorer draws none but those at the origin; "
            "use dataclasses.replace(skeleton, position=np.zeros(3), orientation=np.zeros(3))"
        )


def _turn(skeleton: Skeleton, joint: int) -> list[float]:
    """The rotation of a bone's own axes, (9,), row after row."""
    x, y, z = np.deg2rad(skeleton.axes[joint])
    about_x = [[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]]
    about_y = [[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]]
    about_z = [[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]]
    return (np.array(about_z) @ about_y @ about_x).round(12).ravel().tolist()


def still_of(body: dict, motion: MotionData | None, x: np.ndarray, color: str, at: float) -> str:
    """One decoded frame as SVG, 90 wide and 120 high, its middle at ``at``; its foot at 0."""
    if motion is None:
        size = 90 / max(body["height"], body["width"])
        width, height = body["width"] * size, body["height"] * size
        return (
            f'<image x="{at - width / 2:.0f}" y="{-height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" href="data:image/png;base64,{_png(body, x)}"/>'
        )
    points = project(motion.joint_positions(x)[None], body["azimuth"], True)[0][0]  # (J, 2)
    points = points * min(45e3 / body["radius"], 115e3 / body["height"])
    drawings = []
    for side, tint in ((-1, shade(color, 0.4)), (0, color), (1, shade(color, -0.35))):
        lines = "".join(
            f"M{points[a, 0] + at:.1f} {-points[a, 1]:.1f}L{points[b, 0] + at:.1f} "
            f"{-points[b, 1]:.1f}"
            for (a, b), own in zip(body["bones"], body["sides"], strict=True)
            if own == side
        )
        drawings.append(f'<path d="{lines}" stroke="{tint}" fill="none" stroke-width="2"/>')
    return "".join(drawings)


def _png(body: dict, x: np.ndarray) -> str:
    grey = np.clip(x.reshape(body["height"], body["width"]), 0, 1)
    return grey_png(np.round(255 * grey).astype(np.uint8))
