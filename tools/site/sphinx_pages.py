"""What Sphinx adds to the pages: links into the glossary, downloads, and docstrings made regular.

An extension, named in ``_config.yml``. In each chapter the first use of every term of the glossary
becomes a link to it, with the definition as its tooltip: the notebooks themselves stay free of
markup for it.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import desc, glossary, pending_xref
from sphinx.application import Sphinx

__all__ = ["first_uses", "regular_returns", "setup"]

GLOSSARY = "glossary"
TEMPLATES = Path(__file__).with_name("templates")
CHAPTER = re.compile(r"[0-9][0-9]_|appendix_")
# Words that hold a term but mean something else.
NOT_TERMS = r"(?<!learning )(?<!frame )(?<!importance-weighted )"
FORMULA_AND_STOP = re.compile(
    r'(<span class="math notranslate nohighlight">[^<]*</span>[.,;:!?)\]’”]+)'
)
NOT_INSIDE = (
    nodes.reference, nodes.title, nodes.literal, nodes.literal_block, nodes.math, nodes.caption,
    nodes.table, nodes.raw, desc, glossary,
)  # fmt: skip


# ---- terms --------------------------------------------------------------------------------------


def terms(doctree: nodes.document, titles: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Term -> its anchor on the page, and its definition, or nothing where that holds formulas.

    A page that a definition leads to is named by its title, of ``titles``.
    """
    found = {}
    for item in doctree.findall(nodes.definition_list_item):
        first = next(item.findall(nodes.definition))[0]
        definition = "" if list(first.findall(nodes.math)) else first.astext()
        for link in first.findall(pending_xref):
            named = titles.get(link["reftarget"]) if link["reftype"] == "doc" else None
            definition = definition.replace(link.astext(), named or link.astext())
        for term in item.findall(nodes.term):
            found[term.astext()] = term["ids"][0], " ".join(definition.split())
    return found


def first_uses(doctree: nodes.document, names: list[str]) -> Iterator[tuple[nodes.Text, re.Match]]:
    """The first place of each term in running text, in its singular or plural.

    A longer term goes before a shorter one within it, also where the longer one was used before.
    A text is told once at a time: replace it before asking for the next.
    """
    left = {name.lower() for name in names}
    longest_first = sorted(left, key=len, reverse=True)
    words = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in longest_first)
    pattern = re.compile(rf"(?i)(?<![\w-]){NOT_TERMS}({words})s?(?![\w-])")

    def first(text: nodes.Text) -> re.Match | None:
        if any(isinstance(above, NOT_INSIDE) for above in _above(text)):
            return None
        matches = pattern.finditer(text.astext())
        return next((match for match in matches if _term(match) in left), None)

    while left:
        for text in doctree.findall(nodes.Text):
            match = first(text)
            if match:
                left.remove(_term(match))
                yield text, match
                break
        else:
            return


def _term(match: re.Match) -> str:
    return " ".join(match[1].lower().split())


def _above(node: nodes.Node) -> Iterator[nodes.Node]:
    while node.parent is not None:
        node = node.parent
        yield node


