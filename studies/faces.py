"""VHP-VAE and its rivals on renderings of 3D faces, each from its own first weights, over seeds.

``python -m studies.faces`` trains four models for each spread of the identity, dimension
of z and seed, measures them, and writes faces.csv with one row each. What the pages show of
the models is kept by :mod:`studies.faces_models`.

============================  ==================  ========================
model                         objective           prior
============================  ==================  ========================
IWAE                          bound, σ learned    N(0, I)
VHP-VAE                       E[C] ≤ κ², REWO     hierarchical
REWO-VAE                      E[C] ≤ κ², REWO     N(0, I)
REWO-VAE, VampPrior           E[C] ≤ κ², REWO     VampPrior
============================  ==================  ========================

All have the same networks, steps and batches and begin around the principal axes, but none begins
with what another has learned. All end at one training error: κ² is that of the seed's IWAE over its
last fortieth of the steps. At a constant learning rate the error of the last weights alone wavers
by some percent around that mean, and their rate with it; so the rate that is compared is the mean
over these steps too, of the bound with K samples that is trained, which is no lower than the rate
itself. A row "no model" holds what needs none: cross-fades of pixels, and pictures in the place of
samples.

The models do not see pixels but the pictures' coordinates on their leading principal axes. Most of
what differs between pictures is in them, a squared distance of pictures is one of coordinates, and
the layers from pixels and to pixels are left out of the training.

``identity_spread`` says how much people differ: 1 as in the open face model, or less, so that pose
and light dominate. What is compared was settled before the study was computed. Each claim of the
source has one primary measure (``PRIMARY``); whatever else the table holds is exploratory.

The weights of all networks decay a little in each step; σ and pseudo-inputs do not. Without decay
the error on pictures falls ever more slowly and for ever, and with it 1/(2σ²) rises: no run comes
to rest. A run is at rest
(``REST``) if λ, or what stands in its place, and the rate move little over the last quarter of the
steps, at a learning rate that never falls, and its initial phase took at most a quarter.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import vhp_core as vhp
from studies import faces_measures as measures
from studies import faces_paths as paths
from studies.grid import FOLDER, run_study
from studies.kept import plain
from studies.rest import REST, decaying, rest
from vhp_core import evaluation

NAME = "faces"
DATA = ("faces",)  # the data sets, whose code the stamp's hash covers
SPREADS = (1.0, 0.3)
DIMENSIONS = {12: range(5), 5: range(3)}  # of z, and their seeds
SETTINGS = {
    "axes": 128,
    "hidden": (256, 256),
    "num_samples": 4,  # N of the bound, K of the hierarchical prior
    "steps": 40_000,
    "batch_size": 64,
    "learning_rate": 5e-3,
    "weight_decay": 0.4,  # of :func:`studies.rest.decaying`
    "nu": 0.03,  # over κ²: with 0.1 λ wanders by more than a run at rest may
    "pseudo_inputs": 100,
}
MODELS = {  # name -> is it constrained, and its prior
    "IWAE": (False, "normal"),
    "VHP-VAE": (True, "hierarchical"),
    "REWO-VAE": (True, "normal"),
    "REWO-VAE, VampPrior": (True, "vamp"),
}

# Claim of the source -> the one measure that decides it, and what is compared.
PRIMARY = {
    "the learned prior costs a lower rate": ("rate", "VHP-VAE", "REWO-VAE"),
    "samples of the learned prior are nearer to the data": (
        "sample_distance",
        "VHP-VAE",
        "IWAE",
    ),
    "samples of the learned prior cover unseen faces": ("sample_recall", "VHP-VAE", "IWAE"),
    "a graph path from frontal to profile is nearer to the true turn": (
        "turn_squared_off",
        "VHP-VAE",
        "IWAE",
    ),
}


def new_model(y: Tensor, prior: str, z_dim: int, seed: int) -> vhp.VAE:
    """Networks with the seed's first weights, the encoder around the principal axes."""
    s = SETTINGS
    model = vhp.mlp_vae(
        y.shape[1],
        z_dim,
        s["hidden"],
        prior,
        num_importance_samples=s["num_samples"],
        num_pseudo_inputs=s["pseudo_inputs"],
        seed=seed,
    )
    if prior == "vamp":  # they begin as pictures
        rows = np.random.default_rng(seed).choice(len(y), s["pseudo_inputs"], replace=False)
        model.prior.pseudo_inputs.data.copy_(y[torch.from_numpy(rows)])
    vhp.linear_start(model, y)
    return model


