"""The API reference names everything that is public."""

import re

import pytest

from tools.api_page import MODULES, public_names, reference

PAGE = reference()


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_on_the_page(module):
    section = PAGE.partition(f".. currentmodule:: {module}\n")[2]
    assert public_names(module)
    for name in public_names(module):
        entry = rf"^\.\. (auto(class|function):: {module}\.|py:(data|function):: ){name}\b"
        assert re.search(entry, section, re.MULTILINE), f"{module}.{name}"


def test_a_name_that_two_modules_share_is_told_once():
    assert PAGE.count("autofunction:: vhp_core.topology.ring_score") == 1
    assert "autofunction:: vhp_core.evaluation.ring_score" not in PAGE


def test_constants_are_told_by_the_string_below_them():
    assert "Width of a full-width figure in inches" in PAGE
