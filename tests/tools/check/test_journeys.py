import os
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tools.chapters import notebooks
from tools.check.browser import FLAGS, serve
from tools.check.journeys import _excerpts, first_sight
from tools.site.shared import CHOOSE_THEME

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# The theme's own script comes last, as it does on the book's pages.
PAGE = """<!doctype html><html data-theme="auto"><head>{first}
<script>document.documentElement.dataset.theme = "auto";</script></head><body>Text.
<script>setTimeout(() => {{ document.documentElement.dataset.theme = "dark"; }}, 300);</script>
<img src="data:," alt=""></body></html>"""


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium")
def test_a_dark_page_that_begins_light_is_told_from_one_that_is_dark_at_once(tmp_path):
    (tmp_path / "late.html").write_text(PAGE.format(first=""), encoding="utf-8")
    (tmp_path / "soon.html").write_text(PAGE.format(first=CHOOSE_THEME), encoding="utf-8")
    with serve(tmp_path) as base, sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        page = browser.new_page()
        late, soon = (first_sight(page, base, name) for name in ("late", "soon"))
        browser.close()
    assert len(late) == 1 and "frames had the theme auto" in late[0]
    assert soon == []


@pytest.fixture
def page():
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield browser.new_page()
        browser.close()


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium")
def test_an_excerpt_with_labels_or_tex_is_a_fault(page):
    page.set_content(
        "<div id='search-results'><p class='context'>The prior is learned.</p>"
        "<p class='context'>Show code cell source import torch</p>"
        "<p class='context'>the tolerance \\(\\kappa\\) is</p></div>"
    )
    faults = _excerpts(page)
    assert len(faults) == 2 and "Show code" in faults[0] and "tolerance" in faults[1]


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium")
def test_the_search_takes_a_page_s_text_without_labels_and_with_formulas_as_words(page):
    script = (notebooks.ROOT / "book/_static/found.js").read_text(encoding="utf-8")
    page.set_content(f"<script>const Search = {{}};</script><script>{script}</script>")
    page.evaluate("dispatchEvent(new Event('DOMContentLoaded'))")
    html = (
        "<nav>On this page</nav><div role='main'><h1>Title<a class='headerlink'>#</a></h1>"
        "<details><summary>Show code</summary><pre>x = 1</pre></details><button>Copy</button>"
        r"<p>At most <span class='math'>\(\kappa^2\)</span>, with <span class='math'>\(\lambda"
        r"\)</span> and <span class='math'>\(\frac{1}{2}\)</span>.</p><h2 id='b'>Part</h2></div>"
    )
    text = page.evaluate("html => Search.htmlToText(html, '')", html)
    assert text == "Title x = 1 At most κ², with λ and …. Part"
    assert page.evaluate("html => Search.htmlToText(html, '#b')", html) == "Part"
