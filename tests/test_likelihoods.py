import math

import pytest
import torch

import vhp_core as vhp


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