def link_terms(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Turn the first use of each term into a link, on the pages of chapters."""
    if not CHAPTER.match(docname) or GLOSSARY not in app.env.found_docs:
        return
    titles = {name: title.astext() for name, title in app.env.titles.items()}
    defined = terms(app.env.get_doctree(GLOSSARY), titles)
    known = {name.lower(): told for name, told in defined.items()}
    page = app.builder.get_relative_uri(docname, GLOSSARY)
    for text, match in first_uses(doctree, list(known)):
        anchor, definition = known[_term(match)]
        whole = text.astext()
        link = nodes.reference(
            "", match[0], internal=True, refuri=f"{page}#{anchor}", classes=["glossary-term"],
            reftitle=definition or "In the glossary",
        )  # fmt: skip
        parts = [nodes.Text(whole[: match.start()]), link, nodes.Text(whole[match.end() :])]
        text.parent.replace(text, [part for part in parts if part.astext()])


# ---- docstrings ---------------------------------------------------------------------------------


def regular_returns(lines: list[str]) -> list[str]:
    """``Returns: text`` as a section of its own, which Napoleon reads; "name: S." is no list."""
    found: list[str] = []
    inside = False
    for line in lines:
        line = re.sub(r"^(\s+\w+: [A-Za-z])\.$", r"\1\\.", line)
        match = re.match(r"Returns: (\S.*)$", line)
        if match:
            found += ["Returns:", f"    {match[1]}"]
        else:
            found.append(f"    {line}" if inside and line.strip() else line)
        inside = (bool(match) or inside) and bool(line.strip())
    return found


def _docstring(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list) -> None:
    lines[:] = regular_returns(lines)
    if what == "property" and lines:  # what stands before a colon is taken for its type
        lines[0] = lines[0].replace("`: ", "`, ", 1)
    if lines and lines[0].startswith("Alias for field number"):
        lines.clear()  # what Python says of the fields of every named tuple


def _signature(
    app: Sphinx, what: str, name: str, value: Any, options: Any, signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:  # fmt: skip
    return shortened(signature), returns


def shortened(signature: str | None) -> str | None:
    """A signature without the inside of texts of more than 60 characters."""

    def become(text: re.Match) -> str:
        return text[0] if len(text[0]) <= 62 else "'…'"

    return signature and re.sub(r"'[^']*'|\"[^\"]*\"", become, signature)


# ---- pictures and markup ------------------------------------------------------------------------


def width_of(png: bytes) -> int | None:
    """The width in pixels that a PNG file says it has."""
    return struct.unpack(">I", png[16:20])[0] if png.startswith(b"\x89PNG\r\n\x1a\n") else None


def set_widths(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Show each picture at half its pixels, so that it is sharp on screens of double density."""
    for image in doctree.findall(nodes.image):
        path = Path(app.srcdir) / image["uri"]
        if "width" not in image and path.is_file():
            pixels = width_of(path.read_bytes())
            if pixels:
                image["width"] = f"{pixels // 2}px"


def mended(body: str) -> str:
    """A page without four faults of its makers.

    The anchors of proofs are all called the same; no link leads to them. A list of citations calls
    itself a list for assistive programs, but its entries are none. A line may end between a formula
    and the full stop or comma behind it. And a table of pandas that scrolls inside itself, as on a
    phone, is not reached by the keyboard.
    """
    body = re.sub(r' id="proof(?:-content)?"', "", body)
    body = re.sub(
        r'<table(?= [^>]*class="dataframe[ "])(?![^>]* tabindex=)', r'\g<0> tabindex="0"', body
    )
    body = FORMULA_AND_STOP.sub(r'<span class="unbroken">\1</span>', body)
    return body.replace('<div role="list" class="citation-list">', '<div class="citation-list">')


def folds_named(navigation: str) -> str:
    """The side bar, in which what opens the pages below another one says so."""
    bare = '<summary><span class="toctree-toggle"'
    return navigation.replace(bare, bare.replace("<summary>", '<summary aria-label="Pages below">'))


# ---- downloads ----------------------------------------------------------------------------------


def _page(app: Sphinx, page: str, template: str, context: dict, doctree: Any) -> None:
    """Mend the page, and put the plain notebook into a chapter's menu."""
    if "body" in context:
        context["body"] = mended(context["body"])
    if navigation := context.get("generate_toctree_html"):
        context["generate_toctree_html"] = lambda *about, **more: folds_named(
            str(navigation(*about, **more))
        )
    if not CHAPTER.match(page):
        return
    for group in context["header_buttons"]:
        if group.get("label") != "download-buttons":
            continue
        for button in group["buttons"]:
            if button["label"] == "download-source-button":
                button |= {"text": "Executed notebook", "tooltip": "Download with its outputs"}
        plain = {
            "type": "link", "url": f"{context['pathto'](f'notebooks/{page}.ipynb', 1)}",
            "text": "Plain notebook", "icon": "fas fa-file",
            "tooltip": "Download without outputs", "label": "download-plain-button",
        }  # fmt: skip
        group["buttons"].insert(1, plain)


def _templates(app: Sphinx, config: Any) -> None:
    config.templates_path.insert(0, str(TEMPLATES))  # before the theme's own


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", _templates)
    app.connect("doctree-resolved", link_terms)
    # Before Napoleon, whose own priority is 500.
    app.connect("autodoc-process-docstring", _docstring, priority=400)
    app.connect("autodoc-process-signature", _signature)
    app.connect("doctree-resolved", set_widths)
    app.connect("html-page-context", _page, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
