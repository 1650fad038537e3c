import inspect
import json
import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import vhp_core as vhp
from studies import faces as study
from studies import faces_measures as measures
from studies import faces_paths as paths

SMALL = {
    "axes": 8,
    "hidden": (16,),
    "num_samples": 2,
    "steps": 40,
    "batch_size": 16,
    "pseudo_inputs": 5,
}


@pytest.fixture
def small(monkeypatch, tmp_path):
    """The study with little of everything."""
    monkeypatch.setattr(study, "SETTINGS", study.SETTINGS | SMALL)
    monkeypatch.setattr(study, "FOLDER", tmp_path)
    monkeypatch.setattr(measures, "PICTURES", {"number": 80, "seed": 1, "held_out_from": 60})
    monkeypatch.setattr(measures, "SAMPLES", 20)
    likelihood = {"pictures": 4, "samples": 8, "prior_samples": 4}
    monkeypatch.setattr(measures, "LIKELIHOOD", likelihood)
    monkeypatch.setattr(paths, "PAIRS", 2)
    monkeypatch.setattr(paths, "FRAMES", 5)
    monkeypatch.setattr(paths, "GRAPH", {"num_nodes": 60, "num_neighbors": 12})
    decoded = {"num_nodes": 80, "num_neighbors": 12, "parts": 2}
    monkeypatch.setattr(paths, "DECODED", decoded)
    return study


@pytest.mark.filterwarnings("ignore::UserWarning")  # forty steps do not meet a constraint
def test_a_cell_has_a_row_for_each_model_and_one_without(small):
    threads = torch.get_num_threads()
    table = pd.DataFrame(small.run(0.3, 2, 3)).set_index("model")
    assert set(inspect.signature(small.run).parameters) <= set(table)  # so it can be confirmed
    torch.set_num_threads(threads)
    assert table.index.tolist() == [*study.MODELS, "no model"]
    models = table.loc[list(study.MODELS)]
    assert models.kappa2.nunique() == 1 and models.kappa2.iloc[0] == models.error_at_end.iloc[0]
    for column, *pair in study.PRIMARY.values():
        assert np.isfinite(models.loc[pair, column].astype(float)).all()
    assert set(study.REST) <= set(table)
    only_learned = models.filter(regex="means|zeta").notna().all(axis=1)
    assert only_learned.tolist() == [name == "VHP-VAE" for name in study.MODELS]
    everywhere = models.drop(columns=models.filter(regex="means|zeta|fade|left_out"))
    assert np.isfinite(everywhere.astype(float)).all(axis=None)
    for way in ("turn", "identity", "light"):
        assert table.loc["no model", f"{way}_still_off"] > 0
        assert table.loc["no model", f"{way}_fade_pairs"] == paths.PAIRS
    again = vhp.load(small.weights_path(0.3, 2, "REWO-VAE, VampPrior", 3))
    assert again.config["prior"] == "vamp"
    axes = vhp.PrincipalAxes.load(small.weights_path(0.3, 2, "axes", 3))
    assert len(axes.axes) == SMALL["axes"]


def test_the_grid_has_each_spread_with_each_dimension_and_its_seeds(small, monkeypatch):
    asked = {}

    def run_study(name, run, cells, configuration, data):
        json.dumps(configuration)  # what a stamp holds
        asked.update(name=name, cells=cells)

    monkeypatch.setattr(study, "run_study", run_study)
    study.main()
    assert asked["name"] == "faces"
    table = pd.DataFrame(asked["cells"])
    seeds = table.groupby(["z_dim", "identity_spread"]).seed.nunique()
    assert seeds.to_dict() == {(12, 1.0): 5, (12, 0.3): 5, (5, 1.0): 3, (5, 0.3): 3}


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_same_cell_gives_the_same_model(small):
    y = torch.randn(60, 8, generator=torch.Generator().manual_seed(0)) * torch.arange(1, 9)
    first, second = (small.train(y, "VHP-VAE", 30.0, 2, 3)[0] for _ in range(2))
    assert torch.equal(first.decoder[0].weight, second.decoder[0].weight)
    other = small.new_model(y, "normal", 2, 3)  # all models of a seed begin alike
    assert torch.equal(small.new_model(y, "vamp", 2, 3).decoder[0].weight, other.decoder[0].weight)


