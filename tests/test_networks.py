import pytest
import torch

import vhp_core as vhp


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
