"""What the study ``motion`` measures: a model of human motion, and paths that need no model."""

import math

import numpy as np
import torch
from scipy.sparse.csgraph import shortest_path
from sklearn.neighbors import kneighbors_graph
from torch import Tensor

import vhp_core as vhp
from vhp_core import evaluation, topology

# Motions to interpolate between, and how many pairs of frames stand for each; and one that cycles.
PAIRS = {
    "cmu": [("walking", "jogging"), ("balancing", "kicking"), ("punching", "walking")],
    "mocap6": [("jog", "knee raise"), ("squat", "jump jack"), ("arm circle", "twist")],
}
PAIRS_EACH, POINTS = 30, 60
CYCLES = {"cmu": "walking", "mocap6": "jog"}
GRAPH = {"num_nodes": 2000, "num_neighbors": 10}
SAMPLES = 2000
LIKELIHOOD = {"num_samples": 5000, "prior_samples": 64}
CONVERGENCE = [(64, 5000), (256, 5000), (64, 1250)]  # samples of ζ and of z


def error_of(model: vhp.VAE, x: Tensor, seed: int) -> float:
    """E[C] over x."""
    return evaluation.reconstruction_error(model, x, 16, seed).mean().item()


def recordings(trials: np.ndarray) -> np.ndarray:
    """The recording that each frame is of: a piece is named trial[start:stop]."""
    return np.array([str(name).split("[")[0] for name in trials])


def sample_pairs(
    data: vhp.data.MotionData, pairs: list[tuple[str, str]], each: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of training frames, ``each`` a pair of motions, drawn by ``seed``."""
    rng = np.random.default_rng(seed)
    train = data.split[0].numpy()
    drawn = [
        [rng.choice(np.flatnonzero((data.labels == label) & train), each) for label in pair]
        for pair in pairs
    ]
    starts, ends = (np.concatenate(side) for side in zip(*drawn, strict=True))
    return starts, ends


def cycle(data: vhp.data.MotionData, name: str) -> Tensor:
    """The training frames of the motion that repeats itself."""
    return data.x[data.split[0] & torch.from_numpy(data.labels == CYCLES[name])]


def errors_and_rates(model: vhp.VAE, data: vhp.data.MotionData, seed: int) -> dict[str, float]:
    """Of training and held-out frames, and the noise scale."""
    row = {"sigma": model.likelihood.log_scale.exp().item()}
    for part, mask in zip(("train", "test"), data.split, strict=True):
        x = data.x[mask]
        row[f"{part}_error"] = error_of(model, x, seed)
        row[f"{part}_rate"] = evaluation.rate(model, x, 16, 64, seed).mean().item()
    return row


@torch.no_grad()
def measure(
    model: vhp.VAE, data: vhp.data.MotionData, name: str, seed: int
) -> tuple[dict[str, float], dict[str, Tensor]]:
    """A model's row, and its log-likelihood of each frame.

    Columns ``converge_K_S`` are the held-out log-likelihood of the same few frames, estimated with
    K samples of ζ and S of z: whether the numbers beside them have converged.
    """
    train, test = (data.x[mask] for mask in data.split)
    row, frames = errors_and_rates(model, data, seed), {}
    for part, x in (("train", train[::8]), ("test", test)):
        frames[part] = evaluation.log_likelihood(model, x, seed=seed, **LIKELIHOOD)
        row[f"{part}_log_likelihood"] = frames[part].mean().item()
    few = test[:: len(test) // 30]
    for k, s in CONVERGENCE:
        estimate = evaluation.log_likelihood(model, few, s, k, seed + 1)
        row[f"converge_{k}_{s}"] = estimate.mean().item()
    with vhp.engine.seeding.seeded(seed):
        drawn = model.sample(SAMPLES)
    row["sample_distance"] = evaluation.distance_to_data(drawn, train)
    row["sample_recall"] = evaluation.distance_to_data(test, drawn)
    row["ring_score_log"] = math.log(
        topology.ring_score(model.encode(cycle(data, name)).mean, seed=seed)
    )
    if isinstance(model.prior, vhp.HierarchicalPrior):
        row["zeta_share"] = evaluation.zeta_share(model.prior)
    graph = vhp.LatentGraph(model, seed=seed, **GRAPH)
    starts, ends = sample_pairs(data, PAIRS[name], PAIRS_EACH, seed)
    paths = vhp.compare_paths(model, graph, data.x[starts], data.x[ends], train, POINTS)
    row["components"] = graph.num_components
    row["missing_paths"] = int(paths.roughness.isna().sum())
    for path, values in paths.groupby("path"):
        row[f"{path}_smoothness"] = values.roughness.mean()  # its name in these tables
        row[f"{path}_distance"] = values.distance.mean()
    return row, frames


def without_model(data: vhp.data.MotionData, name: str, seed: int) -> list[dict]:
    """Paths that need no training: straight lines in joint angles, and a graph of the frames."""
    train, test = (data.x[mask] for mask in data.split)
    index = np.flatnonzero(data.split[0].numpy())
    starts, ends = sample_pairs(data, PAIRS[name], PAIRS_EACH, seed)
    near = kneighbors_graph(train.numpy(), GRAPH["num_neighbors"], mode="distance")
    rows = np.searchsorted(index, starts), np.searchsorted(index, ends)
    sources = np.unique(rows[0])
    lengths, before = shortest_path(near, directed=False, indices=sources, return_predecessors=True)
    lines, walks = [], []
    for start, end in zip(*rows, strict=True):
        lines.append(vhp.resample(train[[start, end]], POINTS))
        source = int(np.searchsorted(sources, start))
        if start != end and np.isfinite(lengths[source, end]):
            walk = [end]
            while walk[-1] != start:
                walk.append(before[source, walk[-1]])
            walks.append(vhp.resample(train[walk[::-1]], POINTS))
    common = {
        "ring_score_log": math.log(topology.ring_score(cycle(data, name), seed=seed)),
        "test_distance": evaluation.distance_to_data(test, train),
    }
    found = []
    for model, kind, paths in (
        ("no model", "straight", lines),
        ("graph of frames", "graph", walks),
    ):
        moving = [path for path in paths if path.diff(dim=0).any()]
        found.append(
            {"model": model}
            | common
            | {
                "missing_paths": len(lines) - len(paths),
                f"{kind}_smoothness": np.mean([evaluation.roughness(p) for p in moving]),
                f"{kind}_distance": np.mean([evaluation.distance_to_data(p, train) for p in paths]),
            }
        )
    return found


def settings(data: str) -> dict:
    """What the measures depend on, for the study's stamp."""
    return {
        "pairs": PAIRS[data],
        "pairs_each": PAIRS_EACH,
        "points": POINTS,
        "cycle": CYCLES[data],
        "graph": GRAPH,
        "samples": SAMPLES,
        "likelihood": LIKELIHOOD | {"convergence": [list(pair) for pair in CONVERGENCE]},
    }
