"""A skeleton of bones, its motion, and where the joints are: forward kinematics."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Motion", "Skeleton"]


@dataclass(frozen=True)
class Skeleton:
    """Bones in a tree, as an .asf file describes them. J counts the root and all bones.

    Attributes:
        names: J names, the root first, parents before children.
        parents: J indices; −1 for the root.
        directions: (J, 3), unit vectors from a bone's start to its end, in the rest pose.
        lengths: (J,), in the file's length unit.
        axes: (J, 3), a bone's own axes as rotations about x, y, z, in degrees.
        dof: for each bone the channels that move it, such as ("rx", "ry", "rz").
        metres: metres in one length unit.

    Example:
        >>> arm = Skeleton(
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

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """(parent, child) pairs of joint indices, to draw lines between."""
        return tuple((p, j) for j, p in enumerate(self.parents) if p >= 0)

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Names such as "lfemur rx", in the order of :attr:`Motion.channels`."""
        return tuple(f"{name} {d}" for name, dof in zip(self.names, self.dof, strict=True)
                     for d in dof)  # fmt: skip

    def joint_positions(self, channels: np.ndarray) -> np.ndarray:
        """Forward kinematics.

        A bone turns about x, then y, then z of fixed axes, by M; its own axis rotation C enters
        as C M C⁻¹. Its end lies at its length along its turned direction from its parent's end.

        Args:
            channels: (T, C), in degrees and, for the root's translation, length units.

        Returns: (T, J, 3), the root's position and each bone's end, in length units, y up.

        Raises:
            ValueError: if ``channels`` is not of shape (T, C).
        """
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
            C = _rotation(*self.axes[j])  # (3, 3)
            M = _rotation(*(own.get(r, np.zeros(T)) for r in ("rx", "ry", "rz")))  # (T, 3, 3)
            turns[:, j] = C @ M @ C.T
            if parent < 0:
                for i, t in enumerate(("tx", "ty", "tz")):
                    positions[:, j, i] = own.get(t, 0.0)
            else:
                turns[:, j] = turns[:, parent] @ turns[:, j]
                offset = turns[:, j] @ (self.lengths[j] * self.directions[j])  # (T, 3)
                positions[:, j] = positions[:, parent] + offset
        return positions


@dataclass(frozen=True)
class Motion:
    """A motion on a skeleton, as an .amc file holds it.

    Attributes:
        channels: (T, C), in degrees and, for the root's translation, length units.
        names: the C names of the channels, such as "lfemur rx".

    Example:
        >>> Motion(channels=np.zeros((4, 1)), names=("arm rz",)).channels.shape
        (4, 1)
    """

    channels: np.ndarray
    names: tuple[str, ...]


def _rotation(x, y, z) -> np.ndarray:
    """Rotation about x, then y, then z of fixed axes, angles in degrees: (..., 3, 3)."""
    x, y, z = np.broadcast_arrays(*(np.deg2rad(np.asarray(a, dtype=np.float64)) for a in (x, y, z)))
    cx, cy, cz, sx, sy, sz = np.cos(x), np.cos(y), np.cos(z), np.sin(x), np.sin(y), np.sin(z)
    rows = [
        [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
        [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
        [-sy, cy * sx, cy * cx],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
