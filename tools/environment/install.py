"""Make ``.venv`` with exactly the packages of ``requirements.txt``, and ``vhp_core`` in it.

With two arguments, a folder and a lock, it makes that environment instead: the benchmark's.

The same by hand, slower: ``python3 -m venv .venv``, then ``.venv/bin/pip install -r
requirements.txt`` and ``.venv/bin/pip install --no-deps -e .``. It is faster here because torch,
half of the volume, is unpacked while the other packages are, and because a current pip resolves
several times faster than the one that comes with an older Python. Where a version of the lock has
no wheel for this machine or this Python, it takes what ``pyproject.toml`` allows, and says so.

Runs on a bare Python: nothing but the standard library.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)
EXTRAS = "all,book,test,cluster"  # of pyproject.toml, whose packages the lock holds


def split_lock(text: str) -> tuple[str, list[str], list[str]]:
    """The lines of a lock: pip's own, the large ones, and all others."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    pip = [line for line in lines if line.startswith("pip==")]
    if len(pip) != 1:
        raise ValueError(
            "requirements.txt needs exactly one line 'pip==...': run tools.environment.lock"
        )
    large = [line for line in lines if line.startswith("torch==")]
    return pip[0], large, [line for line in lines if line not in pip + large]


def asked_of_pip(python: Path, *arguments: str) -> list[str]:
    """The command that lets pip install, quietly and from wheels alone: nobody needs a compiler."""
    # --no-compile: modules are compiled when they are first imported, and most never are.
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-warn-script-location"]
    wheels = ["--no-compile", "--only-binary", ":all:"]
    return [str(python), "-m", "pip", "install", *quiet, *wheels, *arguments]


def install_lock(python: Path, lock: Path) -> None:
    """Install the lock and the package itself into the environment of ``python``.

    Raises:
        subprocess.CalledProcessError: if pip cannot; it has said why.
    """
    pip, large, others = split_lock(lock.read_text(encoding="utf-8"))
    subprocess.run(asked_of_pip(python, pip), check=True)
    # Two installations at once may not share a package, so neither looks for dependencies ...
    with tempfile.TemporaryDirectory() as folder:
        rest = Path(folder) / "requirements.txt"
        rest.write_text("\n".join(others), encoding="utf-8")
        parts = [large, ["-r", str(rest)]] if large else [["-r", str(rest)]]
        commands = [asked_of_pip(python, "--no-deps", *part) for part in parts]
        running = [subprocess.Popen(command) for command in commands]
        codes = [process.wait() for process in running]
        for code, command in zip(codes, commands, strict=True):
            if code:
                raise subprocess.CalledProcessError(code, command)
    # ... and this completes what only this platform needs, such as CUDA's libraries.
    subprocess.run(asked_of_pip(python, "-r", str(lock)), check=True)
    quietly = os.environ | {"PYTHONWARNINGS": "ignore"}  # of setuptools' advice on -e
    project = ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    subprocess.run(asked_of_pip(python, *project), check=True, env=quietly)


def install(python: Path, lock: Path, extras: str | None) -> bool:
    """Install the lock, or where this machine cannot have it, what pyproject.toml allows.

    Args:
        python: the interpreter of the environment.
        lock: the file with one exact version a package.
        extras: the extras of ``pyproject.toml`` that hold the same packages, such as "all,test";
            None if there are none.

    Returns:
        Whether it is the lock that was installed.

    Raises:
        SystemExit: if neither could be installed.
    """
    try:
        install_lock(python, lock)
        return True
    except subprocess.CalledProcessError:
        if extras is None:
            raise SystemExit(f"environment: pip could not install {lock}: see above") from None
    print(
        f"environment: {lock.name} cannot be had on this machine (pip says above what it lacks); "
        "trying other versions that pyproject.toml allows",
        flush=True,
    )
    if subprocess.run(asked_of_pip(python, "-e", f"{ROOT}[{extras}]"), check=False).returncode:
        raise SystemExit(
            "environment: no version that pyproject.toml allows can be had either: see pip's "
            "message above"
        )
    print(
        f"environment: these are not the versions of {lock.name}, with which the book's numbers "
        "were computed; their last digits may differ",
        flush=True,
    )
    return False


def main() -> None:
    if sys.version_info < OLDEST:
        raise SystemExit(
            f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, this is {sys.version.split()[0]}: "
            "name another with 'make PYTHON=python3.12 ...'"
        )
    start = time.perf_counter()
    folder, lock = sys.argv[1:] or (".venv", "requirements.txt")
    venv = ROOT / folder
    print(f"environment: installing {ROOT / lock} into {venv}", flush=True)
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    install(python, ROOT / lock, None if sys.argv[1:] else EXTRAS)
    print(f"environment: ready in {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
