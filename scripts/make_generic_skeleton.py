"""Build the generic skeleton, vhp_core/data/generic_skeleton.json, from dm_control 1.0.50.

``python scripts/make_generic_skeleton.py [dm_control-1.0.50-py3-none-any.whl]``; without an
argument pip downloads it. The package's humanoid_CMU.xml describes the database's skeleton for a
physics engine. A body there is a bone here: its frame at rest, the product of the quaternions from
the root down, is the bone's own axis rotation C; its hinges are the channels (the engine applies
them z, y, x from the parent on, which is x, then y, then z of fixed axes); its child's origin is
its end. The root's turn from y up to z up is left out.
"""

import json
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import numpy as np
from fetch_package import package_file
from scipy.spatial.transform import Rotation

REQUIREMENT = "dm_control==1.0.50"
SHA256 = "5434e1e51ff69016867426da7df6064b18d140e4d0a628f879bbcf0e7d0a586d"
TARGET = Path(__file__).parents[1] / "vhp_core" / "data"
PROVENANCE = {
    "source": "humanoid_CMU.xml of the Python package dm_control 1.0.50 (Google DeepMind)",
    "licence": "Apache-2.0, see LICENSE-dm_control.txt",
    "conventions": "directions as unit vectors, y up, z ahead, left is +x; lengths in metres; axes "
    "as rotations about x, then y, then z of fixed axes, in degrees",
    "changes": "Body frames became bones with directions, lengths and axes; geometry, masses, "
    "limits and motors are left out. Thumbs hang on the wrist's end, as in the database's .asf "
    "files, not a few centimetres beside it. Head, toes, fingers and thumbs end where their "
    "geometry does: the head at its centre, the others at the tip of the first body part.",
    "script": "scripts/make_generic_skeleton.py",
}


def vector(element: ElementTree.Element, name: str, default: str) -> np.ndarray:
    return np.array(element.get(name, default).split(), dtype=float)


def own_turn(body: ElementTree.Element) -> Rotation:
    """A body's frame at rest, in its parent's."""
    return Rotation.from_quat(vector(body, "quat", "1 0 0 0"), scalar_first=True)


def end(body: ElementTree.Element) -> np.ndarray:
    """Where a bone ends, in the body's own frame (3,)."""
    children = body.findall("body")
    if children:
        return vector(children[0], "pos", "0 0 0")
    part = body.find("geom")
    centre, size = vector(part, "pos", "0 0 0"), vector(part, "size", "")
    if body.get("name") == "head":
        return centre
    reach = size.sum()  # a capsule's radius and half its length, or a sphere's radius
    return np.array([0.0, centre[1] - reach, 0.0])  # limbs lie along −y of their own frames


def bones(body: ElementTree.Element, parent: str, frame: Rotation) -> list[dict]:
    """A body and all below it, parents first."""
    name, frame = body.get("name"), frame * own_turn(body)
    offset = frame.apply(end(body))
    length = np.linalg.norm(offset)
    axis = frame.as_euler("xyz", degrees=True, suppress_warnings=True)
    bone = {
        "name": name,
        "parent": "lwrist" if name == "lthumb" else "rwrist" if name == "rthumb" else parent,
        "direction": rounded(offset / length),
        "length": round(float(length), 6),
        "axis": rounded(axis),
        "dof": sorted(joint.get("name").removeprefix(name) for joint in body.findall("joint")),
    }
    return [bone, *(b for child in body.findall("body") for b in bones(child, name, frame))]


def rounded(values: np.ndarray) -> list[float]:
    return [round(float(v), 6) + 0.0 for v in values]


def main(path: str | None = None) -> None:
    """Write generic_skeleton.json and dm_control's licence."""
    with (
        package_file(REQUIREMENT, SHA256, path=path) as file,
        zipfile.ZipFile(file) as archive,
    ):
        xml = archive.read("dm_control/suite/humanoid_CMU.xml").decode("utf-8")
        licence = archive.read("dm_control-1.0.50.dist-info/licenses/LICENSE").decode("utf-8")
    root = ElementTree.fromstring(xml).find("worldbody/body[@name='root']")
    rows = [b for child in root.findall("body") for b in bones(child, "root", Rotation.identity())]
    lines = ",\n".join("  " + json.dumps(row) for row in rows)
    head = json.dumps({"provenance": PROVENANCE, "metres": 1.0}, indent=1, ensure_ascii=False)
    text = f'{head[:-2]},\n "bones": [\n{lines}\n ]\n}}\n'
    (TARGET / "generic_skeleton.json").write_text(text, encoding="utf-8")
    (TARGET / "LICENSE-dm_control.txt").write_text(licence, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
