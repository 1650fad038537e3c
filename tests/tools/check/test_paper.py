import os
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tools.chapters import notebooks
from tools.check.browser import FLAGS
from tools.check.paper import paper_faults

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SCRIPT = (notebooks.ROOT / "book/_static/reading.js").read_text(encoding="utf-8")
PAGE = """<!doctype html><html data-theme="dark"><style>
html[data-theme="dark"] body {{ background: #111; color: #eee }}
@media print {{ {print} }}
</style><body><article class="bd-article"><p>Text.</p><aside class="margin" style="float:right">
note</aside><button>Play</button><pre style="overflow-x:auto">{long}</pre></article>
<script>{script}</script></body></html>"""
PRINT = ".bd-article aside, .bd-article button { float: none !important } button { display: none }"
PRINT += "pre { white-space: pre-wrap; overflow-wrap: anywhere; overflow-x: visible !important }"


@pytest.fixture(scope="module")
def browser():
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Chromium")
    with sync_playwright() as browsers:
        yield browsers.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)


def opened(browser, **parts):
    page = browser.new_page()
    page.set_content(PAGE.format(**{"print": PRINT, "script": SCRIPT, "long": "x" * 400} | parts))
    return page


def test_a_page_that_prints_well_has_no_fault(browser):
    page = opened(browser)
    assert paper_faults(page) == []
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_without_the_script_paper_is_dark_and_ink_pale(browser):
    found = paper_faults(opened(browser, script=""))
    assert len(found) == 2
    assert "dark" in found[0] and "pale" in found[1]


def test_what_is_cut_or_beside_or_waits_is_told(browser):
    found = paper_faults(opened(browser, print=""))
    assert len(found) == 3
    assert "is cut" in found[0] and "margin notes" in found[1] and "buttons" in found[2]


def test_after_printing_the_theme_is_what_it_was(browser):
    page = opened(browser)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
