"""Models by a seed, and models of one's own by the name of their builder."""

import json

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.distributions import Independent, StudentT

import vhp_core as vhp
from tests.helpers import assert_same, there_and_back

# Seeds


@pytest.mark.parametrize(
    "build",
    [
        lambda **k: vhp.mlp_vae(4, 2, (8,), "vamp", **k),
        lambda **k: vhp.conv_vae(8, 2, (3,), 8, **k),
    ],
    ids=["mlp", "conv"],
)
def test_first_weights_are_those_of_the_seed(build):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = build(seed=0)
    assert torch.equal(torch.get_rng_state(), before)  # the caller's stream was not used
    torch.manual_seed(2)
    two, other = build(seed=0), build(seed=1)
    differ = False
    for (name, a), b in zip(one.state_dict().items(), two.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
        differ |= not torch.equal(a, other.state_dict()[name])
    assert differ and one.config == other.config and "seed" not in one.config
    torch.manual_seed(0)
    assert not torch.equal(build().encoder.linear.new_empty(0), one.encoder.net[0].weight)
    with pytest.raises(ValueError, match="seed must not be below 0"):
        build(seed=-1)


def test_without_a_seed_weights_come_from_torch_s_own_stream():
    torch.manual_seed(5)
    one, two = vhp.mlp_vae(4, 2, (8,)), vhp.mlp_vae(4, 2, (8,))
    torch.manual_seed(5)
    again = vhp.mlp_vae(4, 2, (8,), seed=None)
    assert torch.equal(one.decoder[0].weight, again.decoder[0].weight)
    assert not torch.equal(one.decoder[0].weight, two.decoder[0].weight)


# Models of one's own


class Heavy(vhp.Entrywise):
    """Student-t with a scale that is a buffer."""

    def __init__(self, nu):
        super().__init__()
        self.nu = nu
        self.register_buffer("scale", torch.tensor(0.5))

    def forward(self, output):
        return Independent(StudentT(self.nu, output, self.scale), self.event_dims)

    def entries(self, x, output):
        t = (x - output) / self.scale
        return 0.5 * (self.nu + 1) * torch.log1p(t.square() / self.nu)

    def log_prob_entries(self, x, entries):
        return StudentT(self.nu, 0.0, self.scale).log_prob(torch.zeros_like(x)) - entries


def normalised(x_dim, z_dim, widths, nu=3.0, activation="Tanh"):
    """An encoder with running means, whose network is not of this package."""
    net = nn.Sequential(
        nn.Linear(x_dim, widths[0]), nn.BatchNorm1d(widths[0]), getattr(nn, activation)(),
        nn.Linear(widths[0], 2 * z_dim),
    )  # fmt: skip
    encoder = vhp.GaussianAroundLinear(net, x_dim, z_dim, 1e-4)
    decoder = nn.Sequential(nn.Linear(z_dim, 8), nn.ELU(), nn.Linear(8, x_dim))
    return vhp.VAE(encoder, decoder, Heavy(nu), vhp.HierarchicalPrior(z_dim, hidden=(8,)))


@pytest.mark.filterwarnings("ignore:the constraint is not met")
def test_a_model_of_one_s_own_comes_back(tmp_path):
    model = vhp.build(normalised, x_dim=4, z_dim=2, widths=(9,), nu=4.0)
    x = torch.randn(80, 4)
    vhp.fit(model, x, vhp.Geco(kappa=2.0), steps=5, batch_size=20, progress=False)
    vhp.fit_iwae(model, x, 2, steps=5, batch_size=20, progress=False)
    model.likelihood.scale.fill_(0.7)
    again = there_and_back(model, tmp_path / "model", builder=normalised)
    assert again.encoder.net[1].running_mean.abs().sum() > 0
    assert again.encoder.net[1].num_batches_tracked == 10 and again.likelihood.nu == 4.0
    assert again.config == {
        "builder": "normalised",
        "arguments": {"x_dim": 4, "z_dim": 2, "widths": [9], "nu": 4.0},
    }
    assert_same(model, again, x)
    assert_same(model, there_and_back(again, tmp_path / "2", builder=normalised), x)
    again.encoder.net[2] = nn.ReLU()
    with pytest.raises(ValueError, match=r"encoder\.net\.2 is a .*ReLU, not a .*Tanh"):
        again.save(tmp_path / "3")


def other(x_dim, z_dim, widths, nu):
    return normalised(x_dim, z_dim, widths, nu)


def test_the_builder_has_to_be_given_and_has_to_be_the_one_that_built(tmp_path):
    path = tmp_path / "model"
    vhp.build(normalised, x_dim=4, z_dim=2, widths=[9], nu=4.0).save(path)
    with pytest.raises(ValueError, match=r"by the function normalised, and builder is None"):
        vhp.load(path)
    with pytest.raises(ValueError, match=r"by the function normalised, and builder is other"):
        vhp.load(path, builder=other)
    vhp.mlp_vae(4, 2, (8,)).save(path)
    with pytest.raises(ValueError, match=r"by the function mlp_vae, and builder is other"):
        vhp.load(path, builder=other)
    vhp.load(path, builder=vhp.mlp_vae)


def test_a_builder_that_builds_something_else_by_now_is_refused(tmp_path):
    def normalised(**arguments):
        return globals()["normalised"](**arguments | {"widths": [10]})

    normalised.__qualname__ = "normalised"
    vhp.build(globals()["normalised"], x_dim=4, z_dim=2, widths=[9]).save(tmp_path / "model")
    with pytest.raises(ValueError, match=r"does not fit its own configuration: .* has the shape"):
        vhp.load(tmp_path / "model", builder=normalised)


def test_a_file_never_names_what_is_imported(tmp_path):
    config = {"builder": "os.system", "arguments": {"command": "true"}}
    header = {"format": "vhp_core.VAE/2", "config": json.dumps(config), "settings": "{}"}
    save_file({"weight": torch.zeros(2)}, tmp_path / "model", header)
    with pytest.raises(ValueError, match=r"by the function os\.system, and builder is None"):
        vhp.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("builder", "arguments", "message"),
    [
        (lambda: None, {}, "a function with a name"),
        ("mlp_vae", {}, "a function with a name"),
        (normalised, {"x_dim": torch.zeros(2)}, "a file cannot hold the arguments of normalised"),
        (vhp.MLP, {"in_dim": 2, "out_dim": 2}, "MLP must return a VAE, got a MLP"),
    ],
)
def test_what_cannot_be_built_is_refused(builder, arguments, message):
    with pytest.raises(ValueError, match=message):
        vhp.build(builder, **arguments)
