"""The sections of an .asf file: units, root, bones and their hierarchy."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .acclaim_words import MEND, File, Lines, numbers_of, words_of
from .skeleton import DOF

__all__ = ["bones_of", "hierarchy_of", "root_of", "sections_of", "units_of"]

Bone = dict[str, Any]


def sections_of(path: File) -> dict[str, Lines]:
    """Section's name in lower case -> its lines. Refused without root, bones or hierarchy."""
    sections: dict[str, Lines] = {}
    current: Lines = []
    for number, words in words_of(path):
        if words[0].startswith(":"):
            current = sections.setdefault(words[0][1:].lower(), [])
        else:
            current.append((number, words))
    for name in ("root", "bonedata", "hierarchy"):
        if not sections.get(name):
            raise ValueError(f"{path}: no section :{name}; {MEND}")
    return sections


def units_of(path: File, lines: Lines) -> tuple[float, str]:
    """The units of length and of angles, "deg" or "rad"; 1 and "deg" where there are none."""
    length, angle = 1.0, "deg"
    for number, words in lines:
        key, values = words[0].lower(), words[1:]
        if key == "length":
            (length,) = numbers_of(path, number, values, 1)
            if length <= 0:
                raise ValueError(
                    f"{path}, line {number}: the length unit {values[0]} is not positive; {MEND}"
                )
        elif key == "angle":
            angle = values[0][:3].lower() if len(values) == 1 else ""
            if angle not in ("deg", "rad"):
                raise ValueError(
                    f"{path}, line {number}: angles in {' '.join(values)!r} are not read, only in "
                    "'deg' or 'rad': convert them"
                )
    return length, angle


def bones_of(path: File, lines: Lines, unit: str) -> dict[str, Bone]:
    """Name in lower case -> name, direction, length, axis (degrees about x, y, z) and dof."""
    bones: dict[str, Bone] = {}
    bone: Bone | None = None
    for number, words in lines:
        key, values = words[0].lower(), words[1:]
        if key == "begin":
            if bone is not None:
                raise ValueError(f"{path}, line {number}: a bone without its 'end'; {MEND}")
            bone = {"dof": ()}
        elif bone is None:
            raise ValueError(f"{path}, line {number}: {key!r} outside begin … end; {MEND}")
        elif key == "end":
            _check_bone(path, number, bone, bones)
            bones[bone["name"].lower()] = bone
            bone = None
        elif key == "name" and len(values) == 1:
            bone["name"] = values[0]
        elif key == "direction":
            bone["direction"] = numbers_of(path, number, values, 3)
            bone["direction line"] = number
        elif key == "length":
            (bone["length"],) = numbers_of(path, number, values, 1)
            if bone["length"] < 0:
                raise ValueError(f"{path}, line {number}: length {values} is negative; {MEND}")
        elif key == "axis":
            bone["axis"] = _angles(path, number, values[:3], values[3:], unit)
        elif key == "dof":
            bone["dof"] = _dof(path, number, values, DOF)
    if bone is not None:
        raise ValueError(f"{path}, line {lines[-1][0]}: a bone without its 'end'; {MEND}")
    return bones


def root_of(path: File, lines: Lines, unit: str) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """The root's degrees of freedom, its position, and its orientation in degrees about x, y, z."""
    root = {words[0].lower(): (number, words[1:]) for number, words in lines}
    lacking = [f for f in ("order", "axis", "position", "orientation") if f not in root]
    if lacking:
        raise ValueError(f"{path}, line {lines[-1][0]}: section :root lacks {lacking}; {MEND}")
    order = _dof(path, *root["order"], DOF[:6])
    if len(order) < 6:
        raise ValueError(
            f"{path}, line {root['order'][0]}: section :root has the order {order}: it must name "
            "each of TX TY TZ RX RY RZ"
        )
    position = numbers_of(path, *root["position"], 3)
    orientation = _angles(path, *root["orientation"], root["axis"][1], unit, root["axis"][0])
    return order, np.array(position), np.array(orientation)


def hierarchy_of(path: File, lines: Lines, bones: dict[str, dict]) -> tuple[list[str], list[int]]:
    """Names in lower case, the root first, and indices of parents."""
    names, parents = ["root"], [-1]
    closed = False
    for number, (head, *children) in lines:
        if head.lower() in ("begin", "end"):
            closed = head.lower() == "end"
            continue
        if head.lower() not in names:
            raise ValueError(f"{path}, line {number}: bone {head!r} has no parent; {MEND}")
        parent = names.index(head.lower())
        for child in children:
            if child.lower() not in bones:
                raise ValueError(
                    f"{path}, line {number}: bone {child!r} is not in :bonedata; {MEND}"
                )
            if child.lower() in names:
                raise ValueError(
                    f"{path}, line {number}: bone {child!r} has a parent already; {MEND}"
                )
            names.append(child.lower())
            parents.append(parent)
    missing = sorted(set(bones) - set(names))
    if missing or not closed:
        raise ValueError(f"{path}: the hierarchy ends without {missing or ['end']}; {MEND}")
    return names, parents


def _check_bone(path: File, number: int, bone: Bone, bones: dict[str, Bone]) -> None:
    lacking = [f for f in ("name", "direction", "length", "axis") if f not in bone]
    if lacking:
        raise ValueError(f"{path}, line {number}: the bone lacks {lacking}; {MEND}")
    if bone["name"].lower() in ("root", *bones):
        raise ValueError(f"{path}, line {number}: a second bone {bone['name']!r}; {MEND}")
    norm = math.hypot(*bone["direction"])
    pointless = bone["length"] == 0 and "l" not in bone["dof"]  # its direction says nothing
    if abs(norm - 1) > 1e-3 and not (pointless and norm == 0):
        raise ValueError(
            f"{path}, line {bone['direction line']}: direction {bone['direction']} is not of "
            f"length 1; {MEND}"
        )


def _dof(path: File, number: int, words: list[str], known: Sequence[str]) -> tuple[str, ...]:
    dof = tuple(word.lower() for word in words)
    unknown = [word for word in dof if word not in known]
    if unknown:
        raise ValueError(
            f"{path}, line {number}: unknown degrees of freedom {unknown}: there are {known}"
        )
    if len(set(dof)) < len(dof):
        raise ValueError(f"{path}, line {number}: {words} names one twice; {MEND}")
    return dof


def _angles(
    path: File,
    number: int,
    words: list[str],
    order: list[str],
    unit: str,
    order_line: int | None = None,
) -> list[float]:
    """Three angles about x, y, z, evaluated in ``order``; degrees that do the same as XYZ."""
    axes = "".join(order).lower() if len(order) == 1 else ""
    if sorted(axes) != ["x", "y", "z"]:
        raise ValueError(
            f"{path}, line {order_line or number}: axis order {order} is none such as XYZ or ZYX; "
            f"{MEND}"
        )
    angles = numbers_of(path, number, words, 3)
    if unit == "rad":
        angles = np.rad2deg(angles).tolist()
    if axes == "xyz":
        return angles
    from scipy.spatial.transform import Rotation  # here, because few files need it

    turn = Rotation.from_euler(axes, [angles["xyz".index(axis)] for axis in axes], degrees=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where several triples do the same, any will do
        return turn.as_euler("xyz", degrees=True).tolist()
