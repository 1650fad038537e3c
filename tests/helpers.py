"""Models whose densities are known in closed form, and whether two models are the same."""

import copy
import math

import torch
from torch.distributions import MultivariateNormal

import vhp_core as vhp


def linear_prior(
    a=(1.5, 0.5), c=(0.3, -0.7), s=0.4, mismatch=0.0
) -> tuple[vhp.HierarchicalPrior, MultivariateNormal]:
    """z = diag(a) ζ + c + s ε with the exact q(ζ|z), shifted by ``mismatch``; and its marginal."""
    a, c = torch.tensor(a), torch.tensor(c)
    prior = vhp.HierarchicalPrior(len(a), hidden=())
    prior.conditional.set_affine(torch.diag(a), c, s)
    variance = 1 / (1 + a**2 / s**2)
    gain = variance * a / s**2
    scale = variance.sqrt() * (1 + mismatch)
    prior.inference.set_affine(torch.diag(gain), -gain * c + mismatch, scale)
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
    model.encoder.set_affine(gain, offset + mismatch, precision.rsqrt() * (1 + mismatch))
    p_x = MultivariateNormal(
        w @ p_z.mean + b, w @ p_z.covariance_matrix @ w.T + sigma**2 * torch.eye(5)
    )
    return model, p_x


def stir(module: torch.nn.Module) -> None:
    """Move all parameters a little: a last layer that begins at zero hides those before it."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))


def computed(model, x):
    """What a model gives for x with fixed noise, and what it is."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(7)
        q = model.encode(x)
        terms = model(x)
        bound, _ = vhp.importance_weighted_bound(model, x, 2)
        return [q.mean, q.variance, *terms, bound, model.sample(3), model.sample(3, noise=True)]


def assert_same(model, again, x):
    model, x = copy.deepcopy(model), x.to(next(model.parameters()).dtype)
    assert again.training == model.training and again.x_shape == model.x_shape
    for ours, theirs in zip(computed(model, x), computed(again, x), strict=True):
        assert ours.dtype == theirs.dtype and torch.equal(ours, theirs)


def there_and_back(model, path, **options):
    model.save(path)
    return vhp.load(path, **options)
