"""What Sphinx made of references, as Markdown."""

from docutils import nodes

from tools.site.references import as_markdown


def link(uri, internal=True, words="Two"):
    return nodes.reference("", words, refuri=uri, internal=internal)


def test_links_to_chapters_and_elsewhere_stay():
    assert as_markdown(link("02_two.html#a")) == "[Two](02_two.ipynb)"
    assert as_markdown(link("https://a.example/x", internal=False)) == "[Two](https://a.example/x)"


def test_other_pages_are_linked_where_the_site_has_an_address():
    assert as_markdown(link("glossary.html#rate")) == "Two"
    address = "https://a.example/book/"
    assert as_markdown(link("glossary.html#rate"), address) == f"[Two]({address}glossary.html#rate)"


def test_places_on_the_same_page_are_words():
    assert as_markdown(link("#thm-a", words="Theorem 1.2")) == "Theorem 1.2"


def test_words_keep_their_look():
    inside = [nodes.emphasis("", "a"), nodes.Text(" "), nodes.math("", "x"), nodes.literal("", "b")]
    inside.append(nodes.strong("", "c"))
    assert as_markdown(nodes.paragraph("", "", *inside)) == "*a* $x$`b`**c**"
