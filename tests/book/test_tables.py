import numpy as np
import pandas as pd
import pytest

from vhp_core.book import over_seeds, worded


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "model": ["late", "early", "late", "early"],
            "rate": [1.0, 5.0, 3.0, 5.5],
            "share": [0.5, np.nan, 0.25, 1.0],
        }
    )


def test_models_keep_their_order_and_columns_their_headings(table):
    found = over_seeds(table, {"share": ("share", 1), "rate": ("rate [nats]", 2)})
    assert list(found.index) == ["late", "early"]
    assert list(found.columns) == ["share", "rate [nats]"]


def test_a_cell_is_mean_and_standard_deviation(table):
    found = over_seeds(table, {"rate": ("rate", 3)})
    assert found.loc["late", "rate"] == f"{2:.3f} ± {2**0.5:.3f}"
    assert found.loc["early", "rate"] == f"{5.25:.3f} ± {0.5 / 2**0.5:.3f}"


def test_what_is_missing_in_one_seed_is_no_mean(table):
    found = over_seeds(table, {"share": ("share", 2)})
    assert found.loc["early", "share"] == "–"
    assert found.loc["late", "share"] == "0.38 ± 0.18"


def test_rows_may_be_told_apart_by_another_column(table):
    assert list(over_seeds(table.assign(place="here"), {"rate": ("r", 0)}, "place").index) == [
        "here"
    ]


def test_words_wrap_and_stand_without_numbers_of_rows():
    page = worded([{"claim": "a < b", "verdict": "open"}])._repr_html_()
    assert 'class="dataframe words"' in page
    assert "a &lt; b" in page
    assert "<th>0</th>" not in page
