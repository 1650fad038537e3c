"""Write ``requirements.txt``: one exact version of every package in this environment."""

import subprocess
import sys
from pathlib import Path

HEAD = """\
# Every package of the book's environment, one exact version each. To install by hand:
#     python3 -m venv .venv
#     .venv/bin/pip install -r requirements.txt
#     .venv/bin/pip install --no-deps -e .
# To regenerate after a change of pyproject.toml:
#     .venv/bin/pip install --upgrade -e '.[all,book,test,cluster]'
#     .venv/bin/python -m tools.environment.lock
# On Linux, torch may bring CUDA (several GB), which the book does not need. To avoid that, put the
# CPU build of the same version into the new .venv first; with the tool uv:
#     uv pip install --python .venv --torch-backend cpu torch=={torch}
"""


def lock(frozen: str) -> str:
    """The text of ``requirements.txt`` from what ``pip freeze --all`` printed."""
    lines = [line for line in frozen.splitlines() if line and not line.startswith(("#", "-e"))]
    not_exact = [line for line in lines if "==" not in line or "://" in line]
    if not_exact:
        raise ValueError(f"not from a package index: {', '.join(not_exact)}")
    # A local version such as torch's +cpu names a build that other machines need not have.
    lines = [line.split("+")[0] for line in lines]
    torch = next(line for line in lines if line.startswith("torch==")).partition("==")[2]
    return HEAD.format(torch=torch) + "\n".join(lines) + "\n"


def main() -> None:
    freeze = [sys.executable, "-m", "pip", "freeze", "--all", "--exclude-editable"]
    frozen = subprocess.run(freeze, check=True, capture_output=True, text=True).stdout
    path = Path(__file__).resolve().parents[2] / "requirements.txt"
    path.write_text(lock(frozen), encoding="utf-8")
    print(f"{path}: {len(lock(frozen).splitlines()) - len(HEAD.splitlines())} packages")


if __name__ == "__main__":
    main()
