"""The bound with its gradient written out is the one of automatic differentiation."""

import copy

import pytest
import torch
from torch import nn

import vhp_core as vhp
from vhp_core.engine import bound
from vhp_core.engine.distributions import log_mean_exp

from ..helpers import stir


def prior_of(activation="leaky_relu", zeta_dim=None, hidden=(8, 7), dtype=torch.float64):
    torch.manual_seed(0)
    prior = vhp.HierarchicalPrior(3, zeta_dim, hidden, 5, activation=activation).to(dtype)
    stir(prior)
    return prior


def both(prior, shape=(6, 3)):
    """Value and gradients of z and of each parameter: written out, and of the graph."""
    z = torch.randn(shape, dtype=prior.conditional.linear.dtype)
    weight = torch.randn(shape[:-1], dtype=z.dtype)
    found = []
    for plain in (False, True):
        one, at = copy.deepcopy(prior), z.clone().requires_grad_()
        torch.manual_seed(1)
        if plain:
            value = log_mean_exp(one._log_weights(at, one.inference(at), 5))
        else:
            value = bound.importance_weighted(at, one.inference, one.conditional, 5)
        (value * weight).sum().backward()
        gradients = {name: p.grad for name, p in one.named_parameters()}
        found.append((value.detach(), at.grad, gradients))
    return found


@pytest.mark.parametrize("activation", ["leaky_relu", "relu"])
@pytest.mark.parametrize(("zeta_dim", "hidden"), [(3, (8, 7)), (2, (8,)), (4, ()), (1, (5, 4, 6))])
@pytest.mark.parametrize("shape", [(6, 3), (2, 6, 3), (3,)])
def test_value_and_every_gradient(activation, zeta_dim, hidden, shape):
    written, graph = both(prior_of(activation, zeta_dim, hidden), shape)
    torch.testing.assert_close(written[0], graph[0], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(written[1], graph[1], rtol=1e-10, atol=1e-12)
    assert written[2].keys() == graph[2].keys()
    for name, gradient in written[2].items():
        torch.testing.assert_close(gradient, graph[2][name], rtol=1e-10, atol=1e-12, msg=name)
        assert gradient.abs().sum() > 0, name


def test_in_single_precision_it_is_the_same_to_rounding():
    written, graph = both(prior_of(hidden=(64, 64), dtype=torch.float32), (128, 3))
    torch.testing.assert_close(written[0], graph[0], rtol=1e-5, atol=1e-5)
    for name, gradient in written[2].items():
        torch.testing.assert_close(gradient, graph[2][name], rtol=1e-3, atol=1e-5, msg=name)


def test_the_gradient_is_that_of_differences():
    prior = prior_of(hidden=(4,))

    def value(z):
        torch.manual_seed(1)
        return bound.importance_weighted(z, prior.inference, prior.conditional, 4)

    z = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(value, z)


@pytest.mark.parametrize("change", ["silu", "hook", "layer", "no bias", "half"])
def test_what_does_not_fit_is_left_to_the_graph(change):
    prior = prior_of("silu" if change == "silu" else "leaky_relu")
    z = torch.randn(4, 3, dtype=torch.float64)
    if change == "hook":
        prior.conditional.net[0].register_forward_hook(lambda *_: None)
    elif change == "layer":
        prior.conditional.net.insert(1, nn.BatchNorm1d(8).double())
    elif change == "no bias":
        prior.inference.net[0] = nn.Linear(3, 8, bias=False).double()
    elif change == "half":
        z = z.float()
    assert bound.importance_weighted(z, prior.inference, prior.conditional, 4) is None
    if change != "half":
        prior.log_prob(z).sum().backward()
        assert prior.conditional.linear.grad.abs().sum() > 0


def test_a_subclass_with_weights_of_its_own_is_left_to_the_graph():
    class Double(vhp.HierarchicalPrior):
        def _log_weights(self, z, q, K):
            return 2 * super()._log_weights(z, q, K)

    torch.manual_seed(0)
    prior, z = Double(2, hidden=(4,)), torch.randn(5, 2)
    torch.testing.assert_close(prior.log_prob(z), 2 * vhp.StandardNormal(2).log_prob(z))


class Own(torch.nn.Module):
    """A conditional network of a user's own: N(a ζ, 1)."""

    def __init__(self):
        super().__init__()
        self.a = torch.nn.Parameter(torch.tensor(0.5))

    def forward(self, zeta):
        return vhp.DiagonalNormal(self.a * zeta, torch.ones_like(zeta))


class Shifted(vhp.GaussianMLP):
    """A user's own way through the same networks."""

    def forward(self, x):
        return super().forward(x + 1)


@pytest.mark.parametrize("part", ["inference", "conditional"])
@pytest.mark.parametrize("make", [Own, lambda: Shifted(2, 2, (4,))])
def test_networks_of_ones_own_are_used_as_they_are(part, make):
    torch.manual_seed(0)
    prior, z = vhp.HierarchicalPrior(2, hidden=(4,)), torch.randn(5, 2, requires_grad=True)
    setattr(prior, part, make())
    torch.manual_seed(1)
    with_gradient = prior.log_prob(z, 3)
    torch.manual_seed(1)
    with torch.no_grad():
        torch.testing.assert_close(with_gradient, prior.log_prob(z, 3))
    with_gradient.sum().backward()
    assert all(p.grad is not None for p in getattr(prior, part).parameters())


def test_the_gradient_has_a_gradient():
    prior = prior_of(hidden=(4, 3))
    z = torch.randn(5, 3, dtype=torch.float64)
    found = []
    for plain in (False, True):
        at = z.clone().requires_grad_()
        torch.manual_seed(1)
        if plain:
            value = log_mean_exp(prior._log_weights(at, prior.inference(at), 4))
        else:
            value = bound.importance_weighted(at, prior.inference, prior.conditional, 4)
        (slope,) = torch.autograd.grad(value.sum(), at, create_graph=True)
        curvature = torch.autograd.grad(slope.square().sum(), [at, *prior.parameters()])
        found.append((slope, *curvature))
    for written, graph in zip(*found, strict=True):
        torch.testing.assert_close(written, graph, rtol=1e-9, atol=1e-12)


def test_the_gradient_can_be_asked_for_twice():
    prior = prior_of()
    z = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    value = bound.importance_weighted(z, prior.inference, prior.conditional, 4).sum()
    (once,) = torch.autograd.grad(value, z, retain_graph=True)
    assert torch.equal(once, torch.autograd.grad(value, z)[0])
