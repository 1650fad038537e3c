"""Write a study's or a benchmark's table together with its stamp."""

import datetime
import json
import os
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
FLOAT_FORMAT = "%.6g"  # of every number of a table


def versions(packages: Iterable[str] = ()) -> dict[str, str]:
    """The versions that every study's numbers depend on, and those of ``packages``."""
    names = ("vhp_core", "torch", "numpy", "scikit-learn", *packages)
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in names}


def machine() -> str:
    """What this machine is, in words."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, CPU"


def write(
    name: str,
    table: pd.DataFrame,
    configuration: dict,
    minutes: float,
    date: str | None = None,
    machines: str | None = None,
    *,
    data: Iterable[str] = (),
    folder: Path | None = None,
    packages: Iterable[str] = (),
) -> None:
    """``<name>.csv`` and, beside it, ``<name>.json`` that says how it came about.

    They lie in ``folder``, or beside this module. Without ``date`` and ``machines`` the table was
    computed today on this machine. ``data`` names the data sets that it was computed on, of
    :data:`vhp_core.book.DATA_SETS`: the code that makes them is part of the source's hash.
    """
    from vhp_core.book import source_hash

    folder = HERE if folder is None else folder
    table.to_csv(
        folder / f"{name}.csv", index=False, float_format=FLOAT_FORMAT, lineterminator="\n"
    )
    stamp = {
        "date": date or datetime.datetime.now(datetime.UTC).date().isoformat(),
        "minutes": round(minutes, 1),
        "configuration": configuration,
        "data": sorted(data),
        "source_hash": source_hash(*data),
        "versions": versions(packages),
        "machine": machines or machine(),
    }
    text = json.dumps(stamp, indent=2, ensure_ascii=False) + "\n"
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
