"""Twelve exercises of CMU subjects 13 and 14: motion data that is part of the package."""

import json
from collections.abc import Mapping
from importlib.resources import files

import numpy as np
import torch

from .motion import MotionData
from .record import recorded
from .skeleton import Skeleton

__all__ = ["generic_motion", "generic_skeleton", "mocap6"]

_METRES = 0.0254 / 0.45  # in one length unit of the database

# Degrees and length units. The source took each channel's mean away, recording by recording; to
# draw a figure something has to be added again. Estimates: MOCAP6.md says from what.
_REMOVED_MEAN = {
    "root ty": 0.0,
    "lowerback rx": 0.0,
    "lowerback ry": 0.0,
    "upperneck ry": 0.0,
    "rhumerus rz": -50.0,
    "rradius rx": 50.0,
    "lhumerus rz": 50.0,
    "lradius rx": 50.0,
    "rtibia rx": 33.0,
    "rfoot rx": -15.0,
    "ltibia rx": 33.0,
    "lfoot rx": -15.0,
}

# Degrees. The channels that are not in the data, where they are not zero: legs a hip's breadth
# apart and a little bent at the hip, arms that hang beside the trunk when their rz is ∓85.
_NEUTRAL = {
    "lfemur rx": -15.0,
    "lfemur rz": -20.0,
    "rfemur rx": -15.0,
    "rfemur rz": 20.0,
    "lhumerus rx": -30.0,
    "rhumerus rx": -30.0,
    "lwrist ry": 10.0,
    "rwrist ry": 10.0,
}


@recorded
def mocap6() -> MotionData:
    """Twelve exercises, among them jogging, squats and arm circles: 2,058 frames, 12 channels.

    CMU subjects 13 (trials 29, 30, 31) and 14 (trials 6, 14, 20) at 10 Hz: the root's height in
    metres and 11 joint angles in radians, centred on the training frames' mean. The source had
    taken each channel's mean away in each recording, so ``mean`` is an estimate that gives the
    figure a plausible posture. Held out: the last quarter of every run of one exercise.

    The figure is drawn on :func:`generic_skeleton`. What is not in the data, thighs and sideways
    bends among it, keeps a neutral pose: a squat is seen in knees and height alone.

    References:
        | Joint Modeling of Multiple Time Series via the Beta Process with Application to Motion
        | Capture Segmentation (Fox, Hughes, Sudderth, Jordan, 2014)
        | Annals of Applied Statistics 8(3)

    Example:
        >>> data = vhp.data.mocap6()
        >>> data.x.shape, data.frame_rate
        (torch.Size([2058, 12]), 10.0)
    """
    with files(__package__).joinpath("mocap6.npz").open("rb") as file:
        stored = dict(np.load(file, allow_pickle=False))
    channels = tuple(name.replace(".", " ") for name in stored["channels"].tolist())
    skeleton = generic_skeleton()
    is_height = np.array([name == "root ty" for name in channels])
    removed = np.array([_REMOVED_MEAN[name] for name in channels])
    values = stored["values"].astype(np.float64) + removed  # (n, 12), degrees and length units
    values = np.where(is_height, values * _METRES, np.deg2rad(values))
    test = _last_quarters(stored["sequence"], stored["label"])
    mean = values[~test].mean(0)
    return MotionData(
        x=torch.as_tensor(values - mean, dtype=torch.float32),
        mean=torch.as_tensor(mean, dtype=torch.float32),
        labels=np.array([_words(name) for name in stored["label_names"].tolist()])[stored["label"]],
        trials=stored["sequence_names"][stored["sequence"]],
        frames=stored["step"].astype(np.int64),
        split=(torch.as_tensor(~test), torch.as_tensor(test)),
        source=(
            f"mocap6, embedded: {len(values)} frames of CMU motion capture, subjects 13 and 14, "
            "at 10 Hz (Fox, Hughes, Sudderth and Jordan, 2014; from the package bnpy 0.1.7)"
        ),
        channels=channels,
        skeleton=skeleton,
        frame_rate=10.0,
        pose=_neutral(skeleton),
        columns=np.array([skeleton.channel_names.index(name) for name in channels]),
    )


def generic_motion(channels: Mapping[str, float]) -> MotionData:
    """What vectors of these channels mean on :func:`generic_skeleton`: a motion without frames.

    Its :meth:`~MotionData.joint_positions` draws what a model decodes where the recordings that
    it was trained on are not at hand.

    Args:
        channels: name, such as "lfemur rx", -> the mean that was taken from it, in radians or
            metres, in the order of a vector's entries.

    Raises:
        ValueError: if the skeleton lacks a channel.

    Example:
        >>> import numpy as np
        >>> motion = vhp.data.generic_motion({"ltibia rx": 0.6, "rtibia rx": 0.6})
        >>> motion.joint_positions(np.zeros((5, 2))).shape
        (5, 31, 3)
    """
    skeleton = generic_skeleton()
    missing = [name for name in channels if name not in skeleton.channel_names]
    if missing or not channels:
        raise ValueError(f"the skeleton lacks the channels {', '.join(missing) or '(none named)'}")
    nothing = torch.zeros(0, dtype=torch.bool)
    return MotionData(
        x=torch.zeros(0, len(channels)),
        mean=torch.tensor(list(channels.values())),
        labels=np.array([], dtype=str),
        trials=np.array([], dtype=str),
        frames=np.array([], dtype=np.int64),
        split=(nothing, nothing),
        source="no frames",
        channels=tuple(channels),
        skeleton=skeleton,
        frame_rate=30.0,
        pose=_neutral(skeleton),
        columns=np.array([skeleton.channel_names.index(name) for name in channels]),
    )


def _neutral(skeleton: Skeleton) -> np.ndarray:
    """(C,), degrees and length units."""
    return np.array([_NEUTRAL.get(name, 0.0) for name in skeleton.channel_names])


def generic_skeleton() -> Skeleton:
    """A skeleton with the bones and joint axes of the CMU database's, in metres.

    Its numbers come from the humanoid_CMU model of dm_control 1.0.50; see the provenance in
    generic_skeleton.json.

    Example:
        >>> skeleton = vhp.data.generic_skeleton()
        >>> len(skeleton.names), len(skeleton.channel_names)
        (31, 62)
    """
    table = json.loads(files(__package__).joinpath("generic_skeleton.json").read_text("utf-8"))
    bones, zero = table["bones"], [0.0, 0.0, 0.0]
    names = ("root", *(bone["name"] for bone in bones))
    return Skeleton(
        names=names,
        parents=(-1, *(names.index(bone["parent"]) for bone in bones)),
        directions=np.array([zero, *(bone["direction"] for bone in bones)]),
        lengths=np.array([0.0, *(bone["length"] for bone in bones)]),
        axes=np.array([zero, *(bone["axis"] for bone in bones)]),
        dof=(("tx", "ty", "tz", "rx", "ry", "rz"), *(tuple(bone["dof"]) for bone in bones)),
        metres=table["metres"],
    )


def _words(name: str) -> str:
    """ "KneeRaise" -> "knee raise"."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


def _last_quarters(sequence: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Mask of the last quarter of each run of one label within a sequence: (n,)."""
    begins = (np.diff(sequence, prepend=-1) != 0) | (np.diff(label, prepend=-1) != 0)
    starts = np.flatnonzero(begins)
    stops = np.append(starts[1:], len(label))
    mask = np.zeros(len(label), dtype=bool)
    for start, stop in zip(starts, stops, strict=True):
        mask[stop - (stop - start) // 4 : stop] = True
    return mask
