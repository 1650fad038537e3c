import os
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tools.check.browser import FLAGS, serve
from tools.check.journeys import first_sight
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
