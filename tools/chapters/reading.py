"""How long chapters are: words and open lines of code; ``python -m tools.chapters.reading``."""

import re

from tools.chapters import notebooks
from tools.chapters.notebooks import Cell, Notebook

__all__ = ["open_lines", "words"]

_UNSEEN = {"remove-cell", "remove-input", "hide-cell", "hide-input"}
_FORMULAS = r"\$\$.*?\$\$(?: \(eq-[\w-]+\))?|```\{math\}.*?```|(?<!\\)\$[^$\n]+\$"
_FENCES = r"^(?::{3,}|`{3,}).*$|^:[\w-]+:.*$"  # of directives, with their options


def words(notebook: Notebook) -> int:
    """Words of the text, what is folded included. A formula is one; code and outputs are none."""
    text = "\n".join(
        notebooks.source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown"
    )
    text = re.sub(_FORMULAS, " formula ", text, flags=re.DOTALL)
    return sum(any(map(str.isalnum, w)) for w in re.sub(_FENCES, " ", text, flags=re.M).split())


def open_lines(notebook: Notebook) -> int:
    """Lines of code that a page shows unasked, without empty ones and comments."""
    return sum(_lines(cell) for cell in notebooks.code_cells(notebook))


def _lines(cell: Cell) -> int:
    if _UNSEEN & set(notebooks.tags(cell)):
        return 0
    lines = map(str.strip, notebooks.source(cell).splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


def main() -> None:
    for path in notebooks.chapters(notebooks.ROOT):
        notebook = notebooks.read(path)
        print(f"{path.stem:32}{words(notebook):6} words{open_lines(notebook):5} open lines")


if __name__ == "__main__":
    main()
