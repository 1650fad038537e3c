"""Dead links of a built site are found."""

from tools.check.links import link_faults

PAGE = """<h1 id="top">x</h1><a href="#top">a</a><a href="other.html#there">b</a>
<a href="https://example/x">outside</a><img src="dot.png">"""


def test_a_sound_page_has_no_fault(tmp_path):
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "other.html").write_text('<p id="there">x</p>', encoding="utf-8")
    (tmp_path / "dot.png").touch()
    assert link_faults(tmp_path, "page.html") == []


def test_dead_links_and_doubled_anchors_are_named(tmp_path):
    bad = PAGE.replace("#top", "#none") + '<p id="top">again</p>'
    (tmp_path / "page.html").write_text(bad, encoding="utf-8")
    (tmp_path / "other.html").write_text("<p>x</p>", encoding="utf-8")
    assert link_faults(tmp_path, "page.html") == [
        "the anchor 'top' is there twice",
        "link to #none: no such anchor",
        "link to other.html#there: no such anchor",
        "link to dot.png: no such file",
    ]
