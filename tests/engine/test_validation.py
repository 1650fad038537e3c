"""Held-out data: what is measured, and that looking at them changes nothing."""

import math

import pytest
import torch

import vhp_core as vhp
from vhp_core import evaluation

from .small_runs import fresh, train

COLUMNS = ["validation_error", "validation_rate", "validation_bound"]


@pytest.mark.parametrize("method", ["fit", "fit_iwae"])
@pytest.mark.parametrize("part", [None, torch.nn.Dropout(0.2)], ids=["apart", "global"])
def test_the_weights_are_those_of_a_run_without(method, part):
    """Dropout draws from torch's global state: of that too the run gets its own back."""

    def run(**options):
        parts = fresh()
        if part is not None:
            parts[0].decoder.insert(1, part)
        return train(parts, method, **options)

    x = torch.randn(50, 4)
    plain, looked = run(), run(validation=x, validate_every=7)
    for key, value in plain[0].state_dict().items():
        assert torch.equal(value, looked[0].state_dict()[key]), key
    frame, held_out = plain[0].history.frame(), looked[0].history.frame()
    assert held_out.columns.tolist() == [*frame.columns, *COLUMNS]
    assert held_out[frame.columns].equals(frame)
    seen = held_out[COLUMNS].notna()
    assert held_out.step[seen.all(axis=1)].tolist() == [*range(7, 57, 7), 60]
    assert seen.any(axis=1).equals(seen.all(axis=1))


def test_what_is_measured_is_what_evaluation_measures():
    x = fresh()[1].repeat(10, 1)  # 3000, so that one draw of noise for each is enough
    model, _, constraint = train(validation=x)
    row = model.history.row()
    assert row["validation_error"] == pytest.approx(
        evaluation.reconstruction_error(model, x, 4).mean().item(), rel=0.03
    )
    rate = evaluation.rate(model, x, 4, prior_samples=3).mean().item()
    assert row["validation_rate"] == pytest.approx(rate, abs=0.03)
    sigma2 = constraint.smoothed_error / 4
    log_p = -row["validation_error"] / (2 * sigma2) - 2 * math.log(2 * math.pi * sigma2)
    assert row["validation_bound"] == pytest.approx(log_p - row["validation_rate"], rel=1e-5)


def test_the_bound_of_an_iwae_is_its_own():
    x = fresh()[1].repeat(10, 1)
    model = train(method="fit_iwae", validation=x)[0]
    torch.manual_seed(0)
    with torch.no_grad():
        bound = vhp.importance_weighted_bound(model, x, 3)[0].mean().item()
    assert model.history.row()["validation_bound"] == pytest.approx(bound, abs=0.03)


def test_rows_pass_in_parts(tmp_path):
    x = torch.randn(2500, 4)
    columns = [train(validation=part)[0].history.row() for part in (x, x[:1000], x[1000:])]
    whole, first, rest = (row["validation_error"] for row in columns)
    assert whole == pytest.approx(0.4 * first + 0.6 * rest, rel=0.05)


@pytest.mark.parametrize("method", ["fit", "fit_iwae"])
def test_bad_held_out_data_are_refused_by_name(method):
    with pytest.raises(ValueError, match=r"validation cannot be used: .*5 columns"):
        train(method=method, validation=torch.zeros(3, 5))
    with pytest.raises(ValueError, match="validate_every must be at least 1, got 0"):
        train(method=method, validation=torch.zeros(3, 4), validate_every=0)


def test_a_checkpoint_without_them_is_of_another_run(tmp_path):
    train(checkpoint=tmp_path / "run")
    with pytest.raises(ValueError, match="validation: None there"):
        train(checkpoint=tmp_path / "run", validation=torch.zeros(3, 4))
