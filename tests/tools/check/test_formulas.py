"""A formula that is cut is told from one that scrolls, breaks or fits."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tools.check.browser import FLAGS
from tools.check.formulas import cut_formulas

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FORMULA = '<mjx-math style="display:inline-block;width:{}px">x</mjx-math>'


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium")
def test_cut_formulas_are_found_in_folds_too():
    def box(name, overflow, width):
        return f'<p style="width:200px;overflow-x:{overflow}">{name} {FORMULA.format(width)}</p>'

    parts = [
        box("fits", "hidden", 50),
        box("cut", "hidden", 300),
        box("clipped", "clip", 300),
        box("scrolls", "auto", 300),
        box("shows", "visible", 300),
        f"<details><summary>Proof</summary>{box('folded', 'hidden', 300)}</details>",
        f'<style>.toggle-hidden {{display: none}}</style><div class="toggle-hidden">'
        f"{box('hidden', 'hidden', 300)}</div>",
    ]
    with (
        sync_playwright() as browsers,
        browsers.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser,
    ):
        page = browser.new_page()
        page.set_content("<main>" + "".join(parts) + "</main>")
        found = cut_formulas(page, 0)
    names = ["cut", "clipped", "folded", "hidden"]
    assert found == [f"a formula is cut, in '{name} x'" for name in names]
