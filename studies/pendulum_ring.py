"""Which models close the pendulum's ring, over seeds, each with its own settings.

``python -m studies.pendulum_ring`` first tunes: every model at every setting of its grid, on seeds
that are used for nothing else (pendulum_ring_tuning.csv). The setting that closed most rings, at a
tie the one with the higher median score, is chosen, once among runs from the usual first weights
("plain") and once among those that start at the linear VAE ("linear"). Then each choice is run on
all seeds (pendulum_ring.csv): a row a model, start and seed.

A setting is β₀ and a step: ν of λ for models under a constraint, the learning rate for those on a
bound of log p(x), which have no ν. β₀ of the latter is the noise they begin with, 1/(2σ²) = 1/β₀.
"""

import itertools
import math
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import vhp_core as vhp
from studies import stamp
from studies.grid import run_study
from vhp_core import evaluation, topology

SEEDS = range(20)
PLAIN_SEEDS = range(10)  # for what is compared with the linear start
TUNING_SEEDS = range(100, 103)

DATA = ("pendulum",)  # the data sets, whose code the stamp's hash covers
SETTINGS = {
    "images": 1000,
    "hidden": (64, 64),
    "num_samples": 8,
    "steps": 3000,
    "batch_size": 128,
    "learning_rate": 2e-3,
    "kappa2": 1.0,
    # Without it GECO, which has no initial phase, drives λ to 1e6 and more while the networks are
    # still learning, and does not come back to the constraint within these steps.
    "max_log_step": 0.02,
}
BETA0 = (0.05, 0.2)
STARTS = ("plain", "linear")
VARIANTS = ("encoder", "prior", "annealed")  # of REWO alone, at the setting of its linear start
ANNEALING = {"from": 3.0, "rate": 0.003, "to": 0.05}  # β = max(to, from · exp(−rate · step))
# Model -> its prior, and what its step is.
MODELS = {
    "VAE": ("normal", "learning_rate"),
    "IWAE": ("normal", "learning_rate"),
    "VampPrior": ("vamp", "learning_rate"),
    "GECO": ("hierarchical", "nu"),
    "REWO, N(0, I)": ("normal", "nu"),
    "REWO": ("hierarchical", "nu"),
}
STEPS = {"learning_rate": (1e-3, 2e-3), "nu": (0.05, 0.3)}
GRAPH = {"num_nodes": 2000, "num_neighbors": 10}
# Kinds of graph: nodes and the power of edge lengths. The first is the published one.
GRAPHS = {"published": ("samples", 1), "squared": ("samples", 2), "means": ("means", 2)}


class AnnealedRewo(vhp.Rewo):
    """REWO whose β falls from above the threshold of collapse while the initial phase lasts."""

    updates = 0

    def update(self, error: float) -> None:
        if self.initial_phase:
            fall = ANNEALING["from"] * math.exp(-ANNEALING["rate"] * self.updates)
            self.value = 1 / max(ANNEALING["to"], fall)
            self.updates += 1
        super().update(error)


