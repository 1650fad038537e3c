"""Fingerprints: of arrays that a chapter computes, and of the source that it computes them with."""

import ast
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

__all__ = ["DATA_SETS", "fingerprint", "source_hash"]

DATA_SETS = (
    "cmu",
    "digits",
    "faces",
    "fashion_mnist",
    "mnist",
    "mocap6",
    "omniglot",
    "pendulum",
)
"""Modules of ``vhp_core.data`` that make or read a data set."""

_PACKAGE = Path(__file__).resolve().parent.parent


def fingerprint(*arrays: Tensor | np.ndarray | pd.DataFrame) -> str:
    """Eight hexadecimal digits that change when any value, type or shape of the arrays does.

    Example:
        >>> import numpy as np
        >>> zeros = vhp.book.fingerprint(np.zeros(3))
        >>> zeros == vhp.book.fingerprint(np.zeros(3)), len(zeros)
        (True, 8)
        >>> zeros == vhp.book.fingerprint(np.ones(3))
        False
    """
    digest = hashlib.sha256()
    for array in arrays:
        values = np.asarray(array.detach().cpu() if isinstance(array, Tensor) else array)
        if values.dtype == object:
            values = values.astype(str)
        digest.update(f"{values.dtype.str}{values.shape}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:8]


def source_hash(*data: str) -> str:
    """Hash of the source of the method, engine, doors and the named data sets.

    It is blind to comments, docstrings, layout, imports and types, and to the module in which a
    definition stands.

    Args:
        data: some of :data:`DATA_SETS`; of each also the modules of its room that it imports.

    Raises:
        ValueError: if there is no data set of that name.

    Example:
        >>> with_data = vhp.book.source_hash("pendulum")
        >>> len(with_data), vhp.book.source_hash() == with_data
        (16, False)
    """
    if unknown := set(data) - set(DATA_SETS):
        raise ValueError(f"no data set {sorted(unknown)}: there are {list(DATA_SETS)}")
    rooms = ("*.py", "engine/*.py", "doors/*.py")
    files = {path for room in rooms for path in _PACKAGE.glob(room)} - {_PACKAGE / "__init__.py"}
    for name in data:
        files |= _with_imports(_PACKAGE / "data" / f"{name}.py")
    pieces = {
        repr(_outline(statement))
        for path in files
        for statement in _parse(path).body
        if _outline([statement]) and not _is_listing(statement)
    }
    return hashlib.sha256("\n".join(sorted(pieces)).encode()).hexdigest()[:16]


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _with_imports(path: Path) -> set[Path]:
    """A module and those of its own folder that it imports, directly or not."""
    found, new = set(), {path}
    while new:
        found |= new
        named = {
            path.with_name(f"{node.module}.py")
            for path in new
            for node in ast.walk(_parse(path))
            if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module
        }
        new = {path for path in named if path.is_file()} - found
    return found


def _outline(node: Any) -> Any:
    """A syntax tree as nested tuples, without docstrings, imports, types and empty fields."""
    if isinstance(node, list):
        return [_outline(item) for item in node if not _says_nothing(item)]
    if not isinstance(node, ast.AST):
        return repr(node)
    if (
        isinstance(node, ast.AnnAssign) and node.value is not None
    ):  # of a type, which is for readers and checkers
        node = ast.Assign([node.target], node.value)
    fields = [
        (name, _outline(value))
        for name, value in ast.iter_fields(node)
        if value and name not in ("annotation", "returns")
    ]
    return type(node).__name__, fields


def _says_nothing(node: Any) -> bool:
    """Whether it is for readers, type checkers or the importing of names alone."""
    declared = isinstance(node, ast.AnnAssign) and node.value is None
    return declared or _is_docstring(node) or _is_import(node)


def _is_docstring(node: Any) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _is_import(node: Any) -> bool:
    """Whether it is an import, or one for type checkers alone."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name):
        return node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.Import | ast.ImportFrom)


def _is_listing(node: ast.stmt) -> bool:
    """Whether it is a module's ``__all__``."""
    return isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
