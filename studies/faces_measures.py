"""The pictures of the study ``faces``, and what is measured on pictures."""

from typing import NamedTuple

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.kernel_ridge import KernelRidge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

import vhp_core as vhp


class Pictures(NamedTuple):
    """What the models are trained on and measured on."""

    train: Tensor
    """(n, 1, S, S), with mirror images."""
    test: Tensor
    """Pictures of other people: those that chapter 9 holds out."""
    azimuth: np.ndarray
    """(n_test,) degrees."""
    reader: Pipeline
    """Of the azimuth, fitted to the training pictures."""


def pictures(settings: dict) -> Pictures:
    """Render them, or read them from the cache."""
    train = vhp.data.faces(settings["pictures"], seed=settings["pictures_seed"])
    others = vhp.data.faces(settings["held_out_from"], seed=0)
    test = others.split[1]
    return Pictures(
        with_mirrored(train.x),
        others.x[test],
        others.factors["azimuth"].to_numpy()[test.numpy()],
        fit_azimuth(train.x, train.factors["azimuth"].to_numpy()),
    )


def with_mirrored(x: Tensor) -> Tensor:
    """Pictures and their mirror images: the faces are symmetric, so these are renderings too."""
    return torch.cat([x, x.flip(-1)])


def fit_azimuth(x: torch.Tensor, azimuth: np.ndarray) -> Pipeline:
    """A regressor that reads the azimuth, in degrees, from a picture."""
    reader = make_pipeline(
        PCA(50, random_state=0), StandardScaler(), KernelRidge(alpha=0.01, kernel="rbf", gamma=0.01)
    )
    return reader.fit(x.flatten(1).numpy(), azimuth)


def squared_distance(a: Tensor, b: Tensor) -> float:
    """Mean over pictures of the squared distance, summed over pixels."""
    return (a - b).square().flatten(1).sum(1).mean().item()
