"""The names of :mod:`vhp_core.figures`, as ``vhp.plotting``."""

from .figures import *  # noqa: F403
from .figures import __all__ as __all__
