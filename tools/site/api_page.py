"""The API reference: Sphinx directives for every public name of the library, one page a module.

``book/api.md`` holds the mark ``% reference of vhp_core``; staging replaces it by what
:func:`contents` returns and adds the :func:`pages`, so a name that is made public is there with the
next build. ``_toc.yml`` lists the pages below ``api``.
"""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["API_REFERENCE", "MODULES", "contents", "pages", "public_names"]

API_REFERENCE = "% reference of vhp_core"

# Public modules in the order of the pages, with their titles. Names of the package itself come
# first, one page for each module that defines some of them.
MODULES = {
    "vhp_core": "",
    "vhp_core.evaluation": "What is measured",
    "vhp_core.diagnosis": "What a fit warns of",
    "vhp_core.topology": "Topology",
    "vhp_core.callbacks": "Callbacks",
    "vhp_core.data": "Data sets",
    "vhp_core.doors": "Data of your own",
    "vhp_core.sklearn": "For scikit-learn",
    "vhp_core.plotting": "Figures",
    "vhp_core.page": "What moves in a page",
    "vhp_core.book": "What chapters use",
}
_PARTS = {
    "training": "Training",
    "builders": "Models",
    "multipliers": "Multipliers",
    "starting": "Starting points",
    "interpolation": "Latent graphs and paths",
    "priors": "Priors",
    "likelihoods": "Likelihoods",
    "networks": "Networks",
    "principal": "Principal coordinates",
}
_FIRST = ("fit", "mlp_vae")  # of their pages: what everybody needs
# Shown with another module's names.
_MOVED = {
    "distributions": "networks",
    "entries": "likelihoods",
    "history": "training",
    "paths": "interpolation",
    "protocols": "builders",
    "runs": "training",
    "vae": "builders",
}


def public_names(module: str) -> list[str]:
    """Names in a module's ``__all__`` that are not modules themselves."""
    found = import_module(module)
    return [name for name in found.__all__ if not isinstance(getattr(found, name), ModuleType)]


def pages() -> dict[str, str]:
    """Name -> Markdown of each page, in their order."""
    return {_page(home): _text(*told) for home, told in _homes().items()}


def contents() -> str:
    """The list of pages with the names on each."""
    lines = []
    for home, (title, module, names) in _homes().items():
        linked = ", ".join(f"{{py:obj}}`~{module}.{name}`" for name in sorted(names, key=_order))
        lines += [f"**[{title}]({_page(home)})**", f": {linked}", ""]
    return "\n".join(lines)


def _homes() -> dict[str, tuple[str, str, list[str]]]:
    """Home -> the title of its page, the module that names are imported from, and the names."""
    homes: dict[str, tuple[str, str, list[str]]] = {}
    for module, title in MODULES.items():
        if title:
            homes[module.rpartition(".")[2]] = title, module, public_names(module)
            continue
        parts: dict[str, list[str]] = {name: [] for name in _PARTS}
        for name in public_names(module):
            home = getattr(import_module(module), name).__module__.rpartition(".")[2]
            parts.setdefault(_MOVED.get(home, home), []).append(name)
        homes |= {
            home: (_PARTS.get(home, home.capitalize()), module, names)
            for home, names in parts.items()
        }
    return homes


def _page(home: str) -> str:
    return f"api_{home}"


def _text(title: str, module: str, names: list[str]) -> str:
    called = module.replace("vhp_core", "vhp", 1)
    first = min(names, key=_order)
    lines = [f"# {title}", "", f"After `import vhp_core as vhp`: `{called}.{first}` and so on.", ""]
    lines += ["```{eval-rst}", f".. currentmodule:: {module}", ""]
    for name in sorted(names, key=_order):
        lines += [*_entry(module, name), ""]
    return "\n".join([*lines, "```", ""])


def _order(name: str) -> tuple[bool, bool, str]:
    """What everybody needs, then classes and functions by name, constants last."""
    return name not in _FIRST, name.isupper() and len(name) > 3, name.lower()


def _entry(module: str, name: str) -> Iterator[str]:
    value = getattr(import_module(module), name)
    if inspect.isclass(value):
        yield f".. autoclass:: {module}.{name}"
        yield "   :members:"
    elif inspect.isfunction(value) and value.__module__ in MODULES and value.__module__ != module:
        yield f".. py:function:: {name}{inspect.signature(value)}"
        yield ""
        yield f"   The same as :py:func:`{value.__module__}.{name}`."
    elif inspect.isfunction(value):
        yield f".. autofunction:: {module}.{name}"
    else:
        yield f".. py:data:: {name}"
        yield ""
        yield f"   {_said_of(module, name)}"


def _said_of(module: str, name: str) -> str:
    """The string below the assignment of a constant, in the module that defines it."""
    for home in _sources(import_module(module)):
        body = ast.parse(inspect.getsource(home)).body
        for statement, following in pairwise(body):
            if name in _assigned(statement) and _is_text(following):
                return " ".join(following.value.value.split())
    raise LookupError(f"{module}.{name} has no docstring: write a string below its assignment")


def _sources(module: ModuleType) -> Iterator[ModuleType]:
    """The module itself, and those of the package that it takes names from, directly or not."""
    yield module
    path = Path(module.__file__)
    stub = path.with_suffix(".pyi")  # lists the names of a package that loads them when used
    package = module.__package__
    for statement in ast.parse((stub if stub.exists() else path).read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ImportFrom) and statement.level == 1 and statement.module:
            yield from _sources(import_module(f"{package}.{statement.module}"))


def _assigned(statement: ast.stmt) -> list[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _is_text(statement: Any) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
