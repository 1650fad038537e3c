"""Staging the book, and what a page may ask for."""

import base64
import json

import pytest

from tools.site.build import (
    EXECUTION_TABLE,
    LANDING_FIGURE,
    LATENT_EXPLORER,
    PICTURE,
    execution_table,
    joined_seeds,
    machine_paths,
    outside_requests,
    page,
    stage,
    stale_studies,
    write,
)

PNG = b"\x89PNG\r\n\x1a\nnot really"
FIGURE = {"image": {"alt": 'Two "clouds" of points'}, "figure": {"caption": "A caption.\n More."}}


def cell(source, *tags, outputs=(), **metadata):
    return {
        "cell_type": "code", "metadata": {"tags": list(tags), **metadata}, "source": source,
        "outputs": list(outputs), "execution_count": 1,
    }  # fmt: skip


@pytest.fixture
def root(tmp_path):
    picture = {"output_type": "display_data", "data": {"image/png": base64.b64encode(PNG).decode()}}
    explorer = {"output_type": "execute_result", "data": {"text/html": ["<figure>\n", "</figure>"]}}
    cells = [
        cell("seed = 0", "parameters", papermill={"status": "completed"}),
        cell("plt.show()", "landing-figure", outputs=[picture], mystnb=FIGURE),
        cell("explorer", "latent-explorer", outputs=[explorer]),
    ]
    notebook = {"cells": cells, "metadata": {"papermill": {"input_path": "somewhere"}}}
    record = {
        "key": "k", "started": "2026-01-02T03:04:05+00:00", "seconds": 12.3, "peak_megabytes": 456,
        "seed": 7, "data": ["Frames <of> x"],
        "versions": {"python": "3.11.7", "torch": "2.13.0"},
    }  # fmt: skip
    texts = {
        "_config.yml": "title: x",
        "_toc.yml": "root: index",
        "book/index.md": f"# Title\n\n{LANDING_FIGURE}\n\n{LATENT_EXPLORER}\n",
        "book/about.md": f"# Build\n\n{EXECUTION_TABLE}\n",
        "book/references.bib": "",
        "book/_static/custom.css": "",
        "book/08_x.ipynb": "{}",
        "_build/executed/full/08_x.ipynb": json.dumps(notebook),
        "_build/executed/full/08_x.json": json.dumps(record),
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_stage_replaces_every_mark(root):
    files = stage(root, "full")
    index, about = files["index.md"].decode(), files["about.md"].decode()
    assert files[PICTURE] == PNG
    assert 'alt="Two &quot;clouds&quot; of points"' in index
    assert "A caption. More. From {doc}`08_x`." in index
    day = "2026-01-02".replace("-", "\N{NON-BREAKING HYPHEN}")
    row = (
        f"| {{doc}}`08_x` | Frames &lt;of&gt; x | {day}&nbsp;03:04 | 12&nbsp;s | 456&nbsp;MB | 7 |"
    )
    assert row in about
    assert "The versions: python 3.11.7, torch 2.13.0." in about
    assert "````{raw} html\n<figure>\n</figure>\n````" in index
    assert LANDING_FIGURE not in index and LATENT_EXPLORER not in index
    assert {"_config.yml", "_toc.yml", "references.bib", "_static/custom.css"} <= set(files)


def test_stage_refuses_a_chapter_that_did_not_run(root):
    (root / "_build/executed/full/08_x.json").unlink()
    with pytest.raises(SystemExit, match=r"08_x.ipynb is missing or failed"):
        stage(root, "full")


def test_stage_refuses_a_book_without_a_landing_figure(root):
    path = root / "_build/executed/full/08_x.ipynb"
    path.write_text(path.read_text().replace("landing-figure", "other"), encoding="utf-8")
    with pytest.raises(SystemExit, match="one cell is to be tagged landing-figure, and 0 are"):
        stage(root, "full")


def test_stage_refuses_a_cell_that_shows_no_explorer(root):
    path = root / "_build/executed/full/08_x.ipynb"
    path.write_text(path.read_text().replace("text/html", "text/plain"), encoding="utf-8")
    with pytest.raises(SystemExit, match="tagged latent-explorer shows 0 explorers"):
        stage(root, "full")


def test_versions_of_chapters_that_were_executed_apart_are_all_named():
    record = {"started": "2026-01-02T03:04:05", "seconds": 1, "peak_megabytes": 2, "seed": 0}
    record["data"] = []
    records = {
        "01_x": record | {"versions": {"python": "3.11.7", "torch": "2.13.0"}},
        "02_x": record | {"versions": {"python": "3.11.7", "torch": "2.14.0"}},
    }
    assert "python 3.11.7, torch 2.13.0 and 2.14.0." in execution_table(records)


def test_data_that_differ_in_their_seed_are_one_entry():
    drawn = [f"rods, drawn with seed {seed}, noise 1" for seed in (0, 1, 2, 18, 5, 6)]
    joined = ["rods, drawn with seeds 0 to 2, 5, 6, 18, noise 1", "frames", "faces, seed 0"]
    assert joined_seeds([*drawn, "frames", "faces, seed 0"]) == joined


def test_a_page_folds_parameters_and_drops_what_papermill_noted(root):
    shown = page(json.loads((root / "_build/executed/full/08_x.ipynb").read_text()))
    assert shown["metadata"] == {}
    assert shown["cells"][0]["metadata"] == {"tags": ["parameters", "hide-cell"]}


def test_paths_of_this_machine_in_outputs_are_found(root):
    output = {"output_type": "stream", "text": f"{root}/vhp_core/x.py:1: UserWarning: no"}
    notebook = {"cells": [cell("x", outputs=[output])]}
    assert machine_paths(notebook, root) == [f"{root}/vhp_core/x.py"]
    assert machine_paths({"cells": [cell("x")]}, root) == []
    output["text"] = "/somewhere/ipykernel_21656/154.py:5: UserWarning: no"
    assert machine_paths(notebook, root) == ["/somewhere/ipykernel_21656/154.py"]


def test_write_leaves_what_did_not_change_and_removes_what_is_no_more(tmp_path):
    write({"a.md": b"1", "b/c.md": b"2"}, tmp_path)
    date = (tmp_path / "a.md").stat().st_mtime_ns
    write({"a.md": b"1"}, tmp_path)
    assert (tmp_path / "a.md").stat().st_mtime_ns == date
    assert not (tmp_path / "b/c.md").exists()


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
