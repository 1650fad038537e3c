"""Examples of public names run as a reader pastes them, after ``import vhp_core as vhp``."""

from functools import cache
from importlib import import_module

import pytest

import vhp_core
from tools.site.api_page import MODULES, public_names


@cache
def _public() -> set[str]:
    """Where the names of the API pages are defined, as doctest calls the places."""
    found = (
        getattr(import_module(module), name) for module in MODULES for name in public_names(module)
    )
    return {f"{v.__module__}.{v.__qualname__}" for v in found if hasattr(v, "__qualname__")}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Such an example sees what it imports itself, and nothing of the module that it stands in."""
    if isinstance(item, pytest.DoctestItem):
        place = item.dtest.name
        if place in _public() or place.rpartition(".")[0] in _public():
            item.dtest.globs = {"vhp": vhp_core}
