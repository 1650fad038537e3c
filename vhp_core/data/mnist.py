"""MNIST: handwritten digits, for those who hold the files."""

import os

from .idx import ENDINGS, Known, read_images
from .images import ImageData
from .places import find
from .record import recorded

__all__ = ["mnist"]

# Of the decompressed files, in which the projects that publish such sums agree.
FILES = {
    "train-images-idx3-ubyte": Known(
        (60_000, 28, 28), "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    "train-labels-idx1-ubyte": Known(
        (60_000,), "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
    "t10k-images-idx3-ubyte": Known(
        (10_000, 28, 28), "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
    ),
    "t10k-labels-idx1-ubyte": Known(
        (10_000,), "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    ),
}


@recorded
def mnist(root: str | os.PathLike | None = None) -> ImageData:
    """Handwritten digits: 60,000 for training and 10,000 for the test, of 28×28 pixels.

    The original IDX files, compressed with gzip or not, are sought in ``root``, in
    $VHP_DATA/mnist, and in the folder mnist of the user's cache. They are not downloaded: who
    holds them puts them there. The checksum of what is in them has to be the known one. A place
    that is named, which a folder mnist in $VHP_DATA is, but lacks a file is an error.

    Args:
        root: folder that holds ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
            ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, each as it is or with
            ``.gz``.

    Raises:
        FileNotFoundError: if the files are nowhere, or a named place lacks one.
        ValueError: if a file is cut off or altered, or is another data set's, such as
            Fashion-MNIST's.

    References:
        | Gradient-Based Learning Applied to Document Recognition (LeCun, Bottou, Bengio, Haffner,
        | 1998)
        | Proceedings of the IEEE 86(11)

    Example:
        >>> vhp.data.mnist(root="empty")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        FileNotFoundError: empty/train-images-idx3-ubyte is missing...
    """
    return read_images(find("mnist", FILES, root, ENDINGS), FILES, "MNIST")
