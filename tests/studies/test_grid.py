"""The grid of a study: resumed, with failures, in processes and on a Dask cluster."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import dask
import distributed
import numpy as np
import pandas as pd
import pytest

from studies import grid, stamp
from tests.studies.grid_cells import draw, note, tell_thread
from vhp_core import book

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """Where finished cells are kept; and the two files of a study beside it."""
    monkeypatch.delenv("VHP_DASK", raising=False)
    monkeypatch.setattr(grid, "FOLDER", tmp_path / "store")
    monkeypatch.setattr(stamp, "HERE", tmp_path)
    return tmp_path / "store"


@pytest.fixture
def no_identity(monkeypatch):
    monkeypatch.setattr(grid, "_identity", dict)


@pytest.fixture(scope="module")
def cluster():
    # Two threads a worker: a cell must have its process to itself all the same. That workers do
    # not import the method, to tell which one they have, saves several seconds.
    quick = {
        "distributed.scheduler.allowed-failures": 0,
        "distributed.admin.log-format": "%(name)s",
    }
    with (
        dask.config.set(quick),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=2,
            processes=True,
            host="127.0.0.1",
            dashboard_address=":0",
            preload=["from studies import grid\n\ngrid._identity = dict\n"],
        ) as local,
    ):
        yield local.scheduler_address


def cells_of(folder: Path, seeds=range(4)) -> list[dict]:
    return [{"folder": str(folder), "seed": seed} for seed in seeds]


def calls(folder: Path) -> dict[int, int]:
    """How often each seed was run."""
    return dict(
        sorted(Counter(int(path.name.split("-")[0]) for path in folder.glob("*.call")).items())
    )


def test_a_second_start_runs_only_what_is_new(tmp_path, capfd):
    first = grid.run_grid("s", note, cells_of(tmp_path, range(2)), {"steps": 1})
    both = grid.run_grid("s", note, cells_of(tmp_path), {"steps": 1})
    assert calls(tmp_path) == {0: 1, 1: 1, 2: 1, 3: 1}
    assert both.table.seed.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    pd.testing.assert_frame_equal(first.table, both.table[:4])
    assert list(both.table) == ["folder", "seed", "part", "value"]  # no column of errors
    out = capfd.readouterr().out
    assert "s: 2 of 4 cells are there from before" in out
    assert f"s: 4/4 folder={tmp_path} seed=" in out


def test_time_and_date_are_those_of_the_starts_that_did_the_work(tmp_path, store):
    grid.run_grid("s", note, cells_of(tmp_path, range(3)), {})
    facts = [("2020-01-01T10", 30.0), ("2020-01-01T10", 90.0), ("2020-02-03T10", 30.0)]
    for path, (start, elapsed) in zip(sorted(store.rglob("*.json")), facts, strict=True):
        record = json.loads(path.read_text())
        path.write_text(json.dumps(record | {"start": start, "elapsed": elapsed}))
    again = grid.run_grid("s", note, cells_of(tmp_path, range(3)), {})
    assert again.minutes == 2.0
    assert again.date == "2020-02-03"
    assert again.machine == stamp.machine()


@pytest.mark.parametrize("change", ["configuration", "method", "versions", "source"])
def test_a_changed_study_starts_afresh(change, tmp_path, monkeypatch):
    cells = cells_of(tmp_path, [0])
    configuration = {"steps": 1}
    grid.run_grid("s", note, cells, configuration)
    if change == "configuration":
        configuration = {"steps": 2}
    elif change == "source":
        other = tmp_path / "other.py"
        other.write_text("# another text\n")
        monkeypatch.setattr(grid.inspect, "getsourcefile", lambda run: str(other))
    elif change == "method":
        monkeypatch.setattr(book, "source_hash", lambda: "other")
    else:
        monkeypatch.setattr(stamp, "versions", lambda: {"torch": "0.1"})
    grid.run_grid("s", note, cells, configuration)
    assert calls(tmp_path) == {0: 2}


@pytest.mark.parametrize("damage", ["", '{"rows": [{"seed"', "[]", '{"rows": []}'])
def test_a_cell_that_was_not_written_to_its_end_is_run_again(damage, tmp_path, store):
    cells = cells_of(tmp_path, [0, 1])
    whole = grid.run_grid("s", note, cells, {})
    path = sorted(store.rglob("*.json"))[0]
    seed = json.loads(path.read_text())["rows"][0]["seed"]
    path.write_text(damage)
    pd.testing.assert_frame_equal(grid.run_grid("s", note, cells, {}).table, whole.table)
    assert calls(tmp_path) == {0: 1, 1: 1} | {seed: 2}


def test_a_write_that_is_interrupted_leaves_no_cell(tmp_path, store, monkeypatch):
    def full(self, text, **options):
        with self.open("w") as file:
            file.write(text[:10])
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match="no space"):
            grid.run_grid("s", note, cells_of(tmp_path, [0]), {})
    assert [path.suffix for path in store.rglob("*.*")] == [".part"]
    table = grid.run_grid("s", note, cells_of(tmp_path, [0]), {}).table
    assert table.value.tolist() == [0, 0]


def test_a_failed_cell_is_a_row_and_is_tried_again(tmp_path, capfd):
    cells = cells_of(tmp_path)
    (tmp_path / "1.fails").touch()
    with pytest.raises(SystemExit, match="s: 1 of 4 cells failed") as stop:
        grid.run_study("s", note, cells, {})
    assert "OSError: seed 1, not found" in stop.value.code  # a text: exit status 1
    captured = capfd.readouterr()
    assert "in note" in captured.err and "Traceback" in captured.err
    assert "seed=1: failed, OSError: seed 1, not found" in captured.out
    table = pd.read_csv(tmp_path / "s.csv")
    assert list(table) == ["folder", "seed", "part", "value", "error"]
    assert table.seed.tolist() == [0, 0, 1, 2, 2, 3, 3]
    assert table.error.dropna().to_dict() == {2: "OSError: seed 1, not found"}
    assert (
        table[["part", "value"]].isna().all(axis=1).tolist() == [False] * 2 + [True] + [False] * 4
    )

    (tmp_path / "1.fails").unlink()
    grid.run_study("s", note, cells, {})
    assert calls(tmp_path) == {0: 1, 1: 2, 2: 1, 3: 1}
    study = book.read_study("s", tmp_path)
    assert list(study.table) == ["folder", "seed", "part", "value"]
    assert study.table.seed.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert study.stamp["machine"] == stamp.machine()


def test_error_is_the_last_column_even_if_the_first_cell_failed(tmp_path):
    (tmp_path / "0.fails").touch()
    table = grid.run_grid("s", note, cells_of(tmp_path, [0, 1]), {}).table
    assert list(table) == ["folder", "seed", "part", "value", "error"]


def test_all_cells_may_fail(tmp_path):
    (tmp_path / "0.fails").touch()
    result = grid.run_grid("s", note, cells_of(tmp_path, [0]), {})
    assert list(result.table) == ["folder", "seed", "error"]
    assert result.minutes == 0


def test_a_process_that_dies_takes_no_other_cell_with_it(tmp_path):
    (tmp_path / "0.dies").touch()
    table = grid.run_grid("s", note, cells_of(tmp_path, range(3)), {}).table
    assert table.seed.tolist() == [0, 1, 1, 2, 2]
    assert "process that ran the cell died" in table.error[0]
    assert table.error[1:].isna().all()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes to kill")
def test_a_study_that_is_killed_goes_on_where_it_was(tmp_path, store, no_identity):
    for seed in (2, 3):
        (tmp_path / f"{seed}.waits").touch()
    code = (
        "import sys; from pathlib import Path; from studies import grid; "
        "from tests.studies import grid_cells; "
        "grid.FOLDER = Path(sys.argv[1]) / 'store'; grid._identity = dict; "
        "cells = [{'folder': sys.argv[1], 'seed': seed} for seed in range(4)]; "
        "grid.run_grid('s', grid_cells.note, cells, {})"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + 60
        while len(calls(tmp_path)) < 3 and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        while len(list(store.rglob("*.json"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    before = calls(tmp_path)
    for seed in (2, 3):
        (tmp_path / f"{seed}.waits").unlink()
    table = grid.run_grid("s", note, cells_of(tmp_path), {}).table
    assert table.seed.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert calls(tmp_path) == {seed: before.get(seed, 0) + (seed > 1) for seed in range(4)}
    assert before[0] == before[1] == 1


def test_dask_gives_the_same_numbers_as_processes(cluster, no_identity, monkeypatch, capfd):
    cells = [{"seed": seed} for seed in range(6)]
    here = grid.run_grid("here", draw, cells, {}).table
    monkeypatch.setenv("VHP_DASK", cluster)
    there = grid.run_grid("there", draw, cells, {}).table
    assert f"there: on Dask at {cluster}, 2 workers so far" in capfd.readouterr().out
    pd.testing.assert_frame_equal(here, there, check_exact=True)
    assert here.jobs.tolist() == [1] * 6  # a cell does not spread over the cluster
    assert here.total.nunique() == 6
    again = grid.run_grid("there", draw, cells, {}).table  # through the stored cells alone
    pd.testing.assert_frame_equal(again, there, check_exact=True)


def test_dask_makes_a_row_of_a_failure(cluster, no_identity, monkeypatch, tmp_path):
    monkeypatch.setenv("VHP_DASK", cluster)
    (tmp_path / "1.fails").touch()
    table = grid.run_grid("s", note, cells_of(tmp_path, range(3)), {}).table
    assert table.seed.tolist() == [0, 0, 1, 2, 2]
    assert table.error.dropna().to_dict() == {2: "OSError: seed 1, not found"}


def test_dask_workers_with_another_version_of_the_method_are_refused(
    cluster, monkeypatch, tmp_path
):
    monkeypatch.setenv("VHP_DASK", cluster)
    table = grid.run_grid("s", note, cells_of(tmp_path, [0, 1]), {}).table
    assert table.error.str.startswith("RuntimeError: this worker has").all()
    assert calls(tmp_path) == {}


def test_dask_makes_a_row_of_a_worker_that_died(cluster, no_identity, monkeypatch, tmp_path):
    monkeypatch.setenv("VHP_DASK", cluster)
    (tmp_path / "0.dies").touch()
    table = grid.run_grid("s", note, cells_of(tmp_path, [0]), {}).table
    assert table.error.tolist() == ["KilledWorker: the process that ran the cell died"]


def test_a_cluster_of_one_thread_does_the_work_itself(monkeypatch, tmp_path):
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
    ) as local:
        monkeypatch.setenv("VHP_DASK", local.scheduler_address)
        table = grid.run_grid("s", tell_thread, cells_of(tmp_path, [0]), {}).table
    assert "Dask" in table.thread[0]


def test_no_scheduler_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("VHP_DASK", "tcp://127.0.0.1:1")
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "100ms"}),
        pytest.raises(ConnectionError, match=r"VHP_DASK='tcp://127\.0\.0\.1:1'"),
    ):
        grid.run_grid("s", note, cells_of(tmp_path), {})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"a": 1}, "TypeError: a study's run returns a list of dicts"),
        ([1], "TypeError: a study's run returns a list of dicts"),
        ([{"a": object()}], "TypeError: a row holds a object"),
        ([{"a": np.ones(2)}], "ValueError"),
        ([{"error": 1.0}], "ValueError: the column 'error' is kept"),
    ],
)
def test_rows_that_no_table_can_hold_are_the_cells_error(rows, message):
    outcome = grid._attempt(0, lambda: rows, {})
    assert outcome.rows is None
    assert outcome.error.startswith(message)


def test_cells_are_checked(tmp_path):
    with pytest.raises(ValueError, match="'s' has no cells"):
        grid.run_grid("s", note, [], {})
    with pytest.raises(ValueError, match="'s' has the same cell twice"):
        grid.run_grid("s", note, cells_of(tmp_path, [0, 0]), {})
