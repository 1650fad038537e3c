import numpy as np
import pytest
import torch

import vhp_core as vhp
from studies.rest import clustered_error, decaying, rest


def falling(steps: int, jump: int) -> vhp.History:
    """Level 2 until the jump, 1 after it; an initial phase of 100 steps."""
    history = vhp.History()
    for step in range(1, steps + 1):
        level = 2.0 if step <= jump else 1.0
        history.append(
            step=step, error=1.0, rate=level, multiplier=3 * level, initial_phase=step <= 100
        )
    return history


def test_rest_compares_the_ends_of_the_last_quarter():
    row = rest(falling(400, 300))
    assert row["rate"] == 1 and row["multiplier"] == 3 and row["initial_phase"] == 0.25
    assert row["rate_moved"] == row["multiplier_moved"] == 0.5


def test_what_came_before_the_last_quarter_is_no_movement():
    assert rest(falling(400, 289))["rate_moved"] == 0


def test_error_and_rate_at_the_end_are_means_over_a_fortieth():
    history = vhp.History()
    for step in range(1, 401):
        value = float(step)
        history.append(step=step, error=value, rate=value, multiplier=1.0, initial_phase=False)
    row = rest(history)
    assert row["error_at_end"] == row["rate"] == pytest.approx(np.mean(np.arange(391, 401)))


def test_values_of_one_cluster_count_as_one():
    values = np.array([1.0, 1.0, 3.0, 3.0])
    assert clustered_error(values, np.arange(4)) == pytest.approx(values.std(ddof=1) / 2)
    assert clustered_error(values, np.array(list("aabb"))) == pytest.approx(1.0)


@pytest.mark.parametrize("prior", ["normal", "hierarchical", "vamp"])
def test_weights_of_networks_decay_and_nothing_else(prior):
    """With a learning rate whose steps are lost in rounding, only the decay moves a weight."""
    x = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    model = vhp.mlp_vae(3, 1, (4,), prior, num_importance_samples=2, num_pseudo_inputs=5, seed=0)
    model.likelihood.set_scale(mean_error=0.5, dim=1)
    before = {name: value.clone() for name, value in model.named_parameters()}
    rate, steps = 1e-12, 10
    optimizer = decaying(model, rate, 0.01 / rate)
    vhp.fit_iwae(model, x, 2, steps, 8, seed=0, optimizer=optimizer, progress=False)
    for name, value in model.named_parameters():
        stays = name == "likelihood.log_scale" or "pseudo_inputs" in name
        expected = before[name] * (1.0 if stays else 0.99**steps)
        torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-9)


def test_a_prior_that_rests_does_not_decay():
    x = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    model = vhp.mlp_vae(3, 1, (4,), num_importance_samples=2, seed=0)
    before = {name: value.clone() for name, value in model.prior.named_parameters()}
    constraint = vhp.Rewo(1e-3, beta0=1.0)  # whose initial phase does not end
    with pytest.warns(UserWarning):
        vhp.fit(model, x, constraint, 5, 8, optimizer=decaying(model, 1e-3, 1.0))
    for name, value in model.prior.named_parameters():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
