"""What tells one module from another, and what is written down of it."""

import json
import re
from functools import partial

import pytest
import torch
from torch import nn

from vhp_core.engine.structure import differences, read_module, restore, settings, write_module


class Part(nn.Module):
    """With something of everything that a module can hold."""

    def __init__(self, slope=0.2, size=3):
        super().__init__()
        self.layer = nn.Linear(size, size)
        self.again = self.layer  # the same weights under two names
        self.activation = partial(nn.functional.leaky_relu, negative_slope=slope)
        self.table = {"a": [1, (2.0, None)], "names": {"x", "y"}}
        self.constant = torch.arange(float(size))
        self.count, self.name, self.shape = 3, "part", (1, 2)
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("hidden", torch.ones(size), persistent=False)
        self.register_buffer("later", None)
        self._seen = None

    def forward(self, x):
        self._seen = x
        return self.activation(self.layer(x) + self.mean * self.hidden)


def test_two_of_a_kind_do_not_differ():
    one, other = Part(), Part()
    one(torch.zeros(3))  # what it keeps for itself is of no consequence
    one.count, one.name, one.shape = 5, "other", (3,)  # settings
    one.later = torch.ones(2)  # a buffer that was declared
    assert differences(one.double().eval(), other) == []


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("activation", partial(nn.functional.leaky_relu, negative_slope=0.3), r"0\.3"),
        ("activation", torch.tanh, "activation is .*tanh, not "),
        ("table", {"a": [1, (2.0, 0)], "names": {"x", "y"}}, "table is "),
        ("table", {"a": [1, (2.0, None)], "names": {"x", "z"}}, "table is "),
        ("constant", torch.tensor([0.0, 1.0, 3.0]), r"constant is torch\.float32 \(3,\) \[0\.0, 1"),
        ("constant", torch.arange(3), "constant is torch.int64"),
        ("count", [3], "count is "),
        ("extra", 1, "extra is a plain value, not nothing"),
        ("mean", None, r"mean is nothing, not a tensor of the shape \(3,\)"),
        ("mean", torch.zeros(1, 3), r"mean is a tensor of the shape \(1, 3\), not"),
        ("_seen", [nn.Linear(2, 2)], "_seen is .*a Linear that is no part of the model"),
        ("again", nn.Linear(3, 3), "the module again is new"),
    ],
)
def test_what_differs_is_named(key, value, message):
    one, other = Part(), Part()
    setattr(one, key, value)
    (found,) = differences(one, other)
    assert re.search(message, found), found


def test_long_values_are_told_apart_without_being_written_out():
    one, other = Part(size=200), Part(size=200)
    assert differences(one, other) == []
    one.constant = one.constant + 1
    (found,) = differences(one, other)
    assert len(found) < 150


def test_a_module_comes_back_with_its_settings(tmp_path):
    torch.manual_seed(0)
    one, other = Part(), Part()
    one.count, one.shape, one.later = 7, (4, 5), torch.tensor([1.0, 2.0])
    one.mean += 0.5
    one.hidden *= 3
    one.layer.double().requires_grad_(False)
    one.layer.eval()
    write_module(tmp_path / "file", one, other, {"format": "f/1"}, "advice")
    header, tensors = read_module(tmp_path / "file", ["f/1"])
    restore(other, tensors, json.loads(header["settings"]))
    assert other.count == 7 and other.shape == (4, 5)
    assert other.again is other.layer and other.layer.weight.dtype == torch.float64
    assert not other.layer.weight.requires_grad and not other.layer.training and other.training
    for name in ("mean", "hidden", "later"):
        assert torch.equal(getattr(one, name), getattr(other, name))
    assert torch.equal(one.layer.weight, other.layer.weight)
    assert settings(one, Part()) == settings(other, Part())
    with pytest.raises(ValueError, match="its format is 'f/1', expected 'g/1'"):
        read_module(tmp_path / "file", ["g/1"])


def test_tensors_of_another_module_are_refused():
    one, told = Part(), settings(Part(), Part())
    tensors = {**dict(one.named_parameters()), **dict(one.named_buffers())}
    with pytest.raises(ValueError, match=r"its tensors differ in .*'mean'"):
        restore(Part(), {k: v for k, v in tensors.items() if k != "mean"}, told)
    with pytest.raises(ValueError, match=r"mean has the shape \(4,\) there, \(3,\) here"):
        restore(Part(), tensors | {"mean": torch.zeros(4)}, told)
