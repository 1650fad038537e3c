"""The download of a data set's files, each checked before it is kept."""

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tqdm import tqdm

from .waiting import _within

__all__ = ["fetch"]

_PATIENCE = 10.0  # seconds until a site that does not answer is given up
_unreachable: dict[str, str] = {}  # what is known not to answer, so that it is asked only once


def fetch(
    url: str,
    files: Iterable[str],
    folder: Path,
    check: Callable[[Path], object],
    instead: str,
    patience: float = _PATIENCE,
) -> None:
    """Fetch files one after another, check each, and move it into ``folder``.

    Args:
        url: where they lie.
        files: their names. For the first no longer than ``patience`` is waited: name a small one.
        folder: where they go; made if need be.
        check: looks at a file, which has its own name, and raises ValueError if it is no good.
        instead: what the user can do where there is no network, as the end of a sentence.
        patience: seconds, also between two pieces of a file.

    Raises:
        ConnectionError: if the site cannot be reached or lacks a file, or what came is not what
            is known. Files that were right stay, so the next call fetches only the rest.
    """
    if url in _unreachable:
        raise ConnectionError(_unreachable[url])
    from requests.exceptions import ChunkedEncodingError  # only a download needs it

    folder.mkdir(parents=True, exist_ok=True)
    first, *rest = files
    # Even where a name is never resolved and the system's own limits are longer.
    problem = _within(patience, lambda: _fetch(url, first, folder, check, patience))
    if problem is not None:
        message = f"{url} did not give {first}: {problem}. Connect to the network, or {instead}"
        if not isinstance(problem, ValueError | ChunkedEncodingError):
            _unreachable[url] = message  # a file that came, but not whole, is worth another try
        raise ConnectionError(message)
    total = 1 + len(rest)
    with tqdm(total=total, initial=1, unit="file", desc=folder.name) as bar:
        for file in rest:
            try:
                _fetch(url, file, folder, check, patience)
            except Exception as error:
                raise ConnectionError(
                    f"not all of {total} files came from {url}: {file}: {error}. Call again to "
                    f"fetch the rest, or {instead}"
                ) from error
            bar.update()


def _fetch(
    url: str, file: str, folder: Path, check: Callable[[Path], object], patience: float
) -> None:
    """One file: to a temporary place, checked there, then moved."""
    import pooch  # here, because it warns of missing notebook widgets as soon as it is imported

    with tempfile.TemporaryDirectory(dir=folder) as place:
        part = Path(place) / file
        pooch.HTTPDownloader(timeout=patience)(f"{url}/{file}", str(part), None)
        check(part)
        part.replace(folder / file)
