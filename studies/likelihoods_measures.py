"""What the study ``likelihoods`` measures on one model, and the pictures that it takes."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

import vhp_core as vhp
from vhp_core import evaluation

# Of the test: all pictures, those of the finer estimate, and of these the ones that show how it
# depends on K. Of the tuning: training pictures that are held out to judge by.
COUNTS = {"few": 500, "fewest": 100, "held_out": 10_000, "seed": 0}
LIKELIHOOD = {  # S draws of z, and K of ζ in the prior's bound
    "few": {"num_samples": 5000, "prior_samples": 8},
    "all": {"num_samples": 500, "prior_samples": 4},
    "judge": {"num_samples": 500, "prior_samples": 8},
}
FEWER_SAMPLES = (50, 500)
PRIOR_SAMPLES = (1, 4, 16, 64)  # of the fewest pictures, at S as of "all"
RATE_SAMPLES = 64  # K of the test's rate
ACTIVE = 0.01  # a unit is active if the variance of its mean over pictures is above this
ROWS = 200  # of a history that is kept


class Pictures:
    """Grey levels to train on, (n, D), and a test of black and white, fixed once and for all.

    ``grey`` and ``labels`` are the test's grey levels, of which it is drawn, and its classes.

    With ``tuning`` the test's pictures are out of reach, and training pictures take their place.
    """

    def __init__(self, tuning: bool = False):
        data = vhp.data.fashion_mnist()
        rows = [mask.nonzero().squeeze(1) for mask in data.split]
        if tuning:
            rows = rows[0].split(len(rows[0]) - COUNTS["held_out"])
        self.train, self.grey = (data.x[of].flatten(1) for of in rows)
        self.test, self.labels = vhp.data.binarise(self.grey, COUNTS["seed"]), data.labels[rows[1]]
        draw = np.random.default_rng(COUNTS["seed"])
        self.few = torch.from_numpy(draw.permutation(len(self.test))[: COUNTS["few"]])


def measure(model: vhp.VAE, data: Pictures, seed: int) -> tuple[dict, pd.DataFrame]:
    """A row, and log p(x) of each of the few pictures."""
    few = data.test[data.few]

    def log_p(x: Tensor, kind: str, **options: int) -> Tensor:
        return evaluation.log_likelihood(model, x, seed=seed, **LIKELIHOOD[kind] | options)

    of_few = log_p(few, "few")
    row = _mean("log_p", of_few) | _mean("log_p_all", log_p(data.test, "all"))
    row |= {f"log_p_s{s}": log_p(few, "few", num_samples=s).mean().item() for s in FEWER_SAMPLES}
    error = evaluation.reconstruction_error(model, data.test, seed=seed)
    rate = evaluation.rate(model, data.test, prior_samples=RATE_SAMPLES, seed=seed)
    row |= {"test_error": error.mean().item(), "test_rate": rate.mean().item()}
    row["active_units"] = active_units(model, data.test)
    if isinstance(model.prior, vhp.HierarchicalPrior):
        row["zeta_share"] = evaluation.zeta_share(model.prior)
        fewest = few[: COUNTS["fewest"]]
        for k in PRIOR_SAMPLES:
            row[f"log_p_k{k}"] = log_p(fewest, "all", prior_samples=k).mean().item()
    return row, pd.DataFrame({"picture": data.few.numpy(), "log_p": of_few.numpy()})


def judge(model: vhp.VAE, data: Pictures, seed: int) -> dict:
    """What the sweep over κ² is judged by."""
    part = data.test[data.few]
    log_p = evaluation.log_likelihood(model, part, seed=seed, **LIKELIHOOD["judge"])
    return _mean("log_p", log_p) | {"active_units": active_units(model, data.test)}


def active_units(model: vhp.VAE, x: Tensor) -> int:
    """How many dimensions of z say something of x: Var over x of E[z_d | x] is above a limit.

    Burda, Grosse, Salakhutdinov, *Importance Weighted Autoencoders*, 2016.
    """
    with torch.no_grad():
        means = model.encode(x).mean
    return int((means.var(0) > ACTIVE).sum())


def of_history(frame: pd.DataFrame) -> dict:
    """How a run ended, as means over its last fortieth, and what its last quarter still gained.

    ``elbo`` is −E[C] − rate in nats, also of a model that is trained on another bound.
    """
    n, window = len(frame), max(1, len(frame) // 40)
    elbo = -frame.error - frame.rate
    end, before = elbo[n - window :].mean(), elbo[3 * n // 4 - window : 3 * n // 4].mean()
    last = frame[n - window :]
    return {
        "error_at_end": last.error.mean(),
        "rate": last.rate.mean(),
        "multiplier": last.multiplier.mean(),
        "initial_phase": float(frame.initial_phase.mean()),
        "elbo": end,
        "gained": end - before,
    }


def thinned(frame: pd.DataFrame) -> pd.DataFrame:
    """A history's means over equally many steps, ``ROWS`` of them at most."""
    frame = frame.select_dtypes("number")
    return frame.groupby(np.arange(len(frame)) * ROWS // max(len(frame), ROWS)).mean()


def _mean(name: str, values: Tensor) -> dict[str, float]:
    """Mean over pictures and its standard error."""
    return {name: values.mean().item(), f"{name}_error": values.std().item() / len(values) ** 0.5}
