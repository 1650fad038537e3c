"""What is kept of the likelihoods' models is what the study's runs left."""

import pandas as pd
import pytest

import vhp_core as vhp
from studies import likelihoods as study
from studies import likelihoods_measures as measures
from studies import likelihoods_models as kept
from studies import stamp
from tests.studies.test_likelihoods import small  # noqa: F401
from vhp_core.book import read_study


@pytest.mark.filterwarnings("ignore::UserWarning")  # forty steps, and another source's stamp
def test_all_that_the_page_shows_comes_from_the_studys_runs(small, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(study, "DIMENSIONS", {3: range(2), 2: range(1)})
    monkeypatch.setattr(kept, "MODELS", {3: ("VAE", "VampPrior"), 2: ("VHP-VAE",)})
    monkeypatch.setattr(kept, "CODES", 7)
    few = {"model": "VAE", "pictures": 3, "chains": 4, "temperatures": 5}
    monkeypatch.setattr(kept, "ANNEALED", few)
    monkeypatch.setattr(stamp, "HERE", tmp_path)
    cells = [
        (name, z_dim, seed)
        for z_dim, seeds in study.DIMENSIONS.items()
        for name in study.models_of(z_dim)
        for seed in seeds
    ]
    rows = [row for name, z_dim, seed in cells for row in study.run(name, 20.0, z_dim, seed)]
    table = pd.DataFrame(rows)
    stamp.write(study.NAME, table, {"settings": {}}, 1.0)
    kept.main()
    found = read_study(kept.NAME, tmp_path)
    groups = found.table.groupby(["z_dim", "model"])
    assert set(groups.groups) == {(z, name) for z in (3, 2) for name in study.models_of(z)}
    told = found.stamp["configuration"]
    for z_dim, files in told["files"].items():
        for name, file in files.items():
            model = vhp.load(tmp_path / file)
            assert model.config["prior"] == study.MODELS[name][1]
            assert model.sample(2).shape == (2, 64) and model.config["z_dim"] == int(z_dim)
    pictures = pd.read_csv(tmp_path / f"{kept.NAME}_pictures.csv")
    assert list(pictures)[1:] == [f"{name} {seed}" for name in study.MODELS for seed in (0, 1)]
    of_vae = table[(table.model == "VAE") & (table.z_dim == 3) & (table.seed == 1)]
    assert pictures["VAE 1"].mean() == pytest.approx(of_vae.log_p.item(), abs=1e-3)
    assert set(told["annealed"]) == {*few, "mean", "error"}
    assert told["rungs"]["independent"] < told["rungs"]["ceiling"] < 0
    codes = pd.read_csv(tmp_path / f"{kept.NAME}_codes.csv")
    assert list(codes) == ["label", "VHP-VAE z1", "VHP-VAE z2"] and len(codes) == 7
    kept.confirm()
    assert set(read_study(kept.NAME, tmp_path).stamp["confirmed"]["models"]) == {
        "3 VAE",
        "3 VampPrior",
        "2 VHP-VAE",
    }


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_weights_of_another_computation_are_refused(small, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(study, "DIMENSIONS", {3: range(1)})
    monkeypatch.setattr(kept, "MODELS", {3: ("VAE",), 2: ()})
    monkeypatch.setattr(stamp, "HERE", tmp_path)
    [row] = study.run("VAE", 20.0, 3, 0)
    stamp.write(study.NAME, pd.DataFrame([row | {"test_rate": row["test_rate"] * 1.01}]), {}, 1.0)
    with pytest.raises(SystemExit, match="another computation"):
        kept.main()
    assert not list(tmp_path.glob(f"{kept.NAME}*"))


def test_what_is_measured_again_is_named_as_in_the_table(small):  # noqa: F811
    model = study.new_model(measures.Pictures().train, "normal", 3, 0)
    assert set(kept.again(model, measures.Pictures(), 0)) == {"test_error", "test_rate"}
