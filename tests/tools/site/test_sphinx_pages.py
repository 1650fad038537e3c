"""Links into the glossary, regular docstrings, and mended pages."""

import io

from docutils import nodes
from docutils.utils import new_document
from PIL import Image
from sphinx.addnodes import pending_xref

from tools.site.sphinx_pages import (
    first_uses,
    folds_named,
    mended,
    regular_returns,
    shortened,
    terms,
    width_of,
)


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


def test_a_shorter_term_is_no_use_within_a_longer_one_that_was_used_before():
    text = [paragraph("The tear ratio."), paragraph("A tear ratio of 3."), paragraph("A tear.")]
    assert uses(*text, names=["tear", "tear ratio"]) == [("tear ratio", 0), ("tear", 2)]


def test_a_definition_names_a_page_by_its_title():
    doctree = new_document("glossary")
    link = pending_xref("", nodes.inline("", "06_rings"), reftype="doc", reftarget="06_rings")
    definition = nodes.definition("", paragraph("A bar: see ", link, "."))
    term = nodes.term("", "barcode", ids=["term-barcode"])
    doctree += nodes.definition_list("", nodes.definition_list_item("", term, definition))
    found = terms(doctree, {"06_rings": "Rings that tear"})
    assert found == {"barcode": ("term-barcode", "A bar: see Rings that tear.")}


def test_words_inside_code_and_longer_words_are_no_uses():
    text = paragraph(nodes.literal("", "rate"), " pirate learning rate rate-distortion")
    assert uses(text, names=["rate"]) == []


def test_returns_become_a_section():
    lines = ["Returns: (n,), in nats,", "of each.", "", "More."]
    assert regular_returns(lines) == [
        "Returns:", "    (n,), in nats,", "    of each.", "", "More.",
    ]  # fmt: skip


def test_a_letter_alone_is_no_item_of_a_list():
    lines = ["Args:", "    num_samples: S.", "    x: (n, D), S."]
    assert regular_returns(lines) == ["Args:", r"    num_samples: S\.", "    x: (n, D), S."]


def test_long_texts_in_a_signature_are_shortened():
    assert shortened(f"(n=3, caption='{'x' * 61}', name='a')") == "(n=3, caption='…', name='a')"
    between = f"(kind='a', {'x' * 90}=1, name='b')"  # no text, although quotes stand around it
    assert shortened(between) == between
    assert shortened(None) is None


def test_a_page_is_mended():
    body = '<div class="proof" id="proof"><div id="proof-content">x</div></div><p id="proofs">'
    assert mended(body) == '<div class="proof"><div>x</div></div><p id="proofs">'
    assert mended('<div role="list" class="citation-list">') == '<div class="citation-list">'


def test_a_table_of_pandas_is_reached_by_the_keyboard_once():
    table = '<table tabindex="0" class="dataframe">'
    assert mended('<table class="dataframe">') == mended(table) == table
    assert mended('<table class="docutils">') == '<table class="docutils">'


def test_no_line_ends_between_a_formula_and_the_stop_behind_it():
    formula = '<span class="math notranslate nohighlight">\\(x\\)</span>'
    assert mended(f"<p>{formula}: y") == f'<p><span class="unbroken">{formula}:</span> y'
    assert mended(f"<p>{formula} y") == f"<p>{formula} y"


def test_the_width_of_a_picture():
    file = io.BytesIO()
    Image.new("RGB", (30, 20)).save(file, "PNG")
    assert width_of(file.getvalue()) == 30
    assert width_of(b"GIF89a") is None


def test_folds_of_the_side_bar_have_a_name():
    bare = '<details><summary><span class="toctree-toggle" role="presentation"></span></summary>'
    assert folds_named(bare).startswith('<details><summary aria-label="Pages below"><span')
    assert folds_named("<summary>Code</summary>") == "<summary>Code</summary>"
