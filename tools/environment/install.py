"""Make ``.venv`` with exactly the packages of ``requirements.txt``, and ``vhp_core`` in it.

With two arguments, a folder and a lock, it makes that environment instead: the benchmark's.

The same by hand, slower: ``python3 -m venv .venv``, then ``.venv/bin/pip install -r
requirements.txt`` and ``.venv/bin/pip install --no-deps -e .``. It is faster here because torch,
half of the volume, is unpacked while the other packages are, and because a current pip resolves
several times faster than the one that comes with an older Python.

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


def install(python: Path, lock: Path) -> None:
    """Install the lock and the package itself into the environment of ``python``."""
    pip, large, others = split_lock(lock.read_text(encoding="utf-8"))
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    run = [str(python), "-m", "pip", "install", *quiet]
    # --no-compile: modules are compiled when they are first imported, and most never are.
    fast = [*run, "--no-compile", "--no-warn-script-location"]
    subprocess.run([*run, pip], check=True)
    # Two installations at once may not share a package, so neither looks for dependencies ...
    with tempfile.TemporaryDirectory() as folder:
        rest = Path(folder) / "requirements.txt"
        rest.write_text("\n".join(others), encoding="utf-8")
        parts = [large, ["-r", str(rest)]] if large else [["-r", str(rest)]]
        running = [subprocess.Popen([*fast, "--no-deps", *part]) for part in parts]
        codes = [process.wait() for process in running]
        if any(codes):
            raise SystemExit("pip could not install the packages: see its message above")
    # ... and this completes what only this platform needs, such as CUDA's libraries.
    subprocess.run([*fast, "-r", str(lock)], check=True)
    quietly = os.environ | {"PYTHONWARNINGS": "ignore"}  # of setuptools' advice on -e
    project = ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    subprocess.run([*fast, *project], check=True, env=quietly)


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
    install(python, ROOT / lock)
    print(f"environment: ready in {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
