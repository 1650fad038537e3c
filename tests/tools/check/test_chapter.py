import os
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tools.check.browser import FLAGS
from tools.check.chapter import chapter_faults, measured

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
GOOD = {"share": 0.1, "first": 800.0}


@pytest.mark.parametrize("name", ["01_vae.html", "index.html", "appendix_x.html"])
def test_a_page_within_the_limits_has_no_fault(name):
    assert chapter_faults(name, GOOD) == []


@pytest.mark.parametrize("wrong", [{"share": 0.16}, {"first": 1501.0}, {"first": None}])
def test_a_chapter_beyond_a_limit_has_one_and_another_page_has_none(wrong):
    assert len(chapter_faults("01_vae.html", GOOD | wrong)) == 1
    assert chapter_faults("index.html", GOOD | wrong) == []


def test_readers_own_data_may_have_more_code():
    assert chapter_faults("11_your_own_data.html", GOOD | {"share": 0.6}) == []
    assert chapter_faults("11_your_own_data.html", GOOD | {"first": 2000.0})


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium")
def test_code_is_measured_as_it_is_shown():
    block = '<div class="cell_input" style="height:{}px">x</div>'
    html = (
        "<style>*{margin:0;padding:0}</style><article class='bd-article' style='height:1000px'>"
        + block.format(150)
        + f"<details><summary>Code</summary>{block.format(400)}</details>"
        + "<figure hidden>none</figure><figure style='position:absolute;top:620px'>one</figure>"
        + "</article>"
    )
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        page = browser.new_page()
        page.set_content(html)
        found = measured(page)
        page.set_content("<main style='height:10px'></main>")
        nothing = measured(page)
        browser.close()
    assert found["share"] == pytest.approx(0.15)
    assert found["first"] == pytest.approx(620)
    assert nothing == {"share": 0, "first": None}
