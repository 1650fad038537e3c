"""Paths through a latent space along a graph of samples of the prior."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.sparse.csgraph import connected_components, dijkstra
from sklearn.neighbors import NearestNeighbors, kneighbors_graph
from torch import Tensor

from .engine.paths import distance_to_data, resample, roughness
from .engine.seeding import seeded
from .priors import HierarchicalPrior
from .vae import VAE

__all__ = ["LatentGraph", "compare_paths", "resample", "zeta_path"]


class LatentGraph:
    """Nearest-neighbour graph of samples of the prior (method, section 6).

    Nodes are N samples z ~ p(z); each is joined with its k nearest nodes, in both directions,
    by an edge whose weight is their Euclidean distance to the ``power``-th.

    With ``power`` 1 the path is the shortest. Above 1 a long edge costs more than many short ones
    over the same way, so the path keeps to where samples are dense: a few samples inside a ring
    then no longer make a short cut. Its length is Euclidean in any case.

    Args:
        model: a fitted VAE.
        num_nodes: N.
        num_neighbors: k.
        seed: of the samples.
        power: at least 1. The published method has 1; 2 is ours.
        nodes: "samples", or "means": the means of p(z|ζ) at ζ ~ p(ζ), which leave the noise of
            p(z|ζ) out and lie denser where d_z is large. The published method has samples.

    Raises:
        ValueError: if there are fewer than 2 nodes, k is not in 1 .. N − 1, ``power`` is below
            1 or not finite, ``nodes`` is neither of the two, or means are asked of a prior that
            has no ζ.

    Attributes:
        nodes: (N, d_z) float32 tensor.
        num_components: number of connected components.
        component_of: (N,) array, the component that each node lies in.

    Example:
        >>> graph = vhp.LatentGraph(vhp.mlp_vae(5, 2, hidden=(8,)), num_nodes=200, num_neighbors=8)
        >>> graph.interpolate(graph.nodes[0], graph.nodes[1], num_points=60).shape
        torch.Size([60, 2])
    """

    def __init__(
        self,
        model: VAE,
        num_nodes: int = 2000,
        num_neighbors: int = 10,
        seed: int = 0,
        power: float = 1.0,
        nodes: str = "samples",
    ):
        if num_nodes < 2:
            raise ValueError(f"num_nodes must be at least 2, got {num_nodes}")
        if not 1 <= num_neighbors < num_nodes:
            raise ValueError(f"num_neighbors must lie in 1 .. {num_nodes - 1}, got {num_neighbors}")
        if not 1 <= power < float("inf"):
            raise ValueError(f"power must be finite and at least 1, got {power}")
        if nodes not in ("samples", "means"):
            raise ValueError(f"nodes must be 'samples' or 'means', got {nodes!r}")
        with seeded(seed), torch.no_grad():
            if nodes == "samples":
                self.nodes = model.prior.sample(num_nodes).cpu()  # (N, d_z)
            else:
                prior = _hierarchical(model)
                self.nodes = prior.conditional(prior.zeta.sample(num_nodes)).mean.cpu()
        self._search = NearestNeighbors().fit(self.nodes.numpy())
        edges = kneighbors_graph(self._search, num_neighbors, mode="distance")
        self._edges = edges.maximum(edges.T)
        self._edges.data **= power
        self.num_components, self.component_of = connected_components(self._edges, directed=False)

    def shortest_path(self, z_start: Tensor, z_end: Tensor) -> Tensor:
        """The corner points of the path of least weight, (m, d_z), with ``z_start`` and ``z_end``.

        Args:
            z_start, z_end: (d_z,) each; each is joined to the node nearest to it.

        Raises:
            ValueError: if the points have another shape than (d_z,), or the nodes nearest to
                them lie in different components of the graph: there is no path then.
        """
        ends, (start, end) = self._nearest(z_start, z_end)
        if self.component_of[start] != self.component_of[end]:
            raise ValueError(
                "z_start and z_end lie in different components of the graph, which has "
                f"{self.num_components}: no path joins them; take more neighbours or more nodes"
            )
        # Of a single node scipy's stubs say nothing.
        _, before = dijkstra(self._edges, True, start, return_predecessors=True)  # type: ignore[call-overload]
        path = [end]
        while path[-1] != start:
            path.append(int(before[path[-1]]))
        return torch.cat([ends[:1], self.nodes[path[::-1]], ends[1:]])

    def interpolate(self, z_start: Tensor, z_end: Tensor, num_points: int = 60) -> Tensor:
        """Points at equal distances along the shortest path, (num_points, d_z), to be decoded.

        Raises:
            ValueError: as :meth:`shortest_path`, or if ``num_points`` is below 2.
        """
        return resample(self.shortest_path(z_start, z_end), num_points)

    def joins(self, z_start: Tensor, z_end: Tensor) -> bool:
        """Whether the two points, (d_z,) each, lie in one component of the graph."""
        _, (start, end) = self._nearest(z_start, z_end)
        return bool(self.component_of[start] == self.component_of[end])

    def _nearest(self, z_start: Tensor, z_end: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Both points, (2, d_z), and the nodes nearest to them."""
        ends = torch.stack([self._point("z_start", z_start), self._point("z_end", z_end)])
        start, end = self._search.kneighbors(ends.numpy(), 1, return_distance=False)[:, 0]
        return ends, (int(start), int(end))

    def _point(self, name: str, z: Tensor) -> Tensor:
        z = torch.as_tensor(z, dtype=self.nodes.dtype).detach().cpu()
        if z.shape != self.nodes.shape[1:]:
            raise ValueError(
                f"{name} must have shape {tuple(self.nodes.shape[1:])}, got {tuple(z.shape)}"
            )
        if not torch.isfinite(z).all():
            raise ValueError(f"{name} is not finite: {z.tolist()}")
        return z


