"""Whether points lie on a ring: persistent homology, and the order of their angles."""

import math

import numpy as np
import torch
from torch import Tensor

from .engine.extras import require

__all__ = ["circular_correlation", "persistence", "ring_score"]


def persistence(points: Tensor | np.ndarray, max_points: int = 400, seed: int = 0) -> np.ndarray:
    """Bars of H₁, the loops, in the Vietoris–Rips filtration of ``points`` (method, section 7).

    Two points are joined once the scale reaches their distance, and a triangle is filled once
    its three sides are there. A loop is *born* at the scale that closes it and *dies* at the
    scale that fills it. Computed by Ripser (Bauer, 2021).

    Args:
        points: (n, d). Of more than ``max_points``, that many are drawn without replacement.
        max_points: the time grows faster than the square of their number.
        seed: of the draw.

    Returns: (m, 2) births and deaths in the unit of ``points``, the longest bar first.

    Raises:
        ValueError: if there are fewer than 3 points, or one is not finite.

    Example:
        >>> import numpy as np
        >>> turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        >>> ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        >>> # The side of a 12-gon, and that of the triangle inside:
        >>> vhp.topology.persistence(ring).round(2)
        array([[0.52, 1.73]])
    """
    require("topology", "ripser")
    from ripser import ripser  # here: it takes half a second to import

    points = np.asarray(torch.as_tensor(points).detach().cpu(), dtype=np.float64)
    if points.ndim != 2 or len(points) < 3 or not points.shape[1]:
        raise ValueError(f"points must have shape (at least 3, d), got {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("points are not finite")
    if max_points < 3:
        raise ValueError(f"max_points must be at least 3, got {max_points}")
    if len(points) > max_points:
        points = np.random.default_rng(seed).permutation(points)[:max_points]
    bars = ripser(points, maxdim=1)["dgms"][1].astype(np.float64)  # (m, 2)
    return bars[np.argsort(bars[:, 0] - bars[:, 1], kind="stable")]


def ring_score(points: Tensor | np.ndarray, max_points: int = 400, seed: int = 0) -> float:
    """How clearly ``points`` form one loop: the longest bar of H₁ over the second longest.

    0 with no bar at all, infinite with exactly one. A closed ring of 400 noisy points scores
    tens; an open arc, a disc or two loops of like size score little above 1. The score does not
    see everything: a ring with a gap that is short against its diameter is still one long bar,
    so look also at the gap itself.

    Args:
        points, max_points, seed: as for :func:`persistence`.

    Raises:
        ValueError: as :func:`persistence`.

    Example:
        >>> import numpy as np
        >>> turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        >>> ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        >>> vhp.topology.ring_score(ring)  # a single bar
        inf
    """
    bars = persistence(points, max_points, seed)
    lengths = bars[:, 1] - bars[:, 0]
    if not len(lengths):
        return 0.0
    return math.inf if len(lengths) == 1 else float(lengths[0] / lengths[1])


def circular_correlation(a: Tensor | np.ndarray, b: Tensor | np.ndarray) -> float:
    """Rank correlation of two angles, in [−1, 1] (Fisher and Lee, 1982).

    The angles are replaced by their ranks, spread evenly over the circle, and the ranks compared
    by the circular correlation of all pairs,
    Σ sin(aᵢ − aⱼ) sin(bᵢ − bⱼ) / √(Σ sin²(aᵢ − aⱼ) Σ sin²(bᵢ − bⱼ)).
    It is 1 if one turns through the points in the same order as the other, wherever each begins,
    −1 if in the opposite order, and near 0 for unrelated angles.

    Args:
        a, b: (n,) in radians; whole turns do not matter.

    Raises:
        ValueError: if they have not one shape (n ≥ 3,), or one is not finite.

    Example:
        >>> import numpy as np
        >>> angle = np.array([0.1, 1.0, 2.0, 4.0, 6.0])
        >>> round(vhp.topology.circular_correlation(angle, angle + 5.0), 6)
        1.0
    """
    from scipy.stats import rankdata  # here: its package takes a second to import

    phases = []
    for name, angle in (("a", a), ("b", b)):
        angle = np.asarray(torch.as_tensor(angle).detach().cpu(), dtype=np.float64)
        if angle.ndim != 1 or len(angle) < 3:
            raise ValueError(f"{name} must have shape (at least 3,), got {angle.shape}")
        if not np.isfinite(angle).all():
            raise ValueError(f"{name} is not finite")
        turn = 2 * math.pi
        phases.append(turn * rankdata(angle % turn) / len(angle))
    if len(phases[0]) != len(phases[1]):
        raise ValueError(f"a has {len(phases[0])} angles, b has {len(phases[1])}")
    first, second = (np.sin(phase[:, None] - phase) for phase in phases)  # (n, n) each
    norm = math.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / norm)
