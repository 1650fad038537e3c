"""Notebooks in JupyterLab: what is found on one that is sound, and on one that is not."""

import json
import os
from pathlib import Path

import pytest

from tools.check.browser import FLAGS
from tools.check.jupyter import expected, lab_faults, left_over

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@pytest.mark.parametrize(
    "text", ["see {doc}`x`", "{cite:t}`a`", ":::{note}", "(a)=", "$$ x", r"\frac{1}{2}"]
)
def test_what_is_left_over(text):
    assert left_over(text)


def test_ordinary_words_are_not():
    assert not left_over("The set {a} of 3:2, and f(x) = 1: a (short) one.")


def notebook(text, hidden=True):
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": text},
        {
            "cell_type": "code", "id": "b", "source": "x = 1", "outputs": [],
            "execution_count": None, "metadata": {"jupyter": {"source_hidden": hidden}},
        },
    ]  # fmt: skip
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def test_what_is_expected():
    text = "# A\n\n<details>\n<summary>b</summary>\n\nc\n\n</details>"
    assert expected(notebook(text)) == {"pictures": 0, "folds": 1, "hidden": 1}


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium")
def test_faults_are_found_in_jupyterlab(tmp_path):
    from playwright.sync_api import sync_playwright

    folder = tmp_path / "_sources"
    folder.mkdir()
    good = "# A\n\n$x$\n\n<details>\n<summary>b</summary>\n\nc\n\n</details>"
    for name, text in (("good", good), ("raw", "# A\n\nsee {doc}`x` and $\\frac{1}$")):
        content = json.dumps(notebook(text))
        (folder / f"{name}.ipynb").write_text(content, encoding="utf-8")
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        found = lab_faults(browser.new_page(), tmp_path)
        browser.close()
    assert found["good.ipynb"] == []
    assert len(found["raw.ipynb"]) == 2
