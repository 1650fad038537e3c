"""What all figures with sliders share: what the page holds, and how its parts are made."""

import itertools
import re
import xml.etree.ElementTree as ElementTree

import pytest

from tests.page.sliders import each, pictures
from tests.page.test_player import Page
from vhp_core.page.slider_page import Slider, slider_page
from vhp_core.page.slider_plot import Axis, digits, fixed, steps


@each
def test_page_has_what_readers_and_their_tools_need(made):
    page = Page(made(caption="A caption.", description="What is seen.").html)
    figure = page.first("figure")
    assert figure["role"] == "group" and figure["aria-label"] == "What is seen."
    assert page.text["figcaption"] == "A caption."
    images = [attributes for tag, attributes in page.elements if tag == "img"]
    assert len(images) >= 2 and all(len(image["alt"].split()) > 10 for image in images)
    assert page.first("label") is not None and page.text["dd"]
    for tag, attributes in page.elements:
        if attributes.get("class") in ("slider-controls", "slider-handle"):
            assert "hidden" in attributes, tag  # until the script has run


@each
def test_page_fetches_nothing(made):
    html = made().html
    assert not re.search(r"https?:|\bimport\b|\bfetch\(|@import|url\(|innerHTML", html)
    assert set(re.findall(r'src="(.{19})', html)) == {"data:image/svg+xml;"}
    assert len(html) < 45_000


@each
def test_pictures_are_sound_and_self_contained(made):
    for picture in pictures(made()):
        root = ElementTree.fromstring(picture)
        assert root.tag.endswith("svg") and not re.search(r"url\(|href|<script", picture)
        assert "NaN" not in picture and "nan" not in picture and "inf " not in picture


@each
def test_same_content_gives_the_same_fingerprint(made):
    assert made().html == made().html and repr(made()) == repr(made())
    assert re.fullmatch(r"<[a-z -]+: \d sliders?, fingerprint [0-9a-f]{8}>", repr(made()))


@each
def test_text_is_escaped(made):
    nasty = "</script><script>alert(\"1\")</script> & 'q' <b>"
    page = Page(made(caption=nasty, description=nasty).html)
    assert page.text["figcaption"] == nasty and page.first("figure")["aria-label"] == nasty
    assert [tag for tag, _ in page.elements].count("script") == 1


@each
@pytest.mark.parametrize("empty", ["caption", "description"])
def test_empty_texts_are_refused(made, empty):
    with pytest.raises(ValueError, match=f"{empty} is empty"):
        made(**{empty: " "})


def test_a_slider_starts_at_one_of_its_values():
    slider = Slider("x", "x", [1.0, 2.0], 1.5)
    with pytest.raises(ValueError, match=r"x starts at 1\.5, which is not on its slider"):
        slider_page("k", {}, [slider], [], {}, "ring_sliders.js", "c", "d", 1, "k")


def test_steps_are_short_numbers_and_small():
    values = steps(0.013, 7.0, [0.5, 0.777])
    assert values == sorted(set(values)) and values[0] == 0.013 and values[-1] == 7.0
    assert {0.05, 0.1, 0.5, 0.777, 1.0, 5.0} <= set(values)
    assert max(b / a for a, b in itertools.pairwise(values)) < 1.06


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1.2345, "1.23"), (1234.0, "1230"), (0.5, "0.5"), (2.4e-5, "2.40 × 10⁻⁵")],
)
def test_digits(value, text):
    assert digits(value) == text


def test_axis():
    assert Axis(1.0, 100.0, 0.0, 10.0, log=True)([1.0, 10.0, 100.0]).tolist() == [0, 5, 10]
    assert Axis(0.0, 4.0, 10.0, 0.0)(1.0) == 7.5


def test_ties_are_rounded_as_the_page_does():
    assert (digits(0.3125), fixed(0.5625, 3), fixed(2.5, 0)) == ("0.313", "0.563", "3")
