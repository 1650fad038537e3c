"""Importance weights of a Gaussian proposal of the right mean and r times the right variance.

The numbers of ``weight_tail_slider``: the weights' tail, their variance, and the gap of the bound
with K of them, log p(z) − F_K, by a quadrature that holds for every K.
"""

import math
from functools import lru_cache

import numpy as np

from .slider_plot import fixed

__all__ = ["AMOUNTS", "NOISE", "bound_gap", "exponent", "law", "variance"]

AMOUNTS = np.arange(-34.0, 72.0, 0.2)
"""log u, the nodes of the outer integral."""

NOISE = np.arange(0.0, 12.0, 0.04)
"""ε, the nodes of the inner integral."""


def exponent(r: float) -> float:
    """γ of P(w̄ > t) ≈ const · t^(−γ) / √log t: 1/(1 − r), and infinite from r = 1 on.

    Example:
        >>> exponent(0.5), exponent(2.0)
        (2.0, inf)
    """
    return 1 / (1 - r) if r < 1 else math.inf


def variance(r: float) -> float:
    """Var(w̄) = r/√(2r − 1) − 1, infinite up to r = ½.

    Example:
        >>> variance(1.0), variance(0.5)
        (0.0, inf)
    """
    return r / math.sqrt(2 * r - 1) - 1 if r > 0.5 else math.inf


@lru_cache(maxsize=64)
def _transform(r: float) -> np.ndarray:
    """log E exp(−u w̄) at each log u, by the trapezoidal rule over ε."""
    log_w = 0.5 * math.log(r) + 0.5 * (1 - r) * NOISE**2
    mass = np.exp(-0.5 * NOISE**2) * 0.04 * math.sqrt(2 / math.pi)
    mass[0] /= 2
    # E exp(−u w̄) = 1 + E expm1(−u w̄), without cancellation where u is small.
    lost = -np.expm1(-np.exp(np.minimum(log_w + AMOUNTS[:, None], 700.0))) @ mass
    return np.log1p(-np.minimum(lost, 1 - 1e-15))


def bound_gap(r: float, num_samples: int) -> float:
    """log p(z) − F_K in nats, for K weights of the example, within 0.00001 for 0.1 ≤ r ≤ 4.

    With S = (w̄_1 + … + w̄_K)/K and log S = ∫ (e^(−u) − e^(−uS)) du/u,

        −E log S = ∫ (E[e^(−u w̄/K)]^K − e^(−u)) du/u .

    At K = 1 it is ½ (r − 1 − log r), the KL divergence of the two Gaussians.

    Example:
        >>> round(bound_gap(0.25, 1), 6), round((0.25 - 1 - math.log(0.25)) / 2, 6)
        (0.318147, 0.318147)
    """
    if r == 1:
        return 0.0
    together = np.exp(num_samples * _transform(r))
    return float((together - np.exp(-num_samples * np.exp(AMOUNTS))).sum() * 0.2)


def law(r: float) -> str:
    """How the gap falls with a large K.

    Example:
        >>> law(0.8), law(0.25)
        ('Var / 2K', 'K^(−0.333) / √log K')
    """
    if r == 1:
        return "no gap at any K"
    if r > 0.5:
        return "Var / 2K"
    return "√log K / K" if r == 0.5 else f"K^(−{fixed(r / (1 - r), 3)}) / √log K"
