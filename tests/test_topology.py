import math

import numpy as np
import pytest
import torch

import vhp_core as vhp
from vhp_core import topology


def ring(n=400, noise=0.02, gap=0.0, seed=0):
    """Points around the unit circle, without the last ``gap`` of a turn."""
    rng = np.random.default_rng(seed)
    turn = 2 * math.pi * (1 - gap) * rng.random(n)
    return np.stack([np.cos(turn), np.sin(turn)], 1) + noise * rng.standard_normal((n, 2)), turn


def test_bars_of_a_regular_polygon_are_known():
    """Born with the sides; filled when three of its corners make an equilateral triangle."""
    for corners in (6, 12, 30):
        turn = 2 * math.pi * np.arange(corners) / corners
        bars = topology.persistence(3.0 * np.stack([np.cos(turn), np.sin(turn)], 1))
        expected = [[6 * math.sin(math.pi / corners), 3 * math.sqrt(3)]]
        np.testing.assert_allclose(bars, expected, rtol=1e-5)


def test_bars_come_longest_first_and_two_circles_give_two():
    near, far = ring(80, noise=0.01)[0], 0.5 * ring(80, noise=0.01, seed=1)[0] + [4, 0]
    bars = topology.persistence(np.concatenate([near, far]))
    lengths = bars[:, 1] - bars[:, 0]
    assert (np.diff(lengths) <= 0).all()
    assert lengths[0] > 1.2 and 0.6 < lengths[1] < 0.9
    assert (lengths[2:] < 0.3).all()


def test_ring_score_tells_rings_from_what_is_none():
    rng = np.random.default_rng(1)
    closed = [topology.ring_score(ring(seed=seed)[0]) for seed in range(3)]
    assert min(closed) > 10
    half = topology.ring_score(ring(gap=0.5)[0])
    disc = topology.ring_score(rng.standard_normal((400, 2)))
    turn = ring()[1]
    eight = np.stack([np.sin(turn), np.sin(2 * turn)], 1) + 0.02 * rng.standard_normal((400, 2))
    assert max(half, disc, topology.ring_score(eight)) < 5


def test_the_score_is_among_the_measurements():
    assert vhp.evaluation.ring_score is topology.ring_score


def test_ring_score_without_and_with_one_loop():
    line = np.stack([np.arange(20.0), np.zeros(20)], 1)
    assert topology.ring_score(line) == 0.0
    turn = 2 * math.pi * np.arange(12) / 12
    assert topology.ring_score(np.stack([np.cos(turn), np.sin(turn)], 1)) == math.inf


def test_score_does_not_depend_on_unit_place_or_rotation():
    points, _ = ring(150)
    c, s = math.cos(0.7), math.sin(0.7)
    moved = 50 * points @ np.array([[c, s], [-s, c]]) + [3, -8]
    assert topology.ring_score(torch.tensor(moved)) == pytest.approx(
        topology.ring_score(points), rel=1e-3
    )


def test_many_points_are_thinned_by_the_seed():
    points, _ = ring(1000)
    one = topology.persistence(points, max_points=100, seed=3)
    np.testing.assert_array_equal(one, topology.persistence(points, max_points=100, seed=3))
    assert not np.array_equal(one, topology.persistence(points, max_points=100, seed=4))


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.zeros((2, 2)), "at least 3"),
        (np.zeros(9), "shape"),
        (np.full((5, 2), np.nan), "not finite"),
    ],
)
def test_unusable_points_are_refused(points, message):
    with pytest.raises(ValueError, match=message):
        topology.ring_score(points)
    with pytest.raises(ValueError, match="max_points"):
        topology.persistence(np.zeros((5, 2)), max_points=2)


def test_circular_correlation_of_known_cases():
    angle = 2 * math.pi * np.random.default_rng(0).random(200)
    same = topology.circular_correlation
    assert same(angle, angle) == pytest.approx(1.0)
    assert same(angle, -angle + 1.0) == pytest.approx(-1.0)
    assert same(angle, angle + 0.3 * np.sin(angle)) == pytest.approx(1.0)  # the same order
    assert abs(same(angle, np.random.default_rng(1).permutation(angle))) < 0.1
    assert abs(same(angle, 2 * angle)) < 0.1  # twice around
    broken = np.where(angle < math.pi, angle, 3 * math.pi - angle)  # one half runs backwards
    assert same(angle, broken) < 0.9


def test_circular_correlation_refuses_what_it_cannot_compare():
    with pytest.raises(ValueError, match="a has 4 angles, b has 3"):
        topology.circular_correlation(np.arange(4.0), np.arange(3.0))
    with pytest.raises(ValueError, match="b is not finite"):
        topology.circular_correlation(np.arange(3.0), np.array([0, 1, np.inf]))
    with pytest.raises(ValueError, match="a must have shape"):
        topology.circular_correlation(np.zeros((3, 2)), np.arange(3.0))
