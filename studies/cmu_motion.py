"""VHP-VAE against IWAE on human motion, at matched distortion, over seeds.

``python -m studies.cmu_motion`` trains three models for each seed on the 50-dimensional CMU data
(found as ``vhp.data.cmu`` finds it) and on mocap6, measures them, and writes cmu_motion.csv
with one row a data set, seed and model. Method, section 7, fair comparison: the IWAE learns its
own noise scale; then κ² of the VHP-VAE is set to the IWAE's error on the training data. The third
model, REWO-VAE, is the control between them: the standard-normal prior under the VHP-VAE's own
constraint and schedule, so that it differs from the VHP-VAE in the prior alone.
"""

import os

import numpy as np
import torch

import vhp_core as vhp
from studies.grid import run_study
from studies.motion_measures import sample_pairs
from vhp_core import evaluation

SEEDS = range(5)

DATA = ("cmu", "mocap6")  # the data sets, whose code the stamp's hash covers
SETTINGS = {
    "z_dim": 2,
    "hidden": (64, 64),
    "num_samples": 8,
    "steps": 6000,
    "batch_size": 128,
    "learning_rate": 1e-3,
    "beta0": 0.01,
    "nu": 0.3,
    "tau": 1.0,
}

# Motions to interpolate between, and how many pairs of frames stand for each.
PAIRS = {
    "cmu": [("walking", "jogging"), ("balancing", "kicking"), ("punching", "walking")],
    "mocap6": [("jog", "knee raise"), ("squat", "jump jack"), ("arm circle", "twist")],
}
PAIRS_EACH = 30
GRAPH = {"num_nodes": 2000, "num_neighbors": 10}


def train_iwae(x: torch.Tensor, seed: int, settings: dict) -> tuple[vhp.VAE, vhp.History]:
    """An IWAE whose noise scale starts where it means what λ₀ = 1/β₀ means to the other."""
    s = settings
    torch.manual_seed(seed)
    model = vhp.mlp_vae(x.shape[1], s["z_dim"], s["hidden"], prior="normal")
    vhp.linear_start(model, x)
    model.likelihood.set_scale(mean_error=s["beta0"] / 2, dim=1)  # 1/(2σ²) = 1/β₀
    history = vhp.fit_iwae(
        model, x, s["num_samples"], s["steps"], s["batch_size"], s["learning_rate"], seed
    )
    return model, history


def train_constrained(
    x: torch.Tensor, kappa: float, prior: str, seed: int, settings: dict
) -> tuple[vhp.VAE, vhp.History]:
    """The same networks, steps and batches, constrained to E[C] ≤ κ²: VHP-VAE or control."""
    s = settings
    torch.manual_seed(seed)
    model = vhp.mlp_vae(
        x.shape[1], s["z_dim"], s["hidden"], prior, num_importance_samples=s["num_samples"]
    )
    vhp.linear_start(model, x)
    constraint = vhp.Rewo(kappa, nu=s["nu"], tau=s["tau"], beta0=s["beta0"])
    history = vhp.fit(model, x, constraint, s["steps"], s["batch_size"], s["learning_rate"], seed)
    return model, history


