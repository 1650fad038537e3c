"""Differences between models, with their intervals."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from .theme import INK, WIDTH

__all__ = ["plot_effects"]


def plot_effects(
    panels: Mapping[str, Mapping[str, Sequence[float] | None]],
    color: str = "#0072B2",
    columns: int = 2,
) -> Figure:
    """Draw intervals of differences: one panel a measure, one line a comparison.

    A filled dot says that the interval excludes zero, an open one that it does not.

    Args:
        panels: title -> {comparison -> (mean, low, high, ...)}, such as
            :class:`vhp_core.book.Effect`. All panels have the same comparisons; where one cannot
            be made, None stands in its place, and the panel says "not measured".
        color: of dots and lines.
        columns: panels side by side; the comparisons are named at the left.

    Raises:
        ValueError: if there is no panel, the comparisons differ, or a mean lies outside its
            interval.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> effects = {"to the IWAE": (-0.5, -0.75, -0.25), "to the REWO-VAE": (0.1, -0.1, 0.3)}
        >>> figure = vhp.plotting.plot_effects({"rate (nats)": effects})
        >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
        ['to the IWAE', 'to the REWO-VAE']
        >>> plt.close(figure)
    """
    kinds = {tuple(effects) for effects in panels.values()}
    if len(kinds) != 1 or () in kinds:
        raise ValueError("panels need the same comparisons, at least one each")
    names = list(next(iter(panels.values())))
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    height = rows * (1.0 + 0.36 * len(names))
    figure, grid = plt.subplots(rows, columns, figsize=(WIDTH, height), squeeze=False, sharey=True)
    for ax in grid.flat[len(panels) :]:
        ax.remove()
    for ax, (title, effects) in zip(grid.flat, panels.items(), strict=False):
        ax.axvline(0, color=INK, linewidth=1.2, zorder=1)
        for y, effect in enumerate(effects.values()):
            if effect is None:
                where = ax.get_yaxis_transform()
                said = ax.text(0.97, y, "not measured", ha="right", va="center", transform=where)
                said.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.5})
                continue
            mean, low, high, *_ = effect
            if not low <= mean <= high:
                raise ValueError(f"{title}: {mean} lies outside its interval, {low} to {high}")
            ax.hlines(y, low, high, color=color, linewidth=2.4, zorder=2)
            face = color if low > 0 or high < 0 else "white"
            ax.scatter(mean, y, s=48, facecolor=face, edgecolor=color, linewidth=1.8, zorder=3)
        ax.set_title(title, fontsize=12)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_yticks(range(len(names)), names)
        ax.grid(axis="y", visible=False)
        ax.locator_params(axis="x", nbins=4)
    return figure
