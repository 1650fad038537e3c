"""Notebooks as they are offered."""

import ast
import json

import pytest

from tools.site.offered import plain, taken, write

TOLD = {
    "chapters": {
        "01_one": {
            "roles": {"cite:t a2000": "A [2000]"}, "figures": {"fig-a": "1.1"}, "theorems": {},
            "equations": {},
        }
    },
    "entries": {"a2000": "A. Author.\nA title. 2000."},
}  # fmt: skip


def code(source, tags=(), **mystnb):
    metadata = {"tags": list(tags)} | ({"mystnb": mystnb} if mystnb else {})
    output = {"output_type": "stream", "name": "stdout", "text": "1\n"}
    return {
        "cell_type": "code", "id": source.replace(" ", ""), "metadata": metadata, "source": source,
        "outputs": [output], "execution_count": 1,
    }  # fmt: skip


def text(source):
    return {"cell_type": "markdown", "id": "t", "metadata": {}, "source": source}


NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3"}, "papermill": {}},
    "cells": [
        text("# One"),
        code("budget = 'full'", ["parameters"]),
        code("budget = 'smoke'", ["injected-parameters"]),
        code("x", ["hide-input"], figure={"name": "fig-a", "caption": "As {cite:t}`a2000` has."}),
        code("y", ["hide-cell"]),
    ],
}


def test_title_installation_caption_and_what_is_cited():
    offered = taken(NOTEBOOK, "01_one", TOLD, "x.whl", executed=True)
    sources = [cell["source"] for cell in offered["cells"]]
    assert sources[0] == "# 1. One" and "trust" in sources[1] and "./x.whl[all]" in sources[2]
    assert sources[sources.index("x") + 1] == "*Figure 1.1.* As A [2000] has."
    assert sources[-1] == "## What is cited\n\n- A. Author. A title. 2000."
    assert offered["metadata"] == {"kernelspec": {"name": "python3"}}
    names = [cell["id"] for cell in offered["cells"]]
    assert len(set(names)) == len(names)


def test_what_the_page_folds_is_folded():
    cells = taken(NOTEBOOK, "01_one", TOLD, "x.whl")["cells"]
    of = {cell["source"]: cell["metadata"].get("jupyter") for cell in cells}
    assert of["x"] == {"source_hidden": True}
    assert of["y"] == {"source_hidden": True, "outputs_hidden": True}
    assert of["budget = 'full'"] is None


@pytest.mark.parametrize(("address", "from_where"), [
    ("", "./x.whl[all]"), ("https://a.example/book/", "vhp_core[all] @ https://a.example/book/x.whl"),
])  # fmt: skip
def test_the_library_is_installed_from_where_it_is(address, from_where):
    cell = taken(NOTEBOOK, "01_one", TOLD, "x.whl", address)["cells"][2]
    assert f'%pip install --quiet "{from_where}"' in cell["source"]
    ast.parse(cell["source"].replace("%pip", "pass  #"))


def test_a_plain_one_has_no_outputs_and_nothing_of_papermill():
    cells = plain(NOTEBOOK)["cells"]
    assert len(cells) == 4
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in cells)


def test_both_forms_are_written(tmp_path):
    for folder in ("book", "_build/src", "doctrees"):
        (tmp_path / folder).mkdir(parents=True)
    for place in ("book", "_build/src"):
        (tmp_path / place / "01_one.ipynb").write_text(json.dumps(NOTEBOOK), encoding="utf-8")
    (tmp_path / "doctrees" / "references.json").write_text(json.dumps(TOLD), encoding="utf-8")
    write(tmp_path, tmp_path / "site", tmp_path / "doctrees", "x.whl")
    executed = json.loads((tmp_path / "site" / "_sources" / "01_one.ipynb").read_text("utf-8"))
    bare = json.loads((tmp_path / "site" / "notebooks" / "01_one.ipynb").read_text("utf-8"))
    assert any(cell.get("outputs") for cell in executed["cells"])
    assert not any(cell.get("outputs") for cell in bare["cells"])
