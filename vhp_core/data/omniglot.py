"""OMNIGLOT: handwritten characters of many alphabets, for those who hold the file."""

import io
import os
from typing import Any

import numpy as np
import torch

from .images import ImageData
from .places import Place, find
from .record import recorded

__all__ = ["omniglot"]

_FILE = "chardata.mat"
_COUNTS = {"": 24_345, "test": 8_070}  # pictures, by how the names in the file begin
_SIDE = 28


@recorded
def omniglot(root: str | os.PathLike | None = None) -> ImageData:
    """Characters of many alphabets: 24,345 for training and 8,070 for the test, of 28×28 pixels.

    This is the matrix file chardata.mat that Burda, Grosse and Salakhutdinov made and by which
    likelihoods of OMNIGLOT are compared; a picture's class is its alphabet, counted from 0. The
    file is sought in ``root``, in $VHP_DATA/omniglot, and in the folder omniglot of the user's
    cache. It is not downloaded: who holds it puts it there. Nothing in it is executed. A place
    that is named, which a folder omniglot in $VHP_DATA is, but lacks it is an error.

    Args:
        root: folder that holds ``chardata.mat``.

    Raises:
        FileNotFoundError: if the file is nowhere, or a named place lacks it.
        ValueError: if it is cut off, no matrix file, or another than that.

    References:
        | Human-Level Concept Learning through Probabilistic Program Induction (Lake,
        | Salakhutdinov, Tenenbaum, 2015)
        | Science 350(6266)
        | Importance Weighted Autoencoders (Burda, Grosse, Salakhutdinov, 2016)
        | ICLR

    Example:
        >>> vhp.data.omniglot(root="empty")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        FileNotFoundError: empty/chardata.mat is missing...
    """
    place = find("omniglot", (_FILE,), root)
    pictures, alphabets = zip(*_read(place), strict=True)
    test = torch.arange(sum(map(len, pictures))) >= len(pictures[0])
    return ImageData(
        x=torch.as_tensor(np.concatenate(pictures)).unsqueeze(1),
        labels=np.concatenate(alphabets),
        split=(~test, test),
        source=(
            f"OMNIGLOT: {len(pictures[0]):,} training and {len(pictures[1]):,} test pictures of "
            f"{_SIDE}×{_SIDE} pixels, found in {place.name}"
        ),
    )


def _read(place: Place) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pictures (n, 28, 28) in float32 and alphabets (n,), of training and of the test."""
    path = place.folder / _FILE

    def refuse(what: str) -> ValueError:
        return ValueError(f"{path} {what}: {place.mend}")

    content = path.read_bytes()
    names = [f"{begin}{end}" for begin in _COUNTS for end in ("data", "target")]
    try:
        from scipy.io import loadmat  # here: few need it

        file: Any = io.BytesIO(content)  # the stubs know of names alone
        stored: dict[str, Any] = loadmat(file, variable_names=names)
    except Exception as error:  # of many kinds, by what of the format is violated where
        raise refuse(f"is no matrix file, or is cut off ({error})") from error
    parts = []
    for begin, count in _COUNTS.items():
        data, target = (stored.get(f"{begin}{end}") for end in ("data", "target"))
        if data is None or target is None:
            lacking = f"{begin}{'data' if data is None else 'target'}"
            raise refuse(f"has no matrix {lacking!r}")
        shape = (_SIDE**2, count)
        if data.shape != shape or data.dtype.kind not in "fiu":
            raise refuse(f"has {begin}data of {data.dtype} {data.shape}, not numbers {shape}")
        if not (data.min() >= 0 and data.max() <= 1):  # nor where one is NaN
            raise refuse(f"has {begin}data that are not in [0, 1]")
        usable = target.shape[1:] == (count,) and target.dtype.kind in "fiu"
        if not (usable and ((target > 0.5).sum(0) == 1).all()):
            raise refuse(f"does not give each of {count} {begin}data its alphabet in {begin}target")
        columns = data.T.astype(np.float32).reshape(count, _SIDE, _SIDE)  # of each picture
        parts.append((columns.transpose(0, 2, 1), target.argmax(0)))
    return parts
