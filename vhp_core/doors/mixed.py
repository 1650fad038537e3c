"""Tables whose columns are numbers, yes or no, and categories: coding and likelihood."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Size, Tensor, nn
from torch.distributions import Bernoulli, Distribution, Independent, Normal, OneHotCategorical
from torch.nn.functional import log_softmax, softplus

from ..engine.entries import Entrywise, normal_log_prob, set_log_scale

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MixedLikelihood", "MixedTable"]

_KINDS = ("gaussian", "bernoulli", "categorical")


class MixedTable:
    """How the columns of a table become a matrix of numbers, and come back.

    Columns of numbers ("gaussian") are standardised, those of two values ("bernoulli") become 0
    and 1, others ("categorical") an entry for each category, 1 in one of them. The matrix has the
    columns of each kind together, in this order. A missing value is NaN in all its entries.

    A model of the matrix gives log p of the matrix, with its standardised columns. In the table's
    own units it is that less the sum of log "scale" over the gaussian columns.

    Args:
        columns: one dict a column: "name", "kind"; "mean" and "scale" of a gaussian one, else
            "values", in their order; "dtype", of what :meth:`decode` returns. JSON can hold it.

    Raises:
        ValueError: if a kind is none of these three, or a scale is not above 0.

    Example:
        >>> import pandas as pd, vhp_core as vhp
        >>> frame = pd.DataFrame({"age": [31, 58, 44], "city": ["Ulm", "Bonn", "Ulm"]})
        >>> table = vhp.doors.MixedTable.from_frame(frame)
        >>> x = table.encode(frame)
        >>> table.entries, x[:, 1:].tolist()
        (['age', 'city=Bonn', 'city=Ulm'], [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
        >>> model = vhp.mlp_vae(table.width, 1, hidden=(8,), likelihood=table.likelihood)
        >>> table.decode(model.sample(4, noise=True)).columns.tolist()
        ['age', 'city']
    """

    def __init__(self, columns: Sequence[Mapping[str, Any]]):
        self.columns = [dict(column) for column in columns]
        for column in self.columns:
            if column["kind"] not in _KINDS:
                raise ValueError(f"column {column['name']}: kind must be one of {_KINDS}")
            if column["kind"] == "gaussian" and not 0 < column["scale"] < float("inf"):
                raise ValueError(f"column {column['name']}: scale must be finite and above 0")
        self._sorted = sorted(self.columns, key=lambda column: _KINDS.index(column["kind"]))

    @classmethod
    def from_frame(
        cls, frame: "pd.DataFrame", kinds: Mapping[str, str] | None = None
    ) -> "MixedTable":
        """The coding of this table: by the types of its columns, where ``kinds`` names no other.

        Booleans are bernoulli, numbers gaussian with their own mean and standard deviation, text
        and categories categorical, in the order of a pandas category or sorted.

        Args:
            frame: the table.
            kinds: column -> "gaussian", "bernoulli" (of two values) or "categorical".

        Raises:
            ValueError: if ``kinds`` names a column that is not there, or a column cannot be of its
                kind; both are named.
        """
        import pandas as pd
        from pandas.api.types import is_bool_dtype, is_numeric_dtype

        if unknown := set(kinds or {}) - set(frame):
            raise ValueError(f"kinds names columns that the table lacks: {sorted(unknown)}")
        columns = []
        named: Mapping[Any, str] = kinds or {}
        for name, series in frame.items():
            boolean, number = is_bool_dtype(series), is_numeric_dtype(series)
            guess = "bernoulli" if boolean else "gaussian" if number else "categorical"
            kind = named.get(name, guess)
            column: dict[str, Any] = {"name": name, "kind": kind, "dtype": str(series.dtype)}
            if kind == "gaussian":
                if not number:
                    raise ValueError(f"column {name} of type {series.dtype} is not one of numbers")
                mean, scale = np.nanmean(_numbers(series)), np.nanstd(_numbers(series))
                columns.append(column | {"mean": float(mean), "scale": float(scale) or 1.0})
                continue
            known = isinstance(series.dtype, pd.CategoricalDtype)
            found = series.cat.categories if known else pd.Index(series.dropna().unique())
            values = (
                [False, True] if boolean else (found if known else found.sort_values()).tolist()
            )
            if not all(isinstance(value, str | int | float) for value in values):
                raise ValueError(f"column {name} of type {series.dtype} is none of text or numbers")
            if kind == "bernoulli" and len(values) != 2:
                raise ValueError(f"column {name} has {len(values)} values; bernoulli has 2")
            columns.append(column | {"values": values})
        return cls(columns)

    @property
    def entries(self) -> list[str]:
        """The names of the matrix's columns."""
        return [
            f"{column['name']}={value}" if column["kind"] == "categorical" else column["name"]
            for column in self._sorted
            for value in column.get("values", [None])[-_size(column) :]
        ]

    @property
    def width(self) -> int:
        """Number of columns of the matrix, the x_dim of a model."""
        return sum(map(_size, self.columns))

    @property
    def likelihood(self) -> dict[str, Any]:
        """For :func:`vhp_core.mlp_vae`: the arguments of :class:`MixedLikelihood`."""
        sizes = {kind: [_size(c) for c in self._sorted if c["kind"] == kind] for kind in _KINDS}
        return {kind: sum(sizes[kind]) for kind in _KINDS[:2]} | {"categorical": sizes[_KINDS[2]]}

    def encode(self, frame: "pd.DataFrame") -> Tensor:
        """The table as a matrix, (n, width), of PyTorch's default type.

        Raises:
            ValueError: if a column is not there, or holds a value that it had not; it is named.
        """
        import pandas as pd

        if lacks := [c["name"] for c in self.columns if c["name"] not in frame]:
            raise ValueError(f"the table lacks the columns {lacks}")
        parts = []
        for column in self._sorted:
            series = frame[column["name"]]
            if column["kind"] == "gaussian":
                parts.append((_numbers(series)[:, None] - column["mean"]) / column["scale"])
                continue
            values = series.astype(object)
            code = pd.Index(column["values"], dtype=object).get_indexer(values)
            missing = series.isna().to_numpy()
            if new := sorted({str(value) for value in values[(code < 0) & ~missing]}):
                raise ValueError(f"column {column['name']} has values that it had not: {new[:4]}")
            one_hot = np.eye(len(column["values"]))[code]
            one_hot[missing] = np.nan
            parts.append(one_hot if column["kind"] == "categorical" else one_hot[:, 1:])
        return torch.as_tensor(np.concatenate(parts, axis=1), dtype=torch.get_default_dtype())

    def decode(self, x: Tensor) -> "pd.DataFrame":
        """The table of a matrix, (n, width): of means or draws the most probable categories.

        Columns of whole numbers are rounded.

        Raises:
            ValueError: if the matrix has another width.
        """
        import pandas as pd
        from pandas.api.types import is_integer_dtype

        if x.ndim != 2 or x.shape[1] != self.width:
            raise ValueError(f"x must have shape (n, {self.width}), got {tuple(x.shape)}")
        parts = x.detach().cpu().double().split([_size(column) for column in self._sorted], dim=1)
        found = {}
        for column, part in zip(self._sorted, parts, strict=True):
            values, dtype = column.get("values"), column.get("dtype")
            if column["kind"] == "gaussian":
                entries = part[:, 0].numpy() * column["scale"] + column["mean"]
                entries = entries.round() if dtype and is_integer_dtype(dtype) else entries
            else:
                first = column["kind"] == "bernoulli"
                code = (part[:, 0] >= 0.5).long() if first else part.argmax(1)
                entries = np.array(values, dtype=object)[code.numpy()]
                dtype = pd.CategoricalDtype(values) if dtype == "category" else dtype
            found[column["name"]] = pd.Series(entries, dtype=dtype)
        return pd.DataFrame({column["name"]: found[column["name"]] for column in self.columns})


class MixedLikelihood(Entrywise):
    r"""p(x|z) of a table: normal, Bernoulli and categorical columns, independent given z.

    The decoder's output holds means, logits, and the logits of each categorical column; x is a
    matrix of :meth:`MixedTable.encode`. The reconstruction error adds up over the columns,

    .. math::

        C = \sum_{\text{gaussian}} (x_d - μ_d)^2
          + \sum_{\text{bernoulli}} \mathrm{KL}(\mathrm{Bern}(x_d) \,\|\, \mathrm{Bern}(p_d))
          + \sum_{\text{categorical}} \mathrm{KL}(\mathrm{Cat}(x_j) \,\|\, \mathrm{Cat}(p_j)),

    squared units of standardised columns and nats; for x in {0, 1} a KL is −log p. Each gaussian
    column has a σ of its own, set after :func:`vhp_core.fit` (:meth:`set_scales`); an IWAE learns
    it.

    Args:
        gaussian: number of gaussian columns, which come first.
        bernoulli: number of Bernoulli columns, which come next.
        categorical: number of categories of each categorical column.

    Example:
        >>> import torch
        >>> likelihood = vhp.doors.MixedLikelihood(gaussian=1, bernoulli=1, categorical=(2,))
        >>> x = torch.tensor([[3.0, 1.0, 0.0, 1.0]])
        >>> likelihood.error(x, torch.zeros(1, 4))  # 9 + 2 log 2
        tensor([10.3863])
    """

    def __init__(self, gaussian: int = 0, bernoulli: int = 0, categorical: Sequence[int] = ()):
        super().__init__()
        self.sizes = (gaussian, bernoulli, *categorical)
        self.log_scale = nn.Parameter(torch.zeros(gaussian))

    def forward(self, output: Tensor) -> Distribution:
        """The distribution of x given the decoder's output, shape (..., D)."""
        loc, logits, *categorical = output.split(self.sizes, dim=-1)
        scale = self.log_scale.exp().expand_as(loc)
        return _SideBySide(
            Independent(Normal(loc, scale, validate_args=False), 1),
            Independent(Bernoulli(logits=logits, validate_args=False), 1),
            *(OneHotCategorical(logits=part, validate_args=False) for part in categorical),
        )

    def check(self, x: Tensor, output: Tensor) -> None:
        """As for every :class:`vhp_core.Entrywise`; the width must be that of the columns, too."""
        super().check(x, output)
        if x.shape[-1] != sum(self.sizes):
            raise ValueError(f"x has {x.shape[-1]} columns, the likelihood {sum(self.sizes)}")

    def entries(self, x: Tensor, output: Tensor) -> Tensor:
        """What each entry adds to C; the entries of a categorical column do so together."""
        x, output = torch.broadcast_tensors(x, output)
        (y, p, *hot), (loc, logits, *categorical) = (t.split(self.sizes, -1) for t in (x, output))
        costs = [(y - loc).square(), p * softplus(-logits) + (1 - p) * softplus(logits)]
        costs += [-q * log_softmax(r, -1) for q, r in zip(hot, categorical, strict=True)]
        return torch.cat(costs, dim=-1) - self._entropies(x)

    def log_prob_entries(self, x: Tensor, entries: Tensor) -> Tensor:
        """log p(x_d|z) of each entry, from what it adds to C."""
        first = self.sizes[0]
        normal = normal_log_prob(entries[..., :first], self.log_scale)
        return torch.cat([normal, (-entries - self._entropies(x))[..., first:]], dim=-1)

    def _entropies(self, x: Tensor) -> Tensor:
        """Of outcomes that x gives probabilities for; 0 for sure ones, and for numbers."""
        y, p, *hot = x.split(self.sizes, dim=-1)
        parts = [torch.zeros_like(y), _entropy(p) + _entropy(1 - p), *map(_entropy, hot)]
        return torch.cat(parts, dim=-1)

    def set_scales(self, mean_errors: Tensor) -> None:
        """Set σ² of each gaussian column to its entry of ``mean_errors``, which has D of them.

        Raises:
            ValueError: if one is not finite or below 0.
        """
        set_log_scale(self.log_scale, mean_errors[: self.sizes[0]])


class _SideBySide(Distribution):
    """Independent vectors joined into one."""

    arg_constraints = {}  # noqa: RUF012

    def __init__(self, *parts: Distribution):
        self.parts = parts
        self.sizes = [part.event_shape[0] for part in parts]
        super().__init__(parts[0].batch_shape, Size([sum(self.sizes)]), validate_args=False)

    @property
    def mean(self) -> Tensor:
        return torch.cat([part.mean for part in self.parts], dim=-1)

    @property
    def variance(self) -> Tensor:
        return torch.cat([part.variance for part in self.parts], dim=-1)

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return torch.cat([part.sample(Size(sample_shape)) for part in self.parts], dim=-1)

    def log_prob(self, value: Tensor) -> Tensor:
        values = value.split(self.sizes, dim=-1)
        parts = (part.log_prob(v) for part, v in zip(self.parts, values, strict=True))
        return sum(parts, start=value.new_zeros(()))


def _size(column: Mapping[str, Any]) -> int:
    return len(column["values"]) if column["kind"] == "categorical" else 1


def _numbers(series: "pd.Series") -> np.ndarray:
    return series.to_numpy(dtype=float, na_value=float("nan"))


def _entropy(p: Tensor) -> Tensor:
    """−p log p, an outcome's part in an entropy."""
    return -torch.xlogy(p, p)
