"""Numbers of runs: what happened over the steps, and models compared over seeds."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from ..engine.history import History
from .theme import INK, LABEL_COLORS, MODEL_COLORS, WIDTH

__all__ = ["plot_history", "plot_paired"]


def plot_history(
    history: History | pd.DataFrame | Mapping[str, History | pd.DataFrame],
    kappa: float | None = None,
    initial_phase_end: float | None = None,
) -> Figure:
    """Draw training: reconstruction error, rate and multiplier λ over the steps, one below another.

    Raw values are thin, smoothed ones bold; κ² is dashed; the initial phase is shaded. Held-out
    values, where there are some, are dots joined by a dotted line; their bound has a panel more.

    Args:
        history: what :func:`vhp_core.fit` returns, or a frame with the columns ``step, error,
            smoothed_error, rate, multiplier, initial_phase`` (``History.frame()``); or
            name -> one of these to overlay several models.
        kappa: κ, the tolerated error's root.
        initial_phase_end: last step of the initial phase; from the frame if not given.

    Raises:
        ValueError: if there is no history, or one is empty or lacks a column.

    Example:
        >>> import pandas as pd
        >>> import matplotlib.pyplot as plt
        >>> columns = ["step", "error", "smoothed_error", "rate", "multiplier", "initial_phase"]
        >>> frame = pd.DataFrame([[1, 4.0, 4.0, 2.0, 9.0, True], [2, 3.0, 3.9, 2.0, 9.1, False]])
        >>> figure = vhp.plotting.plot_history(frame.set_axis(columns, axis=1), kappa=1.5)
        >>> [ax.get_ylabel() for ax in figure.axes]
        ['error E[C]', 'rate (nats)', 'multiplier λ']
        >>> plt.close(figure)
    """
    several = history if isinstance(history, Mapping) else {"": history}
    frames = {k: h.frame() if isinstance(h, History) else h for k, h in several.items()}
    if not frames:
        raise ValueError("history is empty: give at least one frame")
    needed = ["step", "error", "smoothed_error", "rate", "multiplier", "initial_phase"]
    for name, frame in frames.items():
        missing = [column for column in needed if column not in frame]
        if missing or frame.empty:
            what = f"lacks the columns {', '.join(missing)}" if missing else "has no rows"
            raise ValueError(f"history{f' of {name}' if name else ''} {what}")

    panels = 3 + any("validation_bound" in frame for frame in frames.values())
    figure, axes = plt.subplots(panels, 1, sharex=True, figsize=(WIDTH, 2.2 * panels))
    top, middle, bottom = axes[:3]
    held_out = {"validation_error": top, "validation_rate": middle, "validation_bound": axes[-1]}
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
        for column in held_out.keys() & set(frame):
            seen = frame[column].notna()
            label = f"{name} held out".strip() if column == "validation_error" else None
            style = {"color": color, "marker": "o", "markersize": 3.5, "linestyle": "dotted"}
            held_out[column].plot(step[seen], frame[column][seen], label=label, **style)
        if frame["multiplier"].notna().any():
            bottom.plot(step, frame["multiplier"], **line)
        initial = step[frame["initial_phase"].astype(bool)]
        end = initial_phase_end if initial_phase_end is not None else initial.max()
        if pd.notna(end) and end > step.iloc[0]:
            for ax in axes:
                ax.axvspan(step.iloc[0], end, color=color, **phase)
            phase.pop("label", None)  # one entry in the legend
    if kappa is not None:
        top.axhline(kappa**2, color=INK, linestyle="dashed", linewidth=1.4, label="κ²")
    top.set_ylabel("error E[C]")
    middle.set_ylabel("rate (nats)")
    bottom.set(ylabel="multiplier λ", yscale="log")
    if panels > 3:
        axes[3].set_ylabel("held-out bound (nats)")
    axes[-1].set_xlabel("step")
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
        >>> import pandas as pd
        >>> import matplotlib.pyplot as plt
        >>> rows = [("IWAE", 0, 9.1), ("IWAE", 1, 9.3), ("VHP-VAE", 0, 7.9), ("VHP-VAE", 1, 8.2)]
        >>> frame = pd.DataFrame(rows, columns=["model", "seed", "rate"])
        >>> figure = vhp.plotting.plot_paired(frame, {"rate": "rate (nats)"}, ["IWAE", "VHP-VAE"])
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
