"""Files of models: what ``load`` gives computes what ``save`` had, bit for bit, or is refused."""

import copy
import json
import pickle

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

import vhp_core as vhp
from tests.helpers import assert_same, there_and_back

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


def test_a_file_whose_numbers_were_halved_comes_back_in_the_type_that_was_saved(tmp_path):
    model = vhp.mlp_vae(4, 2, (8,))
    model.save(tmp_path / "model")
    with safe_open(tmp_path / "model", "pt") as file:
        header = file.metadata()
        tensors = {key: file.get_tensor(key).half() for key in file.keys()}  # noqa: SIM118
    save_file(tensors, tmp_path / "light", header)
    again = vhp.load(tmp_path / "light")
    for name, value in again.named_parameters():
        assert torch.equal(value, model.get_parameter(name).half().float()), name


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
