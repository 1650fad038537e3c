"""Ways from one face to another: the true ones, which are rendered, and those of a model.

A true way changes one thing alone: it turns a head, makes a person another, or moves the light.
A path of a model has to be judged by it, not by its distance to data: to stand still at a face is
close to data as well. So the measure looks both ways. *To* is the mean distance of a path's frame
to the nearest true frame, *from* that of a true frame to the path's nearest, and *off* the mean of
the two. All distances are those of coordinates on principal axes.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from sklearn.neighbors import NearestNeighbors, kneighbors_graph
from torch import Tensor

import vhp_core as vhp

PAIRS, FRAMES = 12, 40
PROFILE, LIGHT = 55.0, 50.0  # degrees
RANGES = {  # degrees, of what a way leaves as it is
    "azimuth": (-55.0, 55.0),
    "elevation": (-15.0, 15.0),
    "light_azimuth": (-55.0, 55.0),
    "light_elevation": (0.0, 50.0),
}
COMPONENTS, LARGEST = 10, 2.5  # of the identity, as in the data

GRAPH = {"num_nodes": 2000, "num_neighbors": 10}
# Kinds of graph: nodes and the power of edge lengths. The first is the published one.
GRAPHS = {"graph": ("samples", 1), "squared": ("samples", 2), "means": ("means", 2)}
DECODED = {"num_nodes": 10_000, "num_neighbors": 20, "parts": 4}

Finder = Callable[[Tensor, Tensor], Tensor | None]


def true_ways(spread: float, seed: int) -> dict[str, Tensor]:
    """Kind -> pictures of the way between each pair, (PAIRS, FRAMES, 1, S, S).

    The people are in no data set; ``spread`` is that of their identity's coefficients.
    """
    rng = np.random.default_rng([seed, 64])
    steps = np.linspace(0.0, 1.0, FRAMES)
    # (PAIRS, 1) each, and two people a pair, (PAIRS, 1, COMPONENTS) each
    angles = {name: rng.uniform(*ends, (PAIRS, 1)) for name, ends in RANGES.items()}
    first, second = (
        spread * rng.standard_normal((PAIRS, 1, COMPONENTS)).clip(-LARGEST, LARGEST)
        for _ in range(2)
    )
    side = (-1.0) ** np.arange(PAIRS)[:, None]
    between = first + (second - first) * steps[:, None]
    return {
        "turn": vhp.data.render(first, **angles | {"azimuth": side * PROFILE * steps}),
        "identity": vhp.data.render(between, **angles),
        "light": vhp.data.render(first, **angles | {"light_azimuth": LIGHT * (2 * steps - 1)}),
    }


def apart(path: Tensor, way: Tensor) -> tuple[float, float]:
    """*To* and *from* of a path, (m, D), and a true way, (n, D)."""
    exact = "donot_use_mm_for_euclid_dist"  # else two equal points are not at distance 0
    distance = torch.cdist(path, way, compute_mode=exact)
    return distance.min(1).values.mean().item(), distance.min(0).values.mean().item()


class DecodedGraph:
    """A dense graph of samples of the prior whose edges are as long as the decoder draws them.

    Each sample is joined with its nearest in z; the weight of an edge is the length of the decoded
    line between the two, so that a path avoids what looks different rather than what is far in z.

    Args:
        model: a VAE.
        num_nodes, num_neighbors, seed: as for :class:`vhp_core.LatentGraph`.
        parts: into which an edge is cut to measure its decoded length.
    """

    def __init__(
        self, model: vhp.VAE, num_nodes: int, num_neighbors: int, parts: int, seed: int = 0
    ):
        with vhp.engine.seeding.seeded(seed), torch.no_grad():
            self.nodes = model.prior.sample(num_nodes)
        self.search = NearestNeighbors().fit(self.nodes.numpy())
        near = kneighbors_graph(self.search, num_neighbors)
        start, end = near.maximum(near.T).nonzero()
        once = start < end
        start, end = start[once], end[once]
        lengths = decoded_lengths(model, self.nodes[start], self.nodes[end], parts).numpy()
        self.edges = csr_array((lengths, (start, end)), shape=near.shape)
        self.component_of = connected_components(self.edges, directed=False)[1]

    def joins(self, z_start: Tensor, z_end: Tensor) -> bool:
        """Whether the nodes nearest to two points, (d_z,) each, lie in one component."""
        start, end = self._nearest(z_start, z_end)
        return bool(self.component_of[start] == self.component_of[end])

    def interpolate(self, z_start: Tensor, z_end: Tensor, num_points: int) -> Tensor:
        """The shortest path, (num_points, d_z), at equal distances in z."""
        start, end = self._nearest(z_start, z_end)
        _, before = dijkstra(self.edges, False, start, return_predecessors=True)
        walk = [end]
        while walk[-1] != start:
            walk.append(int(before[walk[-1]]))
        corners = torch.cat([z_start[None], self.nodes[walk[::-1]], z_end[None]])
        return vhp.resample(corners, num_points)

    def _nearest(self, *points: Tensor) -> list[int]:
        found = self.search.kneighbors(torch.stack(points).numpy(), 1, return_distance=False)
        return [int(node) for node in found[:, 0]]


@torch.no_grad()
def decoded_lengths(model: vhp.VAE, starts: Tensor, ends: Tensor, parts: int) -> Tensor:
    """Lengths of the decoded lines between (n, d_z) and (n, d_z), each cut into parts: (n,)."""
    lengths = []
    for a, b in zip(starts.split(4096), ends.split(4096), strict=True):
        cuts = torch.linspace(0, 1, parts + 1)[:, None, None]
        points = model.decode(torch.lerp(a, b, cuts)).mean  # (parts + 1, n, D)
        lengths.append(points.diff(dim=0).norm(dim=-1).sum(0))
    return torch.cat(lengths)


def finders(model: vhp.VAE, seed: int) -> dict[str, Finder]:
    """Kind -> the path between two points of z, (FRAMES, d_z), or None where there is none."""
    learned = isinstance(model.prior, vhp.HierarchicalPrior)
    graphs: dict[str, vhp.LatentGraph | DecodedGraph] = {
        kind: vhp.LatentGraph(model, seed=seed, power=power, nodes=nodes, **GRAPH)
        for kind, (nodes, power) in GRAPHS.items()
        if nodes == "samples" or learned
    }
    graphs["decoded"] = DecodedGraph(model, seed=seed, **DECODED)
    found: dict[str, Finder] = {"straight": straight}
    found |= {kind: partial(along, graph) for kind, graph in graphs.items()}
    if learned:
        found["zeta"] = partial(vhp.zeta_path, model, num_points=FRAMES)
    return found


def straight(start: Tensor, end: Tensor) -> Tensor:
    """The line between two points, FRAMES of it."""
    return vhp.resample(torch.stack([start, end]), FRAMES)


def along(graph: vhp.LatentGraph | DecodedGraph, start: Tensor, end: Tensor) -> Tensor | None:
    """The path on a graph, or None if it does not join the two."""
    return graph.interpolate(start, end, FRAMES) if graph.joins(start, end) else None


@torch.no_grad()
def measure_paths(model: vhp.VAE, ways: dict[str, Tensor], seed: int) -> dict[str, np.ndarray]:
    """``<way>_<path>`` -> *to* and *from* of each pair, (pairs, 2), NaN where there is no path.

    ``rebuilt`` are the reconstructions of the true frames, the floor for any path of the model;
    ``still`` stands at the reconstruction of the first.

    Args:
        model: a VAE of coordinates.
        ways: kind -> coordinates of the true ways, (pairs, FRAMES, D).
        seed: of the graphs' samples.
    """
    found = {}
    ways_of_model = finders(model, seed)
    for name, frames in ways.items():
        codes = model.encode(frames.flatten(0, 1)).mean.unflatten(0, frames.shape[:2])
        rebuilt = model.decode(codes).mean
        found[f"{name}_rebuilt"] = _each(rebuilt, frames)
        found[f"{name}_still"] = _each(rebuilt[:, :1], frames)
        for kind, find in ways_of_model.items():
            paths = [find(code[0], code[-1]) for code in codes]
            decoded = [None if path is None else model.decode(path).mean for path in paths]
            found[f"{name}_{kind}"] = _each(decoded, frames)
    return found


def without_model(ways: dict[str, Tensor]) -> dict[str, np.ndarray]:
    """As :func:`measure_paths`, for what needs no model: a cross-fade of the true ends."""
    found = {}
    for name, frames in ways.items():
        fades = [straight(frame[0], frame[-1]) for frame in frames]
        found[f"{name}_fade"] = _each(fades, frames)
        found[f"{name}_still"] = _each(frames[:, :1], frames)
    return found


def _each(paths: Tensor | list[Tensor | None], ways: Tensor) -> np.ndarray:
    nothing = (np.nan, np.nan)
    pairs = zip(paths, ways, strict=True)
    return np.array([nothing if path is None else apart(path, way) for path, way in pairs])


def path_columns(found: dict[str, dict[str, np.ndarray]]) -> dict[str, dict[str, float]]:
    """Model -> its columns: the means over the pairs that all models join by this kind of path.

    ``missing`` counts the pairs that the model itself does not join, ``pairs`` those of the means.

    Args:
        found: model -> what :func:`measure_paths` says of it.
    """
    rows: dict[str, dict[str, float]] = {model: {} for model in found}
    for key in dict.fromkeys(key for values in found.values() for key in values):
        having = {model: values[key] for model, values in found.items() if key in values}
        joined = np.all([np.isfinite(values).all(1) for values in having.values()], axis=0)
        for model, values in having.items():
            to, back = values[joined].mean(0) if joined.any() else (np.nan, np.nan)
            rows[model] |= {f"{key}_to": to, f"{key}_from": back, f"{key}_off": (to + back) / 2}
            rows[model] |= {
                f"{key}_missing": int(np.isnan(values).any(1).sum()),
                f"{key}_pairs": int(joined.sum()),
            }
    return rows
