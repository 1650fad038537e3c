"""The download of a data set's files, each checked before it is kept."""

import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tqdm import tqdm

__all__ = ["fetch"]

_PATIENCE = 10.0  # seconds until a site that does not answer is given up
_AT_ONCE = 4  # files of a batch
_unreachable: dict[str, str] = {}  # what is known not to answer, so that it is asked only once

Check = Callable[[Path, str], object]


def fetch(
    url: str,
    batches: Sequence[Sequence[str]],
    folder: Path,
    check: Check,
    instead: str,
    patience: float = _PATIENCE,
) -> None:
    """Fetch files, check each, and move it into ``folder``.

    Args:
        url: where they lie.
        batches: their names, which may have folders. A batch is asked for once the one before is
            whole, several of its files at a time. For the very first file no longer than
            ``patience`` is waited: name a small one.
        folder: where they go; made if need be.
        check: looks at a file, by its place for now and its name, and raises ValueError if it is
            no good.
        instead: what the user can do where there is no network, as the end of a sentence.
        patience: seconds, also between two pieces of a file.

    Raises:
        ConnectionError: if the site cannot be reached or lacks a file, what came is not what is
            known, or ``folder`` cannot be written. Files that were right stay, so the next call
            fetches only the rest.
    """
    if url in _unreachable:
        raise ConnectionError(_unreachable[url])
    from requests.exceptions import ChunkedEncodingError  # only a download needs it

    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:  # such as a home that can only be read
        raise ConnectionError(f"nothing can be kept in {folder}: {error}; {instead}") from error
    [first, *rest], *later = [list(batch) for batch in batches if batch]
    # Even where a name is never resolved and the system's own limits are longer.
    problem = _within(patience, lambda: _fetch(url, first, folder, check, patience))
    if problem is not None:
        message = f"{url} did not give {first}: {problem}. Connect to the network, or {instead}"
        if not isinstance(problem, ValueError | ChunkedEncodingError):
            _unreachable[url] = message  # a file that came, but not whole, is worth another try
        raise ConnectionError(message)
    total = 1 + len(rest) + sum(map(len, later))
    with tqdm(total=total, initial=1, unit="file", desc=folder.name) as bar:
        for batch in (rest, *later):
            problems = _fetch_all(url, batch, folder, check, patience, bar)
            if problems:
                raise ConnectionError(
                    f"not all of {total} files came from {url}: {problems[0]}. Call again to fetch "
                    f"the rest, or {instead}"
                )


def _fetch_all(
    url: str, files: list[str], folder: Path, check: Check, patience: float, bar: tqdm
) -> list[str]:
    """Several at a time. What went wrong; a network that is gone is not waited for by each."""
    from requests.exceptions import ChunkedEncodingError, HTTPError

    problems = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        jobs = {pool.submit(_fetch, url, file, folder, check, patience): file for file in files}
        for job in as_completed(jobs):
            bar.update()
            error = job.exception()
            if error is None:
                continue
            problems.append(f"{jobs[job]}: {error}")
            if not isinstance(error, ValueError | ChunkedEncodingError | HTTPError):
                pool.shutdown(wait=False, cancel_futures=True)
                break  # what was cancelled never completes
    return problems


def _fetch(url: str, file: str, folder: Path, check: Check, patience: float) -> None:
    """One file: to a temporary place, checked there, then moved."""
    import pooch  # here, because it warns of missing notebook widgets as soon as it is imported

    with tempfile.TemporaryDirectory(dir=folder) as place:
        part = Path(place) / file
        part.parent.mkdir(exist_ok=True)
        pooch.HTTPDownloader(timeout=patience)(f"{url}/{file}", str(part), None)
        check(part, file)
        (folder / file).parent.mkdir(exist_ok=True)
        part.replace(folder / file)


def _within(seconds: float, call: Callable[[], None]) -> Exception | None:
    """Run ``call``; None if it went well, else its exception, or a TimeoutError."""
    outcome: list[Exception | None] = []

    def work() -> None:
        try:
            call()
            outcome.append(None)
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    return outcome[0] if outcome else TimeoutError(f"no answer within {seconds:g} s")
