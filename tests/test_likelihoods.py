import math

import pytest
import torch

import vhp_core as vhp
from vhp_core.likelihoods import natural_multiplier

EVERY = {
    "gaussian": vhp.GaussianLikelihood,
    "per column": lambda: vhp.GaussianPerColumnLikelihood(4),
    "bernoulli": vhp.BernoulliLikelihood,
    "mixed": lambda: vhp.doors.MixedLikelihood(1, 1, (2,)),
}
every = pytest.mark.parametrize("likelihood", EVERY.values(), ids=EVERY)


def test_gaussian_log_prob_is_the_distribution_s(float64):
    likelihood = vhp.GaussianLikelihood()
    likelihood.set_scale(mean_error=3.0, dim=4)
    x, output = torch.randn(3, 4), torch.randn(6, 3, 4)
    torch.testing.assert_close(likelihood.log_prob(x, output), likelihood(output).log_prob(x))


def test_gaussian_error_is_the_squared_distance():
    x, output = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[1.0, 0.0, 6.0]])
    assert vhp.GaussianLikelihood().error(x, output).tolist() == [13.0]


def test_the_scale_set_is_the_most_likely_one(float64):
    x, output = torch.randn(500, 4), torch.zeros(500, 4)
    likelihood = vhp.GaussianLikelihood()
    likelihood.set_scale(likelihood.error(x, output).mean().item(), dim=4)
    likelihood.log_prob(x, output).mean().backward()
    assert abs(likelihood.log_scale.grad.item()) < 1e-10


def test_bernoulli_error_is_a_divergence(float64):
    x, mean = torch.rand(8, 4), torch.rand(8, 4)
    likelihood, logits = vhp.BernoulliLikelihood(), torch.logit(mean)
    expected = x * (x / mean).log() + (1 - x) * ((1 - x) / (1 - mean)).log()
    torch.testing.assert_close(likelihood.error(x, logits), expected.sum(-1))
    torch.testing.assert_close(likelihood.error(mean, logits), torch.zeros(8))


def test_bernoulli_error_of_binary_data_is_the_negative_log_likelihood():
    x, logits = torch.randint(0, 2, (8, 4)).float(), torch.randn(3, 8, 4)
    likelihood = vhp.BernoulliLikelihood()
    log_prob = likelihood(logits).log_prob(x)
    torch.testing.assert_close(likelihood.error(x, logits), -log_prob)
    torch.testing.assert_close(likelihood.log_prob(x, logits), log_prob)


@pytest.mark.parametrize("kind", [vhp.GaussianLikelihood, vhp.BernoulliLikelihood])
def test_images_are_one_event(kind):
    x, output = torch.rand(2, 1, 4, 4), torch.randn(5, 2, 1, 4, 4)
    likelihood = kind(event_dims=3)
    assert likelihood.error(x, output).shape == (5, 2)
    assert likelihood.log_prob(x, output).shape == (5, 2)
    assert likelihood(output).event_shape == (1, 4, 4)


def test_gaussian_log_prob_at_the_mean():
    expected = -2 * math.log(2 * math.pi)
    x = torch.zeros(1, 4)
    assert vhp.GaussianLikelihood().log_prob(x, x).item() == pytest.approx(expected)


@pytest.mark.parametrize("kind", [vhp.GaussianLikelihood, vhp.BernoulliLikelihood])
@pytest.mark.parametrize("method", ["error", "log_prob"])
def test_events_of_another_shape_are_refused(kind, method):
    with pytest.raises(ValueError, match=r"shape \(4,\), the decoder's output \(1,\)"):
        getattr(kind(), method)(torch.rand(3, 4), torch.rand(3, 1))


@pytest.mark.parametrize("mean_error", [math.nan, math.inf, -1.0])
def test_a_scale_that_is_none_is_refused(mean_error):
    with pytest.raises(ValueError, match="mean_error"):
        vhp.GaussianLikelihood().set_scale(mean_error, dim=4)


