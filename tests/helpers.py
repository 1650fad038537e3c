"""Models whose densities are known in closed form."""

import math

import torch
from torch.distributions import MultivariateNormal

import vhp_core as vhp


def raw_scale(scale: float) -> float:
    """The network output that GaussianMLP turns into this standard deviation."""
    return math.log(math.expm1(scale - 1e-4))


@torch.no_grad()
def set_affine(network: vhp.GaussianMLP, weight: torch.Tensor, bias: torch.Tensor, scale: float):
    """Make a GaussianMLP without hidden layers N(weight · + bias, scale²)."""
    (layer,) = network.net
    d = len(bias)
    layer.weight.zero_()
    layer.weight[:d] = weight
    layer.bias[:d] = bias
    layer.bias[d:] = raw_scale(scale)


def linear_prior(
    a=(1.5, 0.5), c=(0.3, -0.7), s=0.4, mismatch=0.0
) -> tuple[vhp.HierarchicalPrior, MultivariateNormal]:
    """z = diag(a) ζ + c + s ε with the exact q(ζ|z), shifted by ``mismatch``; and its marginal."""
    a, c = torch.tensor(a), torch.tensor(c)
    prior = vhp.HierarchicalPrior(len(a), hidden=())
    set_affine(prior.conditional, torch.diag(a), c, s)
    # The posterior's scale differs between dimensions, so it is written into the bias directly.
    variance = 1 / (1 + a**2 / s**2)
    gain = variance * a / s**2
    set_affine(prior.inference, torch.diag(gain), -gain * c + mismatch, 1.0)
    with torch.no_grad():
        for i, v in enumerate(variance):
            prior.inference.net[0].bias[len(a) + i] = raw_scale(v.sqrt().item() * (1 + mismatch))
    return prior, MultivariateNormal(c, torch.diag(a**2 + s**2))


def linear_vae(hierarchical: bool, sigma=0.5, mismatch=0.0) -> tuple[vhp.VAE, MultivariateNormal]:
    """x = W z + b + σ ε with orthogonal columns of W, the exact posterior, and p(x)."""
    w = torch.zeros(5, 2)
    w[:2, 0] = torch.tensor([1.0, -0.8])
    w[2:, 1] = torch.tensor([0.6, 0.5, -0.3])
    b = torch.linspace(-1, 1, 5)
    model = vhp.mlp_vae(5, 2, hidden=(), prior="hierarchical" if hierarchical else "normal")
    if hierarchical:
        model.prior, p_z = linear_prior(mismatch=mismatch)
    else:
        p_z = MultivariateNormal(torch.zeros(2), torch.eye(2))
    with torch.no_grad():
        model.decoder[0].weight.copy_(w)
        model.decoder[0].bias.copy_(b)
        model.likelihood.log_scale.fill_(math.log(sigma))
    precision = 1 / p_z.variance + w.square().sum(0) / sigma**2
    gain = (w / sigma**2 / precision).T  # (2, 5)
    offset = p_z.mean / p_z.variance / precision - gain @ b
    set_affine(model.encoder, gain, offset + mismatch, 1.0)
    with torch.no_grad():
        for i, p in enumerate(precision):
            scale = p.rsqrt().item() * (1 + mismatch)
            model.encoder.net[0].bias[2 + i] = raw_scale(scale)
    p_x = MultivariateNormal(
        w @ p_z.mean + b, w @ p_z.covariance_matrix @ w.T + sigma**2 * torch.eye(5)
    )
    return model, p_x
