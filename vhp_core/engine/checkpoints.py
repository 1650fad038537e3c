"""Files of tensors, written atomically: weights, and checkpoints with the whole state of a run."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

__all__ = [
    "load_optimizer",
    "optimizer_tensors",
    "read_checkpoint",
    "read_tensors",
    "write_checkpoint",
    "write_tensors",
]

_FORMAT = "vhp_core.checkpoint/2"


def write_checkpoint(
    path: str | os.PathLike, tensors: dict[str, Tensor], identity: dict, state: dict
) -> None:
    """Put tensors and numbers where ``path`` says; until all is on disk the old file stays.

    Args:
        path: the file. Beside it a file with ``.part`` at its end is written, then renamed.
        tensors: weights, moments, random state and the like.
        identity: what tells this run from another (model, data, settings), plain JSON values.
        state: the step, the multiplier and the like, plain JSON values.
    """
    path = Path(path)
    tensors = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
    header = {"identity": json.dumps(identity), "state": json.dumps(state)}
    header |= {"format": _FORMAT, "digest": _digest(tensors, header)}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_tensors(path, tensors, header)


def write_tensors(path: Path, tensors: dict[str, Tensor], header: dict[str, str]) -> None:
    """Put a safetensors file where ``path`` says, at once and for good: no reader sees a part."""
    content = _sorted(save({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, header))
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _sorted(content: bytes) -> bytes:
    """The same file with its header in order: as it is made, that differs from call to call."""
    size = int.from_bytes(content[:8], "little")
    head = json.loads(content[8 : 8 + size])
    head["__metadata__"] = dict(sorted(head["__metadata__"].items()))
    text = json.dumps(head, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[8 + size :]


def read_tensors(path: str | os.PathLike) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The header and the tensors of a safetensors file. Nothing is unpickled.

    The file is read, not mapped: it may be replaced afterwards on every system.

    Raises:
        SafetensorError: if it is no such file, or is cut off.
    """
    content = Path(path).read_bytes()
    tensors = load(content)
    size = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + size]).get("__metadata__", {}), tensors


def read_checkpoint(path: str | os.PathLike, identity: dict) -> tuple[dict[str, Tensor], dict]:
    """The tensors and the state that :func:`write_checkpoint` stored. Nothing is unpickled.

    Raises:
        ValueError: if the file is cut off or altered, is no checkpoint, or belongs to a run
            with another ``identity``; the entries that differ are named.
    """
    advice = "The file was left as it is; to start afresh, delete it or name another path"
    try:
        header, tensors = read_tensors(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"the checkpoint {path} is cut off or no checkpoint: {error}. {advice}"
        ) from error
    if header.get("format") != _FORMAT:
        raise ValueError(f"{path} is no checkpoint of this package. {advice}")
    if header.get("digest") != _digest(tensors, header):
        raise ValueError(f"the checkpoint {path} was altered: its digest is wrong. {advice}")
    stored, wanted = json.loads(header["identity"]), json.loads(json.dumps(identity))
    others = [
        f"{key}: {stored.get(key)!r} there, {wanted.get(key)!r} here"
        for key in {**wanted, **stored}
        if stored.get(key) != wanted.get(key)
    ]
    if others:
        raise ValueError(
            f"the checkpoint {path} belongs to another run. {'; '.join(others)}. {advice}"
        )
    return tensors, json.loads(header["state"])


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The moments of an optimiser's parameters under names that a file can keep."""
    return {
        f"optimizer.{index}.{key}": value
        for index, entry in optimizer.state_dict()["state"].items()
        for key, value in entry.items()
        if isinstance(value, Tensor)
    }


def load_optimizer(
    optimizer: torch.optim.Optimizer,
    tensors: dict[str, Tensor],
    values: dict[int, dict[str, Any]] | None = None,
) -> None:
    """Give back to ``optimizer`` what :func:`optimizer_tensors` took from it, and ``values``."""
    state = {index: dict(entry) for index, entry in (values or {}).items()}
    for name, value in tensors.items():
        prefix, _, rest = name.partition(".")
        if prefix == "optimizer":
            index, _, key = rest.partition(".")
            state.setdefault(int(index), {})[key] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _digest(tensors: dict[str, Tensor], header: dict[str, str]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    digest.update((header.get("identity", "") + header.get("state", "")).encode())
    for key in sorted(tensors):
        value = tensors[key]
        digest.update(f"{key}{value.dtype}{tuple(value.shape)}".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
