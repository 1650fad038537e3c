"""Write a study's table together with its stamp."""

import datetime
import json
import os
import platform
from importlib import metadata
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent


def versions() -> dict[str, str]:
    """The versions that a study's numbers depend on."""
    packages = ("vhp_core", "torch", "numpy", "scikit-learn")
    return {"python": platform.python_version()} | {
        name: metadata.version(name) for name in packages
    }


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
) -> None:
    """``studies/<name>.csv`` and, beside it, ``<name>.json`` that says how it came about.

    Without ``date`` and ``machines`` the table was computed today on this machine.
    """
    from vhp_core.book import source_hash

    table.to_csv(HERE / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n")
    stamp = {
        "date": date or datetime.datetime.now(datetime.UTC).date().isoformat(),
        "minutes": round(minutes, 1),
        "configuration": configuration,
        "source_hash": source_hash(),
        "versions": versions(),
        "machine": machines or machine(),
    }
    text = json.dumps(stamp, indent=2, ensure_ascii=False) + "\n"
    (HERE / f"{name}.json").write_text(text, encoding="utf-8")
