"""Grey pictures of a face model: an orthographic view, a light that is fixed to the camera."""

import numpy as np

from .face_model import FaceModel

__all__ = ["render_face"]

_HALF_WIDTH, _PIVOT = 0.455, 0.42  # in heights of the head, from crown to chin
_SAMPLES = 2  # a side, for each pixel
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

    n = size * _SAMPLES
    met, front, share = _visible(places, model.triangles, n)
    triangle = model.triangles[front]  # (hits, 3)

    def between(values: np.ndarray, some: np.ndarray | slice = slice(None)) -> np.ndarray:
        return np.einsum("hc,hc...->h...", share[some], values[triangle[some]])

    colour = between(_shade(normal, light, albedo, model.sky))
    for side in (1, 2):
        mine = np.flatnonzero(model.eye[triangle[:, 0]] == side)
        if len(mine):
            colour[mine] = _eyeball(
                places[model.eye == side],
                between(places, mine),
                turn[:, 2],
                light,
                between(model.sky, mine),
            )
    picture = np.zeros(n * n, np.float32)
    picture[met] = np.clip(colour, 0, 1) ** (1 / _GAMMA)
    picture = picture.reshape(size, _SAMPLES, size, _SAMPLES).mean((1, 3))
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


def _visible(
    places: np.ndarray, triangles: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The nearest of the triangles that face the camera, at each of n × n samples.

    A sample is the middle of a cell; n × n cells fill the square of ±_HALF_WIDTH. One on an edge
    belongs to the triangle to the right of it, or below where the edge is horizontal: triangles
    with a common edge neither leave a gap nor overlap. Of equally near ones the first is taken.

    Args:
        places: (V, 3) of vertices in heights of the head: x to the right, y up, z to the camera.
        triangles: (T, 3) vertices, counter-clockwise as seen from outside.
        n: samples a side.

    Returns:
        For the samples where a triangle is seen, row by row from the top left: the sample's number
        (hits,), the triangle's number (hits,), and its corners' shares (hits, 3), which sum to 1.
    """
    column, row = (places[:, :2] * [1.0, -1.0] / _HALF_WIDTH + 1).T * (n / 2) - 0.5
    height = places[:, 2].astype(np.float64)
    a, b, c = triangles.T
    (b_column, b_row, b_height), (c_column, c_row, c_height) = (
        (column[end] - column[a], row[end] - row[a], height[end] - height[a]) for end in (b, c)
    )
    area = c_column * b_row - c_row * b_column  # twice, in cells; negative: seen from behind
    front = np.flatnonzero(area > 0)
    owner, sample_row, sample_column = _covered(column, row, triangles[front], n)
    owner = front[owner]

    across, down = sample_column - column[a][owner], sample_row - row[a][owner]
    share_b = (c_column[owner] * down - c_row[owner] * across) / area[owner]
    share_c = (b_row[owner] * across - b_column[owner] * down) / area[owner]
    near = height[a][owner] + share_b * b_height[owner] + share_c * c_height[owner]

    sample = sample_row * n + sample_column
    nearest = np.full(n * n, -np.inf)
    np.maximum.at(nearest, sample, near)
    unhidden = np.flatnonzero(near == nearest[sample])
    winner = np.full(n * n, -1)
    winner[sample[unhidden[::-1]]] = unhidden[::-1]  # of several the one assigned last remains
    met = np.flatnonzero(winner >= 0)
    winner = winner[met]
    share = np.stack([1 - share_b - share_c, share_b, share_c], 1)[winner]
    return met, owner[winner], share.astype(np.float32)


def _covered(
    column: np.ndarray, row: np.ndarray, triangles: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangle, row and column (covered,) of each sample in each triangle, in their order.

    Args:
        column, row: (V,) places of vertices, in cells; the samples are at whole numbers.
        triangles: (T, 3) vertices.
        n: samples a side.
    """
    order = np.argsort(row[triangles], 1, kind="stable")
    top, middle, bottom = np.take_along_axis(triangles, order, 1).T
    owner, at = _ranges(row[top], row[bottom], n)
    upper = at < row[middle[owner]]

    def crossing(start: np.ndarray, end: np.ndarray) -> np.ndarray:
        # Always from the upper end, so that both triangles at an edge get the very same number.
        done = (at - row[start]) / (row[end] - row[start])
        return column[start] + done * (column[end] - column[start])

    long = crossing(top[owner], bottom[owner])
    short = crossing(
        np.where(upper, top[owner], middle[owner]), np.where(upper, middle[owner], bottom[owner])
    )
    span, sample_column = _ranges(np.minimum(long, short), np.maximum(long, short), n)
    return owner[span], at[span], sample_column


def _ranges(start: np.ndarray, stop: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers from 0 below n with start ≤ number < stop: of which range, and the number."""
    first, end = (np.ceil(limit).clip(0, n).astype(np.int64) for limit in (start, stop))
    count = end - first
    owner = np.repeat(np.arange(len(count)), count)
    before = np.cumsum(count) - count
    return owner, np.arange(len(owner)) + (first - before)[owner]
