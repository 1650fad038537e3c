"""Run the plain notebooks that the site offers as readers do: with the wheel and nothing else.

Each runs at smoke budget in an empty folder, where the library is what the site's wheel holds, no
shared data are at hand, and the project's own folders cannot be imported.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.chapters import notebooks
from tools.site.offered import PLAIN

__all__ = ["alone", "plain_faults"]

AT_ONCE = 2
WITHIN = 1200  # seconds
_OF_THE_PROJECT = ("studies", "tools", "tests", "benchmarks")
_REFUSES = 'raise ImportError(f"{__name__} is not in the wheel")\n'


def alone(wheel: Path, place: Path) -> dict[str, str]:
    """The environment of a process that has the wheel's library, unpacked into ``place``."""
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(place)
    for name in _OF_THE_PROJECT:
        (place / name).mkdir()
        (place / name / "__init__.py").write_text(_REFUSES, encoding="utf-8")
    of_reader = {k: v for k, v in os.environ.items() if not k.startswith("VHP_")}
    return of_reader | {"PYTHONPATH": str(place)}


def plain_faults(site: Path) -> Iterator[tuple[str, list[str]]]:
    """Of each plain notebook its name and what went wrong."""
    wheels = list(site.glob("*.whl"))
    if len(wheels) != 1:
        yield "plain notebooks", [f"the site has {len(wheels)} wheels, not one"]
        return
    with tempfile.TemporaryDirectory() as place:
        environment = alone(wheels[0], Path(place) / "library")
        chapters = sorted((site / PLAIN).glob("*.ipynb"))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = pool.map(lambda chapter: _run(chapter, Path(place), environment), chapters)
            for chapter, faults in zip(chapters, found, strict=True):
                yield f"{chapter.name}, plain", faults


def _run(chapter: Path, place: Path, environment: dict[str, str]) -> list[str]:
    folder = place / chapter.stem
    folder.mkdir()
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(chapter),
        "out.ipynb",
        "-p",
        "budget",
        "smoke",
    ]
    command += ["-k", "python3", "--no-progress-bar"]
    own = {"VHP_CACHE": str(folder / "cache"), "TQDM_DISABLE": "1"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment | own, capture_output=True, text=True,
            timeout=WITHIN, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return [f"still runs after {WITHIN} s"]
    if done.returncode:
        return [done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "papermill failed"]
    cells = notebooks.read(folder / "out.ipynb")["cells"]
    ran = [cell for cell in cells if cell["cell_type"] == "code" and cell["execution_count"]]
    return [] if ran else ["no cell was run"]
