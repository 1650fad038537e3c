"""Pictures of angles: one cyclic colour map for the whole book, and a ring as its key."""

import math
from typing import TYPE_CHECKING

import numpy as np
import seaborn as sns
import torch
from matplotlib.axes import Axes
from matplotlib.colors import Colormap

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["ANGLE_MAP", "angle_colors", "plot_angles"]

ANGLE_MAP: Colormap = sns.husl_palette(256, h=0.03, s=0.95, l=0.58, as_cmap=True)
"""From 0 to 2π and back to its first colour, at one lightness: legible on light and dark ground."""


def angle_colors(angle: "ArrayLike | torch.Tensor") -> np.ndarray:
    """(...,) angles in radians -> (..., 4) colours of :data:`ANGLE_MAP`, equal at 0 and 2π.

    Example:
        >>> import math
        >>> vhp.plotting.angle_colors([0.0, math.pi, 2 * math.pi]).shape
        (3, 4)
    """
    turn = np.asarray(torch.as_tensor(angle).detach().cpu(), dtype=float) / (2 * math.pi)
    return ANGLE_MAP(turn % 1.0)


def plot_angles(
    ax: Axes,
    z: "ArrayLike | torch.Tensor",
    angle: "ArrayLike | torch.Tensor",
    key: bool = True,
    size: float = 7.0,
    limit: float | None = None,
) -> Axes:
    """Draw a two-dimensional latent space, each point in the colour of its angle.

    Args:
        z: (n, 2) points, such as encoded means.
        angle: (n,) in radians.
        key: draw a small ring in the upper right corner that says which colour is which angle.
        size: area of a point in points squared.
        limit: the axes reach from −limit to limit; from the points if not given.

    Raises:
        ValueError: if a shape is wrong or a value is not finite.

    Example:
        >>> import numpy as np
        >>> from matplotlib.figure import Figure
        >>> angle = np.linspace(0, 2 * np.pi, 50)
        >>> ax = Figure().subplots()
        >>> ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        >>> vhp.plotting.plot_angles(ax, ring, angle) is ax
        True
    """
    z = np.asarray(torch.as_tensor(z).detach().cpu(), dtype=float)
    angle = np.asarray(torch.as_tensor(angle).detach().cpu(), dtype=float)
    if z.ndim != 2 or z.shape[1] != 2 or not len(z):
        raise ValueError(f"z must have shape (n, 2), got {z.shape}")
    if angle.shape != z.shape[:1]:
        raise ValueError(f"angle must have shape ({len(z)},), got {angle.shape}")
    if not (np.isfinite(z).all() and np.isfinite(angle).all()):
        raise ValueError("z or angle has values that are not finite")
    ax.scatter(z[:, 0], z[:, 1], s=size, color=angle_colors(angle), linewidths=0, zorder=2)
    if limit is None:
        limit = 1.25 * abs(z).max() + 1e-6
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    if key:
        _draw_key(ax)
    return ax


def _draw_key(ax: Axes) -> None:
    width = ax.get_window_extent().width / ax.figure.dpi  # inches
    side = min(0.3, max(0.16, 0.46 / width))  # room for the word in small axes too
    inset = ax.inset_axes((0.99 - side, 0.99 - side, side, side))
    turn = np.linspace(0, 2 * math.pi, 90)
    inset.scatter(np.cos(turn), np.sin(turn), s=6, color=angle_colors(turn), linewidths=0)
    inset.text(0, 0, "angle", ha="center", va="center", fontsize=7.5)
    inset.set(xlim=(-1.25, 1.25), ylim=(-1.25, 1.25), aspect="equal")
    inset.axis("off")
