"""The process that measures the same step as one would write it in PyTorch, plain and compiled.

The networks are ``torch.nn``'s, the densities written out, the optimiser is Adam with
``fused=True``; the error and λ are numbers, as in vhp_core. Compiled, the function that gives the
loss is handed to ``torch.compile``, which also compiles its backward pass.
"""

import math
import time
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from benchmarks import setting
from benchmarks.workers import Skipped, serve

KAPPA, NU, ALPHA = *setting.SLACK.values(), 0.99


def mlp(*sizes: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for a, b in pairwise(sizes[:-1]):
        layers += [nn.Linear(a, b), nn.LeakyReLU(0.1)]
    return nn.Sequential(*layers, nn.Linear(*sizes[-2:]))


def log_normal(x: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    constant = 0.5 * x.shape[-1] * math.log(2 * math.pi)
    return (-0.5 * ((x - mean) / scale).square() - scale.log()).sum(-1) - constant


class Gaussian(nn.Module):
    """Mean and scale, around a linear map."""

    def __init__(self, a: int, b: int, linear: Tensor):
        super().__init__()
        self.net, self.linear = mlp(a, *setting.HIDDEN, 2 * b), nn.Parameter(linear)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, raw = self.net(x).chunk(2, dim=-1)
        return mean + x @ self.linear.T, softplus(raw) + 1e-4


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        D, d = setting.X_DIM, setting.Z_DIM
        beside = math.sqrt(1 - 0.3**2) * torch.eye(d)
        self.encoder, self.decoder = Gaussian(D, d, torch.zeros(d, D)), mlp(d, *setting.HIDDEN, D)
        self.inference, self.conditional = Gaussian(d, d, beside), Gaussian(d, d, beside.clone())

    def forward(self, x: Tensor, of_z: Tensor, of_zeta: Tensor) -> tuple[Tensor, Tensor]:
        mean, scale = self.encoder(x)
        z = mean + scale * of_z
        error = (x - self.decoder(z)).square().sum(-1)
        mu, sigma = self.inference(z)
        zeta = mu + sigma * of_zeta
        one = torch.ones((), dtype=x.dtype)
        log_w = (
            log_normal(z, *self.conditional(zeta))
            + log_normal(zeta, 0 * one, one)
            - log_normal(zeta, mu, sigma)
        )
        bound = torch.logsumexp(log_w, dim=0) - math.log(setting.K)
        return error.mean(), (log_normal(z, mean, scale) - bound).mean()


DATA = torch.from_numpy(setting.frames(setting.FRAMES))


@cache
def build(compiled: bool) -> tuple[Model, Callable]:
    torch.manual_seed(0)
    model = Model()
    return model, torch.compile(model, dynamic=False) if compiled else model


def step(steps: int, few: int, compiled: bool) -> dict:
    """Seconds a step, after the first few; compiling is not counted."""
    model, forward = build(compiled)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    multiplier, smoothed, began = 100.0, 0.0, 0.0
    shape = (setting.BATCH, setting.Z_DIM)
    for number in range(few + steps):
        if number == few:
            began = time.perf_counter()
        batch = DATA[torch.randint(len(DATA), (setting.BATCH,))]
        try:
            error, rate = forward(batch, torch.randn(shape), torch.randn(setting.K, *shape))
        except Exception as failure:
            if compiled and number == 0:
                raise Skipped(f"torch.compile: {type(failure).__name__}") from failure
            raise
        optimizer.zero_grad()
        (rate / multiplier + error).backward()
        optimizer.step()
        smoothed = ALPHA * smoothed + (1 - ALPHA) * error.item()
        delta = smoothed - KAPPA**2
        factor = 1.0 if delta > 0 else math.tanh(1 - 1 / multiplier)
        multiplier = max(1.0, multiplier * math.exp(NU * factor * delta))
        if not math.isfinite(rate.item()):
            raise ArithmeticError("the rate is not finite")
    return {"seconds": (time.perf_counter() - began) / steps}


if __name__ == "__main__":
    torch.set_num_threads(setting.THREADS)
    serve({"step": step})
