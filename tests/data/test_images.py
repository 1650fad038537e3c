"""Digits of 8×8 pixels; and black and white pictures, drawn once or at each use."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

import vhp_core as vhp
from vhp_core.data import Binarised, binarise, images
from vhp_core.engine.seeding import outside, random_state, seeded, sharded, stream

GREY = torch.rand(20, 12, generator=torch.Generator().manual_seed(3))
CPU = torch.device("cpu")


def drawn(data, index, seed=0, module=None, times=1):
    """What is read in the stream of a seed."""
    with stream(seed, module=module or nn.Identity()):
        return torch.stack([data[index] for _ in range(times)])


def test_digits():
    data = vhp.data.digits()
    assert data.x.shape == (1797, 1, 8, 8) and data.x.dtype == torch.float32
    steps = data.x * 16
    assert torch.equal(steps, steps.round()) and data.x.min() == 0 and data.x.max() == 1
    assert data.labels.shape == (1797,) and data.labels[:12].tolist() == [*range(10), 0, 1]
    assert "1797 handwritten digits" in data.source


def test_each_fifth_of_each_digit_is_held_out():
    data = vhp.data.digits()
    train, test = data.split
    assert torch.equal(train, ~test)
    for digit in range(10):
        of_digit = test.numpy()[data.labels == digit]
        assert np.flatnonzero(of_digit).tolist() == list(range(4, len(of_digit), 5))


def test_drawn_once():
    pictures = binarise(GREY, seed=1)
    assert pictures.shape == GREY.shape and set(pictures.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(pictures, binarise(GREY, seed=1))
    assert not torch.equal(pictures, binarise(GREY, seed=2))
    assert torch.equal(pictures, binarise(GREY.numpy(), seed=1))
    double = binarise(GREY.double(), seed=1)
    assert double.dtype == torch.float64 and torch.equal(double.float(), pictures)


def test_a_pixel_is_white_as_often_as_its_grey_level_says():
    grey = torch.tensor([0.0, 1 / 255, 0.5, 254 / 255, 1.0])
    n = 40_000
    for pictures in (
        binarise(grey.expand(n, 5)), drawn(Binarised(grey.expand(n, 5)), slice(None))[0]
    ):  # fmt: skip
        mean, deviation = pictures.mean(0), (grey * (1 - grey) / n).sqrt()
        assert ((mean - grey).abs() <= 4 * deviation).all()
        assert mean[0] == 0 and mean[-1] == 1


def test_pictures_are_drawn_in_order(monkeypatch):
    whole = binarise(GREY)
    assert torch.equal(binarise(GREY[:7]), whole[:7])
    monkeypatch.setattr(images, "_ROWS_AT_ONCE", 6)
    assert torch.equal(binarise(GREY), whole)


def test_drawing_leaves_the_caller_s_numbers_alone():
    expected = torch.rand(2, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    binarise(GREY)
    assert Binarised(GREY)[0].shape == (12,)
    assert torch.equal(torch.rand(2), expected)


def test_a_run_of_the_same_seed_has_other_numbers():
    with seeded(5):
        assert not torch.equal((torch.rand(GREY.shape) < GREY).float(), binarise(GREY, seed=5))


def test_where_there_is_no_stream_a_picture_stays():
    data, once = Binarised(GREY, seed=4), binarise(GREY, seed=4)
    assert len(data) == 20
    for _ in range(2):
        assert torch.equal(torch.stack([data[row] for row in range(20)]), once)
    assert torch.equal(data[-3:], once[-3:])
    assert torch.equal(torch.stack(data.__getitems__([3, 3, 0])), once[[3, 3, 0]])
    (batch,) = DataLoader(data, batch_size=20)
    assert torch.equal(batch, once)
    with stream(0, module=nn.Identity()), outside():
        assert torch.equal(data[2], once[2])


@pytest.mark.parametrize("module", [nn.Identity(), nn.Dropout()], ids=["own", "torch's"])
def test_in_a_stream_each_use_is_drawn_anew(module):
    """With Dropout the stream is in torch's own state."""
    uses = drawn(Binarised(GREY), 0, seed=1, module=module, times=50)
    assert set(uses.unique().tolist()) == {0.0, 1.0} and len(uses.unique(dim=0)) > 40
    again = drawn(Binarised(GREY, seed=9), 0, seed=1, module=module, times=50)
    assert torch.equal(uses, again)  # the stream decides
    assert not torch.equal(uses, drawn(Binarised(GREY), 0, seed=2, module=module, times=50))


