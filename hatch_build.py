"""Puts the committed tables of studies and benchmarks into the wheel; all else is pyproject.toml's.

A chapter that was downloaded alone finds them there (``vhp_core.book.read_study``). An editable
installation copies nothing: it reads the tables where they lie.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TABLES = ("studies", "benchmarks")


class CustomBuildHook(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        for kind in TABLES:
            for ending in ("csv", "json", "safetensors"):
                for path in sorted(Path(self.root, kind).glob(f"*.{ending}")):
                    inside = f"vhp_core/tables/{kind}/{path.name}"
                    build_data["force_include"][str(path)] = inside
