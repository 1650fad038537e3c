"""Trained models that a study leaves: their files, and whether they are those of its table."""

from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save

TOLERANCE = 1e-4  # relative; a table has six digits


def plain(name: str) -> str:
    """A model's name as part of a file's."""
    return name.lower().replace(", ", "-")


def keep(source: Path, target: Path) -> None:
    """Copy a model's file with its weights as halves, which :func:`vhp_core.load` reads too."""
    with safe_open(source, framework="pt") as file:
        header = file.metadata()
    halves = {name: tensor.half() for name, tensor in load_file(source).items()}
    target.write_bytes(save(halves, header))


def misses(found: dict[str, float], wanted: dict[str, float]) -> dict[str, float]:
    """Measures that differ from the study's by more than the tolerance -> relative difference."""
    off = {name: abs(value / wanted[name] - 1) for name, value in found.items()}
    return {name: value for name, value in off.items() if not value <= TOLERANCE}
