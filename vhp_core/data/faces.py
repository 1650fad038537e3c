"""Grey pictures of 3D faces: identity, pose and light vary, and each picture's are known."""

import hashlib
import os
import tempfile
import warnings
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ..engine.seeding import seeded
from .face_model import FaceModel, basel_face_model, open_face_model
from .face_renderer import render_face
from .record import recorded

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FaceData", "faces", "render"]

ANGLES = {  # degrees: the ranges that are sampled
    "azimuth": (-60.0, 60.0),
    "elevation": (-15.0, 15.0),
    "light_azimuth": (-60.0, 60.0),
    "light_elevation": (0.0, 50.0),
}
_STRAIGHT = 90.0  # degrees: beyond it the back of the head is seen, or lit
_IDENTITY = 10  # components that vary in the data, so that pose and light dominate
_LARGEST = 2.5  # standard deviations
_SIZES = (8, 1024)  # pixels


@dataclass(frozen=True, eq=False)
class FaceData:
    """n pictures of faces, each with the factors that made it.

    Attributes:
        x: (n, 1, size, size) float32 in [0, 1], in steps of 1/255.
        factors: one row a picture. In degrees, where the face looks, and where the light comes
            from: azimuth, light_azimuth (positive: to the right in the picture), elevation,
            light_elevation (positive: up); and the coefficients of the identity, identity_1 and
            so on, in standard deviations.
        split: masks (n,) of the training and of the test set: each fifth picture is held out.
        source: one sentence: how the data were made.

    Example:
        >>> data = vhp.data.faces(5, size=8)
        >>> data.identity.shape, data.x[data.split[1]].shape
        ((5, 10), torch.Size([1, 1, 8, 8]))
    """

    x: Tensor
    factors: "pd.DataFrame"
    split: tuple[Tensor, Tensor]
    source: str

    @property
    def identity(self) -> np.ndarray:
        """(n, k) coefficients, as :func:`render` takes them."""
        columns = [name for name in self.factors.columns if name.startswith("identity_")]
        return self.factors[columns].to_numpy()


