"""What a reader does on the site: search, go from page to page, use the keyboard, read from disk.

Each journey returns what went wrong on it, in words.
"""

import re
from itertools import pairwise
from pathlib import Path

import yaml
from playwright.sync_api import Error, Page

__all__ = ["focus", "from_disk", "next_pages", "search", "table_of_contents"]

SOUGHT, FOUND_ON = "aggregated posterior", "03_optimal_prior"
WAIT = 60_000  # milliseconds, for a machine that is busy
STOPS = 40  # presses of the tabulator key

# Whether the focused element looks other than without focus; None at the end of the page.
FOCUS_SEEN = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  // The theme marks some elements by what they hold: a fold of the side bar by its arrow.
  const parts = [element, ...element.children];
  const looks = () => parts.map((part) => {
    const style = getComputedStyle(part);
    return [style.outlineStyle, style.outlineWidth, style.outlineColor, style.boxShadow,
            style.backgroundColor, style.borderColor, style.textDecoration, style.color];
  }).join();
  const seen = looks();
  element.blur();
  const plain = looks();
  element.focus({focusVisible: true, preventScroll: true});
  return [seen !== plain, element.outerHTML.slice(0, 90)];
}"""


# The theme that a page has at each frame from the first on.
WATCH = """
window.frames_seen = [];
const look = () => {
  if (document.body) frames_seen.push(document.documentElement.dataset.theme || "");
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def first_sight(page: Page, base: str, name: str) -> list[str]:
    """At the first visit of a reader whose system is dark, no frame of a page is light."""
    visit = page.context.browser.new_context(color_scheme="dark")
    fresh = visit.new_page()
    fresh.add_init_script(WATCH)
    fresh.goto(f"{base}/{name}.html", wait_until="load")
    themes = fresh.evaluate("frames_seen")
    visit.close()
    late = [theme or "none" for theme in themes if theme != "dark"]
    if not themes:
        return [f"{name}: no frame was seen"]
    return [f"{name}: {len(late)} frames had the theme {late[0]}, not dark"] if late else []


def search(page: Page, base: str) -> list[str]:
    """Search from the landing page, by the keyboard, and read the results."""
    page.goto(f"{base}/index.html", wait_until="load")
    page.keyboard.press("Control+k")
    try:
        field = page.locator("input[type=search]:visible").first
        field.wait_for(timeout=WAIT)
        field.fill(SOUGHT)
        field.press("Enter")
        page.wait_for_url("**/search.html?**", timeout=WAIT)
        page.wait_for_selector("#search-results .search-summary", timeout=WAIT)
        page.wait_for_function(
            "() => /found/.test(document.querySelector('.search-summary').textContent)",
            timeout=WAIT,
        )
    except Error as error:
        return [f"the search for {SOUGHT!r} has no result: {str(error).splitlines()[0]}"]
    found = page.eval_on_selector_all(
        "#search-results a", "links => links.map((link) => link.getAttribute('href'))"
    )
    if not any(FOUND_ON in link for link in found):
        return [f"the search for {SOUGHT!r} does not find {FOUND_ON}, but {found[:5]}"]
    return [] if base.startswith("file:") else [*_excerpts(page), *_highlight(page)]


def _excerpts(page: Page) -> list[str]:
    """What is said of each page found is its text: no label of a button or fold, no TeX."""
    page.wait_for_selector("#search-results p.context", timeout=WAIT)
    page.wait_for_load_state("networkidle")
    shown = page.eval_on_selector_all(
        "#search-results p.context", "parts => parts.map((part) => part.textContent)"
    )
    return [
        f"an excerpt holds {found[0]!r}: {text[:80]!r}"
        for text in shown
        if (found := re.search(r"\\[A-Za-z(\[]|Show code|Copy to clipboard|\$\$", text))
    ]


def _highlight(page: Page) -> list[str]:
    """What was sought stands out on the page that is opened, and its formulas are whole."""
    page.locator(f"#search-results a[href*='{FOUND_ON}']").first.click()
    try:
        page.wait_for_selector(".bd-article span.highlighted", timeout=WAIT)
    except Error:
        return [f"on {FOUND_ON} nothing that was sought is highlighted"]
    color = "(span) => getComputedStyle(span).backgroundColor"
    seen = page.eval_on_selector(".bd-article span.highlighted", color)
    page.evaluate("window.MathJax?.startup?.promise")
    inside = page.locator(".math span.highlighted").count()
    faults = ["the highlight has no colour"] if seen == "rgba(0, 0, 0, 0)" else []
    if inside:
        faults.append(f"formulas are highlighted inside, in {inside} places")
    return faults


def order(root: Path) -> list[str]:
    """The pages in the order of ``_toc.yml``, those below another one after it."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    names = [toc["root"]]
    for entry in (entry for part in toc["parts"] for entry in part["chapters"]):
        names += [entry["file"], *(below["file"] for below in entry.get("sections", ()))]
    return names


def next_pages(page: Page, base: str, names: list[str]) -> list[str]:
    """Go on from the first page to the last by the links at their ends, and one step back."""
    page.goto(f"{base}/{names[0]}.html", wait_until="domcontentloaded")
    for before, name in pairwise(names):
        link = page.locator("a.right-next")
        if not link.count():
            return [f"{before} has no link to the next page"]
        link.first.click(no_wait_after=True)
        try:
            page.wait_for_url(f"**/{name}.html", wait_until="domcontentloaded", timeout=WAIT)
        except Error:
            return [f"the next page after {before} is {page.url}, not {name}"]
    page.locator("a.left-prev").first.click(no_wait_after=True)
    try:
        page.wait_for_url(f"**/{names[-2]}.html", wait_until="domcontentloaded", timeout=WAIT)
    except Error:
        return [f"the page before {names[-1]} is {page.url}, not {names[-2]}"]
    return []


def table_of_contents(page: Page, base: str, names: list[str]) -> list[str]:
    """All pages stand in the side bar, on a phone behind a button; one click leads to a page."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{base}/{names[1]}.html", wait_until="load")
    listed = page.eval_on_selector_all(
        ".bd-sidebar-primary nav a", "links => links.map((a) => a.href.split('#')[0])"
    )
    found = [
        f"the table of contents lacks {name}"
        for name in names[2:]
        if f"{base}/{name}.html" not in listed
    ]
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{base}/{names[1]}.html", wait_until="load")
    link = page.locator(f".bd-sidebar-primary nav a[href='{names[2]}.html']:visible")
    if link.count():
        found.append("on a phone the table of contents covers the page")
    page.locator("button.primary-toggle:visible").first.click()
    try:
        link.first.click(timeout=WAIT)
        page.wait_for_url(f"**/{names[2]}.html", wait_until="domcontentloaded", timeout=WAIT)
    except Error:
        found.append("on a phone the table of contents does not open, or does not lead to a page")
    page.set_viewport_size({"width": 1280, "height": 900})
    return found


