"""An executed notebook is the same whenever it ran."""

from tools.chapters.notebooks import settled


def printed(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def code(*outputs, tags=()):
    metadata = {"tags": list(tags)}
    return {"cell_type": "code", "id": "8d7e", "metadata": metadata, "outputs": list(outputs)}


def test_what_a_cell_printed_is_one_piece():
    picture = {"output_type": "display_data", "data": {}}
    outputs = [printed(["a\n", "b"]), printed("\n"), printed(["c\n"], "stderr"), picture]
    cell = code(*outputs, printed(["d\n"]), printed(["e\n"]))
    note = {"cell_type": "markdown", "id": "n", "metadata": {}, "source": "x"}
    notebook = {"cells": [note, cell], "nbformat": 4}
    assert settled(notebook) == {
        "cells": [
            note,
            code(
                printed(["a\n", "b\n"]), printed(["c\n"], "stderr"), picture,
                printed(["d\n", "e\n"]),
            ),
        ],
        "nbformat": 4,
    }  # fmt: skip
    assert cell["outputs"][:4] == outputs  # the one that was given is as it was


def test_the_cell_of_parameters_has_a_name():
    notebook = settled({"cells": [code(), code(tags=["injected-parameters"])]})
    assert [cell["id"] for cell in notebook["cells"]] == ["8d7e", "injected-parameters"]
