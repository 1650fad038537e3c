"""Trained models of one seed of the study ``faces``, kept for the page that shows them.

``python -m studies.faces_models`` reads the weights that the study left of its seed 0 with the
most latent dimensions, checks that they give that seed's rows of faces.csv, and writes for
each spread of the identity

- ``faces_models_<spread>_<name>.safetensors``, the models of coordinates, for
  :func:`vhp_core.load`;
- ``faces_models_<spread>_axes.safetensors``, the axes, for :class:`vhp_core.PrincipalAxes`;

and for both together

- ``faces_models.csv``, how the cells' runs went, every few steps of them;
- ``faces_models.json``, the stamp.
"""

import sys
import time

import pandas as pd
import torch

import vhp_core as vhp
from studies import faces, kept, stamp
from studies import faces_measures as measures
from studies.kept import keep, misses, plain
from vhp_core.book import read_study

NAME = "faces_models"
SEED, Z_DIM = 0, max(faces.DIMENSIONS)
MODELS = ("IWAE", "REWO-VAE", "VHP-VAE")
ROWS = 200  # of a history


def file_name(spread: float, name: str) -> str:
    """The file beside this module that holds a model's weights, or the axes."""
    return f"{NAME}_{spread}_{plain(name)}.safetensors"


def _history(spread: float, name: str) -> pd.DataFrame:
    path = faces.weights_path(spread, Z_DIM, name, SEED).with_suffix(".csv")
    frame = pd.read_csv(path)
    frame = frame.iloc[:: max(1, len(frame) // ROWS)]
    frame.insert(0, "model", name)
    frame.insert(0, "identity_spread", spread)
    return frame


def main() -> None:
    torch.set_num_threads(1)
    start = time.perf_counter()
    study = read_study(faces.NAME, stamp.HERE)
    histories, reproduced = [], {}
    for spread in faces.SPREADS:
        axes = vhp.PrincipalAxes.load(faces.weights_path(spread, Z_DIM, "axes", SEED))
        data = measures.Faces(spread, axes)
        cell = pd.Series({"identity_spread": spread, "z_dim": Z_DIM, "seed": SEED})
        of_cell = (study.table[list(cell.index)] == cell).all(axis=1)
        rows = study.table[of_cell].set_index("model")
        for name in MODELS:
            path = faces.weights_path(spread, Z_DIM, name, SEED)
            found = measures.errors_and_rates(vhp.load(path), data, SEED)
            if off := misses(found, rows.loc[name].to_dict()):
                raise SystemExit(
                    f"the weights of {name} at spread {spread} do not give the study's row, "
                    f"relative differences {off}: they are of another computation"
                )
            reproduced[f"{spread} {name}"] = {k: float(f"{v:.6g}") for k, v in found.items()}
            keep(path, stamp.HERE / file_name(spread, name))
        axes.save(stamp.HERE / file_name(spread, "axes"))
        histories += [_history(spread, name) for name in faces.MODELS]
    configuration = {
        "study": faces.NAME,
        "study_date": study.stamp["date"],
        "seed": SEED,
        "z_dim": Z_DIM,
        "files": {
            f"{spread}": {name: file_name(spread, name) for name in (*MODELS, "axes")}
            for spread in faces.SPREADS
        },
        "reproduced": reproduced,
        "settings": study.stamp["configuration"]["settings"],
    }
    minutes = (time.perf_counter() - start) / 60
    stamp.write(NAME, pd.concat(histories), configuration, minutes, data=faces.DATA)


def confirm() -> None:
    """``python -m studies.faces_models confirm``: see :func:`studies.kept.confirm`."""
    found = {}
    for spread in faces.SPREADS:
        axes = vhp.PrincipalAxes.load(stamp.HERE / file_name(spread, "axes"))
        data = measures.Faces(spread, axes)
        for name in MODELS:
            model = vhp.load(stamp.HERE / file_name(spread, name))
            found[f"{spread} {name}"] = measures.errors_and_rates(model, data, SEED)
    kept.confirm(NAME, found, stamp.HERE, kept.OF_HALVES)


if __name__ == "__main__":
    confirm() if "confirm" in sys.argv[1:] else main()
