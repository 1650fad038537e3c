"""The bound against closed forms and quadrature."""

import math

import pytest
import torch
from torch import nn

import vhp_core as vhp
from tests.helpers import linear_prior, stir


def test_standard_normal_is_exact(float64):
    z = torch.randn(6, 3)
    expected = torch.distributions.MultivariateNormal(torch.zeros(3), torch.eye(3)).log_prob(z)
    torch.testing.assert_close(vhp.StandardNormal(3).log_prob(z), expected)
    assert vhp.StandardNormal(3).sample(4).shape == (4, 3)


@pytest.mark.parametrize("grad", [True, False])
def test_shapes(grad):
    prior = vhp.HierarchicalPrior(2, zeta_dim=3, hidden=(8,))
    with torch.set_grad_enabled(grad):
        assert prior.log_prob(torch.randn(4, 5, 2), num_samples=7).shape == (4, 5)
    assert prior.sample(6).shape == (6, 2)
    assert prior.conditional(torch.zeros(9, 3)).mean.shape == (9, 2)
    assert prior.inference(torch.zeros(9, 2)).mean.shape == (9, 3)


@pytest.mark.parametrize("num_samples", [1, 5])
def test_linear_gaussian_bound_is_exact_with_the_exact_posterior(float64, num_samples):
    prior, exact = linear_prior()
    z = exact.sample((20,))
    torch.testing.assert_close(prior.log_prob(z, num_samples), exact.log_prob(z))


def test_linear_gaussian_bound_rises_to_the_closed_form(float64):
    prior, exact = linear_prior(mismatch=0.15)
    z = exact.sample((300,))
    with torch.no_grad():
        means = [
            torch.stack([prior.log_prob(z, K).mean() for _ in range(100)]) for K in (1, 4, 16, 64)
        ]
        at_5000 = prior.log_prob(z, 5000).mean()
    values = [m.mean().item() for m in means]
    truth = exact.log_prob(z).mean().item()
    assert values == sorted(values)
    assert all(m.mean() <= truth + 3 * m.std() / 10 for m in means)
    assert truth - values[0] > 0.05  # the mismatch is felt, or the test would show nothing
    assert abs(at_5000.item() - truth) < 0.02


def log_density_by_quadrature(prior, z):
    """∫ p(z|ζ) p(ζ) dζ on a grid over [−7, 7]², for which the sum converges geometrically."""
    side = torch.linspace(-7, 7, 141)
    zeta = torch.cartesian_prod(side, side)  # (M, 2)
    log_cell = 2 * math.log((side[1] - side[0]).item())
    p = prior.conditional(zeta)
    log_joint = prior.zeta.log_prob(zeta) + torch.stack([p.log_prob(point) for point in z])
    return torch.logsumexp(log_joint, dim=1) + log_cell  # (n,)


