"""Two models of faces whose latent space is a plane, for the page on which one drags a point.

``python -m studies.faces_plane`` trains IWAE and VHP-VAE by the functions of the study ``faces``,
on its pictures and on the leading of its axes, with two latent dimensions in the place of twelve,
smaller networks and one seed. What the study finds, it finds in twelve dimensions: this is no part
of its comparison. It writes

- ``faces_plane_<name>.safetensors``, the models of coordinates, for :func:`vhp_core.load`;
- ``faces_plane.csv``, error, rate and schedule of each, and ``faces_plane.json``, the stamp.
"""

import time

import pandas as pd
import torch

import vhp_core as vhp
from studies import faces, stamp
from studies.grid import FOLDER
from studies.kept import keep
from vhp_core import evaluation

NAME = "faces_plane"
SEED = 0
SETTINGS = faces.SETTINGS | {
    "axes": 128,
    "z_dim": 2,
    "hidden": (256, 256),
    "start": faces.SETTINGS["start"] | {"steps": 20_000},
    "steps": 10_000,
}
MODELS = ("IWAE", "VHP-VAE")


def file_name(model: str) -> str:
    """The file beside this module that holds a model's weights."""
    return f"{NAME}_{model.lower()}.safetensors"


def train_both(
    y: torch.Tensor, test_y: torch.Tensor, seed: int, settings: dict
) -> tuple[dict[str, vhp.VAE], list[dict]]:
    """Both models from one start, and a row of measures for each."""
    start = faces.train_start(y, seed, settings)
    models, rows, kappa2 = {}, [], None
    for name in MODELS:
        model, history = faces.train(name, start, y, kappa2, seed, settings)
        end = history.frame().iloc[-1]
        row = {"seed": seed, "model": name, "multiplier": end.multiplier}
        row["initial_phase_steps"] = int(history.frame().initial_phase.sum())
        for part, data in (("train", y), ("test", test_y)):
            error = evaluation.reconstruction_error(model, data, 4, seed)
            row[f"{part}_error"] = error.mean().item()
            row[f"{part}_rate"] = evaluation.rate(model, data, 4, 64, seed).mean().item()
        kappa2 = kappa2 or row["train_error"]
        models[name] = model
        rows.append(row | {"kappa2": kappa2})
    return models, rows


def main() -> None:
    torch.set_num_threads(1)
    clock = time.perf_counter()
    data = faces.pictures(SETTINGS)
    axes = vhp.PrincipalAxes.load(stamp.HERE / faces.AXES_FILE).leading(SETTINGS["axes"])
    y, test_y = axes.coordinates(data.train), axes.coordinates(data.test)
    models, rows = train_both(y, test_y, SEED, SETTINGS)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, model in models.items():
        whole = FOLDER / file_name(name)
        model.save(whole)
        keep(whole, stamp.HERE / file_name(name))
    configuration = {
        "study": faces.__name__.rpartition(".")[2],
        "settings": SETTINGS | {"hidden": list(SETTINGS["hidden"])},
        "left_out": faces.squared_distance(axes.restore(test_y), data.test),
        "files": {name: file_name(name) for name in models},
    }
    minutes = (time.perf_counter() - clock) / 60
    stamp.write(NAME, pd.DataFrame(rows), configuration, minutes, data=["faces"])


if __name__ == "__main__":
    main()
