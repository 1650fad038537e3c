"""An unfinished study in the repository, so that another machine goes on with it.

``python -m studies.parts NAME`` copies the finished cells of the studies whose names begin with
NAME, and the files that their cells left, from ``_build/studies`` into ``studies/parts``, to be
committed. A grid takes them from there (:func:`bring`). Once a study is whole and its table is
written, its parts may be removed.
"""

import argparse
import shutil
from pathlib import Path

__all__ = ["PARTS", "bring", "leave", "main"]

PARTS = Path(__file__).resolve().with_name("parts")


def bring(folder: Path, name: str, parts: Path = PARTS) -> int:
    """Copy what the repository has of such studies into ``folder``; how many files are new.

    What is there already stays as it is.
    """
    return _copy(parts, folder, name)


def leave(folder: Path, name: str, parts: Path = PARTS) -> int:
    """Copy what ``folder`` has of the studies that begin with ``name``; how many files are new."""
    return _copy(folder, parts, name)


def _copy(source: Path, target: Path, name: str) -> int:
    new = 0
    for path in sorted(source.glob(f"{name}*/*")):
        there = target / path.relative_to(source)
        if path.is_file() and not there.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, there)
            new += 1
    return new


def main(arguments: list[str] | None = None) -> None:
    from studies.grid import FOLDER

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="how the names of the studies' folders begin")
    options = parser.parse_args(arguments)
    print(f"{leave(FOLDER, options.name)} new files in {PARTS.name}/")


if __name__ == "__main__":
    main()
