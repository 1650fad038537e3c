"""Links into the glossary, regular docstrings, and mended pages."""

import io

from docutils import nodes
from docutils.utils import new_document
from PIL import Image

from tools.sphinx_pages import first_uses, mended, regular_returns, width_of


def paragraph(*parts):
    return nodes.paragraph("", "", *(nodes.Text(p) if isinstance(p, str) else p for p in parts))


def uses(*paragraphs, names):
    doctree = new_document("page")
    doctree.extend(paragraphs)
    found = []
    for text, match in first_uses(doctree, names):
        found.append((match[0], doctree.index(text.parent)))
        text.parent.remove(text)
    return found


def test_the_first_use_of_each_term_in_running_text():
    text = [paragraph("Rates fall."), paragraph("A rate.")]
    assert uses(*text, names=["rate"]) == [("Rates", 0)]


def test_a_longer_term_goes_before_a_shorter_one_within_it():
    names = ["graph", "latent graph"]
    assert uses(paragraph("A latent graph."), names=names) == [("latent graph", 0)]


def test_words_inside_code_and_longer_words_are_no_uses():
    text = paragraph(nodes.literal("", "rate"), " pirate learning rate rate-distortion")
    assert uses(text, names=["rate"]) == []


def test_returns_become_a_section():
    lines = ["Returns: (n,), in nats,", "of each.", "", "More."]
    assert regular_returns(lines) == [
        "Returns:", "    (n,), in nats,", "    of each.", "", "More.",
    ]  # fmt: skip


def test_a_page_is_mended():
    body = '<div class="proof" id="proof"><div id="proof-content">x</div></div><p id="proofs">'
    assert mended(body) == '<div class="proof"><div>x</div></div><p id="proofs">'
    assert mended('<div role="list" class="citation-list">') == '<div class="citation-list">'


def test_the_width_of_a_picture():
    file = io.BytesIO()
    Image.new("RGB", (30, 20)).save(file, "PNG")
    assert width_of(file.getvalue()) == 30
    assert width_of(b"GIF89a") is None
