"""Acclaim motion capture files: .asf skeletons and .amc motions."""

import math
import os
from pathlib import Path

import numpy as np

from .skeleton import Motion, Skeleton

__all__ = ["read_amc", "read_asf"]

_ROOT_DOF = ("tx", "ty", "tz", "rx", "ry", "rz")
_INCH = 0.0254  # an .asf's length unit is 1/length inches
_MEND = "the file is incomplete or altered: fetch it again"


def read_asf(path: str | os.PathLike) -> Skeleton:
    r"""Read a skeleton.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a section, a bone's field or the hierarchy is missing or malformed; the
            message names file, line and mend.

    Example:
        >>> import tempfile
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
        ...     skeleton = read_asf(path)
        >>> skeleton.names, skeleton.bones
        (('root', 'arm'), ((0, 1),))
    """
    sections = _sections(path)
    units = {words[0]: (n, words[1]) for n, words in sections["units"] if len(words) == 2}
    for name in ("length", "angle"):
        if name not in units:
            raise ValueError(f"{path}: section :units lacks {name!r}; {_MEND}")
    number, unit = units["angle"]
    if unit != "deg":
        raise ValueError(
            f"{path}, line {number}: angles in {unit!r} are not read, only in 'deg': convert them"
        )
    number, unit = units["length"]
    (scale,) = _numbers(path, number, [unit], 1)
    if scale <= 0:
        raise ValueError(f"{path}, line {number}: the length unit {unit} is not positive; {_MEND}")
    bones = _bone_data(path, sections["bonedata"])
    names, parents = _hierarchy(path, sections["hierarchy"], bones)
    zero = np.zeros(3)
    rows = [bones.get(name, {"direction": zero, "length": [0.0], "axis": zero}) for name in names]
    order = _root_order(path, sections["root"])
    return Skeleton(
        names=tuple(names),
        parents=tuple(parents),
        directions=np.array([row["direction"] for row in rows]),
        lengths=np.array([row["length"][0] for row in rows]),
        axes=np.array([row["axis"] for row in rows]),
        dof=(order, *(tuple(row.get("dof", ())) for row in rows[1:])),
        metres=_INCH / scale,
    )


def read_amc(path: str | os.PathLike, skeleton: Skeleton) -> Motion:
    r"""Read a motion on ``skeleton``. Bones go by name, not by their order in the file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is cut off, a frame lacks a bone or is out of turn, a bone is not
            the skeleton's, or a value is missing, not a number or not finite; the message names
            file, line and mend.

    Example:
        >>> import tempfile
        >>> from vhp_core.data import generic_skeleton
        >>> skeleton = generic_skeleton()
        >>> bones = zip(skeleton.names, skeleton.dof, strict=True)
        >>> rest = [f"{name} {' '.join('0' * len(dof))}" for name, dof in bones if dof]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "rest.amc"
        ...     size = path.write_text("\n".join([":DEGREES", "1", *rest, "2", *rest]))
        ...     motion = read_amc(path, skeleton)
        >>> motion.channels.shape
        (2, 62)
    """
    lines = _lines(path)
    head = [n for n, words in lines if words[0].upper() == ":DEGREES"]
    if not head:
        raise ValueError(f"{path}: no line ':DEGREES' at its head; {_MEND}")
    widths = dict(zip(skeleton.names, map(len, skeleton.dof), strict=True))
    moved = [name for name in skeleton.names if widths[name]]
    frames: list[list[float]] = []
    frame: dict[str, list[float]] = {}
    started = 0
    for number, words in lines:
        if number <= head[0]:
            continue
        if len(words) == 1 and words[0].isdigit():
            if frames or frame or started:
                frames.append(_frame(path, number, len(frames) + 1, frame, moved))
            if int(words[0]) != len(frames) + 1:
                raise ValueError(
                    f"{path}, line {number}: frame {words[0]} where {len(frames) + 1} is due; "
                    f"{_MEND}"
                )
            frame, started = {}, number
            continue
        name = words[0]
        if not started:
            raise ValueError(f"{path}, line {number}: a bone before the first frame; {_MEND}")
        if not widths.get(name):
            raise ValueError(
                f"{path}, line {number}: the skeleton has no moving bone {name!r}; read the .asf "
                "of the same subject"
            )
        if name in frame:
            raise ValueError(f"{path}, line {number}: bone {name!r} twice in a frame; {_MEND}")
        frame[name] = _numbers(path, number, words[1:], widths[name])
    if not started:
        raise ValueError(f"{path}: no frame after ':DEGREES'; {_MEND}")
    frames.append(_frame(path, lines[-1][0], len(frames) + 1, frame, moved))
    return Motion(np.array(frames), skeleton.channel_names)


def _frame(path, number, count, frame, moved) -> list[float]:
    missing = [name for name in moved if name not in frame]
    if missing:
        raise ValueError(f"{path}, line {number}: frame {count} ends without {missing}; {_MEND}")
    return [value for name in moved for value in frame[name]]


