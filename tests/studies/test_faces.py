import numpy as np
import pytest
import torch

import vhp_core as vhp
from studies import faces as study


@pytest.mark.parametrize(
    ("azimuth", "expected"),
    [
        ([0, 10, 20, 55], True),
        ([0, -10, -20, -55], True),
        ([0, 20, 18, 55], True),  # falls back by no more than the tolerance
        ([0, 20, 16, 55], False),
        ([0, -20, -16, -55], False),
        ([0, 5, 10, 20], False),  # never gets to half of the profile
        ([0, 60, 40, 55], False),
    ],
)
def test_a_turn_runs_one_way_if_it_never_falls_back_and_gets_somewhere(azimuth, expected):
    assert study.runs_one_way(np.array(azimuth, float), tolerance=3.0) is expected


def test_pairs_are_the_same_people_turned():
    starts, ends = study.frontal_to_profile(seed=1)
    assert starts.shape == ends.shape == (study.PAIRS, 1, 64, 64)
    again, _ = study.frontal_to_profile(seed=1)
    assert torch.equal(starts, again)
    assert not torch.equal(starts, study.frontal_to_profile(seed=2)[0])
    # Read from the picture: nobody is turned at the start, all are at the end, left and right.
    azimuth = np.linspace(-60, 60, 150)
    reader = study.fit_azimuth(vhp.data.render(azimuth=azimuth), azimuth)
    first, last = (reader.predict(x.flatten(1).numpy()) for x in (starts, ends))
    assert abs(np.median(first)) < 15 and (np.sign(last) == (-1.0) ** np.arange(len(last))).all()


def test_the_reader_reads_the_azimuth():
    azimuth = np.linspace(-60, 60, 150)
    pictures = vhp.data.render(azimuth=azimuth)
    reader = study.fit_azimuth(pictures[::2], azimuth[::2])
    read = reader.predict(pictures[1::2].flatten(1).numpy())
    assert np.sqrt(((read - azimuth[1::2]) ** 2).mean()) < 2.0


def test_mirror_images_are_renderings():
    """The model is symmetric: who looks left is the mirror image of who looks right."""
    turned = vhp.data.render(azimuth=[-30.0, 30.0], light_azimuth=[20.0, -20.0])
    mirrored = study.with_mirrored(turned[:1])[1]
    assert (mirrored - turned[1]).abs().mean() < 0.02 < (mirrored - turned[0]).abs().mean()


@pytest.mark.filterwarnings("ignore::UserWarning")  # three steps do not meet a constraint
def test_a_cell_gives_a_row_of_finite_numbers_for_each_model(monkeypatch, tmp_path):
    small = {
        "pictures": 80,
        "held_out_from": 60,
        "axes": 8,
        "z_dim": 2,
        "hidden": (16,),
        "steps": 3,
    }
    small |= {"start": study.SETTINGS["start"] | {"steps": 3}, "batch_size": 8}
    monkeypatch.setattr(study, "SETTINGS", study.SETTINGS | small)
    monkeypatch.setattr(study, "FOLDER", tmp_path)
    monkeypatch.setattr(study, "PAIRS", 2)
    monkeypatch.setattr(study, "GRAPH", {"num_nodes": 40, "num_neighbors": 12})
    monkeypatch.setattr(study, "LIKELIHOOD", {"pictures": 4, "samples": 8, "prior_samples": 4})
    threads = torch.get_num_threads()
    rows = study.run(seed=3)
    torch.set_num_threads(threads)
    assert [row["model"] for row in rows] == list(study.MODELS)
    assert len({row["kappa2"] for row in rows}) == 1
    assert rows[0]["train_error"] == rows[0]["kappa2"]
    for row in rows:
        assert "error" not in row
        assert all(np.isfinite(v) for v in row.values() if not isinstance(v, str))
        learned = row["model"] == "VHP-VAE"
        assert ("zeta_one_way" in row) == ("means_one_way" in row) == learned
        assert vhp.load(study.weights_path(row["model"], 3)).config["z_dim"] == 2
