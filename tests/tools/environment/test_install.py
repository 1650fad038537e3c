"""The lock, the order in which it is installed, and what is taken where it cannot be."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tools.environment import install
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


@pytest.fixture
def pip(monkeypatch):
    """Stands in for pip: fails where a word of ``pip.lacks`` is among the arguments."""

    class Pip:
        def __init__(self):
            self.lacks, self.asked = (), []

        def __call__(self, command, **_):
            self.asked.append(command)
            return subprocess.CompletedProcess(command, self.code(command))

        def code(self, command):
            return int(any(word in argument for word in self.lacks for argument in command))

    fake = Pip()

    def run(command, check=False, **_):
        done = fake(command)
        if check:
            done.check_returncode()
        return done

    class Started:
        def __init__(self, command):
            self.returncode = fake(command).returncode

        def wait(self):
            return self.returncode

    monkeypatch.setattr(install.subprocess, "run", run)
    monkeypatch.setattr(install.subprocess, "Popen", Started)
    return fake


@pytest.fixture
def locked(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text("numpy==2.1\npip==26.0\ntorch==2.0.0\n", encoding="utf-8")
    return path


def test_the_lock_is_installed_from_wheels_alone(pip, locked, capsys):
    assert install.install(Path("python"), locked, "all")
    assert all(":all:" in command for command in pip.asked if "pip==26.0" not in command)
    assert not any("[all]" in argument for command in pip.asked for argument in command)
    assert capsys.readouterr().out == ""


def test_without_a_wheel_of_the_lock_the_ranges_are_taken_and_it_is_said(pip, locked, capsys):
    pip.lacks = ("torch==2.0.0",)
    assert not install.install(Path("python"), locked, "all,test")
    assert pip.asked[-1][-1] == f"{install.ROOT}[all,test]"
    assert "these are not the versions of requirements.txt" in capsys.readouterr().out


def test_with_neither_the_reader_is_told(pip, locked):
    pip.lacks = ("torch==2.0.0", "[all]")
    with pytest.raises(SystemExit, match=r"no version that pyproject\.toml allows"):
        install.install(Path("python"), locked, "all")
    with pytest.raises(SystemExit, match="could not install"):
        install.install(Path("python"), locked, None)


def test_the_extras_taken_instead_are_those_that_the_lock_was_made_of():
    text = (install.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert set(install.EXTRAS.split(",")) <= set(
        tomllib.loads(text)["project"]["optional-dependencies"]
    )
    head = (install.ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert re.search(rf"-e '\.\[{install.EXTRAS}\]'", head)
