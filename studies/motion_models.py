"""The trained models of one cell of the study ``motion``, kept for the pages that show them.

``python -m studies.motion_models`` reads the weights that the study left of its seed 0 on the CMU
data, checks that they give that seed's rows of motion_cmu.csv, and writes

- ``motion_models_<name>.safetensors``, the models, for :func:`vhp_core.load`;
- ``motion_models.csv``, the means to which they encode each frame, with its class;
- ``motion_models.json``, the stamp. It also names the channels, with the mean that was taken from
  each (what a decoded frame needs to become a pose), and for each pair of motions that the study
  interpolates between, the rows of the first two frames that it drew.

No frame of the recordings is written: the model with the VampPrior, whose pseudo-inputs are such
frames, is left out.
"""

import time

import pandas as pd
import torch

import vhp_core as vhp
from studies import motion, motion_measures, stamp
from studies.kept import misses, plain
from vhp_core.book import read_study

NAME = "motion_models"
DATA, SEED = "cmu", 0
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
        "channels": dict(zip(data.channels, data.mean.tolist(), strict=True)),
        "source": data.source.partition(", found")[0],
    }
    minutes = (time.perf_counter() - start) / 60
    stamp.write(NAME, pd.DataFrame(table), configuration, minutes, data=[DATA])


if __name__ == "__main__":
    main()
