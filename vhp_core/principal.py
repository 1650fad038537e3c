"""Pictures as coordinates on their principal axes, on which small fully connected networks do."""

import copy
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from .engine.checkpoints import read_tensors, write_tensors
from .likelihoods import GaussianLikelihood
from .vae import VAE

__all__ = ["PrincipalAxes"]

_FORMAT = "vhp_core.PrincipalAxes/1"


@dataclass(frozen=True, eq=False)
class PrincipalAxes:
    """The mean of a data set and its M leading principal axes.

    Observations that are alike in most of their entries, such as pictures in a common frame, lie
    close to the M-dimensional plane of these axes. The axes are orthonormal, so a squared distance
    within that plane is one of coordinates: a Gaussian likelihood means the same on both. A VAE of
    fully connected networks is trained on the coordinates, at a fraction of the time that pixels
    take, and :meth:`around` makes of it a VAE of the observations themselves.

    Attributes:
        mean: (D,) of the data, flattened.
        axes: (M, D), orthonormal rows, the leading first.
        shape: of one observation.

    Example:
        >>> import torch
        >>> pictures = torch.rand(100, 1, 8, 8)
        >>> found = vhp.PrincipalAxes.fit(pictures, 16)
        >>> y = found.coordinates(pictures)
        >>> y.shape, found.restore(y).shape
        (torch.Size([100, 16]), torch.Size([100, 1, 8, 8]))
        >>> model = found.around(vhp.mlp_vae(16, 2, hidden=(8,)))
        >>> model.decode(model.encode(pictures).mean).mean.shape
        torch.Size([100, 1, 8, 8])
    """

    mean: Tensor
    axes: Tensor
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        size = int(np.prod(self.shape))
        if self.mean.shape != (size,) or self.axes.ndim != 2 or self.axes.shape[1] != size:
            raise ValueError(
                f"observations of shape {tuple(self.shape)} need a mean of {size} entries and axes "
                f"of as many; got {tuple(self.mean.shape)} and {tuple(self.axes.shape)}"
            )

    @classmethod
    def fit(cls, x: Tensor | np.ndarray, number: int, seed: int = 0) -> "PrincipalAxes":
        """The ``number`` leading axes of the data, by the randomised PCA of scikit-learn.

        Mean and axes are rounded to half precision, in which they are stored.

        Args:
            x: (n, ...) data, finite.
            number: M, at most n and the data's dimension.
            seed: of the randomised decomposition.

        Raises:
            ValueError: if ``number`` is out of its range or a value is not finite.
        """
        from sklearn.decomposition import PCA  # here: the first import takes a second

        x = torch.as_tensor(x)
        flat = x.flatten(1)
        if not 1 <= number <= min(flat.shape):
            raise ValueError(f"number must lie in 1 .. {min(flat.shape)}, got {number}")
        if not flat.isfinite().all():
            raise ValueError("x must be finite, got NaN or infinity")
        found = PCA(number, svd_solver="randomized", random_state=seed).fit(flat.numpy())
        mean, axes = (
            torch.as_tensor(np.ascontiguousarray(a)) for a in (found.mean_, found.components_)
        )
        return cls(mean.half().float(), axes.half().float(), tuple(x.shape[1:]))

    def leading(self, number: int) -> "PrincipalAxes":
        """The first ``number`` of the axes. Raises ValueError if there are fewer."""
        if not 1 <= number <= len(self.axes):
            raise ValueError(f"number must lie in 1 .. {len(self.axes)}, got {number}")
        return PrincipalAxes(self.mean, self.axes[:number], self.shape)

    def coordinates(self, x: Tensor | np.ndarray) -> Tensor:
        """(n, ...) -> (n, M).

        Raises:
            ValueError: if an observation has another shape than the data had.
        """
        x = torch.as_tensor(x).to(self.mean)
        if x.shape[1:] != torch.Size(self.shape):
            raise ValueError(
                f"x must have shape (n, {', '.join(map(str, self.shape))}), got {tuple(x.shape)}"
            )
        return (x.flatten(1) - self.mean) @ self.axes.T

    def restore(self, coordinates: Tensor) -> Tensor:
        """(..., M) -> (...) + ``shape``: the point of the plane that has these coordinates."""
        return (self.mean + coordinates @ self.axes).unflatten(-1, self.shape)

    def around(self, model: VAE) -> VAE:
        """The model of coordinates as one of observations: the axes before and after it.

        It shares networks, σ and prior with the model. Its error is that of the coordinates
        and what the axes leave out of an observation. Encoder and decoder are ``Sequential``, with
        the axes as a linear layer that takes no gradient.

        Raises:
            ValueError: if the model is not one of M coordinates with a Gaussian likelihood.
        """
        number, size = self.axes.shape
        if not isinstance(model.likelihood, GaussianLikelihood):
            raise ValueError(
                "coordinates are neither 0 nor 1: the model's likelihood must be a "
                f"GaussianLikelihood, got {type(model.likelihood).__name__}"
            )
        if model.x_shape is not None and model.x_shape != (number,):
            raise ValueError(
                f"the model must be one of {number} coordinates, its observations have shape "
                f"{model.x_shape}"
            )
        inwards, outwards = nn.Linear(size, number), nn.Linear(number, size)
        with torch.no_grad():
            inwards.weight.copy_(self.axes)
            inwards.bias.copy_(-self.axes @ self.mean)
            outwards.weight.copy_(self.axes.T)
            outwards.bias.copy_(self.mean)
        encoder = nn.Sequential(nn.Flatten(), inwards.requires_grad_(False), model.encoder)
        layers = model.decoder if isinstance(model.decoder, nn.Sequential) else [model.decoder]
        decoder = nn.Sequential(
            *layers, outwards.requires_grad_(False), nn.Unflatten(-1, self.shape)
        )
        likelihood = copy.copy(model.likelihood)  # with the same σ, over other dimensions
        likelihood.event_dims = len(self.shape)
        whole = VAE(encoder, decoder, likelihood, model.prior)
        whole.x_shape = self.shape
        return whole

    def save(self, path: str | os.PathLike) -> None:
        """Write one safetensors file, atomically: 2 bytes a number."""
        tensors = {"mean": self.mean.half(), "axes": self.axes.half()}
        header = {"format": _FORMAT, "shape": " ".join(map(str, self.shape))}
        write_tensors(Path(path), tensors, header)

    @classmethod
    def load(cls, path: str | os.PathLike) -> "PrincipalAxes":
        """Read a file of :meth:`save`. Nothing is unpickled.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if the file is damaged or holds something else.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"no file with principal axes at {path}")
        try:
            header, tensors = read_tensors(path)
            if header.get("format") != _FORMAT:
                raise ValueError(f"its format is {header.get('format')!r}, not {_FORMAT!r}")
            shape = tuple(int(size) for size in header["shape"].split())
            return cls(tensors["mean"].float(), tensors["axes"].float(), shape)
        except (SafetensorError, KeyError, ValueError) as error:
            raise ValueError(f"{path} does not hold principal axes: {error}") from error
