import math

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

import vhp_core as vhp
from vhp_core.starting import principal_scores, start_encoder, start_prior


def test_scores_are_those_of_principal_components():
    torch.manual_seed(0)
    x = torch.randn(300, 6) @ torch.randn(6, 6) + 4
    scores = principal_scores(x, 3)
    expected = PCA(3, svd_solver="full").fit_transform(x.double().numpy())
    expected /= expected.std(0)
    sign = np.sign((expected * scores.numpy()).sum(0))
    np.testing.assert_allclose(scores.numpy(), expected * sign, atol=1e-4)
    torch.testing.assert_close(scores, principal_scores(x.view(300, 2, 3), 3))


def test_the_pendulums_scores_are_a_ring_in_the_order_of_the_angle():
    data = vhp.data.pendulum(400)
    scores = principal_scores(data.x, 2).numpy()
    assert vhp.topology.ring_score(scores) > 10
    angle = np.arctan2(scores[:, 1], scores[:, 0])
    assert abs(vhp.topology.circular_correlation(angle, data.angle)) > 0.99


def test_only_the_encoder_moves_and_ends_at_the_scores():
    data = vhp.data.pendulum(500)
    torch.manual_seed(1)
    model = vhp.mlp_vae(256, 2, hidden=(64, 64), num_importance_samples=2)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    errors = start_encoder(model, data.x, scale=0.2)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]) == (not name.startswith("encoder."))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert np.mean(errors[-20:]) < 0.05 < errors[0]
    with torch.no_grad():
        q = model.encode(data.x)
    off = (q.loc - principal_scores(data.x, 2)).square().sum(1).mean()
    assert off < 0.05
    assert q.scale.mean() == pytest.approx(0.2, abs=0.05)


def test_the_seed_decides_and_leaves_the_global_stream_alone():
    x = vhp.data.pendulum(100).x

    def started(seed):
        torch.manual_seed(5)
        model = vhp.mlp_vae(256, 2, hidden=(8,))
        state = torch.get_rng_state()
        errors = start_encoder(model, x, steps=5, seed=seed)
        assert torch.equal(state, torch.get_rng_state())
        return errors

    assert started(0) == started(0) != started(1)


def test_the_prior_starts_at_the_normal_that_zeta_carries():
    """Its bound is exact for a linear-Gaussian prior, here up to the networks' error."""
    torch.manual_seed(0)
    prior = vhp.HierarchicalPrior(2, hidden=(64, 64), num_importance_samples=16)
    normal = vhp.StandardNormal(2)
    z = normal.sample(2000)
    with torch.no_grad():
        before = (normal.log_prob(z) - prior.log_prob(z)).mean()
    errors = start_prior(prior, scale=0.3)
    with torch.no_grad():
        gap = (normal.log_prob(z) - prior.log_prob(z)).mean()
        p = prior.conditional(prior.zeta.sample(5000))
    assert errors[0] > 1 > 0.05 > np.mean(errors[-20:])
    assert gap.abs() < 0.05 < before
    assert p.mean.var(0).tolist() == pytest.approx([0.91, 0.91], rel=0.1)  # 1 − s²
    assert p.scale.mean() == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize(("dim", "zeta_dim"), [(3, 1), (1, 3)])
def test_coordinates_without_a_partner_are_standard_normal(dim, zeta_dim):
    torch.manual_seed(0)
    prior = vhp.HierarchicalPrior(dim, zeta_dim, hidden=(32,))
    start_prior(prior, steps=600)
    z = prior.sample(5000)
    assert z.std(0).tolist() == pytest.approx([1.0] * dim, abs=0.12)
    q = prior.inference(z)
    assert q.scale.mean(0).tolist() == pytest.approx([0.3] + [1.0] * (zeta_dim - 1), abs=0.1)


def test_a_prior_that_cannot_be_started_is_refused():
    prior = vhp.HierarchicalPrior(2, hidden=(4,))
    with pytest.raises(ValueError, match="scale must lie below 1"):
        start_prior(prior, scale=1.0)
    with pytest.raises(ValueError, match="steps"):
        start_prior(prior, steps=0)
    with pytest.raises(ValueError, match="got a StandardNormal"):
        start_prior(vhp.StandardNormal(2))


def other_encoder() -> torch.nn.Module:
    class Other(torch.nn.Module):
        def forward(self, x):
            return torch.distributions.Normal(x[:, :2], 1.0)

    return Other()


def test_unusable_arguments_are_refused():
    x = vhp.data.pendulum(50).x
    model = vhp.mlp_vae(256, 2, hidden=(8,))
    for name, value in {
        "steps": 0,
        "batch_size": 0,
        "learning_rate": 0.0,
        "scale": math.inf,
    }.items():
        with pytest.raises(ValueError, match=name):
            start_encoder(model, x, **{name: value})
    with pytest.raises(ValueError, match="columns"):
        start_encoder(model, x[:, :7])
    with pytest.raises(ValueError, match=r"dim must lie in 1 \.\. 1"):
        start_encoder(model, x[:2])
    with pytest.raises(ValueError, match="fewer than 2 axes"):
        principal_scores(torch.arange(10.0)[:, None] * torch.ones(3), 2)
    model.encoder = other_encoder()
    with pytest.raises(ValueError, match="DiagonalNormal, it returns Normal"):
        start_encoder(model, x)
