"""What is measured on a fitted model and on paths through its latent space (method, section 7)."""

import numpy as np
import torch
from torch import Tensor

from .engine.arrays import real_observations
from .engine.seeding import seeded
from .likelihoods import BernoulliLikelihood
from .networks import draw, log_mean_exp
from .topology import ring_score
from .vae import VAE

__all__ = [
    "check_data",
    "distance_to_data",
    "log_likelihood",
    "rate",
    "reconstruction_error",
    "ring_score",
    "smoothness",
]

# At most this many rows (observations times samples) pass through a network at once, and of large
# observations so few that the rows together have at most so many values.
_ROWS_AT_ONCE = 1 << 13
_VALUES_AT_ONCE = 1 << 21


def reconstruction_error(
    model: VAE, x: Tensor | np.ndarray, num_samples: int = 1, seed: int = 0
) -> Tensor:
    """E_q[C_θ(x, z)] for each observation, estimated with ``num_samples`` draws of z.

    Args:
        model: a VAE.
        x: (n, D) data.
        num_samples: draws of z ~ q(z|x) for each observation.
        seed: of the draws.

    Returns: (n,), in the unit of C.

    Raises:
        ValueError: as :func:`check_data`.

    Example:
        >>> from vhp_core import mlp_vae
        >>> model = mlp_vae(5, 2, hidden=(8,))
        >>> reconstruction_error(model, torch.zeros(3, 5), num_samples=4).shape
        torch.Size([3])
    """

    def error(part: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
        return model.likelihood.error(part, model.decoder(z))

    return _over_posterior(model, x, num_samples, seed, error).mean(0)


def rate(
    model: VAE,
    x: Tensor | np.ndarray,
    num_samples: int = 1,
    prior_samples: int = 64,
    seed: int = 0,
) -> Tensor:
    """E_q[log q_φ(z|x) − F(Θ, Φ; z)] for each observation, in nats.

    Args:
        model, x, num_samples, seed: as for :func:`reconstruction_error`.
        prior_samples: K of the hierarchical prior's bound F; other priors do not use it.

    Returns: (n,).

    Raises:
        ValueError: as :func:`check_data`.

    Example:
        >>> from vhp_core import mlp_vae
        >>> model = mlp_vae(5, 2, hidden=(8,))
        >>> rate(model, torch.zeros(3, 5), prior_samples=8).shape
        torch.Size([3])
    """

    def log_ratio(part: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
        return log_q - model.prior.log_prob(z, prior_samples)

    return _over_posterior(model, x, num_samples, seed, log_ratio).mean(0)


def log_likelihood(
    model: VAE,
    x: Tensor | np.ndarray,
    num_samples: int = 5000,
    prior_samples: int = 64,
    seed: int = 0,
) -> Tensor:
    """Importance-weighted estimate of log p(x) for each observation, in nats.

    log 1/S Σ_s p(x|z_s) p(z_s) / q(z_s|x) with z_s ~ q(z|x), and the prior's own bound in the
    place of log p(z). In expectation the estimate is a lower bound.

    Args:
        model, x, seed: as for :func:`reconstruction_error`. A Gaussian likelihood's σ is the
            one stored with the fitted model.
        num_samples: S.
        prior_samples: K of the hierarchical prior's bound; other priors do not use it.

    Returns: (n,).

    Raises:
        ValueError: as :func:`check_data`.

    Example:
        >>> from vhp_core import mlp_vae
        >>> model = mlp_vae(5, 2, hidden=(8,))
        >>> log_likelihood(model, torch.zeros(3, 5), num_samples=50, prior_samples=8).shape
        torch.Size([3])
    """

    def log_weight(part: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
        log_p = model.likelihood.log_prob(part, model.decoder(z))
        return log_p + model.prior.log_prob(z, prior_samples) - log_q

    log_w = _over_posterior(model, x, num_samples, seed, log_weight)  # (S, n)
    return log_mean_exp(log_w)


@torch.no_grad()
def _over_posterior(model, x, num_samples, seed, function) -> Tensor:
    """``function(x, z, log q(z|x))`` at draws z ~ q(z|x): (num_samples, n) on the CPU.

    No more than a bounded number of rows is worked on at once.
    """
    x = check_data(model, x)
    if num_samples < 1:
        raise ValueError(f"num_samples must be at least 1, got {num_samples}")
    first = next(model.parameters())
    at_once = max(1, min(_ROWS_AT_ONCE, _VALUES_AT_ONCE // x[0].numel()))
    rows = max(1, at_once // num_samples)
    draws = min(num_samples, at_once)
    table = torch.empty(num_samples, len(x), dtype=first.dtype)
    with seeded(seed):
        for start in range(0, len(x), rows):
            part = x[start : start + rows].to(first.device, first.dtype)
            q = model.encode(part)
            values = [
                function(part, *draw(q, (min(draws, num_samples - s),)))
                for s in range(0, num_samples, draws)
            ]
            table[:, start : start + rows] = torch.cat(values)
    return table


def smoothness(path: Tensor | np.ndarray) -> float:
    """Roughness of a path in data space: mean norm of second differences over path length.

    The path is taken at the points given; compare paths of equally many. 0 for a straight
    line in even steps; the smaller, the smoother. Without a unit.

    Args:
        path: (T, D) or (T, ...), T ≥ 3; images count as vectors.

    Raises:
        ValueError: if the path has fewer than 3 points, is not finite, or has no length.

    Example:
        >>> round(smoothness([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]), 4)  # √2 over 2
        0.7071
    """
    path = _points("path", path, least=3)
    length = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
    if length == 0:
        raise ValueError("path has no length: all its points are equal")
    return float(np.linalg.norm(np.diff(path, n=2, axis=0), axis=1).mean() / length)


def distance_to_data(path: Tensor | np.ndarray, data: Tensor | np.ndarray) -> float:
    """Mean Euclidean distance from each point of a path to the nearest observation.

    Args:
        path: (T, D) or (T, ...) decoded points; images count as vectors.
        data: (n, D) or (n, ...) observations.

    Returns: the mean, in the data's unit.

    Raises:
        ValueError: if the two have different dimensions, or are not finite.

    Example:
        >>> distance_to_data(path=[[0.0, 0.0], [3.0, 4.0]], data=[[0.0, 0.0]])  # 0 and 5
        2.5
    """
    from sklearn.neighbors import NearestNeighbors  # here: the first import takes a second

    path, data = _points("path", path, least=1), _points("data", data, least=1)
    if path.shape[1] != data.shape[1]:
        raise ValueError(f"path has {path.shape[1]} dimensions, data has {data.shape[1]}")
    distance, _ = NearestNeighbors(n_neighbors=1).fit(data).kneighbors(path)
    return float(distance.mean())


def check_data(model: VAE, x: Tensor | np.ndarray) -> Tensor:
    """Refuse data that ``model`` cannot take, and return it as a tensor.

    The tensor has the model's type; that of a memory-mapped array keeps its own and shares the
    file's memory, so that nothing is copied whole.

    Raises:
        ValueError: if x is not numeric and real, not of shape (n ≥ 1, D) with the model's D,
            not finite (the first bad row and column are named), or outside [0, 1] for a
            Bernoulli likelihood.

    Example:
        >>> from vhp_core import mlp_vae
        >>> x = check_data(mlp_vae(3, 2, hidden=(8,)), np.zeros((4, 3)))
        >>> x.shape, x.dtype
        (torch.Size([4, 3]), torch.float32)
    """
    dtype = next(model.parameters()).dtype
    x, low, high = real_observations(x, dtype, model.likelihood.event_dims, model.x_shape)
    if isinstance(model.likelihood, BernoulliLikelihood) and (low < 0 or high > 1):
        raise ValueError(
            f"x must lie in [0, 1] for a Bernoulli likelihood; it spans [{low:.4g}, {high:.4g}]"
        )
    return x


def _points(name: str, x: Tensor | np.ndarray, least: int) -> np.ndarray:
    x = np.asarray(x.detach().cpu() if isinstance(x, Tensor) else x, dtype=np.float64)
    if x.ndim < 2 or len(x) < least:
        raise ValueError(f"{name} must have shape (at least {least}, D), got {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"{name} is not finite")
    return x.reshape(len(x), -1)
