"""Explorers of small untrained models, for the tests of what a page holds and computes."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import vhp_core as vhp
from vhp_core.data import generic_motion
from vhp_core.page.explorer import latent_explorer

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
browser_only = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium")
CHANNELS = {"lowerback ry": 0.2, "lfemur rx": -0.3, "lfemur rz": -0.2, "ltibia rx": 0.6,
            "rhumerus rz": -1.0, "root ty": 0.9, "root rx": 0.1}  # fmt: skip
N = 60
PRIORS = {"VHP-VAE": "hierarchical", "IWAE": "normal"}
LABELS = ["jump", "walk", "rest"] * (N // 3)


def trained(prior="hierarchical", x_dim=7):
    torch.manual_seed(1)
    return vhp.mlp_vae(x_dim, 2, hidden=(16, 16), prior=prior)


def codes(seed=0):
    return np.random.default_rng(seed).normal(size=(N, 2))


def explorer(**options):
    models = {"VHP-VAE": trained(), "IWAE": trained("normal")}
    arguments = {
        "models": models,
        "codes": {"VHP-VAE": codes(0), "IWAE": codes(1)},
        "labels": LABELS,
        "body": generic_motion(CHANNELS),
        "journeys": {"jump to walk": (0, 1), "walk to rest": (4, 5)},
        "caption": "Two latent spaces.",
        "description": "Maps of points, with a figure beside each.",
    } | options
    if "graphs" not in options:
        arguments["graphs"] = {
            name: vhp.LatentGraph(model, 200, 5) for name, model in arguments["models"].items()
        }
    return latent_explorer(**arguments)


def conv_model(likelihood=None):
    torch.manual_seed(2)
    decoder = nn.Sequential(
        nn.Linear(2, 3 * 4 * 5),
        nn.SiLU(),
        nn.Unflatten(-1, (3, 4, 5)),
        nn.ConvTranspose2d(3, 4, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(4, 4, 3, stride=2, padding=1, bias=False),
        nn.Tanh(),
        nn.ConvTranspose2d(4, 3, 3, stride=3, output_padding=1),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(3, 1, 3, padding=1),
        nn.Flatten(),
    )
    return vhp.VAE(
        vhp.GaussianMLP(4, 2),
        decoder,
        likelihood or vhp.GaussianLikelihood(),
        vhp.StandardNormal(2),
    )


def deep(**options):
    """An explorer of spaces of five dimensions, and what it was made of."""
    torch.manual_seed(4)
    shared, rng = nn.Linear(6, 12), np.random.default_rng(6)
    models = {name: vhp.mlp_vae(6, 5, (16,), prior=prior) for name, prior in PRIORS.items()}
    for model in models.values():
        model.decoder = nn.Sequential(*model.decoder, shared)
    made = {
        "models": models,
        "codes": {name: rng.normal(size=(N, 5)) for name in models},
        "planes": {
            name: (rng.normal(size=5), np.linalg.qr(rng.normal(size=(5, 2)))[0].T)
            for name in models
        },
        "graphs": {name: vhp.LatentGraph(m, 300, 6, power=2.0) for name, m in models.items()},
        "directions": ("turns", "lifts"),
        "body": (3, 4),
        "bits": 8,
    }
    made |= options
    return explorer(**made), made


def pictures(model, height, width, **options):
    return explorer(models={"VAE": model}, codes={"VAE": codes()}, body=(height, width), **options)
