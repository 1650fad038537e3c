"""Which instructions this process computes with, as far as its environment says."""

import os

__all__ = ["PROFILE", "numerical_profile"]

PROFILE = ("MKL_CBWR", "ATEN_CPU_CAPABILITY")
"""Environment variables that choose a processor's instructions, and so the last digits."""


def numerical_profile() -> dict[str, str]:
    """The values of :data:`PROFILE`, "" where one is not set: the machine's own choice.

    The same seed gives the same digits on one machine under one profile, and others under another:
    training amplifies the last bit. Whatever is kept for later is kept for one profile.

    Example:
        >>> sorted(vhp.book.numerical_profile())
        ['ATEN_CPU_CAPABILITY', 'MKL_CBWR']
    """
    return {name: os.environ.get(name, "") for name in PROFILE}
