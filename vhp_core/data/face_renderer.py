"""Grey pictures of a face model: orthographic rays, a light that is fixed to the camera."""

import os
from functools import cache

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from .face_model import FaceModel

__all__ = ["render_face"]

_HALF_WIDTH, _PIVOT = 0.455, 0.42  # in heights of the head, from crown to chin
_RAYS = 2  # a side, for each pixel
_IRIS, _PUPIL = 0.40, 0.17  # sines of the angle from the eye's axis
_WHITE, _IRIS_ALBEDO, _PUPIL_ALBEDO = 0.85, 0.30, 0.04
_AMBIENT, _WRAP = 0.22, 0.2
_GAMMA = 1.15


def render_face(
    model: FaceModel, identity: np.ndarray, angles: np.ndarray, size: int
) -> np.ndarray:
    """One face as (size, size) bytes; angles (4,) in degrees, as for :func:`faces`."""
    vertices, albedo = model.face(identity)
    azimuth, elevation, light_azimuth, light_elevation = np.deg2rad(angles)
    turn = _towards(azimuth, elevation)
    crown, nose, chin = vertices[list(model.landmarks)]
    height = crown[1] - chin[1]
    pivot = np.array([nose[0], chin[1] + _PIVOT * height, nose[2] - _PIVOT * height])
    places = ((vertices - pivot) @ (turn.T / height)).astype(np.float32)
    light = _towards(light_azimuth, light_elevation)[:, 2]

    corners = places[model.triangles]  # (T, 3, 3)
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal = model.corner_sums @ facing
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12

    seen = np.flatnonzero(facing[:, 2] > 0)
    _keep_to_one_thread()
    scene = EmbreeScene()
    TriangleMesh(scene, corners[seen])
    origins, directions = _rays(size)
    hit = scene.run(origins, directions, output=True)
    met = np.flatnonzero(hit["primID"] >= 0)
    triangle = model.triangles[seen[hit["primID"][met]]]  # (hits, 3)
    u, v = hit["u"][met], hit["v"][met]
    share = np.stack([1 - u - v, u, v], 1)

    def between(values: np.ndarray) -> np.ndarray:
        return np.einsum("hc,hc...->h...", share, values[triangle])

    colour = between(_shade(normal, light, albedo, model.sky))
    for side in (1, 2):
        mine = np.flatnonzero(model.eye[triangle[:, 0]] == side)
        if len(mine):
            colour[mine] = _eyeball(
                places[model.eye == side],
                between(places)[mine],
                turn[:, 2],
                light,
                between(model.sky)[mine],
            )
    picture = np.zeros(len(origins), np.float32)
    picture[met] = np.clip(colour, 0, 1) ** (1 / _GAMMA)
    picture = picture.reshape(size, _RAYS, size, _RAYS).mean((1, 3))
    return (255 * picture).round().astype(np.uint8)


def _towards(azimuth: float, elevation: float) -> np.ndarray:
    """The turn (3, 3) after which what looked at the camera looks right and up by these radians."""
    (c, s), (d, e) = ((np.cos(a), np.sin(a)) for a in (azimuth, elevation))
    nod = np.array([[1, 0, 0], [0, d, e], [0, -e, d]])
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]) @ nod


def _shade(
    normal: np.ndarray,
    light: np.ndarray,
    albedo: np.ndarray,
    sky: np.ndarray,
    gloss: float = 0.05,
    shininess: int = 12,
) -> np.ndarray:
    """Lambert's law, wrapped a little round the terminator, ambient light, and a gloss."""
    wrapped = ((normal @ light + _WRAP) / (1 + _WRAP)).clip(0)
    half = light + np.array([0, 0, 1])
    shine = (normal @ (half / np.linalg.norm(half))).clip(0) ** shininess
    diffuse = _AMBIENT * sky + (1 - _AMBIENT) * wrapped * np.sqrt(sky)
    return albedo * diffuse + gloss * shine * sky


def _eyeball(
    ball: np.ndarray, place: np.ndarray, axis: np.ndarray, light: np.ndarray, sky: np.ndarray
) -> np.ndarray:
    """Colours of places (hits, 3) on an eyeball that looks along ``axis``."""
    solved = np.linalg.lstsq(
        np.column_stack([2 * ball, np.ones(len(ball))]), (ball**2).sum(1), rcond=None
    )[0]  # the sphere through the ball's vertices: |p|² = 2 p·c + r² − |c|²
    normal = place - solved[:3]
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    sine = np.linalg.norm(np.cross(normal, axis), axis=1)
    albedo = np.select([sine < _PUPIL, sine < _IRIS], [_PUPIL_ALBEDO, _IRIS_ALBEDO], _WHITE)
    return _shade(normal, light, albedo, sky, gloss=0.3, shininess=60)


@cache
def _keep_to_one_thread() -> None:
    """Let Embree start while this thread sees one core, for it then makes no threads of its own.

    A face is too small to gain from them, and on a machine that is busy it waits for them: up to
    a second a face was seen. Where a thread cannot be bound to a core nothing is done.
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        scene = EmbreeScene()
        TriangleMesh(scene, np.eye(3, dtype=np.float32)[None])
        scene.run(np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32), output=True)
    finally:
        os.sched_setaffinity(0, allowed)


@cache
def _rays(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Origins and directions, row by row from the top left: two of (rays, 3)."""
    n = size * _RAYS
    step = _HALF_WIDTH * ((2 * np.arange(n) + 1) / n - 1)
    origins = np.full((n, n, 3), 2, np.float32)
    origins[..., 0] = step
    origins[..., 1] = -step[:, None]
    directions = np.tile(np.array([0, 0, -1], np.float32), (n * n, 1))
    return origins.reshape(-1, 3), directions
