"""Frames of motion as vectors, with what is needed to draw them as figures."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .skeleton import Skeleton

__all__ = ["MotionData"]


@dataclass(frozen=True)
class MotionData:
    """n frames of D joint angles, labelled by motion.

    Attributes:
        x: (n, D) float32; angles in radians, lengths in metres, centred on the training frames.
        mean: (D,), what was subtracted.
        labels: (n,) strings, the motion that a frame belongs to.
        trials: (n,) strings, the recording that it was taken from.
        frames: (n,) integers, its place within that recording.
        split: two masks (n,), training and held-out frames.
        source: one sentence: which data, from where.
        channels: D names such as "lfemur rx".
        skeleton: to draw the figure with.
        frame_rate: frames in a second.
        pose: (C,), all channels of the skeleton (degrees, length units) where x does not move it.
        columns: (D,), the skeleton's channel that each column of x moves.

    Example:
        >>> data = vhp.data.mocap6()
        >>> frames = data.indices("squat")[:5]
        >>> data.joint_positions(data.x[frames]).shape
        (5, 31, 3)
    """

    x: Tensor
    mean: Tensor
    labels: np.ndarray
    trials: np.ndarray
    frames: np.ndarray
    split: tuple[Tensor, Tensor]
    source: str
    channels: tuple[str, ...]
    skeleton: Skeleton
    frame_rate: float
    pose: np.ndarray
    columns: np.ndarray

    def __post_init__(self) -> None:
        bad = (~torch.isfinite(self.x)).any(1).nonzero()
        if len(bad):
            i = int(bad[0])
            raise ValueError(f"frame {self.frames[i]} of {self.trials[i]} is not finite")

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """Pairs of joint indices to draw lines between."""
        return self.skeleton.bones

    def indices(self, label: str) -> np.ndarray:
        """The frames of one motion, in order.

        Raises:
            ValueError: if no frame has this label; the message lists those there are.
        """
        if label not in self.labels:
            raise ValueError(f"no motion {label!r}: there are {sorted(set(self.labels))}")
        return np.flatnonzero(self.labels == label)

    def joint_positions(self, x: Tensor | np.ndarray) -> np.ndarray:
        """Joints in metres, y up: (..., D) -> (..., J, 3).

        ``x`` is centred as :attr:`x` is, and may be decoded. The root stands at the origin and
        looks ahead, except for those of its channels that belong to x.

        Raises:
            ValueError: if the last dimension of ``x`` is not D, or a value is not finite.
        """
        x = np.asarray(x.detach().cpu() if isinstance(x, Tensor) else x, dtype=np.float64)
        if not x.ndim or x.shape[-1] != len(self.channels):
            raise ValueError(f"x must have shape (..., {len(self.channels)}), got {x.shape}")
        if not np.isfinite(x).all():
            raise ValueError("x is not finite")
        values = x.reshape(-1, x.shape[-1]) + self.mean.double().numpy()  # (T, D)
        is_length = self.skeleton.is_length[self.columns]
        channels = np.tile(np.asarray(self.pose, dtype=np.float64), (len(values), 1))  # (T, C)
        channels[:, self.columns] = np.where(
            is_length, values / self.skeleton.metres, np.rad2deg(values)
        )
        joints = self.skeleton.joint_positions(channels) * self.skeleton.metres
        return joints.reshape(*x.shape[:-1], *joints.shape[1:])
