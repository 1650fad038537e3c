"""Execute the chapters of the book with papermill, side by side; only what changed runs again.

``python -m tools.chapters.execute --budget full`` leaves ``_build/executed/full/NN_name.ipynb``
and, beside each copy, ``NN_name.json``: the key of what it was made from, when, how long, with
which versions.
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from tools.chapters import notebooks
from tools.guard import guard, one_at_a_time
from vhp_core.book.numerics import numerical_profile

BUDGETS = ("full", "smoke")
RECIPE = "2"  # part of every key: raise it when a change here should execute all chapters again
SHARED_DATA = ("cmu", "fashion-mnist", "mnist", "omniglot")  # folders of $VHP_DATA
HEARTBEAT = 10.0  # seconds between two lines on a chapter that stays in one cell
CELL_TIMEOUT = 1200  # seconds


def refuse_outputs(paths: list[Path]) -> None:
    """Refuse notebooks that hold outputs: what a page shows comes from this build alone."""
    for path in paths:
        cells = notebooks.stored_outputs(notebooks.read(path))
        if cells:
            raise SystemExit(
                f"{path} holds outputs or execution counts in cells "
                f"{', '.join(map(str, cells))}: clear them with "
                f"'python -m tools.chapters.strip {path}'"
            )


def data_state() -> dict[str, Any]:
    """Which data a chapter will find: the value of VHP_DATA, and what lies there."""
    place = os.environ.get("VHP_DATA", "")
    there = {name: bool(place) and (Path(place) / name).is_dir() for name in SHARED_DATA}
    return {"VHP_DATA": place} | there


def dependencies(root: Path, without: tuple[str, ...] = ()) -> str:
    """Hash of every file that any chapter may depend on: the library, the tables, the lock.

    Tables named in ``without`` do not count.
    """
    library = (path for path in (root / "vhp_core").rglob("*") if path.is_file())
    files = [path for path in library if "__pycache__" not in path.parts]
    files += [
        path
        for folder in notebooks.TABLES
        for kind in ("csv", "json", "safetensors")
        for path in (root / folder).glob(f"*.{kind}")
        if path.stem not in without
    ]
    digest = hashlib.sha256()
    for path in [*sorted(files), root / "requirements.txt"]:
        digest.update(f"{path.relative_to(root)}\n".encode())
        digest.update(path.read_bytes() if path.exists() else b"none")
    return digest.hexdigest()


def key(chapter: Path, budget: str, shared: str) -> str:
    """What an executed copy was made from, as a hash."""
    parts = {
        "recipe": RECIPE,
        "chapter": hashlib.sha256(chapter.read_bytes()).hexdigest(),
        "shared": shared,
        "budget": budget,
        "python": sys.version,
        "data": data_state(),
        "numerics": numerical_profile(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def up_to_date(copy: Path, wanted: str) -> bool:
    record = copy.with_suffix(".json")
    return copy.exists() and record.exists() and notebooks.read(record).get("key") == wanted


def progress(copy: Path, before: str) -> str:
    """The cell that runs, as papermill noted it in the copy; ``before`` if that is not readable."""
    try:
        cells = notebooks.read(copy)["cells"]
    except (FileNotFoundError, json.JSONDecodeError):
        return before  # there is no copy yet, or it is being written at this moment
    states = [cell["metadata"].get("papermill", {}).get("status") for cell in cells]
    return f"cell {sum(state != 'pending' for state in states)}/{len(cells)}"


def memory(process: psutil.Process) -> float:
    """Megabytes held by the largest process of a family."""
    largest = 0
    try:
        for member in [process, *process.children(recursive=True)]:
            largest = max(largest, member.memory_info().rss)
    except psutil.NoSuchProcess:
        pass
    return largest / 1e6


def read_sources(path: Path) -> list[str]:
    """The sources of the data that a chapter loaded, each once: see ``vhp_core.data.record``."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return list(dict.fromkeys(lines))


