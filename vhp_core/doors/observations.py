"""What a user hands in as observations, and the refusal of what is none."""

import math
import warnings
from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, IterableDataset

from .rows import Rows
from .tables import columns_of, is_frame, values_of

__all__ = ["check_codes", "check_data"]

_VALUES_AT_ONCE = 1 << 20  # looked at together


class Model(Protocol):
    """What the doors know of a VAE."""

    x_shape: tuple[int, ...] | None
    columns: tuple[str, ...] | None
    fill: Tensor | None

    @property
    def encoder(self) -> Any: ...

    @property
    def likelihood(self) -> Any:
        """Of any kind, with ``event_dims``; whether it has ``bounds`` and ``missing`` is asked."""

    def parameters(self) -> Iterator[nn.Parameter]: ...


def check_data(model: Model, x: Any, missing: bool = False) -> Tensor | Rows:
    """The one door for data: what ``model`` can take as observations; all else is refused.

    It takes tensors, arrays of any real type and what numpy can make one of; pandas' frames, by
    their columns; masked arrays; scipy's sparse matrices; memory maps
    (``np.load(path, mmap_mode="r")``); and map-style data sets (``torch.utils.data.Dataset``),
    of whose items that are tuples the first entry counts. What is held in fewer bytes than the
    model's numbers take (whole numbers, half precision, sparse and mapped arrays, data sets) stays
    as it is until a batch needs it. uint8 in the
    shape of images, (n, channels, height, width), are grey levels: 0 … 255 means 0 … 1. All other
    numbers count as they are, those of flattened pictures and of pictures as floats too.

    Args:
        model: a VAE, or what has ``likelihood.event_dims``, ``x_shape`` and parameters alike.
        x: (n, ...) observations.
        missing: let NaN and masked entries pass as NaN; also so for a model that was fitted with
            ``missing="model"``.

    Returns: a tensor of the model's type; or :class:`vhp_core.doors.Rows`, which are indexed like
    one.

    Raises:
        ValueError: if x is not numeric and real (a table's columns that are not are named), not of
            shape (n ≥ 1, D) with the model's D, has other columns than the table that the model was
            fitted on, has missing or infinite entries (the first is named), or lies outside what
            the likelihood allows; or is a DataLoader, whose draws would not be the seed's. The
            items of a data set are looked at when they are read.

    Example:
        >>> import numpy as np
        >>> x = vhp.evaluation.check_data(vhp.mlp_vae(3, 2, hidden=(8,)), np.zeros((4, 3)))
        >>> x.shape, x.dtype
        (torch.Size([4, 3]), torch.float32)
    """
    like = next(model.parameters())
    look = _Look(model, columns_of(x), missing)
    if isinstance(x, Rows):  # it came through here
        return x
    if isinstance(x, DataLoader | IterableDataset):
        raise ValueError(
            f"x is a {type(x).__name__}, but batches are drawn by the seed: give a map-style data "
            "set, such as loader.dataset"
        )
    if isinstance(x, Dataset):
        return _of_dataset(x, like, look)
    if hasattr(x, "tocsr"):
        return _of_sparse(x, like, look)
    held = _held(x)
    look.at_shape(held.shape)
    narrow = held.element_size() < like.element_size()
    if not (narrow or isinstance(x, np.memmap)):
        return look.at_parts(held.to(like.dtype))
    grey = held.dtype == torch.uint8 and held.ndim == 4

    def read(index: Tensor) -> Tensor:
        part = held[index].to(like.dtype)
        return part / 255 if grey else part

    return look.at_parts(Rows(read, held.shape, held.device, held))


def check_codes(model: Model, z: Any) -> Tensor:
    """What ``model`` can decode, as a tensor of its type: numbers whose last dimension is d_z.

    Args:
        model: a VAE; where its encoder is none of this package's, codes of any d_z pass.
        z: (..., d_z) codes: a tensor, an array, a table.

    Raises:
        ValueError: if these are no numbers, or of another d_z.

    Example:
        >>> import numpy as np
        >>> vhp.doors.check_codes(vhp.mlp_vae(3, 2, hidden=(8,)), np.zeros((4, 2))).shape
        torch.Size([4, 2])
    """
    codes = z if isinstance(z, Tensor) else _held(z, "z")
    linear = getattr(model.encoder, "linear", None)  # (d_z, D) of GaussianAroundLinear
    if isinstance(linear, Tensor) and (not codes.ndim or codes.shape[-1] != len(linear)):
        raise ValueError(
            f"z must have shape (..., {len(linear)}), d_z last, got {tuple(codes.shape)}"
        )
    return codes.to(next(model.parameters()))


def _held(x: Any, name: str = "x") -> Tensor:
    """Numbers in memory, or a file's, as a tensor that shares it where that can be."""
    if is_frame(x):
        x = values_of(x)
    elif isinstance(x, np.ma.MaskedArray):
        x = np.ma.filled(x.astype(np.float64), np.nan)
    elif not isinstance(x, Tensor) and hasattr(x, "__array__"):
        x = np.asanyarray(x)
    if isinstance(x, np.ndarray):
        if x.dtype == np.longdouble:
            x = x.astype(np.float64)
        if not (all(stride >= 0 for stride in x.strides) and x.dtype.isnative):
            x = np.ascontiguousarray(x, dtype=x.dtype.newbyteorder("="))
    try:
        with warnings.catch_warnings():  # of arrays opened for reading only: nothing writes here
            warnings.filterwarnings("ignore", "The given NumPy array is not writable")
            held = torch.as_tensor(x).detach()
    except (TypeError, ValueError, RuntimeError) as error:
        first = x[0] if isinstance(x, list | tuple) and x else x
        mend = f"; give pandas.DataFrame({name})" if isinstance(first, dict) else ""
        raise ValueError(f"{name} is no numeric array: {error}{mend}") from error
    if held.is_complex():
        raise ValueError("x is complex; give its real and imaginary parts as columns")
    if held.layout != torch.strided:
        raise ValueError(f"x has the layout {held.layout}; give x.to_dense() or a scipy matrix")
    return held