def train(
    x: torch.Tensor, model: str, start: str, beta0: float, step: float, seed: int, settings: dict
) -> tuple[vhp.VAE, vhp.History]:
    """One run. The same seed gives all models the same first weights of encoder and decoder."""
    s = settings
    prior, kind = MODELS[model]
    torch.manual_seed(seed)
    vae = vhp.mlp_vae(
        x.shape[1], 2, s["hidden"], prior=prior, num_importance_samples=s["num_samples"]
    )
    if prior == "vamp":
        vae.prior.pseudo_inputs.data.copy_(x[: len(vae.prior.pseudo_inputs)])
    if start in ("linear", "encoder"):
        vhp.start_encoder(vae, x, seed=seed)
    if start in ("linear", "prior") and prior == "hierarchical":
        vhp.start_prior(vae.prior, seed=seed)
    options = {"steps": s["steps"], "batch_size": s["batch_size"], "seed": seed}
    if kind == "learning_rate":
        vae.likelihood.set_scale(mean_error=beta0 / 2, dim=1)  # 1/(2σ²) = 1/β₀
        samples = s["num_samples"] if model == "IWAE" else 1
        return vae, vhp.fit_iwae(vae, x, samples, learning_rate=step, **options)
    schedule = vhp.Geco if model == "GECO" else vhp.Rewo
    schedule = AnnealedRewo if start == "annealed" else schedule
    limit = s["max_log_step"]
    constraint = schedule(math.sqrt(s["kappa2"]), nu=step, beta0=beta0, max_log_step=limit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unmet constraint is in the table
        return vae, vhp.fit(vae, x, constraint, learning_rate=s["learning_rate"], **options)


def tear_ratio(z: np.ndarray, angle: np.ndarray, bins: int = 48) -> float:
    """Largest over median step between the median codes of neighbouring angles."""
    index = (angle / (2 * math.pi) * bins).astype(int) % bins
    medians = np.stack([np.median(z[index == b], axis=0) for b in np.unique(index)])
    step = np.linalg.norm(medians - np.roll(medians, 1, axis=0), axis=1)
    return float(step.max() / np.median(step))


def ring_angle(z: np.ndarray) -> np.ndarray:
    """(n,) the direction of each code from the middle of the codes' extent."""
    z = z - (z.max(0) + z.min(0)) / 2
    return np.arctan2(z[:, 1], z[:, 0])


def path_lengths(
    graph: vhp.LatentGraph, z: torch.Tensor, angle: np.ndarray, seed: int, pairs: int = 200
) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of graph paths between random codes, and the arcs between their angles.

    A pair that the graph does not join has the length NaN.
    """
    chosen = np.random.default_rng(seed).integers(len(z), size=(pairs, 2))
    lengths = [
        graph.shortest_path(z[a], z[b]).diff(dim=0).norm(dim=1).sum().item()
        if graph.joins(z[a], z[b])
        else math.nan
        for a, b in chosen
    ]
    arc = abs(angle[chosen[:, 0]] - angle[chosen[:, 1]])
    return np.array(lengths), np.minimum(arc, 2 * math.pi - arc)


def proportionality(lengths: np.ndarray, arcs: np.ndarray) -> float:
    """R² of lengths = slope · arcs, through the origin; NaN where a path is missing."""
    slope = (lengths * arcs).sum() / (arcs**2).sum()
    residual = ((lengths - slope * arcs) ** 2).sum()
    return float(1 - residual / ((lengths - lengths.mean()) ** 2).sum())


@torch.no_grad()
def measure(model: vhp.VAE, data: vhp.data.PendulumData, seed: int) -> dict[str, float]:
    """What the table says about a trained model."""
    means = model.encode(data.x).mean
    z, angle = means.numpy(), data.angle.numpy()
    score = topology.ring_score(means, seed=seed)
    paths = {}
    for name, (nodes, power) in GRAPHS.items():
        if nodes == "means" and not isinstance(model.prior, vhp.HierarchicalPrior):
            continue
        graph = vhp.LatentGraph(model, seed=seed, power=power, nodes=nodes, **GRAPH)
        lengths, arcs = path_lengths(graph, means, angle, seed)
        paths[f"{name}_r2"] = proportionality(lengths, arcs)
        paths[f"{name}_missing"] = int(np.isnan(lengths).sum())
    row = {
        "ring_score": score,
        "closed": bool(score >= 10),
        "tear_ratio": tear_ratio(z, angle),
        "correlation": abs(topology.circular_correlation(ring_angle(z), angle)),
        "reconstruction_error": evaluation.reconstruction_error(model, data.x, 16, seed)
        .mean()
        .item(),
        "rate": evaluation.rate(model, data.x, 16, 64, seed).mean().item(),
    }
    return row | paths


def run(model: str, start: str, beta0: float, step: float, seed: int) -> list[dict]:
    """One cell: images drawn with the seed, one run, its row."""
    torch.set_num_threads(1)
    data = vhp.data.pendulum(SETTINGS["images"], seed=seed)
    vae, history = train(data.x, model, start, beta0, step, seed, SETTINGS)
    frame = history.frame()
    end = frame.iloc[-1]
    row = {"model": model, "start": start, "beta0": beta0, "step": step, "seed": seed}
    return [
        row
        | measure(vae, data, seed)
        | {
            "smoothed_error": end.smoothed_error,
            "multiplier": end.multiplier,
            "initial_phase_steps": int(frame.initial_phase.sum()),
        }
    ]


def choose(tuning: pd.DataFrame) -> pd.DataFrame:
    """For each model and start the setting that closed most rings; at a tie the higher median."""
    score = tuning.ring_score.clip(upper=1e9)  # exactly one bar is infinite
    groups = tuning.assign(ring_score=score).groupby(
        ["model", "start", "beta0", "step"], as_index=False, sort=False
    )
    table = groups.agg(closed=("closed", "sum"), median=("ring_score", "median"))
    best = table.sort_values(["closed", "median"], ascending=False, kind="stable")
    return best.drop_duplicates(["model", "start"]).sort_index()


def main() -> None:
    os.environ.setdefault("TQDM_DISABLE", "1")
    configuration = {
        "settings": SETTINGS | {"hidden": list(SETTINGS["hidden"])},
        "beta0": list(BETA0),
        "steps": {name: list(values) for name, values in STEPS.items()},
        "annealing": ANNEALING,
        "graph": GRAPH | {name: list(kind) for name, kind in GRAPHS.items()},
    }
    grid = [
        {"model": model, "start": start, "beta0": beta0, "step": step, "seed": seed}
        for (model, (_, kind)), start, beta0 in itertools.product(MODELS.items(), STARTS, BETA0)
        for step, seed in itertools.product(STEPS[kind], TUNING_SEEDS)
    ]
    tuning = "pendulum_ring_tuning"
    run_study(tuning, run, grid, configuration | {"seeds": list(TUNING_SEEDS)}, data=DATA)
    chosen = choose(pd.read_csv(Path(stamp.HERE) / f"{tuning}.csv"))
    linear = chosen[(chosen.model == "REWO") & (chosen.start == "linear")]
    chosen = pd.concat([chosen, *(linear.assign(start=start) for start in VARIANTS)])
    cells = [
        {"model": c.model, "start": c.start, "beta0": c.beta0, "step": c.step, "seed": seed}
        for c in chosen.itertuples()
        for seed in (SEEDS if c.start == "linear" else PLAIN_SEEDS)
    ]
    run_study("pendulum_ring", run, cells, configuration | {"seeds": list(SEEDS)}, data=DATA)


if __name__ == "__main__":
    main()
