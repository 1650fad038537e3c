"""The grid of a study: each cell once, side by side, on this machine or on a Dask cluster.

A cell is a set of arguments such as ``{"data": "cmu", "seed": 0}``. What a finished cell returned
is stored at once in ``_build/studies``, so that a study that was stopped goes on where it was, on
another machine too if its parts are committed (:mod:`studies.parts`); a cell that failed becomes a
row with its error. With the address of a scheduler in the environment variable VHP_DASK, joblib
sends the same cells to the workers of that cluster.
"""

import hashlib
import inspect
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from joblib import Parallel, delayed, parallel_config

from studies import stamp
from studies.parts import bring
from tools.guard import guard

FOLDER = Path(__file__).resolve().parent.parent / "_build" / "studies"
Run = Callable[..., list[dict]]
_RECORD = {"rows", "start", "elapsed", "machine"}

# A cell seeds its process's random state, so two cells never share a process at the same time.
_one_cell = threading.Lock()


class Result(NamedTuple):
    """The table of a grid, with what its stamp says about the starts that computed it."""

    table: pd.DataFrame
    minutes: float
    date: str
    machine: str


class _Outcome(NamedTuple):
    index: int
    rows: str | None  # as JSON; None if the cell failed
    error: str = ""
    trace: str = ""
    machine: str = ""


def run_study(
    name: str, run: Run, cells: list[dict], configuration: dict, data: Sequence[str] = ()
) -> None:
    """Run the grid, then write ``studies/<name>.csv`` and its stamp.

    ``data`` names the data sets, as for :func:`studies.stamp.write`.

    Raises:
        SystemExit: with status 1, after writing, if a cell failed.
    """
    guard()  # a study that is stopped leaves no cell running
    result = run_grid(name, run, cells, configuration, data)
    stamp.write(name, result.table, configuration, *result[1:], data=data)
    if "error" in result.table:
        errors = result.table["error"].dropna()
        raise SystemExit(
            f"{name}: {len(errors)} of {len(cells)} cells failed, and their rows hold the error "
            "alone. The next start tries them again.\n" + "\n".join(f"  {e}" for e in errors)
        )


def run_grid(
    name: str, run: Run, cells: list[dict], configuration: dict, data: Sequence[str] = ()
) -> Result:
    """Call ``run(**cell)`` for each cell that no earlier start has finished.

    Finished cells are found again as long as the configuration, the file that defines ``run``,
    the source of method and data, and the packages' versions are the same.

    Args:
        name: the study's name.
        run: returns the rows of a cell; numbers of numpy and torch become Python's own. It may
            draw from torch's and numpy's random states, which it seeds itself, but not from the
            module ``random``: a Dask worker's own threads draw from that one.
        cells: the arguments of each run; values that JSON can hold.
        configuration: all that the rows depend on beside the cell.
        data: the data sets that ``run`` loads, as for :func:`studies.stamp.write`.

    Returns:
        The rows in the order of the cells. If a cell failed, its row has the cell's values and,
        in a last column ``error`` that is there only then, the error's type and message.

    Raises:
        ValueError: if there are no cells, or one is there twice.
        ConnectionError: if no scheduler answers at VHP_DASK.
    """
    if not cells:
        raise ValueError(f"the study {name!r} has no cells")
    identity = _identity(*data)
    source = Path(inspect.getsourcefile(run)).read_text(encoding="utf-8")
    folder = FOLDER / f"{name}-{_digest([configuration, identity, source])}"
    paths = [folder / f"{_digest(cell)}.json" for cell in cells]
    if len(set(paths)) < len(paths):
        raise ValueError(f"the study {name!r} has the same cell twice")
    folder.mkdir(parents=True, exist_ok=True)
    bring(FOLDER, name)

    records = [_read(path) for path in paths]
    tasks = [(i, run, cells[i]) for i, record in enumerate(records) if record is None]
    count = len(cells) - len(tasks)
    if count:
        print(f"{name}: {count} of {len(cells)} cells are there from before", flush=True)
    start, clock, errors = datetime.now(UTC).isoformat(), time.perf_counter(), {}
    for outcome in _outcomes(name, tasks, identity):
        i, elapsed, count = outcome.index, time.perf_counter() - clock, count + 1
        if outcome.rows is None:
            errors[i] = outcome.error
            print(outcome.trace, file=sys.stderr, flush=True)
        else:
            facts = {"start": start, "elapsed": elapsed, "machine": outcome.machine}
            records[i] = {"rows": json.loads(outcome.rows)} | facts
            _store(paths[i], records[i])
        label = " ".join(f"{key}={value}" for key, value in cells[i].items())
        state = f"failed, {errors[i]}" if i in errors else "done"
        print(f"{name}: {count}/{len(cells)} {label}: {state} ({elapsed:.0f} s)", flush=True)

    rows = [
        row
        for i, record in enumerate(records)
        for row in (record["rows"] if record else [cells[i] | {"error": errors[i]}])
    ]
    table = pd.DataFrame(rows)
    if errors:
        table["error"] = table.pop("error")
    finished = [record for record in records if record]
    starts: dict[str, float] = {}  # seconds of each start, to the last cell that it finished
    for record in finished:
        starts[record["start"]] = max(starts.get(record["start"], 0.0), record["elapsed"])
    machines = sorted({record["machine"] for record in finished})
    return Result(
        table,
        minutes=sum(starts.values()) / 60,
        date=max(starts, default=start)[:10],
        machine="; ".join(machines) or stamp.machine(),
    )


