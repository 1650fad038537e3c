"""What a type checker sees of the package: ``make lint`` checks this file, and nothing runs it.

``assert_type`` fails on a name that has lost its type, and an error that is expected here, on a
line with ``type: ignore``, is one if it is not found.
"""

from typing import assert_type

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, StudentT

import vhp_core as vhp


class HeavyTailed(vhp.Entrywise):
    def forward(self, output: Tensor) -> Distribution:
        return Independent(StudentT(4.0, output), self.event_dims)

    def entries(self, x: Tensor, output: Tensor) -> Tensor:
        return 2.5 * torch.log1p((x - output).square() / 4.0)


class Uniform(nn.Module):
    def log_prob(self, z: Tensor, num_samples: int | None = None) -> Tensor:
        return torch.zeros(z.shape[:-1])

    def sample(self, n: int) -> Tensor:
        return torch.rand(n, 2)


def of_ones_own(x_dim: int) -> vhp.VAE:
    encoder, decoder = vhp.GaussianMLP(x_dim, 2), vhp.MLP(2, x_dim)
    vhp.VAE(encoder, decoder, nn.Identity(), Uniform())  # type: ignore[arg-type]
    vhp.VAE(encoder, decoder, HeavyTailed(), nn.Identity())  # type: ignore[arg-type]
    return vhp.VAE(encoder, decoder, HeavyTailed(), Uniform())


def trained(table: pd.DataFrame) -> vhp.VAE:
    model, constraint = vhp.mlp_vae(2, 2, hidden=(8, 8)), vhp.Rewo(kappa=1.0)
    vhp.linear_start(model, table)
    history = vhp.fit(
        model,
        table,
        constraint,
        steps=10,
        missing="model",
        callback=[vhp.callbacks.EarlyStopping(), lambda state: state.step > 5],
        optimizer=lambda parameters: torch.optim.AdamW(parameters, 1e-3),
    )
    assert_type(history.frame(), pd.DataFrame)
    vhp.fit_iwae(model, np.zeros((3, 2)), 4, 10, clip=1.0, validation=table)
    vhp.fit(model, table, constraint)  # type: ignore[call-arg]
    vhp.fit_iwae(model, table, 4, 10, kappa=1.0)  # type: ignore[call-arg]
    assert_type(vhp.build(of_ones_own, x_dim=3), vhp.VAE)
    return vhp.load("model.safetensors", of_ones_own)


def seen(model: vhp.VAE, table: pd.DataFrame) -> None:
    z = model.encode(table).mean
    assert_type(model.prior.sample(3), Tensor)
    assert_type(model.likelihood.error(z, z), Tensor)
    assert_type(vhp.evaluation.log_likelihood(model, table, 10), Tensor)
    assert_type(vhp.LatentGraph(model).interpolate(z[0], z[1]), Tensor)
    assert_type(vhp.doors.as_frame(model.sample(3), table), pd.DataFrame)
    assert_type(vhp.data.pendulum(10).x, Tensor)
    assert_type(vhp.data.Binarised(vhp.data.digits().x)[0], Tensor)
    assert_type(vhp.plotting.label_colors(["walking"]), dict[str, str])
    assert_type(vhp.sklearn.HierarchicalVAE(kappa=1.0).fit(table).transform(table), np.ndarray)
    assert_type(vhp.book.fingerprint(z), str)
