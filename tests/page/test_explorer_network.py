"""vhp_core.page.explorer_network: which decoders a page can hold, and what it holds of them."""

import base64

import numpy as np
import pytest
import torch
from torch import nn

import vhp_core as vhp
from vhp_core.page.explorer_network import decoder_layers, pack_network, rounding_error

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
    assert packed["layers"] == [["linear", 2, 5], ["relu", 0.1], ["linear", 5, 4]]
    texts = [layer[name] for layer in packed["parameters"] for name in ("weight", "bias")]
    for text, wanted in zip(texts, model.decoder.parameters(), strict=True):
        np.testing.assert_array_equal(numbers(text, "<f4"), wanted.detach().ravel())
    assert packed["checks"]["z"] == Z.tolist()
    decoded = model.decode(Z).mean.detach()
    np.testing.assert_array_equal(numbers(packed["checks"]["x"], "<f4").reshape(3, 4), decoded)


@pytest.mark.parametrize(("bits", "limit"), [(16, 5e-3), (8, 5e-2)])
def test_fewer_bits_round_the_weights_of_the_page_and_of_its_checks_alone(bits, limit):
    model = vhp.mlp_vae(4, 2, hidden=(5,))
    before = [p.clone() for p in model.decoder.parameters()]
    packed = pack_network(model, Z, bits=bits)
    assert packed["bits"] == bits
    for p, q in zip(before, model.decoder.parameters(), strict=True):
        assert torch.equal(p, q)
    if bits == 16:
        weights = numbers(packed["parameters"][0]["weight"], "<f2")
        np.testing.assert_array_equal(weights, before[0].detach().half().ravel())
    checked = numbers(packed["checks"]["x"], "<f4").reshape(3, 4)
    off = abs(checked - model.decode(Z).mean.detach().numpy())
    assert 0 < off.max() < limit
    rms = rounding_error(model, Z, bits)
    assert rms == pytest.approx(np.sqrt((off**2).mean()), rel=1e-3)


@pytest.mark.parametrize("by", ["row", "column"])
def test_eight_bits_have_a_scale_for_each_row_or_column_whichever_loses_less(by):
    torch.manual_seed(0)
    layer = nn.Linear(6, 30)
    sizes = torch.tensor([1.0, 0.01, 0.01, 0.01, 0.01, 0.01])  # of the columns
    with torch.no_grad():
        layer.weight.uniform_(-1, 1).mul_(sizes)
        if by == "row":
            layer.weight.copy_(layer.weight.reshape(6, 30).T.reshape(30, 6).sign())
            layer.weight.mul_(10.0 ** torch.arange(-15, 15).unsqueeze(1))
    packed = pack_network(model_of(nn.Sequential(nn.Linear(2, 6), layer)), Z, bits=8)
    told = packed["parameters"][1]
    scale, steps = numbers(told["scale"], "<f4"), numbers(told["weight"], "i1")
    assert (len(scale), told["run"]) == {"row": (30, 6), "column": (6, 1)}[by]
    which = np.arange(180) // told["run"] % len(scale)
    weights = layer.weight.detach().numpy().ravel()
    np.testing.assert_array_less(abs(steps * scale[which] - weights), 0.501 * scale[which])


def test_a_layer_of_zeros_stays_one():
    layer = nn.Linear(2, 4)
    nn.init.zeros_(layer.weight)
    model = model_of(layer)
    assert not numbers(pack_network(model, Z, bits=8)["parameters"][0]["weight"], "i1").any()
    assert rounding_error(model, Z, 32) == 0


def test_many_values_are_shared_among_the_checked_points():
    model = vhp.mlp_vae(1000, 2, hidden=(5,))
    checks = pack_network(model, Z)["checks"]
    assert (checks["size"], checks["thin"]) == (1000, 3)
    decoded = model.decode(Z).mean.detach().numpy()
    wanted = np.concatenate([decoded[i, i::3] for i in range(3)])
    np.testing.assert_array_equal(numbers(checks["x"], "<f4"), wanted)


def test_bits_of_another_number_and_weights_too_large_for_them_are_refused():
    model = vhp.mlp_vae(4, 2, hidden=(5,))
    for refused in (pack_network, rounding_error):
        with pytest.raises(ValueError, match="bits must be one of 32, 16, 8, got 4"):
            refused(model, Z, bits=4)
    with torch.no_grad():
        model.decoder[0].weight.fill_(1e6)
    with pytest.raises(ValueError, match="weights that are not finite in 16 bits"):
        pack_network(model, Z, bits=16)


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
        nn.SiLU(),
        nn.Conv2d(2, 1, 3, padding=1),
        nn.Flatten(),
    )
    assert [layer for layer, _ in decoder_layers(decoder)] == [
        ["linear", 2, 16], ["relu", 0.1], ["reshape", 4, 2, 2],
        ["convTransposed", 4, 2, 4, 2, 1, 0], ["tanh"], ["upsample", 2],
        ["silu"],
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
