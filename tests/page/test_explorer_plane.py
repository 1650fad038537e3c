"""vhp_core.page.explorer_plane: planes of a latent space, and which are refused."""

import numpy as np
import pytest
import torch

from vhp_core.page.explorer_plane import Plane, check_planes, plane_along


def orthonormal(dim, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(dim, 2)))[0].T


def test_a_lifted_point_lies_at_its_place_and_keeps_the_rest():
    rng = np.random.default_rng(1)
    plane = Plane(rng.normal(size=7), orthonormal(7))
    z, places = rng.normal(size=7), rng.normal(size=(4, 2))
    lifted = plane.lift(z, places)
    np.testing.assert_allclose(plane.flat(lifted), places)
    rest = np.eye(7) - plane.axes.T @ plane.axes
    np.testing.assert_allclose(rest @ (lifted - z).T, 0, atol=1e-12)


def test_axes_follow_the_factors():
    rng = np.random.default_rng(2)
    factors, ways = rng.normal(size=(500, 2)), rng.normal(size=(2, 12))
    codes = torch.as_tensor(factors @ ways + 3.0)
    origin, axes = plane_along(codes, factors[:, 0], factors[:, 1])
    np.testing.assert_allclose(origin, codes.numpy().mean(0))
    np.testing.assert_allclose(axes @ axes.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(axes[0], ways[0] / np.linalg.norm(ways[0]))
    flat = Plane(origin, axes).flat(codes)
    assert (axes[1] @ ways[1]) > 0  # up is where the second factor grows
    assert np.corrcoef(flat[:, 1], factors[:, 1])[0, 1] > 0.999


Z = np.random.default_rng(3).normal(size=(20, 3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((Z[:, :1], Z[:, 0], Z[:, 1]), r"codes must have shape \(n, d_z\) with d_z of 2 or more"),
        ((Z, Z[:5, 0], Z[:, 1]), r"right must have shape \(20,\), got \(5,\)"),
        ((Z, Z[:, 0], Z), r"up must have shape \(20,\)"),
        ((Z * np.nan, Z[:, 0], Z[:, 1]), "codes is not finite"),
        ((Z, Z[:, 0], Z[:, 1] * np.inf), "up is not finite"),
        ((Z, Z[:, 0], 2 * Z[:, 0]), "right and up do not move the codes' mean in two directions"),
        ((Z, np.zeros(20), Z[:, 0]), "right and up do not move"),
    ],
)
def test_a_plane_that_cannot_be_found_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        plane_along(*arguments)


@pytest.mark.parametrize(
    ("plane", "message"),
    [
        ((np.zeros(3),), "must be a pair of origin and axes"),
        ((np.zeros(2), orthonormal(3)), r"an origin of shape \(3,\) and axes of shape \(2, 3\)"),
        ((np.zeros(3), np.eye(3)), r"got \(3,\) and \(3, 3\)"),
        ((np.full(3, np.nan), orthonormal(3)), "the plane of 'a' is not finite"),
        ((np.zeros(3), 2 * orthonormal(3)), "the axes of the plane of 'a' are not orthonormal"),
        ((np.zeros(3), np.ones((2, 3)) / 3**0.5), "are not orthonormal"),
    ],
)
def test_a_plane_that_does_not_fit_is_refused(plane, message):
    with pytest.raises(ValueError, match=message):
        check_planes({"a": plane}, {"a": 3})


def test_a_model_without_its_plane_is_refused_and_none_need_any():
    with pytest.raises(ValueError, match="planes lacks the models b"):
        check_planes({"a": (np.zeros(3), orthonormal(3))}, {"a": 3, "b": 3})
    assert check_planes(None, {"a": 2, "b": 2}) == {"a": None, "b": None}
