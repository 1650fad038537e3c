"""Handwritten digits of 8×8 pixels, which scikit-learn has with it: small enough to train live."""

import numpy as np
import torch

from .images import ImageData
from .record import recorded

__all__ = ["digits"]

_WHITE = 16.0  # of the stored values: how many of 4×4 finer pixels have ink
_HELD_OUT = 5  # each fifth picture of a digit


@recorded
def digits() -> ImageData:
    """Handwritten digits: 1,797 grey pictures of 8×8 pixels, in steps of 1/16.

    Held out is each fifth picture of each digit in the order of the file, 355 of them, so that
    both sets have all digits in the same shares. Each fifth of all would not do: in long stretches
    the digits come in turn, 0 to 9.

    They are part of the package scikit-learn, so nothing is downloaded.

    References:
        | Optical Recognition of Handwritten Digits (Alpaydin, Kaynak, 1998)
        | UCI Machine Learning Repository

    Example:
        >>> data = vhp.data.digits()
        >>> data.x.shape, [int(mask.sum()) for mask in data.split]
        (torch.Size([1797, 1, 8, 8]), [1442, 355])
    """
    from sklearn.datasets import load_digits  # here: the first import takes a second

    stored = load_digits()
    labels = stored.target.astype(np.int64)
    test = torch.zeros(len(labels), dtype=torch.bool)
    for digit in range(10):
        test[np.flatnonzero(labels == digit)[_HELD_OUT - 1 :: _HELD_OUT]] = True
    return ImageData(
        x=torch.as_tensor(stored.images / _WHITE, dtype=torch.float32).unsqueeze(1),
        labels=labels,
        split=(~test, test),
        source=f"digits: {len(labels)} handwritten digits of 8×8 pixels, embedded in scikit-learn",
    )
