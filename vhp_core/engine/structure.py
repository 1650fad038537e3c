"""What a module is beside its weights: compared with another's, and written down."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from .checkpoints import read_tensors, write_tensors

__all__ = ["builder_name", "differences", "read_module", "restore", "settings", "write_module"]

_PLAIN = {bool, int, float, str, type(None)}
_EVERY_MODULE_S = {*vars(nn.Module()), "training", "history"}  # what a fit leaves is no setting
_HOOKS = ("_forward_hooks", "_forward_pre_hooks")


def write_module(
    path: str | os.PathLike,
    module: nn.Module,
    fresh: nn.Module,
    header: dict[str, str],
    advice: str,
) -> None:
    """Write all tensors and :func:`settings` of ``module``, atomically, beside ``header``.

    Args:
        path: the file, in the format of safetensors.
        module: what is written.
        fresh: what a reader will build, before :func:`restore`.
        header: further entries of the file's header.
        advice: a sentence for the message if the two differ.

    Raises:
        ValueError: if there are :func:`differences`.
    """
    if found := differences(module, fresh):
        more = f", and {len(found) - 3} more" if len(found) > 3 else ""
        raise ValueError(
            "the model is not what its configuration builds, and would come back as another: "
            f"{'; '.join(found[:3])}{more}. {advice}"
        )
    told = {"settings": json.dumps(settings(module, fresh))}
    write_tensors(Path(path), _tensors(module), header | told)


def read_module(
    path: str | os.PathLike, formats: Sequence[str]
) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Header and tensors of a file whose header has one of ``formats``. Nothing is unpickled.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, or of another format.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"no model file at {path}")
    try:
        header, tensors = read_tensors(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or is no safetensors file: {error}") from error
    if header.get("format") not in formats:
        raise ValueError(
            f"{path} is no model file of this package: its format is {header.get('format')!r}, "
            f"expected {formats[0]!r}"
        )
    return header, tensors


def differences(module: nn.Module, reference: nn.Module) -> list[str]:
    """Where ``module`` would compute otherwise than ``reference`` with the same tensors.

    Compared are the tree of modules and their types, hooks, the names and shapes of tensors, and
    attributes. Not those that :func:`settings` writes down, and of private ones only whether
    modules in them belong to the tree: other private ones are taken to be of no consequence. A
    buffer that is None in ``reference`` may have been set.

    Returns: phrases that name each place; none if there is no difference.

    Example:
        >>> differences(nn.Sequential(nn.LeakyReLU(0.2)), nn.Sequential(nn.LeakyReLU(0.1)))
        ['0.negative_slope is 0.2, not 0.1']
    """
    here, there = dict(module.named_modules()), dict(reference.named_modules())
    found: list[str] = []
    others: list[str] = []  # modules whose parts need not be looked at
    for name in sorted(here.keys() | there.keys()):
        if name.startswith(tuple(f"{other}." for other in others)):
            continue
        if name not in here or name not in there:
            found.append(f"the module {name} is {'new' if name in here else 'gone'}")
            others.append(name)
            continue
        ours, theirs = _full_name(type(here[name])), _full_name(type(there[name]))
        if ours != theirs:
            found.append(f"{name or 'the model'} is a {ours}, not a {theirs}")
            others.append(name)
            continue
        ours, theirs = _attributes(here[name], module), _attributes(there[name], reference)
        for key in sorted(ours.keys() | theirs.keys()):
            a, b = ours.get(key, "nothing"), theirs.get(key, "nothing")
            if a != b:
                found.append(f"{name}.{key} is {a}, not {b}".lstrip("."))
    if not found:
        ours, theirs = _shapes(module), _shapes(reference)
        for name in sorted((ours.keys() | theirs.keys()) - _empty_buffers(reference)):
            a, b = ours.get(name, "nothing"), theirs.get(name, "nothing")
            if a != b:
                found.append(f"{name} is {a}, not {b}")
    return found


def settings(module: nn.Module, reference: nn.Module) -> dict[str, Any]:
    """What is set on a module after it is built, plain JSON values; :func:`restore` gives it back.

    The types of tensors, which parameters take no gradient, which modules are in evaluation
    mode, and attributes that are numbers, strings or tuples of these and differ from those of
    ``reference``. The attributes of PyTorch's own layers say how they were built, and are not
    among them.
    """
    there = dict(reference.named_modules())
    return {
        "types": {k: str(v.dtype).split(".")[-1] for k, v in _tensors(module).items()},
        "frozen": [k for k, v in module.named_parameters() if not v.requires_grad],
        "evaluation": [k for k, v in module.named_modules() if not v.training],
        "attributes": {
            name: changed
            for name, part in module.named_modules()
            if (changed := dict(_changed(part, there[name])))
        },
    }


@torch.no_grad()
def restore(module: nn.Module, tensors: dict[str, Tensor], told: dict[str, Any]) -> None:
    """Give ``module`` the tensors, and what :func:`settings` told of the one they are from.

    Raises:
        ValueError: if the tensors are not those of the module, or it lacks what is to be set.
    """
    parts = dict(module.named_modules())
    for name in tensors.keys() & _empty_buffers(module):
        head, _, key = name.rpartition(".")
        setattr(parts[head], key, torch.empty_like(tensors[name]))
    own = _tensors(module)
    if own.keys() != tensors.keys():
        raise ValueError(f"its tensors differ in {sorted(own.keys() ^ tensors.keys())[:4]}")
    for name, tensor in own.items():
        if tensor.shape != tensors[name].shape:
            ours, theirs = tuple(tensor.shape), tuple(tensors[name].shape)
            raise ValueError(f"{name} has the shape {theirs} there, {ours} here")
        dtype = getattr(torch, told["types"][name])
        tensor.data = tensors[name].to(tensor.device, dtype, copy=True)
        if isinstance(tensor, nn.Parameter):
            tensor.requires_grad_(name not in told["frozen"])
    for name, part in parts.items():
        part.training = name not in told["evaluation"]
    for name, changed in told["attributes"].items():
        for key, value in changed.items():
            if not _is_setting(parts[name], key):
                raise ValueError(f"{name} has no attribute {key} that could be set")
            setattr(parts[name], key, tuple(value) if isinstance(value, list) else value)


def builder_name(builder: Callable) -> str:
    """The name by which a file knows a function, without that of its module.

    Raises:
        ValueError: if it has none.
    """
    name = getattr(builder, "__qualname__", "<lambda>")
    if not callable(builder) or name.endswith("<lambda>"):
        raise ValueError(f"builder must be a function with a name of its own, got {builder!r}")
    return name


def _full_name(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def _is_plain(value: Any) -> bool:
    """Whether it comes back from JSON as it was, lists taken for tuples."""
    entries = value if type(value) in (tuple, torch.Size) else [value]
    return all(type(entry) in _PLAIN for entry in entries)


def _is_setting(part: nn.Module, key: str) -> bool:
    """Whether it is a plain attribute of a module that is none of PyTorch's own layers."""
    public = not key.startswith("_") and key not in _EVERY_MODULE_S
    plain = key in vars(part) and _is_plain(vars(part)[key])
    return public and plain and not type(part).__module__.startswith("torch.")


