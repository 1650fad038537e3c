"""Run the executed smoke copies again under nbval: the same seed must print the same numbers.

The folder for trained models is a fresh, empty one, so every model is trained anew. Cells tagged
``nbval-check-output`` must print what they printed before; the others must run.
"""

import argparse
import ast
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.chapters import notebooks
from tools.guard import guard

CHECKED = "nbval-check-output"
SANITIZE = Path(__file__).with_name("nbval_sanitize.cfg")
CELL_TIMEOUT = 1200  # seconds


def assigns(code: str, name: str) -> bool:
    """Whether a cell's code gives a new value to a name. Lines for IPython itself are skipped."""
    lines = [line for line in code.splitlines() if not line.lstrip().startswith(("%", "!"))]
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
        for node in ast.walk(ast.parse("\n".join(lines)))
    )


def faults(notebook: notebooks.Notebook, budget: str) -> list[str]:
    """What keeps an executed copy from showing that its numbers repeat at this budget."""
    found = []
    cells = notebooks.code_cells(notebook)
    checked = [cell for cell in cells if CHECKED in notebooks.tags(cell)]
    if not checked:
        found.append(f"no cell is tagged {CHECKED}, so no number is compared")
    for cell in checked:
        if not cell["outputs"]:
            found.append(f"a cell tagged {CHECKED} prints nothing: {notebooks.source(cell)[:60]!r}")
    injected = [i for i, cell in enumerate(cells) if "injected-parameters" in notebooks.tags(cell)]
    if len(injected) != 1 or f'budget = "{budget}"' not in notebooks.source(cells[injected[0]]):
        found.append(f"papermill injected no cell with budget = {budget!r}")
    elif any(assigns(notebooks.source(cell), "budget") for cell in cells[injected[0] + 1 :]):
        found.append("a later cell gives budget another value than the injected one")
    return found


def count(notebook: notebooks.Notebook) -> int:
    cells = notebooks.code_cells(notebook)
    return sum(CHECKED in notebooks.tags(cell) and bool(cell["outputs"]) for cell in cells)


def validate(copies: list[Path], root: Path, jobs: int) -> list[str]:
    """nbval, one process a chapter; the names of the chapters that failed."""

    def check(copy: Path) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryDirectory() as fresh:
            environment = notebooks.kernel_environment(
                cache=Path(fresh) / "cache", settings=Path(fresh) / "ipython"
            )
            (Path(fresh) / "cache").mkdir()
            command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--color=no"]
            command += ["--rootdir", str(copy.parent), "-p", "no:cacheprovider"]
            command += ["--nbval-lax", "--nbval-current-env"]
            command += ["--nbval-sanitize-with", str(SANITIZE)]
            command += ["--nbval-cell-timeout", str(CELL_TIMEOUT), str(copy)]
            for _ in range(3):
                done = subprocess.run(
                    command, env=environment, cwd=root, capture_output=True, text=True, check=False
                )
                if not notebooks.kernel_never_came(done.stdout + done.stderr):
                    break
            return done

    with ThreadPoolExecutor(jobs) as pool:
        failed = []
        for copy, result in zip(copies, pool.map(check, copies), strict=True):
            print(f"{copy.stem} under nbval\n{result.stdout}{result.stderr}", flush=True)
            if result.returncode:
                failed.append(copy.stem)
        return failed


def main(arguments: list[str] | None = None) -> None:
    guard()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="chapters at a time")
    parser.add_argument("--root", type=Path, default=notebooks.ROOT, help="folder that has book/")
    options = parser.parse_args(arguments)
    root, start = options.root.resolve(), time.perf_counter()

    folder = notebooks.executed(root, "smoke")
    copies = [folder / chapter.name for chapter in notebooks.chapters(root)]
    found = []
    for copy in copies:
        record = copy.with_suffix(".json")
        if not record.exists() or "error" in notebooks.read(record):
            raise SystemExit(
                f"{copy} is missing or failed: "
                "'python -m tools.chapters.execute --budget smoke' first"
            )
        found += [f"{copy.stem}: {fault}" for fault in faults(notebooks.read(copy), "smoke")]
    if found:
        raise SystemExit("\n".join(found))
    compared = [count(notebooks.read(copy)) for copy in copies]

    failed = validate(copies, root, max(1, options.jobs))
    print(f"nbval: {sum(compared)} cells compared in {len(copies)} chapters, "
          f"{time.perf_counter() - start:.0f} s in all", flush=True)  # fmt: skip
    if failed:
        raise SystemExit(f"not the same numbers, or not run through: {', '.join(failed)}")


if __name__ == "__main__":
    main()
