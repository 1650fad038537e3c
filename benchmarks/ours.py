"""The process that measures vhp_core, through its public functions."""

import math
import time
import warnings
from pathlib import Path

import numpy as np
import torch

import vhp_core as vhp
from benchmarks import setting
from benchmarks.workers import Skipped, serve
from vhp_core.vae import importance_weighted_bound

warnings.simplefilter("ignore")  # of a constraint that is slack: here it is meant to be


def build(model: str, **sizes) -> vhp.VAE:
    """One of the four models that are timed; ``sizes`` in the place of the setting's."""
    torch.manual_seed(0)
    given = {
        "x_dim": setting.X_DIM,
        "z_dim": setting.Z_DIM,
        "hidden": setting.HIDDEN,
        "num_importance_samples": setting.K,
    }
    prior = {"VHP-VAE": {"prior": "hierarchical"}, "VampPrior": setting.VAMP}
    try:
        return vhp.mlp_vae(**given | sizes | prior.get(model, {"prior": "normal"}))
    except (TypeError, ValueError) as error:
        raise Skipped(f"vhp_core has no {model}: {error}") from error


def slack_constraint() -> vhp.Rewo:
    return vhp.Rewo(**setting.SLACK)


def train(model: str, vae: vhp.VAE, x, steps: int, constraint: vhp.Rewo | None = None) -> None:
    shared = {"steps": steps, "batch_size": setting.BATCH, "progress": False}
    if model == "VHP-VAE":
        vhp.fit(vae, x, constraint or slack_constraint(), **shared)
    else:
        vhp.fit_iwae(vae, x, setting.K if model == "IWAE" else 1, **shared)


DATA = torch.from_numpy(setting.frames(setting.FRAMES))


def step(model: str, steps: int, few: int) -> dict:
    """Seconds a step: a run of few + steps steps less a run of few, over steps.

    What a run does once, at its start and at its end, is in both and cancels.
    """

    def run(number: int) -> float:
        vae = build(model)
        start = time.perf_counter()
        train(model, vae, DATA, number)
        return time.perf_counter() - start

    short = run(few)
    return {"seconds": (run(few + steps) - short) / steps}


def growth_step(
    steps: int, few: int, path: str | None = None, mapped: bool = False, **sizes
) -> dict:
    """Seconds a step of a VHP-VAE, from step to step of one run, after the first few."""
    x = DATA if path is None else np.load(path, mmap_mode="r" if mapped else None)
    if not mapped:
        x = torch.as_tensor(x)
    constraint, ticks = slack_constraint(), []
    update = constraint.update

    def tick(error: float) -> None:
        ticks.append(time.perf_counter())
        update(error)

    constraint.update = tick
    train("VHP-VAE", build("VHP-VAE", **sizes), x, few + steps, constraint)
    if len(ticks) != few + steps:
        raise RuntimeError(f"the constraint was updated {len(ticks)} times in {few + steps} steps")
    return {"seconds": (ticks[-1] - ticks[few - 1]) / steps}


def reference_model(path: str, steps: int, model: str = "VAE") -> dict:
    """Train a model, set its σ to 1, which pythae takes for granted, and save its weights."""
    vae = build(model)
    train(model, vae, DATA, steps)
    vae.likelihood.set_scale(mean_error=setting.X_DIM, dim=setting.X_DIM)
    vae.save(path)
    return {"min_scale": vae.encoder.min_scale}


def likelihood(path: str) -> dict:
    """Seconds a point of the log-likelihood."""
    vae, x = vhp.load(path), DATA[: setting.LIKELIHOOD_POINTS]
    vhp.evaluation.log_likelihood(vae, x[:1], setting.LIKELIHOOD_SAMPLES)
    start = time.perf_counter()
    vhp.evaluation.log_likelihood(vae, x, setting.LIKELIHOOD_SAMPLES)
    return {"seconds": (time.perf_counter() - start) / len(x)}


@torch.no_grad()
def values(path: str, num_samples: int, draws: int) -> dict:
    """Estimates of log p(x) with so many samples: of the training bound or, with many, of the
    evaluation; one list a draw, one number a point."""
    vae, x = vhp.load(path), DATA[: setting.LIKELIHOOD_POINTS]
    found = []
    for seed in range(draws):
        if num_samples >= 1000:
            bound = vhp.evaluation.log_likelihood(vae, x, num_samples, seed=seed)
        else:
            torch.manual_seed(seed)
            bound, _ = importance_weighted_bound(vae, x, num_samples)
        if not math.isfinite(float(bound.sum())):
            raise ValueError(f"{Path(path).name}: a bound is not finite")
        found.append(bound.tolist())
    return {"values": found}


@torch.no_grad()
def terms(path: str, draws: int) -> dict:
    """Error and rate together, one draw of each: one list a draw, one number a point."""
    vae, x = vhp.load(path), DATA[: setting.LIKELIHOOD_POINTS]
    found = []
    for seed in range(draws):
        torch.manual_seed(seed)
        error, rate = vae(x)
        found.append((error + rate).tolist())
    return {"values": found}


if __name__ == "__main__":
    torch.set_num_threads(setting.THREADS)
    serve(
        {
            "step": step,
            "growth step": growth_step,
            "reference model": reference_model,
            "likelihood": likelihood,
            "values": values,
            "terms": terms,
        }
    )
