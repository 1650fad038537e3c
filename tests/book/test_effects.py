import numpy as np
import pandas as pd
import pytest
from scipy import stats

from vhp_core.book import Effect, clustered_effect, mean_effect, paired_effect, row_effect


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    rows = [
        {"seed": seed, "model": model, "rate": shift + 10 * seed + rng.normal()}
        for seed in range(8)
        for model, shift in (("a", 1.0), ("b", 0.0))
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=1)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_interval_is_that_of_a_paired_t_test(table, level):
    effect = paired_effect(table, "rate", "a", "b", level=level)
    wide = table.pivot(index="seed", columns="model", values="rate")
    expected = stats.ttest_rel(wide.a, wide.b).confidence_interval(level)
    assert effect.mean == pytest.approx((wide.a - wide.b).mean())
    assert (effect.low, effect.high) == pytest.approx((expected.low, expected.high))
    assert effect.pairs == 8


def test_it_turns_round_with_the_models(table):
    one, other = (paired_effect(table, "rate", *pair) for pair in (("a", "b"), ("b", "a")))
    assert (one.mean, one.low, one.high) == pytest.approx((-other.mean, -other.high, -other.low))


def test_it_is_clear_where_zero_lies_outside(table):
    assert paired_effect(table, "rate", "a", "b", level=0.5).clear
    same = table.assign(rate=np.where(table.model == "a", (-1.0) ** table.seed, 0.0))
    assert not paired_effect(same, "rate", "a", "b").clear


@pytest.mark.parametrize(
    ("interval", "lower", "word"),
    [
        ((-2.0, -1.0), True, "holds"),
        ((-2.0, -1.0), False, "the opposite holds"),
        ((1.0, 2.0), False, "holds"),
        ((1.0, 2.0), True, "the opposite holds"),
        ((-1.0, 2.0), True, "open"),
    ],
)
def test_a_verdict_is_by_the_interval_and_the_better_side(interval, lower, word):
    assert Effect(sum(interval) / 2, *interval, 5).verdict(lower) == word


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_interval_of_a_standard_error_is_students(level):
    low, high = stats.t.interval(level, 5, loc=3.0, scale=0.5)
    effect = clustered_effect(3.0, 0.5, 6, level)
    assert tuple(effect) == pytest.approx((3.0, low, high, 6))
    with pytest.raises(ValueError, match="two pairs, got 1"):
        clustered_effect(3.0, 0.5, 1)


def test_only_pairs_count(table):
    gone = table.drop(table.index[(table.model == "b") & (table.seed > 4)])
    assert paired_effect(gone, "rate", "a", "b").pairs == 5
    with pytest.raises(ValueError, match="1 pairs"):
        paired_effect(gone[gone.seed == 0], "rate", "a", "b")
    with pytest.raises(ValueError, match="'a' has more than one row of the same seed"):
        paired_effect(pd.concat([table, table]), "rate", "a", "b")


def test_the_interval_of_a_mean_is_that_of_a_t_test():
    values = np.random.default_rng(1).normal(1.0, 2.0, 9)
    effect, expected = mean_effect(values), stats.ttest_1samp(values, 0).confidence_interval()
    assert (effect.mean, effect.pairs) == (pytest.approx(values.mean()), 9)
    assert (effect.low, effect.high) == pytest.approx((expected.low, expected.high))
    with pytest.raises(ValueError, match="two pairs, got 1"):
        mean_effect([1.0])


def test_over_rows_each_difference_is_a_mean_over_the_seeds_in_common():
    drawn = np.random.default_rng(2).normal(size=(6, 5))
    table = pd.DataFrame(drawn, columns=["a, b 0", "a, b 1", "c 0", "c 1", "c 2"])
    expected = mean_effect((drawn[:, :2] - drawn[:, 2:4]).mean(1))
    assert row_effect(table, "a, b", "c") == pytest.approx(expected)
    with pytest.raises(ValueError, match="no seed in common"):
        row_effect(table, "a", "c")
