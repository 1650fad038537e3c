"""What the tools share: where chapters lie, how they are read, and how kernels are started."""

import ast
import json
import os
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

# Folders of committed tables, and what computes them.
TABLES = {"studies": "make study", "benchmarks": "make bench"}

Notebook = dict[str, Any]
Cell = dict[str, Any]


def chapters(root: Path) -> list[Path]:
    """The chapters ``book/NN_name.ipynb`` in their order, then ``book/appendix_name.ipynb``.

    Raises:
        SystemExit: if there is none.
    """
    found = [
        path
        for pattern in ("[0-9][0-9]_*.ipynb", "appendix_*.ipynb")
        for path in sorted((root / "book").glob(pattern))
    ]
    if not found:
        raise SystemExit(f"no chapter: {root / 'book'} has no file NN_name.ipynb")
    return found


def executed(root: Path, budget: str) -> Path:
    """The folder of the executed copies of one budget."""
    return root / "_build" / "executed" / budget


def read(path: Path) -> Notebook:
    return json.loads(path.read_text(encoding="utf-8"))


def source(cell: Cell) -> str:
    text = cell["source"]
    return text if isinstance(text, str) else "".join(text)


def tags(cell: Cell) -> list[str]:
    return cell.get("metadata", {}).get("tags", [])


def code_cells(notebook: Notebook) -> list[Cell]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def parameters(notebook: Notebook) -> dict[str, Any]:
    """What the cells tagged ``parameters`` and ``injected-parameters`` set, the latter last."""
    found: dict[str, Any] = {}
    for tag in ("parameters", "injected-parameters"):
        for cell in code_cells(notebook):
            for statement in ast.parse(source(cell)).body if tag in tags(cell) else ():
                if isinstance(statement, ast.Assign):
                    value = ast.literal_eval(statement.value)
                    found |= {target.id: value for target in statement.targets}
    return found


def settled(notebook: Notebook) -> Notebook:
    """The notebook as it is whenever it ran.

    What a cell printed is one piece, not as many as the kernel happened to send, and the cell of
    papermill's parameters has a name instead of a number drawn at random.
    """
    cells = []
    for cell in notebook["cells"]:
        cell = dict(cell)
        if "injected-parameters" in tags(cell):
            cell["id"] = "injected-parameters"
        if cell["cell_type"] == "code":
            cell["outputs"] = _joined(cell["outputs"])
        cells.append(cell)
    return {**notebook, "cells": cells}


def _joined(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for output in outputs:
        name = output.get("name")
        if found and name and output["output_type"] == "stream" and found[-1].get("name") == name:
            text = "".join([*found[-1]["text"], *output["text"]])
            found[-1] = found[-1] | {"text": text.splitlines(keepends=True)}
        else:
            found.append(output)
    return found


def stored_outputs(notebook: Notebook) -> list[int]:
    """Numbers (from 1) of the cells that hold an output or an execution count."""
    return [
        number
        for number, cell in enumerate(notebook["cells"], 1)
        if cell.get("outputs") or cell.get("execution_count")
    ]


def failure(notebook: Notebook) -> str:
    """The traceback of the first cell that failed, or the empty string."""
    for cell in code_cells(notebook):
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                trace = "\n".join(output["traceback"]) or f"{output['ename']}: {output['evalue']}"
                return re.sub(r"\x1b\[[0-9;]*m", "", trace)
    return ""


def kernel_never_came(said: str) -> bool:
    """Whether a process that was to execute a notebook says that no kernel answered it.

    Kernels that start at one moment may choose the same port; the one that comes late dies.
    """
    return "Kernel died before replying to kernel_info" in said


def kernel_environment(cache: Path, settings: Path) -> dict[str, str]:
    """The environment in which a chapter runs: one thread, its cache, nobody's own settings."""
    threads = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "VECLIB_MAXIMUM")
    return os.environ | {f"{name}_NUM_THREADS": "1" for name in threads} | {
        "VHP_CACHE": str(cache.resolve()),
        "IPYTHONDIR": str(settings.resolve()),
        "PYTHONUNBUFFERED": "1",
        "TQDM_DISABLE": "1",  # progress bars would stay in the stored outputs
        # pooch imports tqdm's bar for notebooks, which misses widgets that nothing here uses.
        "PYTHONWARNINGS": "ignore:IProgress not found",
    }  # fmt: skip
