"""Marks on text pages, each alone on its line, and what stands in their place on the site.

``% landing figure`` becomes the picture of the one cell tagged ``landing-figure``, ``% latent
explorer`` what the one cell tagged ``latent-explorer`` shows, ``% table of executed chapters`` a
table of when each chapter ran, ``% example of the readme`` the README's first lines of Python.
"""

import base64
import re
from html import escape
from pathlib import Path
from typing import Any

from tools.chapters import notebooks

LANDING_FIGURE = "% landing figure"
LATENT_EXPLORER = "% latent explorer"
EXECUTION_TABLE = "% table of executed chapters"
README_EXAMPLE = "% example of the readme"
PICTURE = "_static/landing.png"
SEED = re.compile(r"\bseed (\d+)")


def readme_example(root: Path) -> str:
    """The first block of Python in the README, as it stands there."""
    found = re.search(r"```python\n.*?\n```", (root / "README.md").read_text("utf-8"), re.DOTALL)
    if not found:
        raise SystemExit("README.md has no block of Python")
    return found[0]


def tagged_cell(executed: dict[str, notebooks.Notebook], tag: str) -> tuple[str, notebooks.Cell]:
    """The one cell of the book that has a tag, and its chapter's file."""
    tagged = [
        (name, cell)
        for name, notebook in executed.items()
        for cell in notebooks.code_cells(notebook)
        if tag in notebooks.tags(cell)
    ]
    if len(tagged) != 1:
        raise SystemExit(f"one cell is to be tagged {tag}, and {len(tagged)} are")
    return tagged[0]


def latent_explorer(executed: dict[str, notebooks.Notebook]) -> str:
    """The HTML that the cell tagged ``latent-explorer`` shows, as a text page takes it."""
    name, cell = tagged_cell(executed, "latent-explorer")
    shown = [output.get("data", {}).get("text/html") for output in cell["outputs"]]
    shown = ["".join(html) for html in shown if html]
    if len(shown) != 1:
        raise SystemExit(f"{name}: the cell tagged latent-explorer shows {len(shown)} explorers")
    return f"````{{raw}} html\n{shown[0]}\n````"


def landing_figure(executed: dict[str, notebooks.Notebook]) -> tuple[str, bytes]:
    """The Markdown and the PNG of the picture that the landing page shows."""
    name, cell = tagged_cell(executed, "landing-figure")
    pictures = [output.get("data", {}).get("image/png") for output in cell["outputs"]]
    pictures = [picture for picture in pictures if picture]
    if len(pictures) != 1:
        raise SystemExit(f"{name}: the cell tagged landing-figure shows {len(pictures)} pictures")
    shown = cell["metadata"]["mystnb"]
    alt = escape(" ".join(shown["image"]["alt"].split()))
    caption = " ".join(shown["figure"]["caption"].split())
    # HTML, since a figure directive would be counted and the chapters' figures start at 2.
    markdown = (
        f'<figure>\n<img src="{PICTURE}" alt="{alt}">\n<figcaption>\n\n'
        f"{caption} From {{doc}}`{Path(name).stem}`.\n\n</figcaption>\n</figure>"
    )
    png = "".join(pictures[0]) if isinstance(pictures[0], list) else pictures[0]
    return markdown, base64.b64decode(png)


def execution_table(records: dict[str, Any]) -> str:
    """When each chapter ran, how long, with what data and seed; then the versions."""
    heads = ["Chapter", "Data", "Executed (UTC)", "Time", "Memory", "Seed"]
    rows = [heads, ["---"] * len(heads)]
    for stem, record in records.items():
        if "error" in record:
            rows.append([f"{{doc}}`{stem}`", "failed", *[""] * (len(heads) - 2)])
            continue
        data = ";<br>".join(map(escape, joined_seeds(record["data"]))) or "made in the chapter"
        rows.append(
            [
                f"{{doc}}`{stem}`",
                f'<span class="roomy">{data}</span>',
                record["started"][:16]
                .replace("-", "\N{NON-BREAKING HYPHEN}")
                .replace("T", "&nbsp;"),
                f"{record['seconds']:.0f}&nbsp;s",
                f"{record['peak_megabytes']}&nbsp;MB",
                str(record["seed"]),
            ]
        )
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    used: dict[str, list[str]] = {}  # the same for all chapters, unless some were executed earlier
    for record in records.values():
        for name, version in record.get("versions", {}).items():
            used[name] = list(dict.fromkeys([*used.get(name, []), version]))
    named = ", ".join(f"{name} {' and '.join(versions)}" for name, versions in used.items())
    return f"{table}\n\nThe versions: {named}."


def joined_seeds(sources: list[str]) -> list[str]:
    """Data that differ in their seed alone in one entry: "seed 1", "seed 2" as "seeds 1, 2"."""
    seeds: dict[str, list[str]] = {}
    for source in sources:
        seed = SEED.search(source)
        seeds.setdefault(SEED.sub("{}", source, count=1), []).extend(seed.groups() if seed else ())
    return [
        source.replace("{}", f"seed{'s' * (len(found) > 1)} {in_runs(found)}", 1)
        for source, found in seeds.items()
    ]


def in_runs(numbers: list[str]) -> str:
    """Whole numbers in words, those in a row as a run: "0 to 9, 18"."""
    runs: list[list[int]] = []
    for number in sorted(set(map(int, numbers))):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = [f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs]
    return ", ".join(words)
