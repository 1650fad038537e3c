"""Still pictures of motion: stick figures, and strips of them along interpolations.

Positions are in metres with y up; a figure that faces forward looks along +z, its left is +x.
The viewer stands at an azimuth, in degrees about the vertical axis: 0 looks the figure in the
face, −90 sees its right side with forward to the right. Left limbs are drawn darker than right.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["bone_sides", "plot_stick_figures", "plot_strip"]

AZIMUTH = -55.0

Bones = Sequence[tuple[int, int]]


def bone_sides(positions: "ArrayLike", bones: Bones, threshold: float = 0.4) -> np.ndarray:
    """Side of the body that each bone belongs to: +1 left, −1 right, 0 trunk and head.

    A limb begins at the first bone from the root that points sideways in the mean over frames
    (its x-part at least ``threshold`` of its length), and keeps its side to its end.

    Args:
        positions: (T, J, 3), facing forward: heading and sway of the root taken out.
        bones: pairs (parent, child) of joint indices.

    Returns:
        (bones,) int array.

    Raises:
        ValueError: if the positions have another shape, or a bone is not a pair of joints.

    Example:
        >>> joints = [[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [-0.5, 0.0, 0.0], [0.0, 1.0, 0.0]]
        >>> vhp.plotting.bone_sides([joints], [(0, 1), (0, 2), (0, 3)])
        array([ 1, -1,  0])
    """
    positions = check_positions("positions", positions)
    bones = check_bones(bones, positions.shape[1])
    vector = (positions[:, bones[:, 1]] - positions[:, bones[:, 0]]).mean(axis=0)  # (bones, 3)
    length = np.linalg.norm(vector, axis=1) + 1e-9
    sideways = np.where(abs(vector[:, 0]) >= threshold * length, np.sign(vector[:, 0]), 0)
    bone_to = {int(child): bone for bone, (_, child) in enumerate(bones)}

    def side(bone: int, depth: int = 0) -> int:
        parent = bone_to.get(int(bones[bone, 0]))
        inherited = side(parent, depth + 1) if parent is not None and depth < len(bones) else 0
        return inherited or int(sideways[bone])

    return np.array([side(bone) for bone in range(len(bones))])


def plot_stick_figures(
    ax: Axes,
    positions: "ArrayLike",
    bones: Bones,
    color: str = "#0072B2",
    azimuth: float = AZIMUTH,
    spacing: float | None = None,
    sides: Sequence[int] | np.ndarray | None = None,
    ground: bool = True,
) -> Axes:
    """Draw figures side by side on a common ground line, all in one scale.

    Args:
        positions: (T, J, 3) in metres, y up; each of the T frames is drawn.
        bones: pairs of joint indices to draw lines between.
        color: of the trunk; left limbs are darker, right limbs lighter, near ones thicker.
        azimuth: where the viewer stands, in degrees.
        spacing: metres from figure to figure; wide enough for the widest pair if not given.
        sides: (bones,), +1 left, −1 right, 0 neither; :func:`bone_sides` if not given.
        ground: let each figure's lowest joint stand on the ground line.

    Raises:
        ValueError: if a shape is wrong, a value is not finite, or a bone is not a pair of joints.

    Example:
        >>> from matplotlib.figure import Figure
        >>> data, ax = vhp.data.mocap6(), Figure().subplots()
        >>> ax = vhp.plotting.plot_stick_figures(ax, data.joint_positions(data.x[:3]), data.bones)
        >>> len(ax.collections)  # one a figure
        3
    """
    positions = check_positions("positions", positions)
    pairs = check_bones(bones, positions.shape[1])
    sides = np.asarray(bone_sides(positions, bones) if sides is None else sides)
    if sides.shape != (len(pairs),):
        raise ValueError(f"sides must have shape ({len(pairs)},), got {sides.shape}")
    screen, near = project(positions, azimuth, ground)  # (T, J, 2), (T, J)
    spacing = figure_spacing(screen) if spacing is None else spacing
    screen = screen + np.arange(len(screen))[:, None, None] * [spacing, 0]
    shades = {1: shade(color, -0.35), 0: to_hex(color), -1: shade(color, 0.4)}
    for points, depth in zip(screen, near, strict=True):
        nearness = depth[pairs].mean(axis=1)  # (bones,)
        order = nearness.argsort()  # the far ones first
        span = np.ptp(nearness) + 1e-9
        widths = 1.6 + 1.2 * (nearness[order] - nearness.min()) / span
        ax.add_collection(
            LineCollection(
                points[pairs[order]],
                colors=[shades[int(sides[bone])] for bone in order],
                linewidths=widths,
                capstyle="round",
                zorder=3,
            )
        )
    ax.axhline(screen[..., 1].min(), color="#9A9A9A", linewidth=1.0, zorder=1)
    ax.set(xticks=[], yticks=[], aspect="equal")
    ax.grid(False)
    ax.set_xlim(-spacing / 2, (len(screen) - 0.5) * spacing)
    ax.set_ylim(screen[..., 1].min() - 0.05, screen[..., 1].max() + 0.05)
    for edge in ax.spines.values():
        edge.set_visible(False)
    return ax


def plot_strip(
    rows: Mapping[str, np.ndarray],
    bones: Bones,
    num: int = 8,
    colors: Mapping[str, str] | str = "#0072B2",
    azimuth: float = AZIMUTH,
    sides: Sequence[int] | np.ndarray | None = None,
    ground: bool = True,
    width: float = 6.8,
) -> Figure:
    """Draw interpolations: one row a path, ``num`` figures at equal steps, all in one scale.

    Args:
        rows: name -> (T, J, 3) decoded path in metres, y up.
        bones: pairs of joint indices to draw lines between.
        num: figures in a row; their place along the path, 0 to 1, is written below the last row.
        colors: one colour, or name -> colour.
        azimuth, sides, ground: as in :func:`plot_stick_figures`.
        width: of the figure in inches.

    Returns:
        a figure with one axes a row.

    Raises:
        ValueError: if there is no row, a row has fewer than 2 frames or another number of
            joints than the first, ``num`` is below 2, or a row has no colour.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> data = vhp.data.mocap6()
        >>> rows = {"frames": data.joint_positions(data.x[:20])}
        >>> figure = vhp.plotting.plot_strip(rows, data.bones, num=4)
        >>> [ax.get_title(loc="left") for ax in figure.axes]
        ['frames']
        >>> plt.close(figure)
    """
    if not rows:
        raise ValueError("rows is empty: give at least one path")
    if num < 2:
        raise ValueError(f"num must be at least 2, got {num}")
    chosen = {}
    for name, path in rows.items():
        path = check_positions(f"row {name!r}", path, min_frames=2)
        fractions = np.linspace(0, 1, num)
        chosen[name] = path[np.round(fractions * (len(path) - 1)).astype(int)]  # (num, J, 3)
        if chosen[name].shape != next(iter(chosen.values())).shape:
            raise ValueError(
                f"row {name!r} has {path.shape[1]} joints, the first row "
                f"{next(iter(chosen.values())).shape[1]}"
            )
        if not isinstance(colors, str) and name not in colors:
            raise ValueError(f"colors lacks the row {name!r}")
    if sides is None:
        sides = bone_sides(np.concatenate(list(chosen.values())), bones)
    screens = [project(path, azimuth, ground)[0] for path in chosen.values()]
    spacing = max(figure_spacing(screen) for screen in screens)
    low = min(screen[..., 1].min() for screen in screens) - 0.06
    high = max(screen[..., 1].max() for screen in screens) + 0.06
    row_height = width * (high - low) / (num * spacing) + 0.35  # inches; 0.35 for the row's name
    figure, grid = plt.subplots(
        len(chosen), 1, figsize=(width, len(chosen) * row_height + 0.3), squeeze=False
    )
    for ax, (name, path) in zip(grid[:, 0], chosen.items(), strict=True):
        color = colors if isinstance(colors, str) else colors[name]
        plot_stick_figures(ax, path, bones, color, azimuth, spacing, sides, ground)
        ax.set_ylim(low, high)
        ax.set_title(name, loc="left", fontsize=12, pad=2)
    steps = [f"{fraction:.3g}" for fraction in fractions]
    grid[-1, 0].set_xticks(np.arange(num) * spacing, steps)
    grid[-1, 0].set_xlabel("place along the path")
    return figure


def figure_spacing(screen: np.ndarray, gap: float = 0.08) -> float:
    """Distance at which no two neighbours of (T, J, 2) projected figures overlap."""
    left, right = screen[..., 0].min(axis=1), screen[..., 0].max(axis=1)  # (T,)
    if len(screen) == 1:
        return float(right[0] - left[0]) + gap
    return float((right[:-1] - left[1:]).max()) + gap


def shade(color: str, amount: float) -> str:
    """Mix a colour with white (amount > 0) or black (amount < 0)."""
    rgb = np.array(to_rgb(color))
    r, g, b = rgb + (1.0 - rgb) * amount if amount > 0 else rgb * (1.0 + amount)
    return to_hex((r, g, b))


def check_positions(name: str, positions: "ArrayLike", min_frames: int = 1) -> np.ndarray:
    """(T, J, 3) finite float array, or a ValueError that names the argument."""
    positions = np.asarray(positions, dtype=float)
    if positions.ndim != 3 or positions.shape[2] != 3 or positions.shape[1] < 2:
        raise ValueError(f"{name} must have shape (T, J, 3), got {positions.shape}")
    if len(positions) < min_frames:
        raise ValueError(f"{name} has {len(positions)} frames, and needs at least {min_frames}")
    if not np.isfinite(positions).all():
        frame = int(np.argwhere(~np.isfinite(positions))[0, 0])
        raise ValueError(f"{name} is not finite in frame {frame}")
    return positions


def check_bones(bones: Bones, num_joints: int) -> np.ndarray:
    """(bones, 2) int array of joints that exist, or a ValueError."""
    pairs = np.asarray(bones)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.issubdtype(pairs.dtype, np.integer):
        raise ValueError(f"bones must be pairs of joint indices, got an array of {pairs.shape}")
    bad = pairs[((pairs < 0) | (pairs >= num_joints)).any(axis=1)]
    if len(bad):
        raise ValueError(
            f"bone {tuple(bad[0].tolist())} names a joint that is not there: the positions have "
            f"joints 0 to {num_joints - 1}"
        )
    return pairs


def project(positions: np.ndarray, azimuth: float, ground: bool) -> tuple[np.ndarray, np.ndarray]:
    """(T, J, 3) -> (T, J, 2) to the right and up on the screen, and (T, J) towards the viewer."""
    x, y, z = np.moveaxis(positions, -1, 0)
    angle = np.radians(azimuth)
    right = x * np.cos(angle) - z * np.sin(angle)
    near = x * np.sin(angle) + z * np.cos(angle)
    up = y - y.min(axis=1, keepdims=True) if ground else y - y.min()
    return np.stack([right, up], axis=-1), near
