"""Figures of the book: latent spaces, training histories, comparisons; one seaborn theme.

Every function draws into axes that it is given, or makes a figure, and returns it; none shows it.
The theme and its colours (:mod:`vhp_core.theme`) and stick figures, still and in strips
(:mod:`vhp_core.stick_figures`), are re-exported here; motion that plays in the
page is :func:`vhp_core.player.motion_player`.
"""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.patheffects as effects
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from .angles import ANGLE_MAP, angle_colors, plot_angles
from .seeding import seeded
from .stick_figures import bone_sides, plot_stick_figures, plot_strip
from .theme import LABEL_COLORS, MODEL_COLORS, WIDTH, label_colors, set_theme

__all__ = [
    "ANGLE_MAP",
    "LABEL_COLORS",
    "MODEL_COLORS",
    "WIDTH",
    "angle_colors",
    "bone_sides",
    "label_colors",
    "plot_angles",
    "plot_history",
    "plot_latents",
    "plot_paired",
    "plot_stick_figures",
    "plot_strip",
    "set_theme",
]

_MARKERS = "osD^vP*Xph<>"
_PATH_STYLES = ("solid", (0, (4, 2)), (0, (1, 1.5)), "dashdot")
_INK = "#222222"
_HALO = [effects.withStroke(linewidth=3.0, foreground="white")]