def _of_sparse(x: Any, like: Tensor, look: "_Look") -> Rows:
    rows = x.tocsr()
    look.at_shape(rows.shape)

    def read(index: Tensor) -> Tensor:
        return torch.as_tensor(rows[index.numpy()].toarray()).to(like.dtype)

    return look.at_parts(Rows(read, rows.shape))


def _of_dataset(x: Any, like: Tensor, look: "_Look") -> Rows:  # torch's Dataset has no len
    def number(item: Any) -> Tensor:
        found = _held(item)
        grey = found.dtype == torch.uint8 and found.ndim == 3
        return found.to(like.dtype) / 255 if grey else found.to(like.dtype)

    shape = (len(x), *number(_first_entry(x[0])).shape) if len(x) else (0,)
    look.at_shape(shape)
    several = getattr(x, "__getitems__", None)  # as torch's DataLoader asks, where it is there

    def read(index: Tensor) -> Tensor:
        rows = index.tolist()
        found = several(rows) if several else [x[row] for row in rows]
        items = [_first_entry(item) for item in found]
        if all(isinstance(item, Tensor) and item.dtype == like.dtype for item in items):
            part = _held(torch.stack(items))  # looked at together: a fifth of the time
        else:
            part = torch.stack([number(item) for item in items])
        look.at_parts(part, rows=index)
        return part

    return Rows(read, shape)


def _first_entry(item: Any) -> Any:
    return item[0] if isinstance(item, tuple | list) else item


Data = TypeVar("Data", bound=Tensor | Rows)


class _Look:
    """What observations have to be for a model: their shape, and each of their entries."""

    def __init__(self, model: Model, names: tuple[str, ...] | None, missing: bool):
        known = getattr(model, "columns", None)
        if names and known and names != known:
            mend = "; give x[list(model.columns)]" if set(known) <= set(names) else ""
            raise ValueError(
                f"x has the columns {list(names)}, the model was fitted on {list(known)}{mend}"
            )
        self.names = names
        self.missing = missing or getattr(model, "fill", None) is not None
        self.event_dims, self.shape = model.likelihood.event_dims, model.x_shape
        self.likelihood = type(model.likelihood).__name__
        bounds: tuple[float, float] = getattr(model.likelihood, "bounds", (-math.inf, math.inf))
        self.low, self.high = bounds

    def at_shape(self, shape: tuple[int, ...]) -> None:
        given = tuple(shape[1:])
        if len(shape) != 1 + self.event_dims or shape[0] == 0:
            grey = self.shape is not None and self.shape == (1, *given)
            raise ValueError(
                f"x must have {1 + self.event_dims} dimensions, observations first, and at least "
                f"one observation; its shape is {tuple(shape)}"
                + ("; give the one channel a dimension, x[:, None]" if grey else "")
            )
        if self.shape is not None and given != self.shape:
            if len(self.shape) == 1:
                raise ValueError(
                    f"x has {given[0]} columns, the model was built for {self.shape[0]}"
                )
            last = given == (*self.shape[1:], self.shape[0])
            raise ValueError(
                f"an observation has the shape {given}, the model was built for {self.shape}"
                + ("; move the channels, np.moveaxis(x, -1, 1)" if last else "")
            )

    def at_parts(self, x: Data, rows: Tensor | None = None) -> Data:
        """``x`` itself, once every entry was looked at, a bounded number of rows at a time."""
        bad, absent, low, high = 0, 0, math.inf, -math.inf
        first: tuple[int, ...] | None = None
        at_once = max(1, _VALUES_AT_ONCE // max(1, x.shape[1:].numel()))
        for start in range(0, len(x), at_once):
            part = x[start : start + at_once]
            usable = part.isfinite()
            if not usable.all():
                gone = part.isnan()
                absent += int(gone.sum())
                wrong = (~usable & ~gone) if self.missing else ~usable
                places = wrong.nonzero()
                bad += len(places)
                if first is None and len(places):
                    row = start + int(places[0, 0])
                    row = row if rows is None else int(rows[row])
                    first = (row, *places[0, 1:].tolist())
                part = part[usable]
            if part.numel():
                low, high = min(low, part.min().item()), max(high, part.max().item())
        if first is not None:
            self._refuse_entries(bad, first, absent)
        if low < self.low or high > self.high:
            raise ValueError(
                f"x must lie in [{self.low:g}, {self.high:g}] for a {self.likelihood}; it spans "
                f"[{low:.4g}, {high:.4g}]"
            )
        return x

    def _refuse_entries(self, bad: int, first: tuple[int, ...], absent: int) -> None:
        place = f"at index {first}"
        if self.names:
            place = f"in row {first[0]}, column {self.names[first[1]]!r}"
        mend = "remove or fill these observations"
        if absent == bad:  # all of them NaN or masked, and not to be modelled
            mend += ', or fit with missing="model"'
        raise ValueError(f"x is not finite at {bad} places, the first {place}; {mend}")
