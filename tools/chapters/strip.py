"""Clear outputs and counts of notebooks: ``python -m tools.chapters.strip [FILE ...]``."""

import json
import sys
from pathlib import Path

from tools.chapters import notebooks


def strip(path: Path) -> bool:
    """Clear one notebook in place; True if there was anything to clear."""
    notebook = notebooks.read(path)
    if not notebooks.stored_outputs(notebook):
        return False
    for cell in notebooks.code_cells(notebook):
        cell["outputs"], cell["execution_count"] = [], None
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")
    return True


if __name__ == "__main__":
    for name in sys.argv[1:] or notebooks.chapters(notebooks.ROOT):
        print(f"{name}: {'cleared' if strip(Path(name)) else 'had no outputs'}")
