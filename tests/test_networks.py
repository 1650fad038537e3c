import pytest
import torch

import vhp_core as vhp
from vhp_core.engine.distributions import draw


@pytest.mark.parametrize("hidden", [(), (7,), (7, 9)])
@pytest.mark.parametrize("batch", [(), (3,), (4, 3)])
def test_shapes(hidden, batch):
    p = vhp.GaussianMLP(5, 2, hidden)(torch.randn(*batch, 5))
    assert p.batch_shape == batch
    assert p.event_shape == (2,)
    assert p.mean.shape == (*batch, 2)


def test_density_is_the_sum_over_dimensions():
    loc, scale, z = torch.randn(3, 2), torch.rand(3, 2) + 0.1, torch.randn(3, 2)
    expected = torch.distributions.Normal(loc, scale).log_prob(z).sum(-1)
    torch.testing.assert_close(vhp.DiagonalNormal(loc, scale).log_prob(z), expected)


def test_scale_stays_above_its_floor():
    network = vhp.GaussianMLP(1, 1, hidden=(), min_scale=0.3)
    with torch.no_grad():
        network.net[0].bias[1] = -1e4
    assert network(torch.zeros(1)).stddev.item() == pytest.approx(0.3)


def test_every_parameter_gets_a_gradient():
    network = vhp.GaussianMLP(5, 2, (7, 9))
    network(torch.randn(20, 5)).log_prob(torch.randn(20, 2)).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_a_draw_comes_with_its_own_density():
    q = vhp.GaussianMLP(3, 2, (8,))(torch.randn(4, 3))
    z, log_q = q.rsample_and_log_prob((6,))
    assert z.shape == (6, 4, 2) and log_q.shape == (6, 4)
    torch.testing.assert_close(log_q, q.log_prob(z))
    reference = torch.distributions.Normal(q.mean, q.stddev).log_prob(z).sum(-1)
    torch.testing.assert_close(log_q, reference)


def test_the_density_of_a_draw_has_the_gradient_of_reparametrisation():
    """d/dσ log q(μ + σε) = −1/σ and d/dμ = 0, as with the density taken at z."""
    loc, scale = torch.zeros(5, 2, requires_grad=True), torch.full((5, 2), 0.5, requires_grad=True)
    q = vhp.DiagonalNormal(loc, scale)
    torch.manual_seed(3)
    _, log_q = q.rsample_and_log_prob()
    torch.manual_seed(3)
    z = q.rsample()
    ours = torch.autograd.grad(log_q.sum(), [loc, scale], allow_unused=True)
    theirs = torch.autograd.grad(q.log_prob(z).sum(), [loc, scale])
    assert ours[0] is None
    torch.testing.assert_close(theirs[0], torch.zeros(5, 2))
    torch.testing.assert_close(ours[1], theirs[1])


def test_other_distributions_are_drawn_from_too():
    base = torch.distributions.Normal(torch.zeros(4, 2), torch.ones(4, 2))
    z, log_q = draw(torch.distributions.Independent(base, 1), (3,))
    assert z.shape == (3, 4, 2)
    torch.testing.assert_close(log_q, base.log_prob(z).sum(-1))


def test_a_diagonal_normal_expands_as_other_distributions_do():
    q = vhp.DiagonalNormal(torch.tensor([1.0, 2.0]), torch.tensor([0.5, 0.1])).expand((3,))
    assert q.batch_shape == (3,) and q.event_shape == (2,)
    assert q.log_prob(torch.zeros(3, 2)).shape == (3,)


def test_a_network_takes_any_number_of_batch_dimensions():
    net = vhp.MLP(3, 2, (8, 8))
    x = torch.randn(4, 5, 3)
    out = net(x)
    torch.testing.assert_close(out[2, 3], net(x[2, 3]))
    out.sum().backward()  # the ReLU works in place


@pytest.mark.parametrize("hidden", [(), (7,), (7, 9)])
@pytest.mark.parametrize("batch", [(), (3,), (4, 3)])
def test_a_network_is_the_affine_map_that_it_is_set_to(hidden, batch):
    torch.manual_seed(0)
    network = vhp.GaussianMLP(5, 2, hidden).double()
    A, b = torch.randn(2, 5, dtype=torch.float64), torch.randn(2, dtype=torch.float64)
    scale = torch.tensor([0.001, 30.0], dtype=torch.float64)
    network.set_affine(A, b, scale)
    x = torch.randn(*batch, 5, dtype=torch.float64)
    q = network(x)
    torch.testing.assert_close(q.mean, x @ A.T + b)
    torch.testing.assert_close(q.stddev, scale.expand(*batch, 2), rtol=1e-12, atol=0)


def test_without_it_the_linear_map_is_zero():
    network = vhp.GaussianMLP(5, 2, (7,))
    x = torch.randn(4, 5)
    torch.testing.assert_close(network(x).mean, network.net(x)[:, :2])


def test_shapes_and_scales_that_do_not_fit_are_refused():
    network = vhp.GaussianMLP(3, 2, (4,))
    A, b = torch.ones(2, 3), torch.zeros(2)
    for weight, bias in ((A.T, b), (A, torch.zeros(3)), (torch.ones(1, 3), b)):
        with pytest.raises(ValueError, match=r"weight must have shape \(2, 3\) and bias \(2,\)"):
            network.set_affine(weight, bias, 0.3)
    with pytest.raises(ValueError, match=r"scale must be finite and above 0\.0001"):
        network.set_affine(A, b, torch.tensor([0.3, 1e-4]))


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "silu"])
def test_networks_of_each_activation(activation):
    assert vhp.MLP(3, 2, (8, 8), activation)(torch.randn(4, 5, 3)).shape == (4, 5, 2)
    model = vhp.mlp_vae(5, 2, hidden=(8,), activation=activation)
    assert model.config["activation"] == activation
    with pytest.raises(ValueError, match="activation must be one of"):
        vhp.MLP(3, 2, (8,), activation.upper())


def test_a_unit_below_zero_learns_on():
    """A ReLU whose input is negative on all data has no gradient, and never comes back."""
    gradients = {}
    for activation in ("relu", "leaky_relu"):
        net = vhp.MLP(1, 1, (1,), activation)
        with torch.no_grad():
            net[0].bias.fill_(-100.0)
        net(torch.randn(20, 1)).sum().backward()
        gradients[activation] = net[0].bias.grad.abs().item()
    assert gradients["relu"] == 0 < gradients["leaky_relu"]