@pytest.fixture(scope="module")
def curved_prior():
    """A nonlinear prior, frozen, whose q(ζ|z) was trained on its own samples."""
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float64)
    prior = vhp.HierarchicalPrior(2, hidden=(32, 32), num_importance_samples=8)
    prior.conditional = vhp.GaussianMLP(2, 2, (32, 32))  # random weights: not linear as a prior's
    with torch.no_grad():
        for parameter in prior.conditional.net.parameters():
            parameter.mul_(1.8)
    optimizer = torch.optim.Adam(prior.inference.parameters(), 3e-3, fused=True)
    for step in range(2000):
        optimizer.param_groups[0]["lr"] = 3e-3 * (1 - step / 2000)
        loss = -prior.log_prob(prior.sample(128)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    yield prior
    torch.set_default_dtype(torch.float32)


def test_quadrature_is_normalised(curved_prior, float64):
    """The reference itself: the density it gives integrates to one over z."""
    coarse = torch.linspace(-8, 8, 41)
    z = torch.cartesian_prod(coarse, coarse)
    with torch.no_grad():
        log_p = log_density_by_quadrature(curved_prior, z)
    mass = log_p.exp().sum() * (coarse[1] - coarse[0]) ** 2
    assert mass.item() == pytest.approx(1.0, abs=0.01)


def test_bound_agrees_with_quadrature(curved_prior, float64):
    torch.manual_seed(2)
    z = curved_prior.sample(100)
    with torch.no_grad():
        truth = log_density_by_quadrature(curved_prior, z)
        gaps = torch.stack([curved_prior.log_prob(z, 5000) - truth for _ in range(8)])  # (8, n)
    mean, error = gaps.mean().item(), gaps.mean(1).std().item() / math.sqrt(8)
    assert truth.std() > 0.3
    assert abs(mean) < 0.02 + error
    assert error < 0.01


def test_bound_stays_below_quadrature_and_rises(curved_prior, float64):
    torch.manual_seed(3)
    z = curved_prior.sample(300)
    with torch.no_grad():
        truth = log_density_by_quadrature(curved_prior, z).mean()
        runs = [
            torch.stack([curved_prior.log_prob(z, K).mean() - truth for _ in range(60)])
            for K in (1, 4, 16, 64)
        ]
    gaps = [run.mean().item() for run in runs]
    assert gaps == sorted(gaps)
    assert all(run.mean() < 3 * run.std() / math.sqrt(60) for run in runs)


def test_pieces_without_gradient_make_the_same_sum(float64, monkeypatch):
    prior, exact = linear_prior()
    z = exact.sample((7,))
    monkeypatch.setattr("vhp_core.priors._ROWS_AT_ONCE", 10)
    with torch.no_grad():
        torch.testing.assert_close(prior.log_prob(z, 23), exact.log_prob(z))


def test_every_parameter_and_z_get_a_gradient():
    prior = vhp.HierarchicalPrior(2, hidden=(8, 8))
    stir(prior)
    z = torch.randn(50, 2, requires_grad=True)
    prior.log_prob(z).sum().backward()
    assert (z.grad.abs().sum(1) > 0).all()
    for name, parameter in prior.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_samples_have_the_moments_of_the_marginal(float64):
    prior, exact = linear_prior()
    z = prior.sample(40_000)
    torch.testing.assert_close(z.mean(0), exact.mean, atol=0.03, rtol=0)
    torch.testing.assert_close(z.T.cov(), exact.covariance_matrix, atol=0.06, rtol=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: vhp.StandardNormal(0), "dim must be at least 1"),
        (lambda: vhp.HierarchicalPrior(2, zeta_dim=0), "dim must be at least 1"),
        (lambda: vhp.HierarchicalPrior(2, num_importance_samples=0), "num_importance_samples"),
        (lambda: vhp.HierarchicalPrior(2).log_prob(torch.zeros(1, 2), 0), "num_samples"),
        (lambda: vhp.StandardNormal(2).log_prob(torch.zeros(5, 1)), r"shape \(\.\.\., 2\)"),
        (lambda: vhp.HierarchicalPrior(2).log_prob(torch.zeros(5, 3)), r"shape \(\.\.\., 2\)"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_vamp_prior_is_the_mixture_of_encoded_pseudo_inputs():
    encoder = vhp.GaussianMLP(3, 2, (8,))
    prior = vhp.VampPrior(encoder, torch.randn(5, 3))
    q = encoder(prior.pseudo_inputs)
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.ones(5)),
        torch.distributions.Independent(torch.distributions.Normal(q.mean, q.stddev), 1),
    )
    z = torch.randn(4, 7, 2)
    torch.testing.assert_close(prior.log_prob(z), mixture.log_prob(z))
    assert prior.log_prob(z, num_samples=3).shape == (4, 7)


def test_vamp_prior_encodes_its_pseudo_inputs_once_a_call_and_trains_them():
    class Counting(vhp.GaussianMLP):
        calls = 0

        def forward(self, x):
            self.calls += 1
            return super().forward(x)

    encoder = Counting(3, 2, (8,))
    prior = vhp.VampPrior(encoder, torch.randn(5, 3))
    prior.log_prob(torch.randn(16, 10, 2)).sum().backward()
    assert encoder.calls == 1
    assert [name for name, _ in prior.named_parameters()] == ["pseudo_inputs"]
    assert prior.pseudo_inputs.grad.abs().min() > 0
    assert all(parameter.grad is not None for parameter in encoder.parameters())


