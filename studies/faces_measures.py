"""The pictures of the study ``faces``, and what is measured on a model of them.

Models see coordinates on principal axes. Errors, rates, log-likelihoods and distances are those of
coordinates; only what blurs a picture is measured on pictures.
"""

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from torch import Tensor

import vhp_core as vhp
from vhp_core import evaluation

PICTURES = {"number": 5600, "seed": 1, "held_out_from": 2800}
SAMPLES = 500
LIKELIHOOD = {"pictures": 100, "samples": 1000, "prior_samples": 64}
ANGLES = ("azimuth", "elevation", "light_azimuth", "light_elevation")


class Faces:
    """Pictures for training and other people's for measuring, with their coordinates.

    Args:
        spread: standard deviation of the identity's coefficients.
        axes: number of principal axes, those of the training pictures; or axes that were saved,
            since an axis that is fitted again may point the other way.

    Attributes:
        axes: :class:`vhp_core.PrincipalAxes`.
        train: (2n, axes) coordinates: of n pictures, then of their mirror images.
        test: (m, axes) coordinates, of each fifth of ``held_out_from`` pictures of seed 0.
        test_x: (m, 1, S, S), the pictures of these.
        factors: of the n pictures and of the m.
        left_out: mean squared distance of the m to the plane of the axes.
    """

    def __init__(self, spread: float, axes: int | vhp.PrincipalAxes):
        train, others = rendered(spread)
        held_out = others.split[1]
        x = torch.cat([train.x, train.x.flip(-1)])  # the faces are symmetric: renderings too
        self.axes = vhp.PrincipalAxes.fit(x, axes) if isinstance(axes, int) else axes
        self.train, self.test_x = self.axes.coordinates(x), others.x[held_out]
        self.test = self.axes.coordinates(self.test_x)
        self.factors = train.factors, others.factors[held_out.numpy()]
        rest = self.axes.restore(self.test) - self.test_x
        self.left_out = rest.square().flatten(1).sum(1).mean().item()


def rendered(spread: float) -> tuple[vhp.data.FaceData, vhp.data.FaceData]:
    """Render both sets of pictures, or read them from the cache."""
    p = PICTURES
    train = vhp.data.faces(p["number"], seed=p["seed"], identity_spread=spread)
    return train, vhp.data.faces(p["held_out_from"], seed=0, identity_spread=spread)


def detail(pictures: Tensor) -> float:
    """Mean square of the Laplacian of pictures, (n, 1, S, S): a blurred one has less."""
    centre = pictures[..., 1:-1, 1:-1]
    rows = pictures[..., :-2, 1:-1] + pictures[..., 2:, 1:-1]
    columns = pictures[..., 1:-1, :-2] + pictures[..., 1:-1, 2:]
    return (rows + columns - 4 * centre).square().mean().item()


def factor_scores(
    codes: tuple[Tensor, Tensor], factors: tuple[pd.DataFrame, pd.DataFrame]
) -> dict[str, float]:
    """R² of each factor read from codes: fitted to the first of both, scored on the second.

    The reader is a ridge regression on codes, their squares and products. ``r2_identity`` is the
    mean over the identity's coefficients. A factor that does not vary has no R².
    """
    reader = quadratic_reader().fit(codes[0].numpy(), factors[0].to_numpy())
    truth = factors[1].to_numpy()
    left = ((reader.predict(codes[1].numpy()) - truth) ** 2).sum(0)
    varies = truth.std(0) > 0
    total = np.where(varies, ((truth - truth.mean(0)) ** 2).sum(0), np.nan)
    scores = dict(zip(factors[1].columns, 1 - left / total, strict=True))
    identity = [score for name, score in scores.items() if name not in ANGLES]
    return {f"r2_{name}": scores[name] for name in ANGLES} | {"r2_identity": np.mean(identity)}


def quadratic_reader() -> Pipeline:
    """Ridge regression on standardised codes, their squares and their products."""
    quadratic = PolynomialFeatures(2, include_bias=False)
    return make_pipeline(StandardScaler(), quadratic, StandardScaler(), Ridge(1.0))


def errors_and_rates(model: vhp.VAE, data: Faces, seed: int) -> dict[str, float]:
    """On training and held-out pictures, the rate with K = 64."""
    found = {}
    for part, y in (("train", data.train), ("test", data.test)):
        found[f"{part}_error"] = evaluation.reconstruction_error(model, y, 4, seed).mean().item()
        found[f"{part}_rate"] = evaluation.rate(model, y, 4, 64, seed).mean().item()
    return found


@torch.no_grad()
def measure(model: vhp.VAE, data: Faces, seed: int) -> dict[str, float]:
    """What the table says about a trained model, but for its paths."""
    row = {"sigma": model.likelihood.log_scale.exp().item()}
    row |= errors_and_rates(model, data, seed)
    few = data.test[:: max(1, len(data.test) // LIKELIHOOD["pictures"])][: LIKELIHOOD["pictures"]]
    samples, k = LIKELIHOOD["samples"], LIKELIHOOD["prior_samples"]
    bound = evaluation.log_likelihood(model, few, samples, k, seed)
    fewer = evaluation.log_likelihood(model, few, samples // 4, k, seed)
    row |= {
        "log_likelihood": bound.mean().item(),
        "log_likelihood_fewer": fewer.mean().item(),  # whether the number before has converged
        "log_likelihood_error": (bound.std() / len(bound) ** 0.5).item(),
    }
    with vhp.engine.seeding.seeded(seed):
        drawn = model.sample(SAMPLES)
    codes = [model.encode(y).mean for y in (data.train[: len(data.factors[0])], data.test)]
    row |= of_samples(drawn, data)
    row["detail_rebuilt"] = detail(data.axes.restore(model.decode(codes[1]).mean))
    row["sharpness"] = row["detail_samples"] / row["detail_rebuilt"]
    row["sharpness_of_pictures"] = row["detail_samples"] / detail(data.test_x)
    if isinstance(model.prior, vhp.HierarchicalPrior):
        row["zeta_share"] = evaluation.zeta_share(model.prior)
    return row | factor_scores((codes[0], codes[1]), data.factors)


def of_samples(drawn: Tensor, data: Faces) -> dict[str, float]:
    """How near samples, (n, axes), are to the training pictures, how well they cover the others."""
    return {
        "sample_distance": evaluation.distance_to_data(drawn, data.train),
        "sample_recall": evaluation.distance_to_data(data.test, drawn),
        "detail_samples": detail(data.axes.restore(drawn)),
    }


def of_pictures(data: Faces, seed: int) -> dict[str, float]:
    """The same columns for pictures in the place of samples: what the best samples would have.

    Distance and detail are those of the held-out pictures, recall that of as many training
    pictures as a model is asked for samples.
    """
    chosen = np.random.default_rng(seed).choice(len(data.train), SAMPLES, replace=False)
    some = data.train[torch.from_numpy(chosen)]
    return {
        "sample_distance": evaluation.distance_to_data(data.test, data.train),
        "sample_recall": evaluation.distance_to_data(data.test, some),
        "detail_samples": detail(data.test_x),
        "detail_rebuilt": detail(data.axes.restore(data.test)),
        "left_out": data.left_out,
    }
