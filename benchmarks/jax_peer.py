"""The process that measures the same training step in JAX, compiled.

One step draws a batch by random rows and noise, computes the Lagrangian of a VHP-VAE with the
networks of vhp_core, its gradient, a step of optax's Adam, and REWO's λ. All of it is one compiled
function whose buffers are donated. Step by step, the error is fetched as a number each time, as
vhp_core's history has it; scanned, all steps are one call, and nothing is fetched before its end.
"""

import math
import time
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import optax
from safetensors.flax import load_file

from benchmarks import setting
from benchmarks.workers import serve

MIN_SCALE, SLOPE, LEARNING_RATE = 1e-4, 0.1, 1e-3
KAPPA, NU, ALPHA = *setting.SLACK.values(), 0.99


def network(key: jax.Array, *sizes: int) -> list[tuple[jax.Array, jax.Array]]:
    """Weights (out, in) and biases, drawn as torch's layers draw theirs."""
    layers = []
    for a, b in pairwise(sizes):
        key, w, c = jax.random.split(key, 3)
        limit = 1 / math.sqrt(a)
        weight = jax.random.uniform(w, (b, a), minval=-limit, maxval=limit)
        layers.append((weight, jax.random.uniform(c, (b,), minval=-limit, maxval=limit)))
    return layers


def first_weights() -> dict:
    D, d, hidden = setting.X_DIM, setting.Z_DIM, setting.HIDDEN
    keys = jax.random.split(jax.random.key(0), 4)
    beside = math.sqrt(1 - 0.3**2) * jnp.eye(d)
    return {
        "encoder": (network(keys[0], D, *hidden, 2 * d), jnp.zeros((d, D))),
        "decoder": network(keys[1], d, *hidden, D),
        "inference": (network(keys[2], d, *hidden, 2 * d), beside),
        "conditional": (network(keys[3], d, *hidden, 2 * d), beside + 0),
    }


def through(layers: list, x: jax.Array) -> jax.Array:
    for weight, bias in layers[:-1]:
        x = jax.nn.leaky_relu(x @ weight.T + bias, SLOPE)
    weight, bias = layers[-1]
    return x @ weight.T + bias


def gaussian(network: tuple, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mean and scale, around a linear map."""
    layers, linear = network
    mean, raw = jnp.split(through(layers, x), 2, axis=-1)
    return mean + x @ linear.T, jax.nn.softplus(raw) + MIN_SCALE


def log_normal(x: jax.Array, mean: jax.Array, scale: jax.Array) -> jax.Array:
    constant = 0.5 * x.shape[-1] * math.log(2 * math.pi)
    return (-0.5 * jnp.square((x - mean) / scale) - jnp.log(scale)).sum(-1) - constant


def error_and_rate(weights: dict, x: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """One draw of each for every row of x."""
    of_z, of_zeta = jax.random.split(key)
    mean, scale = gaussian(weights["encoder"], x)
    noise = jax.random.normal(of_z, mean.shape)
    z = mean + scale * noise
    error = jnp.square(x - through(weights["decoder"], z)).sum(-1)
    mu, sigma = gaussian(weights["inference"], z)
    zeta = mu + sigma * jax.random.normal(of_zeta, (setting.K, *mu.shape))
    log_w = (
        log_normal(z, *gaussian(weights["conditional"], zeta))
        + log_normal(zeta, 0.0, jnp.ones(()))
        - log_normal(zeta, mu, sigma)
    )
    bound = jax.scipy.special.logsumexp(log_w, axis=0) - math.log(setting.K)
    return error, log_normal(z, mean, scale) - bound


def loss(weights: dict, x: jax.Array, key: jax.Array, multiplier: jax.Array) -> tuple:
    """The Lagrangian, and the mean error and rate of the batch."""
    error, rate = (value.mean() for value in error_and_rate(weights, x, key))
    return rate / multiplier + error - KAPPA**2, (error, rate)


OPTIMIZER = optax.adam(LEARNING_RATE)


def one_step(state: tuple, data: jax.Array) -> tuple[tuple, jax.Array]:
    """(weights, moments, λ, Ĉ, key) after a step, and its error and rate."""
    weights, moments, multiplier, smoothed, key = state
    key, rows, noise = jax.random.split(key, 3)
    batch = data[jax.random.randint(rows, (setting.BATCH,), 0, len(data))]
    gradient_of = jax.grad(loss, has_aux=True)
    gradient, (error, rate) = gradient_of(weights, batch, noise, multiplier)
    smoothed = ALPHA * smoothed + (1 - ALPHA) * error
    delta = smoothed - KAPPA**2
    factor = jnp.where(delta > 0, 1.0, jnp.tanh(1 - 1 / multiplier))
    multiplier = jnp.maximum(multiplier * jnp.exp(NU * factor * delta), 1.0)
    update, moments = OPTIMIZER.update(gradient, moments)
    weights = optax.apply_updates(weights, update)
    return (weights, moments, multiplier, smoothed, key), jnp.stack([error, rate])


stepped = jax.jit(one_step, donate_argnums=0)


@partial(jax.jit, static_argnums=2, donate_argnums=0)
def scanned(state: tuple, data: jax.Array, steps: int) -> tuple[tuple, jax.Array]:
    return jax.lax.scan(lambda state, _: one_step(state, data), state, None, steps)


DATA = jnp.asarray(setting.frames(setting.FRAMES))


def start() -> tuple:
    weights = first_weights()
    return weights, OPTIMIZER.init(weights), jnp.float32(100.0), jnp.float32(0.0), jax.random.key(1)


def step(steps: int, few: int) -> dict:
    """Seconds a step, after the first few; compiling is not counted."""
    state, began, told = start(), 0.0, 0.0
    for number in range(few + steps):
        if number == few:
            began = time.perf_counter()
        state, seen = stepped(state, DATA)
        told = float(seen[0])
    seconds = time.perf_counter() - began
    if not math.isfinite(told):
        raise ArithmeticError("the error is not finite")
    return {"seconds": seconds / steps}


def scan(steps: int, few: int) -> dict:
    """Seconds a step of one call that does them all."""
    state, _ = scanned(start(), DATA, steps)
    began = time.perf_counter()
    _, seen = scanned(state, DATA, steps)
    told = float(seen[-1, 0])
    seconds = time.perf_counter() - began
    if not math.isfinite(told):
        raise ArithmeticError("the error is not finite")
    return {"seconds": seconds / steps}


def restored(path: str) -> dict:
    """The weights of a file of vhp_core's VHP-VAE."""
    tensors = load_file(path)

    def layers(prefix: str) -> list:
        numbers = [2 * k for k in range(len(setting.HIDDEN) + 1)]  # between them the activations
        return [tuple(tensors[f"{prefix}.{k}.{part}"] for part in ("weight", "bias"))
                for k in numbers]  # fmt: skip

    names = {
        "encoder": "encoder",
        "inference": "prior.inference",
        "conditional": "prior.conditional",
    }
    found = {own: (layers(f"{name}.net"), tensors[f"{name}.linear"]) for own, name in names.items()}
    return found | {"decoder": layers("decoder")}


def terms(path: str, draws: int) -> dict:
    """Error and rate together, as vhp_core's process gives them, for the same weights."""
    weights, x = restored(path), DATA[: setting.LIKELIHOOD_POINTS]
    drawn = jax.jit(error_and_rate)
    keys = jax.random.split(jax.random.key(2), draws)
    return {"values": [sum(drawn(weights, x, key)).tolist() for key in keys]}


if __name__ == "__main__":
    serve({"step": step, "scan": scan, "terms": terms})
