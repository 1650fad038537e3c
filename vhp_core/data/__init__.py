"""Data sets of the book: the pendulum, CMU human motion, and the embedded mocap6."""

from .acclaim import read_amc, read_asf
from .cmu import cmu
from .mocap6 import generic_motion, generic_skeleton, mocap6
from .motion import MotionData
from .pendulum import PendulumData, pendulum
from .skeleton import Motion, Skeleton

__all__ = [
    "Motion",
    "MotionData",
    "PendulumData",
    "Skeleton",
    "cmu",
    "generic_motion",
    "generic_skeleton",
    "mocap6",
    "pendulum",
    "read_amc",
    "read_asf",
]
