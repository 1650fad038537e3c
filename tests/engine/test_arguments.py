import math

import numpy as np
import pytest
import torch

import vhp_core as vhp
from vhp_core.engine.arguments import positive, sizes, whole, widths


def test_numbers_of_every_kind_are_taken():
    assert positive("a", np.float32(0.5)) == 0.5 and positive("a", torch.tensor(2)) == 2.0
    assert positive("a", math.inf, finite=False) == math.inf
    assert (whole("n", np.int64(3)), whole("n", torch.tensor(4)), whole("n", 5e3)) == (3, 4, 5000)
    assert whole("n", 0, least=0) == 0
    assert type(whole("n", np.int32(3))) is int
    assert widths("w", np.array([3, 4])) == (3, 4) and widths("w", ()) == ()
    assert sizes(a=1, b=2.0) == {"a": 1, "b": 2}


@pytest.mark.parametrize("value", ["2", None, 0, -1, math.nan, math.inf, [1.0, 2.0], "a"])
def test_what_is_no_positive_number_is_refused_by_name(value):
    with pytest.raises(ValueError, match="kappa must be finite and above 0, got"):
        positive("kappa", value)


@pytest.mark.parametrize(
    ("value", "message"),
    [("5", "whole"), (None, "whole"), (2.5, "whole"), (math.nan, "whole"), (math.inf, "whole"),
     (0, "at least 1"), (-3, "at least 1")],
)  # fmt: skip
def test_what_is_no_whole_number_is_refused_by_name(value, message):
    with pytest.raises(ValueError, match=f"steps must be (a )?{message}"):
        whole("steps", value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: vhp.Rewo(kappa="2"), "kappa must be finite and above 0, got '2'"),
        (lambda: vhp.Geco(1.0, nu=None, beta0="0.1"), "beta0 must be finite and above 0"),
        (lambda: vhp.mlp_vae(3, 2, hidden=32), r"hidden must be a sequence of widths, .* got 32"),
        (lambda: vhp.mlp_vae(3, 2, hidden="64"), "hidden must be a sequence of widths"),
        (lambda: vhp.mlp_vae(3, 2, hidden=(32, 0)), "hidden must be at least 1, got 0"),
        (lambda: vhp.mlp_vae("3", 2), "x_dim must be a whole number, got '3'"),
        (lambda: vhp.mlp_vae(3, 2.5), "z_dim must be a whole number, got 2.5"),
        (lambda: vhp.conv_vae(16, 2, channels=8), "channels must be a sequence of widths"),
        (lambda: vhp.StandardNormal(0), "dim must be at least 1, got 0"),
        (lambda: vhp.HierarchicalPrior(2, num_importance_samples=0), "num_importance_samples must"),
        (lambda: vhp.mlp_vae(3, 2, hidden=(4,)).sample(0), "n must be at least 1, got 0"),
    ],
)
def test_builders_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2.0, 10), r"constraint must be a Rewo or a Geco, such as Rewo\(kappa\), got 2.0"),
        ((vhp.Rewo, 10), "constraint must be a Rewo or a Geco"),
        ((vhp.Rewo(1.0), "10"), "steps must be a whole number, got '10'"),
        ((vhp.Rewo(1.0), 10.5), "steps must be a whole number, got 10.5"),
        ((vhp.Rewo(1.0), 10, 0), "batch_size must be at least 1, got 0"),
    ],
)
def test_fit_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        vhp.fit(vhp.mlp_vae(3, 2, hidden=(4,)), torch.randn(9, 3), *arguments, progress=False)
