import math

import numpy as np
import pytest
import torch

import vhp_core as vhp
from tests.helpers import linear_vae
from vhp_core import evaluation


@pytest.mark.parametrize("hierarchical", [False, True])
def test_log_likelihood_agrees_with_the_closed_form(float64, hierarchical):
    model, exact = linear_vae(hierarchical, mismatch=0.12)
    x = exact.sample((40,))
    truth = exact.log_prob(x)
    runs = torch.stack([evaluation.log_likelihood(model, x, 5000, 16, seed=s) for s in range(3)])
    gap = (runs - truth).mean(1)  # (3,)
    assert abs(gap.mean()) < 0.02 + gap.std() / math.sqrt(3)
    few = evaluation.log_likelihood(model, x, 1, 1)
    assert few.mean() < truth.mean() - 0.02
    # The estimate is a function of the seed alone.
    assert torch.equal(runs[1], evaluation.log_likelihood(model, x, 5000, 16, seed=1))


def test_rate_and_error_of_the_linear_gaussian_vae(float64):
    """With exact posteriors E[rate] is the mutual information plus KL, here summed by hand."""
    model, _ = linear_vae(hierarchical=False)
    x = torch.randn(10, 5)
    q = model.encode(x)
    normal = torch.distributions.Independent(
        torch.distributions.Normal(torch.zeros(10, 2), torch.ones(10, 2)), 1
    )
    kl = torch.distributions.kl_divergence(q, normal)
    torch.testing.assert_close(
        evaluation.rate(model, x, num_samples=20_000).mean(), kl.mean(), rtol=0.01, atol=0
    )
    w = model.decoder[0].weight
    residual = (x - model.decoder(q.mean)).square().sum(1)
    expected = residual + (q.variance * w.square().sum(0)).sum(1)
    torch.testing.assert_close(
        evaluation.reconstruction_error(model, x, num_samples=20_000), expected, rtol=0.05, atol=0
    )


def test_pieces_make_the_same_estimate(float64, monkeypatch):
    model, exact = linear_vae(hierarchical=True)  # exact posteriors: no variance
    x = exact.sample((9,))
    monkeypatch.setattr("vhp_core.evaluation._ROWS_AT_ONCE", 8)
    torch.testing.assert_close(
        evaluation.log_likelihood(model, x, num_samples=21, prior_samples=3), exact.log_prob(x)
    )


def test_evaluation_leaves_the_random_state_alone():
    model = vhp.mlp_vae(5, 2, (8,))
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    evaluation.rate(model, torch.randn(6, 5, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(torch.rand(3), expected)


def test_roughness_of_a_straight_line_is_zero():
    assert evaluation.roughness(torch.linspace(0, 1, 60)[:, None].repeat(1, 3)) < 1e-6


def test_roughness_of_a_right_angle_by_hand():
    path = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    # Second differences: (−1, 1) of norm √2, then 0; length 3.
    assert evaluation.roughness(path) == pytest.approx(math.sqrt(2) / 2 / 3)


def test_roughness_does_not_depend_on_the_unit():
    path = torch.randn(20, 4)
    assert evaluation.roughness(1000 * path) == pytest.approx(evaluation.roughness(path))


def test_roughness_answers_to_its_first_name():
    assert evaluation.smoothness is evaluation.roughness


def test_distance_to_data_by_hand():
    data = np.array([[0.0, 0.0], [10.0, 0.0]])
    path = np.array([[0.0, 3.0], [9.0, 0.0], [10.0, 0.0]])
    assert evaluation.distance_to_data(path, data) == pytest.approx((3 + 1 + 0) / 3)


def test_images_count_as_vectors():
    frames, data = torch.rand(5, 1, 4, 4), torch.rand(9, 1, 4, 4)
    for measure, arguments in (
        (evaluation.roughness, (frames,)),
        (evaluation.distance_to_data, (frames, data)),
    ):
        flat = [argument.flatten(1) for argument in arguments]
        assert measure(*arguments) == pytest.approx(measure(*flat))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: evaluation.roughness(np.zeros((2, 3))), "at least 3"),
        (lambda: evaluation.roughness(np.zeros((5, 3))), "no length"),
        (lambda: evaluation.roughness(np.full((5, 3), np.nan)), "path is not finite"),
        (lambda: evaluation.distance_to_data(np.zeros((5, 3)), np.zeros((5, 2))), "3 dimensions"),
        (lambda: evaluation.distance_to_data(np.zeros((5, 3)), np.zeros((0, 3))), "data must"),
        (lambda: evaluation.distance_to_data(np.zeros(5), np.zeros((5, 2))), "path must"),
    ],
)
def test_bad_paths_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(4, 6), "6 columns, the model was built for 5"),
        (torch.zeros(5), "must have 2 dimensions"),
        (torch.zeros(0, 5), "at least one observation"),
        (torch.tensor([[0.0] * 5, [0, 0, math.nan, 0, 0]]), r"first at index \(1, 2\)"),
        (torch.full((2, 5), math.inf), "not finite at 10 places"),
        (np.array([["a"] * 5]), "no numeric array"),
        (None, "no numeric array"),
        (np.full((2, 5), 1e300), "not finite at 10 places"),
        (torch.zeros(2, 5, dtype=torch.complex64), "complex"),
    ],
)
def test_bad_data_is_refused(x, message):
    with pytest.raises(ValueError, match=message):
        evaluation.reconstruction_error(vhp.mlp_vae(5, 2, (8,)), x)


def test_a_view_with_negative_strides_is_taken():
    model, x = vhp.mlp_vae(5, 2, (8,)), np.random.default_rng(0).standard_normal((4, 5))
    taken = evaluation.check_data(model, x[::-1])
    np.testing.assert_array_equal(taken.numpy(), x[::-1].astype(np.float32))


def test_data_outside_the_unit_interval_is_refused_for_bernoulli():
    model = vhp.mlp_vae(5, 2, (8,), likelihood="bernoulli")
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        evaluation.rate(model, torch.full((2, 5), 1.5))


@pytest.mark.parametrize("measure", [evaluation.rate, evaluation.log_likelihood])
def test_a_number_of_samples_below_one_is_refused(measure):
    with pytest.raises(ValueError, match="num_samples"):
        measure(vhp.mlp_vae(5, 2, (8,)), torch.zeros(2, 5), num_samples=0)
