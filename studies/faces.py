"""VHP-VAE against IWAE on renderings of 3D faces, at matched distortion, over seeds.

``python -m studies.faces`` trains three models for each seed on the same pictures, measures them,
and writes faces.csv with one row a seed and model; the weights of seed 0 are kept beside it.
Method, section 7, fair comparison: the IWAE learns its own noise scale; then κ² of the VHP-VAE is
set to the IWAE's error on the training pictures. The third model, REWO-VAE, is the control between
them: the standard-normal prior under the VHP-VAE's own constraint and schedule.

The models do not see pixels but the pictures' coordinates on their leading principal axes. Nearly
all of a picture is in them, a squared distance of pictures is one of coordinates, and a step of a
fully connected network on them takes a small part of the time of a convolutional network's on
pixels, which chapter 9 measures. On a processor it is the number of steps that decides how sharp
the pictures become.

Most steps go into learning to draw faces at all, which all models have to do alike. So encoder and
decoder of a seed are trained once, as a plain VAE, and each model begins with a copy of them; what
is compared are equally many steps from there. Without the common start the error is still falling
when the steps are used up, and a constraint that is first met in the last steps leaves no time for
the prior. The learned prior begins as N(0, I), which is the prior of the common start.
"""

import math
import os
from pathlib import Path

import numpy as np
import torch
from sklearn.pipeline import Pipeline
from torch import Tensor

import vhp_core as vhp
from studies import stamp
from studies.faces_measures import Pictures, pictures, squared_distance
from studies.faces_measures import fit_azimuth as fit_azimuth
from studies.faces_measures import with_mirrored as with_mirrored
from studies.grid import FOLDER, run_study
from studies.kept import keep
from vhp_core import evaluation

SEEDS = range(3)

DATA = ("faces",)  # the data sets, whose code the stamp's hash covers
SETTINGS = {
    "pictures": 5600,
    "pictures_seed": 1,
    "held_out_from": 2800,  # each fifth of these, rendered with seed 0
    "axes": 256,
    "z_dim": 12,
    "hidden": (384, 384),
    "num_samples": 4,
    "batch_size": 64,
    "start": {"steps": 30_000, "learning_rate": 2e-3, "cooldown": 0.5, "beta0": 0.005},
    "steps": 12_000,
    "learning_rate": 2e-4,
    "beta0": 0.01,
    "nu": 0.005,
    "tau": 1.0,
    "max_log_step": 0.05,
}
MODELS = {"IWAE": "normal", "VHP-VAE": "hierarchical", "REWO-VAE": "normal"}
LIKELIHOOD = {"pictures": 100, "samples": 1000, "prior_samples": 64}

# From frontal to profile: the same person under the same light, azimuth 0 to ±55°.
PAIRS, PROFILE, POINTS = 30, 55.0, 60
GRAPH = {"num_nodes": 2000, "num_neighbors": 10}
# Kinds of graph: nodes and the power of edge lengths. The first is the published one.
GRAPHS = {"graph": ("samples", 1), "squared": ("samples", 2), "means": ("means", 2)}


def new_model(prior: str, seed: int, settings: dict) -> vhp.VAE:
    """Networks of the study's size with the seed's first weights."""
    s = settings
    torch.manual_seed(seed)
    return vhp.mlp_vae(
        s["axes"], s["z_dim"], s["hidden"], prior, num_importance_samples=s["num_samples"]
    )


def train_start(y: Tensor, seed: int, settings: dict) -> vhp.VAE:
    """The plain VAE whose encoder and decoder all models of a seed begin with."""
    s = settings["start"]
    model = new_model("normal", seed, settings)
    vhp.linear_start(model, y)
    model.likelihood.set_scale(mean_error=s["beta0"] / 2, dim=1)  # 1/(2σ²) = 1/β₀
    options = {key: s[key] for key in ("steps", "learning_rate", "cooldown")}
    vhp.fit_iwae(model, y, 1, batch_size=settings["batch_size"], seed=seed, **options)
    return model


