"""The API reference names everything that is public."""

import doctest
import inspect
import re
from importlib import import_module

import pytest
import yaml

import vhp_core
from tools.chapters import notebooks
from tools.site.api_page import MODULES, contents, pages, public_names

PAGES = pages()
PAGE = "\n".join(PAGES.values())
PUBLIC = {
    f"{module}.{name}": getattr(import_module(module), name)
    for module in MODULES
    for name in public_names(module)
}
CALLABLE = {
    name: value
    for name, value in PUBLIC.items()
    if inspect.isclass(value) or inspect.isfunction(value)
}
DECORATED = [name for name, value in CALLABLE.items() if hasattr(value, "__wrapped__")]


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_on_the_page(module):
    section = PAGE.partition(f".. currentmodule:: {module}\n")[2]
    assert public_names(module)
    for name in public_names(module):
        entry = rf"^\.\. (auto(class|function):: {module}\.|py:(data|function):: ){name}\b"
        assert re.search(entry, section, re.MULTILINE), f"{module}.{name}"


def test_each_page_is_in_the_table_of_contents_in_this_order():
    toc = yaml.safe_load((notebooks.ROOT / "_toc.yml").read_text(encoding="utf-8"))
    entries = [entry for part in toc["parts"] for entry in part["chapters"]]
    (api,) = [entry for entry in entries if entry["file"] == "api"]
    assert [section["file"] for section in api["sections"]] == list(PAGES)


def test_what_everybody_needs_comes_first():
    assert list(PAGES)[:2] == ["api_training", "api_builders"]
    assert re.search(r"autofunction:: (\S+)", PAGES["api_training"])[1] == "vhp_core.fit"
    assert re.search(r"auto\w+:: (\S+)", PAGES["api_builders"])[1] == "vhp_core.mlp_vae"


def test_contents_lead_to_every_page_and_name():
    for page in PAGES:
        assert f"]({page})" in contents()
    for module in MODULES:
        for name in public_names(module):
            assert f"`~{module}.{name}`" in contents()


def test_a_name_that_two_modules_share_is_told_once():
    assert PAGE.count("autofunction:: vhp_core.topology.ring_score") == 1
    assert "autofunction:: vhp_core.evaluation.ring_score" not in PAGE


def test_constants_are_told_by_the_string_below_them():
    assert "Width of a full-width figure in inches" in PAGE


@pytest.mark.parametrize("name", CALLABLE)
def test_every_class_and_function_has_an_example(name):
    assert doctest.DocTestParser().get_examples(CALLABLE[name].__doc__ or "")


@pytest.mark.parametrize("name", DECORATED)
def test_examples_of_decorated_functions_run(name, tmp_path, monkeypatch):
    # The collection of doctests takes them for functions of the decorator's module.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    function = inspect.unwrap(CALLABLE[name])
    finder = doctest.DocTestFinder(recurse=False)
    (examples,) = finder.find(function, name, globs={"vhp": vhp_core})
    assert doctest.DocTestRunner().run(examples).failed == 0
