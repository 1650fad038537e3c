"""Acclaim motion capture files: .asf skeletons and .amc motions."""

import math
import os

import numpy as np

from .acclaim_sections import bones_of, hierarchy_of, root_of, sections_of, units_of
from .acclaim_words import MEND, File, numbers_of, words_of
from .skeleton import Motion, Skeleton

__all__ = ["read_amc", "read_asf"]

_INCH = 0.0254


def read_asf(path: str | os.PathLike, metres: float | None = None) -> Skeleton:
    r"""Read a skeleton.

    The format is that of Acclaim's description of 1994. Where it leaves something open, or programs
    do otherwise:

    - Keywords and names are the same in upper and lower case; ``names`` are spelled as in
      :bonedata. From # to a line's end is comment, in any encoding.
    - Rotations are evaluated about fixed axes, in the order in which ``dof``, and ``order`` of the
      root, list them. The description has the order, Vicon's account of it the fixed axes; some
      programs take every order for XYZ.
    - So are the angles of an ``axis`` such as ZYX. They stand in the file as those about x, y and
      z, whatever the order; a few programs take them in the listed order.
    - Translations of a bone are along its own axes before it turns, those of the root along fixed
      axes, wherever they are listed. ``l`` adds to a bone's length.
    - ``position`` and ``orientation`` of :root, the latter evaluated in the order of ``axis``, are
      those of the whole figure: "all motion is relative" to them. So says the description; of the
      programs some ignore both, some add the angles. Where ``orientation`` is zero, as in all that
      Vicon writes, ``position`` adds to the root's translation.
    - Angles are in degrees where :units does not say; radians become degrees.
    - A bone of length zero may have the direction 0 0 0.

    Lengths stay as they are in the file, which cannot tell their unit: ``length`` of :units is a
    factor between two units that are not named. Metres are reckoned as for the database of
    Carnegie Mellon University, whose unit is 1/length inches (5.6 cm at ``length 0.45``), with 1
    for a length that is not given. The description multiplies by length instead. Where a figure
    is not of a person's size, say what ``metres`` is.

    Args:
        metres: metres in one length unit of the file, if not 0.0254/length.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a section, a bone's field or the hierarchy is missing or malformed; the
            message names file, line and mend. If ``metres`` is not positive and finite.

    References:
        | Acclaim Skeleton File Definition V1.10 (M. Schafer, 1994)
        | Acclaim Format, ASF line details (Vicon)

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> lines = [
        ...     ":units", "length 0.45", "angle deg",
        ...     ":root", "order TX TY TZ RX RY RZ", "axis XYZ",
        ...     "position 0 0 0", "orientation 0 0 0",
        ...     ":bonedata", "begin", "name arm", "direction 1 0 0", "length 2", "axis 0 0 0 XYZ",
        ...     "dof rx", "end",
        ...     ":hierarchy", "begin", "root arm", "end",
        ... ]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "arm.asf"
        ...     size = path.write_text("\n".join(lines))
        ...     skeleton = vhp.data.read_asf(path)
        ...     in_centimetres = vhp.data.read_asf(path, metres=0.01)
        >>> skeleton.names, skeleton.bones
        (('root', 'arm'), ((0, 1),))
        >>> [round(float(s.metres * s.lengths[1]), 3) for s in (skeleton, in_centimetres)]
        [0.113, 0.02]
    """
    if metres is not None and not 0 < metres < math.inf:
        raise ValueError(f"metres must be positive and finite, got {metres}")
    sections = sections_of(path)
    length, angle = units_of(path, sections.get("units", []))
    bones = bones_of(path, sections["bonedata"], angle)
    order, position, orientation = root_of(path, sections["root"], angle)
    names, parents = hierarchy_of(path, sections["hierarchy"], bones)
    zero = [0.0, 0.0, 0.0]
    root = {"name": "root", "direction": zero, "length": 0.0, "axis": zero, "dof": order}
    rows = [root, *(bones[name] for name in names[1:])]
    return Skeleton(
        names=tuple(row["name"] for row in rows),
        parents=tuple(parents),
        directions=np.array([row["direction"] for row in rows]),
        lengths=np.array([row["length"] for row in rows]),
        axes=np.array([row["axis"] for row in rows]),
        dof=tuple(row["dof"] for row in rows),
        metres=_INCH / length if metres is None else float(metres),
        position=position,
        orientation=orientation,
        angle=angle,
    )


