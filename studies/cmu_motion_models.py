"""The trained models of one row of the study ``cmu_motion``, kept for the pages that show them.

``python -m studies.cmu_motion_models`` trains IWAE and VHP-VAE on the CMU data by the study's own
functions, checks that they give the row of seed 0 in cmu_motion.csv, and writes

- ``cmu_motion_models_<name>.safetensors``, the models, for :func:`vhp_core.load`;
- ``cmu_motion_models.csv``, the means to which they encode each frame, with its class;
- ``cmu_motion_models.json``, the stamp. It also names the channels, with the mean that was taken
  from each (what a decoded frame needs to become a pose), and for each pair of motions that the
  study interpolates between, the rows of the first two frames that it drew.

No frame of the recordings is written.
"""

import time

import pandas as pd
import torch

import vhp_core as vhp
from studies import cmu_motion, stamp
from studies.kept import misses
from vhp_core import evaluation
from vhp_core.book import read_study

NAME = "cmu_motion_models"
SEED = 0
MODELS = {"IWAE": "normal", "VHP-VAE": "hierarchical"}


def file_name(model: str) -> str:
    """The file beside this module that holds a model's weights."""
    return f"{NAME}_{model.lower()}.safetensors"


def train(x: torch.Tensor, seed: int) -> tuple[dict[str, vhp.VAE], float]:
    """Both models as the study trains them, and κ² of the second."""
    iwae, _ = cmu_motion.train_iwae(x, seed, cmu_motion.SETTINGS)
    kappa2 = evaluation.reconstruction_error(iwae, x, 16, seed).mean().item()
    constrained, _ = cmu_motion.train_constrained(
        x, kappa2**0.5, MODELS["VHP-VAE"], seed, cmu_motion.SETTINGS
    )
    return {"IWAE": iwae, "VHP-VAE": constrained}, kappa2


def measure(model: vhp.VAE, data: vhp.data.MotionData, seed: int) -> dict[str, float]:
    """Error and rate, by the study's names and numbers of samples."""
    row = {}
    for part, mask in zip(("train", "test"), data.split, strict=True):
        x = data.x[mask]
        row[f"{part}_error"] = evaluation.reconstruction_error(model, x, 16, seed).mean().item()
        row[f"{part}_rate"] = evaluation.rate(model, x, 16, 64, seed).mean().item()
    return row | {"sigma": model.likelihood.log_scale.exp().item()}


def main() -> None:
    torch.set_num_threads(1)
    start = time.perf_counter()
    data = vhp.data.cmu()
    models, kappa2 = train(data.x[data.split[0]], SEED)

    study = read_study("cmu_motion", stamp.HERE)
    rows = study.table[(study.table.data == "cmu") & (study.table.seed == SEED)]
    rows = rows.set_index("model")
    reproduced = {}
    for name, model in models.items():
        reproduced[name] = {"kappa2": kappa2} | measure(model, data, SEED)
        print(name, {key: f"{value:.6g}" for key, value in reproduced[name].items()})
        off = misses(reproduced[name], rows.loc[name].to_dict())
        if off:
            raise SystemExit(
                f"{name} does not give the study's row, relative differences {off}: compute the "
                "study anew on this machine with 'python -m studies.cmu_motion' first"
            )

    part = ["train" if is_train else "test" for is_train in data.split[0].tolist()]
    table = {"label": data.labels, "part": part}
    for name, model in models.items():
        model.save(stamp.HERE / file_name(name))
        with torch.no_grad():
            z = model.encode(data.x).mean
        table |= {f"{name} z{i}": column.numpy() for i, column in enumerate(z.T, 1)}
    starts, ends = cmu_motion.sample_pairs(
        data, cmu_motion.PAIRS["cmu"], cmu_motion.PAIRS_EACH, SEED
    )
    pairs = zip(starts[:: cmu_motion.PAIRS_EACH], ends[:: cmu_motion.PAIRS_EACH], strict=True)
    configuration = {
        "study": "cmu_motion",
        "study_date": study.stamp["date"],
        "row": {"data": "cmu", "seed": SEED},
        "files": {name: file_name(name) for name in models},
        "reproduced": {
            name: {key: float(f"{value:.6g}") for key, value in row.items()}
            for name, row in reproduced.items()
        },
        "settings": cmu_motion.SETTINGS | {"hidden": list(cmu_motion.SETTINGS["hidden"])},
        "graph": cmu_motion.GRAPH,
        "journeys": {
            f"{first} to {last}": [int(i) for i in rows]
            for (first, last), rows in zip(cmu_motion.PAIRS["cmu"], pairs, strict=True)
        },
        "channels": dict(zip(data.channels, data.mean.tolist(), strict=True)),
        "source": data.source.partition(", found")[0],
    }
    minutes = (time.perf_counter() - start) / 60
    stamp.write(NAME, pd.DataFrame(table), configuration, minutes, data=["cmu"])


if __name__ == "__main__":
    main()