def _changed(part: nn.Module, reference: nn.Module) -> Iterator[tuple[str, Any]]:
    for key in vars(reference):
        if _is_setting(reference, key) and _is_setting(part, key):
            value, before = vars(part)[key], vars(reference)[key]
            if repr(value) != repr(before):
                yield key, value


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by name, each once, also the buffers that no ``state_dict`` has."""
    return dict(module.named_parameters()) | dict(module.named_buffers())


def _empty_buffers(module: nn.Module) -> set[str]:
    """Names of buffers that were registered as None, and may be set."""
    return {
        f"{name}.{key}".lstrip(".")
        for name, part in module.named_modules()
        for key, value in part._buffers.items()
        if value is None
    }


def _shapes(module: nn.Module) -> dict[str, str]:
    return {
        name: f"a {type(tensor).__name__.lower()} of the shape {tuple(tensor.shape)}"
        for name, tensor in _tensors(module).items()
    }


def _attributes(part: nn.Module, whole: nn.Module) -> dict[str, str]:
    """What the computation may depend on, as strings that can be compared."""
    known = {id(module): name for name, module in whole.named_modules()}
    known |= {id(tensor): name for name, tensor in _tensors(whole).items()}
    found = {
        f"{kind[1:]}[{k}]": _described(hook, known)
        for kind in _HOOKS
        for k, hook in enumerate(getattr(part, kind).values())
    }
    for key, value in vars(part).items():
        if key in _EVERY_MODULE_S:
            continue
        if key.startswith("_"):
            entries = value if isinstance(value, list | tuple) else [value]
            if any(isinstance(entry, nn.Module) for entry in entries):
                found[key] = _described(value, known)
        elif _is_setting(part, key):
            found[key] = "a plain value"
        else:
            found[key] = _described(value, known)
    return found


def _described(value: Any, known: dict[int, str], depth: int = 0) -> str:
    if id(value) in known:
        return f"the model's {known[id(value)]}"
    if isinstance(value, nn.Module):
        return f"a {type(value).__name__} that is no part of the model"
    if isinstance(value, Tensor | np.ndarray):
        entries = repr(value.tolist())
        long = len(entries) > 80
        digest = hashlib.blake2b(entries.encode(), digest_size=6).hexdigest()
        return f"{value.dtype} {tuple(value.shape)} {digest if long else entries}"
    if type(value) in _PLAIN or isinstance(value, torch.dtype | torch.Size):
        return repr(value)
    if hasattr(value, "__qualname__"):
        return _full_name(value)
    if depth > 6:
        return _full_name(type(value))
    if isinstance(value, dict):
        pairs = (f"{key!r}: {_described(v, known, depth + 1)}" for key, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple | set | frozenset):
        entries = [_described(entry, known, depth + 1) for entry in value]
        return f"[{', '.join(entries if isinstance(value, list | tuple) else sorted(entries))}]"
    try:  # what pickle would write of it: its type and its state
        state = value.__reduce_ex__(4)
    except TypeError:
        return _full_name(type(value))
    return state if isinstance(state, str) else _described(state[:3], known, depth + 1)
