"""The pendulum's images against their own geometry."""

import math

import numpy as np
import pytest
import torch

import vhp_core as vhp


def test_shapes_and_mean():
    data = vhp.data.pendulum(300, seed=1)
    assert data.x.shape == (300, 256) and data.x.dtype == torch.float32
    assert data.angle.shape == (300,)
    assert data.angle.min() >= 0 and data.angle.max() < 2 * math.pi
    torch.testing.assert_close(data.x.mean(0), torch.zeros(256), atol=1e-5, rtol=0)
    assert "300 images" in data.source


def test_same_seed_same_images():
    a, b, c = (vhp.data.pendulum(10, seed=s) for s in (3, 3, 4))
    assert torch.equal(a.x, b.x) and torch.equal(a.angle, b.angle)
    assert not torch.equal(a.x, c.x)


def test_angles_are_uniform():
    angle = vhp.data.pendulum(20_000).angle
    for harmonic in (1, 2, 3):  # each mean has standard deviation 1/√n
        mean = torch.polar(torch.ones_like(angle), harmonic * angle).mean()
        assert mean.abs() < 4 / math.sqrt(20_000)


@pytest.mark.parametrize(
    ("angle", "row", "column"), [(0, 7.5, 13), (0.5, 2, 7.5), (1, 7.5, 2), (1.5, 13, 7.5)]
)
def test_rod_points_where_the_angle_says(angle, row, column):
    data = vhp.data.pendulum(10)
    image = data.images(data.at(math.pi * angle))
    rows, columns = np.mgrid[:16, :16]
    weight = image**8  # the ridge alone
    # the rod's middle lies half-way between the image's centre and the tip
    assert (rows * weight).sum() / weight.sum() == pytest.approx((7.5 + row) / 2, abs=0.5)
    assert (columns * weight).sum() / weight.sum() == pytest.approx((7.5 + column) / 2, abs=0.5)


def test_a_quarter_turn_turns_the_image():
    data = vhp.data.pendulum(10)
    first, second = data.images(data.at(torch.tensor([0.3, 0.3 + math.pi / 2])))
    np.testing.assert_allclose(np.rot90(first), second, atol=1e-5)


def test_noise_is_the_floor_of_the_error():
    data = vhp.data.pendulum(4000, seed=2)
    error = (data.x - data.at(data.angle)).square().sum(1)
    # mean 256 · 0.05², of a scaled χ² with 256 degrees of freedom
    assert error.mean().item() == pytest.approx(0.64, abs=4 * 0.64 * math.sqrt(2 / 256 / 4000))


def test_without_noise_it_is_the_render():
    data = vhp.data.pendulum(50, noise=0.0)
    torch.testing.assert_close(data.x, data.at(data.angle))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"n": 0}, "n must be"), ({"noise": -0.1}, "noise"), ({"noise": math.nan}, "noise"),
     ({"seed": -1}, "seed")],
)  # fmt: skip
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        vhp.data.pendulum(**arguments)


def test_images_of_a_wrong_width():
    with pytest.raises(ValueError, match="256"):
        vhp.data.pendulum(5).images(torch.zeros(3, 255))
