"""Flat parameters: the same training as on the parameters themselves."""

import pytest
import torch
from torch import nn

from vhp_core.engine.flat import FlatParameters


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).double()


def loss(net: nn.Module, step: int) -> torch.Tensor:
    x = torch.sin(torch.arange(12, dtype=torch.float64) + step).reshape(4, 3)
    return net(x).square().mean()


@pytest.mark.parametrize("rest_until", [0, 4])
def test_adam_takes_the_same_steps(rest_until):
    plain, flat = network(), network()
    adam = torch.optim.Adam(plain.parameters(), 0.01)
    groups = [list(flat[0].parameters()), list(flat[2].parameters())]
    parameters = FlatParameters(*groups)
    assert len(parameters.vectors) == 2
    flat_adam = torch.optim.Adam(parameters.vectors, 0.01)
    start = plain[2].weight.clone()
    for step in range(10):
        for net in (plain, flat):
            (adam if net is plain else parameters).zero_grad()
            loss(net, step).backward()
            if step < rest_until:
                for parameter in net[2].parameters():
                    parameter.grad = None
        adam.step()
        parameters.gather()
        flat_adam.step()
        assert torch.equal(plain[2].weight, start) == (step < rest_until)
        for a, b in zip(plain.parameters(), flat.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


def test_a_parameter_without_gradient_has_one_of_zero():
    a, b = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3))
    parameters = FlatParameters([a, b])
    (2 * a).sum().backward()
    parameters.gather()
    assert parameters.vectors[0].grad.tolist() == [2, 2, 0, 0, 0]


def test_released_parameters_keep_values_and_own_their_memory():
    net = network()
    before = [p.detach().clone() for p in net.parameters()]
    parameters = FlatParameters(list(net.parameters()), [])
    assert len(parameters.vectors) == 1  # the empty group is left out
    assert len({p.untyped_storage().data_ptr() for p in net.parameters()}) == 1
    parameters.release()
    assert len({p.untyped_storage().data_ptr() for p in net.parameters()}) == len(before)
    for a, b in zip(before, net.parameters(), strict=True):
        assert torch.equal(a, b)
