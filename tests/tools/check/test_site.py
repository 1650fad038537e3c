"""The browser check finds what is wrong with a page."""

import base64
import os
from pathlib import Path

import pytest

from tools.check.site import check_site, faults, pages, says_nothing

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>x</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="dot.png">
<style>@media print { button { display: none } }</style>
<main><h1 id="top">A page</h1>"""
PLAYER = """<figure class="motion-player"><canvas width="9" height="9"></canvas>
<button>Play</button><figcaption>A dot moves.</figcaption><script>
const context = document.querySelector("canvas").getContext("2d");
let at = 0;
function draw() { context.clearRect(0, 0, 9, 9); context.fillRect(at++ % 8, 0, 1, 1); }
draw();
document.querySelector("button").onclick = () => { MOVE };
</script></figure>"""
INK = """<img width="20" alt="A black bar on white" src='data:image/svg+xml,<svg
xmlns="http://www.w3.org/2000/svg" width="20" height="20"><path d="M0 5H20V9H0z" fill="INK"/>
</svg>'>"""
GOOD = HEAD + INK.replace("INK", "black") + PLAYER.replace("MOVE", "setInterval(draw, 20)")
BAD = (
    HEAD.replace(' lang="en"', "").replace("h1", "h2")
    + INK.replace("INK", "silver")
    + '<img src="dot.png" alt="One dot on white" width="9"><a href="#none">x</a>'
    + '<p style="overflow:hidden">wide <span class="math"><mjx-container><mjx-math '
    + 'style="display:inline-block;width:900px">x</mjx-math></mjx-container></span></p>'
    + '<p style="color:silver">pale</p><h4>deep</h4>'
    + '<img src="none.png" alt="none.png"><figure id="f"></figure><p class="math">\\(x\\)</p>'
    + '<div style="width:2000px">wide</div><script src="http://192.0.2.1/x.js"></script>'
    + PLAYER.replace("MOVE", "throw Error('broken')")
)
FACTS = {
    "images": [],
    "figures": [],
    "unset": [],
    "broken": [],
    "formulas": 0,
    "wide": 0,
    "words": "",
}


@pytest.mark.parametrize("alt", ["", "figure", "landing.png", "_images/a b.png", "Two clouds"])
def test_alt_texts_that_say_nothing(alt):
    assert says_nothing(alt)


def test_alt_text_that_says_what_is_seen():
    assert not says_nothing("Two clouds of points, blue left and red right.")


def test_faults_of_a_page():
    assert faults(FACTS) == []
    image = {"src": "a.png", "alt": "a.png", "width": 0}
    wrong = {
        "images": [image], "figures": [{"id": "f", "caption": ""}], "unset": ["x"],
        "broken": ["Undefined control sequence"], "wide": 5,
        "words": "With $K = 8$ and **much** more, at $2 or 2 ** 3.",
    }  # fmt: skip
    assert len(faults(FACTS | wrong)) == 8


def test_pages_leaves_out_generated_ones(tmp_path):
    for name in ("index.html", "08_x.html", "search.html", "genindex.html", "_static/webpack.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert pages(tmp_path) == ["08_x.html", "index.html"]


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium")
def test_browser_tells_a_good_page_from_a_bad_one(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tools.check.site.PLAYS_WITHIN", 0.3)
    (tmp_path / "dot.png").write_bytes(DOT)
    (tmp_path / "good.html").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.html").write_text(BAD, encoding="utf-8")
    assert check_site(tmp_path, CHROMIUM) == 1
    said = capsys.readouterr().out
    assert "ok     good.html" in said
    assert said.endswith("1 passed, 1 failed\n")
    for fault in (
        "outside request http://192.0.2.1/x.js",
        "404 for /none.png",
        "picture none.png is not shown",
        "alt text 'none.png' does not say",
        "figure f has no caption",
        "formula not typeset",
        "wider than the window",
        "error in a script: broken",
        "motion player 1 does not move",
        "the page names no language",
        "one first heading of level 1 is to be there, the levels are [2, 4]",
        "heading 'deep' of level 4 follows one of level 2",
        "has 1 pixels and is shown 9 wide: not sharp",
        "its ink has a contrast of 1.8 to its ground, 4.5 is the least",
        "light: axe color-contrast (serious, 1)",
        "link to #none: no such anchor",
        "at 390 pixels a formula is cut, in 'wide x'",
    ):
        assert fault in said