def read_claims(path: Path) -> list[dict[str, Any]]:
    """What a chapter claimed, and whether it held: see ``vhp_core.book.Claims``."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def run(
    chapter: Path,
    copy: Path,
    budget: str,
    wanted: str,
    root: Path,
    seed: int | None = None,
    attempts: int = 3,
) -> bool:
    """Execute one chapter, with another ``seed`` if given; True if every cell ran.

    Beside the copy lies its record; that of a chapter that failed has the error alone, and the copy
    then ends in the cell that failed. Where no kernel answered, another is asked for.
    """
    record = copy.with_suffix(".json")
    record.unlink(missing_ok=True)
    copy.unlink(missing_ok=True)
    command = [sys.executable, "-m", "papermill", str(chapter), str(copy)]
    command += ["--cwd", str(copy.parent), "--kernel", "python3", "--no-progress-bar"]
    command += ["--execution-timeout", str(CELL_TIMEOUT), "--start-timeout", "120"]
    if budget != "full":  # no parameter at full budget, so that no injected cell is shown
        command += ["-p", "budget", budget]
    if seed is not None:
        command += ["-p", "seed", str(seed)]
    environment = notebooks.kernel_environment(
        cache=root / "_build" / "cache", settings=root / "_build" / "ipython" / copy.stem
    )
    sources, claims = copy.with_suffix(".sources"), copy.with_suffix(".claims")
    for variable, path in (("VHP_SOURCES", sources), ("VHP_CLAIMS", claims)):
        path.unlink(missing_ok=True)
        environment[variable] = str(path)
    started, start = datetime.now(UTC), time.perf_counter()
    state, last, spoke, peak = "starts", "", start, 0.0
    with (
        copy.with_suffix(".log").open("w", encoding="utf-8") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environment) as process,
    ):
        family = psutil.Process(process.pid)
        while process.poll() is None:
            time.sleep(0.5)
            peak = max(peak, memory(family))
            now, state = time.perf_counter(), progress(copy, state)
            if now - spoke > (2.0 if state != last else HEARTBEAT):
                print(f"{copy.stem}  {state}  {now - start:.0f} s", flush=True)
                last, spoke = state, now
    seconds = time.perf_counter() - start
    told = copy.with_suffix(".log").read_text(encoding="utf-8")
    if process.returncode and attempts > 1 and notebooks.kernel_never_came(told):
        print(f"{copy.stem}  its kernel never came; once more", flush=True)
        return run(chapter, copy, budget, wanted, root, seed, attempts - 1)
    if process.returncode:
        said = notebooks.failure(notebooks.read(copy)) if copy.exists() else ""
        said = said or told[-4000:]
        print(f"{copy.stem}  FAILED after {seconds:.0f} s\n{said}", flush=True)
        record.write_text(json.dumps({"error": said.splitlines()[-1]}) + "\n", encoding="utf-8")
        return False
    executed = notebooks.settled(notebooks.read(copy))
    copy.write_text(json.dumps(executed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    facts = {
        "key": wanted,
        "budget": budget,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "peak_megabytes": round(peak),
        "seed": notebooks.parameters(executed).get("seed"),
        "data": read_sources(sources),
        "claims": read_claims(claims),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "numpy", "papermill")},
        },
        "numerics": numerical_profile(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }
    record.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    print(f"{copy.stem}  done  {seconds:.0f} s, {peak:.0f} MB at most", flush=True)
    return True


def execute(root: Path, budget: str, jobs: int) -> list[str]:
    """Execute what is not up to date; the names of the chapters that failed."""
    paths = notebooks.chapters(root)
    refuse_outputs(paths)
    folder = notebooks.executed(root, budget)
    folder.mkdir(parents=True, exist_ok=True)
    for stray in folder.glob("*"):  # what a chapter that is no more left behind
        if stray.is_file() and not any(stray.name.startswith(path.stem) for path in paths):
            stray.unlink()
    shutil.rmtree(root / "_build" / "ipython", ignore_errors=True)

    shared = dependencies(root)
    keys = {path: key(path, budget, shared) for path in paths}
    changed = [path for path in paths if not up_to_date(folder / path.name, keys[path])]
    print(f"{len(changed)} of {len(paths)} chapters to execute at {budget} budget", flush=True)
    with ThreadPoolExecutor(jobs) as pool:
        done = pool.map(
            lambda path: run(path, folder / path.name, budget, keys[path], root), changed
        )
        return [path.stem for path, good in zip(changed, done, strict=True) if not good]


def unmet(root: Path, budget: str) -> list[str]:
    """Claims about training runs that did not hold in this build, each with its chapter."""
    records = [
        notebooks.executed(root, budget) / f"{path.stem}.json" for path in notebooks.chapters(root)
    ]
    return [
        f"{record.stem}: {claim['sentence']}"
        for record in records
        if record.exists()
        for claim in notebooks.read(record).get("claims", [])
        if not claim["holds"]
    ]


def main(arguments: list[str] | None = None) -> None:
    guard()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget", choices=BUDGETS, default="full")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="chapters at a time")
    parser.add_argument("--root", type=Path, default=notebooks.ROOT, help="folder that has book/")
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    root = options.root.resolve()
    with one_at_a_time(root):
        failed = execute(root, options.budget, max(1, options.jobs))
    print(f"chapters: {time.perf_counter() - start:.0f} s in all", flush=True)
    if missed := unmet(root, options.budget):
        print("claims about training runs that did not hold in this build, and are marked so:")
        print("\n".join(f"  {claim}" for claim in missed), flush=True)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