def _lines(path: str | os.PathLike) -> list[tuple[int, list[str]]]:
    """Numbered lines as words, without comments and empty lines."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    try:
        text = path.read_text(encoding="ascii")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a text file (byte {error.start}); {_MEND}") from error
    lines = enumerate(text.splitlines(), start=1)
    found = [(n, line.split()) for n, line in lines if line.strip() and line.strip()[0] != "#"]
    if not found:
        raise ValueError(f"{path}: empty; {_MEND}")
    return found


def _numbers(path, number, words, count) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError:
        raise ValueError(f"{path}, line {number}: {words} are not numbers; {_MEND}") from None
    if len(values) != count:
        raise ValueError(
            f"{path}, line {number}: {len(values)} values where {count} are due; {_MEND}"
        )
    if not all(map(math.isfinite, values)):
        raise ValueError(f"{path}, line {number}: {words} are not finite; {_MEND}")
    return values


def _sections(path) -> dict[str, list[tuple[int, list[str]]]]:
    sections: dict[str, list[tuple[int, list[str]]]] = {}
    current: list[tuple[int, list[str]]] = []
    for number, words in _lines(path):
        if words[0].startswith(":"):
            current = sections.setdefault(words[0][1:].lower(), [])
        else:
            current.append((number, words))
    for name in ("units", "root", "bonedata", "hierarchy"):
        if not sections.get(name):
            raise ValueError(f"{path}: no section :{name}; {_MEND}")
    return sections


def _bone_data(path, lines) -> dict[str, dict]:
    bones: dict[str, dict] = {}
    bone: dict | None = None
    for number, words in lines:
        key, values = words[0].lower(), words[1:]
        if key == "begin":
            if bone is not None:
                raise ValueError(f"{path}, line {number}: a bone without its 'end'; {_MEND}")
            bone = {}
        elif bone is None:
            raise ValueError(f"{path}, line {number}: {key!r} outside begin … end; {_MEND}")
        elif key == "end":
            lacking = [field for field in ("name", "direction", "length", "axis")
                       if field not in bone]  # fmt: skip
            if lacking:
                raise ValueError(f"{path}, line {number}: the bone lacks {lacking}; {_MEND}")
            if bone["name"] in ("root", *bones):
                raise ValueError(f"{path}, line {number}: a second bone {bone['name']!r}; {_MEND}")
            bones[bone["name"]] = bone
            bone = None
        elif key == "name" and len(values) == 1:
            bone["name"] = values[0]
        elif key == "direction":
            bone["direction"] = _numbers(path, number, values, 3)
            if abs(math.hypot(*bone["direction"]) - 1) > 1e-3:
                raise ValueError(
                    f"{path}, line {number}: direction {values} is not of length 1; {_MEND}"
                )
        elif key == "length":
            bone["length"] = _numbers(path, number, values, 1)
            if bone["length"][0] < 0:
                raise ValueError(f"{path}, line {number}: length {values} is negative; {_MEND}")
        elif key == "axis":
            if values[3:] != ["XYZ"]:
                raise ValueError(f"{path}, line {number}: axis order {values[3:]} is not ['XYZ']")
            bone["axis"] = _numbers(path, number, values[:3], 3)
        elif key == "dof":
            unknown = [v for v in values if v not in ("rx", "ry", "rz")]
            if unknown:
                raise ValueError(f"{path}, line {number}: unknown degrees of freedom {unknown}")
            if len(set(values)) < len(values):
                raise ValueError(f"{path}, line {number}: {values} names one twice; {_MEND}")
            bone["dof"] = values
    if bone is not None:
        raise ValueError(f"{path}, line {lines[-1][0]}: a bone without its 'end'; {_MEND}")
    return bones


def _root_order(path, lines) -> tuple[str, ...]:
    """The root's channels; refused unless it rests at the origin with axes x, y, z."""
    root = {words[0]: (number, words[1:]) for number, words in lines}
    lacking = [f for f in ("order", "axis", "position", "orientation") if f not in root]
    if lacking:
        raise ValueError(f"{path}, line {lines[-1][0]}: section :root lacks {lacking}; {_MEND}")
    number, words = root["order"]
    order = tuple(word.lower() for word in words)
    if sorted(order) != sorted(_ROOT_DOF):
        raise ValueError(
            f"{path}, line {number}: section :root has the order {order}, expected {_ROOT_DOF}"
        )
    number, words = root["axis"]
    if words != ["XYZ"]:
        raise ValueError(f"{path}, line {number}: axis order {words} is not ['XYZ']")
    for field in ("position", "orientation"):
        number, words = root[field]
        if any(_numbers(path, number, words, 3)):
            raise ValueError(
                f"{path}, line {number}: a root that does not rest at the origin is not read: add "
                f"its {field} to the motion's root channels"
            )
    return order


def _hierarchy(path, lines, bones) -> tuple[list[str], list[int]]:
    names, parents = ["root"], [-1]
    closed = False
    for number, words in lines:
        if words[0] in ("begin", "end"):
            closed = words[0] == "end"
            continue
        if words[0] not in names:
            raise ValueError(f"{path}, line {number}: bone {words[0]!r} has no parent; {_MEND}")
        parent = names.index(words[0])
        for name in words[1:]:
            if name not in bones:
                raise ValueError(
                    f"{path}, line {number}: bone {name!r} is not in :bonedata; {_MEND}"
                )
            if name in names:
                raise ValueError(
                    f"{path}, line {number}: bone {name!r} has a parent already; {_MEND}"
                )
            names.append(name)
            parents.append(parent)
    missing = sorted(set(bones) - set(names))
    if missing or not closed:
        raise ValueError(f"{path}: the hierarchy ends without {missing or ['end']}; {_MEND}")
    return names, parents
