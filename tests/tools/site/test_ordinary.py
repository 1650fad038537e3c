"""MyST becomes ordinary Markdown."""

import pytest

from tools.site.ordinary import Told, cited, ordinary

TOLD = Told(
    roles={
        "std:doc 02_two": "[Two](02_two.ipynb)", "prf:ref thm-a": "Theorem 1.2",
        "math:eq eq-a": "(1.3)", "cite:p a2000": "[A, 2000]", "cite:t a2000": "A [2000]",
    },
    figures={"fig-a": "1.1"},
    theorems={"thm-a": "1.2"},
    equations={"eq-a": "1.3"},
)  # fmt: skip


def test_references_become_words():
    text = "See {doc}`02_two`, {prf:ref}`thm-a`, {eq}`eq-a`, {cite}`a2000`, {cite:t}`a2000`."
    words = "See [Two](02_two.ipynb), Theorem 1.2, (1.3), [A, 2000], A [2000]."
    assert ordinary(text, TOLD) == words


def test_references_with_words_of_their_own():
    text = "{doc}`The second <02_two>` and {prf:ref}`this <thm-a>`"
    assert ordinary(text, TOLD) == "[The second](02_two.ipynb) and this"


def test_a_reference_that_breaks_over_lines():
    assert ordinary("{doc}`the\nsecond <02_two>`", TOLD) == "[the second](02_two.ipynb)"


def test_code_stays():
    text = "`{doc}` and ``{eq}`x` ``\n\n```python\n{doc}`x`\n```"
    assert ordinary(text, TOLD) == text


def test_an_equation_gets_its_number():
    assert ordinary("$$\nx = 1\n$$ (eq-a)", TOLD) == "$$\nx = 1\n\\tag{1.3}$$"
    assert ordinary("$$\nx = 1\n$$", TOLD) == "$$\nx = 1\n$$"
    assert ordinary("$$x$$\n\n{eq}`eq-a`", TOLD) == "$$x$$\n\n(1.3)"


def test_a_theorem_is_a_quotation_with_its_formula_on_one_line():
    text = ":::{prf:theorem} A title\n:label: thm-a\n\nLet\n$$\nx\n= 1 .\n$$\n:::"
    found = ordinary(text, TOLD).strip().splitlines()
    assert found == ["> **Theorem 1.2** (A title)", ">", "> Let", "> $$ x = 1 . $$"]


def test_a_proof_has_its_end_marked():
    found = ordinary("```{prf:proof}\nBy {eq}`eq-a`.\n```", TOLD).strip().splitlines()
    assert found == ["**Proof.**", "", "By (1.3). ∎"]
    found = ordinary("```{prf:proof}\n$$\nx\n$$\n```", TOLD).strip().splitlines()
    assert found[-2:] == ["", "∎"]


def test_a_folded_box_is_details():
    text = ":::{admonition} Solution of *1*\n:class: dropdown tip\n\nOne.\n:::\nAfter."
    assert ordinary(text, TOLD).strip().splitlines() == [
        "<details>", "<summary>Solution of 1</summary>", "", "One.", "", "</details>", "", "After.",
    ]  # fmt: skip


def test_notes_places_and_comments():
    text = "(here)=\n% a comment\n```{margin}\nA word.\n```\n```{note}\nMind.\n```"
    lines = [line for line in ordinary(text, TOLD).splitlines() if line]
    assert lines == ["> **Aside**", ">", "> A word.", "> **Note**", ">", "> Mind."]


@pytest.mark.parametrize("text", ["{doc}`03_three`", "$$\nx\n$$ (eq-b)", ":::{note}\nopen"])
def test_what_was_not_told_or_does_not_end_is_an_error(text):
    with pytest.raises(ValueError, match=r"nothing was told of|has no end"):
        ordinary(text, TOLD)


def test_what_a_text_cites():
    assert cited("{cite}`a, b` and {cite:t}`c`, not {eq}`d`") == ["a", "b", "c"]
