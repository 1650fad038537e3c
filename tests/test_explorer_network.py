"""vhp_core.explorer_network: which decoders a page can hold, and what it holds of them."""

import base64

import numpy as np
import pytest
import torch
from torch import nn

import vhp_core as vhp
from vhp_core.explorer_network import decoder_layers, pack_network

Z = torch.tensor([[0.5, -1.0], [3.0, 2.0], [0.0, 0.0]])


def model_of(decoder, likelihood=None):
    return vhp.VAE(
        vhp.GaussianMLP(4, 2),
        decoder,
        likelihood or vhp.GaussianLikelihood(),
        vhp.StandardNormal(2),
    )


def numbers(text, dtype):
    return np.frombuffer(base64.b64decode(text), dtype=dtype)


def test_weights_and_checks_come_back():
    model = vhp.mlp_vae(4, 2, hidden=(5,))
    packed = pack_network(model, Z)
    assert packed["layers"] == [["linear", 2, 5], ["relu", 0.0], ["linear", 5, 4]]
    wanted = torch.cat([p.detach().ravel() for p in model.decoder.parameters()])
    np.testing.assert_array_equal(numbers(packed["weights"], "<f4"), wanted)
    assert packed["checks"]["z"] == Z.tolist()
    decoded = model.decode(Z).mean.detach()
    np.testing.assert_array_equal(numbers(packed["checks"]["x"], "<f4").reshape(3, 4), decoded)


def test_half_rounds_the_weights_of_the_page_and_of_its_checks_alone():
    model = vhp.mlp_vae(4, 2, hidden=(5,))
    before = [p.clone() for p in model.decoder.parameters()]
    packed = pack_network(model, Z, half=True)
    assert packed["half"] and all(
        torch.equal(p, q) for p, q in zip(before, model.decoder.parameters(), strict=True)
    )
    weights = torch.cat([p.detach().ravel() for p in before])
    np.testing.assert_array_equal(numbers(packed["weights"], "<f2"), weights.half())
    off = abs(
        numbers(packed["checks"]["x"], "<f4").reshape(3, 4) - model.decode(Z).mean.detach().numpy()
    )
    assert 0 < off.max() < 5e-3


def test_a_bernoulli_likelihood_is_a_sigmoid():
    packed = pack_network(vhp.mlp_vae(4, 2, (5,), likelihood="bernoulli"), Z)
    assert packed["layers"][-1] == ["sigmoid"]


def test_a_linear_layer_without_bias_has_one_of_zeros():
    [(_, (_, bias))] = decoder_layers(nn.Linear(2, 3, bias=False))
    assert bias.tolist() == [0, 0, 0]


def test_layers_of_a_convolutional_decoder():
    decoder = nn.Sequential(
        nn.Linear(2, 16),
        nn.LeakyReLU(0.1),
        nn.Unflatten(1, (4, 2, 2)),
        nn.Sequential(nn.ConvTranspose2d(4, 2, 4, 2, 1), nn.Identity(), nn.Tanh()),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(2, 1, 3, padding=1),
        nn.Flatten(),
    )
    assert [layer for layer, _ in decoder_layers(decoder)] == [
        ["linear", 2, 16], ["relu", 0.1], ["reshape", 4, 2, 2],
        ["convTransposed", 4, 2, 4, 2, 1, 0], ["tanh"], ["upsample", 2],
        ["conv", 2, 1, 3, 1, 1], ["flatten"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "layer",
    [
        nn.GELU(),
        nn.BatchNorm1d(4),
        nn.Flatten(2),
        nn.Unflatten(1, (2, 2)),
        nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.Upsample(scale_factor=1.5),
        nn.Upsample(size=8),
        nn.Conv2d(4, 4, 3, groups=2),
        nn.Conv2d(4, 4, 3, dilation=2),
        nn.Conv2d(4, 4, (3, 1)),
        nn.Conv2d(4, 4, 3, padding="same"),
        nn.ConvTranspose2d(4, 4, 3, stride=(1, 2)),
        nn.ModuleList([nn.Linear(2, 2)]),
    ],
    ids=str,
)
def test_a_layer_that_the_page_does_not_know_is_refused_by_name(layer):
    with pytest.raises(ValueError, match=f"does not know: {type(layer).__name__}"):
        decoder_layers(nn.Sequential(nn.Linear(2, 4), layer))


def test_a_decoder_that_does_more_than_its_layers_is_refused():
    class Doubled(vhp.MLP):
        def forward(self, x):
            return 2 * super().forward(x)

    with pytest.raises(ValueError, match=r"does more than its layers"):
        pack_network(model_of(Doubled(2, 4, (5,))), Z)