def test_pseudo_inputs_begin_as_pictures(small):
    y = torch.randn(30, 8)
    model = small.new_model(y, "vamp", 2, 0)
    assert all((y == picture).all(1).any() for picture in model.prior.pseudo_inputs)


def test_true_ways_change_one_thing_alone(monkeypatch):
    monkeypatch.setattr(paths, "FRAMES", 3)
    monkeypatch.setattr(paths, "PAIRS", 2)
    ways = paths.true_ways(spread=1.0, seed=1)
    assert {name: tuple(x.shape) for name, x in ways.items()} == dict.fromkeys(
        ("turn", "identity", "light"), (2, 3, 1, 64, 64)
    )
    assert torch.equal(ways["turn"], paths.true_ways(1.0, 1)["turn"])
    assert not torch.equal(ways["turn"], paths.true_ways(1.0, 2)["turn"])
    for x in ways.values():
        assert (x[:, 0] - x[:, -1]).abs().mean() > 0.01
    # With one person for all, nothing changes on the way from person to person.
    alike = paths.true_ways(spread=0.0, seed=1)["identity"]
    assert torch.equal(alike[:, 0], alike[:, -1])


def test_a_path_is_as_far_off_as_it_is():
    line = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    assert paths.apart(line, line) == (0.0, 0.0)
    assert paths.apart(line.flip(0) + torch.tensor([0.0, 3.0]), line) == (3.0, 3.0)
    to, back = paths.apart(line[:1], line)  # standing still never leaves the way, and misses it
    assert (to, back) == (0.0, 1.0)


def test_a_model_that_knows_the_way_is_not_off(monkeypatch):
    """An identity in place of encoder and decoder, and ways that are straight."""
    monkeypatch.setattr(paths, "FRAMES", 11)
    monkeypatch.setattr(paths, "finders", lambda model, seed: {"straight": paths.straight})
    ends = torch.tensor([[[0.0, 0.0], [10.0, 0.0]], [[0.0, 0.0], [0.0, 5.0]]])
    ways = {"turn": torch.stack([paths.straight(*pair) for pair in ends])}
    found = paths.measure_paths(Itself(), ways, seed=0)
    for kind in ("rebuilt", "straight"):
        np.testing.assert_allclose(found[f"turn_{kind}"], 0, atol=1e-6)
    np.testing.assert_allclose(found["turn_still"], [[0, 5], [0, 2.5]], atol=1e-6)
    np.testing.assert_allclose(paths.without_model(ways)["turn_fade"], 0, atol=1e-6)


def test_means_are_over_the_pairs_that_all_models_join():
    nan = math.nan
    found = {
        "a": {"turn_graph": np.array([[1.0, 3.0], [nan, nan], [5.0, 5.0]])},
        "b": {
            "turn_graph": np.array([[2.0, 2.0], [9.0, 9.0], [nan, nan]]),
            "turn_zeta": np.array([[nan, nan]] * 3),
        },
    }
    rows = paths.path_columns(found)
    assert rows["a"]["turn_graph_to"] == 1 and rows["a"]["turn_graph_from"] == 3
    assert rows["a"]["turn_graph_off"] == rows["b"]["turn_graph_off"] == 2
    assert rows["a"]["turn_graph_missing"] == rows["a"]["turn_graph_pairs"] == 1
    assert "turn_zeta_off" not in rows["a"] and np.isnan(rows["b"]["turn_zeta_off"])
    assert rows["b"]["turn_zeta_missing"] == 3 and rows["b"]["turn_zeta_pairs"] == 0


