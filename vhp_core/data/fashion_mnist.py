"""Fashion-MNIST: grey pictures of clothes, from the data set's own files."""

import math
import os
from pathlib import Path

from .fetching import fetch
from .idx import ENDINGS, Known, read_idx, read_images
from .images import ImageData
from .places import Download, Place, find
from .record import recorded

__all__ = ["fashion_mnist"]

_TITLE = "Fashion-MNIST"
_SITE = "fashion-mnist.s3-website.eu-central-1.amazonaws.com"
_DEBIAN = Place(
    Path("/usr/share/datasets/fashion-mnist"),
    "Debian's package dataset-fashion-mnist",
    "install that package anew",
)

# Computed of the files in Debian's package. These are the site's, compressed without name and
# date: with both put back they have the MD5 sums that the authors publish for the site's files.
FILES = {
    "train-images-idx3-ubyte": Known(
        (60_000, 28, 28), "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
    ),
    "train-labels-idx1-ubyte": Known(
        (60_000,), "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
    ),
    "t10k-images-idx3-ubyte": Known(
        (10_000, 28, 28), "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
    ),
    "t10k-labels-idx1-ubyte": Known(
        (10_000,), "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
    ),
}


@recorded
def fashion_mnist(root: str | os.PathLike | None = None) -> ImageData:
    """Pictures of clothes: 60,000 for training and 10,000 for the test, of 28×28 pixels.

    The classes, 0 to 9: T-shirt/top, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag,
    ankle boot. The original IDX files, compressed with gzip or not, are sought in ``root``, in
    $VHP_DATA/fashion-mnist, where Debian's package dataset-fashion-mnist puts them, and in the
    user's cache; then they are downloaded from the data set's own site, 31 MB. Wherever they were
    found, the checksum of what is in them has to be the known one; a file that was downloaded
    enters the cache only then. A place that is named, which a folder fashion-mnist in $VHP_DATA
    is, but lacks a file is an error.

    Args:
        root: folder that holds ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
            ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, each as it is or with
            ``.gz``.

    Raises:
        FileNotFoundError: if a named place lacks a file.
        ConnectionError: if the files cannot be downloaded; where no site answers it costs at most
            10 seconds, once.
        ValueError: if a file is cut off or altered, or is another data set's, such as MNIST's.

    References:
        | Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms
        | (Xiao, Rasul, Vollgraf, 2017)
        | arXiv:1708.07747

    Example:
        >>> vhp.data.fashion_mnist(root="empty")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        FileNotFoundError: empty/train-images-idx3-ubyte is missing...
    """
    download = Download(_SITE, _fetch)
    place = find("fashion-mnist", FILES, root, ENDINGS, packaged=_DEBIAN, download=download)
    return read_images(place, FILES, _TITLE)


def _fetch(folder: Path, missing: list[str]) -> None:
    def check(path: Path, file: str) -> None:
        read_idx(path, FILES[path.stem], _TITLE, "it was not kept")

    smallest_first = sorted(missing, key=lambda file: math.prod(FILES[file].shape))
    fetch(
        f"http://{_SITE}",
        [[f"{file}.gz"] for file in smallest_first],
        folder,
        check,
        "install Debian's package dataset-fashion-mnist, or put the files into a folder and name "
        "it: fashion_mnist(root=...), or the folder fashion-mnist in that which the environment "
        "variable VHP_DATA names",
    )
