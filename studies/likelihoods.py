"""Test log-likelihoods of Fashion-MNIST in black and white, by objective and prior, over seeds.

``python -m studies.likelihoods`` first trains a plain VAE and sweeps κ², on a seed of its own and
on training pictures alone (likelihoods_tuning.csv); then it trains each model on each seed,
measures it, and writes likelihoods.csv with one row each. What the pages show of the models is kept
by :mod:`studies.likelihoods_models`.

=====================  ========================  ============
model                  objective                 prior
=====================  ========================  ============
VAE                    bound, one sample         N(0, I)
IWAE                   bound, N samples          N(0, I)
VampPrior              bound, one sample         VampPrior
Hierarchical, bound    bound, one sample         hierarchical
VHP-VAE, GECO          E[C] ≤ κ², GECO           hierarchical
VHP-VAE                E[C] ≤ κ², REWO           hierarchical
REWO-VAE               E[C] ≤ κ², REWO           N(0, I)
=====================  ========================  ============

All have the same networks, steps, batches and learning rate, and a Bernoulli likelihood. A training
picture is made black and white anew each time it is used, x ~ Bernoulli(grey level); the test
pictures are so once and for all. For a picture of black and white C is −log p(x|z), so λ = 1 is the
evidence lower bound itself, and κ² is in nats.

κ² means: reconstruct as well as the plain VAE does. It is that VAE's error on training pictures,
found on the tuning seed. The sweep says what other values would have given on training pictures
that were held out; no test picture is looked at before the table is computed. With two dimensions a
VAE ends at a larger error, and κ² is that of the VAE with two dimensions and the same seed.
``PRIMARY`` was fixed before the table was computed, too; whatever else it holds is exploratory.

The budget is one that two cores carry. The published experiment has two layers of 300 gated units,
40 latent dimensions and many more epochs; here ``hidden`` is narrower and ``steps`` times
``batch_size`` passes each picture some twenty times. How far from rest the runs are is a column.
"""

import math
import os
from pathlib import Path

import torch
from torch import Tensor

import vhp_core as vhp
from studies import likelihoods_measures as measures
from studies.grid import FOLDER, run_grid, run_study
from studies.kept import plain
from studies.mixtures import ProductVampPrior

NAME = "likelihoods"
DATA = ("fashion_mnist",)  # the data sets, whose code the stamp's hash covers
SEEDS, FEW_SEEDS, TUNING_SEED = range(3), range(1), 100
DIMENSIONS = {40: SEEDS, 2: FEW_SEEDS}  # of z; two of them to look at, in a few models
SETTINGS = {
    "hidden": (200, 200),
    "bound_samples": 5,  # N of the IWAE
    "prior_samples": 8,  # K of the hierarchical prior
    "pseudo_inputs": 500,
    "steps": 12_000,
    "batch_size": 128,
    "learning_rate": 1e-3,
    "nu": 0.03,  # over κ²
}
MODELS = {  # name -> its objective, and its prior
    "VAE": ("bound", "normal"),
    "IWAE": ("bound", "normal"),
    "VampPrior": ("bound", "vamp"),
    "Hierarchical, bound": ("bound", "hierarchical"),
    "VHP-VAE, GECO": ("geco", "hierarchical"),
    "VHP-VAE": ("rewo", "hierarchical"),
    "REWO-VAE": ("rewo", "normal"),
}
TO_LOOK_AT = ("VAE", "VHP-VAE")  # the models that are also trained with two dimensions
SHARES = (0.9, 0.95, 1.0, 1.05)  # of the VAE's error, as κ² of the sweep

# Question -> the one measure that decides it, and what is compared.
PRIMARY = {
    "a learned prior gives a higher likelihood than N(0, I)": ("log_p", "VHP-VAE", "REWO-VAE"),
    "the hierarchical prior gives a higher likelihood than the VampPrior": (
        "log_p",
        "VHP-VAE",
        "VampPrior",
    ),
    "the hierarchical prior gives a higher likelihood than the IWAE": ("log_p", "VHP-VAE", "IWAE"),
}


def models_of(z_dim: int) -> tuple[str, ...]:
    """Which models are trained with so many dimensions of z: all with the most."""
    return tuple(MODELS) if z_dim == max(DIMENSIONS) else TO_LOOK_AT


def networks(x: Tensor, prior: str, z_dim: int, seed: int) -> vhp.VAE:
    """The library's model with the seed's first weights."""
    s = SETTINGS
    return vhp.mlp_vae(
        x.shape[1],
        z_dim,
        s["hidden"],
        prior,
        "bernoulli",
        num_importance_samples=s["prior_samples"],
        num_pseudo_inputs=s["pseudo_inputs"],
        seed=seed,
    )


def new_model(x: Tensor, prior: str, z_dim: int, seed: int) -> vhp.VAE:
    """The model that is trained; pseudo-inputs begin as training pictures."""
    model = networks(x, prior, z_dim, seed)
    if prior == "vamp":
        drawn = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
        model.prior = ProductVampPrior(model.encoder, x[drawn[: SETTINGS["pseudo_inputs"]]])
    return model


