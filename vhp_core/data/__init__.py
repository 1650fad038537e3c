"""Data sets: the pendulum, human motion, 3D faces, and pictures for comparing likelihoods."""

from .acclaim import read_amc, read_asf
from .cmu import cmu
from .digits import digits
from .faces import FaceData, faces, render
from .fashion_mnist import fashion_mnist
from .images import Binarised, ImageData, binarise
from .mnist import mnist
from .mocap6 import generic_motion, generic_skeleton, mocap6
from .motion import MotionData
from .omniglot import omniglot
from .pendulum import PendulumData, pendulum
from .skeleton import Motion, Skeleton

__all__ = [
    "Binarised",
    "FaceData",
    "ImageData",
    "Motion",
    "MotionData",
    "PendulumData",
    "Skeleton",
    "binarise",
    "cmu",
    "digits",
    "faces",
    "fashion_mnist",
    "generic_motion",
    "generic_skeleton",
    "mnist",
    "mocap6",
    "omniglot",
    "pendulum",
    "read_amc",
    "read_asf",
    "render",
]
