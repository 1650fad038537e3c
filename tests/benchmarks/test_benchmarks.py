"""The benchmark's arithmetic and its two committed tables; nothing is timed, pythae not needed."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
import torch

import vhp_core as vhp
from benchmarks import plain, setting
from benchmarks.products import mlp_products, operands, step_products
from benchmarks.summary import agree, compare, quartiles, verdict
from benchmarks.workers import Skipped, Worker
from tests.helpers import stir
from vhp_core import book


def test_products_of_one_layer():
    kinds = {p.kind: p for p in mlp_products(128, [50, 4], input_gradient=True)}
    assert set(kinds) == {"forward", "weight gradient", "input gradient"}
    assert all(p.flops == 2 * 128 * 50 * 4 for p in kinds.values())
    assert "input gradient" not in {p.kind for p in mlp_products(128, [50, 4], False)}


def test_operations_of_a_step_as_counted_by_hand():
    encoder = 3 * (50 * 256 + 256 * 256 + 256 * 4) - 50 * 256 + 2 * 50 * 2
    decoder = 3 * (2 * 256 + 256 * 256 + 256 * 50)
    inference = conditional = 3 * (2 * 256 + 256 * 256 + 256 * 4 + 2 * 2)
    by_hand = 2 * (128 * (encoder + decoder + inference) + 2048 * conditional)
    assert sum(product.flops for product in step_products()) == by_hand
    assert len(step_products()) == 4 * 9 - 1 + 3 * 3 - 1


def test_operands_have_the_shapes_of_their_product():
    for product in step_products(5, 2, (6, 7), 3, 2):
        a, b = operands(product)
        assert (a @ b).shape == (product.rows, product.columns)
        assert a.shape[1] == product.inner
    forward, weight, _ = (operands(p) for p in mlp_products(3, [5, 4], True))
    assert not forward[1].is_contiguous()  # x Wᵀ and gᵀ x: transposed where a layer's are
    assert not weight[0].is_contiguous()


def test_compare_takes_medians_and_rounds_in_pairs():
    row = compare([1.0, 2.0, 9.0], [2.0, 5.0, 8.0])
    assert row["ours_ms"] == 2000 and row["reference_ms"] == 5000
    assert row["ratio"] == 0.5 and row["ratio_low"] == 0.45 and row["ratio_high"] == 0.8125
    with pytest.raises(ValueError, match="rounds differ"):
        compare([1.0], [1.0, 2.0])


def test_quartiles():
    assert quartiles("x", [1, 2, 3, 4, 5]) == {"x": 3, "x_low": 2, "x_high": 4}


@pytest.mark.parametrize(
    ("low", "high", "limit", "said"),
    [
        (0.6, 0.8, 0.8, "met"),
        (0.6, 0.9, 0.8, "open"),
        (0.8, 0.9, 0.8, "open"),
        (0.81, 0.9, 0.8, "missed"),
        (0.6, 0.9, None, ""),
        (0.6, 0.9, float("nan"), ""),
    ],
)
def test_a_verdict_is_said_where_the_quartiles_allow_one(low, high, limit, said):
    assert verdict({"ratio_low": low, "ratio_high": high, "limit": limit}) == said


def test_the_plain_model_is_the_library_s():
    ours = vhp.mlp_vae(
        setting.X_DIM, setting.Z_DIM, setting.HIDDEN, num_importance_samples=setting.K
    )
    stir(ours)
    theirs, x = plain.Model(), torch.randn(7, setting.X_DIM)
    weights = {
        name.removeprefix("prior."): value
        for name, value in ours.state_dict().items()
        if not name.startswith("likelihood.")
    }
    theirs.load_state_dict(weights)
    torch.manual_seed(0)
    error, rate = ours(x)
    torch.manual_seed(0)
    noise = torch.randn(7, setting.Z_DIM), torch.randn(setting.K, 7, setting.Z_DIM)
    torch.testing.assert_close(theirs(x, *noise), (error.mean(), rate.mean()))


def test_standard_error_is_that_of_the_noise_and_not_of_the_points():
    rng = np.random.default_rng(0)
    level = rng.normal(scale=100, size=10)
    found = [
        agree(level + rng.normal(size=(50, 10)), level + rng.normal(size=(50, 10)))
        for _ in range(300)
    ]
    error = np.mean([row["standard_error"] for row in found])
    assert error == pytest.approx(np.sqrt(2 / 500), rel=0.05)
    assert np.std([row["difference"] for row in found]) == pytest.approx(error, rel=0.15)


def test_frames_begin_alike():
    x = setting.frames(3000)
    assert x.dtype == np.float32 and x.shape == (3000, 50)
    assert np.array_equal(x[:1000], setting.frames(1000))


def test_a_worker_answers_and_tells_when_it_stops(tmp_path, monkeypatch):
    package = tmp_path / "benchmarks"
    package.mkdir()
    (package / "__init__.py").write_text(f"__path__.append({str(setting.HERE)!r})\n")
    (package / "echo.py").write_text(
        "from benchmarks.workers import Skipped, serve\n"
        "def echo(text):\n"
        "    print('not an answer')\n"
        "    return {'text': text}\n"
        "def skip():\n"
        "    raise Skipped('not there')\n"
        "serve({'echo': echo, 'skip': skip})\n"
    )
    monkeypatch.setattr(setting, "HERE", package)
    with Worker("echo") as worker:
        assert worker.ask("echo", text="ζ") == {"text": "ζ"}
        with pytest.raises(Skipped, match="not there"):
            worker.ask("skip")
        if sys.platform == "linux":
            assert 1 < worker.peak_anonymous("echo", text="") < 2000
        with pytest.raises(RuntimeError, match="stopped"):
            worker.ask("unknown")


@pytest.mark.filterwarnings("ignore:the table")
@pytest.mark.parametrize("name", ["results", "growth"])
def test_committed_table_has_its_stamp(name):
    table, stamp = book.read_study(name, setting.HERE, "benchmarks")
    assert stamp["configuration"]["budget"] in setting.BUDGETS
    assert stamp["versions"]["pythae"] == "0.1.2"
    numbers = table.select_dtypes("number")
    assert len(table) and not np.isinf(numbers).any().any()
    json.dumps(stamp, allow_nan=False)


def test_limits_stand_in_the_table():
    table = pd.read_csv(setting.HERE / "results.csv").dropna(subset="limit")
    pairs = zip(table.what, table.reference, strict=True)
    assert dict(zip(pairs, table.limit, strict=True)) == setting.LIMITS
