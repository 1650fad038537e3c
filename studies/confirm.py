"""Confirm that a study's table still is what the method's source gives.

``python -m studies.confirm NAME [CELLS]`` computes some cells of a study again, two if not said,
with the source as it is now. If every number of their rows is the committed one, the stamp notes
it, and the table counts as current: a change that left the numbers alone, such as a function that
the study does not use, need not cost hours. Which cells are computed again is drawn by the hash of
the source, so that nobody picks them. If a number differs, the study has to be computed anew.
"""

import argparse
import datetime
import importlib
import inspect
import json
import os
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from studies import grid, stamp
from tools.guard import guard


def draw_cells(table: pd.DataFrame, names: list[str], number: int, key: str) -> list[dict]:
    """``number`` of the table's cells, without replacement, drawn by ``key``.

    A cell that is named by a number with all the digits that a table keeps is left out: it was
    computed with more of them, and would not come out again.

    Raises:
        SystemExit: if there are fewer.
    """
    cells = table[names].drop_duplicates().to_dict("records")
    cells = [cell for cell in cells if not any(map(_is_rounded, cell.values()))]
    if not 1 <= number <= len(cells):
        raise SystemExit(f"the number of cells must lie in 1 .. {len(cells)}, got {number}")
    chosen = np.random.default_rng(int(key, 16)).choice(len(cells), number, replace=False)
    return [cells[i] for i in sorted(chosen)]


def _is_rounded(value: object) -> bool:
    return isinstance(value, float) and float(f"{value:.5g}") != value


def differences(committed: pd.DataFrame, computed: pd.DataFrame) -> list[str]:
    """Columns in which the two differ when both are written as a study's table is."""
    if len(committed) != len(computed):
        return [f"{len(computed)} rows where {len(committed)} are committed"]
    texts = [
        frame.to_csv(index=False, float_format=stamp.FLOAT_FORMAT, columns=[name]).splitlines()
        if name in frame
        else None
        for name in {**dict.fromkeys(committed), **dict.fromkeys(computed)}
        for frame in (committed, computed)
    ]
    names = list({**dict.fromkeys(committed), **dict.fromkeys(computed)})
    pairs = zip(names, texts[::2], texts[1::2], strict=True)
    return [name for name, one, other in pairs if one != other and not _both_empty(one, other)]


def _both_empty(one: list[str] | None, other: list[str] | None) -> bool:
    """A column that only other rows of the table fill is missing in a cell computed alone."""
    return all(text is None or set(text[1:]) <= {"", '""'} for text in (one, other))


def confirm(name: str, study: ModuleType, number: int, folder: Path = stamp.HERE) -> dict:
    """Compute ``number`` cells again and note in the stamp that nothing changed.

    Returns: what was noted: the date, the hash of the source, and the cells.

    Raises:
        SystemExit: if a number differs; the stamp then stays as it is.
    """
    from vhp_core.book import source_hash

    path = folder / f"{name}.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["data"] = sorted(getattr(study, "DATA", content.get("data", ())))
    source = source_hash(*content["data"])
    table = pd.read_csv(folder / f"{name}.csv")
    cells = draw_cells(table, list(inspect.signature(study.run).parameters), number, source)
    # As the study's own processes do, one thread a cell: with more threads a sum has other last
    # digits, and a principal axis may have the other sign.
    for i, rows in grid.compute(study.run, cells):
        cell, computed = cells[i], pd.DataFrame(rows)
        same = np.logical_and.reduce([table[key] == value for key, value in cell.items()])
        if changed := differences(table[same], computed):
            raise SystemExit(f"{name}: {cell} differs in {', '.join(changed)}: compute it anew")
        print(f"{name}: {cell} is the same", flush=True)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    content["confirmed"] = {"date": today, "source_hash": source, "cells": cells}
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return content["confirmed"]


def main(arguments: list[str] | None = None) -> None:
    guard()
    os.environ.setdefault("TQDM_DISABLE", "1")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="the table's name, such as motion_cmu")
    parser.add_argument("cells", nargs="?", type=int, default=2)
    parser.add_argument("--study", help="the module that computes it, if it has another name")
    options = parser.parse_args(arguments)
    study = importlib.import_module(f"studies.{options.study or options.name}")
    confirm(options.name, study, options.cells)


if __name__ == "__main__":
    main()