def read_amc(path: str | os.PathLike, skeleton: Skeleton) -> Motion:
    r"""Read a motion on ``skeleton``. Bones go by name, not by their order in the file.

    Angles in radians become degrees: where the file says :RADIANS, or names no unit and the .asf
    has ``angle rad``. Other directives are passed over. Frames may begin at any number, and skip
    some: :attr:`Motion.frames` keeps the numbers. What is not skipped is a bone of a frame.

    Raises:
        FileNotFoundError: if there is no such file.
        TypeError: if ``skeleton`` is not what :func:`read_asf` gives.
        ValueError: if the file is cut off, a frame lacks a bone or is out of turn, a bone is not
            the skeleton's, or a value is missing, not a number or not finite; the message names
            file, line and mend.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> skeleton = vhp.data.generic_skeleton()
        >>> bones = zip(skeleton.names, skeleton.dof, strict=True)
        >>> rest = [f"{name} {' '.join('0' * len(dof))}" for name, dof in bones if dof]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "rest.amc"
        ...     size = path.write_text("\n".join([":DEGREES", "101", *rest, "102", *rest]))
        ...     motion = vhp.data.read_amc(path, skeleton)
        >>> motion.channels.shape, motion.frames
        ((2, 62), array([101, 102]))
    """
    if not isinstance(skeleton, Skeleton):
        raise TypeError(
            f"skeleton must be a Skeleton, got {type(skeleton).__name__}: read it first, as in "
            "read_amc(path, read_asf(path_of_asf))"
        )
    moved = {n.lower(): len(dof) for n, dof in zip(skeleton.names, skeleton.dof, strict=True)}
    lines = words_of(path)
    frames: list[list[float]] = []
    numbers: list[int] = []
    frame: dict[str, list[float]] = {}
    unit = ""
    for line, (head, *values) in lines:
        name = head.lower()
        if head[0] == ":":
            unit = _unit(path, line, name, unit)
        elif not values and head.isascii() and head.isdigit():
            unit = unit or skeleton.angle
            if numbers:
                frames.append(_whole(path, line, numbers, frame, moved))
            if numbers and int(head) <= numbers[-1]:
                raise ValueError(
                    f"{path}, line {line}: frame {head} after frame {numbers[-1]}: number the "
                    "frames upwards, or fetch the file again"
                )
            numbers.append(int(head))
            frame = {}
        elif not numbers:
            if name in moved:
                raise ValueError(f"{path}, line {line}: a bone before the first frame; {MEND}")
        elif name in frame:
            raise ValueError(f"{path}, line {line}: bone {head!r} twice in a frame; {MEND}")
        elif moved.get(name) or (name in moved and not values):
            frame[name] = numbers_of(path, line, values, moved[name])
        else:
            raise ValueError(
                f"{path}, line {line}: the skeleton has no moving bone {head!r}; read the .asf "
                "of the same subject"
            )
    if not numbers:
        raise ValueError(f"{path}: no frame in it; {MEND}")
    frames.append(_whole(path, lines[-1][0], numbers, frame, moved))
    channels = np.array(frames)
    if unit == "rad":
        channels[:, ~skeleton.is_length] = np.rad2deg(channels[:, ~skeleton.is_length])
    return Motion(channels, skeleton.channel_names, np.array(numbers))


def _unit(path: File, line: int, directive: str, unit: str) -> str:
    """The unit of angles after a directive, of which most say nothing about it."""
    named = {":deg": "deg", ":rad": "rad"}.get(directive[:4], unit)
    if unit and named != unit:
        raise ValueError(
            f"{path}, line {line}: {directive} where angles are in {unit!r} already: one file has "
            "one unit"
        )
    return named


def _whole(
    path: File,
    line: int,
    numbers: list[int],
    frame: dict[str, list[float]],
    moved: dict[str, int],
) -> list[float]:
    missing = [name for name, width in moved.items() if width and name not in frame]
    if missing:
        raise ValueError(f"{path}, line {line}: frame {numbers[-1]} ends without {missing}; {MEND}")
    return [value for name, width in moved.items() if width for value in frame[name]]
