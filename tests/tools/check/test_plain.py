"""Plain notebooks run with the site's wheel alone, and what they lack is told."""

import json
import zipfile

import pytest

from tools.check.plain import plain_faults
from tools.site.offered import PLAIN


def notebook(code):
    head = {"cell_type": "code", "execution_count": None, "outputs": []}
    cells = [
        head | {"id": "a", "metadata": {"tags": ["parameters"]}, "source": 'budget = "full"'},
        head | {"id": "b", "metadata": {}, "source": code},
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}


@pytest.fixture
def site(tmp_path):
    with zipfile.ZipFile(tmp_path / "vhp_core-0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("vhp_core/__init__.py", "here = __file__\n")
    (tmp_path / PLAIN).mkdir()
    sound = (
        "import os, vhp_core\n"
        "from pathlib import Path\n"
        "assert budget == 'smoke' and vhp_core.here.startswith(os.environ['PYTHONPATH'])\n"
        "assert not [p for p in Path.cwd().iterdir() if p.suffix != '.ipynb']\n"
        "assert 'VHP_DATA' not in os.environ"
    )
    for name, code in (("a", sound), ("b", "import studies")):
        path = tmp_path / PLAIN / f"{name}.ipynb"
        path.write_text(json.dumps(notebook(code)), encoding="utf-8")
    return tmp_path


def test_a_notebook_has_the_wheel_and_nothing_of_the_project(site, monkeypatch):
    monkeypatch.setenv("VHP_DATA", "somewhere")
    found = dict(plain_faults(site))
    assert found["a.ipynb, plain"] == []
    (fault,) = found["b.ipynb, plain"]
    assert "studies is not in the wheel" in fault


def test_a_site_needs_one_wheel(tmp_path):
    assert list(plain_faults(tmp_path)) == [("plain notebooks", ["the site has 0 wheels, not one"])]
