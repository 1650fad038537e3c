"""Where the files of a data set are sought, and what is said where one is missing."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

__all__ = ["Download", "Place", "find", "held"]


class Place(NamedTuple):
    """A folder that holds a data set's files, and how it is spoken of."""

    folder: Path
    name: str
    """Without a path, since it is told to readers on any machine."""
    mend: str
    """What to do about a file that is no good, as the end of a sentence."""


class Download(NamedTuple):
    """How the cache is filled where the files are nowhere."""

    site: str
    fetch: Callable[[Path, list[str]], None]
    """Brings the files that the folder lacks."""


def held(folder: Path, file: str, endings: Iterable[str] = ("",)) -> Path | None:
    """The file in ``folder``, under its name with the first of ``endings`` that is there."""
    paths = (folder / f"{file}{ending}" for ending in endings)
    return next((path for path in paths if path.is_file()), None)


def find(
    data_set: str,
    files: Iterable[str],
    root: str | os.PathLike | None = None,
    endings: Iterable[str] = ("",),
    packaged: Place | None = None,
    download: Download | None = None,
) -> Place:
    """The first place that holds all ``files``: root, $VHP_DATA, a package's folder, the cache.

    Args:
        data_set: its name, which is also that of its folders in $VHP_DATA and in the cache; with
            "_" for "-" it is that of its function.
        files: names without what may follow them.
        root: the place that the caller names; no other is looked at then.
        endings: what may follow a file's name.
        packaged: where a package of the system puts them.
        download: fills the cache in the end; if not given, nothing is downloaded.

    Raises:
        FileNotFoundError: if a place that was named, ``root`` or a folder ``data_set`` in
            $VHP_DATA, lacks a file: what a user points at is not passed over. Or if the files
            are nowhere, and not to be downloaded.
        ConnectionError: if they cannot be downloaded.
    """
    shared, named = os.environ.get("VHP_DATA"), None
    mend = "put the right one there, or leave the place unnamed"
    if root is not None:
        named = Place(Path(root), "root", mend)
    elif shared and (Path(shared) / data_set).is_dir():
        named = Place(Path(shared) / data_set, f"$VHP_DATA/{data_set}", mend)
    if named is not None:
        missing = _missing(named.folder, files, endings)
        if missing:
            others = "".join(f", and so is that with {ending}" for ending in endings if ending)
            raise FileNotFoundError(
                f"{named.folder / missing[0]} is missing{others}; {named.name} names this place: "
                "put the file there, or leave the place unnamed"
            )
        return named
    if packaged is not None and not _missing(packaged.folder, files, endings):
        return packaged
    import pooch  # here, because it warns of missing notebook widgets as soon as it is imported

    folder = Path(pooch.os_cache("vhp_core")) / data_set
    missing = _missing(folder, files, endings)
    if download is not None:
        if missing:
            download.fetch(folder, missing)
        mend = "delete it, and the next call fetches it again"
        return Place(folder, f"the cache, from {download.site}", mend)
    if missing:
        kinds = "".join(f", each as it is or with {ending}" for ending in endings if ending)
        raise FileNotFoundError(
            f"the data set {data_set} is nowhere. Put {', '.join(files)}{kinds}, into a folder "
            f"and name it, {data_set.replace('-', '_')}(root=...), or into the folder {data_set} "
            f"of that which the environment variable VHP_DATA names, or into {folder}"
        )
    return Place(folder, "the cache", "put the right one there")


def _missing(folder: Path, files: Iterable[str], endings: Iterable[str]) -> list[str]:
    return [file for file in files if held(folder, file, endings) is None]
