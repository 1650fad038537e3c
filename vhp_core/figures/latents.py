"""Latent spaces of two dimensions: codes, the prior's density, a graph and paths in one panel."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.patheffects as effects
import numpy as np
import seaborn as sns
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from ..engine.seeding import seeded
from .theme import INK, label_colors

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["plot_latents"]

_MARKERS = "osD^vP*Xph<>"
_PATH_STYLES = ("solid", (0, (4, 2)), (0, (1, 1.5)), "dashdot")
_HALO = [effects.withStroke(linewidth=3.0, foreground="white")]


def plot_latents(
    ax: Axes,
    z: "ArrayLike",
    labels: Sequence[str],
    colors: Mapping[str, str] | None = None,
    paths: Mapping[str, np.ndarray] | None = None,
    density: Callable | None = None,
    graph: tuple | None = None,
    legend: str | None = "below",
    size: float = 9.0,
) -> Axes:
    """Draw a two-dimensional latent space, its points coloured by class.

    Args:
        z: (n, 2) points, such as encoded means.
        labels: (n,) class of each point.
        colors: class -> colour; :func:`label_colors` of ``labels`` if not given. With more than
            six classes the markers differ too.
        paths: name -> (m, 2) points, drawn from a ring to a square.
        density: log density of the prior, (m, 2) float32 tensor -> (m,); shaded in grey from its
            peak to 10 nats below, and evaluated under a seed of its own.
        graph: ``(nodes, edges)``: (k, 2) points and (e, 2) indices of joined nodes.
        legend: "below" the axes, "direct" (each name at the middle of its class), or None.
        size: area of a point in points squared.

    Raises:
        ValueError: if a shape is wrong, a value is not finite, a class has no colour, or the
            points have more than two dimensions: project them first.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = Figure().subplots()
        >>> z = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
        >>> ax = vhp.plotting.plot_latents(ax, z, ["run", "run", "rest"])
        >>> ax.get_legend_handles_labels()[1]
        ['run', 'rest']
    """
    z = _points("z", z)
    labels = np.asarray(labels).astype(str)
    if labels.shape != (len(z),):
        raise ValueError(f"labels must have shape ({len(z)},), got {labels.shape}")
    if legend not in ("below", "direct", None):
        raise ValueError(f'legend must be "below", "direct" or None, got {legend!r}')
    colors = label_colors(labels) if colors is None else colors
    present = list(dict.fromkeys(labels))
    unknown = [name for name in present if name not in colors]
    if unknown:
        raise ValueError(f"colors lacks the classes {', '.join(unknown)}")
    paths = {name: _points(f"path {name!r}", path) for name, path in (paths or {}).items()}

    drawn = np.concatenate([z, *paths.values()])
    low, high = drawn.min(axis=0), drawn.max(axis=0)
    middle, half = (low + high) / 2, 0.54 * (high - low).max() + 1e-6
    ax.set_xlim(middle[0] - half, middle[0] + half)  # a square: panels stand side by side
    ax.set_ylim(middle[1] - half, middle[1] + half)
    if density is not None:
        _shade_density(ax, density)
    if graph is not None:
        nodes, edges = _points("graph nodes", graph[0]), np.asarray(graph[1], dtype=int)
        ax.add_collection(
            LineCollection(nodes[edges], colors="#B0B0B0", linewidths=0.4, zorder=1.5),
            autolim=False,
        )
    markers = dict(zip(colors, _MARKERS if len(colors) > 6 else "o" * 6, strict=False))
    for name in present:
        points = z[labels == name]
        ax.scatter(
            points[:, 0],
            points[:, 1],
            s=size,
            color=colors[name],
            marker=markers[name],
            linewidths=0,
            alpha=0.75,
            label=name,
            zorder=2,
        )
        if legend == "direct":
            middle = np.median(points, axis=0)
            at = points[np.linalg.norm(points - middle, axis=1).argmin()]
            ax.text(at[0], at[1], name, ha="center", va="center", path_effects=_HALO, zorder=5)
    for (name, path), style in zip(paths.items(), _PATH_STYLES * len(paths), strict=False):
        line: dict[str, Any] = {"color": INK, "path_effects": _HALO, "zorder": 4}
        ax.plot(*path.T, linestyle=style, linewidth=2.2, label=name, **line)
        ax.plot(*path[0], marker="o", markersize=8, mfc="white", mec=INK, mew=2, zorder=4.1)
        ax.plot(*path[-1], marker="s", markersize=7, color=INK, mec="white", zorder=4.1)
    if legend == "below" or (legend == "direct" and paths):
        handles, names = ax.get_legend_handles_labels()
        if legend == "direct":
            handles, names = handles[-len(paths) :], names[-len(paths) :]
        ax.legend(
            handles,
            names,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.1),
            ncols=min(3, len(names)),
            columnspacing=1.2,
            handletextpad=0.4,
            markerscale=2.2,
        )
    ax.set_aspect("equal")
    return ax


def _points(name: str, points: "ArrayLike") -> np.ndarray:
    """(n, 2) finite array, or a ValueError that names the argument."""
    points = np.asarray(points, dtype=float)
    if points.ndim == 2 and points.shape[1] > 2:
        raise ValueError(
            f"{name} has {points.shape[1]} dimensions and the plot two: project the points "
            "first (for example on their two leading principal components)"
        )
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise ValueError(f"{name} must have shape (n, 2), got {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError(f"{name} has values that are not finite")
    return points


def _shade_density(ax: Axes, density: Callable, resolution: int = 120, depth: float = 10.0) -> None:
    x = np.linspace(*ax.get_xlim(), resolution)
    y = np.linspace(*ax.get_ylim(), resolution)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)  # (resolution², 2)
    with seeded(0), torch.no_grad():
        values = density(torch.tensor(grid, dtype=torch.float32))
    values = np.asarray(values, dtype=float)
    if values.shape != (len(grid),):
        raise ValueError(f"density must return shape ({len(grid)},), got {values.shape}")
    values = values.reshape(resolution, resolution)
    levels = values.max() - depth * np.linspace(1, 0, 9)
    shades = sns.light_palette("#C4C4C4", n_colors=8)
    ax.contourf(x, y, values, levels=levels, colors=shades, zorder=0.5)
    ax.grid(False)
