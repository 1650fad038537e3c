"""Open every page of the built site in Chromium and see that it works, without any network.

For each page: no error on the console, no failed or outside request, every picture shown and with
an alt text that says what is seen, every figure captioned, every formula typeset, every motion
player drawing and playing, and every latent explorer answering (``tools/check_explorer.py``). The
browser is /usr/bin/chromium; CHROMIUM names another.
"""

import argparse
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Page, Request, Response, Route, sync_playwright

from tools import notebooks
from tools.check_explorer import explore

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
NOT_PAGES = ("genindex.html", "search.html", "py-modindex.html")
WIDTHS = (1280, 390)
PLAYS_WITHIN = 2.0  # seconds

# Facts about a page, gathered in it. Pictures that load late are fetched and waited for.
FACTS = """async () => {
  const pictures = [...document.images];
  for (const picture of pictures) picture.loading = "eager";
  await Promise.all(pictures.map((picture) => picture.decode().catch(() => null)));
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  const formulas = [...document.querySelectorAll(".math")];
  return {
    images: pictures.map((p) => ({src: p.getAttribute("src").slice(0, 80), alt: p.alt,
                                  width: p.naturalWidth})),
    figures: [...document.querySelectorAll("figure")].map((f) => ({
      id: f.id || f.className, caption: (f.querySelector("figcaption")?.innerText || "").trim()})),
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


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The address at which a folder is served on this machine, while the block runs."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


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


def check(page: Page, base: str, name: str) -> tuple[list[str], str]:
    """Open one page at every width; what is wrong with it, and what was seen on it."""
    found: list[str] = []
    seen = ""

    def note(fault: str) -> None:
        if fault not in found:
            found.append(fault)

    def outside(url: str) -> bool:
        return not url.startswith((base, "data:", "blob:"))

    def request(route: Route) -> None:  # nothing leaves this machine
        if outside(route.request.url):
            note(f"outside request {route.request.url}")
            route.abort()
        else:
            route.continue_()

    def failed(asked: Request) -> None:
        # Aborted: by us, or by the browser as it went on to the next page.
        if asked.failure != "net::ERR_ABORTED" and not outside(asked.url):
            note(f"failed request {asked.url.removeprefix(base)}")

    def response(answer: Response) -> None:
        if answer.status >= 400:
            note(f"{answer.status} for {answer.url.removeprefix(base)}")

    listeners = {
        "console": lambda message: (
            note(f"console: {message.text}") if message.type == "error" else None
        ),
        "pageerror": lambda error: note(f"error in a script: {error}"),
        "requestfailed": failed,
        "response": response,
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    page.route("**/*", request)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{base}/{name}", wait_until="load")
        facts = page.evaluate(FACTS)
        for fault in faults(facts):
            note(fault if width == WIDTHS[0] else f"at {width} pixels: {fault}")
        if width == WIDTHS[0]:
            for fault in [*play(page), *explore(page)]:
                note(fault)
            players = len(page.query_selector_all("figure.motion-player"))
            seen = (
                f"{len(facts['images'])} pictures, {facts['formulas']} formulas, {players} players"
            )
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    page.unroute_all()
    narrow = {f"at {WIDTHS[1]} pixels: {fault}" for fault in found}
    return [fault for fault in found if fault not in narrow], seen


def check_site(site: Path, chromium: str) -> int:
    """Check every page and print a line for each; how many failed."""
    names = pages(site)
    failed = 0
    with serve(site) as base, sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        page = browser.new_page()
        for name in names:
            found, seen = check(page, base, name)
            print(f"{'FAILED' if found else 'ok':7}{name}  {seen}", flush=True)
            for fault in found:
                print(f"       {fault}", flush=True)
            failed += bool(found)
        browser.close()
    print(f"{len(names) - failed} passed, {failed} failed", flush=True)
    return failed


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=notebooks.ROOT, help="folder that has _build/")
    options = parser.parse_args(arguments)
    site = options.root.resolve() / "_build" / "html"
    if not (site / "index.html").exists():
        raise SystemExit(f"{site} holds no site: 'make book' first")
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not Path(chromium).exists():
        raise SystemExit(
            f"no browser at {chromium}: install Chromium, or name it in CHROMIUM=/path/to/chromium"
        )
    sys.exit(1 if check_site(site, chromium) else 0)


if __name__ == "__main__":
    main()
