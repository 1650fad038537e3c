"""Count in how many runs each claim of the chapters held: over seeds and numerical profiles.

``python -m tools.chapters.claims`` executes every chapter at full budget with each seed under each
profile, and writes ``studies/claims.csv``: a row a claim, with the number of runs in which it held
and in how many it was made. Its stamp says for each chapter when, with which source, over which
seeds and profiles. With ``--chapters`` only theirs are counted, and the others' rows stay as they
are. A run that was finished under the same key is not made again, so a count that was stopped goes
on where it was.

An exact claim that failed anywhere, and a typical one that held in fewer than nine of ten runs, are
told at the end, with status 1: the first is wrong, the second is no claim.
"""

import argparse
import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from studies import stamp
from tools.chapters import execute, notebooks
from tools.guard import guard, one_at_a_time
from vhp_core.book.fingerprints import DATA_SETS
from vhp_core.book.numerics import PROFILE

PROFILES = {
    "own": ("", ""),
    "avx2": ("AVX2", "avx2"),
    "compatible": ("COMPATIBLE", "default"),
}
"""Name -> values of :data:`vhp_core.book.PROFILE`: the machine's own, and two for others."""
SEEDS = range(5)
ENOUGH = 0.9  # share of the runs in which a typical claim must hold


@contextmanager
def profile(name: str):
    """Inside, chapters compute with the instructions of this profile."""
    before = {variable: os.environ.get(variable) for variable in PROFILE}
    try:
        _put(dict(zip(PROFILE, PROFILES[name], strict=True)))
        yield
    finally:
        _put(before)


def _put(values: dict[str, str | None]) -> None:
    for variable, value in values.items():
        if value:
            os.environ[variable] = value
        else:
            os.environ.pop(variable, None)


def run_all(root: Path, chapters: list[Path], seeds: list[int], names: list[str], jobs: int):
    """One record a run: chapter, profile, seed, claims; none of a run that failed before them."""
    shared = execute.dependencies(root, without=("claims",))
    for name in names:
        with profile(name), ThreadPoolExecutor(jobs) as pool:
            tasks = [(chapter, seed) for seed in seeds for chapter in chapters]
            yield from pool.map(lambda task, name=name: _run(root, *task, name, shared), tasks)


def _run(root: Path, chapter: Path, seed: int, name: str, shared: str) -> dict:
    copy = root / "_build" / "claims" / name / str(seed) / chapter.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    wanted = execute.key(chapter, f"full, seed {seed}", shared)
    if not execute.up_to_date(copy, wanted):
        execute.run(chapter, copy, "full", wanted, root, seed=seed)
    claims = execute.read_claims(copy.with_suffix(".claims"))
    seconds = notebooks.read(copy.with_suffix(".json")).get("seconds", 0.0)
    of = {"chapter": chapter.stem, "profile": name, "seed": seed}
    return of | {"claims": claims, "minutes": seconds / 60}


def count(records: list[dict]) -> pd.DataFrame:
    """A row a claim: chapter, kind, claim, held, runs; in the order in which they are made.

    A run of a chapter that failed before its claims counts against every typical one.
    """
    rows: dict[tuple, dict] = {}
    for record in records:
        for claim in record["claims"]:
            key = record["chapter"], claim["sentence"]
            row = rows.setdefault(key, {"kind": claim["kind"], "held": 0, "made": 0})
            row["held"] += claim["holds"]
            row["made"] += 1
    silent = pd.Series([r["chapter"] for r in records if not r["claims"]], dtype=str).value_counts()
    return pd.DataFrame(
        [
            {"chapter": chapter, "kind": row["kind"], "claim": sentence, "held": row["held"],
             "runs": row["made"] + int(silent.get(chapter, 0))}
            for (chapter, sentence), row in rows.items()
        ],
        columns=["chapter", "kind", "claim", "held", "runs"],
    )  # fmt: skip


def write(
    root: Path, counted: pd.DataFrame, asked: dict, minutes: dict[str, float]
) -> pd.DataFrame:
    """Put the counts of these chapters in the place of theirs in the committed table.

    ``asked`` has the seeds and profiles of the count, ``minutes`` how long each chapter's runs took
    together, also those that were there from before. Chapters that the book no longer has leave
    the table. The stamp's own hash is that of the source only where every chapter's is.

    Returns: the whole table.
    """
    folder, book = root / "studies", [path.stem for path in notebooks.chapters(root)]
    path = folder / "claims.csv"
    before = pd.read_csv(path) if path.is_file() else counted.head(0)
    fresh = set(counted.chapter)
    table = pd.concat([before[~before.chapter.isin(fresh)], counted])
    table = table[table.chapter.isin(book)]
    table = table.sort_values("chapter", key=lambda names: names.map(book.index), kind="stable")
    chapters = {}
    if path.is_file():
        stored = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        chapters = stored.get("configuration", {}).get("chapters", {})
    stamp.write("claims", table, {}, 0.0, data=DATA_SETS, folder=folder)
    path = path.with_suffix(".json")
    content = json.loads(path.read_text(encoding="utf-8"))
    now = {key: content[key] for key in ("date", "source_hash")} | asked
    chapters = {
        name: now | {"minutes": round(minutes[name], 1)} if name in fresh else chapters.get(name)
        for name in table.chapter
    }
    content["configuration"] = {"chapters": {name: of for name, of in chapters.items() if of}}
    hashes = {of["source_hash"] if of else "unknown" for of in chapters.values()}
    content["source_hash"] = hashes.pop() if len(hashes) == 1 else "of several sources"
    content["minutes"] = round(sum(of.get("minutes", 0.0) for of in chapters.values() if of), 1)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return table


def faults(table: pd.DataFrame) -> list[str]:
    """Claims that are none: exact ones that failed, typical ones that held too seldom."""
    least = table.kind.map({"exact": 1.0, "typical": ENOUGH})
    short = table[table.held < least * table.runs]
    return [f"{row.chapter}, {row.kind}, {row.held} of {row.runs}: {row.claim}"
            for row in short.itertuples()]  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    guard()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--profiles", nargs="+", choices=list(PROFILES), default=list(PROFILES))
    parser.add_argument("--chapters", nargs="+", help="names of chapters; all, if not given")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="chapters at a time")
    parser.add_argument("--root", type=Path, default=notebooks.ROOT, help="folder that has book/")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    chapters = notebooks.chapters(root)
    if options.chapters:
        chapters = [path for path in chapters if path.stem in options.chapters]
    with one_at_a_time(root):
        records = list(run_all(root, chapters, options.seeds, options.profiles, options.jobs))
    table = count(records)
    minutes = pd.DataFrame(records).groupby("chapter").minutes.sum().to_dict()
    write(root, table, {"seeds": options.seeds, "profiles": options.profiles}, minutes)
    took = sum(minutes.values())
    print(f"{len(table)} claims, {len(records)} runs of {took:.0f} minutes together", flush=True)
    if wrong := faults(table):
        raise SystemExit("no claims, in so many runs:\n  " + "\n  ".join(wrong))


if __name__ == "__main__":
    main()
