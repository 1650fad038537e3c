import pytest
import torch

import vhp_core as vhp
from tests.helpers import stir


@pytest.mark.parametrize(("size", "channels"), [(8, (3,)), (16, (4, 6)), (64, (2, 3, 4, 5))])
@pytest.mark.parametrize("batch", [(), (3,), (4, 3)])
def test_shapes(size, channels, batch):
    q = vhp.GaussianConv(size, 2, channels, hidden=7)(torch.rand(5, 1, size, size))
    assert q.batch_shape == (5,) and q.event_shape == (2,)
    images = vhp.ConvDecoder(2, size, channels, hidden=7)(torch.zeros(*batch, 2))
    assert images.shape == (*batch, 1, size, size)


@pytest.mark.parametrize("shape", [(3, 45, 31), (2, 5, 9), (4, 4, 4), (1, 6, 37)])
def test_images_of_any_height_width_and_number_of_channels(shape):
    for count in range(1, 3):
        q = vhp.GaussianConv(shape, 2, (3, 4)[:count], hidden=7)(torch.rand(5, *shape))
        assert q.batch_shape == (5,)
        decoder = vhp.ConvDecoder(2, shape, (3, 4)[:count], hidden=7)
        assert decoder(torch.zeros(3, 5, 2)).shape == (3, 5, *shape)


def test_every_pixel_of_an_odd_image_is_seen_and_drawn():
    """Rounding down loses no row: the first convolution reaches it, the last one draws it."""
    torch.manual_seed(1)
    x = torch.rand(1, 3, 21, 15, requires_grad=True)
    encoder = vhp.GaussianConv((3, 21, 15), 2, (3, 4), hidden=16)
    encoder.net(x).sum().backward()  # without the linear map, which sees all
    assert (x.grad.abs().sum(1) > 0).all()
    images = vhp.ConvDecoder(2, (3, 21, 15), (3, 4), hidden=16)(3 * torch.randn(50, 2))
    assert (images.std(0) > 0).all()