class Itself(nn.Module):
    """A stand-in for a model: codes are observations, and samples of its prior are given."""

    def __init__(self, nodes=None, decoder=lambda z: z):
        super().__init__()
        self.prior, self.nodes, self.decoder = self, nodes, decoder

    def sample(self, n):
        return self.nodes[:n]

    def encode(self, x):
        return torch.distributions.Normal(x, 1.0)

    def decode(self, z):
        return torch.distributions.Normal(self.decoder(z), 1.0)


def test_decoded_lengths_of_a_curve():
    """A unit of z is half a circle: cut finely its length is π, uncut that of the chord."""

    def half_circle(z):
        return torch.cat([(math.pi * z).cos(), (math.pi * z).sin()], dim=-1)

    model, ends = Itself(decoder=half_circle), torch.tensor([[0.0], [1.0]])
    lengths = [paths.decoded_lengths(model, ends[:1], ends[1:], n).item() for n in (1, 2, 100)]
    assert lengths == pytest.approx([2, 2 * math.sqrt(2), math.pi], rel=1e-3)


def test_a_path_weighed_by_the_decoder_goes_around_a_hill():
    """On a grid the straight way leads over a hill that the decoder draws as high."""
    side = torch.linspace(-1, 1, 15)
    grid = torch.cartesian_prod(side, side)

    def hill(z):
        return torch.cat([z, 5 * torch.exp(-8 * z.square().sum(-1, keepdim=True))], dim=-1)

    ends = torch.tensor([-1.0, 0.0]), torch.tensor([1.0, 0.0])
    around, across = (
        paths.DecodedGraph(Itself(grid, decoder), len(grid), 8, parts=2)
        for decoder in (hill, lambda z: z)
    )
    assert around.interpolate(*ends, 21).norm(dim=1).min() > 0.4
    path = across.interpolate(*ends, 21)
    torch.testing.assert_close(path, vhp.resample(torch.stack(ends), 21))


def test_a_decoded_graph_in_two_pieces_joins_within_each_alone():
    pieces = torch.cat([torch.linspace(0, 1, 10), torch.linspace(50, 51, 10)])[:, None]
    graph = paths.DecodedGraph(Itself(pieces), 20, 2, parts=1)
    assert graph.joins(pieces[0], pieces[9]) and not graph.joins(pieces[0], pieces[10])
    assert paths.along(graph, pieces[0], pieces[10]) is None
    assert paths.along(graph, pieces[0], pieces[9]).shape == (paths.FRAMES, 1)


def test_a_blurred_picture_has_less_detail():
    picture = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    blurred = nn.functional.avg_pool2d(picture, 3, stride=1, padding=1)
    assert measures.detail(blurred) < 0.1 * measures.detail(picture)
    slope = torch.arange(16.0).expand(1, 1, 16, 16)
    assert measures.detail(slope) == 0  # where grey changes evenly there is none
    assert measures.detail(slope**2) == pytest.approx(4)


def test_what_codes_hold_is_read_from_them():
    """Two factors are in the codes, one of them as a product; the others are not."""
    rng = np.random.default_rng(0)
    names = [*measures.ANGLES, "identity_1", "identity_2"]
    factors, codes = [], []
    for n in (800, 200):
        table = pd.DataFrame(rng.standard_normal((n, 6)), columns=names)
        codes.append(torch.as_tensor(rng.standard_normal((n, 2))))
        table["azimuth"] = 30 * codes[-1][:, 0].numpy()
        table["identity_1"] = codes[-1].prod(1).numpy()
        factors.append(table)
    scores = measures.factor_scores(tuple(codes), tuple(factors))
    assert scores["r2_azimuth"] > 0.99 and abs(scores["r2_light_azimuth"]) < 0.1
    assert scores["r2_identity"] == pytest.approx(0.5, abs=0.06)
    assert list(scores) == [f"r2_{name}" for name in (*measures.ANGLES, "identity")]
