"""Paths as points one after another: resampled, how rough they are, how far from data."""

import numpy as np
import torch
from torch import Tensor

__all__ = ["distance_to_data", "resample", "roughness"]


def resample(path: Tensor, num_points: int) -> Tensor:
    """Points at equal distances along a polyline, first and last kept: (m, d) -> (num_points, d).

    Distance is measured along the line. A straight line is ``resample`` of its two ends.

    Raises:
        ValueError: if the path has fewer than 2 points, or ``num_points`` is below 2.

    Example:
        >>> import torch
        >>> vhp.resample(torch.tensor([[0.0, 0.0], [3.0, 0.0], [3.0, 1.0]]), num_points=3)
        tensor([[0., 0.],
                [2., 0.],
                [3., 1.]])
    """
    if path.ndim != 2 or len(path) < 2:
        raise ValueError(f"path must have shape (m >= 2, d), got {tuple(path.shape)}")
    if num_points < 2:
        raise ValueError(f"num_points must be at least 2, got {num_points}")
    points = path.detach().cpu().double().numpy()  # (m, d)
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)])  # (m,)
    keep = np.concatenate([[True], lengths > 0])  # a repeated corner has no length
    if keep.sum() < 2:
        return path[:1].detach().cpu().repeat(num_points, 1)
    wanted = np.linspace(0.0, along[-1], num_points)
    columns = [np.interp(wanted, along[keep], column[keep]) for column in points.T]
    return torch.as_tensor(np.stack(columns, axis=1), dtype=path.dtype)


def roughness(path: Tensor | np.ndarray) -> float:
    """Roughness of a path in data space: mean norm of second differences over path length.

    The path is taken at the points given; compare paths of equally many. 0 for a straight
    line in even steps; the smaller, the smoother. Without a unit.

    Args:
        path: (T, D) or (T, ...), T ≥ 3; images count as vectors.

    Raises:
        ValueError: if the path has fewer than 3 points, is not finite, or has no length.

    Example:
        >>> round(vhp.evaluation.roughness([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]), 4)  # √2 over 2
        0.7071
    """
    path = _points("path", path, least=3)
    length = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
    if length == 0:
        raise ValueError("path has no length: all its points are equal")
    return float(np.linalg.norm(np.diff(path, n=2, axis=0), axis=1).mean() / length)


def distance_to_data(path: Tensor | np.ndarray, data: Tensor | np.ndarray) -> float:
    """Mean Euclidean distance from each point of a path to the nearest observation.

    Args:
        path: (T, D) or (T, ...) decoded points; images count as vectors.
        data: (n, D) or (n, ...) observations.

    Returns: the mean, in the data's unit.

    Raises:
        ValueError: if the two have different dimensions, or are not finite.

    Example:
        >>> path = [[0.0, 0.0], [3.0, 4.0]]  # 0 and 5 away
        >>> vhp.evaluation.distance_to_data(path, data=[[0.0, 0.0]])
        2.5
    """
    from sklearn.neighbors import NearestNeighbors  # here: the first import takes a second

    path, data = _points("path", path, least=1), _points("data", data, least=1)
    if path.shape[1] != data.shape[1]:
        raise ValueError(f"path has {path.shape[1]} dimensions, data has {data.shape[1]}")
    distance, _ = NearestNeighbors(n_neighbors=1).fit(data).kneighbors(path)
    return float(distance.mean())


def _points(name: str, x: Tensor | np.ndarray, least: int) -> np.ndarray:
    x = np.asarray(x.detach().cpu() if isinstance(x, Tensor) else x, dtype=np.float64)
    if x.ndim < 2 or len(x) < least:
        raise ValueError(f"{name} must have shape (at least {least}, D), got {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"{name} is not finite")
    return x.reshape(len(x), -1)
