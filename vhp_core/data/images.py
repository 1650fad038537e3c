"""Grey pictures with their classes, and black and white ones that are drawn from them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ..engine import seeding
from ..engine.arguments import whole

__all__ = ["Binarised", "ImageData", "binarise"]

_STREAM = (0, 2)  # of a seed: no run draws its noise from that one
_ROWS_AT_ONCE = 1 << 12
_CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class ImageData:
    """n grey pictures, each with its class.

    Attributes:
        x: (n, 1, height, width) float32 in [0, 1].
        labels: (n,) integers, the class of each picture.
        split: masks (n,) of the training and of the test set.
        source: one sentence: which data, from where.

    Example:
        >>> data = vhp.data.digits()
        >>> train, test = data.split
        >>> data.x[train].shape, data.labels[test][:4]
        (torch.Size([1442, 1, 8, 8]), array([5, 0, 9, 8]))
    """

    x: Tensor
    labels: np.ndarray
    split: tuple[Tensor, Tensor]
    source: str


def binarise(x: Tensor | np.ndarray, seed: int = 0) -> Tensor:
    """Black and white pictures, drawn once: each pixel is 1 with its grey level as probability.

    This is static binarisation: the same ``seed`` gives the same pictures, whose likelihoods can
    be compared. The numbers are uniform, one a pixel, in the order of pictures, rows and columns,
    from a stream of the seed's own. For training see :class:`Binarised`.

    Args:
        x: (n, ...) grey levels in [0, 1].
        seed: of the draws.

    Returns: (n, ...) zeros and ones, of the type and on the device of ``x``.

    Raises:
        ValueError: if an entry of ``x`` is no floating-point number in [0, 1], or ``seed`` is
            below 0.

    Example:
        >>> import torch
        >>> vhp.data.binarise(torch.tensor([[0.0, 0.5, 0.5, 0.5, 0.5, 1.0]]), seed=3)
        tensor([[0., 0., 1., 1., 1., 1.]])
    """
    grey, seed = _grey(x), whole("seed", seed, least=0)
    drawn = torch.empty_like(grey)
    with seeding.seeded(seed, *_STREAM, device=_CPU):
        for start in range(0, len(grey), _ROWS_AT_ONCE):
            part = grey[start : start + _ROWS_AT_ONCE]
            drawn[start : start + _ROWS_AT_ONCE] = torch.rand(part.shape).to(part.device) < part
    return drawn


class Binarised(Dataset):
    """Black and white pictures that are drawn anew each time a run uses them.

    This is dynamic binarisation, x ~ Bernoulli(grey level), as data for training:
    ``fit(model, Binarised(x), ...)``. The numbers come from the stream of the run, so that the
    run's seed fixes them, and a run that goes on from its checkpoint draws what it would have
    drawn. What is measured with a seed of its own (:func:`vhp_core.evaluation.rate` and the like)
    draws from that seed's stream. Of several processes each draws numbers of its own; they are
    not those that one process would draw.

    Where there is no such stream a picture is the same each time, that of :func:`binarise` with
    ``seed``: a run looks at its data before it begins, and knows them by that again. A training
    loop of another kind takes another seed in each epoch, ``Binarised(x, seed=epoch)``.

    Args:
        x: (n, ...) grey levels in [0, 1]; not copied.
        seed: of the draws where there is no run.

    Raises:
        ValueError: as :func:`binarise`.

    Example:
        >>> import torch
        >>> data = vhp.data.digits()
        >>> x = vhp.data.Binarised(data.x[data.split[0]])
        >>> x[0].unique(), torch.equal(x[0], vhp.data.binarise(x.x)[0])
        (tensor([0., 1.]), True)
        >>> model = vhp.conv_vae(8, 2, channels=(4, 8), likelihood="bernoulli", prior="normal")
        >>> history = vhp.fit_iwae(model, x, num_samples=1, steps=2, progress=False)
    """

    def __init__(self, x: Tensor | np.ndarray, seed: int = 0):
        self.x, self.seed = _grey(x), whole("seed", seed, least=0)

    @cached_property
    def _fixed(self) -> Tensor:
        return binarise(self.x, self.seed).bool()

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int | slice | Tensor) -> Tensor:
        """A picture, or several: zeros and ones of the type and on the device of ``x``."""
        grey = self.x[index]
        if seeding._stream.get() is None:  # generator() is None for a stream in torch's state too
            return self._fixed[index].to(grey.dtype)
        # Processes hold the same random state. Each draws for all and takes its own part, so that
        # no two of them give their pictures the same numbers, and the states stay the same.
        rank, processes = seeding._shard.get()
        numbers = torch.rand((processes, *grey.shape), generator=seeding.generator(_CPU))[rank]
        return (numbers.to(grey.device) < grey).to(grey.dtype)

    def __getitems__(self, indices: list[int]) -> list[Tensor]:
        """Several pictures at once, as torch's DataLoader asks for them."""
        return list(self[torch.as_tensor(indices)])


def _grey(x: Tensor | np.ndarray) -> Tensor:
    grey = torch.as_tensor(x).detach()
    if not grey.is_floating_point():
        raise ValueError(
            f"x must be grey levels in [0, 1], got {grey.dtype}; give x / 255 of uint8"
        )
    if grey.numel() and not (grey.min() >= 0 and grey.max() <= 1):  # nor where one is NaN
        raise ValueError(
            f"x must be grey levels in [0, 1]; it spans [{grey.min():.4g}, {grey.max():.4g}]"
        )
    return grey
