"""A skeleton of bones, its motion, and where the joints are: forward kinematics."""

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["DOF", "Motion", "Skeleton"]

DOF = ("tx", "ty", "tz", "rx", "ry", "rz", "l")
"""What can move a bone: translations, rotations, and a change of its length."""


@dataclass(frozen=True)
class Skeleton:
    """Bones in a tree, as an .asf file describes them. J counts the root and all bones.

    Attributes:
        names: J names, the root first, parents before children.
        parents: J indices; −1 for the root.
        directions: (J, 3), unit vectors from a bone's start to its end, in the rest pose.
        lengths: (J,), in the file's length unit.
        axes: (J, 3), a bone's own axes as rotations about x, y, z, in degrees.
        dof: for each bone the channels that move it, such as ("rx", "ry", "rz"), in the order in
            which they are evaluated: some of tx, ty, tz, rx, ry, rz and l.
        metres: metres in one length unit.
        position: (3,), where the figure as a whole stands, in length units.
        orientation: (3,), how it as a whole is turned, about x, y, z, in degrees.
        angle: the unit of angles in an .amc file that names none: "deg" or "rad".

    Raises:
        ValueError: if ``dof`` has an unknown channel, or one twice in a bone.

    Example:
        >>> import numpy as np
        >>> arm = vhp.data.Skeleton(
        ...     names=("root", "arm"), parents=(-1, 0), directions=np.eye(3)[[0, 0]],
        ...     lengths=np.array([0.0, 2.0]), axes=np.zeros((2, 3)), dof=((), ("rz",)), metres=1.0,
        ... )
        >>> arm.channel_names
        ('arm rz',)
        >>> arm.joint_positions(np.array([[90.0]]))[0, 1].round(3)  # turned from x to y
        array([0., 2., 0.])
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    directions: np.ndarray
    lengths: np.ndarray
    axes: np.ndarray
    dof: tuple[tuple[str, ...], ...]
    metres: float
    position: np.ndarray = field(default_factory=lambda: np.zeros(3))
    orientation: np.ndarray = field(default_factory=lambda: np.zeros(3))
    angle: str = "deg"

    def __post_init__(self) -> None:
        for name, dof in zip(self.names, self.dof, strict=True):
            if not set(dof) <= set(DOF) or len(set(dof)) < len(dof):
                raise ValueError(f"dof of {name!r} must be some of {DOF}, each once, got {dof}")

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """(parent, child) pairs of joint indices, to draw lines between."""
        return tuple((p, j) for j, p in enumerate(self.parents) if p >= 0)

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Names such as "lfemur rx", in the order of :attr:`Motion.channels`."""
        return tuple(f"{name} {d}" for name, dof in zip(self.names, self.dof, strict=True)
                     for d in dof)  # fmt: skip

    @property
    def is_length(self) -> np.ndarray:
        """(C,), which channels are lengths; the others are angles."""
        return np.array([d[0] != "r" for dof in self.dof for d in dof], dtype=bool)

    def joint_positions(self, channels: np.ndarray) -> np.ndarray:
        """Forward kinematics.

        A bone turns about fixed axes, one rotation after the other as its ``dof`` lists them: M.
        With its own axis rotation C, which is about x, then y, then z, and the turn R of its
        parent (the identity for the root), its turn is R C M C⁻¹. Its end lies at
        length + l along its turned direction from its parent's end, moved by R C (tx, ty, tz).
        The root lies at (tx, ty, tz). At last the figure is turned and moved as a whole, by
        :attr:`orientation` and :attr:`position`.

        Args:
            channels: (T, C), angles in degrees, translations and l in length units.

        Returns: (T, J, 3), the root's position and each bone's end, in length units, y up.

        Raises:
            TypeError: if a :class:`Motion` is given instead of its channels.
            ValueError: if ``channels`` is not of shape (T, C).
        """
        if isinstance(channels, Motion):
            raise TypeError("channels must be an array (T, C), got a Motion: pass motion.channels")
        channels = np.asarray(channels, dtype=np.float64)
        num_channels = len(self.channel_names)
        if channels.ndim != 2 or channels.shape[1] != num_channels:
            raise ValueError(f"channels must have shape (T, {num_channels}), got {channels.shape}")
        T, J = len(channels), len(self.names)
        positions, turns = np.zeros((T, J, 3)), np.zeros((T, J, 3, 3))
        first = 0
        for j, (parent, dof) in enumerate(zip(self.parents, self.dof, strict=True)):
            own = dict(zip(dof, channels[:, first : first + len(dof)].T, strict=True))
            first += len(dof)
            shift = np.stack([own.get(t, np.zeros(T)) for t in DOF[:3]], axis=-1)  # (T, 3)
            C = _rotation(*self.axes[j])  # (3, 3)
            turns[:, j] = C @ _in_order(own, T) @ C.T
            if parent < 0:
                positions[:, j] = shift
                continue
            turns[:, j] = turns[:, parent] @ turns[:, j]
            offset = turns[:, j] @ (self.lengths[j] * self.directions[j])  # (T, 3)
            if "l" in own:
                offset += own["l"][:, None] * (turns[:, j] @ self.directions[j])
            if shift.any():
                offset += (turns[:, parent] @ C @ shift[:, :, None])[:, :, 0]
            positions[:, j] = positions[:, parent] + offset
        if np.any(self.position) or np.any(self.orientation):
            positions = self.position + positions @ _rotation(*self.orientation).T
        return positions


@dataclass(frozen=True)
class Motion:
    """A motion on a skeleton, as an .amc file holds it.

    Attributes:
        channels: (T, C), angles in degrees, translations and l in length units.
        names: the C names of the channels, such as "lfemur rx".
        frames: (T,) integers, the numbers that the file gives its frames; empty if it is no file's.

    Example:
        >>> import numpy as np
        >>> vhp.data.Motion(channels=np.zeros((4, 1)), names=("arm rz",)).channels.shape
        (4, 1)
    """

    channels: np.ndarray
    names: tuple[str, ...]
    frames: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def _in_order(own: dict[str, np.ndarray], T: int) -> np.ndarray:
    """The rotations among a bone's channels, one after the other as they are listed: (T, 3, 3)."""
    runs: list[list[str]] = [[]]  # each of them about x, then y, then z
    for name in (name for name in own if name[0] == "r"):
        if runs[-1] and name < runs[-1][-1]:
            runs.append([])
        runs[-1].append(name)
    turns = [
        _rotation(*(own[r] if r in run else np.zeros(T) for r in ("rx", "ry", "rz")))
        for run in runs
    ]
    return reduce(lambda before, turn: turn @ before, turns)


def _rotation(x: "ArrayLike", y: "ArrayLike", z: "ArrayLike") -> np.ndarray:
    """Rotation about x, then y, then z of fixed axes, angles in degrees: (..., 3, 3)."""
    x, y, z = np.broadcast_arrays(*(np.deg2rad(np.asarray(a, dtype=np.float64)) for a in (x, y, z)))
    cx, cy, cz, sx, sy, sz = np.cos(x), np.cos(y), np.cos(z), np.sin(x), np.sin(y), np.sin(z)
    rows = [
        [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
        [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
        [-sy, cy * sx, cy * cx],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
