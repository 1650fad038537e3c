"""A browser that is watched: what it is served, what it tells of, and what it may not ask for."""

import os
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import sync_playwright

from tools.check.browser import FLAGS, serve, watched

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ICON = '<!doctype html><link rel="icon" href="data:,">'


def test_a_folder_is_served_while_the_block_runs(tmp_path):
    (tmp_path / "a.html").write_text("seen", encoding="utf-8")
    with serve(tmp_path) as base:
        with urlopen(f"{base}/a.html", timeout=10) as answer:
            assert answer.read() == b"seen"
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"{base}/b.html", timeout=10)
    with pytest.raises(URLError):
        urlopen(f"{base}/a.html", timeout=10)


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium")
def test_faults_and_sizes_of_the_pages_of_one_block(tmp_path):
    (tmp_path / "good.html").write_text(ICON + "good", encoding="utf-8")
    script = "<script>console.log(1); console.error('told'); throw Error('thrown')</script>"
    outside = '<img src="http://192.0.2.1/x.png"><img src="none.png">'
    (tmp_path / "bad.html").write_text(ICON + outside + script, encoding="utf-8")
    with serve(tmp_path) as base, sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        page = browser.new_page()
        with watched(page, base) as (found, sizes):
            page.goto(f"{base}/good.html")
        assert found == []
        assert sizes == {f"{base}/good.html": len(ICON + "good")}
        with watched(page, base) as (found, _):
            for _ in range(2):  # a fault is told once
                page.goto(f"{base}/bad.html")
        browser.close()
    expected = ["outside request http://192.0.2.1/x.png", "404 for /none.png", "console: told",
                "error in a script: thrown"]  # fmt: skip
    browsers_own = [fault for fault in found if "Failed to load resource" in fault]
    assert sorted(set(found) - set(browsers_own)) == sorted(expected)
    assert len(found) == len(set(found))
