"""Data sets of the book: CMU human motion, and the embedded mocap6."""

from .acclaim import Motion, Skeleton, read_amc, read_asf
from .cmu import cmu
from .mocap6 import generic_skeleton, mocap6
from .motion import MotionData

__all__ = [
    "Motion",
    "MotionData",
    "Skeleton",
    "cmu",
    "generic_skeleton",
    "mocap6",
    "read_amc",
    "read_asf",
]
