"""Missing entries: left out of C and of log p(x|z), filled for the encoder."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import vhp_core as vhp
from vhp_core import evaluation
from vhp_core.doors import expect_missing

NAN = math.nan
X = torch.tensor([[1.0, NAN, 0.25], [0.5, 0.0, NAN], [NAN, NAN, NAN], [0.0, 1.0, 0.75]])
SEEN = ~X.isnan()
OUTPUT = torch.tensor([0.3, -1.0, 0.6])


def model(likelihood="gaussian", **options):
    torch.manual_seed(0)
    return vhp.mlp_vae(3, 2, (8,), likelihood=likelihood, num_importance_samples=2, **options)


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli", "gaussian_per_column"])
def test_error_and_log_density_are_those_of_the_observed_entries_alone(likelihood):
    mine = model(likelihood)
    expect_missing(mine, X)
    p = mine.likelihood
    with torch.no_grad():
        for parameter in p.parameters():
            parameter.fill_(-0.3)
    output = OUTPUT.expand(4, 3).clone().requires_grad_()
    error, log_p = p.error(X, output), p.log_prob(X, output)
    whole = torch.where(SEEN, X, 0.5)
    for row in range(4):
        density = p(OUTPUT).base_dist
        terms = density.log_prob(whole[row])
        if likelihood == "bernoulli":  # C is a divergence
            bits = torch.distributions.Bernoulli(whole[row])
            errors = torch.distributions.kl_divergence(bits, density)
        else:
            errors = (whole[row] - OUTPUT).square()
        torch.testing.assert_close(error[row], errors[SEEN[row]].sum())
        torch.testing.assert_close(log_p[row], terms[SEEN[row]].sum())
    if likelihood == "gaussian":
        torch.testing.assert_close(p.log_prob_of_error(X, error), log_p)
    (gradient,) = torch.autograd.grad(2 * error.sum() + log_p.sum(), output)
    assert gradient.isfinite().all() and (gradient[~SEEN] == 0).all()
    assert (gradient[SEEN] != 0).all()


def test_the_encoder_sees_the_mean_of_the_column():
    mine = model()
    expect_missing(mine, X)
    assert torch.equal(mine.fill, torch.tensor([0.5, 0.5, 0.5]))
    filled = torch.where(SEEN, X, 0.5)
    assert torch.equal(mine.encode(X).mean, mine.encoder(filled).mean)
    masked = np.ma.masked_invalid(X.numpy())
    assert torch.equal(mine.encode(masked).mean, mine.encode(pd.DataFrame(X.numpy())).mean)


def test_where_nothing_is_missing_nothing_changes():
    x = torch.randn(40, 3, generator=torch.Generator().manual_seed(1))
    runs = []
    for missing in (None, "model"):
        mine = model()
        vhp.linear_start(mine, x, missing=missing)
        constraint = vhp.Geco(kappa=9.0)
        history = vhp.fit(mine, x, constraint, 20, 16, progress=False, missing=missing)
        runs.append((history.columns, mine.likelihood.log_scale.item()))
    assert runs[0] == runs[1]


def test_a_run_learns_from_what_was_observed_and_its_scale_is_of_the_observed():
    generator = torch.Generator().manual_seed(2)
    z = torch.randn(600, 1, generator=generator)
    x = z @ torch.tensor([[1.0, -1.0, 1.0]]) + 0.1 * torch.randn(600, 3, generator=generator)
    holes = torch.where(torch.rand(600, 3, generator=generator) < 0.3, NAN, x)
    torch.manual_seed(0)
    mine = vhp.mlp_vae(3, 1, (16,), prior="normal")
    vhp.linear_start(mine, holes, missing="model")
    constraint = vhp.Geco(kappa=0.5)
    vhp.fit(mine, holes, constraint, 400, learning_rate=3e-3, progress=False)
    error = evaluation.reconstruction_error(mine, holes).mean().item()
    observed = (~holes.isnan()).sum().item() / 600
    assert mine.likelihood.log_scale.exp().item() ** 2 == pytest.approx(error / observed)
    decoded = mine.decode(mine.encode(holes).mean).mean
    gone = holes.isnan() & (holes.isnan().sum(1) < 3)[:, None]
    imputed = (decoded - x)[gone].square().mean()
    by_mean = (mine.fill.expand_as(x) - x)[gone].square().mean()
    assert imputed < 0.2 * by_mean
    assert evaluation.log_likelihood(mine, holes, 50).isfinite().all()


def test_a_file_of_the_model_knows_of_missing_entries(tmp_path):
    mine = model()
    expect_missing(mine, X)
    mine.save(tmp_path / "model.safetensors")
    same = vhp.load(tmp_path / "model.safetensors")
    assert torch.equal(same.fill, mine.fill) and same.likelihood.missing
    ours, theirs = (evaluation.log_likelihood(m, X, 20, 2) for m in (mine, same))
    assert torch.equal(ours, theirs)


def test_what_is_refused():
    with pytest.raises(ValueError, match="index \\(1,\\) is observed in no row"):
        expect_missing(model(), X[:1])
    with pytest.raises(ValueError, match=r"missing must be None or \"model\", got 'fill'"):
        vhp.linear_start(model(), X, missing="fill")
    x = X.clone()
    x[0, 0] = math.inf
    with pytest.raises(ValueError, match=r"not finite at 1 places, the first at index \(0, 0\)"):
        expect_missing(model(), x)

    class Own(nn.Module):
        event_dims = 1

    mine = model()
    mine.likelihood = Own()
    with pytest.raises(ValueError, match="Own cannot leave entries out"):
        expect_missing(mine, X)