def focus(page: Page, base: str, name: str) -> list[str]:
    """Go through a page by the tabulator key: what has the focus must look so."""
    page.goto(f"{base}/{name}.html", wait_until="load")
    stops, unseen = 0, []
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        seen = page.evaluate(FOCUS_SEEN)
        if seen is None:
            break
        stops += 1
        if not seen[0]:
            unseen.append(f"{name}: focus is not seen on {seen[1]}")
    return list(dict.fromkeys(unseen)) + (
        [] if stops > 10 else [f"{name}: Tab stops {stops} times"]
    )


def from_disk(page: Page, site: Path, names: list[str]) -> list[str]:
    """Open pages as files: formulas are typeset, and nothing is missing or asked for elsewhere."""
    base, found = site.as_uri(), []
    for name in names:
        page.goto(f"{base}/{name}.html", wait_until="load")
        page.evaluate("async () => { if (window.MathJax?.startup) await MathJax.startup.promise; }")
        unset = page.evaluate(
            "() => [...document.querySelectorAll('.math')]"
            ".filter((f) => !f.querySelector('mjx-container')).length"
        )
        if unset:
            found.append(f"{name}, opened from disk: {unset} formulas are not typeset")
        failed = page.evaluate(
            "async () => { await document.fonts.ready; return [...document.fonts]"
            ".filter((f) => f.status === 'error').map((f) => f.family); }"
        )
        if failed:
            found.append(f"{name}, opened from disk: fonts are missing: {', '.join(set(failed))}")
    return found
