"""Where a run begins: the encoder at the data's principal axes."""

import torch
from torch import Tensor, nn

from .evaluation import check_data
from .networks import DiagonalNormal
from .seeding import seeded
from .vae import VAE

__all__ = ["principal_scores", "start_on_axes"]


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


def start_on_axes(
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
    the first few steps arrange. The decoder and the prior are left as they are. Each step
    regresses, on a batch, the encoder's mean on the scores and its standard deviation on
    ``scale``, by least squares.

    Args:
        model: a VAE that has not been trained, on the CPU or a GPU; changed in place.
        x: (n, D) data, finite.
        steps, batch_size, learning_rate: of the regression, by Adam.
        scale: of q(z|x), in the unit of the scores, whose standard deviation is 1.
        seed: of the batches.

    Returns: the squared error of each step, summed over the d_z dimensions of mean and scale.

    Raises:
        ValueError: if the data cannot be used, or a number is out of its range.

    Example:
        >>> from vhp_core import Rewo, fit, mlp_vae
        >>> from vhp_core.data import pendulum
        >>> x, model = pendulum(200).x, mlp_vae(256, 2, hidden=(16,))
        >>> errors = start_on_axes(model, x, steps=20)
        >>> history = fit(model, x, Rewo(kappa=6.0), steps=200, progress=False)
    """
    for name, value in {"steps": steps, "batch_size": batch_size}.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    for name, value in {"learning_rate": learning_rate, "scale": scale}.items():
        if not 0 < value < float("inf"):
            raise ValueError(f"{name} must be finite and above 0, got {value}")
    x = check_data(model, x)
    device = next(model.parameters()).device
    with torch.no_grad():
        q = model.encode(x[:1].to(device))
    if not isinstance(q, DiagonalNormal):
        raise ValueError(f"the encoder must return a DiagonalNormal, it returns {type(q).__name__}")
    target = principal_scores(x, q.event_shape[0])  # (n, d_z)
    adam = torch.optim.Adam(model.encoder.parameters(), learning_rate)
    errors = []
    with seeded(seed):
        for _ in range(steps):
            index = torch.randint(len(x), (batch_size,))
            q = model.encode(x[index].to(device))
            off = q.loc - target[index].to(device)  # (B, d_z)
            loss = (off.square() + (q.scale - scale).square()).sum(1).mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
            errors.append(loss.item())
    nn.Module.zero_grad(model)
    return errors