def test_a_number_is_a_grey_square():
    torch.manual_seed(3)
    one = vhp.conv_vae(8, 2, (3, 4), 16, "vamp", num_pseudo_inputs=3)
    torch.manual_seed(3)
    other = vhp.conv_vae([1, 8, 8], 2, (3, 4), 16, "vamp", num_pseudo_inputs=3)
    assert one.config == other.config and one.x_shape == (1, 8, 8)
    for (name, a), b in zip(one.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


@pytest.mark.filterwarnings("ignore:the constraint is not met")
def test_colour_images_are_started_on_their_axes_trained_and_sampled(tmp_path):
    shape = (3, 13, 9)
    x = torch.rand(60, *shape)
    model = vhp.conv_vae(shape, 2, (3, 4), 16, num_importance_samples=3, seed=0)
    vhp.linear_start(model, x)
    z = model.encode(x).mean.detach()
    torch.testing.assert_close(z.T @ z / 60, torch.eye(2), atol=1e-4, rtol=0)
    vhp.fit(model, x, vhp.Geco(kappa=6.0), steps=4, batch_size=16, progress=False)
    assert model.sample(5).shape == (5, *shape)
    model.save(tmp_path / "model")
    assert torch.equal(vhp.load(tmp_path / "model").encode(x).mean, model.encode(x).mean)


def test_batch_dimensions_do_not_mix():
    decoder = vhp.ConvDecoder(3, 16, (4, 6), hidden=7)
    z = torch.randn(4, 5, 3)
    torch.testing.assert_close(decoder(z)[2, 3], decoder(z[2, 3]))


def test_the_decoder_reaches_every_pixel_and_beyond_zero():
    """Its last layer is linear: a ReLU there could not give logits."""
    decoder = vhp.ConvDecoder(2, 16, (4, 6), hidden=16)
    images = decoder(3 * torch.randn(200, 2))
    assert (images < 0).any() and (images > 0).any()
    assert (images.std(0) > 0).all()


def test_scale_stays_above_its_floor():
    encoder = vhp.GaussianConv(8, 1, (3,), hidden=4, min_scale=0.3)
    with torch.no_grad():
        encoder.net[-1][-1].bias[1] = -1e4
    scale = encoder(torch.zeros(2, 1, 8, 8)).scale
    torch.testing.assert_close(scale, torch.full((2, 1), 0.3))


@pytest.mark.parametrize("prior", ["hierarchical", "normal", "vamp"])
@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_an_image_model_trains_is_measured_and_comes_back_from_its_file(
    tmp_path, prior, likelihood
):
    torch.manual_seed(1)
    model = vhp.conv_vae(8, 2, (3, 4), 16, prior, likelihood, 3, num_pseudo_inputs=5)
    x = torch.rand(40, 1, 8, 8)
    history = vhp.fit(model, x, vhp.Geco(kappa=8.0), steps=6, batch_size=16, progress=False)
    assert len(history.frame()) == 6
    vhp.fit_iwae(model, x, 4, steps=3, batch_size=16, progress=False)
    assert model.sample(6).shape == model.sample(6, noise=True).shape == (6, 1, 8, 8)
    model.save(tmp_path / "model.safetensors")
    again = vhp.load(tmp_path / "model.safetensors")
    assert again.config == model.config and again.x_shape == (1, 8, 8)
    for measure in (vhp.evaluation.reconstruction_error, vhp.evaluation.log_likelihood):
        values = measure(model, x, 3, seed=2)
        assert values.shape == (40,) and values.isfinite().all()
        torch.testing.assert_close(measure(again, x, 3, seed=2), values)


def test_every_parameter_of_the_lagrangian_gets_a_gradient():
    torch.manual_seed(2)
    model = vhp.conv_vae(8, 2, (3, 4), 16)
    stir(model.prior)
    vhp.lagrangian(model(torch.rand(60, 1, 8, 8)), multiplier=2.0, kappa=1.0).backward()
    for name, parameter in model.named_parameters():
        if name != "likelihood.log_scale":
            assert parameter.grad.abs().sum() > 0, name


def test_images_pass_in_pieces_of_bounded_size(monkeypatch):
    model = vhp.conv_vae(8, 2, (3, 4), 16, prior="normal")
    rows = []
    model.decoder.register_forward_hook(lambda _, inputs, __: rows.append(inputs[0].shape[:-1]))
    monkeypatch.setattr(vhp.evaluation, "_VALUES_AT_ONCE", 10 * 64)
    vhp.evaluation.reconstruction_error(model, torch.rand(23, 1, 8, 8), num_samples=4)
    assert max(shape.numel() for shape in rows) <= 10
    assert sum(shape.numel() for shape in rows) == 23 * 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": 4, "channels": (2, 3, 4)}, "4 x 4 pixels cannot be .* at least 8 x 8"),
        ({"image_shape": (1, 40, 7), "channels": (2, 3, 4)}, "40 x 7 pixels cannot be halved"),
        ({"image_shape": (40, 40)}, r"must be \(channels, height, width\).*got \(40, 40\)"),
        ({"image_shape": (3, 40, 0)}, r"must be \(channels, height, width\)"),
        ({"image_shape": 16.5}, r"must be \(channels, height, width\)"),
        ({"channels": ()}, "at least one convolution"),
        ({"channels": (4, 0)}, "channels must be at least 1"),
        ({"hidden": 0}, "hidden must be at least 1"),
        ({"z_dim": 0}, "z_dim must be at least 1"),
        ({"prior": "flat"}, "prior must be one of"),
        ({"likelihood": "laplace"}, "likelihood must be one of"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        vhp.conv_vae(**{"image_shape": 16, "z_dim": 2, "channels": (3, 4)} | arguments)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((4, 1, 16, 16), r"\(1, 16, 16\), the model was built for \(1, 8, 8\)"),
        ((4, 3, 8, 8), r"\(3, 8, 8\), the model was built for"),
        ((4, 64), "must have 4 dimensions"),
    ],
)
def test_images_of_another_shape_are_refused(shape, message):
    model = vhp.conv_vae(8, 2, (3, 4), 16)
    with pytest.raises(ValueError, match=message):
        vhp.fit(model, torch.rand(shape), vhp.Geco(kappa=1.0), steps=1, progress=False)
