"""Where a run begins: the encoder on the data's principal axes, the prior at N(0, I) through ζ."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from .engine.seeding import seeded
from .evaluation import check_data
from .networks import DiagonalNormal
from .priors import HierarchicalPrior
from .vae import VAE

__all__ = ["principal_scores", "start_encoder", "start_prior"]


def principal_scores(x: Tensor, dim: int) -> Tensor:
    """Coordinates of the data on its ``dim`` leading principal axes, each with variance 1.

    They are what the encoder of a linear VAE with a standard-normal prior finds, up to rotation
    and scale (Tipping and Bishop, 1999; Lucas et al., 2019).

    Args:
        x: (n, ...) data, flattened beyond the first dimension.
        dim: at most n − 1 and the data's dimension.

    Returns: (n, dim), of the type of ``x``. The sign of an axis is such that its entry of the
    largest size is positive.

    Raises:
        ValueError: if ``dim`` is out of its range, or the data do not vary along that many axes.
    """
    flat = x.reshape(len(x), -1).double()
    if not 1 <= dim <= min(len(flat) - 1, flat.shape[1]):
        raise ValueError(
            f"dim must lie in 1 .. {min(len(flat) - 1, flat.shape[1])} for data of shape "
            f"{tuple(x.shape)}, got {dim}"
        )
    centred = flat - flat.mean(0)
    variance, axes = torch.linalg.eigh(centred.T @ centred / len(flat))  # ascending
    axes = axes[:, -dim:].flip(1)  # (D, dim), the leading first
    if variance[-dim] <= 1e-12 * variance[-1]:
        raise ValueError(f"the data vary along fewer than {dim} axes; take a smaller d_z")
    largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))  # (1, dim)
    scores = centred @ (axes * largest.sign())
    return (scores / variance[-dim:].flip(0).sqrt()).to(x.dtype)


def start_encoder(
    model: VAE,
    x: Tensor,
    steps: int = 300,
    batch_size: int = 128,
    learning_rate: float = 3e-3,
    scale: float = 0.3,
    seed: int = 0,
) -> list[float]:
    """Train the encoder alone until its means are the data's principal scores.

    Called before :func:`vhp_core.fit` or :func:`vhp_core.fit_iwae`, it gives all runs the same
    first arrangement of the codes, that of the linear VAE, in the place of one that chance and
    the first few steps arrange. Decoder and prior are left as they are. Each step regresses,
    on a batch, the encoder's mean on the scores and its standard deviation on ``scale``, by
    least squares.

    Args:
        model: a VAE that has not been trained, on the CPU or a GPU; changed in place.
        x: (n, D) data, finite.
        steps, batch_size, learning_rate: of the regression, by Adam.
        scale: of q(z|x), in the unit of the scores, whose standard deviation is 1.
        seed: of the batches.

    Returns: the squared error of each step, summed over the d_z dimensions of mean and scale.

    Raises:
        ValueError: if the data cannot be used, a number is out of its range, or the encoder
            does not return a :class:`DiagonalNormal`.

    Example:
        >>> from vhp_core import Rewo, fit, mlp_vae
        >>> from vhp_core.data import pendulum
        >>> x, model = pendulum(200).x, mlp_vae(256, 2, hidden=(16,), num_importance_samples=2)
        >>> errors = start_encoder(model, x, steps=20)
        >>> errors = start_prior(model.prior, steps=20)
        >>> history = fit(model, x, Rewo(kappa=6.0), steps=200, progress=False)
    """
    _check_positive(batch_size=batch_size, scale=scale)
    x = check_data(model, x)
    device = next(model.parameters()).device
    with torch.no_grad():
        q = model.encode(x[:1].to(device))
    if not isinstance(q, DiagonalNormal):
        raise ValueError(f"the encoder must return a DiagonalNormal, it returns {type(q).__name__}")
    target = principal_scores(x, q.event_shape[0])  # (n, d_z)

    def loss() -> Tensor:
        index = torch.randint(len(x), (batch_size,))
        q = model.encode(x[index].to(device))
        return _distance(q, target[index].to(device), scale)

    return _minimise(loss, model.encoder, steps, learning_rate, seed)


def start_prior(
    prior: HierarchicalPrior,
    scale: float = 0.3,
    steps: int = 400,
    batch_size: int = 128,
    learning_rate: float = 3e-3,
    seed: int = 0,
) -> list[float]:
    """Train a hierarchical prior until it is N(0, I), and until ζ carries nearly all of z.

    The networks of p(z|ζ) and q(ζ|z) are regressed on p(z|ζ) = N(√(1 − s²) ζ, s²), whose
    marginal is N(0, I) and whose posterior is q(ζ|z) = N(√(1 − s²) z, s²): a linear-Gaussian
    prior with its exact inference. From the usual first weights p(z|ζ) hardly depends on ζ, and
    then ζ may stay unused for long, or forever. If d_ζ and d_z differ, the coordinates that one
    has beyond the other are N(0, 1).

    Args:
        prior: a prior that has not been trained; changed in place.
        scale: s, in (0, 1). It should lie below the width of the structure to be found.
        steps, batch_size, learning_rate: of the regression, by Adam.
        seed: of the draws of ζ and z.

    Returns: the squared error of each step, summed over both networks' means and scales.

    Raises:
        ValueError: if a number is out of its range.

    Example:
        >>> prior = HierarchicalPrior(2, hidden=(16,))
        >>> errors = start_prior(prior, steps=50)
        >>> len(errors), errors[-1] < errors[0]
        (50, True)
    """
    _check_positive(batch_size=batch_size, scale=scale)
    if scale >= 1:
        raise ValueError(f"scale must lie below 1, got {scale}")
    if not isinstance(prior, HierarchicalPrior):
        raise ValueError(f"prior must be a HierarchicalPrior, got a {type(prior).__name__}")
    like = next(prior.parameters())
    d, d_zeta = prior.dim, prior.zeta.dim

    def loss() -> Tensor:
        # Wider than N(0, 1), so that the networks are linear in the tails too.
        zeta, z = (
            1.5 * torch.randn(batch_size, size).to(like.device, like.dtype) for size in (d_zeta, d)
        )
        return _distance(prior.conditional(zeta), *_linear(zeta, d, scale)) + _distance(
            prior.inference(z), *_linear(z, d_zeta, scale)
        )

    return _minimise(loss, prior, steps, learning_rate, seed)


def _linear(given: Tensor, dim: int, scale: float) -> tuple[Tensor, Tensor]:
    """Mean, (B, dim), and scale, (dim,): √(1 − s²)·given and s where ``given`` has coordinates."""
    shared = min(dim, given.shape[1])
    mean = given.new_zeros(len(given), dim)
    mean[:, :shared] = math.sqrt(1 - scale**2) * given[:, :shared]
    scales = given.new_ones(dim)
    scales[:shared] = scale
    return mean, scales


def _distance(q: DiagonalNormal, mean: Tensor, scale: Tensor | float) -> Tensor:
    """Squared distance of mean and scale, summed over dimensions, averaged over the batch."""
    return ((q.loc - mean).square() + (q.scale - scale).square()).sum(1).mean()


def _minimise(
    loss: Callable[[], Tensor], module: nn.Module, steps: int, learning_rate: float, seed: int
) -> list[float]:
    _check_positive(steps=steps, learning_rate=learning_rate)
    adam = torch.optim.Adam(module.parameters(), learning_rate)
    values = []
    with seeded(seed):
        for _ in range(steps):
            adam.zero_grad()
            value = loss()
            value.backward()
            adam.step()
            values.append(value.item())
    adam.zero_grad()
    return values


def _check_positive(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < math.inf or (isinstance(value, int) and value < 1):
            raise ValueError(f"{name} must be finite and above 0, got {value}")
