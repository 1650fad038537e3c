"""Links of the built site: every file and every anchor that a page leads to is there.

Read from the files, without a browser. Addresses outside the site are not asked for.
"""

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["link_faults"]

_ASKED = {"a": "href", "link": "href", "img": "src", "script": "src", "source": "src"}


class _Page(HTMLParser):
    """Anchors of a page, and what it leads to or shows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.repeated: list[str] = []
        self.targets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("id")
        if name:
            if name in self.anchors:
                self.repeated.append(name)
            self.anchors.add(name)
        if tag == "a" and given.get("name"):
            self.anchors.add(given["name"])
        target = given.get(_ASKED.get(tag, ""))
        if target:
            self.targets.append(target)


@cache
def _read(path: Path) -> _Page:
    return _Page(path.read_text(encoding="utf-8"))


def link_faults(site: Path, name: str) -> list[str]:
    """Dead links and doubled anchors of one page of the site.

    Args:
        site: the site's folder.
        name: the page, relative to it.
    """
    page = _read(site / name)
    found = [f"the anchor {anchor!r} is there twice" for anchor in dict.fromkeys(page.repeated)]
    for target in dict.fromkeys(page.targets):
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            continue
        path = (site / name).parent / unquote(parts.path) if parts.path else site / name
        if not path.is_file():
            found.append(f"link to {target}: no such file")
        elif parts.fragment and path.suffix == ".html" and not _has(path, parts.fragment):
            found.append(f"link to {target}: no such anchor")
    return found


def _has(path: Path, fragment: str) -> bool:
    return fragment in _read(path).anchors or unquote(fragment) in _read(path).anchors
