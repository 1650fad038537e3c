import re
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from docutils import nodes
from docutils.utils import new_document

from tools.site import shared
from tools.site.shared import described, site_map


def page(*paragraphs, inside=nodes.section):
    document = new_document("a page")
    section, box = nodes.section(), inside()
    section += nodes.title("", "A title of more than just five words")
    document += section
    place = section if inside is nodes.section else box
    if place is box:
        section += box
    for text in paragraphs:
        place += nodes.paragraph("", "", nodes.Text(text))
    return document


def test_a_description_is_the_first_paragraph():
    text = "One angle makes each image of\nthe pendulum."
    assert described(page("Short.", text, "Another paragraph that comes later.")) == (
        "One angle makes each image of the pendulum."
    )


def test_what_stands_in_a_box_describes_no_page():
    assert described(page("This is a note of several words.", inside=nodes.note)) == ""


def test_a_long_one_is_cut_at_a_word():
    text = described(page("word, " * 100))
    assert len(text) <= shared.LONGEST + 2
    assert text.endswith("word …")


def context(baseurl, tmp_path):
    config = SimpleNamespace(html_baseurl=baseurl, html_title="The book")
    app = SimpleNamespace(config=config, outdir=tmp_path)
    found = {"title": 'Rate & "distortion"'}
    shared._page(app, "02_x", "page.html", found, page("A page that says what it is about."))
    return found["metatags"]


def test_tags_are_escaped_and_ask_for_no_address_while_there_is_none(tmp_path):
    tags = context("", tmp_path)
    assert '<meta name="description" content="A page that says what it is about.">' in tags
    assert 'content="Rate &amp; &quot;distortion&quot;"' in tags
    assert "og:image" not in tags and "og:url" not in tags
    assert "prefers-color-scheme" in tags


def test_with_an_address_links_carry_a_picture(tmp_path):
    tags = context("https://book.example/", tmp_path)
    assert '"og:url" content="https://book.example/02_x.html"' in tags
    assert '"og:image" content="https://book.example/_static/landing.png"' in tags


def test_pages_that_are_made_of_no_text_choose_their_theme_too():
    found = {"title": "Search"}
    shared._page(SimpleNamespace(), "search", "search.html", found, None)
    assert shared.CHOOSE_THEME in found["metatags"] and "og:" not in found["metatags"]


def test_a_site_map_names_every_page():
    root = ElementTree.fromstring(site_map("https://book.example/", ["b", "a"]).encode())
    assert [place[0].text for place in root] == [
        "https://book.example/a.html", "https://book.example/b.html"
    ]  # fmt: skip


@pytest.mark.parametrize(("baseurl", "error", "there"), [
    ("", None, False), ("https://b.example", ValueError(), False), ("https://b.example", None, True)
])  # fmt: skip
def test_a_site_map_is_written_once_the_address_is_known(tmp_path, baseurl, error, there):
    app = SimpleNamespace(
        config=SimpleNamespace(html_baseurl=baseurl),
        builder=SimpleNamespace(format="html"),
        env=SimpleNamespace(found_docs={"index"}),
        outdir=tmp_path,
    )
    shared._finish(app, error)
    assert (tmp_path / "sitemap.xml").exists() == there


def test_without_scripts_a_page_is_light_and_says_what_is_missing(tmp_path):
    tags = context("", tmp_path)
    (style,) = re.findall(r"<noscript><style>(.*?)</style></noscript>", tags, re.DOTALL)
    assert "--light: initial" in style and "switched off" in style
