"""What keeps a smoke copy from proving that numbers repeat."""

import pytest

from tools.chapters.check import CHECKED, assigns, count, faults


def cell(source, *tags, prints=""):
    outputs = [{"output_type": "stream", "name": "stdout", "text": prints}] if prints else []
    return {
        "cell_type": "code", "metadata": {"tags": list(tags)}, "source": source, "outputs": outputs,
    }  # fmt: skip


PARAMETERS = cell('seed = 0\nbudget = "full"', "parameters")
INJECTED = cell('# Parameters\nbudget = "smoke"\n', "injected-parameters")
NUMBERS = cell("print(1)", CHECKED, prints="1\n")


def copy(*cells):
    return {"cells": list(cells)}


def test_a_copy_with_a_checked_number_at_smoke_budget_is_good():
    notebook = copy(PARAMETERS, INJECTED, NUMBERS)
    assert faults(notebook, "smoke") == []
    assert count(notebook) == 1


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ([PARAMETERS, INJECTED], "no cell is tagged"),
        ([PARAMETERS, INJECTED, cell("x = 1", CHECKED)], "prints nothing"),
        ([PARAMETERS, NUMBERS], "injected no cell"),
        ([PARAMETERS, cell('budget = "full"', "injected-parameters"), NUMBERS], "injected no cell"),
        ([PARAMETERS, INJECTED, cell('budget = "full"'), NUMBERS], "another value"),
    ],
)
def test_faults(cells, fault):
    found = faults(copy(*cells), "smoke")
    assert len(found) == 1
    assert fault in found[0]


def test_lines_for_ipython_are_no_assignments():
    assert not assigns("%matplotlib inline\nprint(budget)", "budget")
    assert assigns("if x:\n    budget, y = 1, 2", "budget")
