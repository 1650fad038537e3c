"""What lets runs come to rest, whether they did, and errors of means of values in clusters."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

import vhp_core as vhp

# Largest share by which each may move over the last quarter of the steps, and the largest share of
# them that the initial phase may take.
REST = {"multiplier_moved": 0.05, "rate_moved": 0.01, "initial_phase": 0.25}


def rest(history: vhp.History) -> dict[str, float]:
    """How λ and the rate moved over the last quarter, as means over a fortieth of the steps.

    Args:
        history: of one fit, by :func:`vhp_core.fit` or :func:`vhp_core.fit_iwae`; what stands in
            λ's place with the latter is 1/(2σ²).

    Returns:
        ``multiplier`` and ``rate`` at the end, and for each, under ``..._moved``, the share by
        which it is off what it was at three quarters of the steps; ``initial_phase``, the share of
        the steps that it took; and ``error_at_end``, that of the batches. Means over steps say
        what a run keeps to; the last weights alone waver about it, by some per cent of the error.
    """
    frame = history.frame()
    n, window = len(frame), max(1, len(frame) // 40)
    ends = frame.iloc[n - window :], frame.iloc[3 * n // 4 - window : 3 * n // 4]
    row = {}
    for name in ("multiplier", "rate"):
        last, before = (part[name].mean() for part in ends)
        row |= {name: last, f"{name}_moved": abs(last / before - 1)}
    row["initial_phase"] = float(frame.initial_phase.mean())
    return row | {"error_at_end": ends[0].error.mean()}


def decaying(
    model: vhp.VAE, learning_rate: float, weight_decay: float
) -> Callable[[list[nn.Parameter]], torch.optim.Optimizer]:
    """For ``optimizer`` of a fit: AdamW, where the weights of all networks decay and nothing else.

    A fit hands over one or two long vectors, of which a model's parameters are views; the second is
    the prior's. It decays only where it has a gradient, so not while the prior rests. The first
    also has the σ that an IWAE learns, which a decay would draw towards 1; so encoder and decoder
    decay by themselves, before the step. A hierarchical prior decays too, since a learned prior
    follows the codes to any scale, and a decay of the decoder alone would be a gain for it.
    Pseudo-inputs are data and do not.
    """
    weights = [*model.encoder.parameters(), *model.decoder.parameters()]
    learned = isinstance(model.prior, vhp.HierarchicalPrior)

    @torch.no_grad()
    def decay(*step: object) -> None:
        for weight in weights:
            weight.mul_(1 - learning_rate * weight_decay)

    def build(vectors: list[nn.Parameter]) -> torch.optim.Optimizer:
        shares = [0.0, weight_decay if learned else 0.0]
        groups = [
            {"params": [vector], "weight_decay": share}
            for vector, share in zip(vectors, shares, strict=False)
        ]
        adam = torch.optim.AdamW(groups, learning_rate, fused=True)
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
