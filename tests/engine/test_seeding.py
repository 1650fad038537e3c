import pytest
import torch
from torch import nn

import vhp_core as vhp
from vhp_core.engine import seeding
from vhp_core.engine.seeding import (
    draws_by_itself,
    generator,
    outside,
    random_state,
    seeded,
    set_random_state,
    sharded,
    standard_normal,
    stream,
)


def draw(seed):
    with seeded(seed):
        return torch.randn(4)


def test_the_seed_decides():
    assert torch.equal(draw(3), draw(3))
    assert not torch.equal(draw(3), draw(4))


def test_the_caller_s_numbers_go_on():
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    draw(7)
    assert torch.equal(torch.rand(2), expected)


def test_data_drawn_with_the_same_seed_do_not_come_back_as_noise():
    torch.manual_seed(0)
    assert not torch.equal(torch.randn(4), draw(0))


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed"):
        draw(-1)


def test_processes_share_the_noise_of_one():
    with seeded(5):
        whole = standard_normal((3, 8, 2), torch.zeros(()))
    parts = []
    for rank in range(4):
        with seeded(5), sharded(rank, 4):
            parts.append(standard_normal((3, 2, 2), torch.zeros(())))
    assert torch.equal(torch.cat(parts, dim=1), whole)


def test_noise_has_the_type_asked_for():
    noise = standard_normal((5, 2), torch.zeros((), dtype=torch.float64))
    assert noise.dtype == torch.float64 and noise.shape == (5, 2)


class Unknown(nn.Module):
    def forward(self, x):
        return x + torch.randn_like(x)


@pytest.mark.parametrize(
    ("module", "draws"),
    [
        (vhp.mlp_vae(3, 2, hidden=(4,)), False),
        (vhp.conv_vae(8, 2, channels=(2,), hidden=4, prior="vamp"), False),
        (nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.GRU(2, 2)), False),
        (nn.MultiheadAttention(4, 2), False),
        (nn.MultiheadAttention(4, 2, dropout=0.1), True),
        (nn.LSTM(2, 2, num_layers=2, dropout=0.1), True),
        (nn.Sequential(nn.Linear(2, 2), nn.Dropout2d(0.1)), True),
        (nn.RReLU(), True),
        (Unknown(), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_who_draws_by_itself(module, draws):
    assert draws_by_itself(module) is draws
    with stream(0, module=module):
        assert (generator(torch.device("cpu")) is None) is draws


def test_hooks_may_draw():
    layer = nn.Linear(2, 2)
    layer.register_forward_hook(lambda *_: None)
    assert draws_by_itself(layer)


@pytest.mark.parametrize("prior", ["hierarchical", "normal", "vamp"])
def test_a_stream_apart_has_the_bits_of_the_global_one(prior):
    model, x = vhp.mlp_vae(3, 2, hidden=(4,), prior=prior), torch.randn(50, 3)

    def draws():
        q = model.encode(x)
        at = torch.device("cpu")
        whole = torch.randint(9, (7,), generator=generator(at))
        return [whole, *model(x), model.prior.sample(20), q.sample((2,)), q.rsample(), model(x)[0]]

    with seeded(3, 1, 2):
        expected = draws()
    torch.manual_seed(9)
    before = torch.get_rng_state()
    with stream(3, 1, 2, module=model):
        apart = draws()
    assert all(torch.equal(a, b) for a, b in zip(apart, expected, strict=True))
    assert torch.equal(torch.get_rng_state(), before)
    with stream(3, 1, module=model):
        assert not torch.equal(draws()[0], expected[0])


def test_outside_all_draws_are_of_the_global_state():
    prior = vhp.HierarchicalPrior(2, hidden=(4,))
    torch.manual_seed(1)
    expected = torch.distributions.Normal(torch.zeros(5, 2), 1).sample(), torch.randn(3)
    torch.manual_seed(1)
    assert torch.equal(prior.zeta.sample(5), expected[0])
    assert torch.equal(torch.randn(3), expected[1])


@pytest.mark.parametrize("context", [seeded, lambda seed: stream(seed, module=nn.ReLU())])
def test_contexts_within_contexts(context):
    one = torch.zeros(())

    def noise():
        return standard_normal((4, 1), one)

    with context(1):
        first, second = noise(), noise()
    torch.manual_seed(5)
    callers = noise()
    torch.manual_seed(5)
    with context(1):
        assert torch.equal(noise(), first)
        with seeded(2):
            inner = noise()
        with stream(2, module=nn.ReLU()):
            assert torch.equal(noise(), inner)
        with outside():
            assert torch.equal(noise(), callers)
        assert torch.equal(noise(), second)


def test_a_random_state_is_one_to_go_on_from():
    cpu = torch.device("cpu")
    for module in (nn.Linear(1, 1), nn.Dropout()):
        with stream(1, module=module):
            standard_normal((4, 1), torch.zeros(()))
            state = random_state(cpu)
            expected = standard_normal((4, 1), torch.zeros(()))
        with stream(9, module=module):
            set_random_state(state, cpu)
            assert torch.equal(standard_normal((4, 1), torch.zeros(())), expected)


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_only_the_device_in_use_is_set_and_comes_back(monkeypatch, kind):
    """Two devices that this machine does not have, of which the second is used."""
    used = torch.device(kind, 1)
    states = {torch.device(kind, 0): "left alone", used: "the caller's"}

    class Module:
        get_rng_state = staticmethod(states.get)

        @staticmethod
        def set_rng_state(state, device):
            states[device] = state

    class Generator:
        def __init__(self, device):
            self.device = device

        def manual_seed(self, seed):
            return self

        def get_state(self):
            return torch.get_rng_state() if self.device.type == "cpu" else "the seed's"

    monkeypatch.setattr(torch, "get_device_module", lambda device: Module)
    monkeypatch.setattr(seeding, "Generator", Generator)
    with stream(0, module=nn.Dropout(), device=used):
        assert states[used] == "the seed's"
        saved = random_state(used)
        assert saved[f"random.{kind}"] == "the seed's"
        set_random_state(saved | {f"random.{kind}": "of a file"}, used)
        assert states[used] == "of a file"
    assert states == {torch.device(kind, 0): "left alone", used: "the caller's"}
