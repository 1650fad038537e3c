"""Tables of numbers, yes or no, and categories: coded and back, and their likelihood."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch.distributions import Bernoulli, Categorical, Normal, OneHotCategorical, kl_divergence

import vhp_core as vhp
from vhp_core.doors import MixedLikelihood, MixedTable


def people(n=200, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "city": rng.choice(["Ulm", "Bonn", "Graz"], n),
            "age": rng.integers(18, 90, n),
            "member": rng.random(n) < 0.4,
            "income": rng.normal(3000.0, 500.0, n),
            "size": pd.Categorical(rng.choice(["S", "M", "L"], n), ["S", "M", "L"]),
            "answer": rng.choice(["yes", "no"], n),
        }
    )


# The table


def test_a_table_comes_back():
    frame = people()
    table = MixedTable.from_frame(frame, {"answer": "bernoulli"})
    x = table.encode(frame)
    assert x.shape == (200, table.width) and x.dtype == torch.get_default_dtype()
    assert table.entries == [
        "age", "income", "member", "answer",
        "city=Bonn", "city=Graz", "city=Ulm", "size=S", "size=M", "size=L",
    ]  # fmt: skip
    torch.testing.assert_close(x[:, :2].mean(0), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(x[:, :2].std(0, correction=0), torch.ones(2))
    assert x[:, 2].tolist() == frame.member.tolist()
    assert x[:, 3].tolist() == (frame.answer == "yes").tolist()
    assert (x[:, 4:7].sum(1) == 1).all()
    back = table.decode(x)
    pd.testing.assert_frame_equal(back, frame, rtol=1e-5)


def test_its_coding_is_plain_json():
    frame = people()
    table = MixedTable.from_frame(frame)
    again = MixedTable(json.loads(json.dumps(table.columns)))
    assert torch.equal(again.encode(frame), table.encode(frame))
    assert again.likelihood == {"gaussian": 2, "bernoulli": 1, "categorical": [3, 3, 2]}


def test_numbers_may_be_categories_and_constant_columns_stay_finite():
    frame = pd.DataFrame({"stars": [1, 5, 3, 5], "same": [2.5] * 4})
    table = MixedTable.from_frame(frame, {"stars": "categorical"})
    x = table.encode(frame)
    assert table.entries == ["same", "stars=1", "stars=3", "stars=5"] and x.isfinite().all()
    pd.testing.assert_frame_equal(table.decode(x), frame)


def test_one_category_alone_is_one():
    frame = pd.DataFrame({"only": ["a"] * 3})
    table = MixedTable.from_frame(frame)
    pd.testing.assert_frame_equal(table.decode(table.encode(frame)), frame)


def test_missing_values_are_missing_in_all_their_entries():
    frame = people(4).astype({"age": "Int64", "member": "boolean"})
    frame.loc[0, ["city", "age", "member", "size"]] = None
    table = MixedTable.from_frame(frame)
    x = table.encode(frame)
    missing = x[0].isnan()
    names = np.array(table.entries)[missing.numpy()]
    assert {name.split("=")[0] for name in names} == {"city", "age", "member", "size"}
    assert not x[1:].isnan().any() and not missing[table.entries.index("income")]


def test_draws_of_a_decoder_become_a_table():
    frame = people()
    table = MixedTable.from_frame(frame)
    model = vhp.mlp_vae(table.width, 2, (8,), likelihood=table.likelihood, seed=0)
    for noise in (False, True):
        drawn = table.decode(model.sample(50, noise=noise))
        assert drawn.dtypes.tolist() == frame.dtypes.tolist()
        assert set(drawn.city) <= set(frame.city)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="age"), r"lacks the columns \['age'\]"),
        (lambda f: f.assign(city="Wien"), r"column city has values that it had not: \['Wien'\]"),
    ],
)
def test_another_table_is_refused(change, message):
    frame = people()
    table = MixedTable.from_frame(frame)
    with pytest.raises(ValueError, match=message):
        table.encode(change(frame))


@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_is_no_column_of_its_kind_is_refused():
    frame = people()
    for kinds, message in [
        ({"town": "categorical"}, r"columns that the table lacks: \['town'\]"),
        ({"city": "gaussian"}, "column city of type .* is not one of numbers"),
        ({"city": "bernoulli"}, "column city has 3 values; bernoulli has 2"),
        ({"city": "poisson"}, "column city: kind must be one of"),
        ({"since": "categorical"}, "column since of type datetime.* is none of text or numbers"),
        ({"age": "gaussian"}, "column age: scale must be finite and above 0"),
    ]:
        wrong = frame.assign(since=pd.Timestamp("2020-01-01")) if "since" in kinds else frame
        wrong = frame.assign(age=np.inf) if "age" in kinds else wrong
        with pytest.raises(ValueError, match=message):
            MixedTable.from_frame(wrong, kinds)
    with pytest.raises(ValueError, match="column a: scale must be finite and above 0"):
        MixedTable([{"name": "a", "kind": "gaussian", "mean": 0.0, "scale": 0.0}])
    with pytest.raises(ValueError, match=r"x must have shape \(n, 11\), got \(3, 4\)"):
        MixedTable.from_frame(frame).decode(torch.zeros(3, 4))


# The likelihood


def mixed(n=5):
    """Two normal columns, one Bernoulli, two categorical ones: with x and the decoder's output."""
    torch.manual_seed(0)
    likelihood = MixedLikelihood(2, 1, (3, 2)).double()
    likelihood.set_scales(torch.tensor([0.25, 4.0] + [9.0] * 6).double())
    x = torch.zeros(n, 8, dtype=torch.float64)
    x[:, :2] = torch.randn(n, 2)
    x[:, 2] = torch.randint(0, 2, (n,))
    x[:, 3:6] = torch.eye(3)[torch.randint(0, 3, (n,))]
    x[:, 6:] = torch.eye(2)[torch.randint(0, 2, (n,))]
    return likelihood, x, torch.randn(4, n, 8, dtype=torch.float64)


