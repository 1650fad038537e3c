"""Rows of grey pictures."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from .theme import INK, WIDTH

__all__ = ["plot_pictures"]

_HEAD = 0.27  # inches above a row, for its name
_GAP = 0.02  # of a picture's side


def plot_pictures(
    rows: Mapping[str, Tensor | np.ndarray],
    colors: Mapping[str, str] | str = INK,
    width: float = WIDTH,
) -> Figure:
    """Draw grey pictures side by side: one row a name, which stands above it.

    Args:
        rows: name -> (n, height, width) or (n, 1, height, width), values 0 (black) to 1 (white);
            what lies beyond is drawn as the nearer of both. Rows may differ in length.
        colors: of the names: one colour, or name -> colour.
        width: of the figure in inches.

    Raises:
        ValueError: if there is no row, one is empty or of another shape, pictures are not of one
            size, or a row has no colour.

    Example:
        >>> import numpy as np
        >>> import matplotlib.pyplot as plt
        >>> noise = np.random.default_rng(0).random((4, 8, 8))
        >>> figure = vhp.plotting.plot_pictures({"noise": noise})
        >>> len(figure.axes), figure.texts[0].get_text()
        (4, 'noise')
        >>> plt.close(figure)
    """
    if not rows:
        raise ValueError("rows is empty: give at least one")
    pictures = {name: _pictures(name, row) for name, row in rows.items()}
    sizes = {row.shape[1:] for row in pictures.values()}
    if len(sizes) > 1:
        raise ValueError(f"pictures must be of one size, got {sorted(sizes)}")
    if missing := [name for name in rows if not isinstance(colors, str) and name not in colors]:
        raise ValueError(f"colors lacks the rows {', '.join(missing)}")
    high, wide = sizes.pop()
    side = width / max(map(len, pictures.values()))
    tall = side * high / wide
    total = len(pictures) * (tall + _HEAD)
    figure = plt.figure(figsize=(width, total), layout="none")
    for number, (name, row) in enumerate(pictures.items()):
        below = total - (number + 1) * (tall + _HEAD)
        for column, picture in enumerate(row):
            corner = (column * side / width, below / total)
            size = ((1 - _GAP) * side / width, (1 - _GAP) * tall / total)
            ax = figure.add_axes((*corner, *size))
            ax.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="bicubic")
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        color = colors if isinstance(colors, str) else colors[name]
        figure.text(0, (below + tall + 0.03) / total, name, weight="bold", color=color)
    return figure


def _pictures(name: str, row: Tensor | np.ndarray) -> np.ndarray:
    """(n, height, width)."""
    given = row.detach().cpu().numpy() if isinstance(row, Tensor) else np.asarray(row)
    array = given[:, 0] if given.ndim == 4 and given.shape[1] == 1 else given
    if array.ndim != 3 or not array.size:
        raise ValueError(
            f"row {name!r} must have shape (n, height, width) or (n, 1, height, width), "
            f"got {given.shape}"
        )
    return array
