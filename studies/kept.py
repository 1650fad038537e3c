"""Trained models that a study leaves: their files, and whether they are those of its table."""

import datetime
import json
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save

TOLERANCE = 1e-4  # relative; a table has six digits
OF_HALVES = 1e-3  # where weights were rounded to half precision


def plain(name: str) -> str:
    """A model's name as part of a file's."""
    return name.lower().replace(", ", "-")


def keep(source: Path, target: Path) -> None:
    """Copy a model's file with its weights as halves, which :func:`vhp_core.load` reads too."""
    with safe_open(source, framework="pt") as file:
        header = file.metadata()
    halves = {name: tensor.half() for name, tensor in load_file(source).items()}
    target.write_bytes(save(halves, header))


def misses(
    found: dict[str, float], wanted: dict[str, float], tolerance: float = TOLERANCE
) -> dict[str, float]:
    """Measures that differ from the study's by more than the tolerance -> relative difference."""
    off = {name: abs(value / wanted[name] - 1) for name, value in found.items()}
    return {name: value for name, value in off.items() if not value <= tolerance}


def confirm(
    name: str, found: dict[str, dict[str, float]], folder: Path, tolerance: float = TOLERANCE
) -> None:
    """Note in the stamp that the kept models still measure as they did, with the source as it is.

    Args:
        name: of the table, ``<name>.json`` in ``folder`` its stamp, whose configuration has, under
            ``reproduced``, what each model measured when it was kept.
        found: the same, measured now on the kept files.
        folder: where both lie.
        tolerance: relative.

    Raises:
        SystemExit: if a model measures otherwise, or is missing; the stamp then stays as it is.
    """
    from vhp_core.book import source_hash

    path = folder / f"{name}.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    told = content["configuration"]["reproduced"]
    if set(told) != set(found):
        raise SystemExit(f"{name}: {sorted(found)} were measured, {sorted(told)} are kept")
    for model, measures in found.items():
        if off := misses(measures, told[model], tolerance):
            raise SystemExit(f"{name}: {model} measures otherwise, relative differences {off}")
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    source = source_hash(*content["data"])
    content["confirmed"] = {"date": today, "source_hash": source, "models": list(found)}
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