def train(
    name: str, start: vhp.VAE, y: Tensor, kappa2: float | None, seed: int, settings: dict
) -> tuple[vhp.VAE, vhp.History]:
    """One model from the common start, on coordinates y. All have the same steps and batches."""
    s = settings
    model = new_model(MODELS[name], seed, s)
    for part in ("encoder", "decoder", "likelihood"):
        getattr(model, part).load_state_dict(getattr(start, part).state_dict())
    options = {key: s[key] for key in ("steps", "batch_size", "learning_rate")}
    options |= {"seed": seed + 1000}  # not the batches of the start once more
    if name == "IWAE":
        return model, vhp.fit_iwae(model, y, s["num_samples"], **options)
    constraint = vhp.Rewo(
        math.sqrt(kappa2), s["nu"], s["tau"], beta0=s["beta0"], max_log_step=s["max_log_step"]
    )
    return model, vhp.fit(model, y, constraint, **options)


def frontal_to_profile(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures of people who are in no data set, each twice: (pairs, 1, S, S) and the same."""
    rng = np.random.default_rng([seed, 64])
    people = rng.standard_normal((PAIRS, 10)).clip(-2.5, 2.5)
    light = rng.uniform(-60, 60, PAIRS)
    side = PROFILE * (-1.0) ** np.arange(PAIRS)
    starts, ends = (
        vhp.data.render(people, azimuth, light_azimuth=light) for azimuth in (0 * side, side)
    )
    return starts, ends


@torch.no_grad()
def paths_of(model: vhp.VAE, starts: torch.Tensor, ends: torch.Tensor, seed: int) -> dict:
    """Kind -> a path in z for each pair, (POINTS, d_z), or None where the graph joins them not."""
    pairs = list(zip(model.encode(starts).mean, model.encode(ends).mean, strict=True))
    found = {"straight": [vhp.resample(torch.stack(pair), POINTS) for pair in pairs]}
    learned = isinstance(model.prior, vhp.HierarchicalPrior)
    for kind, (nodes, power) in GRAPHS.items():
        if nodes == "samples" or learned:
            graph = vhp.LatentGraph(model, seed=seed, power=power, nodes=nodes, **GRAPH)
            found[kind] = [
                graph.interpolate(*pair, POINTS) if graph.joins(*pair) else None for pair in pairs
            ]
    if learned:
        found["zeta"] = [vhp.zeta_path(model, *pair, POINTS) for pair in pairs]
    return found


def runs_one_way(azimuth: np.ndarray, tolerance: float) -> bool:
    """Whether a turn never falls behind what it had reached by more than the tolerance.

    It must also get somewhere: at least half of the way from frontal to profile.
    """
    onward = azimuth * np.sign(azimuth[-1] - azimuth[0])
    falls = np.maximum.accumulate(onward) - onward
    return bool((falls <= tolerance).all() and onward[-1] - onward[0] >= PROFILE / 2)


@torch.no_grad()
def measure_paths(
    model: vhp.VAE, data: torch.Tensor, reader: Pipeline, tolerance: float, seed: int
) -> dict[str, float]:
    """For each kind of path the means over pairs; a pair without a path counts as not one-way."""
    row = {}
    for kind, paths in paths_of(model, *frontal_to_profile(seed), seed).items():
        frames = [model.decode(path).mean.flatten(1).numpy() for path in paths if path is not None]
        steps = [np.linalg.norm(np.diff(f, axis=0), axis=1) for f in frames]
        one_way = [runs_one_way(reader.predict(f), tolerance) for f in frames]
        row |= {
            f"{kind}_missing": len(paths) - len(frames),
            f"{kind}_evenness": float(np.mean([s.max() / s.mean() for s in steps])),
            f"{kind}_distance": evaluation.distance_to_data(np.concatenate(frames), data),
            f"{kind}_one_way": sum(one_way) / len(paths),
        }
    return row


def measure(model: vhp.VAE, axes: vhp.PrincipalAxes, data: Pictures, seed: int) -> dict[str, float]:
    """What the table says about a trained model.

    Errors, rates and log-likelihoods are those of coordinates, distances those of pictures.
    """
    train_x, test_x, held_out, reader = data
    whole = axes.around(model)
    with torch.no_grad():
        rebuilt = whole.decode(whole.encode(test_x).mean).mean
    off = {
        "reader_error": reader.predict(test_x.flatten(1).numpy()) - held_out,
        "reader_error_rebuilt": reader.predict(rebuilt.flatten(1).numpy()) - held_out,
    }
    row = {name: float(np.sqrt((values**2).mean())) for name, values in off.items()}
    for part, x in (("train", train_x), ("test", test_x)):
        y = axes.coordinates(x)
        row[f"{part}_error"] = evaluation.reconstruction_error(model, y, 4, seed).mean().item()
        row[f"{part}_rate"] = evaluation.rate(model, y, 4, 64, seed).mean().item()
        row[f"{part}_left_out"] = squared_distance(axes.restore(y), x)
    row["picture_error"] = squared_distance(rebuilt, test_x)
    few = axes.coordinates(test_x)[:: len(test_x) // LIKELIHOOD["pictures"]]
    few = few[: LIKELIHOOD["pictures"]]
    samples, k = LIKELIHOOD["samples"], LIKELIHOOD["prior_samples"]
    bound = evaluation.log_likelihood(model, few, samples, k, seed)
    fewer = evaluation.log_likelihood(model, few, samples // 4, k, seed)
    row |= {
        "sigma": model.likelihood.log_scale.exp().item(),
        "log_likelihood": bound.mean().item(),
        "log_likelihood_fewer": fewer.mean().item(),
        "log_likelihood_error": (bound.std() / len(bound) ** 0.5).item(),
    }
    with vhp.engine.seeding.seeded(seed):
        drawn = whole.sample(500)
    row["sample_distance"] = evaluation.distance_to_data(drawn, train_x)
    row["test_distance"] = evaluation.distance_to_data(test_x, train_x)
    row["rebuilt_distance"] = evaluation.distance_to_data(rebuilt, train_x)
    return row | measure_paths(whole, train_x, reader, row["reader_error"], seed)


def weights_path(name: str, seed: int) -> Path:
    """Where a run leaves its model until the study is done."""
    return FOLDER / "faces_weights" / f"{name.lower()}_{seed}.safetensors"


def file_name(name: str) -> str:
    """The file beside this module that holds the weights of seed 0."""
    return f"faces_{name.lower()}.safetensors"


AXES_FILE = "faces_axes.safetensors"


def run(seed: int) -> list[dict]:
    """All models for one seed: a row each."""
    torch.set_num_threads(1)
    data = pictures(SETTINGS)
    axes = vhp.PrincipalAxes.fit(data.train, SETTINGS["axes"])
    weights_path("axes", seed).parent.mkdir(parents=True, exist_ok=True)
    axes.save(weights_path("axes", seed))
    y = axes.coordinates(data.train)
    start = train_start(y, seed, SETTINGS)
    rows, kappa2 = [], None
    for name in MODELS:
        model, history = train(name, start, y, kappa2, seed, SETTINGS)
        frame = history.frame()
        path = weights_path(name, seed)
        model.save(path)
        frame.iloc[:: max(1, len(frame) // 400)].to_csv(path.with_suffix(".csv"), index=False)
        row = {
            "seed": seed,
            "model": name,
            "smoothed_error": frame.smoothed_error.iloc[-1],
            "multiplier": frame.multiplier.iloc[-1],
            "multiplier_before": frame.multiplier.iloc[int(0.75 * len(frame))],
            "initial_phase_steps": int(frame.initial_phase.sum()),
        }
        row |= measure(model, axes, data, seed)
        kappa2 = kappa2 or row["train_error"]
        rows.append(row | {"kappa2": kappa2})
    return rows


def main() -> None:
    os.environ.setdefault("TQDM_DISABLE", "1")
    pictures(SETTINGS)  # rendered once, before the processes start
    configuration = {
        "settings": SETTINGS | {"hidden": list(SETTINGS["hidden"])},
        "seeds": list(SEEDS),
        "pairs": {"number": PAIRS, "profile": PROFILE, "points": POINTS},
        "graph": GRAPH | {name: list(kind) for name, kind in GRAPHS.items()},
        "likelihood": LIKELIHOOD,
        "source": vhp.data.faces(SETTINGS["pictures"], SETTINGS["pictures_seed"]).source,
    }
    run_study("faces", run, [{"seed": seed} for seed in SEEDS], configuration, data=DATA)
    for name in MODELS:
        if name != "REWO-VAE":
            keep(weights_path(name, 0), stamp.HERE / file_name(name))
    axes = vhp.PrincipalAxes.load(weights_path("axes", 0))
    axes.save(stamp.HERE / AXES_FILE)


if __name__ == "__main__":
    main()
