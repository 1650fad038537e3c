"""Random numbers from a seed, kept apart from the caller's own, and shared among processes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor, nn

__all__ = [
    "draws_by_itself", "generator", "outside", "random_state", "seeded", "set_random_state",
    "sharded", "standard_normal", "stream",
]  # fmt: skip

_shard: ContextVar[tuple[int, int]] = ContextVar("shard", default=(0, 1))  # rank, processes

_KNOWN = ("torch.nn.modules.", __name__.partition(".")[0] + ".")  # where known modules come from
_DRAWING = (nn.modules.dropout._DropoutNd, nn.RReLU, nn.FractionalMaxPool2d, nn.FractionalMaxPool3d)


class _Own:
    """A stream in generators of its own, one a device: torch's global state is not touched."""

    def __init__(self, seed: int):
        self.seed, self.outer = seed, _stream.get()
        self.made: dict[torch.device, Generator] = {}

    def generator(self, device: torch.device) -> Generator:
        if device not in self.made:
            self.made[device] = Generator(device).manual_seed(self.seed)
        return self.made[device]

    def get(self, device: torch.device) -> Tensor:
        return self.generator(device).get_state()

    def set(self, device: torch.device, state: Tensor) -> None:
        self.generator(device).set_state(state)

    aside = staticmethod(nullcontext)


class _Borrowed:
    """A stream in torch's global state of some devices, which come back as they were."""

    def __init__(self, seed: int, devices: set[torch.device]):
        self.outer, self.devices = _stream.get(), devices
        self.other = {d: Generator(d).manual_seed(seed).get_state() for d in devices}

    def generator(self, device: torch.device) -> None:
        return None

    def get(self, device: torch.device) -> Tensor:
        return _global(device).get_rng_state(*_index(device))

    def set(self, device: torch.device, state: Tensor) -> None:
        _global(device).set_rng_state(state, *_index(device))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Inside, the caller's state and the stream's have changed places."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for device in self.devices:
            here = self.get(device)
            self.set(device, self.other[device])
            self.other[device] = here


_stream: ContextVar["_Own | _Borrowed | None"] = ContextVar("stream", default=None)


@contextmanager
def seeded(seed: int, *key: int, device: torch.device | str | None = None) -> Iterator[None]:
    """Inside, torch draws from a stream that belongs to ``seed``; outside nothing changes.

    Whatever draws inside is covered, since torch's own state is set for as long; the states of the
    CPU and of one ``device``, no other's. What another thread draws meanwhile comes from it too:
    :func:`stream` is for models that can do without.

    The stream is not that of ``torch.manual_seed(seed)``: data that a user drew with the same
    small seed would otherwise repeat as the noise of the latent variables.

    Args:
        seed: not below 0.
        key: further numbers; each tuple of them names a stream of its own.
        device: where besides the CPU; the current accelerator if not given.

    Raises:
        ValueError: if ``seed`` is below 0.
    """
    if device is None:
        device = torch.accelerator.current_accelerator(check_available=True) or "cpu"
    borrowed = _Borrowed(_first(seed, key), {torch.device("cpu"), _exact(device)})
    with borrowed.aside(), _drawing_from(borrowed):
        yield


@contextmanager
def stream(
    seed: int, *key: int, module: nn.Module, device: torch.device | str = "cpu"
) -> Iterator[None]:
    """Inside, what this package draws for ``module`` is :func:`seeded`'s stream, to the bit.

    It comes from generators that no other thread sees, and torch's global state is left alone;
    unless ``module`` draws by itself from that (:func:`draws_by_itself`): then this is
    ``seeded``, and two such models in two threads disturb each other.
    """
    if draws_by_itself(module):
        with seeded(seed, *key, device=device):
            yield
    else:
        with _drawing_from(_Own(_first(seed, key))):
            yield


def draws_by_itself(module: nn.Module) -> bool:
    """Whether a part of ``module`` may draw from torch's global random state when it is called.

    Dropout and its like do, and of modules that are neither torch's nor this package's, and of
    hooks, it is not known.

    Example:
        >>> draws_by_itself(nn.Linear(2, 2)), draws_by_itself(nn.Dropout(0.1))
        (False, True)
    """
    return any(
        not type(part).__module__.startswith(_KNOWN)
        or isinstance(part, _DRAWING)
        or (isinstance(part, nn.RNNBase | nn.MultiheadAttention) and part.dropout > 0)
        or part._forward_hooks
        or part._forward_pre_hooks
        for part in module.modules()
    )


def generator(device: torch.device) -> Generator | None:
    """What to hand to torch's functions that draw: of the stream, or None for the global state."""
    current = _stream.get()
    return None if current is None else current.generator(_exact(device))


@contextmanager
def outside() -> Iterator[None]:
    """Inside, draws are the caller's again, as if the innermost stream had not been entered."""
    current = _stream.get()
    if current is None:
        yield
    else:
        with current.aside(), _drawing_from(current.outer):
            yield


def random_state(device: torch.device) -> dict[str, Tensor]:
    """The innermost stream's state, of the CPU and of ``device``, under names for a file."""
    return {name: _innermost().get(where) for name, where in _named(device)}


def set_random_state(states: dict[str, Tensor], device: torch.device) -> None:
    """Go on from a :func:`random_state`; of a device that it does not hold the state stays."""
    for name, where in _named(device):
        if name in states:
            _innermost().set(where, states[name])


@contextmanager
def sharded(rank: int, processes: int) -> Iterator[None]:
    """Inside, this process is the ``rank``-th of several that share each batch evenly.

    All of them hold the same random state, and :func:`standard_normal` gives each its own part
    of the noise for the whole batch: the numbers do not depend on how many there are.
    """
    token = _shard.set((rank, processes))
    try:
        yield
    finally:
        _shard.reset(token)


def standard_normal(shape: Sequence[int], like: Tensor) -> Tensor:
    """N(0, I) noise of ``shape`` (..., B, d), of the type and on the device of ``like``."""
    options: dict[str, Any] = {"dtype": like.dtype, "device": like.device}
    options["generator"] = generator(like.device)
    rank, processes = _shard.get()
    if processes == 1:
        return torch.randn(shape, **options)
    noise = torch.randn((*shape[:-2], shape[-2] * processes, shape[-1]), **options)
    return noise.narrow(-2, rank * shape[-2], shape[-2])


def _innermost() -> "_Own | _Borrowed":
    current = _stream.get()
    assert current is not None, "there is no stream: enter one first"
    return current


@contextmanager
def _drawing_from(current: "_Own | _Borrowed | None") -> Iterator[None]:
    token = _stream.set(current)
    try:
        yield
    finally:
        _stream.reset(token)


def _first(seed: int, key: tuple[int, ...]) -> int:
    if seed < 0:
        raise ValueError(f"seed must not be below 0, got {seed}")
    sequence = np.random.SeedSequence(seed, spawn_key=(1905, 4982, *key))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


def _exact(device: torch.device | str) -> torch.device:
    """With its index, as the devices of tensors have it."""
    device = torch.device(device)
    known = device.type == "cpu" or device.index is not None
    return device if known else torch.empty(0, device=device).device


def _named(device: torch.device) -> list[tuple[str, torch.device]]:
    names = [("random", torch.device("cpu"))]
    return names if device.type == "cpu" else [*names, (f"random.{device.type}", _exact(device))]


def _global(device: torch.device) -> ModuleType:
    return torch if device.type == "cpu" else torch.get_device_module(device)


def _index(device: torch.device) -> tuple[torch.device, ...]:
    return () if device.type == "cpu" else (device,)
