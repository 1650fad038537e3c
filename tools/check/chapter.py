"""How a chapter reads: where its first figure begins, and how much of it is code in sight."""

import re
from collections.abc import Mapping

from playwright.sync_api import Page

__all__ = ["chapter_faults", "measured"]

FIRST_FIGURE = 1500  # pixels from the page's top to the first figure, at most
CODE_SHARE = 0.15  # of the article's height
CHAPTER = re.compile(r"\d\d_\w+\.html")
TO_COPY = re.compile(r"\d\d_your_own_data\.html")  # whose code is what readers came for

# A figure is a picture with its caption, a player or an explorer. Code counts as it is shown first.
MEASURE = """() => {
  const article = document.querySelector("article.bd-article") || document.querySelector("main");
  // What lies in a closed fold has a height too, and is not to be seen.
  const height = (element) => element.checkVisibility()
    ? element.getBoundingClientRect().height : 0;
  const code = [...article.querySelectorAll(".cell_input")].map(height);
  const figures = [...article.querySelectorAll("figure")].filter(height).map(
    (figure) => figure.getBoundingClientRect().top + window.scrollY);
  return {
    share: code.reduce((sum, part) => sum + part, 0) / height(article),
    first: figures.length ? Math.min(...figures) : null,
  };
}"""


def measured(page: Page) -> dict[str, float | None]:
    """The share of visible code, and where the first figure begins (None: nowhere)."""
    return page.evaluate(MEASURE)


def chapter_faults(name: str, found: Mapping[str, float | None]) -> list[str]:
    """What is wrong with a chapter's measures; other pages have no faults of this kind."""
    share, first = found["share"], found["first"]
    if not CHAPTER.fullmatch(name):
        return []
    faults = []
    if first is None or first > FIRST_FIGURE:
        faults.append(f"the first figure begins at {first} pixels, {FIRST_FIGURE} at most")
    if share and share > CODE_SHARE and not TO_COPY.fullmatch(name):
        faults.append(f"{share:.0%} of the article's height is code, {CODE_SHARE:.0%} at most")
    return faults
