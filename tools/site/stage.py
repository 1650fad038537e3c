"""Stage the book for Jupyter Book: executed chapters as pages, and text pages without their marks.

A chapter that failed costs its readers that chapter alone: its page says what happened.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.chapters import notebooks
from tools.site import api_page
from tools.site.marks import (
    EXECUTION_TABLE,
    LANDING_FIGURE,
    LATENT_EXPLORER,
    PICTURE,
    README_EXAMPLE,
    execution_table,
    landing_figure,
    latent_explorer,
    readme_example,
)
from tools.site.take_along import (
    DOWNLOADS,
    FOLDER,
    WHEEL,
    build_wheel,
    downloads_table,
    installation,
)


def stage(root: Path, budget: str) -> dict[str, bytes]:
    """Name -> content of every file that Jupyter Book is to read.

    Raises:
        SystemExit: if a chapter was not executed, or a mark cannot be replaced.
    """
    book, copies = root / "book", notebooks.executed(root, budget)
    files = {name: (root / name).read_bytes() for name in ("_config.yml", "_toc.yml")}
    for path in [*book.glob("*.bib"), *(book / "_static").glob("*")]:
        files[path.relative_to(book).as_posix()] = path.read_bytes()

    executed, records, failed = {}, {}, failures(root, budget)
    for chapter in notebooks.chapters(root):
        copy = copies / chapter.name
        records[chapter.stem] = notebooks.read(copy.with_suffix(".json"))
        if chapter.stem in failed:
            kept = without_cell_places(notebooks.read(copy if copy.exists() else chapter))
            executed[chapter.name] = with_failure(kept, failed[chapter.stem], root)
        else:
            executed[chapter.name] = without_cell_places(notebooks.read(copy))
        if places := machine_paths(executed[chapter.name], root):
            raise SystemExit(f"{copy} prints paths of this machine: {', '.join(places)}")
    for name, notebook in executed.items():
        files[name] = json.dumps(page(notebook), indent=1, ensure_ascii=False).encode()

    for path in book.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        if LANDING_FIGURE in text:
            with lacking(failed) as lack:
                figure, files[PICTURE] = landing_figure(executed)
            text = text.replace(LANDING_FIGURE, lack[0] if lack else figure)
        if LATENT_EXPLORER in text:
            with lacking(failed) as lack:
                explorer = latent_explorer(executed)
            text = text.replace(LATENT_EXPLORER, lack[0] if lack else explorer)
        text = text.replace(EXECUTION_TABLE, execution_table(records))
        if README_EXAMPLE in text:
            text = text.replace(README_EXAMPLE, readme_example(root))
        if api_page.API_REFERENCE in text:
            text = text.replace(api_page.API_REFERENCE, api_page.contents())
            files |= {f"{name}.md": page.encode() for name, page in api_page.pages().items()}
        if WHEEL in text:
            wheel, content = build_wheel(root)
            files[f"{FOLDER}/{wheel}"] = content
            text = text.replace(WHEEL, installation(wheel))
        text = text.replace(DOWNLOADS, downloads_table(root))
        files[path.name] = text.encode()
    return files


def failures(root: Path, budget: str) -> dict[str, str]:
    """Chapter -> the last line of its error, of those that failed.

    Raises:
        SystemExit: if a chapter was not executed at all.
    """
    failed = {}
    for chapter in notebooks.chapters(root):
        record = notebooks.executed(root, budget) / f"{chapter.stem}.json"
        if not record.exists():
            raise SystemExit(
                f"{record.with_suffix('.ipynb')} is not there: "
                f"'python -m tools.chapters.execute --budget {budget}' first"
            )
        if error := notebooks.read(record).get("error"):
            failed[chapter.stem] = error
    return failed


@contextmanager
def lacking(failed: dict[str, str]) -> Iterator[list[str]]:
    """Inside, what no chapter shows is no error if one failed: a sentence is left instead."""
    lack: list[str] = []
    try:
        yield lack
    except SystemExit:
        if not failed:
            raise
        lack.append("*What stands here is made in a chapter that failed in this build.*")


def with_failure(notebook: notebooks.Notebook, error: str, root: Path) -> notebooks.Notebook:
    """A failed chapter's copy with a notice below its title, and of tracebacks the last line."""
    notebook = json.loads(json.dumps(notebook))
    cells = [
        cell for cell in notebook["cells"] if "papermill-error-cell-tag" not in notebooks.tags(cell)
    ]
    for output in (output for cell in cells for output in cell.get("outputs", [])):
        if output["output_type"] == "error":
            output["evalue"] = without_paths(output["evalue"], root)
            output["traceback"] = [f"{output['ename']}: {output['evalue']}"]
    notice = (
        ":::{error}\n**This chapter failed in this build.** Its last words were\n\n"
        f"```text\n{without_paths(error, root)}\n```\n\n"
        "What stands before that was computed; what follows it lacks its outputs. The other "
        "chapters do not depend on it.\n:::"
    )
    cells.insert(1, {"cell_type": "markdown", "metadata": {}, "source": notice})
    return notebook | {"cells": cells}


