"""What Sphinx knows of the chapters' references, for notebooks that are read without it.

An extension, named in ``_config.yml``. At the end of a build it leaves ``references.json`` beside
the doctrees: for each chapter what each of its roles became, and the numbers of its figures,
theorems and equations; and the text of each entry of the bibliography.
"""

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils import new_document
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

from tools.site.sphinx_pages import CHAPTER

__all__ = ["FILE", "as_markdown", "setup"]

FILE = "references.json"
FIGURE, EQUATION = "figure", "displaymath"


def as_markdown(node: nodes.Node, address: str = "") -> str:
    """Inline nodes as Markdown. Of links, those to chapters and to other sites stay.

    With the site's ``address`` those to its other pages stay too.
    """
    if isinstance(node, nodes.Text):
        return str(node)
    inside = "".join(as_markdown(child, address) for child in node.children)
    if isinstance(node, nodes.reference):
        return _linked(inside, node, address)
    if isinstance(node, nodes.math):
        return f"${inside}$"
    if isinstance(node, nodes.literal):
        return f"`{inside}`"
    if isinstance(node, nodes.emphasis):
        return f"*{inside}*"
    return f"**{inside}**" if isinstance(node, nodes.strong) else inside


def _linked(text: str, node: nodes.reference, address: str) -> str:
    uri = node.get("refuri", "")
    page, _, _ = uri.partition("#")
    if not page:  # on this page: Jupyter has no such places
        return text
    if not node.get("internal"):
        return f"[{text}]({uri})"
    if CHAPTER.match(page):
        return f"[{text}]({page.removesuffix('.html')}.ipynb)"
    return f"[{text}]({address.rstrip('/')}/{uri})" if address else text


def _of_chapter(app: Sphinx, chapter: str) -> dict[str, dict[str, str]]:
    """Role and target -> Markdown; and name or label -> number."""
    env, address = app.env, app.config.html_baseurl or ""
    numbers = env.toc_fignumbers.get(chapter, {})
    doctree = env.get_doctree(chapter)
    found: dict[str, dict[str, str]] = {"roles": {}, "figures": {}, "theorems": {}, "equations": {}}

    def number(kind: str, node: nodes.Element) -> str:
        (told,) = {numbers[kind][i] for i in node["ids"] if i in numbers.get(kind, {})} or {()}
        return ".".join(map(str, told))

    for node in doctree.findall(nodes.figure):
        for name in node["names"]:
            found["figures"][name] = number(FIGURE, node)
    for node in doctree.findall(nodes.math_block):
        if node.get("label"):
            found["equations"][node["label"]] = number(EQUATION, node)
    for node in doctree.findall(lambda node: isinstance(node, nodes.Element)):
        if "countertype" in node:
            found["theorems"][node["label"]] = number(node["countertype"], node)
    for link in list(doctree.findall(pending_xref)):
        if link.get("refexplicit"):  # its words are its own
            continue
        alone = new_document("one reference")
        alone += nodes.paragraph("", "", link.deepcopy())
        env.apply_post_transforms(alone, chapter)
        kind, target = link["reftype"], link["reftarget"]
        domain = link.get("refdomain") or ""
        text = as_markdown(alone, address)
        found["roles"][f"{domain}:{kind} {target}"] = text
    return found


def _entries(app: Sphinx) -> dict[str, str]:
    """Key -> the whole entry of the bibliography, as Markdown."""
    return {
        citation.key: citation.formatted_entry.text.render_as("markdown").replace("\\", "")
        for citation in app.env.get_domain("cite").citations  # type: ignore[attr-defined]
    }


def write(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.name != "html":
        return
    chapters = [name for name in sorted(app.env.found_docs) if CHAPTER.match(name)]
    told = {"chapters": {name: _of_chapter(app, name) for name in chapters}}
    text = json.dumps(told | {"entries": _entries(app)}, indent=1, ensure_ascii=False)
    (Path(app.doctreedir) / FILE).write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
