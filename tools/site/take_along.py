"""What readers take along: the library as a wheel, and the page of downloads."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.chapters import notebooks
from tools.site.offered import EXECUTED, PLAIN

__all__ = ["DOWNLOADS", "FOLDER", "WHEEL", "build_wheel", "downloads_table", "installation"]

DOWNLOADS = "% table of downloads"
WHEEL = "% wheel"
FOLDER = "_extra"  # of the staged book; Sphinx copies what it holds to the site's root
_SOURCES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE")
_EARLIEST = "315532800"  # 1980: the first date that a zip file can hold


def build_wheel(root: Path) -> tuple[str, bytes]:
    """Name and content of the library's wheel, the tables of the studies included.

    It is built from a copy, so that nothing of an earlier build gets into it, with the packages of
    this environment, so that no network is needed. The same sources give the same bytes.
    """
    with tempfile.TemporaryDirectory() as place:
        source, out = Path(place) / "source", Path(place) / "out"
        shutil.copytree(
            root / "vhp_core", source / "vhp_core", ignore=shutil.ignore_patterns("__pycache__")
        )
        for name in _SOURCES:
            shutil.copyfile(root / name, source / name)
        for kind in notebooks.TABLES:
            (source / kind).mkdir()
            for path in (root / kind).iterdir():
                if path.suffix in (".csv", ".json", ".safetensors"):
                    shutil.copyfile(path, source / kind / path.name)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--no-build-isolation", "--wheel-dir", str(out), str(source)]
        quietly = os.environ | {"PYTHONWARNINGS": "ignore", "SOURCE_DATE_EPOCH": _EARLIEST}
        subprocess.run(command, check=True, env=quietly)
        (wheel,) = out.glob("*.whl")
        return wheel.name, wheel.read_bytes()


def downloads_table(root: Path) -> str:
    """One row a chapter, with links to its executed and its plain notebook."""
    rows = ["| Chapter | Executed | Plain |", "|---|---|---|"]
    for chapter in notebooks.chapters(root):
        links = [
            f'<a href="{folder}/{chapter.name}" download>{kind}</a>'
            for folder, kind in ((EXECUTED, "executed"), (PLAIN, "plain"))
        ]
        rows.append(f"| {{doc}}`{chapter.stem}` | {links[0]} | {links[1]} |")
    return "\n".join(rows)


def installation(wheel: str) -> str:
    """The link to the wheel, and the commands that install it."""
    return (
        f'Download <a href="{wheel}" download>{wheel}</a>, and in its folder type\n\n'
        "```text\npython3 -m venv vhp\n"
        f"vhp/bin/pip install jupyterlab './{wheel}[all]'\n"
        "vhp/bin/jupyter lab\n```"
    )
