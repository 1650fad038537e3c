"""The whole book as one PDF, from the site's own pages, printed by Chromium.

``make pdf`` prints every page of ``_build/html`` in the order of the table of contents, puts a page
of contents before them and a number on each sheet, and turns links from page to page into links
within the file: ``_build/book.pdf``. Like the check of the site it takes /usr/bin/chromium, or the
browser that CHROMIUM names.
"""

import argparse
import io
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject

from tools.chapters import notebooks
from tools.check import journeys
from tools.check.browser import FLAGS, built_site, chromium, serve

__all__ = ["Printed", "bind", "main", "printed"]

PAPER = {"format": "A4", "margin": dict.fromkeys(("top", "bottom", "left", "right"), "16mm")}
PATIENCE = 120_000  # milliseconds for a page, on a machine that is busy
READY = """async () => {
  for (const picture of document.images) picture.loading = "eager";
  await Promise.all([...document.images].map((picture) => picture.decode().catch(() => null)));
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  // Not the theme's own heading for printing, which has no number.
  const title = document.querySelector("article h1") || document.querySelector("h1");
  if (!title) return document.title;
  return [...title.childNodes].filter((part) => !part.classList?.contains("headerlink"))
    .map((part) => part.textContent).join("");
}"""
LOOK = "font-family:system-ui,sans-serif;color:#222;background:#fff"


class Printed(NamedTuple):
    """A page of the site: its address, its title, and its sheets."""

    address: str
    title: str
    pdf: bytes


def printed(page: Page, base: str, names: Iterable[str]) -> list[Printed]:
    """Each page as Chromium prints it."""
    found = []
    for name in names:
        address = f"{base}/{name}.html"
        page.goto(address, wait_until="load")
        title = " ".join(page.evaluate(READY).split())
        found.append(Printed(address, title, page.pdf(**PAPER)))
    return found


def bind(page: Page, parts: list[Printed], heading: str) -> bytes:
    """One file: contents, then all parts, with numbers, outline and links within it."""
    files = [PdfReader(io.BytesIO(part.pdf)) for part in parts]
    sheets = [file.pages for file in files]
    # The contents tell numbers that depend on how many sheets they take themselves.
    taken = 1
    while True:
        starts, at = [], taken
        for part in sheets:
            starts.append(at)
            at += len(part)
        contents = _print(page, _contents(heading, parts, starts))
        if len(contents) == taken:
            break
        taken = len(contents)
    writer = PdfWriter()
    for sheet in [*contents, *(sheet for part in sheets for sheet in part)]:
        writer.add_page(sheet)
    numbers = _print(page, _numbers(len(writer.pages)))
    for sheet, number in zip(writer.pages, numbers, strict=True):
        sheet.merge_page(number)
    for part, start in zip(parts, starts, strict=True):
        writer.add_outline_item(title=part.title, page_number=start)
    places = {part.address: start for part, start in zip(parts, starts, strict=True)}
    base = parts[0].address.rpartition("/")[0]
    for sheet in writer.pages[:taken]:
        _lead_inside(writer, sheet, places, {}, base)
    for start, part in zip(starts, files, strict=True):
        named = {
            str(name): start + (part.get_destination_page_number(place) or 0)
            for name, place in part.named_destinations.items()
        }
        for sheet in writer.pages[start : start + len(part.pages)]:
            _lead_inside(writer, sheet, places, named, base)
    writer.compress_identical_objects()
    writer.add_metadata({"/Title": heading})
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def _print(page: Page, html: str) -> list:
    page.goto("about:blank")
    page.set_content(html)
    return list(PdfReader(io.BytesIO(page.pdf(**PAPER, print_background=False))).pages)


def _contents(heading: str, parts: list[Printed], starts: list[int]) -> str:
    lines = "".join(
        f'<tr><td><a href="{escape(part.address)}" style="color:inherit;text-decoration:none">'
        f'{escape(part.title)}</a></td><td style="text-align:right">{start + 1}</td></tr>'
        for part, start in zip(parts, starts, strict=True)
    )
    return (
        f'<html lang="en"><body style="{LOOK}"><h1>{escape(heading)}</h1>'
        f'<table style="width:100%;border-spacing:0 .35em">{lines}</table></body></html>'
    )


def _numbers(count: int) -> str:
    """Sheets with nothing but a number at the foot of each."""
    sheet = (
        '<div style="height:262mm;position:relative;break-after:page">'
        '<p style="position:absolute;bottom:0;width:100%;margin:0;text-align:center;'
        'font-size:9pt">{}</p></div>'
    )
    body = "".join(sheet.format(number) for number in range(1, count + 1))
    last = body.rpartition(";break-after:page")
    return f'<body style="margin:0;{LOOK}">{last[0]}{last[2]}</body>'


def _lead_inside(
    writer: PdfWriter,
    sheet: DictionaryObject,
    places: dict[str, int],
    named: dict[str, int],
    base: str,
) -> None:
    """Links lead to sheets: to the first one of a page, or to the one of a place on this page.

    Those to pages of the site that are not printed go.
    """
    kept = ArrayObject()
    for reference in sheet.get("/Annots", ()):
        link = reference.get_object()
        target = str(link.get("/A", {}).get("/URI", ""))
        goal = places.get(target.partition("#")[0], named.get(str(link.get("/Dest", ""))))
        if goal is not None:
            link.pop("/A", None)
            sheet_there = writer.pages[goal].indirect_reference
            link[NameObject("/Dest")] = ArrayObject([sheet_there, NameObject("/Fit")])
        elif target.startswith(base) or "/Dest" in link:
            continue
        kept.append(reference)
    if "/Annots" in sheet:
        sheet[NameObject("/Annots")] = kept


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=notebooks.ROOT, help="folder that has _build/")
    root = parser.parse_args(arguments).root.resolve()
    site, browser_path = built_site(root), chromium()
    with serve(site) as base, sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=browser_path, headless=True, args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        parts = printed(page, base, journeys.order(root))
        file = bind(page, parts, parts[0].title)
        browser.close()
    path = root / "_build" / "book.pdf"
    path.write_bytes(file)
    sheets = len(PdfReader(path).pages)
    print(f"{path.relative_to(root)}: {sheets} pages, {len(file) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
