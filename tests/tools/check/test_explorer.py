"""The browser check finds what is wrong with an explorer."""

import json
import os
from html import escape
from pathlib import Path

import pytest

from tests.page.conftest import coarse  # noqa: F401  the fixture is used by its name
from tests.page.explorers import explorer
from tests.page.test_player import Page
from tools.check.explorer import PAGES
from tools.check.site import check_site

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>x</title>
<link rel="icon" href="data:,"><main><h1>A page</h1>"""
BREAKS = {
    "picture": ("const values = panel.decode(z)", "const values = panel.decode([0, 0])"),
    "pointer": ('handle.addEventListener("pointermove"', 'handle.addEventListener("none"'),
    "keys": ("ArrowRight: [1, 0]", "ArrowRight: [0, 0]"),
    "told": ('handle.setAttribute("aria-valuetext"', 'handle.setAttribute("data-none"'),
}


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium")
def test_check_tells_an_explorer_that_answers_from_those_that_do_not(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tools.check.explorer.MOVES", 5)
    monkeypatch.setattr("tools.check.explorer.RATE", 0.5)
    html = explorer().html
    pages = {"good": html}
    for name, (right, wrong) in BREAKS.items():
        assert html.count(right) == 1, name
        pages[name] = html.replace(right, wrong)
    clip = Page(html).clip
    layer = clip["parameters"][clip["panels"][1]["network"]["parameters"][0]]
    layer["weight"] = layer["weight"][:8] + "AAAA" + layer["weight"][12:]
    told = escape(json.dumps(clip, separators=(",", ":")))
    before, rest = html.split('data-clip="', 1)
    pages["decoder"] = f'{before}data-clip="{told}"{rest.split(chr(34), 1)[1]}'
    for name, page in pages.items():
        (tmp_path / f"{name}.html").write_text(HEAD + page, encoding="utf-8")
    failed = check_site(tmp_path, CHROMIUM)
    said = capsys.readouterr().out
    assert "ok     good.html" in said, said
    assert "latent explorer 1 does not follow the pointer" in said
    assert "latent explorer 1 does not follow the arrow keys" in said
    assert "latent explorer 1 does not tell where its handle is" in said
    assert "latent explorer 1 decodes model 2 with an error of" in said
    assert "latent explorer 1 does not show what its handle decodes to" in said
    assert failed == 5


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium")
def test_check_finds_an_explorer_that_is_slow(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tools.check.explorer.MOVES", 5)
    monkeypatch.setattr("tools.check.explorer.RATE", 1000.0)  # more than a screen shows
    (tmp_path / "slow.html").write_text(HEAD + explorer().html, encoding="utf-8")
    assert check_site(tmp_path, CHROMIUM) == 1
    assert "and 1000 are wanted" in capsys.readouterr().out


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium")
def test_check_misses_an_explorer_where_one_belongs(tmp_path, capsys):
    (tmp_path / "09_faces.html").write_text(HEAD, encoding="utf-8")
    (tmp_path / "other.html").write_text(HEAD, encoding="utf-8")
    assert check_site(tmp_path, CHROMIUM) == 1
    said = capsys.readouterr().out
    assert said.count("the page has no latent explorer") == 1 and "FAILED 09_faces.html" in said


def test_pages_that_must_have_an_explorer_are_pages_of_the_book():
    book = Path(__file__).resolve().parents[3] / "book"
    for name in PAGES:
        stem = book / Path(name).stem
        assert stem.with_suffix(".ipynb").exists() or stem.with_suffix(".md").exists()