def measure(
    model: vhp.VAE, data: vhp.data.MotionData, name: str, seed: int
) -> tuple[dict[str, float], dict[str, torch.Tensor]]:
    """The measurements for one model, and its log-likelihood of each frame for comparisons.

    Columns ``converge_K_S`` are the held-out log-likelihood of the same few frames, estimated
    with K samples of ζ and S of z: whether the numbers used above have converged.
    """
    train, test = (data.x[mask] for mask in data.split)
    row = {
        "train_error": evaluation.reconstruction_error(model, train, 16, seed).mean().item(),
        "test_error": evaluation.reconstruction_error(model, test, 16, seed).mean().item(),
        "train_rate": evaluation.rate(model, train, 16, 64, seed).mean().item(),
        "test_rate": evaluation.rate(model, test, 16, 64, seed).mean().item(),
        "sigma": model.likelihood.log_scale.exp().item(),
    }
    frames = {}
    for part, x in (("train", train[::8]), ("test", test)):
        frames[part] = evaluation.log_likelihood(model, x, 5000, 64, seed)
        row[f"{part}_log_likelihood"] = frames[part].mean().item()
    few = test[:: len(test) // 30]
    for k, s in [(16, 5000), (64, 5000), (256, 5000), (64, 1250)]:
        estimate = evaluation.log_likelihood(model, few, s, k, seed + 1)
        row[f"converge_{k}_{s}"] = estimate.mean().item()
    graph = vhp.LatentGraph(model, seed=seed, **GRAPH)
    starts, ends = sample_pairs(data, PAIRS[name], PAIRS_EACH, seed)
    paths = vhp.compare_paths(model, graph, data.x[starts], data.x[ends], data.x)
    row["num_components"] = graph.num_components
    row["missing_paths"] = int(paths.smoothness.isna().sum())
    for (path,), values in paths.groupby(["path"]):
        row[f"{path}_smoothness"] = values.smoothness.mean()
        row[f"{path}_distance"] = values.distance.mean()
    return row, frames


def clustered_error(values: np.ndarray, trials: np.ndarray) -> float:
    """Standard error of a mean whose values are alike within a trial (cluster-robust)."""
    groups = [values[trials == trial] for trial in dict.fromkeys(trials)]
    sums = np.array([(group - values.mean()).sum() for group in groups])
    return float(np.sqrt((sums**2).sum() * len(groups) / (len(groups) - 1)) / len(values))


def run(data: str, seed: int) -> list[dict]:
    """All models for one data set and seed: a row each."""
    torch.set_num_threads(1)
    motion = {"cmu": vhp.data.cmu, "mocap6": vhp.data.mocap6}[data]()
    train, test = motion.split
    x = motion.x[train]
    trials = {"train": motion.trials[train][::8], "test": motion.trials[test]}
    rows, of_iwae = [], {}
    kappa = float("nan")
    for model_name, prior in (("IWAE", ""), ("VHP-VAE", "hierarchical"), ("REWO-VAE", "normal")):
        if model_name == "IWAE":
            model, history = train_iwae(x, seed, SETTINGS)
            kappa = evaluation.reconstruction_error(model, x, 16, seed).mean().item() ** 0.5
        else:
            model, history = train_constrained(x, kappa, prior, seed, SETTINGS)
        frame = history.frame()
        end = frame.iloc[-1]
        measured, frames = measure(model, motion, data, seed)
        of_iwae = of_iwae or frames
        for part in frames:  # paired: the same frames under both models
            gap = (frames[part] - of_iwae[part]).double().numpy()
            measured[f"{part}_log_likelihood_gap"] = gap.mean()
            measured[f"{part}_log_likelihood_gap_error"] = clustered_error(gap, trials[part])
        rows.append(
            {
                "data": data,
                "seed": seed,
                "model": model_name,
                "kappa2": kappa**2,
                "smoothed_error": end.smoothed_error,
                "multiplier": end.multiplier,
                "initial_phase_steps": int(frame.initial_phase.sum()),
            }
            | measured
        )
    return rows


def main() -> None:
    os.environ.setdefault("TQDM_DISABLE", "1")
    cells = [{"data": data, "seed": seed} for data in PAIRS for seed in SEEDS]
    configuration = {
        "settings": SETTINGS | {"hidden": list(SETTINGS["hidden"])},
        "seeds": list(SEEDS),
        "pairs": PAIRS,
        "pairs_each": PAIRS_EACH,
        "graph": GRAPH,
        "log_likelihood_samples": 5000,
        "prior_samples": 64,
    }
    run_study("cmu_motion", run, cells, configuration, data=DATA)


if __name__ == "__main__":
    main()
