"""What a page may ask for, and which tables are out of date."""

import json

import pytest

from tools.site.build import outside_requests, stale_studies


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//cdn.example/x.css">',
        '<link rel="preconnect" href="https://fonts.example">',
        '<img src="http://example/x.png" alt="x">',
        '<iframe src="https://example/x"></iframe>',
        "<style>@import 'https://example/x.css';</style>",
        '<p style="background: url(https://example/x.png)">',
    ],
)
def test_what_a_page_asks_for_elsewhere_is_found(html):
    assert len(outside_requests(html)) == 1


def test_links_and_local_files_are_no_outside_requests():
    html = (
        '<a href="https://example">x</a><script src="_static/x.js"></script>'
        '<link rel="canonical" href="https://example/"><img src="data:image/png;base64,AA">'
        "<p>@import url(https://example) is text</p>"
    )
    assert outside_requests(html) == []


def test_studies_of_an_earlier_source_are_named(tmp_path):
    from vhp_core.book import source_hash

    (tmp_path / "studies").mkdir()
    for name, stamp in {
        "now": {"source_hash": source_hash()}, "old": {"source_hash": "0"}, "other": {},
    }.items():  # fmt: skip
        (tmp_path / f"studies/{name}.json").write_text(json.dumps(stamp), encoding="utf-8")
    assert stale_studies(tmp_path) == ["studies/old.csv"]
