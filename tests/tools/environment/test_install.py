"""The lock, and the order in which it is installed."""

import pytest

from tools.environment.install import split_lock
from tools.environment.lock import lock


def test_lock_drops_local_versions_and_comments():
    text = lock("Numpy==2.1\npip==26.0\n# a comment\n-e file\ntorch==2.0.0+cpu\n")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines == ["Numpy==2.1", "pip==26.0", "torch==2.0.0"]
    assert "torch==2.0.0" in text.splitlines()[9]


def test_lock_refuses_a_package_from_a_file():
    with pytest.raises(ValueError, match="not from a package index: x @ file"):
        lock("x @ file:///x.whl\ntorch==2.0.0\n")


def test_split_lock_takes_pip_and_torch_apart():
    text = "# head\nnumpy==2.1\npip==26.0\ntorch==2.0.0\n\n"
    assert split_lock(text) == ("pip==26.0", ["torch==2.0.0"], ["numpy==2.1"])


def test_split_lock_needs_pip():
    with pytest.raises(ValueError, match=r"tools\.environment\.lock"):
        split_lock("numpy==2.1\n")
