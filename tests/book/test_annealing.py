"""The second estimate of log p(x) against what is known."""

import pytest
import torch

import vhp_core as vhp
from tests.helpers import linear_vae
from vhp_core.book import annealed_log_likelihood


def test_it_finds_the_likelihood_of_a_linear_gaussian_vae(float64):
    model, exact = linear_vae(hierarchical=False, mismatch=0.12)
    x = exact.sample((6,))
    found = annealed_log_likelihood(model, x, chains=200, temperatures=100)
    assert torch.allclose(found, exact.log_prob(x), atol=0.1)


def test_few_temperatures_give_a_lower_value(float64):
    model, exact = linear_vae(hierarchical=False)
    x = exact.sample((40,))
    coarse, fine = (annealed_log_likelihood(model, x, 2, n).mean() for n in (2, 60))
    assert coarse < fine - 0.05
    assert fine < exact.log_prob(x).mean() + 0.05


def test_it_asks_nothing_of_the_encoder_and_repeats_by_its_seed():
    model = vhp.mlp_vae(6, 2, (8,), prior="vamp", likelihood="bernoulli", seed=0)
    x = torch.eye(6)
    first, again, other = (annealed_log_likelihood(model, x, 4, 10, seed=s) for s in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    normal = vhp.mlp_vae(6, 2, (8,), prior="normal", likelihood="bernoulli", seed=0)
    known = annealed_log_likelihood(normal, x, 4, 10)
    for parameter in normal.encoder.parameters():
        parameter.data.fill_(3.0)
    assert torch.equal(annealed_log_likelihood(normal, x, 4, 10), known)


def test_a_prior_that_has_a_bound_alone_is_refused():
    with pytest.raises(ValueError, match="bound"):
        annealed_log_likelihood(vhp.mlp_vae(6, 2, (8,)), torch.zeros(2, 6))