def train(
    y: Tensor, name: str, kappa2: float | None, z_dim: int, seed: int
) -> tuple[vhp.VAE, vhp.History]:
    """One model on coordinates y, (n, axes); κ² is for those that are constrained."""
    constrained, prior = MODELS[name]
    model = new_model(y, prior, z_dim, seed)
    options = {key: SETTINGS[key] for key in ("steps", "batch_size", "learning_rate")}
    optimizer = decaying(model, SETTINGS["learning_rate"], SETTINGS["weight_decay"])
    options |= {"seed": seed, "optimizer": optimizer}
    if not constrained:
        first = evaluation.error_of_mean(model, y) / 10  # a tenth of the data's variance
        model.likelihood.set_scale(mean_error=first, dim=y.shape[1])
        return model, vhp.fit_iwae(model, y, SETTINGS["num_samples"], **options)
    constraint = vhp.Rewo(math.sqrt(kappa2), SETTINGS["nu"] / kappa2, beta0=kappa2 / y.shape[1])
    return model, vhp.fit(model, y, constraint, **options)


def trained(y: Tensor, z_dim: int, seed: int) -> Iterator[tuple[str, vhp.VAE, vhp.History, float]]:
    """Each model in turn, with its history and κ²."""
    kappa2 = None
    for name in MODELS:
        model, history = train(y, name, kappa2, z_dim, seed)
        if kappa2 is None:
            kappa2 = rest(history)["error_at_end"]
        yield name, model, history, kappa2


def weights_path(spread: float, z_dim: int, name: str, seed: int) -> Path:
    """Where a run leaves its model, and its history beside it."""
    return FOLDER / f"{NAME}_weights" / f"{spread}_{z_dim}_{plain(name)}_{seed}.safetensors"


def run(identity_spread: float, z_dim: int, seed: int) -> list[dict]:
    """All models for one spread of the identity, dimension and seed: a row each."""
    torch.set_num_threads(1)
    spread = identity_spread
    data = measures.Faces(spread, SETTINGS["axes"])
    ways = {
        name: data.axes.coordinates(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        for name, x in paths.true_ways(spread, seed).items()
    }
    weights_path(spread, z_dim, "axes", seed).parent.mkdir(parents=True, exist_ok=True)
    data.axes.save(weights_path(spread, z_dim, "axes", seed))
    rows, found = {}, {}
    for name, model, history, kappa2 in trained(data.train, z_dim, seed):
        path = weights_path(spread, z_dim, name, seed)
        model.save(path)
        frame = history.frame()
        frame.iloc[:: max(1, len(frame) // 400)].to_csv(path.with_suffix(".csv"), index=False)
        rows[name] = {"kappa2": kappa2} | rest(history) | measures.measure(model, data, seed)
        found[name] = paths.measure_paths(model, ways, seed)
    rows["no model"] = measures.of_pictures(data, seed)
    found["no model"] = paths.without_model(ways)
    of_paths = paths.path_columns(found)
    cell = {"identity_spread": spread, "z_dim": z_dim, "seed": seed}
    return [cell | {"model": name} | row | of_paths[name] for name, row in rows.items()]


def main() -> None:
    os.environ.setdefault("TQDM_DISABLE", "1")
    for spread in SPREADS:
        measures.rendered(spread)  # once, before the processes start
    cells = [
        {"identity_spread": spread, "z_dim": z_dim, "seed": seed}
        for z_dim, seeds in DIMENSIONS.items()
        for spread in SPREADS
        for seed in seeds
    ]
    configuration = {
        "settings": SETTINGS | {"hidden": list(SETTINGS["hidden"])},
        "spreads": list(SPREADS),
        "dimensions": {str(d): list(seeds) for d, seeds in DIMENSIONS.items()},
        "rest": REST,
        "primary": {claim: list(what) for claim, what in PRIMARY.items()},
        "pictures": measures.PICTURES,
        "samples": measures.SAMPLES,
        "likelihood": measures.LIKELIHOOD,
        "ways": {"pairs": paths.PAIRS, "frames": paths.FRAMES, "ranges": paths.RANGES},
        "ends": {"profile": paths.PROFILE, "light": paths.LIGHT},
        "graph": paths.GRAPH | {name: list(kind) for name, kind in paths.GRAPHS.items()},
        "decoded": paths.DECODED,
        "source": [measures.rendered(spread)[0].source for spread in SPREADS],
    }
    run_study(NAME, run, cells, configuration, data=DATA)


if __name__ == "__main__":
    main()