@recorded
def faces(
    n: int = 2800,
    seed: int = 0,
    model: str | os.PathLike | None = None,
    size: int = 64,
    identity_spread: float = 1.0,
) -> FaceData:
    """Render n faces of random people, each turned and lit at random.

    Angles are uniform: azimuth ±60°, elevation ±15°, the light's azimuth ±60° and elevation 0 to
    50°, relative to the camera. Ten coefficients of the identity are normal around the mean face,
    clipped at 2.5 of their standard deviations; further components of the model stay at the mean,
    so that pose and light dominate. The less people differ, the more they dominate.

    The first call takes about 5 ms for a face of the open model on one core; then the pictures
    are in the user's cache, from which the same call reads them.

    Args:
        n: number of pictures.
        seed: of identities, poses and lights.
        model: None for the open model of the package, or the path of a Basel Face Model such as
            model2019_fullHead.h5, which has its own licence and is to be had after a registration.
        size: of the square pictures, in pixels.
        identity_spread: standard deviation of the identity's coefficients, in those of the model:
            1 for people as the model has them, 0 for one person, its mean face, in all pictures.

    Raises:
        FileNotFoundError: if there is no file ``model``.
        ValueError: if ``n`` is not at least 1, ``seed`` or ``identity_spread`` is below 0,
            ``size`` is not between 8 and 1024, or ``model`` is not a Basel Face Model.

    References:
        | A Morphable Model for the Synthesis of 3D Faces (Blanz, Vetter, 1999)
        | SIGGRAPH

    Example:
        >>> data = vhp.data.faces(4)
        >>> data.x.shape, data.factors.shape
        (torch.Size([4, 1, 64, 64]), (4, 14))
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    spread = float(identity_spread)
    if not 0 <= spread < float("inf"):
        raise ValueError(f"identity_spread must be finite and at least 0, got {identity_spread}")
    _check_size(size)
    face_model = _model(model)
    factors = _draw(n, seed, min(_IDENTITY, face_model.num_components), spread)
    other = "" if spread == 1 else f", identity spread {spread}"
    key = [_renderer(), face_model.fingerprint, f"{n} {seed} {size}{other}"]
    name = hashlib.blake2b(" ".join(key).encode(), digest_size=16).hexdigest()
    shape = (n, size, size)
    path = _cache_folder() / f"{name}.npz"
    pixels = _read(path, shape)
    if pixels is None:
        pixels = np.empty(shape, np.uint8)
        table = factors.to_numpy()
        for row in tqdm(range(n), unit="face", desc="rendering", leave=False, mininterval=0.5):
            angles, identity = table[row, : len(ANGLES)], table[row, len(ANGLES) :]
            pixels[row] = render_face(face_model, identity, angles, size)
        _write(path, pixels)
    test = torch.arange(n) % 5 == 4
    return FaceData(
        x=_as_images(pixels),
        factors=factors,
        split=(~test, test),
        source=(
            f"faces: {n} pictures of {size}×{size} pixels, rendered with seed {seed} from the "
            f"{face_model.name}{other}"
        ),
    )


def render(
    identity: Tensor | np.ndarray | None = None,
    azimuth: Tensor | np.ndarray | float = 0.0,
    elevation: Tensor | np.ndarray | float = 0.0,
    light_azimuth: Tensor | np.ndarray | float = 0.0,
    light_elevation: Tensor | np.ndarray | float = 25.0,
    model: str | os.PathLike | None = None,
    size: int = 64,
) -> Tensor:
    """Single faces and traversals: what is a sequence gives as many pictures, broadcast.

    Args:
        identity: (..., k) coefficients of the model's first k components, in standard deviations;
            None for the mean face.
        azimuth, elevation: (...) degrees, where the face looks, between −90 and 90.
        light_azimuth, light_elevation: (...) degrees, where the light comes from.
        model, size: as for :func:`faces`.

    Returns:
        (..., 1, size, size) float32 in [0, 1].

    Raises:
        FileNotFoundError: if there is no file ``model``.
        ValueError: if an angle is not between −90 and 90, a coefficient is not finite or there are
            more than the model has, shapes do not go together, or as for :func:`faces`.

    Example:
        >>> import numpy as np
        >>> vhp.data.render(azimuth=np.linspace(-60, 60, 5)).shape
        torch.Size([5, 1, 64, 64])
    """
    _check_size(size)
    face_model = _model(model)
    coefficients = np.atleast_1d(np.zeros(1) if identity is None else _numbers(identity))
    if coefficients.shape[-1] > face_model.num_components:
        raise ValueError(
            f"identity must have at most {face_model.num_components} coefficients, those of the "
            f"{face_model.name}; got {coefficients.shape[-1]}"
        )
    if not np.isfinite(coefficients).all():
        raise ValueError("identity must be finite, got NaN or infinity")
    given = (azimuth, elevation, light_azimuth, light_elevation)
    angles = dict(zip(ANGLES, map(_numbers, given), strict=True))
    for name, angle in angles.items():
        if not (abs(angle) <= _STRAIGHT).all():
            raise ValueError(f"{name} must lie between -90 and 90 degrees, got {angle}")
    try:
        shape = np.broadcast_shapes(
            coefficients.shape[:-1], *(angle.shape for angle in angles.values())
        )
    except ValueError as error:
        shapes = {"identity": coefficients.shape[:-1]} | {k: a.shape for k, a in angles.items()}
        raise ValueError(f"shapes do not go together: {shapes}") from error
    people = np.broadcast_to(coefficients, (*shape, coefficients.shape[-1]))
    table = np.stack([np.broadcast_to(angle, shape) for angle in angles.values()], -1)
    pixels = np.empty((*shape, size, size), np.uint8)
    for place in np.ndindex(shape):
        pixels[place] = render_face(face_model, people[place], table[place], size)
    return _as_images(pixels)


def _numbers(values: Tensor | np.ndarray | float) -> np.ndarray:
    values = values.detach().cpu().numpy() if isinstance(values, Tensor) else values
    return np.array(values, dtype=np.float64)


def _as_images(pixels: np.ndarray) -> Tensor:
    return torch.as_tensor(pixels).unsqueeze(-3).float() / 255


def _model(path: str | os.PathLike | None) -> FaceModel:
    return open_face_model() if path is None else basel_face_model(path)


def _check_size(size: int) -> None:
    if not (isinstance(size, int | np.integer) and _SIZES[0] <= size <= _SIZES[1]):
        raise ValueError(
            f"size must be a whole number of pixels from {_SIZES[0]} to {_SIZES[1]}, got {size}"
        )


def _draw(n: int, seed: int, k: int, spread: float = 1.0) -> "pd.DataFrame":
    """The factors of n pictures with k coefficients each, of this standard deviation."""
    import pandas as pd  # here: it takes half a second to import

    low, high = torch.tensor(list(ANGLES.values()), dtype=torch.float64).T
    with seeded(seed):
        angles = low + (high - low) * torch.rand(n, len(ANGLES), dtype=torch.float64)
        identity = torch.randn(n, k, dtype=torch.float64).clamp(-_LARGEST, _LARGEST) * spread
    names = [*ANGLES, *(f"identity_{i + 1}" for i in range(k))]
    return pd.DataFrame(torch.cat([angles, identity], 1).numpy(), columns=names)


def _cache_folder() -> Path:
    import pooch  # here, because it warns of missing notebook widgets as soon as it is imported

    return Path(pooch.os_cache("vhp_core")) / "faces"


@cache
def _renderer() -> str:
    """Hash of the source that makes pictures: when it changes, they are rendered anew."""
    here = Path(__file__)
    sources = [here.with_name(name) for name in ("face_model.py", "face_renderer.py", here.name)]
    return hashlib.blake2b(b"".join(map(Path.read_bytes, sources)), digest_size=16).hexdigest()


def _read(path: Path, shape: tuple[int, ...]) -> np.ndarray | None:
    """The pictures of an earlier call, or None if there are none, or not whole."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            pixels = stored["pixels"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return pixels if pixels.shape == shape and pixels.dtype == np.uint8 else None


def _write(path: Path, pixels: np.ndarray) -> None:
    """All or nothing; a cache that cannot be written costs time alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            part = Path(folder) / path.name
            np.savez_compressed(part, pixels=pixels)
            os.replace(part, path)
    except OSError as error:
        warnings.warn(f"the pictures could not be kept in {path.parent}: {error}", stacklevel=4)
