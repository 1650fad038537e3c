import pytest
from playwright.sync_api import sync_playwright

from tests.page.explorers import CHROMIUM
from tools.check.browser import FLAGS


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """A density of few cells is soon computed."""
    monkeypatch.setattr("vhp_core.page.explorer_panel._CELLS", 12)


@pytest.fixture(scope="module")
def page():
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield browser.new_page()
        browser.close()


@pytest.fixture
def opened(page, tmp_path):
    """A function that opens an explorer from disk and returns its figure."""
    faults = []

    def note(error):
        faults.append(str(error))

    page.on("pageerror", note)

    def opened(made):
        path = tmp_path / "page.html"
        path.write_text(f'<!doctype html><meta charset="utf-8">{made.html}', encoding="utf-8")
        page.goto(path.as_uri())
        page.wait_for_function("document.querySelector('figure').explorer?.drawn > 0")
        return page.query_selector("figure")

    yield opened
    page.remove_listener("pageerror", note)
    assert not faults