def without_paths(text: str, root: Path) -> str:
    """A message without the places of this machine."""
    return re.sub(rf"(?:{re.escape(str(root))}|{re.escape(sys.prefix)})[\w./-]*", "…", text)


def page(notebook: notebooks.Notebook) -> notebooks.Notebook:
    """An executed copy as its page shows it: parameters folded, folds named, no papermill notes."""
    notebook = json.loads(json.dumps(notebook))
    notebook["metadata"].pop("papermill", None)
    for cell in notebook["cells"]:
        cell["metadata"].pop("papermill", None)
        if "parameters" in notebooks.tags(cell) and "hide-cell" not in notebooks.tags(cell):
            cell["metadata"]["tags"] = [*notebooks.tags(cell), "hide-cell"]
        if fold := _fold(cell):
            cell["metadata"]["mystnb"] = fold | cell["metadata"].get("mystnb", {})
    return notebook


def _fold(cell: dict) -> dict[str, str]:
    """What a folded cell's bar says where the chapter does not say it itself."""
    tags = set(notebooks.tags(cell))
    if not tags & {"hide-input", "hide-cell", "hide-output"}:
        return {}
    if "parameters" in tags:
        what = "Seed and budget"
    elif "claims" in tags:
        what = "Code of the claims"
    elif "figure" in cell["metadata"].get("mystnb", {}):
        what = "Code of the figure"
    elif "hide-cell" in tags:
        what = "Code and its output"
    else:
        what = "Code of what follows" if cell.get("outputs") else "Code of what is used below"
    return {"code_prompt_show": what, "code_prompt_hide": f"{what} (fold)"}


def without_cell_places(notebook: notebooks.Notebook) -> notebooks.Notebook:
    """Warnings of a chapter's own cells without the kernel's name for the cell and its line.

    A table that is out of date warns in the cell that reads it, and must not stop the build.
    """
    place = re.compile(r"^\S*ipykernel_\d+/\d+\.py:\d+: (?=\w+: )", re.MULTILINE)
    for cell in notebooks.code_cells(notebook):
        for output in cell["outputs"]:
            if output.get("name") == "stderr":
                text = place.sub("", "".join(output["text"]))
                output["text"] = text.splitlines(keepends=True)
    return notebook


def machine_paths(notebook: notebooks.Notebook, root: Path) -> list[str]:
    """Paths of this machine that a chapter's outputs show, say in a warning."""
    shown = json.dumps([cell["outputs"] for cell in notebooks.code_cells(notebook)])
    places = "|".join(re.escape(str(place)) for place in (root, sys.prefix))
    return re.findall(rf"(?:{places}|/[\w./-]*ipykernel_)[\w./-]*", shown)


def write(files: dict[str, bytes], folder: Path) -> None:
    """Make a folder hold just these files; one whose content is the same keeps its date."""
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in files:
            path.unlink()
    for name, content in files.items():
        path = folder / name
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
