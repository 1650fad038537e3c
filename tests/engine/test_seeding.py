import pytest
import torch

from vhp_core.engine.seeding import seeded, sharded, standard_normal


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
