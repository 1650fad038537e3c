"""Build the site from the executed chapters, with warnings as errors.

Everything is staged into ``_build/src`` and Jupyter Book turns it into ``_build/html``, always from
nothing, so that no page is of an earlier build. No page may ask for a file from elsewhere. If a
chapter failed, the site is built with the others, and the command ends with a summary and a status
of 1.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import yaml

from tools.chapters import notebooks
from tools.guard import guard, one_at_a_time
from tools.site import offered, take_along
from tools.site.lighten import lighten
from tools.site.stage import failures, stage, write

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


def address(root: Path) -> str:
    """Where the site will stand, as ``_config.yml`` says; empty while nobody knows."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    return config["html"].get("baseurl", "")


def build(root: Path, budget: str) -> Path:
    """Build the site; the folder it lies in."""
    source, site = root / "_build" / "src", root / "_build" / "html"
    doctrees = root / "_build" / ".doctrees"
    for earlier in (site, doctrees):  # titles, numbers and terms of one page stand on others too
        shutil.rmtree(earlier, ignore_errors=True)
    write(stage(root, budget), source)
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(source)]
    command += ["--path-output", str(root), "--quiet", "-n", "--keep-going"]
    # What a failed chapter does not show, other pages refer to in vain: told, but no error then.
    command += [] if failures(root, budget) else ["-W"]
    environment = os.environ | {
        "PYTHONPATH": str(notebooks.ROOT)
    }  # tools.site.sphinx_pages is there
    if subprocess.run(command, check=False, env=environment).returncode:
        raise SystemExit("the site was not built: every warning above counts as an error")
    (wheel,) = (path.name for path in (source / take_along.FOLDER).glob("*.whl"))
    offered.write(root, site, doctrees, wheel, address(root))
    lighten(site)
    for path in sorted(site.rglob("*.html")):
        asked = outside_requests(path.read_text(encoding="utf-8"))
        if asked:
            raise SystemExit(f"{path} asks for files from elsewhere: {', '.join(asked)}")
    return site


def main(arguments: list[str] | None = None) -> None:
    guard()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget", choices=("full", "smoke"), default="full")
    parser.add_argument("--root", type=Path, default=notebooks.ROOT, help="folder that has book/")
    options = parser.parse_args(arguments)
    root, start = options.root.resolve(), time.perf_counter()
    with one_at_a_time(root):
        site = build(root, options.budget)
    for name in stale_studies(root):
        counted = name == "studies/claims.csv"
        command = "make claims" if counted else notebooks.TABLES[name.split("/")[0]]
        print(f"warning: the method's source has changed since {name} was computed; "
              f"'{command}' computes it again")  # fmt: skip
    print(f"site: {site / 'index.html'}, built in {time.perf_counter() - start:.0f} s", flush=True)
    if failed := failures(root, options.budget):
        told = "\n".join(f"  {stem}: {error}" for stem, error in failed.items())
        raise SystemExit(f"{len(failed)} chapters failed, and their pages say so:\n{told}")


if __name__ == "__main__":
    main()
