"""A browser that reads a folder as a web site, and what it tells of while it does.

Every check in Chromium starts it with :data:`FLAGS`, so that it asks the network for nothing, opens
the pages that :func:`serve` gives it, and learns from :func:`watched` what went wrong.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Page, Request, Response, Route

__all__ = ["FLAGS", "built_site", "chromium", "serve", "watched"]

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip


def built_site(root: Path) -> Path:
    """The folder of the site that was built.

    Raises:
        SystemExit: if there is none.
    """
    site = root / "_build" / "html"
    if not (site / "index.html").exists():
        raise SystemExit(f"{site} holds no site: 'make book' first")
    return site


def chromium() -> str:
    """The browser: /usr/bin/chromium, or what CHROMIUM names.

    Raises:
        SystemExit: if it is not there.
    """
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not Path(path).exists():
        raise SystemExit(
            f"no browser at {path}: install Chromium, or name it in CHROMIUM=/path/to/chromium"
        )
    return path


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


@contextmanager
def watched(page: Page, base: str) -> Iterator[tuple[list[str], dict[str, int]]]:
    """While the block runs: faults that the browser tells of, and the bytes of each answer."""
    found: list[str] = []
    sizes: dict[str, int] = {}

    def note(fault: str) -> None:
        if fault not in found:
            found.append(fault)

    def outside(url: str) -> bool:
        return not url.startswith((base, "data:", "blob:", "about:"))

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
        sizes[answer.url] = int(answer.headers.get("content-length", 0))

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
    try:
        yield found, sizes
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
        page.unroute_all()
