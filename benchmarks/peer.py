"""The process that measures pythae 0.1.2.

One step is what its trainer does with a batch: the model's forward pass, which computes the loss,
``zero_grad``, ``backward``, a step of ``torch.optim.Adam`` with its defaults, and the loss's value
on the host. The batch is taken from a tensor in memory by random rows, as vhp_core's is, in the
place of the trainer's data loader, which would be slower.
"""

import math
import time
from itertools import pairwise

import torch
from pythae.models import IWAE, VAE, VAMP, IWAEConfig, VAEConfig, VAMPConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import softplus

from benchmarks import setting
from benchmarks.workers import serve


def mlp(*sizes: int) -> nn.Sequential:
    """With the activation that vhp_core's networks have unless told otherwise."""
    layers: list[nn.Module] = []
    for a, b in pairwise(sizes[:-1]):
        layers += [nn.Linear(a, b), nn.LeakyReLU(0.1, inplace=True)]
    return nn.Sequential(*layers, nn.Linear(*sizes[-2:]))


class Encoder(BaseEncoder):
    """Mean and log variance, pythae's own parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.net = mlp(setting.X_DIM, *setting.HIDDEN, 2 * setting.Z_DIM)

    def forward(self, x: Tensor) -> ModelOutput:
        mean, log_variance = self.net(x).chunk(2, dim=-1)
        return ModelOutput(embedding=mean, log_covariance=log_variance)


class SameEncoder(Encoder):
    """vhp_core's own parameters, so that equal weights are equal models.

    That is: the log variance from the raw output, and a linear map of x added to the mean.
    """

    def __init__(self, min_scale: float):
        super().__init__()
        self.min_scale = min_scale
        self.linear = nn.Parameter(torch.zeros(setting.Z_DIM, setting.X_DIM))

    def forward(self, x: Tensor) -> ModelOutput:
        mean, raw = self.net(x).chunk(2, dim=-1)
        log_variance = 2 * torch.log(softplus(raw) + self.min_scale)
        return ModelOutput(embedding=mean + x @ self.linear.T, log_covariance=log_variance)


class Decoder(BaseDecoder):
    def __init__(self) -> None:
        super().__init__()
        self.net = mlp(setting.Z_DIM, *setting.HIDDEN, setting.X_DIM)

    def forward(self, z: Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=self.net(z))


def build(model: str, encoder: Encoder | None = None) -> VAE:
    torch.manual_seed(0)
    shared = {"input_dim": (setting.X_DIM,), "latent_dim": setting.Z_DIM}
    networks = (encoder or Encoder(), Decoder())
    if model == "IWAE":
        return IWAE(IWAEConfig(number_samples=setting.K, **shared), *networks)
    if model == "VampPrior":
        return VAMP(VAMPConfig(number_components=setting.PSEUDO_INPUTS, **shared), *networks)
    return VAE(VAEConfig(**shared), *networks)


DATA = torch.from_numpy(setting.frames(setting.FRAMES))


def step(model: str, steps: int, few: int) -> dict:
    """Seconds a step, after the first few."""
    vae = build(model).train()
    optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3)
    start = time.perf_counter()
    for number in range(few + steps):
        if number == few:
            start = time.perf_counter()
        batch = DATA[torch.randint(len(DATA), (setting.BATCH,))]
        loss = vae({"data": batch}).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if not math.isfinite(loss.item()):
            raise ArithmeticError("the loss is not finite")
    return {"seconds": (time.perf_counter() - start) / steps}


def restored(model: str, path: str, min_scale: float) -> VAE:
    vae = build(model, SameEncoder(min_scale)).eval()
    tensors = load_file(path)
    if "encoder.linear" in tensors:
        vae.encoder.linear.data.copy_(tensors["encoder.linear"])
    for network, prefix in ((vae.encoder.net, "encoder.net."), (vae.decoder.net, "decoder.")):
        own = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        network.load_state_dict(own)
    return vae


@torch.no_grad()
def likelihood(path: str, min_scale: float) -> dict:
    """Seconds a point of ``get_nll``, without gradients, all samples in one batch."""
    vae, x = restored("VAE", path, min_scale), DATA[: setting.LIKELIHOOD_POINTS]
    samples = setting.LIKELIHOOD_SAMPLES
    vae.get_nll(x[:1], n_samples=samples, batch_size=samples)
    start = time.perf_counter()
    vae.get_nll(x, n_samples=samples, batch_size=samples)
    return {"seconds": (time.perf_counter() - start) / len(x)}


@torch.no_grad()
def values(path: str, min_scale: float, num_samples: int, draws: int) -> dict:
    """What ``get_nll`` returns for each point: the mean log-likelihood, for all its name.

    With few samples it is the true importance-weighted bound. What its IWAE returns as the loss
    is another number, a surrogate with the same gradient: its mean is given as well.
    """
    vae, x = restored("VAE", path, min_scale), DATA[: setting.LIKELIHOOD_POINTS]
    found, surrogates = [], []
    for seed in range(draws):
        torch.manual_seed(1000 + seed)
        found.append(
            [
                float(vae.get_nll(point[None], n_samples=num_samples, batch_size=num_samples))
                for point in x
            ]
        )
    if num_samples == setting.K:
        iwae = restored("IWAE", path, min_scale)
        constant = setting.X_DIM / 2 * math.log(2 * math.pi)  # which the loss leaves out
        surrogates = [-iwae({"data": x}).loss.item() - constant for _ in range(draws)]
    return {"values": found, "surrogates": surrogates}


if __name__ == "__main__":
    torch.set_num_threads(setting.THREADS)
    serve({"step": step, "likelihood": likelihood, "values": values})
