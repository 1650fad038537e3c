"""Images of a rod that turns about its end: data whose latent space is known to be a circle."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..engine.seeding import seeded
from .record import recorded

__all__ = ["PendulumData", "pendulum"]

SIZE = 16
_LENGTH, _WIDTH = 6.0, 1.3  # pixels: of the rod, and of its Gaussian profile


@dataclass(frozen=True, eq=False)
class PendulumData:
    """n images of a pendulum, each with the angle that made it.

    Attributes:
        x: (n, 256) float32, 16×16 images row by row, noisy, with the mean image taken away.
        angle: (n,) float32 in [0, 2π), counter-clockwise from the right.
        mean: (256,), the mean image that was taken away.
        source: one sentence: how the data were made.

    Example:
        >>> import torch
        >>> data = vhp.data.pendulum(10, noise=0.0)
        >>> data.images(data.x).shape
        (10, 16, 16)
        >>> torch.allclose(data.at(data.angle), data.x)
        True
    """

    x: Tensor
    angle: Tensor
    mean: Tensor
    source: str

    def images(self, x: Tensor | np.ndarray) -> np.ndarray:
        """(..., 256) centred vectors -> (..., 16, 16) images, 1 on the rod and 0 far from it.

        Raises:
            ValueError: if the last dimension of ``x`` is not 256.
        """
        x = torch.as_tensor(x).detach().cpu()
        if not x.ndim or x.shape[-1] != SIZE**2:
            raise ValueError(f"x must have shape (..., {SIZE**2}), got {tuple(x.shape)}")
        return (x + self.mean).reshape(*x.shape[:-1], SIZE, SIZE).numpy()

    def at(self, angle: Tensor | np.ndarray) -> Tensor:
        """The noiseless, centred images of these angles in radians: (...,) -> (..., 256)."""
        return _render(torch.as_tensor(angle, dtype=torch.float32)) - self.mean


@recorded
def pendulum(n: int = 2000, seed: int = 0, noise: float = 0.05) -> PendulumData:
    """Draw n images of a rod of 6 pixels that turns about the centre of a 16×16 image.

    The angle is uniform on the circle. A pixel at distance r from the rod, a segment from the
    centre to its tip, has the value exp(−½ (r / 1.3)²), and Gaussian noise is added. The noise
    alone puts a floor of 256 · noise² under the reconstruction error C, 0.64 by default.

    Args:
        n: number of images.
        seed: of angles and noise.
        noise: standard deviation of a pixel's noise.

    Raises:
        ValueError: if ``n`` is not at least 1, or ``noise`` is not finite or below 0.

    Example:
        >>> data = vhp.data.pendulum(100)
        >>> data.x.shape, data.angle.shape
        (torch.Size([100, 256]), torch.Size([100]))
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    if not (math.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise must be finite and not below 0, got {noise}")
    with seeded(seed):
        angle = 2 * math.pi * torch.rand(n)
        x = _render(angle) + noise * torch.randn(n, SIZE**2)
    mean = x.mean(0)
    return PendulumData(
        x=x - mean,
        angle=angle,
        mean=mean,
        source=f"pendulum: {n} images of 16×16 pixels, drawn with seed {seed}, noise {noise:g}",
    )


def _render(angle: Tensor) -> Tensor:
    """(...,) angles -> (..., 256) images between 0 and 1."""
    place = torch.arange(SIZE) - (SIZE - 1) / 2  # of a pixel, from the image's centre
    across, up = place.repeat(SIZE), -place.repeat_interleave(SIZE)  # (256,) each
    cos, sin = angle.cos().unsqueeze(-1), angle.sin().unsqueeze(-1)
    along = (across * cos + up * sin).clamp(0, _LENGTH)  # the rod's point that is nearest
    squared = (across - along * cos).square() + (up - along * sin).square()
    return torch.exp(-0.5 * squared / _WIDTH**2)
