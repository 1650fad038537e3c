"""Build the site from the executed chapters, with warnings as errors.

Everything is staged into ``_build/src`` (a file that did not change is not touched, so Sphinx
reads it once), Jupyter Book turns it into ``_build/html``, and no page may ask for a file from
elsewhere. A text page may hold three marks, each alone on its line: ``% landing figure`` becomes
the picture of the one cell tagged ``landing-figure``, ``% latent explorer`` what the one cell
tagged ``latent-explorer`` shows, ``% table of executed chapters`` a table of when each chapter ran.
"""

import argparse
import base64
import json
import os
import re
import subprocess
import sys
import time
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tools.chapters import notebooks
from tools.site.api_page import API_REFERENCE, reference
from tools.site.lighten import lighten
from tools.site.take_along import DOWNLOADS, WHEEL, downloads_table, installation, offered

LANDING_FIGURE = "% landing figure"
LATENT_EXPLORER = "% latent explorer"
EXECUTION_TABLE = "% table of executed chapters"
PICTURE = "_static/landing.png"
SEED = re.compile(r"\bseed (\d+)")


# ---- staging ------------------------------------------------------------------------------------


def stage(root: Path, budget: str) -> dict[str, bytes]:
    """Name -> content of every file that Jupyter Book is to read.

    Raises:
        SystemExit: if a chapter was not executed, or a mark cannot be replaced.
    """
    book, copies = root / "book", notebooks.executed(root, budget)
    files = {name: (root / name).read_bytes() for name in ("_config.yml", "_toc.yml")}
    for path in [*book.glob("*.bib"), *(book / "_static").glob("*")]:
        files[path.relative_to(book).as_posix()] = path.read_bytes()

    executed, records = {}, {}
    for chapter in notebooks.chapters(root):
        copy = copies / chapter.name
        if not copy.with_suffix(".json").exists():
            raise SystemExit(
                f"{copy} is missing or failed: "
                f"'python -m tools.chapters.execute --budget {budget}' first"
            )
        executed[chapter.name] = notebooks.read(copy)
        records[chapter.stem] = notebooks.read(copy.with_suffix(".json"))
        if places := machine_paths(executed[chapter.name], root):
            raise SystemExit(f"{copy} prints paths of this machine: {', '.join(places)}")
    for name, notebook in executed.items():
        files[name] = json.dumps(page(notebook), indent=1, ensure_ascii=False).encode()

    for path in book.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        if LANDING_FIGURE in text:
            figure, files[PICTURE] = landing_figure(executed)
            text = text.replace(LANDING_FIGURE, figure)
        if LATENT_EXPLORER in text:
            text = text.replace(LATENT_EXPLORER, latent_explorer(executed))
        text = text.replace(EXECUTION_TABLE, execution_table(records))
        if API_REFERENCE in text:
            text = text.replace(API_REFERENCE, reference())
        if WHEEL in text:
            wheel, taken = offered(root)
            files |= taken
            text = text.replace(WHEEL, installation(wheel))
        text = text.replace(DOWNLOADS, downloads_table(root))
        files[path.name] = text.encode()
    return files


def page(notebook: notebooks.Notebook) -> notebooks.Notebook:
    """An executed copy as its page shows it: parameters folded, without papermill's notes."""
    notebook = json.loads(json.dumps(notebook))
    notebook["metadata"].pop("papermill", None)
    for cell in notebook["cells"]:
        cell["metadata"].pop("papermill", None)
        if "parameters" in notebooks.tags(cell) and "hide-cell" not in notebooks.tags(cell):
            cell["metadata"]["tags"] = [*notebooks.tags(cell), "hide-cell"]
    return notebook


def machine_paths(notebook: notebooks.Notebook, root: Path) -> list[str]:
    """Paths of this machine that a chapter's outputs show, say in a warning."""
    shown = json.dumps([cell["outputs"] for cell in notebooks.code_cells(notebook)])
    places = "|".join(re.escape(str(place)) for place in (root, sys.prefix))
    return re.findall(rf"(?:{places}|/[\w./-]*ipykernel_)[\w./-]*", shown)


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
        rows.append(
            [
                f"{{doc}}`{stem}`",
                "<br>".join(map(escape, joined_seeds(record["data"]))) or "made in the chapter",
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
        for name, version in record["versions"].items():
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


# ---- checks -------------------------------------------------------------------------------------


_OUTSIDE = re.compile(r"(?:https?:)?//")
_IN_STYLE = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^\s"')]+)""")


class _Requests(HTMLParser):
    """Collects what a browser fetches by itself when it shows a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        given = {name: value or "" for name, value in attrs}
        target = given.get("src") or given.get("data") or ""
        if tag == "link" and given.get("rel") not in ("canonical", "license", "author"):
            target = given.get("href", "")
        if _OUTSIDE.match(target):
            self.found.append(target)
        self.found += _IN_STYLE.findall(given.get("style", ""))

    def handle_data(self, data: str) -> None:
        if self.inside == "style":
            self.found += _IN_STYLE.findall(data)


def outside_requests(html: str) -> list[str]:
    """Addresses outside the site that a page asks for: scripts, styles, pictures, frames."""
    parser = _Requests()
    parser.feed(html)
    return parser.found


def stale_studies(root: Path) -> list[str]:
    """Tables that were computed with another version of the method's source."""
    try:
        from vhp_core.book import is_current
    except ImportError:
        return []
    paths = [path for kind in notebooks.TABLES for path in sorted((root / kind).glob("*.json"))]
    stamps = {path.relative_to(root).with_suffix(".csv"): notebooks.read(path) for path in paths}
    return [
        name.as_posix()
        for name, stamp in stamps.items()
        if "source_hash" in stamp and not is_current(stamp)
    ]


def build(root: Path, budget: str) -> Path:
    """Build the site; the folder it lies in."""
    source, site = root / "_build" / "src", root / "_build" / "html"
    write(stage(root, budget), source)
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(source)]
    command += ["--path-output", str(root), "--quiet", "-n", "-W", "--keep-going"]
    environment = os.environ | {
        "PYTHONPATH": str(notebooks.ROOT)
    }  # tools.site.sphinx_pages is there
    if subprocess.run(command, check=False, env=environment).returncode:
        raise SystemExit("the site was not built: every warning above counts as an error")
    lighten(site)
    for path in sorted(site.rglob("*.html")):
        asked = outside_requests(path.read_text(encoding="utf-8"))
        if asked:
            raise SystemExit(f"{path} asks for files from elsewhere: {', '.join(asked)}")
    return site


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget", choices=("full", "smoke"), default="full")
    parser.add_argument("--root", type=Path, default=notebooks.ROOT, help="folder that has book/")
    options = parser.parse_args(arguments)
    root, start = options.root.resolve(), time.perf_counter()
    site = build(root, options.budget)
    for name in stale_studies(root):
        command = notebooks.TABLES[name.split("/")[0]]
        print(f"warning: the method's source has changed since {name} was computed; "
              f"'{command}' computes it again")  # fmt: skip
    print(f"site: {site / 'index.html'}, built in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
