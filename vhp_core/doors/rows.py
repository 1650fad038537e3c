"""Observations that are not numbers in memory yet, in the place of a tensor."""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["Rows"]


class Rows:
    """Observations that become numbers of the model's type when a part of them is asked for.

    So stand a file, a sparse matrix, whole numbers and a data set in the place of a tensor: they
    have its ``len``, ``shape`` and ``device``, and take a slice or a tensor of row numbers.

    Args:
        read: (B,) row numbers -> (B, ...) tensor of numbers, on ``device``.
        shape: (n, ...).
        device: of the row numbers.
        held: the numbers in their own type, where they lie in one tensor.

    Example:
        >>> import torch
        >>> rows = vhp.doors.Rows(lambda index: index[:, None] * torch.ones(2), (5, 2))
        >>> rows[1:3]
        tensor([[1., 1.],
                [2., 2.]])
    """

    def __init__(
        self,
        read: Callable[[Tensor], Tensor],
        shape: tuple[int, ...],
        device: torch.device | str = "cpu",
        held: Tensor | None = None,
    ):
        self._read, self.shape, self.device = read, torch.Size(shape), torch.device(device)
        self.held = held

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: slice | Tensor) -> Tensor:
        if isinstance(index, slice):
            index = torch.arange(*index.indices(len(self)), device=self.device)
        return self._read(index)
