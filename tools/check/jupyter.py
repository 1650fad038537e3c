"""Open the notebooks that the site offers in JupyterLab, in Chromium, as their readers do.

An own server runs in a folder that holds nothing but the notebooks, with settings of its own. Each
executed notebook has to show its title and every figure, with no word of MyST left over, no formula
that is not set, solutions folded, and code folded where the page folds it.
"""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from tools.chapters import notebooks
from tools.site.offered import EXECUTED

__all__ = ["expected", "lab_faults", "left_over", "notebook_faults", "serve_lab"]

STARTS_WITHIN = 60.0  # seconds
# Every cell is drawn at once, and nothing is asked of the network.
SETTINGS = {
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}
FACTS = """() => {
  const texts = [...document.querySelectorAll(".jp-Notebook .jp-RenderedMarkdown")];
  return {
    text: texts.map((t) => {
      const copy = t.cloneNode(true);
      copy.querySelectorAll("code, pre, mjx-container").forEach((c) => c.remove());
      return copy.textContent;
    }).join("\\n"),
    formulas: document.querySelectorAll(".jp-Notebook mjx-container").length,
    broken: [...document.querySelectorAll(".jp-Notebook mjx-merror, [data-mjx-error]")].map(
      (f) => f.getAttribute("data-mjx-error") || f.textContent),
    pictures: [...document.querySelectorAll(".jp-Notebook .jp-OutputArea img")].filter(
      (p) => p.naturalWidth).length,
    folds: document.querySelectorAll(".jp-Notebook details:not([open])").length,
    hidden: document.querySelectorAll(".jp-Notebook .jp-InputPlaceholder").length,
    title: (document.querySelector(".jp-Notebook h1") || {}).textContent || "",
  };
}"""


def left_over(text: str) -> list[str]:
    """What is MyST, or TeX that nobody has set, in a text as it is shown."""
    roles = r"\{(?:doc|eq|ref|numref|term|cite|cite:[a-z]+|prf:[a-z]+|py:[a-z]+)\}"
    return re.findall(rf"{roles}|:::|^\s*:[a-z]+: |\)=$|\$\$|\\[a-z]+\{{", text, re.M)


@contextmanager
def serve_lab(folder: Path) -> Iterator[str]:
    """The address of a JupyterLab that serves a folder, and is asked with ``?token=``.

    Raises:
        SystemExit: if it does not start.
    """
    with tempfile.TemporaryDirectory() as place, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        settings = Path(place) / "settings"
        settings.mkdir()
        (settings / "overrides.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
        token = secrets.token_hex(8)
        names = (
            "_CONFIG_DIR",
            "_DATA_DIR",
            "_RUNTIME_DIR",
            "LAB_SETTINGS_DIR",
            "LAB_WORKSPACES_DIR",
        )
        environment = os.environ | {f"JUPYTER{name}": place for name in names}
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += [
            f"--port={port}",
            "--ServerApp.port_retries=0",
            f"--app-dir={_app(Path(place))}",
        ]
        command += [f"--IdentityProvider.token={token}"]
        command += [f"--ServerApp.root_dir={folder}"]
        log = Path(place) / "log"
        with log.open("w", encoding="utf-8") as told:
            server = subprocess.Popen(command, stdout=told, stderr=told, env=environment)
        base = f"http://127.0.0.1:{port}"
        try:
            _wait(f"{base}/api?token={token}", server, log)
            yield f"{base}/lab/tree/{{}}?reset&token={token}"
        finally:
            server.terminate()
            server.wait()


def _app(place: Path) -> Path:
    """JupyterLab's own folder of programs, with our settings beside them."""
    import jupyterlab.commands

    own = Path(jupyterlab.commands.get_app_dir())
    app = place / "lab"
    app.mkdir()
    for part in ("static", "schemas", "themes"):
        (app / part).symlink_to(own / part)
    shutil.copytree(place / "settings", app / "settings")
    return app


def _wait(address: str, server: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


def expected(notebook: notebooks.Notebook) -> dict[str, int]:
    """How many figures, folded boxes and folded cells a notebook has."""
    code = notebooks.code_cells(notebook)
    outputs = [o for cell in code for o in cell["outputs"] if "image/png" in o.get("data", {})]
    shown = [o for o in outputs if "text/html" not in o["data"]]
    texts = [notebooks.source(c) for c in notebook["cells"] if c["cell_type"] == "markdown"]
    hidden = [c for c in code if c["metadata"].get("jupyter", {}).get("source_hidden")]
    return {
        "pictures": len(shown),
        "folds": sum(text.count("<details>") for text in texts),
        "hidden": len(hidden),
    }


def notebook_faults(page: Page, address: str, notebook: notebooks.Notebook) -> list[str]:
    """What is wrong with a notebook as JupyterLab shows it."""
    page.goto(address, wait_until="load")
    page.wait_for_selector(".jp-Notebook .jp-RenderedMarkdown h1")
    last = "document.querySelectorAll('.jp-Notebook .jp-Cell').length >= %d"
    page.wait_for_function(last % len(notebook["cells"]))
    page.wait_for_function(
        "() => [...document.querySelectorAll('.jp-Notebook .jp-RenderedMarkdown')]"
        ".every((t) => t.childElementCount)"
    )
    page.wait_for_timeout(1500)  # formulas are set one after another
    facts = page.evaluate(FACTS)
    found = [
        f"{text!r} is shown as it is typed" for text in dict.fromkeys(left_over(facts["text"]))
    ]
    found += [f"error in a formula: {formula[:80]!r}" for formula in dict.fromkeys(facts["broken"])]
    for name, number in expected(notebook).items():
        if facts[name] < number:
            found.append(f"{facts[name]} {name} are shown, {number} are there")
    return found


def lab_faults(page: Page, site: Path) -> dict[str, list[str]]:
    """Name -> what is wrong, of each executed notebook that a site offers."""
    found = {}
    with tempfile.TemporaryDirectory() as place:
        for path in sorted((site / EXECUTED).glob("*.ipynb")):
            shutil.copyfile(path, Path(place) / path.name)
        page.set_viewport_size({"width": 1280, "height": 900})
        with serve_lab(Path(place)) as address:
            for path in sorted(Path(place).glob("*.ipynb")):
                notebook = notebooks.read(path)
                found[path.name] = notebook_faults(page, address.format(path.name), notebook)
    return found
