import json
from types import SimpleNamespace

import pandas as pd
import pytest

from studies import confirm, stamp
from vhp_core import book

OLD = {"source_hash": "0" * 16, "date": "2020-01-01"}


def run(data, seed):
    """Two rows; the second has a column of its own, as a model that others have not."""
    value = len(data) + seed / 3
    row = {"data": data, "seed": seed}
    return [row | {"model": "A", "value": value}, row | {"model": "B", "value": 1.0, "more": value}]


@pytest.fixture
def folder(tmp_path):
    rows = [row for data in ("x", "yy") for seed in range(5) for row in run(data, seed)]
    pd.DataFrame(rows).to_csv(tmp_path / "s.csv", index=False, float_format=stamp.FLOAT_FORMAT)
    (tmp_path / "s.json").write_text(json.dumps(OLD))
    return tmp_path


def test_equal_rows_are_noted_and_the_table_counts_as_current(folder):
    assert not book.is_current(OLD)
    noted = confirm.confirm("s", SimpleNamespace(run=run), 3, folder)
    content = json.loads((folder / "s.json").read_text())
    assert content == OLD | {"data": [], "confirmed": noted} and len(noted["cells"]) == 3
    assert book.is_current(content)
    content["confirmed"]["source_hash"] = "1" * 16
    assert not book.is_current(content)


def test_the_hash_covers_the_data_that_the_study_names(folder):
    noted = confirm.confirm("s", SimpleNamespace(run=run, DATA=("pendulum",)), 2, folder)
    assert json.loads((folder / "s.json").read_text())["data"] == ["pendulum"]
    assert noted["source_hash"] == book.source_hash("pendulum") != book.source_hash()


def test_cells_that_a_table_names_by_rounded_numbers_are_left_out():
    table = pd.DataFrame({"beta0": [0.05, 0.666667, 0.521697, 2.0], "seed": range(4)})
    cells = confirm.draw_cells(table, ["beta0", "seed"], 2, "ab" * 8)
    assert [cell["beta0"] for cell in cells] == [0.05, 2.0]
    with pytest.raises(SystemExit, match=r"1 \.\. 2, got 3"):
        confirm.draw_cells(table, ["beta0", "seed"], 3, "ab" * 8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row | {"value": row["value"] * (1 + 2e-5)}, "differs in value"),
        (lambda row: row | {"extra": 1.0}, "differs in extra"),
        (lambda row: {k: v for k, v in row.items() if k != "value"}, "differs in value"),
    ],
)
def test_a_number_that_differs_is_told_and_nothing_noted(folder, change, message):
    def changed(data, seed):
        return [change(row) for row in run(data, seed)]

    with pytest.raises(SystemExit, match=message):
        confirm.confirm("s", SimpleNamespace(run=changed), 2, folder)
    assert json.loads((folder / "s.json").read_text()) == OLD


def test_a_missing_row_is_told(folder):
    def fewer(data, seed):
        return run(data, seed)[:1]

    with pytest.raises(SystemExit, match="1 rows where 2 are committed"):
        confirm.confirm("s", SimpleNamespace(run=fewer), 1, folder)


def test_cells_are_drawn_by_the_key_without_repetition():
    table = pd.DataFrame([{"seed": seed, "model": m} for seed in range(50) for m in "AB"])
    cells = confirm.draw_cells(table, ["seed"], 10, "ab" * 8)
    assert len({cell["seed"] for cell in cells}) == 10
    assert cells == confirm.draw_cells(table, ["seed"], 10, "ab" * 8)
    assert cells != confirm.draw_cells(table, ["seed"], 10, "cd" * 8)


@pytest.mark.parametrize("number", [0, 51])
def test_a_number_of_cells_that_there_is_not_is_refused(number):
    table = pd.DataFrame({"seed": range(50)})
    with pytest.raises(SystemExit, match=r"must lie in 1 \.\. 50"):
        confirm.draw_cells(table, ["seed"], number, "ab")