def test_one_by_one_is_as_all_at_once():
    data, rows = Binarised(GREY), [5, 0, 0, 19]
    with stream(0, module=nn.Identity()):
        one_by_one = torch.stack([data[row] for row in rows])
    with stream(0, module=nn.Identity()):
        assert torch.equal(torch.stack(data.__getitems__(rows)), one_by_one)
    assert not torch.equal(one_by_one[1], one_by_one[2])


def test_processes_draw_numbers_of_their_own():
    seen, states = [], []
    for rank in range(2):
        with stream(0, module=nn.Identity()), sharded(rank, 2):
            seen.append(Binarised(GREY)[:])
            states.append(random_state(CPU)["random"])
    assert not torch.equal(*seen)
    assert torch.equal(*states)  # what they draw next is shared as ever


def small_model():
    return vhp.mlp_vae(12, 2, hidden=(8,), likelihood="bernoulli", prior="normal", seed=0)


def fitted(data, steps=6, **options):
    model, constraint = small_model(), vhp.Geco(kappa=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few steps cannot meet the constraint
        vhp.fit(model, data, constraint, steps, batch_size=8, progress=False, **options)
    return nn.utils.parameters_to_vector(model.parameters())


def test_a_fit_draws_anew_and_repeats_by_its_seed():
    class Seen(Binarised):
        def __getitem__(self, index):
            picture = super().__getitem__(index)
            self.pictures += picture.view(-1, GREY.shape[1])
            return picture

    data = Seen(GREY[:1])
    data.pictures = []
    weights = fitted(data)
    assert len(torch.stack(data.pictures).unique(dim=0)) > 30  # of 48 that are drawn
    assert torch.equal(weights, fitted(Binarised(GREY[:1])))
    assert not torch.equal(weights, fitted(Binarised(GREY[:1]), seed=1))
    assert not torch.equal(weights, fitted(binarise(GREY[:1])))


def test_a_run_that_goes_on_draws_what_it_would_have_drawn(tmp_path):
    data, path = Binarised(GREY), tmp_path / "run.safetensors"
    fitted(data, steps=3, checkpoint=path)
    assert torch.equal(fitted(data, checkpoint=path), fitted(data))
    with pytest.raises(ValueError, match="data"):
        fitted(Binarised(GREY, seed=1), steps=9, checkpoint=path)


def test_what_is_measured_repeats_by_its_seed():
    model, data = small_model(), Binarised(GREY)
    one, same, other = (vhp.evaluation.log_likelihood(model, data, 3, seed=s) for s in (0, 0, 1))
    assert torch.equal(one, same) and not torch.equal(one, other)


@pytest.mark.parametrize("draw", [binarise, Binarised])
@pytest.mark.parametrize(
    ("x", "seed", "message"),
    [
        (torch.zeros(2, 3, dtype=torch.uint8), 0, "uint8; give x / 255"),
        (torch.tensor([[0.0, 1.5]]), 0, r"spans \[0, 1.5\]"),
        (torch.tensor([[-0.25, 1.0]]), 0, r"spans \[-0.25, 1\]"),
        (torch.tensor([[0.5, torch.nan]]), 0, "grey levels"),
        (GREY, -1, "seed must be at least 0"),
        (GREY, 0.5, "seed must be a whole number"),
    ],
)
def test_what_is_no_grey_level_is_refused(draw, x, seed, message):
    with pytest.raises(ValueError, match=message):
        draw(x, seed)
