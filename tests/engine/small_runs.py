"""Runs of a fraction of a second, and what it means that two of them are the same."""

import warnings

import torch

import vhp_core as vhp


def fresh(prior="hierarchical"):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(300, 1, generator=generator) + 0.3 * torch.randn(300, 4, generator=generator)
    torch.manual_seed(2)
    model = vhp.mlp_vae(4, 1, (8,), prior, num_importance_samples=3)
    return model, x, vhp.Rewo(kappa=1.2, nu=0.1, alpha=0.9, beta0=0.1)


def train(parts=None, method="fit", steps=60, **other):
    model, x, constraint = parts or fresh()
    options = {"steps": steps, "batch_size": 32, "progress": False, "learning_rate": 1e-2, **other}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if method == "fit":
            vhp.fit(model, x, constraint, **options)
        else:
            vhp.fit_iwae(model, x, 3, **options)
    return model, x, constraint


def assert_same(one, other):
    for key, value in one[0].state_dict().items():
        assert torch.equal(value, other[0].state_dict()[key]), key
    assert one[0].history.frame().equals(other[0].history.frame())
    assert one[2].state_dict() == other[2].state_dict()


def differ(one, other):
    return not torch.equal(one[0].decoder[0].weight, other[0].decoder[0].weight)


def raising(step, error=KeyboardInterrupt):
    def callback(state):
        if state.step == step:
            raise error

    return callback
