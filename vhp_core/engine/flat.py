"""Many parameters as a few long vectors, so that an optimiser's step is a few operations."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

__all__ = ["FlatParameters", "HasParameters"]


class HasParameters(Protocol):
    """A module, or what is used like one."""

    def parameters(self) -> Iterator[nn.Parameter]: ...


class FlatParameters:
    """Puts the parameters of each group side by side into one vector, as views of it.

    An optimiser that works element by element, as Adam does, takes the same step on the vectors
    as on the parameters, but starts a handful of operations in the place of some for each
    parameter; for small networks these starts cost more than the arithmetic.

    Args:
        groups: parameters, all of one type and device within a group. Empty groups are left out.
    """

    def __init__(self, *groups: Sequence[nn.Parameter]):
        self._groups = [list(group) for group in groups if group]
        self.vectors = [nn.Parameter(_join(group, group)) for group in self._groups]
        with torch.no_grad():
            for group, vector in zip(self._groups, self.vectors, strict=True):
                pieces = vector.split([parameter.numel() for parameter in group])
                for parameter, piece in zip(group, pieces, strict=True):
                    parameter.data = piece.view_as(parameter)

    def zero_grad(self) -> None:
        """Drop all gradients."""
        for group in self._groups:
            for parameter in group:
                parameter.grad = None

    def gather(self) -> None:
        """Give the vectors the gradients of their parameters.

        A group of which no parameter has a gradient has none, and rests; a single parameter
        without one has a gradient of zero.
        """
        for group, vector in zip(self._groups, self.vectors, strict=True):
            gradients = [parameter.grad for parameter in group]
            resting = all(gradient is None for gradient in gradients)
            vector.grad = None if resting else _join(group, gradients)

    def release(self) -> None:
        """Give every parameter memory of its own again."""
        for group in self._groups:
            for parameter in group:
                parameter.data = parameter.data.clone()


def _join(like: Sequence[Tensor], values: Sequence[Tensor | None]) -> Tensor:
    return torch.cat(
        [
            (torch.zeros_like(a) if value is None else value).detach().reshape(-1)
            for a, value in zip(like, values, strict=True)
        ]
    )
