import copy
import json
import math

import pytest
import torch
from safetensors.torch import save_file

import vhp_core as vhp
from tests.helpers import linear_vae, stir


@pytest.mark.parametrize("prior", ["hierarchical", "normal"])
@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_shapes(prior, likelihood):
    model = vhp.mlp_vae(5, 2, (8,), prior, likelihood, num_importance_samples=3)
    x = torch.rand(7, 5)
    terms = model(x)
    assert terms.error.shape == terms.rate.shape == (7,)
    assert model.encode(x).mean.shape == (7, 2)
    assert model.decode(torch.zeros(4, 7, 2)).mean.shape == (4, 7, 5)
    assert model.sample(6).shape == model.sample(6, noise=True).shape == (6, 5)
    bound, terms = vhp.importance_weighted_bound(model, x, num_samples=4)
    assert bound.shape == terms.error.shape == terms.rate.shape == (7,)


def test_noise_of_samples_is_the_likelihood_s():
    model = vhp.mlp_vae(5, 2, (8,))
    with torch.no_grad():
        model.likelihood.log_scale.fill_(math.log(3.0))
    assert model.sample(2000, noise=True).std() == pytest.approx(3.0, rel=0.05)
    assert model.sample(2000).std() < 1.0


def test_hidden_sets_all_four_networks():
    model = vhp.mlp_vae(5, 2, hidden=(11, 13))
    for net in (
        model.encoder.net,
        model.decoder,
        model.prior.conditional.net,
        model.prior.inference.net,
    ):
        assert [m.out_features for m in net if isinstance(m, torch.nn.Linear)][:-1] == [11, 13]


def test_lagrangian_is_its_equation():
    terms = vhp.Terms(error=torch.tensor([1.0, 3.0]), rate=torch.tensor([0.5, 1.5]))
    assert vhp.lagrangian(terms, multiplier=10.0, kappa=0.5).item() == pytest.approx(18.5)


def test_lagrangian_at_one_is_the_elbo_of_half_unit_variance(float64):
    """Method (7): L + κ² and the constants of −log p(x|z) at σ² = 1/2 are the negative ELBO."""
    model = vhp.mlp_vae(5, 2, (8,), prior="normal")
    x = torch.randn(30, 5)
    with torch.no_grad():
        model.likelihood.log_scale.fill_(0.5 * math.log(0.5))
    torch.manual_seed(1)
    loss = vhp.lagrangian(model(x), multiplier=1.0, kappa=0.7)
    torch.manual_seed(1)
    elbo, _ = vhp.importance_weighted_bound(model, x, num_samples=1)
    torch.testing.assert_close(loss + 0.7**2 + 2.5 * math.log(math.pi), -elbo.mean())


@pytest.mark.parametrize("prior", ["hierarchical", "normal"])
def test_every_parameter_of_the_lagrangian_gets_a_gradient(prior):
    model = vhp.mlp_vae(5, 2, (8, 8), prior)
    stir(model.prior)
    vhp.lagrangian(model(torch.randn(40, 5)), multiplier=2.0, kappa=1.0).backward()
    for name, parameter in model.named_parameters():
        if name == "likelihood.log_scale":  # (5) has no σ: fit sets it afterwards
            assert parameter.grad is None
        else:
            assert parameter.grad.abs().sum() > 0, name


def test_every_parameter_of_the_iwae_gets_a_gradient():
    model = vhp.mlp_vae(5, 2, (8, 8), prior="normal")
    bound, _ = vhp.importance_weighted_bound(model, torch.randn(40, 5), num_samples=3)
    bound.sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("hierarchical", [False, True])
def test_linear_gaussian_bound_is_exact_with_the_exact_posterior(float64, hierarchical):
    model, exact = linear_vae(hierarchical)
    x = exact.sample((20,))
    bound, _ = vhp.importance_weighted_bound(model, x, num_samples=3)
    torch.testing.assert_close(bound, exact.log_prob(x))


@pytest.mark.parametrize("hierarchical", [False, True])
def test_linear_gaussian_bound_rises_to_the_closed_form(float64, hierarchical):
    model, exact = linear_vae(hierarchical, mismatch=0.12)
    x = exact.sample((300,))
    truth = exact.log_prob(x).mean()
    with torch.no_grad():
        runs = [
            torch.stack(
                [vhp.importance_weighted_bound(model, x, K)[0].mean() - truth for _ in range(30)]
            )
            for K in (1, 4, 16, 64)
        ]
    gaps = [run.mean().item() for run in runs]
    assert gaps == sorted(gaps)
    assert gaps[0] < -0.02
    assert all(run.mean() < 3 * run.std() / math.sqrt(30) for run in runs)


def test_save_and_load(tmp_path):
    model = vhp.mlp_vae(5, 2, (8, 9), likelihood="bernoulli", num_importance_samples=3)
    model.save(tmp_path / "model.safetensors")
    again = vhp.load(tmp_path / "model.safetensors")
    assert again.config == model.config
    for (name, a), (_, b) in zip(model.named_parameters(), again.named_parameters(), strict=True):
        assert torch.equal(a, b), name
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]


