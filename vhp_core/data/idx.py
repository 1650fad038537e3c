"""Pictures and labels in the IDX files of MNIST and of the data sets made after it."""

import gzip
import hashlib
import math
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from .images import ImageData
from .places import Place, held

__all__ = ["ENDINGS", "Known", "read_idx", "read_images"]

ENDINGS = ("", ".gz")  # the first is sooner read
_GZIP = b"\x1f\x8b"  # how such a file begins, whatever its name
_BYTES = 8  # the format's number for uint8


class Known(NamedTuple):
    """What is known of a file: the sizes of its array, and the SHA-256 of its content.

    The content is what is left once the file is decompressed, so its checksum does not depend on
    how, and with which name and date inside, the file was compressed.
    """

    shape: tuple[int, ...]
    sha256: str


def read_images(place: Place, files: Mapping[str, Known], title: str) -> ImageData:
    """A data set of four files: training pictures and labels, then those of the test.

    Raises:
        ValueError: as :func:`read_idx`.
    """
    arrays = []
    for file, known in files.items():
        path = held(place.folder, file, ENDINGS)
        assert path is not None, "a place that was found holds all files"
        arrays.append(read_idx(path, known, title, place.mend))
    pictures, classes, test_pictures, test_classes = arrays
    x = torch.as_tensor(np.concatenate([pictures, test_pictures])).unsqueeze(1)
    test = torch.arange(len(x)) >= len(pictures)
    height, width = pictures.shape[1:]
    return ImageData(
        x=x.float().div_(255),
        labels=np.concatenate([classes, test_classes]).astype(np.int64),
        split=(~test, test),
        source=(
            f"{title}: {len(pictures):,} training and {len(test_pictures):,} test pictures of "
            f"{height}×{width} pixels, found in {place.name}"
        ),
    )


def read_idx(path: Path, known: Known, title: str, mend: str) -> np.ndarray:
    """The array of a file, which is checked against what is known of it: uint8, of its shape.

    Args:
        path: of the file, compressed with gzip or not; which one its first bytes tell.
        known: what it has to be.
        title: of the data set, for messages.
        mend: what to do about a file that is no good, as the end of a message.

    Raises:
        ValueError: if the file is cut off, damaged, not in this format, of other sizes, or has
            another content than that of this data set.
    """
    shape, header = known.shape, 4 + 4 * len(known.shape)
    total = header + math.prod(shape)

    def refuse(what: str) -> ValueError:
        return ValueError(f"{path} {what}: {mend}")

    try:
        content = _read(path, total + 1)  # one more than it should have, and it is not read on
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise refuse(f"is cut off or damaged, and cannot be decompressed ({error})") from error
    if content[:4] != bytes([0, 0, _BYTES, len(shape)]):
        begin = content[:4].hex(" ") or "nothing"
        raise refuse(
            f"is no IDX file of bytes in {len(shape)} dimensions, it begins with {begin} and not "
            f"with 00 00 {_BYTES:02x} {len(shape):02x}"
        )
    if len(content) < header:
        raise refuse(f"is cut off within its first {header} bytes")
    found = struct.unpack(f">{len(shape)}I", content[4:header])
    if found != shape:
        raise refuse(f"has the sizes {_times(found)}, that of {title} has {_times(shape)}")
    if len(content) != total:
        wrong = "goes on after" if len(content) > total else f"is cut off, {len(content)} bytes of"
        raise refuse(f"{wrong} the {total} that it should have")
    digest = hashlib.sha256(content).hexdigest()
    if digest != known.sha256:
        raise refuse(
            f"was altered, or is not {title}'s (its content has the checksum {digest[:12]}…, not "
            f"{known.sha256[:12]}…)"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _read(path: Path, most: int) -> bytes:
    """At most so many bytes of the content; where it ends before, gzip's own checksum counts."""
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        if not packed:
            return file.read(most)
        with gzip.open(file) as unpacked:
            return unpacked.read(most)


def _times(sizes: tuple[int, ...]) -> str:
    return "×".join(map(str, sizes))
