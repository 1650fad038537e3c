"""Puts the committed tables of studies and benchmarks into the wheel; all else is pyproject.toml's.

A chapter that was downloaded alone finds them there (``vhp_core.book.read_study``). An editable
installation copies nothing: it reads the tables where they lie.
"""

from pathlib import Path
from shutil import copyfile

from setuptools import setup
from setuptools.command.build_py import build_py

TABLES = ("studies", "benchmarks")


class BuildWithTables(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for kind in TABLES:
            folder = Path(self.build_lib, "vhp_core", "tables", kind)
            folder.mkdir(parents=True, exist_ok=True)
            for ending in ("csv", "json", "safetensors"):
                for path in sorted(Path(kind).glob(f"*.{ending}")):
                    copyfile(path, folder / path.name)


setup(cmdclass={"build_py": BuildWithTables})