@pytest.mark.parametrize("builder", ["mlp", "conv"])
def test_a_file_of_networks_with_relu_alone_comes_back(tmp_path, builder):
    """As models were written before there were other activations and linear maps."""
    if builder == "mlp":
        model, x = vhp.mlp_vae(4, 2, (8,), activation="relu"), torch.randn(3, 4)
    else:
        model = vhp.conv_vae(8, 2, (3, 4), 8, activation="relu")
        x = torch.rand(3, 1, 8, 8)
    for network in (model.prior.conditional, model.prior.inference):
        torch.nn.init.zeros_(network.linear)
    tensors = {k: v.contiguous() for k, v in model.state_dict().items() if "linear" not in k}
    config = {k: v for k, v in model.config.items() if k != "activation"}
    header = {"format": "vhp_core.VAE/1", "config": json.dumps(config)}
    save_file(tensors, tmp_path / "old", header)
    again = vhp.load(tmp_path / "old")
    assert again.config == model.config
    for name, value in again.state_dict().items():
        assert torch.equal(value, model.state_dict()[name]), name
    assert torch.equal(again.encode(x).mean, model.encode(x).mean)


def test_a_model_without_configuration_is_not_saved(tmp_path):
    model = vhp.mlp_vae(5, 2, (8,))
    by_hand = vhp.VAE(model.encoder, model.decoder, model.likelihood, model.prior)
    with pytest.raises(ValueError, match="assembled by hand"):
        by_hand.save(tmp_path / "model.safetensors")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.safetensors"):
        vhp.load(tmp_path / "nothing.safetensors")


def test_damaged_file_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    vhp.mlp_vae(5, 2, (8,)).save(path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match="damaged"):
        vhp.load(path)


def test_foreign_file_is_refused(tmp_path):
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="no model file of this package"):
        vhp.load(tmp_path / "other.safetensors")


def test_file_that_contradicts_itself_is_refused(tmp_path):
    model = vhp.mlp_vae(5, 2, (8,))
    config = json.dumps({**model.config, "x_dim": 6})
    save_file(
        {k: v.contiguous() for k, v in model.state_dict().items()},
        tmp_path / "model.safetensors",
        {"format": "vhp_core.VAE/1", "config": config},
    )
    with pytest.raises(ValueError, match="does not fit its own configuration"):
        vhp.load(tmp_path / "model.safetensors")


@pytest.mark.parametrize("config", [None, "{", "[1]", '{"x_dim": 5}', '{"width": 5}'])
def test_file_without_a_usable_configuration_is_refused(tmp_path, config):
    header = {"format": "vhp_core.VAE/1"} | ({} if config is None else {"config": config})
    save_file({"weight": torch.zeros(2)}, tmp_path / "model.safetensors", header)
    with pytest.raises(ValueError, match="does not fit its own configuration"):
        vhp.load(tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x_dim": 0, "z_dim": 2}, "x_dim"),
        ({"x_dim": 5, "z_dim": 0}, "z_dim"),
        ({"x_dim": 5, "z_dim": 2, "hidden": (8, 0)}, "hidden"),
        ({"x_dim": 5, "z_dim": 2, "prior": "flat"}, "prior must be one of"),
        ({"x_dim": 5, "z_dim": 2, "likelihood": "poisson"}, "likelihood must be one of"),
        ({"x_dim": 5, "z_dim": 2, "num_importance_samples": 0}, "num_importance_samples"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        vhp.mlp_vae(**arguments)


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_a_vamp_model_trains_is_copied_and_comes_back_from_its_file(tmp_path, likelihood):
    model = vhp.mlp_vae(4, 2, (8,), "vamp", likelihood, num_pseudo_inputs=6)
    x = torch.rand(50, 4)
    before = model.prior.pseudo_inputs.detach().clone()
    assert before.shape == (6, 4)
    assert likelihood == "gaussian" or (before.min() >= 0 and before.max() <= 1)
    vhp.fit_iwae(model, x, 2, 3, 16, progress=False)
    assert not torch.equal(before, model.prior.pseudo_inputs)

    model.save(tmp_path / "model")
    z = torch.randn(5, 2)
    expected = model.prior.log_prob(z)
    assert torch.equal(vhp.load(tmp_path / "model").prior.log_prob(z), expected)
    twin = copy.deepcopy(model)  # its prior encodes with its own encoder, not with the first one's
    with torch.no_grad():
        twin.encoder.net[0].weight.zero_()
    assert torch.equal(model.prior.log_prob(z), expected)
    assert not torch.equal(twin.prior.log_prob(z), expected)


def test_pseudo_inputs_rest_in_the_initial_phase():
    model = vhp.mlp_vae(4, 2, (8,), "vamp", num_pseudo_inputs=6)
    before = model.prior.pseudo_inputs.detach().clone()
    with pytest.warns(UserWarning, match="never fell below"):
        vhp.fit(model, torch.randn(50, 4), vhp.Rewo(kappa=1e-3), 3, 16, progress=False)
    assert torch.equal(before, model.prior.pseudo_inputs)


def test_there_is_at_least_one_pseudo_input():
    with pytest.raises(ValueError, match="num_pseudo_inputs must be at least 1, got 0"):
        vhp.mlp_vae(4, 2, prior="vamp", num_pseudo_inputs=0)
