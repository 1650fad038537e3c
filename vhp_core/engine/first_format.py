"""Files of models as they were first written: without what is set on a model after it is built."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from .seeding import seeded

__all__ = ["FIRST_FORMAT", "of_first_format"]

FIRST_FORMAT = "vhp_core.VAE/1"

M = TypeVar("M", bound=nn.Module)


def of_first_format(
    builder: Callable[..., M], config: dict[str, Any], tensors: dict[str, Tensor]
) -> M:
    """The model of such a file, in PyTorch's default type.

    Images were grey squares then, and networks had at first ReLU and no linear maps beside them:
    with A = 0 these are the same model.

    Raises:
        RuntimeError: if the tensors are not those of the configuration.
    """
    if "image_size" in config:
        config["image_shape"] = config.pop("image_size")
    with seeded(0):
        model = builder(**({"activation": "relu"} | config))
    if "activation" not in config:
        own = model.state_dict().items()
        tensors = {k: torch.zeros_like(v) for k, v in own if k.endswith(".linear")} | tensors
    model.load_state_dict(tensors)
    return model