def test_vamp_prior_samples_its_mixture():
    prior = vhp.VampPrior(vhp.GaussianMLP(3, 2, ()), 3 * torch.randn(4, 3))
    z, q = prior.sample(20_000), prior.components
    torch.testing.assert_close(z.mean(0), q.mean.mean(0), atol=0.05, rtol=0)
    variance = (q.variance + q.mean.square()).mean(0) - q.mean.mean(0).square()
    torch.testing.assert_close(z.var(0), variance, rtol=0.05, atol=0)


def test_vamp_prior_refuses():
    encoder = vhp.GaussianMLP(3, 2, ())
    with pytest.raises(ValueError, match=r"shape \(C ≥ 1, D\), got \(0, 3\)"):
        vhp.VampPrior(encoder, torch.zeros(0, 3))
    with pytest.raises(ValueError, match=r"\(\.\.\., 2\), got \(4, 1\)"):
        vhp.VampPrior(encoder, torch.zeros(2, 3)).log_prob(torch.zeros(4, 1))


@pytest.mark.parametrize(("dim", "zeta_dim"), [(2, 2), (3, 1), (1, 3)])
@pytest.mark.parametrize("hidden", [(), (8, 8)])
@pytest.mark.parametrize("num_samples", [1, 7])
def test_a_prior_starts_at_the_normal_exactly(float64, dim, zeta_dim, hidden, num_samples):
    """F = log N(z; 0, I) for every K: q(ζ|z) is the posterior, also far out."""
    prior = vhp.HierarchicalPrior(dim, zeta_dim, hidden)
    z = 3 * torch.randn(40, dim)
    expected = vhp.StandardNormal(dim).log_prob(z)
    torch.testing.assert_close(prior.log_prob(z, num_samples), expected, rtol=0, atol=1e-12)


def test_zeta_carries_the_prior_at_its_start():
    prior = vhp.HierarchicalPrior(2, hidden=(8,), scale=0.4)
    assert vhp.evaluation.zeta_share(prior) == pytest.approx(1 - 0.4**2, abs=0.01)
    q = prior.inference(torch.randn(5, 2))
    torch.testing.assert_close(q.scale, torch.full((5, 2), 0.4))
    wide = vhp.HierarchicalPrior(3, 1, hidden=(8,))  # two of three coordinates without a partner
    assert vhp.evaluation.zeta_share(wide) == pytest.approx(0.91 / 3, abs=0.01)


def test_all_of_a_prior_that_starts_linear_is_trained():
    """The layers before a last one of zero have no gradient at the first step, but at the next."""
    prior = vhp.HierarchicalPrior(2, hidden=(8, 8))
    before = {name: value.clone() for name, value in prior.named_parameters()}
    adam = torch.optim.Adam(prior.parameters(), 1e-2)
    for _ in range(3):
        adam.zero_grad()
        (-prior.log_prob(torch.randn(64, 2) ** 3)).mean().backward()
        adam.step()
    for name, value in prior.named_parameters():
        assert not torch.equal(value, before[name]), name


@pytest.mark.parametrize("scale", [0.0, 1.0, -0.3, math.nan])
def test_a_scale_outside_0_to_1_is_refused(scale):
    with pytest.raises(ValueError, match=r"scale must lie in \(0, 1\)"):
        vhp.HierarchicalPrior(2, scale=scale)


def test_a_prior_of_ones_own_is_what_the_protocol_says_and_no_more():
    class Wide(nn.Module):  # N(0, 4 I)
        def log_prob(self, z, num_samples=None):
            return vhp.DiagonalNormal(torch.zeros(2), 2 * torch.ones(2)).log_prob(z)

        def sample(self, n):
            return 2 * torch.randn(n, 2)

    needed = {name for name in vars(vhp.Prior) if not name.startswith("_")}
    assert needed == {"log_prob", "sample", "parameters"}
    torch.manual_seed(0)
    encoder, decoder = vhp.GaussianMLP(3, 2, hidden=(8,)), vhp.MLP(2, 3, hidden=(8,))
    model, x = vhp.VAE(encoder, decoder, vhp.GaussianLikelihood(), Wide()), torch.randn(50, 3)
    history = vhp.fit(model, x, vhp.Rewo(kappa=1.8), steps=3, progress=False)
    assert len(history) == 3 and vhp.LatentGraph(model, 20, 3).nodes.shape == (20, 2)
    assert model.sample(4).shape == (4, 3) and vhp.evaluation.log_likelihood(model, x, 2).ndim == 1
