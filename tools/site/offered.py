"""The notebooks that readers take along: what stands on the pages, in ordinary Markdown.

Each chapter is offered twice, executed and plain. Both begin with a cell that installs the library
where it is missing; captions, which the pages keep in a cell's metadata, stand below their figures;
and what the pages fold is folded.
"""

import hashlib
import json
import re
from pathlib import Path

from tools.chapters import notebooks
from tools.site.ordinary import Told, cited, ordinary

__all__ = ["EXECUTED", "PLAIN", "taken", "write"]

EXECUTED, PLAIN = "_sources", "notebooks"  # folders of the site
_FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
_TRUST = (
    "This is the executed notebook. Its films and explorers show a picture, or nothing, until you "
    "trust it: in JupyterLab by *View → Activate Command Palette → Trust Notebook*, or by running "
    "it."
)
_PLAIN = (
    "This is the plain notebook; *Run → Run All Cells* runs it. With `budget = \"smoke\"` in the "
    "cell of its parameters it takes seconds, and its numbers mean nothing."
)  # fmt: skip


def taken(
    notebook: notebooks.Notebook,
    stem: str,
    told: dict,
    wheel: str,
    address: str = "",
    executed: bool = False,
) -> notebooks.Notebook:
    """A chapter as it is offered.

    Args:
        notebook: the chapter in MyST.
        stem: the name of its file without ending.
        told: the content of ``references.json``, see :mod:`tools.site.references`.
        wheel: the name of the library's wheel.
        address: of the site, if it has one: the wheel is fetched from there.
        executed: it has its outputs.
    """
    of_chapter = Told(**told["chapters"][stem])
    cells: list[notebooks.Cell] = []
    keys: dict[str, None] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = notebooks.source(cell)
            keys |= dict.fromkeys(cited(text))
            cells.append(_markdown(ordinary(text, of_chapter), cell.get("id")))
            continue
        cells.append(_code(cell))
        figure = cell["metadata"].get("mystnb", {}).get("figure")
        if figure and (caption := figure.get("caption")):
            keys |= dict.fromkeys(cited(caption))
            number = of_chapter.figures.get(figure["name"])  # none where a chapter failed before
            head = f"*Figure {number}.* " if number else ""
            text = head + ordinary(caption, of_chapter)
            cells.append(_markdown(text, f"{cell.get('id', figure['name'])}-caption"[:64]))
    if stem[:2].isdigit():
        cells[0]["source"] = re.sub(r"^# ", f"# {int(stem[:2])}. ", notebooks.source(cells[0]))
    cells[1:1] = [
        _markdown(_TRUST if executed else _PLAIN, "about-this-notebook"),
        _install(wheel, address),
    ]
    if keys:
        entries = "\n".join(f"- {' '.join(told['entries'][key].split())}" for key in sorted(keys))
        cells.append(_markdown(f"## What is cited\n\n{entries}", "what-is-cited"))
    kept = {key: notebook["metadata"][key] for key in ("kernelspec", "language_info")
            if key in notebook["metadata"]}  # fmt: skip
    return notebook | {"cells": cells, "metadata": kept}


def write(root: Path, site: Path, doctrees: Path, wheel: str, address: str = "") -> None:
    """Both forms of each chapter into the built site."""
    from tools.site.references import FILE

    told = json.loads((doctrees / FILE).read_text(encoding="utf-8"))
    for chapter in notebooks.chapters(root):
        staged = notebooks.read(root / "_build" / "src" / chapter.name)
        for folder, notebook in ((EXECUTED, staged), (PLAIN, plain(staged))):
            offered = taken(notebook, chapter.stem, told, wheel, address, folder == EXECUTED)
            path = site / folder / chapter.name
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(offered, indent=1, ensure_ascii=False) + "\n"
            path.write_text(text, encoding="utf-8")


def plain(notebook: notebooks.Notebook) -> notebooks.Notebook:
    """Without outputs, and without the cell that papermill set parameters in."""
    cells = [
        cell for cell in notebook["cells"] if "injected-parameters" not in notebooks.tags(cell)
    ]
    empty = {"outputs": [], "execution_count": None}
    return notebook | {
        "cells": [cell | empty if cell["cell_type"] == "code" else cell for cell in cells]
    }


def _markdown(text: str, name: str | None) -> notebooks.Cell:
    name = name or hashlib.sha256(text.encode()).hexdigest()[:8]
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text}


def _code(cell: notebooks.Cell) -> notebooks.Cell:
    """With its folds in the words of JupyterLab (``jupyter``) and Colab (``cellView``)."""
    metadata: dict = {}
    tags = notebooks.tags(cell)
    if tags:
        metadata["tags"] = tags
    if _FOLDED & set(tags):
        metadata["jupyter"] = {"source_hidden": True}
        metadata["cellView"] = "form"
        if {"hide-cell", "remove-cell"} & set(tags):
            metadata["jupyter"]["outputs_hidden"] = True
    return cell | {"metadata": metadata}


def _install(wheel: str, address: str) -> notebooks.Cell:
    if address:
        where = f"vhp_core[all] @ {address.rstrip('/')}/{wheel}"
        lines = [f'    %pip install --quiet "{where}"']
    else:
        lines = [
            f'    if not Path("{wheel}").exists():',
            f'        raise FileNotFoundError("put {wheel} beside this notebook")',
            f'    %pip install --quiet "./{wheel}[all]"',
        ]
    text = "\n".join(
        [
            "# Installs the library, with the tables that the chapter reads, where it is missing.",
            "from importlib.util import find_spec",
            *([] if address else ["from pathlib import Path"]),
            "",
            'if find_spec("vhp_core") is None:',
            *lines,
        ]
    )
    return {
        "cell_type": "code", "id": "install", "metadata": {}, "source": text, "outputs": [],
        "execution_count": None,
    }  # fmt: skip
