"""Data sets of the book: the pendulum, CMU human motion, the embedded mocap6, and 3D faces."""

from .acclaim import read_amc, read_asf
from .cmu import cmu
from .faces import FaceData, faces, render
from .mocap6 import generic_motion, generic_skeleton, mocap6
from .motion import MotionData
from .pendulum import PendulumData, pendulum
from .skeleton import Motion, Skeleton

__all__ = [
    "FaceData",
    "Motion",
    "MotionData",
    "PendulumData",
    "Skeleton",
    "cmu",
    "faces",
    "generic_motion",
    "generic_skeleton",
    "mocap6",
    "pendulum",
    "read_amc",
    "read_asf",
    "render",
]