@pytest.mark.parametrize("kind", [vhp.GaussianLikelihood, vhp.BernoulliLikelihood])
def test_log_prob_from_a_known_error(kind, float64):
    likelihood = kind()
    if kind is vhp.GaussianLikelihood:
        likelihood.set_scale(3.0, dim=5)
    x, output = torch.rand(4, 5), torch.randn(7, 4, 5)
    log_prob = likelihood.log_prob_of_error(x, likelihood.error(x, output))
    torch.testing.assert_close(log_prob, likelihood(output).log_prob(x))


@every
def test_what_ships_fulfils_the_protocol(likelihood):
    assert isinstance(likelihood(), vhp.Likelihood)


def test_a_sigma_for_each_column_in_closed_form(float64):
    """C is the squared distance; log p that of a normal with a diagonal covariance."""
    likelihood = vhp.GaussianPerColumnLikelihood(3)
    sigma = torch.tensor([0.5, 2.0, 1.5])
    likelihood.set_scales(sigma**2)
    x, output = torch.randn(5, 3), torch.randn(7, 5, 3)
    normal = torch.distributions.MultivariateNormal(output, torch.diag(sigma**2))
    torch.testing.assert_close(likelihood.log_prob(x, output), normal.log_prob(x))
    torch.testing.assert_close(likelihood(output).log_prob(x), normal.log_prob(x))
    torch.testing.assert_close(likelihood.error(x, output), (x - output).square().sum(-1))
    draws = likelihood(torch.zeros(20_000, 3)).sample()
    torch.testing.assert_close(draws.std(0), sigma, rtol=0.03, atol=0)


def test_the_scales_set_are_the_most_likely_ones(float64):
    x, output = torch.randn(500, 4) * torch.tensor([0.1, 1.0, 3.0, 10.0]), torch.zeros(500, 4)
    likelihood = vhp.GaussianPerColumnLikelihood((4,))
    likelihood.set_scales(likelihood.entries(x, output).mean(0))
    likelihood.log_prob(x, output).mean().backward()
    assert likelihood.log_scale.grad.abs().max() < 1e-10


@pytest.mark.parametrize("means", [[1.0], [1.0, -1.0], [1.0, math.nan], [math.inf, 1.0]], ids=str)
def test_scales_that_are_none_are_refused(means):
    with pytest.raises(ValueError, match=r"mean_errors must have the shape \(2,\)"):
        vhp.GaussianPerColumnLikelihood(2).set_scales(torch.tensor(means))


def test_an_iwae_learns_the_noise_of_each_column():
    """Columns of noise alone: σ_d goes to their standard deviations."""
    torch.manual_seed(0)
    x = torch.randn(400, 2) * torch.tensor([0.2, 2.0])
    model = vhp.mlp_vae(2, 1, (4,), "normal", "gaussian_per_column", seed=0)
    vhp.fit_iwae(model, x, 1, steps=400, learning_rate=2e-2, progress=False)
    sigma = model.likelihood.log_scale.exp()
    assert 0.1 < sigma[0] < 0.3 and 1.0 < sigma[1] < 2.5
    assert vhp.evaluation.log_likelihood(model, x, 20).mean() > -3.0  # N(0, I): −4.0


def test_images_may_have_a_sigma_for_each_pixel():
    model = vhp.conv_vae((2, 5, 4), 2, (3,), 8, likelihood="gaussian_per_column")
    assert model.likelihood.log_scale.shape == (2, 5, 4)
    x = torch.rand(6, 2, 5, 4)
    assert model(x).error.shape == (6,)
    torch.testing.assert_close(model.likelihood.log_prob(x, x), model.likelihood(x).log_prob(x))


@every
def test_entries_that_are_missing_are_left_out(likelihood, float64):
    """As if the observation had no such column; and gradients are finite."""
    likelihood = likelihood()
    x = torch.tensor([[1.0, 0.0, 0.0, 1.0]]).repeat(4, 1)
    output = torch.randn(3, 4, 4, requires_grad=True)
    full = {name: getattr(likelihood, name)(x, output) for name in ("error", "log_prob")}
    likelihood.missing = True
    for name, values in full.items():  # nothing is missing
        assert torch.equal(getattr(likelihood, name)(x, output), values)
    x[0, 0], x[1], x[2, 2:] = math.nan, math.nan, math.nan
    for name in full:
        values = getattr(likelihood, name)(x, output)
        torch.testing.assert_close(values[:, 3], full[name][:, 3])
        torch.testing.assert_close(values[:, 1], torch.zeros(3))
        (gradient,) = torch.autograd.grad(values.sum(), output)
        assert gradient.isfinite().all() and (gradient[:, 0, 0] == 0).all()
        assert (gradient[:, 3] != 0).any()
    if hasattr(likelihood, "log_prob_of_error"):
        known = likelihood.log_prob_of_error(x, likelihood.error(x, output))
        torch.testing.assert_close(known, likelihood.log_prob(x, output))


