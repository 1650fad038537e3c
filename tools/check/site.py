"""Open every page of the built site in Chromium and see that it works, without any network.

For each page: no error on the console, no failed or outside request, every picture shown and with
an alt text that says what is seen, every figure captioned, every formula typeset, every motion
player drawing and playing, and every latent explorer answering (``tools/check/explorer.py``); no
markup among the words; a sound structure, no serious finding of axe-core and legible figures in
both themes (``tools/check/accessibility.py``); of a chapter an early figure and little code
(``tools/check/chapter.py``); no formula cut on a phone (``tools/check/formulas.py``), nothing on
paper (``tools/check/paper.py``); no dead link (``tools/check/links.py``); at most 4 MB to transfer.
Then the journeys of ``tools/check/journeys.py``: search, page to page, keyboard, and all pages
opened from disk; the executed notebooks in JupyterLab (``tools/check/jupyter.py``), and the plain
ones, run with the site's wheel alone (``tools/check/plain.py``). The browser is /usr/bin/chromium;
CHROMIUM names another.
"""

import argparse
import re
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tools.chapters import notebooks
from tools.check import journeys
from tools.check.accessibility import contrast_faults, rule_faults, structure_faults, themed
from tools.check.browser import FLAGS, built_site, chromium, serve, watched
from tools.check.chapter import chapter_faults, measured
from tools.check.explorer import explore, missing
from tools.check.formulas import cut_formulas
from tools.check.jupyter import lab_faults, left_over
from tools.check.links import link_faults
from tools.check.paper import paper_faults
from tools.check.plain import plain_faults

NOT_PAGES = ("genindex.html", "search.html", "py-modindex.html")
AT_ONCE = 2  # browsers that open pages side by side
MOST_BYTES = 4_000_000
PATIENCE = 120_000  # milliseconds for a page to load, on a machine that is busy
# 640 and 320 are also what is left of 1280 pixels at a zoom of 200 % and 400 %.
WIDTHS = (1280, 1600, 1024, 768, 640, 390, 320)
PHONE = 390
LOADED = (1024, PHONE)  # at which a page is loaded anew; at the others its window changes
MARKUP = re.compile(r"\$[^$\n]{1,60}\$|\*\*\w[^*\n]*\*\*")  # what no page may show in its words
PLAYS_WITHIN = 2.0  # seconds
SETTLES = 600  # milliseconds until all that answers to the window's size has done so

# Facts about a page, gathered in it. Pictures that load late are fetched and waited for.
FACTS = """async () => {
  const pictures = [...document.images];
  for (const picture of pictures) picture.loading = "eager";
  await Promise.all(pictures.map((picture) => picture.decode().catch(() => null)));
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  const formulas = [...document.querySelectorAll(".math")];
  const words = (document.querySelector(".bd-article") || document.body).cloneNode(true);
  words.querySelectorAll("pre, code, script, style, .math, mjx-container").forEach(
    (part) => part.remove());
  return {
    words: words.textContent,
    images: pictures.map((p) => ({src: p.getAttribute("src").slice(0, 80), alt: p.alt,
                                  width: p.naturalWidth})),
    figures: [...document.querySelectorAll("figure")].map((f) => ({
      id: f.id || f.className,
      caption: (f.querySelector("figcaption")?.textContent || "").trim()})),
    unset: formulas.filter((f) => !f.querySelector("mjx-container")).map((f) => f.textContent),
    broken: [...document.querySelectorAll("mjx-merror, [data-mjx-error]")].map(
      (f) => f.getAttribute("data-mjx-error") || f.textContent),
    formulas: formulas.length,
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
}"""
# Whether anything is drawn on a canvas: more than one colour.
DRAWN = """(canvas) => {
  if (!canvas.width || !canvas.height) return false;
  const pixels = new Uint32Array(
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  return pixels.some((pixel) => pixel !== pixels[0]);
}"""


def pages(site: Path) -> list[str]:
    """Every page that readers are led to; the generated index and the search page are not."""
    found = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return [name for name in found if not name.startswith("_") and name not in NOT_PAGES]


def says_nothing(alt: str) -> bool:
    """Whether an alt text is missing, a file's name or path, or a single word."""
    alt = alt.strip()
    return len(alt.split()) < 3 or bool(re.search(r"[/\\]\S*\.\w{2,4}$|^\S+\.\w{2,4}$", alt))


def faults(facts: dict) -> list[str]:
    """What is wrong with a page, from the facts gathered in it."""
    found = []
    for image in facts["images"]:
        if not image["width"]:
            found.append(f"picture {image['src']} is not shown")
        if says_nothing(image["alt"]):
            found.append(
                f"picture {image['src']}: alt text {image['alt']!r} does not say what is seen"
            )
    found += [
        f"figure {f['id'] or '?'} has no caption" for f in facts["figures"] if not f["caption"]
    ]
    found += [f"formula not typeset: {formula[:60]!r}" for formula in facts["unset"]]
    found += [f"error in a formula: {formula[:80]!r}" for formula in facts["broken"]]
    marks = [*left_over(facts["words"]), *MARKUP.findall(facts["words"])]
    found += [f"markup is shown as it is: {mark[:60]!r}" for mark in marks]
    if facts["wide"] > 0:
        found.append(f"the page is {facts['wide']} pixels wider than the window")
    return found


def play(page: Page) -> list[str]:
    """What is wrong with the motion players of a page: each must draw, and move when played."""
    found = []
    for number, player in enumerate(page.query_selector_all("figure.motion-player"), 1):
        player.scroll_into_view_if_needed()
        page.wait_for_timeout(100)
        canvas, button = player.query_selector("canvas"), player.query_selector("button")
        if not canvas or not button or not canvas.evaluate(DRAWN):
            found.append(f"motion player {number} draws nothing")
            continue
        first = canvas.evaluate("canvas => canvas.toDataURL()")
        button.click()
        until = time.monotonic() + PLAYS_WITHIN
        while canvas.evaluate("canvas => canvas.toDataURL()") == first:
            if time.monotonic() > until:
                found.append(f"motion player {number} does not move when played")
                break
            page.wait_for_timeout(50)
        button.click()
    return found


