r"""The bound F of a hierarchical prior and its gradient, written out.

Automatic differentiation of the same lines starts some hundred operations on small tensors and
keeps what it does not need. Here it is one node of the graph
(:mod:`vhp_core.engine.layers`). With w_k the normalised importance
weights, m and s the mean and scale of p(z|ζ_k), t = (z − m)/s, and ζ_k = μ + σ ε_k from q(ζ|z),

.. math::

    F = \log \frac{1}{K} \sum_k \exp\Big( \sum_d \big( -\tfrac12 t_{kd}^2 - \log s_{kd}
        - \tfrac12 ζ_{kd}^2 + \tfrac12 ε_{kd}^2 + \log σ_d \big) \Big) - \tfrac{d_z}{2} \log 2π,

    \frac{\partial F}{\partial m_k} = w_k \frac{t_k}{s_k}, \quad
    \frac{\partial F}{\partial s_k} = w_k \frac{t_k^2 - 1}{s_k}, \quad
    \frac{\partial F}{\partial z} = -\sum_k \frac{\partial F}{\partial m_k} + \dots, \quad
    \frac{\partial F}{\partial ζ_k} = -w_k ζ_k + \dots, \quad
    \frac{\partial F}{\partial σ} = \frac{1}{σ} + \sum_k \frac{\partial F}{\partial ζ_k} ε_k,

the dots standing for what comes back through the networks.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus

from .layers import back, by_graph, layers_of, mode_allows, through
from .seeding import standard_normal

__all__ = ["importance_weighted"]


def importance_weighted(z: Tensor, inference: Any, conditional: Any, K: int) -> Tensor | None:
    """One draw of F(Θ, Φ; z), (..., d) -> (...,); None if the networks are not of that kind.

    Args:
        z: (..., d) on the networks' device.
        inference, conditional: q_Φ(ζ|z) and p_Θ(z|ζ), of :class:`vhp_core.GaussianMLP`.
        K: number of draws of ζ for each z.
    """
    networks = (inference, conditional)
    layers = [layers_of(network.net, network, network.net) for network in networks]
    if not all(layers) or not mode_allows(z, inference.linear):
        return None
    weights = [
        parameter
        for network, own in zip(networks, layers, strict=True)
        for parameter in (network.linear, *(p for layer, _ in own for p in layer.parameters()))
    ]
    setting = [
        (tuple(slope for _, slope in own), network.min_scale)
        for network, own in zip(networks, layers, strict=True)
    ]
    flat = z.reshape(-1, z.shape[-1])
    noise = standard_normal((K, *z.shape[:-1], len(inference.linear)), like=z)
    drawn = noise.reshape(K, len(flat), -1)
    return _Bound.apply(flat, drawn, setting, *weights).view(z.shape[:-1])


def _gaussian(x: Tensor, weights: Any, setting: Any) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    """Mean A x + h, scale, the raw output that the scale is made of, and the hidden layers."""
    (slopes, min_scale), (linear, *own) = setting, weights
    *values, output = through(x, own, slopes)
    h, raw = output.chunk(2, dim=-1)
    return torch.addmm(h, x, linear.t()), softplus(raw) + min_scale, raw, values[1:]


def _log_weights(z: Tensor, noise: Tensor, setting: Any, *weights: Tensor) -> tuple:
    """log w_k but for a constant, (K, B); then what a gradient needs, of ζ's networks in turn."""
    K, B, d = len(noise), *z.shape
    number = 1 + 2 * len(setting[0][0])
    q, p = weights[:number], weights[number:]
    mu, sigma, raw_q, hidden_q = _gaussian(z, q, setting[0])
    zeta = torch.addcmul(mu, sigma, noise)
    m, s, raw_p, hidden_p = _gaussian(zeta.view(K * B, -1), p, setting[1])
    t = ((z - m.view(K, B, d)) / s.view(K, B, d)).view(K * B, d)
    squares = torch.addcmul(s.log(), t, t, value=0.5).sum(-1).view(K, B)
    log_w = torch.add((noise.square() - zeta.square()).sum(-1), squares, alpha=-2) * 0.5
    return log_w, (sigma, raw_q, hidden_q, q), (zeta, s, raw_p, t, hidden_p, p)


def _bound(log_w: Tensor, sigma: Tensor, d: int) -> Tensor:
    constant = math.log(len(log_w)) + 0.5 * d * math.log(2 * math.pi)
    return torch.logsumexp(log_w, dim=0) + sigma.log().sum(-1) - constant


class _Bound(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, noise: Tensor, setting: Any, *weights: Tensor) -> Tensor:
        log_w, (sigma, raw_q, hidden_q, _), rest = _log_weights(z, noise, setting, *weights)
        zeta, s, raw_p, t, hidden_p, _ = rest
        kept = (z, noise, log_w, sigma, raw_q, zeta, s, raw_p, t)
        ctx.save_for_backward(*kept, *weights, *hidden_q, *hidden_p)
        ctx.setting = setting
        return _bound(log_w, sigma, z.shape[-1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple:
        z, noise, log_w, sigma, raw_q, zeta, s, raw_p, t, *rest = ctx.saved_tensors
        setting = ctx.setting
        in_q, in_p = (len(slopes) for slopes, _ in setting)
        total = 2 + 2 * (in_q + in_p)
        weights, hidden = rest[:total], rest[total:]
        if torch.is_grad_enabled():  # the gradient's own gradient is asked for: the graph has it
            again, (its_sigma, *_), _ = _log_weights(z, noise, setting, *weights)
            value = _bound(again, its_sigma, z.shape[-1])
            return by_graph(ctx, value, gradient, z, noise, setting, *weights)
        K, B, _ = zeta.shape
        flat = zeta.view(K * B, -1)
        w = (log_w - torch.logsumexp(log_w, dim=0)).exp_()  # of each draw, their sum 1
        of_draw = (w * gradient).view(K * B, 1)  # ∂/∂ log w_k
        along = t / s
        of_m, of_s = along * of_draw, torch.addcmul(-1 / s, along, t).mul_(of_draw)
        q, p = weights[: 1 + 2 * in_q], weights[1 + 2 * in_q :]
        to_zeta, of_p = _back(of_m, of_s, raw_p, flat, p, hidden[in_q - 1 :], setting[1][0])
        of_zeta = to_zeta.addcmul_(of_draw, flat, value=-1).view_as(zeta)
        of_mu = of_zeta.sum(0)
        of_sigma = torch.addcdiv((of_zeta * noise).sum(0), gradient[:, None], sigma)
        to_z, of_q = _back(of_mu, of_sigma, raw_q, z, q, hidden[: in_q - 1], setting[0][0])
        return (to_z.sub_(of_m.view(K, B, -1).sum(0)), None, None, *of_q, *of_p)


def _back(
    of_mean: Tensor, of_scale: Tensor, raw: Tensor, x: Tensor, weights: Any, hidden: Any,
    slopes: Any,
) -> tuple[Tensor, list[Tensor]]:  # fmt: skip
    """The gradients of x and of the weights, from those of mean and scale."""
    of_raw = torch.ops.aten.softplus_backward(of_scale, raw, 1.0, 20.0)
    linear, *own = weights
    to_x, found = back(torch.cat([of_mean, of_raw], dim=-1), x, own, hidden, slopes)
    return to_x.addmm_(of_mean, linear), [of_mean.t() @ x, *found]