def compute(run: Run, cells: list[dict]) -> Iterator[tuple[int, list[dict]]]:
    """Number and rows of each cell as it is done, on this machine; nothing is kept.

    Raises:
        SystemExit: if a cell fails.
    """
    for outcome in _on_processes([(i, run, cell) for i, cell in enumerate(cells)]):
        if outcome.rows is None:
            raise SystemExit(f"{cells[outcome.index]} failed: {outcome.error}\n{outcome.trace}")
        yield outcome.index, json.loads(outcome.rows)


def _identity(*data: str) -> dict:
    """What must be the same wherever a cell is computed."""
    # Imported here, since it takes seconds that a process of this machine can do without.
    from vhp_core.book import source_hash

    return {"data": data, "source_hash": source_hash(*data), "versions": stamp.versions()}


def _attempt(index: int, run: Run, cell: dict, identity: dict | None = None) -> _Outcome:
    """One cell, wherever it is run. What goes wrong is told, not raised."""
    try:
        # What runs inside a cell stays in its thread, under Dask too.
        with _one_cell, parallel_config("sequential"):
            if identity and identity != (here := _identity(*identity["data"])):
                raise RuntimeError(f"this worker has {here}, the study was started with {identity}")
            rows = run(**cell)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise TypeError("a study's run returns a list of dicts, one a row")
        if any("error" in row for row in rows):
            raise ValueError("the column 'error' is kept for cells that failed")
        return _Outcome(index, json.dumps(rows, default=_number), machine=stamp.machine())
    except Exception as error:
        message = " ".join(f"{type(error).__name__}: {error}".split())
        return _Outcome(index, None, message, traceback.format_exc())


def _outcomes(name: str, tasks: list[tuple], identity: dict) -> Iterator[_Outcome]:
    """The outcomes as they arrive."""
    address = os.environ.get("VHP_DASK")
    if not address or not tasks:
        yield from _on_processes(tasks)
        return
    from distributed import Client

    from studies.dask_backend import DaskBackend

    try:
        client = Client(address)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"no Dask scheduler answers at VHP_DASK={address!r}: start one, or unset VHP_DASK to "
            "run on this machine"
        ) from error
    with client:
        workers = len(client.scheduler_info(n_workers=-1)["workers"])
        print(f"{name}: on Dask at {address}, {workers} workers so far", flush=True)
        with parallel_config(DaskBackend(client=client, lost=_lost)):
            yield from _parallel([(*task, identity) for task in tasks])


def _on_processes(tasks: list[tuple]) -> Iterator[_Outcome]:
    """On this machine's cores, one thread a cell.

    A process that dies, for instance for want of memory, takes all cells under way with it, and
    nothing tells which of them it was. So the first of these is tried alone before the rest.
    """
    alone = False
    while tasks:
        try:
            with parallel_config("loky", n_jobs=-1, inner_max_num_threads=1):
                for outcome in _parallel(tasks[:1] if alone else tasks):
                    tasks = [task for task in tasks if task[0] != outcome.index]
                    yield outcome
            alone = False
        except BrokenProcessPool as error:
            if alone:
                yield _lost(tasks[0], error)
                tasks = tasks[1:]
            alone = not alone


def _parallel(tasks: list[tuple]) -> Iterator[_Outcome]:
    parallel = Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch="all")
    return parallel(delayed(_attempt)(*task) for task in tasks)


def _lost(task: tuple, error: BaseException) -> _Outcome:
    message = f"{type(error).__name__}: the process that ran the cell died"
    return _Outcome(task[0], None, message, str(error))


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _number(value: Any) -> Any:
    """What JSON cannot hold, as a Python number: scalars of numpy and torch."""
    if not hasattr(value, "item"):
        raise TypeError(f"a row holds a {type(value).__name__}, which a table cannot")
    return value.item()


def _read(path: Path) -> dict | None:
    """A stored cell; None if it is not there or was not written to its end."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return record if isinstance(record, dict) and set(record) == _RECORD else None


def _store(path: Path, record: dict) -> None:
    """Under its own name only once it is whole."""
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(record), encoding="utf-8")
    part.replace(path)
