import torch
from torch import nn

from vhp_core.engine.units import dead_units


def kill(layer, units):
    with torch.no_grad():
        layer.weight[:units] = 0.0
        layer.bias[:units] = -1.0


def test_units_that_are_zero_on_every_row_are_counted():
    net = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 4), nn.LeakyReLU(0.1))
    nn.init.constant_(net[0].bias, 10.0)
    kill(net[0], 2)
    kill(net[2], 4)  # of a layer whose units cannot die
    x = torch.randn(20, 2)
    assert dead_units(net, lambda: net(x)) == {"1": (2, 5)}
    assert not net[1]._forward_hooks


def test_one_live_row_or_call_is_enough():
    net = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    nn.init.ones_(net[0].weight)
    nn.init.zeros_(net[0].bias)
    low, mixed = -torch.ones(3, 1), torch.tensor([[-1.0], [1.0]])
    assert dead_units(net, lambda: net(low)) == {"1": (1, 1)}
    assert dead_units(net, lambda: net(mixed)) == {"1": (0, 1)}
    assert dead_units(net, lambda: (net(mixed), net(low))) == {"1": (0, 1)}


def test_a_unit_of_a_convolution_is_a_channel():
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(inplace=True))
    nn.init.constant_(net[0].bias, 10.0)
    kill(net[0], 1)
    assert dead_units(net, lambda: net(torch.randn(4, 1, 8, 8))) == {"1": (1, 3)}
