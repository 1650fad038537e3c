"""The plane of a latent space that an explorer's map shows."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from torch import Tensor

__all__ = ["Plane", "check_planes", "plane_along"]

_TOLERANCE = 1e-4  # of a scalar product of axes that are to be orthonormal


class Plane(NamedTuple):
    """A point of a latent space and two directions, orthonormal.

    Example:
        >>> plane = Plane(np.zeros(3), np.eye(3)[:2])
        >>> plane.flat(np.array([[1.0, 2.0, 3.0]]))
        array([[1., 2.]])
        >>> plane.lift(np.array([1.0, 2.0, 3.0]), np.array([[5.0, 7.0]]))
        array([[5., 7., 3.]])
    """

    origin: np.ndarray
    """(d_z,), the point at (0, 0) of the map."""
    axes: np.ndarray
    """(2, d_z), orthonormal: to the right, and up."""

    def flat(self, z: np.ndarray | Tensor) -> np.ndarray:
        """The projections of latent points, (..., d_z) -> (..., 2)."""
        return (np.asarray(z, dtype=float) - self.origin) @ self.axes.T

    def lift(self, z: np.ndarray, places: np.ndarray) -> np.ndarray:
        """(d_z,), moved within the plane so that it lies at places of the map, (n, 2)."""
        return z + (places - self.flat(z)) @ self.axes


def plane_along(
    codes: np.ndarray | Tensor, right: np.ndarray | Tensor, up: np.ndarray | Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """The plane in which the codes' mean moves with two factors of the observations.

    A least-squares fit codes ≈ c + right·a + up·b gives the directions a, in which the mean moves
    with the one factor at a fixed value of the other, and b. The map's horizontal axis is a; the
    vertical one is what of b is orthogonal to a.

    Args:
        codes: (n, d_z), the encoded means of n observations.
        right: (n,) the factor that grows to the right.
        up: (n,) the factor that grows upwards.

    Returns: the codes' mean, (d_z,), and the orthonormal axes, (2, d_z), as
    :func:`vhp_core.page.latent_explorer` takes them.

    Raises:
        ValueError: if a shape is wrong, a value is not finite, or the two directions are not
            independent.

    Example:
        >>> import numpy as np
        >>> turn, light = np.random.default_rng(0).normal(size=(2, 100))
        >>> codes = np.stack([0 * turn, 4 * turn, 3 * turn - 2 * light], axis=1)
        >>> origin, axes = vhp.page.plane_along(codes, right=turn, up=light)
        >>> (axes.round(6) + 0).tolist()
        [[0.0, 0.8, 0.6], [0.0, 0.6, -0.8]]
    """
    z, *factors = (_numbers(values) for values in (codes, right, up))
    if z.ndim != 2 or z.shape[1] < 2:
        raise ValueError(f"codes must have shape (n, d_z) with d_z of 2 or more, got {z.shape}")
    for name, factor in zip(("right", "up"), factors, strict=True):
        if factor.shape != z.shape[:1]:
            raise ValueError(f"{name} must have shape ({len(z)},), got {factor.shape}")
    for name, values in zip(("codes", "right", "up"), (z, *factors), strict=True):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} is not finite")
    centred = np.stack(factors, axis=1) - np.mean(factors, axis=1)
    slopes, _, rank, _ = np.linalg.lstsq(centred, z - z.mean(axis=0), rcond=None)
    first = slopes[0] / max(np.linalg.norm(slopes[0]), 1e-12)
    second = slopes[1] - (slopes[1] @ first) * first
    if rank < 2 or np.linalg.norm(second) < 1e-9 * np.linalg.norm(slopes):
        raise ValueError(
            "right and up do not move the codes' mean in two directions: choose two factors that "
            "differ, and that the codes depend on"
        )
    return z.mean(axis=0), np.stack([first, second / np.linalg.norm(second)])


def check_planes(planes: Mapping | None, sizes: Mapping[str, int]) -> dict[str, Plane | None]:
    """Name -> plane, or None for a latent space that is a plane itself.

    Args:
        planes: name -> (origin, axes), or nothing.
        sizes: name -> d_z of its codes.

    Raises:
        ValueError: if a name lacks its plane, a shape does not fit d_z, a value is not finite, or
            axes are not orthonormal.
    """
    if planes is None:
        return dict.fromkeys(sizes)
    if missing := [name for name in sizes if name not in planes]:
        raise ValueError(f"planes lacks the models {', '.join(missing)}")
    checked: dict[str, Plane | None] = {}
    for name, dim in sizes.items():
        if len(planes[name]) != 2:
            raise ValueError(f"the plane of {name!r} must be a pair of origin and axes")
        origin, axes = (_numbers(values) for values in planes[name])
        if origin.shape != (dim,) or axes.shape != (2, dim):
            raise ValueError(
                f"the plane of {name!r} must have an origin of shape ({dim},) and axes of shape "
                f"(2, {dim}), got {origin.shape} and {axes.shape}"
            )
        if not (np.isfinite(origin).all() and np.isfinite(axes).all()):
            raise ValueError(f"the plane of {name!r} is not finite")
        if not np.allclose(axes @ axes.T, np.eye(2), rtol=0, atol=_TOLERANCE):
            raise ValueError(
                f"the axes of the plane of {name!r} are not orthonormal: make them orthogonal and "
                "of length 1, for instance by np.linalg.qr"
            )
        checked[name] = Plane(origin, axes)
    return checked


def _numbers(values: np.ndarray | Tensor) -> np.ndarray:
    return np.asarray(values.detach().cpu() if isinstance(values, Tensor) else values, dtype=float)
