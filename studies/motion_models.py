"""The trained models of one cell of the study ``motion``, kept for the pages that show them.

``python -m studies.motion_models`` reads the weights that the study left of its seed 0 on the CMU
data, checks that they give that seed's rows of motion_cmu.csv, and writes

- ``motion_models_<name>.safetensors``, the models, for :func:`vhp_core.load`;
- ``motion_models.csv``, the means to which they encode each frame, with its class;
- ``motion_models_histories.csv``, how the cell's runs went, every few steps of them;
- ``motion_models_samples.csv``, samples of each prior, and how far each, decoded, lies from the
  nearest training frame; the same for held-out frames in the place of samples;
- ``motion_models_refitted.csv``, for each seed the held-out log-likelihood of the IWAE with its σ
  set as that of the constrained models is, σ² = C/D: how much of a difference is σ's;
- ``motion_models.json``, the stamp. It also names the channels, with the mean that was taken from
  each (what a decoded frame needs to become a pose), and for each pair of motions that the study
  interpolates between, the rows of the first two frames that it drew.

No frame of the recordings is written: the model with the VampPrior, whose pseudo-inputs are such
frames, is left out.
"""

import sys
import time

import pandas as pd
import torch

import vhp_core as vhp
from studies import kept, motion, motion_measures, stamp
from studies.kept import misses, plain
from vhp_core import evaluation
from vhp_core.book import read_study

NAME = "motion_models"
DATA, SEED = "cmu", 0
SAMPLES = 1000
CELL = {
    "data": DATA,
    "z_dim": 2,
    "weight_decay": motion.SETTINGS["weight_decay"],
    "seed": SEED,
}
MODELS = [name for name, (_, prior) in motion.MODELS.items() if prior != "vamp"]


def file_name(model: str) -> str:
    """The file beside this module that holds a model's weights."""
    return f"{NAME}_{plain(model)}.safetensors"


def _histories() -> pd.DataFrame:
    """Of all models of the cell, the one with the VampPrior too: a history has no frames."""
    parts = []
    for name in motion.MODELS:
        frame = pd.read_csv(motion.weights_path(CELL, name).with_suffix(".csv"))
        frame.insert(0, "model", name)
        parts.append(frame)
    return pd.concat(parts)


def _samples(data: vhp.data.MotionData) -> pd.DataFrame:
    """Of all models of the cell: a sample of a prior is no frame, and is not decoded here."""
    train, test = (data.x[mask] for mask in data.split)
    parts = []
    for name in motion.MODELS:
        model = vhp.load(motion.weights_path(CELL, name))
        with vhp.engine.seeding.seeded(SEED), torch.no_grad():
            z = model.prior.sample(SAMPLES)
            distance = torch.cdist(model.decode(z).mean, train).min(1).values
        z1, z2 = z.T.numpy()
        parts.append(pd.DataFrame({"model": name, "z1": z1, "z2": z2, "distance": distance}))
    of_frames = torch.cdist(test, train).min(1).values
    return pd.concat([*parts, pd.DataFrame({"model": "held-out frames", "distance": of_frames})])


def _refitted(data: vhp.data.MotionData, table: pd.DataFrame) -> pd.DataFrame:
    """The IWAE's weights of each seed, and the σ that the constraint's models would be given."""
    test, rows = data.x[data.split[1]], []
    for seed in motion.CELLS[CELL["data"]][CELL["z_dim"], CELL["weight_decay"]]:
        model = vhp.load(motion.weights_path(CELL | {"seed": seed}, "IWAE"))
        of_cell = (table[list(CELL)] == pd.Series(CELL | {"seed": seed})).all(axis=1)
        error = table[of_cell].set_index("model").train_error["IWAE"]
        model.likelihood.set_scale(mean_error=error, dim=data.x.shape[1])
        found = evaluation.log_likelihood(model, test, seed=seed, **motion_measures.LIKELIHOOD)
        rows.append({"seed": seed, "test_log_likelihood": found.mean().item()})
    return pd.DataFrame(rows)


def _write(what: str, table: pd.DataFrame) -> None:
    path = stamp.HERE / f"{NAME}_{what}.csv"
    table.to_csv(path, index=False, float_format=stamp.FLOAT_FORMAT, lineterminator="\n")


def main() -> None:
    torch.set_num_threads(1)
    start = time.perf_counter()
    data = vhp.data.cmu()
    study = read_study(f"motion_{DATA}", stamp.HERE)
    of_cell = (study.table[list(CELL)] == pd.Series(CELL)).all(axis=1)
    rows = study.table[of_cell].set_index("model")
    part = ["train" if is_train else "test" for is_train in data.split[0].tolist()]
    table, reproduced = {"label": data.labels, "part": part}, {}
    for name in MODELS:
        model = vhp.load(motion.weights_path(CELL, name))
        reproduced[name] = motion_measures.errors_and_rates(model, data, SEED)
        if off := misses(reproduced[name], rows.loc[name].to_dict()):
            raise SystemExit(
                f"the weights of {name} do not give the study's row, relative differences {off}: "
                "they are of another computation than motion_cmu.csv"
            )
        model.save(stamp.HERE / file_name(name))
        with torch.no_grad():
            z = model.encode(data.x).mean
        table |= {f"{name} z{i}": column.numpy() for i, column in enumerate(z.T, 1)}
    _write("histories", _histories())
    _write("samples", _samples(data))
    _write("refitted", _refitted(data, study.table))
    pairs, each = motion_measures.PAIRS[DATA], motion_measures.PAIRS_EACH
    drawn = motion_measures.sample_pairs(data, pairs, each, SEED)
    first = [side[::each].tolist() for side in drawn]
    configuration = {
        "study": f"motion_{DATA}",
        "study_date": study.stamp["date"],
        "row": CELL,
        "files": {name: file_name(name) for name in MODELS},
        "reproduced": {
            name: {key: float(f"{value:.6g}") for key, value in row.items()}
            for name, row in reproduced.items()
        },
        "settings": study.stamp["configuration"]["settings"],
        "graph": motion_measures.GRAPH,
        "journeys": {
            f"{one} to {other}": list(rows)
            for (one, other), *rows in zip(pairs, *first, strict=True)
        },
        "recordings": {
            name: len(set(motion_measures.recordings(data.trials[mask])))
            for name, mask in zip(("train", "test"), data.split, strict=True)
        },
        "channels": dict(zip(data.channels, data.mean.tolist(), strict=True)),
        "source": data.source.partition(", found")[0],
    }
    minutes = (time.perf_counter() - start) / 60
    stamp.write(NAME, pd.DataFrame(table), configuration, minutes, data=[DATA])


def confirm() -> None:
    """``python -m studies.motion_models confirm``: see :func:`studies.kept.confirm`."""
    data = vhp.data.cmu()
    found = {
        name: motion_measures.errors_and_rates(vhp.load(stamp.HERE / file_name(name)), data, SEED)
        for name in MODELS
    }
    kept.confirm(NAME, found, stamp.HERE)


if __name__ == "__main__":
    confirm() if "confirm" in sys.argv[1:] else main()
