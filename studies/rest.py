"""What lets runs come to rest, whether they did, and errors of means of values in clusters."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

import vhp_core as vhp

# Largest share by which each may move over the last quarter of the steps, and the largest share of
# them that the initial phase may take. The rate is in nats of the batches' means.
REST = {"multiplier_moved": 0.05, "rate_moved": 0.01, "initial_phase": 0.25}


def rest(history: vhp.History, cooldown: float = 0.0) -> dict[str, float]:
    """How λ, or what stands in its place, and the rate moved over the last quarter of the steps.

    Each end is a mean over a fortieth of the steps. Steps at a falling learning rate do not count:
    they would come to rest wherever they are.

    Args:
        history: of the whole run.
        cooldown: share of its steps, at its end, over which the learning rate fell.

    Returns: ``multiplier`` and ``rate`` as they were before the learning rate fell, the shares
        ``multiplier_moved`` and ``rate_moved``, and ``initial_phase``, a share as well.
    """
    frame = history.frame()
    frame = frame.iloc[: len(frame) - round(cooldown * len(frame))]
    n, window = len(frame), max(1, len(frame) // 40)
    ends = frame.iloc[n - window :], frame.iloc[3 * n // 4 - window : 3 * n // 4]
    row = {}
    for name in ("multiplier", "rate"):
        last, before = (part[name].mean() for part in ends)
        row |= {name: last, f"{name}_moved": abs(last / before - 1)}
    return row | {"initial_phase": float(frame.initial_phase.mean())}


def decaying(
    model: vhp.VAE, learning_rate: float, weight_decay: float
) -> Callable[[list[nn.Parameter]], torch.optim.Optimizer]:
    """For ``optimizer`` of a fit: AdamW, where the weights of all networks decay and nothing else.

    Those of a hierarchical prior decay too: a learned prior follows codes to any scale, and without
    it would gain from a decay that keeps the decoder from drawing them together. Pseudo-inputs are
    data, and a learned σ is no network's: a decay would draw it towards 1. A fit hands over long
    vectors, of which a model's parameters are views.
    """
    parts = [model.encoder, model.decoder]
    if isinstance(model.prior, vhp.HierarchicalPrior):
        parts.append(model.prior)
    weights = [weight for part in parts for weight in part.parameters()]

    @torch.no_grad()
    def decay(*step: object) -> None:
        for weight in weights:
            weight.mul_(1 - learning_rate * weight_decay)

    def build(vectors: list[nn.Parameter]) -> torch.optim.Optimizer:
        adam = torch.optim.Adam(vectors, learning_rate, fused=True)
        adam.register_step_pre_hook(decay)
        return adam

    return build


def clustered_error(values: np.ndarray, clusters: np.ndarray) -> float:
    """Standard error of a mean whose values are alike within a cluster, such as a recording.

    The sandwich estimate: the root of G/(G − 1) Σ_g (Σ_{i in g} (v_i − v̄))² / n², with G clusters.
    """
    sums = [(values[clusters == name] - values.mean()).sum() for name in np.unique(clusters)]
    count = len(sums)
    return float(np.sqrt(np.square(sums).sum() * count / (count - 1)) / len(values))
