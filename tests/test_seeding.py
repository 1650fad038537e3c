import pytest
import torch

from vhp_core.seeding import seeded


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
