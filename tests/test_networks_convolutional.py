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
        ({"image_size": 20, "channels": (2, 3, 4)}, "image_size must be a multiple of 2 for each"),
        ({"image_size": 4, "channels": (2, 3, 4)}, "image_size must be a multiple"),
        ({"channels": ()}, "at least one"),
        ({"channels": (4, 0)}, "channels must be at least 1"),
        ({"hidden": 0}, "hidden must be at least 1"),
        ({"z_dim": 0}, "z_dim must be at least 1"),
        ({"prior": "flat"}, "prior must be one of"),
        ({"likelihood": "laplace"}, "likelihood must be one of"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        vhp.conv_vae(**{"image_size": 16, "z_dim": 2, "channels": (3, 4)} | arguments)


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