def save(trained: vhp.VAE, path: Path, x: Tensor, prior: str, z_dim: int, seed: int) -> None:
    """Keep the weights as the library's model, which has the same ones."""
    model = networks(x, prior, z_dim, seed)
    model.load_state_dict(trained.state_dict())
    model.eval().save(path)


def train(
    x: Tensor, name: str, kappa2: float | None, z_dim: int, seed: int
) -> tuple[vhp.VAE, vhp.History]:
    """One model on grey levels x, (n, D); κ² is for those that are constrained."""
    objective, prior = MODELS[name]
    model = new_model(x, prior, z_dim, seed)
    pictures = vhp.data.Binarised(x)
    options = {key: SETTINGS[key] for key in ("steps", "batch_size", "learning_rate")}
    options |= {"seed": seed}
    if objective == "bound":
        samples = SETTINGS["bound_samples"] if name == "IWAE" else 1
        return model, vhp.fit_iwae(model, pictures, samples, **options)
    schedule = {"rewo": vhp.Rewo, "geco": vhp.Geco}[objective]
    constraint = schedule(math.sqrt(kappa2), SETTINGS["nu"] / kappa2, beta0=kappa2 / x.shape[1])
    return model, vhp.fit(model, pictures, constraint, **options)


def weights_path(name: str, z_dim: int, seed: int) -> Path:
    """Where a run leaves its model; its history and its pictures' likelihoods lie beside it."""
    return FOLDER / f"{NAME}_weights" / f"{z_dim}_{plain(name)}_{seed}.safetensors"


def run(model: str, kappa2: float, z_dim: int, seed: int) -> list[dict]:
    """One model of ``MODELS`` on all training pictures: its row."""
    torch.set_num_threads(1)
    data = measures.Pictures()
    vae, history = train(data.train, model, kappa2, z_dim, seed)
    path = weights_path(model, z_dim, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    save(vae, path, data.train, MODELS[model][1], z_dim, seed)
    frame = history.frame()
    measures.thinned(frame).to_csv(path.with_suffix(".csv"), index=False)
    cell = {"model": model, "kappa2": kappa2, "z_dim": z_dim, "seed": seed}
    row, log_p = measures.measure(vae, data, seed)
    log_p.to_csv(path.with_suffix(".pictures.csv"), index=False)
    return [cell | measures.of_history(frame) | row]


def tune(model: str, share: float, kappa2: float) -> list[dict]:
    """One model on the tuning seed, without the training pictures that judge it: its row."""
    torch.set_num_threads(1)
    data = measures.Pictures(tuning=True)
    vae, history = train(data.train, model, kappa2, max(DIMENSIONS), TUNING_SEED)
    cell = {"model": model, "share": share, "kappa2": kappa2}
    return [cell | measures.of_history(history.frame()) | measures.judge(vae, data, TUNING_SEED)]


def main() -> None:
    os.environ.setdefault("TQDM_DISABLE", "1")
    vhp.data.fashion_mnist()  # once, before the processes start, in case it has to be fetched
    configuration = {
        "settings": SETTINGS | {"hidden": list(SETTINGS["hidden"])},
        "objectives": MODELS,
        "tuning_seed": TUNING_SEED,
        "pictures": measures.COUNTS,
        "likelihood": measures.LIKELIHOOD,
    }
    first = {"model": "VAE", "share": 1.0, "kappa2": 0.0}  # which has no use for κ²
    of_tuning = f"{NAME}_tuning", tune
    kappa2 = round(run_grid(*of_tuning, [first], configuration, DATA).table.error_at_end.item(), 1)
    sweep = [{"model": "VHP-VAE", "share": s, "kappa2": round(s * kappa2, 1)} for s in SHARES]
    run_study(*of_tuning, [first, *sweep], configuration, DATA)
    configuration |= {
        "dimensions": {str(z_dim): list(seeds) for z_dim, seeds in DIMENSIONS.items()},
        "primary": {question: list(what) for question, what in PRIMARY.items()},
        "source": vhp.data.fashion_mnist().source.partition(", found")[0],
    }
    most, few = max(DIMENSIONS), min(DIMENSIONS)
    cells = [
        {"model": model, "kappa2": kappa2, "z_dim": most, "seed": seed}
        for model in models_of(most)
        for seed in DIMENSIONS[most]
    ]
    for seed in DIMENSIONS[few]:
        vae = {"model": "VAE", "kappa2": 0.0, "z_dim": few, "seed": seed}
        error = run_grid(NAME, run, [vae], configuration, DATA).table.error_at_end.item()
        others = [model for model in models_of(few) if model != "VAE"]
        cells += [vae, *(vae | {"model": name, "kappa2": round(error, 1)} for name in others)]
    run_study(NAME, run, cells, configuration, DATA)


if __name__ == "__main__":
    main()
