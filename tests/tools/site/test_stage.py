"""Staging the book: chapters as pages, marks on text pages, chapters that failed."""

import base64
import json

import pytest

from tools.site.marks import EXECUTION_TABLE, LANDING_FIGURE, LATENT_EXPLORER, PICTURE
from tools.site.stage import (
    failures,
    machine_paths,
    page,
    stage,
    without_cell_places,
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
    data = '<span class="roomy">Frames &lt;of&gt; x</span>'
    row = f"| {{doc}}`08_x` | {data} | {day}&nbsp;03:04 | 12&nbsp;s | 456&nbsp;MB | 7 |"
    assert row in about
    assert "The versions: python 3.11.7, torch 2.13.0." in about
    assert "````{raw} html\n<figure>\n</figure>\n````" in index
    assert LANDING_FIGURE not in index and LATENT_EXPLORER not in index
    assert {"_config.yml", "_toc.yml", "references.bib", "_static/custom.css"} <= set(files)


def test_stage_refuses_a_chapter_that_did_not_run(root):
    (root / "_build/executed/full/08_x.json").unlink()
    with pytest.raises(SystemExit, match=r"08_x.ipynb is not there"):
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


def fail(root, name="08_x"):
    """Leave what an execution leaves of a chapter that failed in its second cell."""
    error = {"output_type": "error", "ename": "ValueError", "evalue": f"no file {root}/x.csv"}
    error["traceback"] = ["a long", f"story of {root}/lib.py"]
    notice = {"cell_type": "markdown", "source": "An Exception", "outputs": []}
    notice["metadata"] = {"tags": ["papermill-error-cell-tag"]}
    title = {"cell_type": "markdown", "metadata": {}, "source": "# Title"}
    late = cell("never ran", "landing-figure", mystnb=FIGURE)
    said = ["/somewhere/ipykernel_7/1.py:1: UserWarning: the table 'x' is of another version\n"]
    warned = {"output_type": "stream", "name": "stderr", "text": said}
    cells = [
        notice,
        title,
        cell("one", outputs=[warned]),
        notice,
        cell("two", outputs=[error]),
        late,
    ]
    folder = root / "_build/executed/full"
    (root / "book" / f"{name}.ipynb").write_text("{}")
    (folder / f"{name}.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}}))
    (folder / f"{name}.json").write_text(json.dumps({"error": f"ValueError: no {root}/x.csv"}))


def test_a_chapter_that_failed_says_so_on_its_page_and_the_others_are_there(root):
    fail(root, "09_y")
    files = stage(root, "full")
    assert failures(root, "full") == {"09_y": f"ValueError: no {root}/x.csv"}
    cells = json.loads(files["09_y.ipynb"])["cells"]
    assert [shown["source"] for shown in cells[2:]] == ["one", "two", "never ran"]
    assert "This chapter failed in this build" in cells[1]["source"]
    assert "ValueError: no …" in cells[1]["source"] and "An Exception" not in str(cells)
    assert str(root) not in json.dumps(cells)
    assert json.loads(files["08_x.ipynb"])["cells"][1]["source"] == "plt.show()"
    assert "| {doc}`09_y` | failed |" in files["about.md"].decode()


def test_the_landing_page_does_without_what_a_failed_chapter_shows(root):
    fail(root)
    index = stage(root, "full")["index.md"].decode()
    assert index.count("*What stands here is made in a chapter that failed in this build.*") == 2
    assert "landing figure" not in index


def test_a_page_folds_parameters_and_drops_what_papermill_noted(root):
    shown = page(json.loads((root / "_build/executed/full/08_x.ipynb").read_text()))
    assert shown["metadata"] == {}
    metadata = shown["cells"][0]["metadata"]
    assert set(metadata) == {"tags", "mystnb"} and metadata["tags"] == ["parameters", "hide-cell"]


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


def test_a_warning_of_a_cell_is_shown_without_its_place(tmp_path):
    said = "UserWarning: the table 'x' was computed with another version"
    text = [f"/somewhere/ipykernel_7/123.py:1: {said}\n", "  study = read_study('x')\n"]
    code = {"cell_type": "code", "source": "", "metadata": {}}
    output = {"output_type": "stream", "name": "stderr", "text": text}
    printed = {"output_type": "stream", "name": "stdout", "text": [text[0]]}
    notebook = {"cells": [code | {"outputs": [output, printed]}]}
    shown = without_cell_places(notebook)["cells"][0]["outputs"]
    assert "".join(shown[0]["text"]) == f"{said}\n{text[1]}"
    assert shown[1]["text"] == [text[0]]  # what a chapter prints itself is its own matter
    assert machine_paths(notebook, tmp_path) == ["/somewhere/ipykernel_7/123.py"]


@pytest.mark.parametrize(
    ("folded", "label"),
    [
        (cell("seed = 0", "parameters"), "Seed and budget"),
        (cell("claims.judge()", "claims", "hide-input"), "Code of the claims"),
        (cell("plt.show()", "hide-input", mystnb=FIGURE), "Code of the figure"),
        (cell("1 + 1", "hide-cell", outputs=[{"output_type": "stream"}]), "Code and its output"),
        (cell("1 + 1", "hide-input", outputs=[{"output_type": "stream"}]), "Code of what follows"),
        (cell("def f(): ...", "hide-input"), "Code of what is used below"),
        (cell("x", "hide-input", mystnb={"code_prompt_show": "The rows"}), "The rows"),
    ],
)
def test_a_folded_cell_says_what_it_is(folded, label):
    [shown] = page({"cells": [folded], "metadata": {}})["cells"]
    assert shown["metadata"]["mystnb"]["code_prompt_show"] == label
    assert shown["metadata"]["mystnb"].get("figure") == folded["metadata"].get("mystnb", {}).get(
        "figure"
    )


def test_a_cell_in_sight_has_no_label():
    [shown] = page({"cells": [cell("1 + 1")], "metadata": {}})["cells"]
    assert "mystnb" not in shown["metadata"]
