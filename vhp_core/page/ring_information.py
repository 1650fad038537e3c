"""What codes on a ring cost under N(0, I), and what they tell: the numbers of ``ring_sliders``.

The means lie on a circle of radius r, uniformly; a posterior has the width s = ηr along the circle
and s_r ≥ s across it. The rate has a closed form. The information has none: it is the entropy of
all codes together less that of one, found by quadrature.
"""

import math
from functools import lru_cache

import numpy as np

__all__ = ["SHARPEST", "WIDEST", "information", "information_table", "price", "radius", "rate"]

SHARPEST, WIDEST = 0.01, 0.5
"""The smallest and the largest η = s/r of the table."""

_ALONG = np.polynomial.legendre.leggauss(40)  # nodes and weights, for angles
_ACROSS = np.polynomial.legendre.leggauss(16)  # for one piece of the radii
_ORDERS = (14, 24)  # of the polynomials in log η and in the drawing-out u


def radius(eta: float, radial: float) -> float:
    """The radius r with the least rate, for given η = s/r and s_r/r.

    r² = 2 / (1 + η² + (s_r/r)²): there the derivative of the rate with respect to r² is zero.

    Example:
        >>> round(radius(0.01, 0.01), 3)  # a round posterior: r² = 2/(1 + 2η²)
        1.414
    """
    return math.sqrt(2 / (1 + eta**2 + radial**2))


def rate(eta: float, radial: float) -> float:
    """The least rate in nats under N(0, I), exact: log (1 + η² + (s_r/r)²) / (2 η s_r/r).

    It is ½ (r² + s² + s_r² − 2 − log s² s_r²) at the radius of :func:`radius`.

    Example:
        >>> round(rate(0.1, 0.1) - math.log(1 + 1 / (2 * 0.1**2)), 12)  # the round posterior
        0.0
    """
    return math.log((1 + eta**2 + radial**2) / (2 * eta * radial))


def information(eta: float, radial: float) -> float:
    """I(x; z) in nats by quadrature, within 0.00001 for 0.01 ≤ η ≤ s_r/r ≤ 1.

    The codes of all data have a density q(ρ) of the radius alone, the average over the circle of
    the posteriors' densities; I = −∫ q log q − log 2πe s s_r. The scale r drops out.

    Example:
        >>> round(information(0.01, 0.01), 3)  # log 1/η + ½ log 2π/e
        5.024
    """
    low, high = 1 - 9 * radial, 1 + 9 * radial
    if low > 0:
        edges = np.linspace(low, high, 13)
    else:  # near the middle the density rises steeply, over some s
        near = 3 * eta * 2.0 ** np.arange(20)
        edges = np.array([0, *near[near < 0.4], *np.linspace(0.4, high, 14)])
    halves = np.diff(edges)[:, None] / 2
    rho = (edges[:-1, None] + halves * (1 + _ACROSS[0])).ravel()
    weights = (halves * _ACROSS[1]).ravel()

    reach = np.minimum(np.pi / 2, 5 * np.pi * eta / rho)  # beyond, nothing is left
    angles = (_ALONG[0][:, None] + 1) / 2 * reach  # (angles, radii)
    along = (rho * np.sin(angles)) ** 2 / (2 * eta**2)
    both = sum(
        np.exp(-((side * rho * np.cos(angles) - 1) ** 2) / (2 * radial**2) - along)
        for side in (1, -1)
    )
    density = (_ALONG[1] / 2) @ (both * reach) / (2 * np.pi**2 * eta * radial)
    log_density = np.log(np.maximum(density, 1e-300))
    entropy = -(2 * np.pi * rho * density * weights) @ log_density
    return float(entropy - math.log(2 * math.pi * math.e * eta * radial))


@lru_cache(maxsize=1)
def information_table() -> np.ndarray:
    """Chebyshev coefficients of I + log η in x and u, (14, 24), good to 0.0001 nats.

    x is log η, from log 0.01 to log 0.5, and u = 1 − log (s_r/r) / log η, from 0 for a round
    posterior to 1 for one as wide as the ring's radius; both are scaled to the interval (−1, 1).

    Example:
        >>> information_table().shape
        (14, 24)
    """
    nodes = [np.cos(np.pi * (np.arange(n) + 0.5) / n) for n in _ORDERS]
    low, high = math.log(SHARPEST), math.log(WIDEST)
    values = np.empty(_ORDERS)
    for i, x in enumerate(low + (high - low) * (nodes[0] + 1) / 2):
        for j, u in enumerate((nodes[1] + 1) / 2):
            values[i, j] = information(math.exp(x), math.exp((1 - u) * x)) + x
    fits = []
    for n in _ORDERS:
        fit = 2 / n * np.cos(np.pi * np.outer(np.arange(n), np.arange(n) + 0.5) / n)
        fit[0] /= 2
        fits.append(fit)
    return np.round(fits[0] @ values @ fits[1].T, 6)


def price(eta: float, radial: float, together: bool) -> float:
    """Nats of rate for one further nat of information, as η falls: dR/dI.

    Args:
        eta, radial: η and s_r/r.
        together: whether s_r/r falls with η, the posterior staying round, or stays as it is.

    Example:
        >>> round(price(0.01, 0.01, together=True), 2), round(price(0.01, 0.4, together=False), 2)
        (2.0, 1.0)
    """
    step = 1e-3
    ends = [eta * math.exp(side * step) for side in (-1, 1)]
    pairs = [(end, end if together else radial) for end in ends]
    rates, told = [rate(*pair) for pair in pairs], [information(*pair) for pair in pairs]
    return (rates[0] - rates[1]) / (told[0] - told[1])
