"""What an explorer holds of one model: codes, density, graph and network, and a still picture."""

import base64
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from ..data.motion import MotionData
from ..engine.seeding import seeded
from ..interpolation import LatentGraph
from ..vae import VAE
from .explorer_body import still_of
from .explorer_network import encode, pack_network
from .explorer_plane import Plane
from .marks import mark_path
from .player_page import pack

__all__ = ["decode", "panel_of", "still_panel"]

_FULL = 30000  # the edge of a map as a 16-bit integer
_CELLS = 80  # of the density, a side
_AT_ONCE = 512  # of its cells
_NODES = 1 << 16  # of a graph, at most: an edge names its node in 16 bits
_SAMPLES = 50_000  # of the prior, where its density on a plane has no closed form
_KERNEL = 0.04  # standard deviation of their kernel, in half a map's side
_DEPTH = 10.0  # nats below its peak at which the density is no more shown


@torch.no_grad()
def decode(model: VAE, z: np.ndarray) -> np.ndarray:
    """(n, d_z) -> the means of p(x|z), (n, D)."""
    device = next(model.parameters()).device
    points = torch.as_tensor(z, dtype=torch.float32, device=device)
    return model.decode(points).mean.flatten(1).cpu().numpy()


def panel_of(
    model: VAE, z: np.ndarray, keep: np.ndarray, journeys: Mapping, graph: LatentGraph,
    bits: int, plane: Plane | None,
) -> dict[str, Any]:  # fmt: skip
    places = z if plane is None else plane.flat(z)
    low, high = places.min(axis=0), places.max(axis=0)
    middle, reach = (low + high) / 2, 0.55 * (high - low).max() + 1e-6
    corners = middle + reach * np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]])
    some = z[np.linspace(0, len(z) - 1, 8).astype(int)]
    if plane is None:
        told, density = {}, _density(model, middle, reach)
    else:
        told = {"plane": {"origin": plane.origin.tolist(), "axes": plane.axes.tolist()}}
        corners = plane.lift(z.mean(axis=0), corners)
        density = _density_of_samples(model, plane, middle, reach)
    return told | {
        "middle": middle.tolist(),
        "reach": float(reach),
        "codes": pack((places[keep] - middle) / reach * _FULL),
        "journeys": {name: z[list(ends)].tolist() for name, ends in journeys.items()},
        "density": encode(np.round(255 * density), "u1"),
        "graph": _graph(graph),
        "network": pack_network(model, torch.as_tensor(np.concatenate([some, corners])), bits),
    }


@torch.no_grad()
def _density(model: VAE, middle: np.ndarray, reach: float) -> np.ndarray:
    """log p(z), 1 at its peak and 0 ten nats below; rows from below to above."""
    ticks = np.linspace(-1, 1, _CELLS) * reach
    grid = np.stack(np.meshgrid(middle[0] + ticks, middle[1] + ticks), axis=-1).reshape(-1, 2)
    points = torch.as_tensor(grid, dtype=torch.float32, device=next(model.parameters()).device)
    with seeded(0):  # in parts: of all at once, freed memory was not used again
        parts = [model.prior.log_prob(part, num_samples=256) for part in points.split(_AT_ONCE)]
    log_p = torch.cat(parts).cpu().numpy()
    return np.clip(1 + (log_p - log_p.max()) / _DEPTH, 0, 1)


@torch.no_grad()
def _density_of_samples(model: VAE, plane: Plane, middle: np.ndarray, reach: float) -> np.ndarray:
    """The same of the projected prior, by a kernel density of its samples.

    It ends where a single sample lies alone, or ten nats below the peak.
    """
    with seeded(0):
        places = plane.flat(model.prior.sample(_SAMPLES).cpu().numpy())
    right, up = ((places - middle) / reach).T
    edges = np.linspace(-1, 1, _CELLS + 1)
    counts, _, _ = np.histogram2d(up, right, bins=(edges, edges))
    width = _KERNEL * _CELLS / 2
    density = gaussian_filter(counts, width, mode="nearest")
    alone = max(density.max() * np.exp(-_DEPTH), 1 / (2 * np.pi * width**2))
    if density.max() <= alone:  # the map shows a place where the prior has no mass
        return np.zeros_like(density)
    return np.clip(np.log(np.maximum(density, alone) / alone) / np.log(density.max() / alone), 0, 1)


def _graph(graph: LatentGraph) -> dict[str, Any]:
    """Nodes, and each edge once: how many begin at a node, and where they end.

    What an edge weighs, the page finds from its length, to the ``power`` of the graph.
    """
    if len(graph.nodes) > _NODES:
        raise ValueError(
            f"the graph has {len(graph.nodes)} nodes, and a page holds {_NODES} at most"
        )
    edges = graph._edges.tocoo()
    once = edges.row < edges.col
    row, column, weight = edges.row[once], edges.col[once], edges.data[once]
    order = np.lexsort((column, row))
    nodes = graph.nodes.numpy()
    length = np.linalg.norm(nodes[row].astype(float) - nodes[column], axis=1)
    apart = (length > 0) & (length != 1)
    log_length = np.log(length[apart])
    power = log_length @ np.log(weight[apart]) / (log_length @ log_length) if apart.any() else 1
    return {
        "nodes": encode(nodes, "<f4"),
        "degrees": encode(np.bincount(row, minlength=len(nodes)), "<u2"),
        "neighbours": encode(column[order], "<u2"),
        "power": round(float(power), 4),
    }


@torch.no_grad()
def still_panel(
    panel: dict, model: VAE, ends: Tensor, graph: LatentGraph, plane: Plane | None, body: dict,
    motion: MotionData | None, clip: dict, left: int,
) -> str:  # fmt: skip
    """One latent space with its two paths, and what is decoded at A, half-way, and at B."""

    def place(z: Tensor) -> np.ndarray:
        flat = np.asarray(z, dtype=float) if plane is None else plane.flat(z)
        at = (flat - panel["middle"]) / panel["reach"]
        return at * [140, -140] + [left + 160, 170]

    raw = np.frombuffer(base64.b64decode(panel["codes"]), "<i2").reshape(-1, 2) / _FULL
    dots = raw * [140, -140] + [left + 160, 170]
    drawings = [
        f'<text x="{left + 160}" y="18" text-anchor="middle" font-weight="600">'
        f"{escape(panel['name'])}</text>"
    ]
    drawings += [
        f'<path d="{mark_path(label, x, y, 2)}" fill="{clip["palette"][label]}"/>'
        for (x, y), label in list(zip(dots, clip["labels"], strict=True))[::3]
    ]
    ways = {"": ends, ' stroke-dasharray="6 4"': ends}
    middle = ends.mean(0)
    if graph.joins(*ends):
        ways[""] = graph.shortest_path(*ends)
        middle = graph.interpolate(ends[0], ends[1], num_points=3)[1]
    for dash, way in ways.items():
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in place(way))
        drawings.append(
            f'<polyline points="{points}" fill="none" stroke="#222222" stroke-width="2"{dash}/>'
        )
    z = torch.stack([ends[0], middle, ends[1]])
    for x, at in zip(decode(model, z.numpy()), (60, 160, 260), strict=True):
        drawings.append(still_of(body, motion, x, panel["color"], left + at))
    # The decoded ones stand on a line of their own, below the map.
    below = "".join(drawings[-3:])
    return "".join(drawings[:-3]) + f'<g transform="translate(0 445)">{below}</g>'
