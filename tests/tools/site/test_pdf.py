import io
import os
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from tools.check.browser import FLAGS, serve
from tools.site.pdf import bind, main, printed

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title><body>
<h1 id="top">{title}<a class="headerlink" href="#top">#</a></h1>
<p>Text of {title}.</p><a href="{to}.html#x">on</a> <a href="gone.html">away</a>
<a href="https://site.example/">elsewhere</a>
<p style="break-before:page">A second sheet.</p></body></html>"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Chromium")
    site = tmp_path_factory.mktemp("site")
    for name, title, to in (("a", "One & all", "b"), ("b", "Two", "a")):
        page = PAGE.format(title=title.replace("&", "&amp;"), to=to)
        (site / f"{name}.html").write_text(page, encoding="utf-8")
    with serve(site) as base, sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        page = browser.new_page()
        file = bind(page, printed(page, base, ["a", "b"]), "The book")
        browser.close()
    return PdfReader(io.BytesIO(file))


def test_contents_come_first_and_tell_the_sheets(book):
    first, *rest = (page.extract_text() for page in book.pages)
    assert len(rest) == 4
    assert "The book" in first and "One & all" in first and "Two" in first
    assert "Text of One & all" in rest[0] and "Text of Two" in rest[2]
    assert [line.split()[-1] for line in first.splitlines() if line.strip()[-1:].isdigit()][:2] == [
        "2", "4"
    ]  # fmt: skip


def test_every_sheet_has_its_number(book):
    for number, page in enumerate(book.pages, 1):
        assert str(number) in page.extract_text().split()[-3:]


def test_outline_leads_to_each_part(book):
    outline = book.outline
    assert [item.title for item in outline] == ["One & all", "Two"]
    assert [book.get_destination_page_number(item) for item in outline] == [1, 3]


def test_links_stay_in_the_file_or_leave_the_site(book):
    reader = book
    links = [link.get_object() for link in reader.pages[1]["/Annots"]]
    sheets = [page.indirect_reference.idnum for page in reader.pages]
    inside = [sheets.index(link["/Dest"][0].idnum) for link in links if "/Dest" in link]
    assert inside == [1, 3]  # to the title of this page, and to the other page
    outside = [str(link["/A"]["/URI"]) for link in links if "/A" in link]
    assert outside == ["https://site.example/"]


def test_without_a_site_it_says_what_to_do(tmp_path):
    with pytest.raises(SystemExit, match="make book"):
        main(["--root", str(tmp_path)])
