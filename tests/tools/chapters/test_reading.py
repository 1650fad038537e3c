import pytest

from tools.chapters import notebooks
from tools.chapters.reading import main, open_lines, words


def markdown(text):
    return {"cells": [{"cell_type": "markdown", "source": text, "metadata": {}}]}


def code(*cells):
    return {
        "cells": [
            {"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}}
            for source, *tags in cells
        ]
    }


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One, two: three.", 3),
        ("A rate $R = I + \\mathrm{KL}$ in nats", 5),
        ("First\n\n$$\nR = I\n  + K\n$$ (eq-rate)\n\nlast", 3),
        ("```{math}\n:label: eq-a\na + b\n```", 1),
        (":::{admonition} Solution\n:class: dropdown\n\nIt is two.\n:::", 3),
        ("| a | b |\n|---|---|\n| c | d |", 4),
        ("costs \\$5 and \\$6", 4),
    ],
)
def test_words_are_those_of_the_text_and_a_formula_is_one(text, count):
    assert words(markdown(text)) == count


def test_code_has_no_words():
    assert words(code(("x = 1  # one two three",))) == 0


def test_lines_in_sight_are_those_of_open_cells():
    cells = code(
        ("x = 1\n\n# why\ny = 2\n",),
        ("z = 3", "hide-input"),
        ("z = 3", "hide-cell", "nbval-check-output"),
        ("z = 3", "remove-cell"),
        ("z = 3", "remove-output"),
    )
    assert open_lines(cells) == 3


def test_every_chapter_is_listed(capsys):
    main()
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) == len(notebooks.chapters(notebooks.ROOT))
    assert all("words" in line and "open lines" in line for line in listed)