def check(page: Page, base: str, name: str, site: Path) -> tuple[list[str], str]:
    """Open one page at every width and in both themes; what is wrong, and what was seen on it."""
    with watched(page, base) as (found, sizes):

        def note(fault: str) -> None:
            if fault not in found:
                found.append(fault)

        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        page.goto("about:blank")
        themed(page, "light")
        page.goto(f"{base}/{name}", wait_until="load")
        facts = page.evaluate(FACTS)
        for fault in faults(facts):
            note(fault)
        shape = measured(page)
        for fault in [
            *structure_faults(page), *link_faults(site, name), *chapter_faults(name, shape)
        ]:  # fmt: skip
            note(fault)
        for fault in [*rule_faults(page), *contrast_faults(page)]:
            note(f"light: {fault}")
        themed(page, "dark")
        for fault in [*rule_faults(page, ["color-contrast"]), *contrast_faults(page)]:
            note(f"dark: {fault}")
        themed(page, "light")
        explorers = len(page.query_selector_all("figure.latent-explorer"))
        for fault in [*play(page), *explore(page), *missing(name, explorers)]:
            note(fault)
        weight = sum(sizes.values())
        if weight > MOST_BYTES:
            note(f"the page transfers {weight / 1e6:.1f} MB, {MOST_BYTES / 1e6:.0f} at most may")

        for width in WIDTHS[1:]:
            page.set_viewport_size({"width": width, "height": 900})
            if width in LOADED:
                page.goto(f"{base}/{name}", wait_until="load")
            page.wait_for_timeout(SETTLES)
            for fault in faults(page.evaluate(FACTS)):
                if fault not in found:
                    note(f"at {width} pixels: {fault}")
            for fault in rule_faults(page):
                note(f"at {width} pixels: {fault}")
        for fault in paper_faults(page):
            note(fault)
        page.set_viewport_size({"width": PHONE, "height": 900})
        for fault in cut_formulas(page, SETTLES):
            note(f"at {PHONE} pixels {fault}")
    players = len(page.query_selector_all("figure.motion-player"))
    seen = f"{len(facts['images'])} pictures, {facts['formulas']} formulas, {players} players, "
    seen += f"{weight / 1e6:.2f} MB, {shape['share']:.0%} code"
    return found, seen + (f", figure at {shape['first']:.0f}" if shape["first"] else "")


def travel(page: Page, base: str, site: Path, names: list[str]) -> dict[str, list[str]]:
    """The journeys through the whole site, and what went wrong on each."""
    ordinary = names[1]
    on_disk = {
        "search, from disk": lambda: journeys.search(page, site.as_uri()),
        "all pages from disk": lambda: journeys.from_disk(page, site, names),
    }
    served = {
        "search": lambda: journeys.search(page, base),
        "first sight": lambda: journeys.first_sight(page, base, ordinary),
        "from page to page": lambda: journeys.next_pages(page, base, names),
        "table of contents": lambda: journeys.table_of_contents(page, base, names),
        "keyboard": lambda: [
            *journeys.focus(page, base, names[0]),
            *journeys.focus(page, base, ordinary),
        ],
    }
    results = {}
    for place, routes in ((base, served), (site.as_uri(), on_disk)):
        for name, journey in routes.items():
            with watched(page, place) as (found, _):
                results[name] = [*journey(), *found]
    return results


@contextmanager
def new_page(browser_path: str) -> Iterator[Page]:
    """A page of a browser of its own, with patience for a machine that is busy."""
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=browser_path, headless=True, args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def check_site(
    site: Path, browser_path: str, names: list[str] | None = None, only: list[str] | None = None
) -> int:
    """Check every page, then the journeys if the pages' order is given; how many failed.

    Args:
        site: the site's folder.
        browser_path: the browser.
        names: the pages' names in their order, for the journeys.
        only: check these pages, such as "index.html", and no others.
    """
    failed = passed = 0
    one_speaks = threading.Lock()

    def tell(name: str, found: list[str], seen: str = "") -> None:
        nonlocal failed, passed
        with one_speaks:
            print(f"{'FAILED' if found else 'ok':7}{name}  {seen}", flush=True)
            for fault in found:
                print(f"       {fault}", flush=True)
            failed, passed = failed + bool(found), passed + (not found)

    def check_some(base: str, left: Iterator[str]) -> None:
        with new_page(browser_path) as page:
            for name in left:
                tell(name, *check(page, base, name, site))

    with serve(site) as base:
        left = iter(only or pages(site))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            workers = [pool.submit(check_some, base, left) for _ in range(AT_ONCE)]
        for worker in workers:
            worker.result()
        if names:
            with new_page(browser_path) as page:
                for journey, found in travel(page, base, site, names).items():
                    tell(journey, found)
                for notebook, found in lab_faults(page, site).items():
                    tell(f"{notebook} in JupyterLab", found)
    for notebook, found in plain_faults(site) if names else ():
        tell(notebook, found)
    print(f"{passed} passed, {failed} failed", flush=True)
    return failed


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=notebooks.ROOT, help="folder that has _build/")
    parser.add_argument("pages", nargs="*", help="pages to check alone, such as index.html")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    names = None if options.pages else journeys.order(root)
    sys.exit(1 if check_site(built_site(root), chromium(), names, options.pages) else 0)


if __name__ == "__main__":
    main()
