"""What a page tells of itself where it is shared or searched for, and its colours at first sight.

An extension, named in ``_config.yml``. Each page gets a description, its first paragraph; a preview
picture and a site map follow once ``html.baseurl`` has the site's address, since both need whole
addresses. And the theme is chosen before the page is painted, so that nothing flashes.
"""

from html import escape
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape as escape_xml

from docutils import nodes
from sphinx.application import Sphinx

__all__ = ["described", "setup", "site_map"]

LONGEST = 200  # characters of a description
PREVIEW = "_static/landing.png"
# The theme's own script leaves this to one that loads later: until then a dark page was light.
CHOOSE_THEME = """<script>(() => {
  const root = document.documentElement;
  const choose = () => {
    if (["dark", "light"].includes(root.dataset.theme)) return; // at first it is "auto"
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "dark" : "light";
  };
  new MutationObserver(choose).observe(root, { attributeFilter: ["data-theme"] });
  choose();
})();</script>"""
# Without scripts a page has no theme, and its code would be dark on a dark system's dark grey.
WITHOUT_SCRIPTS = """<noscript><style>
html:root { --dark: ; --light: initial; color-scheme: light; }
.bd-article::before { content: "Formulas, players and explorers need this page's own scripts, "
  "which are switched off."; font-style: italic; }
</style></noscript>"""


def described(doctree: nodes.document) -> str:
    """A page's first paragraph of running text, cut at a word."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if isinstance(paragraph.parent, nodes.section) and len(text.split()) > 5:
            if len(text) <= LONGEST:
                return text
            return text[:LONGEST].rsplit(" ", 1)[0].rstrip(",;:–") + " …"
    return ""


def site_map(address: str, names: list[str]) -> str:
    """The addresses of all pages, as search engines read them."""
    places = [f"{address.rstrip('/')}/{name}.html" for name in sorted(names)]
    entries = "\n".join(f"  <url><loc>{escape_xml(place)}</loc></url>" for place in places)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}\n</urlset>\n'
    )


def _page(app: Sphinx, page: str, template: str, context: dict, doctree: Any) -> None:
    tags = [CHOOSE_THEME, WITHOUT_SCRIPTS]
    if doctree is not None:
        address = (app.config.html_baseurl or "").rstrip("/")
        told = {"og:title": context["title"], "og:type": "article"}
        told["og:site_name"] = app.config.html_title
        if text := described(doctree):
            tags.append(f'<meta name="description" content="{escape(text)}">')
            told["og:description"] = text
        if address:
            told |= {"og:url": f"{address}/{page}.html", "og:image": f"{address}/{PREVIEW}"}
        tags += [f'<meta property="{k}" content="{escape(v)}">' for k, v in told.items()]
    context["metatags"] = context.get("metatags", "") + "\n".join(tags)


def _finish(app: Sphinx, error: Exception | None) -> None:
    if app.config.html_baseurl and error is None and app.builder.format == "html":
        names = sorted(app.env.found_docs)
        text = site_map(app.config.html_baseurl, names)
        (Path(app.outdir) / "sitemap.xml").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", _page, priority=900)
    app.connect("build-finished", _finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