def test_columns_that_are_missing_integrate_out(float64):
    likelihood, part = vhp.GaussianLikelihood(), vhp.GaussianLikelihood()
    for one in (likelihood, part):
        one.set_scale(0.7, dim=1)
    likelihood.missing = True
    x, output = torch.randn(5, 3), torch.randn(5, 3)
    expected = part.log_prob(x[:, :2], output[:, :2])
    x[:, 2] = math.nan
    torch.testing.assert_close(likelihood.log_prob(x, output), expected)


class StudentT(vhp.Entrywise):
    """As the protocol describes it; its negative log-density would be no error."""

    def __init__(self, nu, s):
        super().__init__()
        self.nu, self.s = nu, s

    def forward(self, output):
        p = torch.distributions.StudentT(self.nu, output, self.s)
        return torch.distributions.Independent(p, self.event_dims)

    def entries(self, x, output):
        t = (x - output) / self.s
        return 0.5 * (self.nu + 1) * torch.log1p(t.square() / self.nu)

    def log_prob_entries(self, x, entries):
        at_mode = torch.distributions.StudentT(self.nu, 0.0, self.s).log_prob(torch.zeros(()))
        return at_mode.to(x) - entries


def test_a_likelihood_of_one_s_own(float64):
    likelihood = StudentT(4.0, 0.1)
    x, output = torch.randn(5, 3), torch.randn(7, 5, 3)
    torch.testing.assert_close(likelihood.log_prob(x, output), likelihood(output).log_prob(x))
    assert likelihood(x).log_prob(x).min() > 0  # the density exceeds 1
    torch.testing.assert_close(likelihood.error(x, x), torch.zeros(5))
    assert (likelihood.error(x, output) >= 0).all()


@pytest.mark.filterwarnings("ignore")
def test_a_likelihood_of_one_s_own_is_trained_and_measured():
    torch.manual_seed(0)
    model = vhp.mlp_vae(3, 1, (8,), seed=0)
    model.likelihood = StudentT(4.0, 0.5)
    x = torch.randn(200, 1) * torch.tensor([1.0, -1.0, 0.5])
    history = vhp.fit(model, x, vhp.Geco(kappa=1.0), 300, 64, 3e-3, progress=False).frame()
    assert (history.error >= 0).all() and history.error.iloc[-1] < 0.5 * history.error.iloc[0]
    vhp.fit_iwae(model, x, 2, 10, progress=False)
    assert vhp.evaluation.log_likelihood(model, x, 10).isfinite().all()


def test_what_is_no_likelihood_is_refused_by_name():
    model = vhp.mlp_vae(3, 1, (8,))
    with pytest.raises(
        ValueError, match="a Tanh is no likelihood: it lacks event_dims, error, log"
    ):
        vhp.VAE(model.encoder, model.decoder, torch.nn.Tanh(), model.prior)


def test_the_natural_multiplier_is_the_elbo_s_own():
    x, output = torch.randn(7, 4), torch.randn(7, 4)
    for likelihood in (vhp.GaussianLikelihood(), vhp.GaussianPerColumnLikelihood(4)):
        if hasattr(likelihood, "set_scale"):
            likelihood.set_scale(mean_error=1.5**2, dim=4)  # σ² = κ²/D
        else:
            likelihood.set_scales(torch.full((4,), 1.5**2 / 4))
        price = natural_multiplier(likelihood, 4, kappa=1.5)
        total = likelihood.log_prob(x, output) + price * likelihood.error(x, output)
        torch.testing.assert_close(total, total[:1].expand(7))  # what is left does not depend on x
    assert natural_multiplier(vhp.BernoulliLikelihood(), 4, kappa=1.5) == 1.0
