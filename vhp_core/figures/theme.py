"""The book's look: one seaborn theme, one colour a model, one colour a class of motion."""

from collections.abc import Iterable

import seaborn as sns

__all__ = ["LABEL_COLORS", "MODEL_COLORS", "WIDTH", "label_colors", "set_theme"]

INK = "#222222"  # of lines and text that belong to no model

WIDTH = 6.8
"""Width of a full-width figure in inches: its 12-point text is still 9 pixels on a phone."""

MODEL_COLORS = {
    "VHP-VAE": "#0072B2",
    "IWAE": "#D55E00",
    "REWO-VAE": "#56B4E9",
    "VAE": "#4D4D4D",
    "VampPrior": "#009E73",
    "GECO": "#CC79A7",
    "REWO": "#0072B2",
}
"""One colour a model in every figure (Okabe & Ito's, safe for the colour-blind)."""

# No class shares the colour of VHP-VAE or IWAE. The first five differ by 0.20 or more in OKLab,
# also as seen with deuteranopia or protanopia (Machado et al., 2009).
LABEL_COLORS = (
    *("#E69F00", "#56B4E9", "#7B3FBF", "#8C564B", "#222222", "#009E73"),
    *("#CC79A7", "#888888", "#C1121F", "#332288", "#7FB800", "#00B8C4"),
)
"""Colours of classes, in the order in which the classes first appear."""


def set_theme() -> None:
    """Set the book's theme: white ground, 12-point text, PNG at double density.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> with plt.rc_context():  # for this block alone
        ...     vhp.plotting.set_theme()
        ...     plt.rcParams["font.size"]
        12.0
    """
    sns.set_theme(
        style="whitegrid",
        palette=list(LABEL_COLORS[:6]),
        rc={
            "figure.figsize": (WIDTH, 4.2),
            "figure.dpi": 200,
            "savefig.dpi": 200,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "savefig.transparent": False,
            "figure.constrained_layout.use": True,
            "font.size": 12,
            "axes.titlesize": 13,
            "axes.titleweight": "bold",
            "axes.labelsize": 12,
            "xtick.labelsize": 11,
            "ytick.labelsize": 11,
            "legend.fontsize": 11.5,
            "legend.frameon": False,
            "axes.edgecolor": "#9A9A9A",
            "grid.color": "#E3E3E3",
            "grid.linewidth": 0.8,
            "lines.linewidth": 2.0,
            "svg.hashsalt": "vhp",
        },
    )


def label_colors(labels: Iterable[str]) -> dict[str, str]:
    """Colour of every class, by order of first appearance: the same in every figure.

    Raises:
        ValueError: if there are more than 12 classes.

    Example:
        >>> vhp.plotting.label_colors(["walking", "jogging", "walking"])
        {'walking': '#E69F00', 'jogging': '#56B4E9'}
    """
    names = list(dict.fromkeys(str(label) for label in labels))
    if len(names) > len(LABEL_COLORS):
        raise ValueError(
            f"labels has {len(names)} classes, and {len(LABEL_COLORS)} colours are told apart: "
            "merge classes or draw a part of them"
        )
    return dict(zip(names, LABEL_COLORS, strict=False))
