"""Building by a seed, and files: what ``load`` gives computes what ``save`` had, or is refused."""

import copy
import json
import pickle

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from torch.distributions import Independent, StudentT

import vhp_core as vhp


def computed(model, x):
    """What a model gives for x with fixed noise, and what it is."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(7)
        q = model.encode(x)
        terms = model(x)
        bound, _ = vhp.importance_weighted_bound(model, x, 2)
        return [q.mean, q.variance, *terms, bound, model.sample(3), model.sample(3, noise=True)]


def assert_same(model, again, x):
    model, x = copy.deepcopy(model), x.to(next(model.parameters()).dtype)
    assert again.training == model.training and again.x_shape == model.x_shape
    for ours, theirs in zip(computed(model, x), computed(again, x), strict=True):
        assert ours.dtype == theirs.dtype and torch.equal(ours, theirs)


def there_and_back(model, path, **options):
    model.save(path)
    return vhp.load(path, **options)


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


# What comes back


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("prior", ["hierarchical", "normal", "vamp"])
def test_a_model_comes_back_in_its_own_type(tmp_path, dtype, prior):
    model = vhp.mlp_vae(4, 2, (8,), prior, num_importance_samples=3, num_pseudo_inputs=5).to(dtype)
    again = there_and_back(model, tmp_path / "model")
    assert {value.dtype for value in (*again.parameters(), *again.buffers())} == {dtype}
    assert_same(model, again, torch.rand(6, 4))


def test_a_part_may_have_another_type(tmp_path):
    model = vhp.mlp_vae(4, 2, (8,))
    model.likelihood.double()
    again = there_and_back(model, tmp_path / "model")
    assert again.likelihood.log_scale.dtype == torch.float64
    assert again.encoder.linear.dtype == torch.float32


def test_what_was_set_on_a_model_comes_back(tmp_path):
    model = vhp.mlp_vae(4, 2, (8,), num_importance_samples=3).eval()
    model.prior.num_importance_samples = 50
    model.prior.start(0.7)
    model.encoder.min_scale = 0.2
    model.x_shape = (2, 2)
    model.likelihood.event_dims = 2
    model.likelihood.log_scale.requires_grad_(False)
    model.likelihood.set_scale(2.0, dim=4)
    model.decoder.train()
    again = there_and_back(model, tmp_path / "model")
    assert again.prior.num_importance_samples == 50 and again.encoder.min_scale == 0.2
    assert again.x_shape == (2, 2) and again.likelihood.event_dims == 2
    frozen = [name for name, parameter in again.named_parameters() if not parameter.requires_grad]
    assert frozen == ["likelihood.log_scale"]
    training = [name for name, module in again.named_modules() if module.training]
    assert training == [name for name, module in model.named_modules() if module.training]
    z = torch.randn(5, 2)
    torch.manual_seed(3)
    expected = model.prior.log_prob(z)
    torch.manual_seed(3)
    assert torch.equal(again.prior.log_prob(z), expected)
    assert again.config == model.config


def test_a_model_in_training_is_saved_as_it_is(tmp_path):
    """Its parameters are then views of one long vector, and σ rests."""
    model, seen = vhp.mlp_vae(4, 2, (8,), prior="normal"), []

    def look(module, inputs):
        if module.training and not seen:
            handle.remove()
            seen.append([p.detach().clone() for p in model.parameters()])
            model.save(tmp_path / "model")

    handle = model.register_forward_pre_hook(look)
    vhp.fit(model, torch.rand(50, 4), vhp.Geco(kappa=2.0), 3, 16, progress=False)
    again = vhp.load(tmp_path / "model")
    for ours, theirs in zip(seen[0], again.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert again.training and not again.likelihood.log_scale.requires_grad


def test_neither_saving_nor_loading_draws_from_the_caller_s_stream(tmp_path):
    model = vhp.mlp_vae(4, 2, (8,), "vamp")
    before = torch.get_rng_state()
    there_and_back(model, tmp_path / "model")
    assert torch.equal(torch.get_rng_state(), before)


def test_copies_can_be_saved_too(tmp_path):
    model = vhp.mlp_vae(4, 2, (8,))
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert_same(model, there_and_back(twin, tmp_path / "model"), torch.rand(3, 4))


def test_numbers_of_numpy_are_arguments_like_others(tmp_path):
    import numpy as np

    model = vhp.mlp_vae(np.int64(4), np.int32(2), hidden=np.array([8, 9]))
    assert_same(model, there_and_back(model, tmp_path / "model"), torch.rand(3, 4))


# What is refused


class Offset(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x)


def _tanh(model):
    model.decoder[1] = nn.Tanh()


def _slope(model):
    model.decoder[1].negative_slope = 0.3


def _fewer(model):
    del model.decoder[1]


def _more(model):
    model.decoder.append(nn.Dropout(0.5))


def _wider(model):
    model.decoder[2] = nn.Linear(8, 5)


def _no_bias(model):
    model.decoder[0].bias = None


def _encoder(model):
    model.encoder = vhp.GaussianMLP(4, 2, (8,), activation="silu")


def _wrapped(model):
    model.encoder = Offset(model.encoder)


def _likelihood(model):
    model.likelihood = vhp.BernoulliLikelihood()


def _method(model):
    model.decoder.forward = lambda z: z


def _hook(model):
    model.decoder.register_forward_hook(lambda module, inputs, output: 2 * output)


def _encoder_of_the_prior(model):
    model.prior._encoder = (vhp.GaussianMLP(4, 2, (8,)),)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_tanh, r"decoder\.1 is a .*Tanh, not a .*LeakyReLU"),
        (_slope, r"decoder\.1\.negative_slope is 0\.3, not 0\.1"),
        (_fewer, r"decoder\.2 is gone"),
        (_more, r"decoder\.3 is new"),
        (_wider, r"decoder\.2\.out_features is 5, not 4"),
        (_no_bias, r"decoder\.0\.bias"),
        (_encoder, r"encoder\.net\.1 is a .*SiLU"),
        (_wrapped, r"encoder is a .*Offset, not a .*GaussianMLP; "),
        (_likelihood, r"likelihood is a .*BernoulliLikelihood, not a .*GaussianLikelihood"),
        (_method, r"decoder\.forward is .*, not nothing"),
        (_hook, r"decoder\.forward_hooks\[0\]"),
        (_encoder_of_the_prior, r"prior\._encoder is .*no part of the model.*not .*encoder"),
    ],
)
def test_a_model_that_was_changed_is_refused(tmp_path, change, place):
    model = vhp.mlp_vae(4, 2, (8,), prior="vamp")
    change(model)
    with pytest.raises(ValueError, match=place) as refused:
        model.save(tmp_path / "model")
    assert "vhp.build(function, **arguments)" in str(refused.value)
    assert not list(tmp_path.iterdir())


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


@pytest.mark.parametrize("name", ["forward", "training", "_rebuild", "x", "prior"])
def test_a_file_sets_no_other_attributes(tmp_path, name):
    model = vhp.mlp_vae(4, 2, (8,))
    model.save(tmp_path / "model")
    with safe_open(tmp_path / "model", "pt") as file:
        header = file.metadata()
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    told = json.loads(header["settings"]) | {"attributes": {"": {name: 1}}}
    save_file(tensors, tmp_path / "model", header | {"settings": json.dumps(told)})
    with pytest.raises(ValueError, match=f"no attribute {name} that could be set"):
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


# Files of before


def test_a_file_of_square_images_from_before_comes_back(tmp_path):
    model = vhp.conv_vae(8, 2, (3, 4), 8, "vamp", num_pseudo_inputs=3)
    config = {k: v for k, v in model.config.items() if k != "image_shape"} | {"image_size": 8}
    header = {"format": "vhp_core.VAE/1", "config": json.dumps(config)}
    save_file({k: v.half() for k, v in model.state_dict().items()}, tmp_path / "old", header)
    again = vhp.load(tmp_path / "old")
    assert again.config == model.config
    for name, value in again.state_dict().items():  # in PyTorch's default type, as it was then
        assert torch.equal(value, model.state_dict()[name].half().float()), name
