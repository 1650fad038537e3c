"""Which data a program used, written down where its environment asks for that."""

import os
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar

__all__ = ["recorded"]

P = ParamSpec("P")


class _Sourced(Protocol):
    @property
    def source(self) -> str: ...


Data = TypeVar("Data", bound=_Sourced)


def recorded(load: Callable[P, Data]) -> Callable[P, Data]:
    """Let a function that returns data write their ``source``, a line, to the file $VHP_SOURCES.

    Without that variable nothing is written. The build of the book sets it for each chapter, and
    shows the lines on its page about itself.
    """

    @wraps(load)
    def loaded(*args: P.args, **kwargs: P.kwargs) -> Data:
        data = load(*args, **kwargs)
        place = os.environ.get("VHP_SOURCES")
        if place:
            with open(place, "a", encoding="utf-8") as file:
                file.write(" ".join(data.source.split()) + "\n")
        return data

    return loaded