def test_density_is_that_of_its_columns():
    likelihood, x, out = mixed()
    expected = (
        Normal(out[..., :2], torch.tensor([0.5, 2.0]).double()).log_prob(x[:, :2]).sum(-1)
        + Bernoulli(logits=out[..., 2]).log_prob(x[:, 2])
        + OneHotCategorical(logits=out[..., 3:6]).log_prob(x[:, 3:6])
        + OneHotCategorical(logits=out[..., 6:]).log_prob(x[:, 6:])
    )
    torch.testing.assert_close(likelihood.log_prob(x, out), expected)
    torch.testing.assert_close(likelihood(out).log_prob(x), expected)


@pytest.mark.parametrize("hard", [True, False])
def test_error_is_squared_distance_and_divergences(hard):
    likelihood, x, out = mixed()
    if not hard:
        x[:, 2] = torch.rand(5)
        x[:, 3:6], x[:, 6:] = torch.rand(5, 3).softmax(-1), torch.rand(5, 2).softmax(-1)
    x = x.expand_as(out)
    expected = (x - out)[..., :2].square().sum(-1)
    expected = expected + kl_divergence(Bernoulli(x[..., 2]), Bernoulli(logits=out[..., 2]))
    for part in (slice(3, 6), slice(6, 8)):
        to = Categorical(logits=out[..., part])
        terms = torch.xlogy(x[..., part], x[..., part]) - x[..., part] * to.logits
        expected = expected + terms.sum(-1)  # KL; torch's own is NaN where a probability is 0
        if not hard:
            exact = kl_divergence(Categorical(x[..., part]), to)
            torch.testing.assert_close(terms.sum(-1), exact)
    torch.testing.assert_close(likelihood.error(x, out), expected)
    assert (likelihood.error(x, out) >= 0).all()


def test_a_perfect_reconstruction_has_no_error():
    likelihood, x, _ = mixed()
    perfect = torch.cat([x[:, :2], 100 * (2 * x[:, 2:3] - 1), 100 * x[:, 3:]], dim=1)
    torch.testing.assert_close(likelihood.error(x, perfect), torch.zeros(5).double())


def test_draws_have_the_distribution_s_moments():
    likelihood, _, out = mixed()
    p = likelihood(out[0, 0])
    draws = p.sample((20_000,))
    assert draws.shape == (20_000, 8) and set(draws[:, 2:].unique().tolist()) == {0.0, 1.0}
    assert (draws[:, 3:6].sum(1) == 1).all() and (draws[:, 6:].sum(1) == 1).all()
    torch.testing.assert_close(draws.mean(0), p.mean, atol=0.05, rtol=0)
    torch.testing.assert_close(draws.var(0), p.variance, atol=0.05, rtol=0.05)
    torch.testing.assert_close(p.mean[3:6], out[0, 0, 3:6].softmax(0))


def test_a_table_without_one_kind_is_one_of_the_others():
    x, out = torch.randn(5, 3), torch.randn(5, 3)
    ours, theirs = MixedLikelihood(gaussian=3), vhp.GaussianPerColumnLikelihood(3)
    torch.testing.assert_close(ours.log_prob(x, out), theirs.log_prob(x, out))
    x = (x > 0).float()
    ours, theirs = MixedLikelihood(bernoulli=3), vhp.BernoulliLikelihood()
    torch.testing.assert_close(ours.log_prob(x, out), theirs.log_prob(x, out))
    torch.testing.assert_close(ours.error(x, out), theirs.error(x, out))


def test_another_width_is_refused():
    with pytest.raises(ValueError, match="x has 4 columns, the likelihood 3"):
        MixedLikelihood(1, 0, (2,)).error(torch.zeros(2, 4), torch.zeros(2, 4))


@pytest.mark.filterwarnings("ignore")
def test_a_model_of_a_table_trains_is_measured_and_comes_back(tmp_path):
    frame = people()
    table = MixedTable.from_frame(frame)
    x = table.encode(frame)
    model = vhp.mlp_vae(table.width, 2, (16,), likelihood=table.likelihood, seed=0)
    vhp.linear_start(model, x)
    history = vhp.fit(model, x, vhp.Geco(kappa=1.5), 150, 64, 3e-3, progress=False).frame()
    assert history.error.tail(10).mean() < 0.8 * history.error.head(10).mean()
    model.save(tmp_path / "model")
    again = vhp.load(tmp_path / "model")
    scores = [vhp.evaluation.log_likelihood(m, x, 10) for m in (model, again)]
    assert torch.equal(*scores) and scores[0].isfinite().all()


def test_missing_categories_say_nothing():
    likelihood = MixedLikelihood(0, 1, (3,))
    likelihood.missing = True
    x = torch.tensor([[1.0, math.nan, math.nan, math.nan]])
    out = torch.tensor([[0.0, 5.0, -2.0, 1.0]])
    torch.testing.assert_close(likelihood.error(x, out), torch.tensor([math.log(2)]))
