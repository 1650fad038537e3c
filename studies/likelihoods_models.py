"""Trained models of one seed of the study ``likelihoods``, kept for the page that shows them.

``python -m studies.likelihoods_models`` reads the weights that the study left, checks that they
give the rows of likelihoods.csv, and writes

- ``likelihoods_models_<d_z>_<name>.safetensors``, models for :func:`vhp_core.load`;
- ``likelihoods_models.csv``, how the runs of the seed went, as means over some hundred steps;
- ``likelihoods_models_pictures.csv``, each model's log p(x) of the same test pictures;
- ``likelihoods_models_codes.csv``, where the models with two dimensions encode some test pictures;
- ``likelihoods_models.json``, the stamp. It also says how far importance sampling is from annealed
  importance sampling (:func:`vhp_core.book.annealed_log_likelihood`) on some of these pictures, and
  two ends of the scale: pixels taken as independent, and what no model exceeds on average.

No picture of the data set is written. A VampPrior's pseudo-inputs begin as pictures and end as
something else; its model is kept as are the others.
"""

import sys
import time

import pandas as pd
import torch

import vhp_core as vhp
from studies import kept, stamp
from studies import likelihoods as study
from studies import likelihoods_measures as measures
from studies.kept import keep, misses, plain
from vhp_core import evaluation
from vhp_core.book import annealed_log_likelihood, read_study

NAME = "likelihoods_models"
SEED = 0
MODELS = {40: ("VAE", "VampPrior", "VHP-VAE"), 2: ("VAE", "VHP-VAE")}
CODES = 2000  # test pictures, the first ones
ANNEALED = {"model": "VAE", "pictures": 20, "chains": 64, "temperatures": 1000}


def file_name(z_dim: int, name: str) -> str:
    """The file beside this module that holds a model's weights."""
    return f"{NAME}_{z_dim}_{plain(name)}.safetensors"


def again(model: vhp.VAE, data: measures.Pictures, seed: int) -> dict[str, float]:
    """What is measured once more, to know the study's row by."""
    error = evaluation.reconstruction_error(model, data.test, seed=seed).mean().item()
    samples = measures.RATE_SAMPLES
    rate = evaluation.rate(model, data.test, prior_samples=samples, seed=seed).mean().item()
    return {"test_error": error, "test_rate": rate}


def _histories() -> pd.DataFrame:
    parts = []
    for z_dim in study.DIMENSIONS:
        for name in study.models_of(z_dim):
            frame = pd.read_csv(study.weights_path(name, z_dim, SEED).with_suffix(".csv"))
            frame.insert(0, "model", name)
            frame.insert(0, "z_dim", z_dim)
            parts.append(frame)
    return pd.concat(parts)


def _pictures() -> pd.DataFrame:
    """A row a picture, a column a model and seed, of the most latent dimensions."""
    z_dim, columns = max(study.DIMENSIONS), {}
    for name in study.MODELS:
        for seed in study.DIMENSIONS[z_dim]:
            path = study.weights_path(name, z_dim, seed).with_suffix(".pictures.csv")
            columns[f"{name} {seed}"] = pd.read_csv(path).set_index("picture").log_p
    return pd.DataFrame(columns).reset_index()


def _codes(data: measures.Pictures) -> pd.DataFrame:
    """The class of each picture and the two coordinates of its mean, for each model."""
    columns = {"label": data.labels[:CODES]}
    for name in MODELS[2]:
        with torch.no_grad():
            z = vhp.load(study.weights_path(name, 2, SEED)).encode(data.test[:CODES]).mean
        columns |= {f"{name} z{i}": column.numpy() for i, column in enumerate(z.T, 1)}
    return pd.DataFrame(columns)


def _rungs(data: measures.Pictures) -> dict[str, float]:
    """Mean log p(x) of the few pictures: pixels by themselves; and minus the drawing's entropy."""
    alone = torch.distributions.Bernoulli(data.train.mean(0).clamp(1e-3, 1 - 1e-3))
    drawn = torch.distributions.Bernoulli(data.grey[data.few]).entropy()
    few = data.test[data.few]
    return {
        "independent": alone.log_prob(few).sum(1).mean().item(),
        "ceiling": -drawn.sum(1).mean().item(),
    }


def _write(what: str, table: pd.DataFrame) -> None:
    path = stamp.HERE / f"{NAME}_{what}.csv"
    table.to_csv(path, index=False, float_format=stamp.FLOAT_FORMAT, lineterminator="\n")


def _annealed(data: measures.Pictures) -> dict[str, float]:
    """Importance sampling less annealing, on the first of the few pictures."""
    told = dict(ANNEALED)
    model = vhp.load(study.weights_path(told.pop("model"), max(study.DIMENSIONS), SEED))
    x = data.test[data.few][: told.pop("pictures")]
    chains = annealed_log_likelihood(model, x, **told, seed=SEED)
    off = evaluation.log_likelihood(model, x, seed=SEED, **measures.LIKELIHOOD["few"]) - chains
    return {"mean": off.mean().item(), "error": off.std().item() / len(off) ** 0.5}


def main() -> None:
    torch.set_num_threads(1)
    start = time.perf_counter()
    table = read_study(study.NAME, stamp.HERE)
    rows = table.table[table.table.seed == SEED].set_index(["z_dim", "model"])
    data, reproduced = measures.Pictures(), {}
    for z_dim, names in MODELS.items():
        for name in names:
            path = study.weights_path(name, z_dim, SEED)
            found = again(vhp.load(path), data, SEED)
            if off := misses(found, rows.loc[(z_dim, name)].to_dict()):
                raise SystemExit(
                    f"the weights of {name} with d_z = {z_dim} do not give the study's row, "
                    f"relative differences {off}: they are of another computation"
                )
            reproduced[f"{z_dim} {name}"] = {k: float(f"{v:.6g}") for k, v in found.items()}
            keep(path, stamp.HERE / file_name(z_dim, name))
    _write("pictures", _pictures())
    _write("codes", _codes(data))
    configuration = {
        "study": study.NAME,
        "study_date": table.stamp["date"],
        "seed": SEED,
        "files": {
            str(z_dim): {name: file_name(z_dim, name) for name in names}
            for z_dim, names in MODELS.items()
        },
        "reproduced": reproduced,
        "annealed": ANNEALED | _annealed(data),
        "rungs": _rungs(data),
        "settings": table.stamp["configuration"]["settings"],
    }
    minutes = (time.perf_counter() - start) / 60
    stamp.write(NAME, _histories(), configuration, minutes, data=study.DATA)


def confirm() -> None:
    """``python -m studies.likelihoods_models confirm``: see :func:`studies.kept.confirm`."""
    data = measures.Pictures()
    found = {
        f"{z_dim} {name}": again(vhp.load(stamp.HERE / file_name(z_dim, name)), data, SEED)
        for z_dim, names in MODELS.items()
        for name in names
    }
    kept.confirm(NAME, found, stamp.HERE, kept.OF_HALVES)


if __name__ == "__main__":
    confirm() if "confirm" in sys.argv[1:] else main()