@torch.no_grad()
def zeta_path(model: VAE, z_start: Tensor, z_end: Tensor, num_points: int = 60) -> Tensor:
    """A path that is straight in ζ: (num_points, d_z), at equal distances in z.

    Both ends are taken to ζ by the mean of q(ζ|z); the straight line between them is taken back
    to z by the mean of p(z|ζ), and joined to the ends themselves. It needs no graph, and is not
    part of the published method.

    Args:
        model: a fitted VAE with a hierarchical prior.
        z_start, z_end: (d_z,) each.
        num_points: points on the path, at least 2.

    Raises:
        ValueError: if the prior has no ζ, or ``num_points`` is below 2.

    Example:
        >>> import torch
        >>> model = vhp.mlp_vae(5, 2, hidden=(8,))
        >>> vhp.zeta_path(model, torch.zeros(2), torch.ones(2), num_points=30).shape
        torch.Size([30, 2])
    """
    prior, ends = (
        _hierarchical(model),
        torch.stack([torch.as_tensor(z_start), torch.as_tensor(z_end)]),
    )
    zeta = prior.inference(ends).mean  # (2, d_ζ)
    line = torch.lerp(zeta[0], zeta[1], torch.linspace(0, 1, 256).to(zeta).unsqueeze(1))
    corners = torch.cat([ends[:1], prior.conditional(line).mean, ends[1:]])
    return resample(corners, num_points)


def _hierarchical(model: VAE) -> HierarchicalPrior:
    if not isinstance(model.prior, HierarchicalPrior):
        raise ValueError(
            f"the prior must be a HierarchicalPrior, the model has a {type(model.prior).__name__}"
        )
    return model.prior


@torch.no_grad()
def compare_paths(
    model: VAE,
    graph: LatentGraph,
    x_start: Any,
    x_end: Any,
    data: Tensor | np.ndarray,
    num_points: int = 60,
) -> pd.DataFrame:
    """Graph path against straight line, between the encoded means of pairs of observations.

    Args:
        model: the VAE that ``graph`` belongs to.
        graph: its latent graph.
        x_start, x_end: (n, D) observations each; row i of one is joined with row i of the other.
        data: (m, D), the observations to which the distance is taken.
        num_points: points on each path.

    Returns: a frame with 2n rows and the columns pair (0 .. n − 1), path ("graph" or
    "straight"), roughness and distance (:func:`vhp_core.evaluation.roughness` and
    :func:`vhp_core.evaluation.distance_to_data` of the decoded path). Where the graph does not
    join the two ends, both are NaN, so that a path that is not there is not forgotten; likewise
    roughness where the decoded path has no length.

    Example:
        >>> import torch
        >>> model, x = vhp.mlp_vae(5, 2, hidden=(8,)), torch.randn(20, 5)
        >>> graph = vhp.LatentGraph(model, num_nodes=100, num_neighbors=10)
        >>> frame = vhp.compare_paths(model, graph, x[:3], x[3:6], data=x)
        >>> frame.path.tolist()
        ['graph', 'straight', 'graph', 'straight', 'graph', 'straight']
    """
    rows = []
    starts, ends = model.encode(x_start).mean, model.encode(x_end).mean
    for pair, (z_start, z_end) in enumerate(zip(starts, ends, strict=True)):
        paths = {"straight": resample(torch.stack([z_start, z_end]), num_points)}
        if graph.joins(z_start, z_end):
            paths["graph"] = graph.interpolate(z_start, z_end, num_points)
        for name in ("graph", "straight"):
            row = {"pair": pair, "path": name, "roughness": np.nan, "distance": np.nan}
            if name in paths:
                decoded = model.decode(paths[name].to(z_start.device)).mean
                if decoded.diff(dim=0).any():
                    row["roughness"] = roughness(decoded)
                row["distance"] = distance_to_data(decoded, data)
            rows.append(row)
    return pd.DataFrame(rows)
