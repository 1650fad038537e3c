"""Packages that only a part of the library needs."""

from importlib.util import find_spec

__all__ = ["require"]


def require(extra: str, *packages: str) -> None:
    """Refuse to go on without ``packages``, and name the extra that brings them.

    Raises:
        ModuleNotFoundError: if one of them is not installed.

    Example:
        >>> require("figures", "math")
    """
    for name in packages:
        try:
            found = find_spec(name) is not None
        except ValueError:  # a module that stands in for it, made by hand
            found = True
        if not found:
            raise ModuleNotFoundError(
                f"this part of vhp_core needs {name}, which is not installed: "
                f"pip install 'vhp_core[{extra}]'",
                name=name,
            )
