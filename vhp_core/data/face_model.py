"""Linear models of 3D faces: the embedded open one, and the reader of the Basel Face Model."""

import hashlib
import os
from dataclasses import dataclass, fields
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from ..engine.extras import require

if TYPE_CHECKING:
    import h5py

__all__ = ["FaceModel", "basel_face_model", "open_face_model"]

_REGISTER = (
    "register at https://faces.dmi.unibas.ch/bfm/bfm2019.html, download model2019_fullHead.h5, and "
    "name its path; faces(model=None) takes the open model of the package"
)
_GREY = np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec. 709
_BASEL_COMPONENTS = 40  # of shape, and as many of colour


@dataclass(frozen=True, eq=False)
class FaceModel:
    """A face is the mean plus coefficients times components, in shape and in albedo.

    A coefficient of 1 is one standard deviation. x points to the face's left, y up, and the face
    looks along z, in a unit of length of the model's own.

    Attributes:
        name: what the model is.
        mean: (V, 3) places of vertices.
        basis: (K, V, 3) displacements by one standard deviation of each component.
        triangles: (T, 3) vertices of each triangle, counter-clockwise from outside.
        albedo: (V,) of the mean, between 0 and 1.
        albedo_basis: (K, V), or None where components change the shape alone.
        sky: (V,) the share of the surroundings' light that reaches a vertex, between 0 and 1.
        eye: (V,) 1 and 2 for vertices of the two eyeballs, on which iris and pupil are drawn.
    """

    name: str
    mean: np.ndarray
    basis: np.ndarray
    triangles: np.ndarray
    albedo: np.ndarray
    albedo_basis: np.ndarray | None
    sky: np.ndarray
    eye: np.ndarray

    @property
    def num_components(self) -> int:
        """K, the most coefficients that a face can have."""
        return len(self.basis)

    def face(self, identity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(k,) coefficients of the first k components -> (V, 3) vertices and (V,) albedo."""
        k = len(identity)
        vertices = self.mean + np.tensordot(identity, self.basis[:k], 1)
        if self.albedo_basis is None:
            return vertices, self.albedo
        return vertices, (self.albedo + identity @ self.albedo_basis[:k]).clip(0, 1)

    @cached_property
    def landmarks(self) -> tuple[int, int, int]:
        """Vertices of the crown, of the tip of the nose, and of the chin, found on the mean.

        The crown is highest. The nose stands out farthest in the upper three quarters of a head's
        height below it, and the chin below the nose farthest forwards and downwards.
        """
        x, y, z = self.mean.T
        crown = int(y.argmax())
        width = np.ptp(x)
        middle = abs(x - x[crown]) < 0.1 * width
        nose = int(np.where(middle, z, -np.inf).argmax())
        reach = 0.75 * (y[crown] - y[nose])
        below = middle & (y < y[nose]) & (y > y[nose] - reach)
        chin = int(np.where(below, z - y, -np.inf).argmax())
        return crown, nose, chin

    @cached_property
    def corner_sums(self) -> sparse.csr_array:
        """(V, T) matrix that sums over the triangles around each vertex."""
        t = len(self.triangles)
        place = (self.triangles.ravel(), np.repeat(np.arange(t), 3))
        return sparse.csr_array((np.ones(3 * t, np.float32), place), shape=(len(self.mean), t))

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all arrays."""
        digest = hashlib.blake2b(digest_size=16)
        for array in (getattr(self, part.name) for part in fields(self)):
            if isinstance(array, np.ndarray):
                digest.update(f"{array.dtype} {array.shape}".encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


@cache
def open_face_model() -> FaceModel:
    """The model that is part of the package, made from MakeHuman's data (CC0); see FACES.md."""
    with files(__package__).joinpath("faces.npz").open("rb") as file:
        stored = dict(np.load(file, allow_pickle=False))
    return FaceModel(
        name="open face model, embedded (MakeHuman data, CC0)",
        mean=stored["mean"],
        basis=stored["basis"].astype(np.float32),
        triangles=stored["triangles"].astype(np.int32),
        albedo=stored["albedo"].astype(np.float32) / 255,
        albedo_basis=None,
        sky=stored["sky"].astype(np.float32) / 255,
        eye=stored["eye"],
    )


def basel_face_model(path: str | os.PathLike) -> FaceModel:
    """Read the first components of a Basel Face Model, in the HDF5 format of 2017 and 2019.

    Its components of shape and of colour take turns: coefficient 1 is the first of shape,
    2 the first of colour, and so on. Colour becomes grey by the weights of Rec. 709.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not HDF5, is damaged, or holds something else.

    References:
        | Morphable Face Models: An Open Framework (Gerig et al., 2018)
        | IEEE FG
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}: {_REGISTER}")
    stat = path.stat()
    return _read_basel(path.resolve(), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1)
def _read_basel(path: Path, *_changed: int) -> FaceModel:
    require("faces", "h5py")
    import h5py  # here, because only those who hold the model need it

    try:
        with h5py.File(path, "r") as file:
            mean, basis = _linear(file, "shape")
            colour, colour_basis = _linear(file, "color")
            triangles = np.asarray(file["shape/representer/cells"])
    except KeyError as error:
        raise ValueError(
            f"{path} is not a Basel Face Model, {error.args[0]}: {_REGISTER}"
        ) from error
    except (OSError, TypeError) as error:
        raise ValueError(f"{path} cannot be read as HDF5, {error}: {_REGISTER}") from error
    v = len(mean)
    if triangles.ndim == 2 and triangles.shape[0] == 3:
        triangles = triangles.T
    whole = triangles.ndim == 2 and triangles.shape[1] == 3 and triangles.dtype.kind in "iu"
    if not whole or not len(triangles) or triangles.min() < 0 or triangles.max() >= v:
        raise ValueError(f"{path}: shape/representer/cells are no triangles of {v} vertices")
    if len(colour) != v:
        raise ValueError(f"{path}: color/model has {len(colour)} vertices, shape/model has {v}")
    k = 2 * min(len(basis), len(colour_basis))
    shape = np.zeros((k, v, 3), np.float32)
    albedo = np.zeros((k, v), np.float32)
    scale = 255 if colour.max() > 2 else 1  # of colours from 0 to 255
    shape[0::2], albedo[1::2] = basis[: k // 2], colour_basis[: k // 2] @ _GREY / scale
    return FaceModel(
        name=f"Basel Face Model ({path.name})",
        mean=mean,
        basis=shape,
        triangles=triangles.astype(np.int32),
        albedo=(colour @ _GREY / scale).clip(0, 1),
        albedo_basis=albedo,
        sky=np.ones(v, np.float32),
        eye=np.zeros(v, np.uint8),
    )


def _linear(file: "h5py.File", part: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean (V, 3), and components (K, V, 3) times their standard deviations."""
    group = file[f"{part}/model"]
    mean = np.asarray(group["mean"], np.float32)
    variance = np.asarray(group["pcaVariance"], np.float32)[:_BASEL_COMPONENTS]
    basis = np.asarray(group["pcaBasis"][:, :_BASEL_COMPONENTS], np.float32)  # (3V, K)
    if (
        mean.ndim != 1
        or not mean.size
        or mean.size % 3
        or basis.shape != (mean.size, len(variance))
    ):
        raise ValueError(
            f"{file.filename}: {part}/model does not fit together, mean {mean.shape}, pcaBasis "
            f"{basis.shape}, pcaVariance {variance.shape}: {_REGISTER}"
        )
    if not all(np.isfinite(a).all() for a in (mean, variance, basis)) or (variance < 0).any():
        raise ValueError(
            f"{file.filename}: {part}/model has values that are not finite, or negative "
            f"variances: {_REGISTER}"
        )
    return mean.reshape(-1, 3), (basis * np.sqrt(variance)).T.reshape(len(variance), -1, 3)
