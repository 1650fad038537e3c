"""Write a study's or a benchmark's table together with its stamp."""

import datetime
import json
import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import numpy
import pandas as pd
import sklearn
import torch

import vhp_core as vhp
from vhp_core.book import source_hash

HERE = Path(__file__).parent


def write(
    name: str,
    table: pd.DataFrame,
    configuration: dict,
    minutes: float,
    folder: Path = HERE,
    packages: Iterable[str] = (),
) -> None:
    """``<folder>/<name>.csv`` and, beside it, ``<name>.json`` that says how it came about.

    The versions of ``packages`` are noted beside those of the packages that every study uses.
    """
    table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n")
    stamp = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "minutes": round(minutes, 1),
        "configuration": configuration,
        "source_hash": source_hash(),
        "versions": {
            "python": platform.python_version(),
            "vhp_core": vhp.__version__,
            "torch": torch.__version__,
            "numpy": numpy.__version__,
            "scikit-learn": sklearn.__version__,
            **{package: version(package) for package in packages},
        },
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, CPU",
    }
    text = json.dumps(stamp, indent=2, ensure_ascii=False) + "\n"
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