def plot_latents(
    ax: Axes,
    z,
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
        >>> ax = Figure().subplots()
        >>> ax = plot_latents(ax, [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], ["run", "run", "rest"])
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
            *points.T,
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
            ax.text(*at, name, ha="center", va="center", path_effects=_HALO, zorder=5)
    for (name, path), style in zip(paths.items(), _PATH_STYLES * len(paths), strict=False):
        line = {"color": _INK, "path_effects": _HALO, "zorder": 4}
        ax.plot(*path.T, linestyle=style, linewidth=2.2, label=name, **line)
        ax.plot(*path[0], marker="o", markersize=8, mfc="white", mec=_INK, mew=2, zorder=4.1)
        ax.plot(*path[-1], marker="s", markersize=7, color=_INK, mec="white", zorder=4.1)
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


def plot_history(
    history: pd.DataFrame | Mapping[str, pd.DataFrame],
    kappa: float | None = None,
    initial_phase_end: float | None = None,
) -> Figure:
    """Draw training: reconstruction error, rate and multiplier λ over the steps, one below another.

    Raw values are thin, smoothed ones bold; κ² is dashed; the initial phase is shaded.

    Args:
        history: frame with the columns ``step, error, smoothed_error, rate, multiplier,
            initial_phase`` (``History.frame()``), or name -> frame to overlay several models.
        kappa: κ, the tolerated error's root.
        initial_phase_end: last step of the initial phase; from the frame if not given.

    Raises:
        ValueError: if there is no history, or one is empty or lacks a column.

    Example:
        >>> columns = ["step", "error", "smoothed_error", "rate", "multiplier", "initial_phase"]
        >>> frame = pd.DataFrame([[1, 4.0, 4.0, 2.0, 9.0, True], [2, 3.0, 3.9, 2.0, 9.1, False]])
        >>> figure = plot_history(frame.set_axis(columns, axis=1), kappa=1.5)
        >>> [ax.get_ylabel() for ax in figure.axes]
        ['error E[C]', 'rate (nats)', 'multiplier λ']
        >>> plt.close(figure)
    """
    frames = {"": history} if isinstance(history, pd.DataFrame) else dict(history)
    if not frames:
        raise ValueError("history is empty: give at least one frame")
    needed = ["step", "error", "smoothed_error", "rate", "multiplier", "initial_phase"]
    for name, frame in frames.items():
        missing = [column for column in needed if column not in frame]
        if missing or frame.empty:
            what = f"lacks the columns {', '.join(missing)}" if missing else "has no rows"
            raise ValueError(f"history{f' of {name}' if name else ''} {what}")

    figure, (top, middle, bottom) = plt.subplots(3, 1, sharex=True, figsize=(WIDTH, 6.6))
    spare = iter(LABEL_COLORS)
    phase = {"alpha": 0.12, "linewidth": 0, "label": "initial phase"}
    for name, frame in frames.items():
        color = MODEL_COLORS.get(name or "VHP-VAE") or next(spare)
        line = {"color": color, "label": name or None}
        step = frame["step"]
        window = max(1, len(frame) // 50)
        smooth_rate = frame["rate"].rolling(window, center=True, min_periods=1).mean()
        for ax, raw, smooth in (
            (top, frame["error"], frame["smoothed_error"]),
            (middle, frame["rate"], smooth_rate),
        ):
            ax.plot(step, raw, color=color, linewidth=0.6, alpha=0.35)
            ax.plot(step, smooth, **line)
        if frame["multiplier"].notna().any():
            bottom.plot(step, frame["multiplier"], **line)
        initial = step[frame["initial_phase"].astype(bool)]
        end = initial_phase_end if initial_phase_end is not None else initial.max()
        if pd.notna(end) and end > step.iloc[0]:
            for ax in (top, middle, bottom):
                ax.axvspan(step.iloc[0], end, color=color, **phase)
            phase.pop("label", None)  # one entry in the legend
    if kappa is not None:
        top.axhline(kappa**2, color=_INK, linestyle="dashed", linewidth=1.4, label="κ²")
    top.set_ylabel("error E[C]")
    middle.set_ylabel("rate (nats)")
    bottom.set(ylabel="multiplier λ", xlabel="step", yscale="log")
    _plain_ticks(bottom)
    errors = np.concatenate([frame["smoothed_error"].dropna() for frame in frames.values()])
    if len(errors) and errors.min() > 0 and errors.max() > 20 * errors.min():
        top.set_yscale("log")
        _plain_ticks(top)
    if top.get_legend_handles_labels()[0]:
        top.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.1)
    figure.align_ylabels()
    return figure


def plot_paired(
    frame: pd.DataFrame,
    measures: Mapping[str, str] | Sequence[str],
    models: Sequence[str],
    pair: str = "seed",
    columns: int = 3,
) -> Figure:
    """Compare models over seeds: one panel a measure, one dot a seed, pairs of a seed joined.

    Args:
        frame: tidy, one row a model and seed: the columns ``model``, ``pair`` and the measures.
        measures: columns of ``frame``; or column -> title of its panel.
        models: the models, from left to right. A short bar marks each one's mean.
        pair: the column whose equal values are joined by a line.
        columns: panels side by side.

    Raises:
        ValueError: if a column or model is missing, or a model has a seed twice.

    Example:
        >>> rows = [("IWAE", 0, 9.1), ("IWAE", 1, 9.3), ("VHP-VAE", 0, 7.9), ("VHP-VAE", 1, 8.2)]
        >>> frame = pd.DataFrame(rows, columns=["model", "seed", "rate"])
        >>> figure = plot_paired(frame, {"rate": "rate (nats)"}, ["IWAE", "VHP-VAE"])
        >>> [ax.get_title() for ax in figure.axes]
        ['rate (nats)']
        >>> plt.close(figure)
    """
    titles = dict(measures) if isinstance(measures, Mapping) else {m: m for m in measures}
    missing = [column for column in ("model", pair, *titles) if column not in frame]
    if missing or not titles:
        raise ValueError(f"frame lacks the columns {', '.join(missing) or 'to be drawn'}")
    absent = [name for name in models if name not in set(frame["model"])]
    if absent or not models:
        raise ValueError(f"frame has no rows of the models {', '.join(absent) or '(none named)'}")
    if frame[frame["model"].isin(models)].duplicated(["model", pair]).any():
        raise ValueError(f"frame has more than one row with the same model and {pair}")

    columns = min(columns, len(titles))
    rows = -(-len(titles) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(WIDTH, 2.9 * rows), squeeze=False)
    for ax in grid.flat[len(titles) :]:
        ax.remove()
    at = np.arange(len(models))
    for ax, (measure, title) in zip(grid.flat, titles.items(), strict=False):
        values = frame.pivot(index=pair, columns="model", values=measure)[list(models)]
        ax.plot(at, values.T.to_numpy(), color="#B5B5B5", linewidth=1.0, zorder=1)
        for x, name in zip(at, models, strict=True):
            color = MODEL_COLORS.get(name, LABEL_COLORS[x % len(LABEL_COLORS)])
            style = {"color": color, "edgecolor": "white", "linewidth": 0.8}
            ax.scatter(np.full(len(values), x), values[name], s=55, zorder=3, **style)
            ax.hlines(values[name].mean(), x - 0.2, x + 0.2, color=color, linewidth=2.5, zorder=2)
        ax.set_title(title, fontsize=12)
        ax.set_xticks(at, models)
        ax.set_xlim(-0.5, len(models) - 0.5)
        ax.grid(axis="x", visible=False)
    return figure


def _plain_ticks(ax: Axes) -> None:
    """Few ticks on a logarithmic y axis, in plain numbers."""
    low, high = ax.get_ylim()
    subs = (1,) if high > 100 * low else (1, 2, 5)
    ax.yaxis.set_major_locator(LogLocator(subs=subs) if high > 10 * low else MaxNLocator(4))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())


def _points(name: str, points) -> np.ndarray:
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
