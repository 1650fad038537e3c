"""What looks like grey levels and counts as numbers is told, once training begins."""

import warnings

import numpy as np
import pytest
import torch

import vhp_core as vhp
from vhp_core.doors.grey import grey_levels

GREY = np.random.default_rng(0).integers(0, 256, (6, 1, 8, 8), dtype=np.uint8)


def starts(x, flat=False):
    model = vhp.mlp_vae(64, 2, (4,)) if flat else vhp.conv_vae(8, 2, (2,), 4)
    vhp.linear_start(model, x)


@pytest.mark.parametrize(
    ("x", "kind"),
    [
        (GREY.astype(np.float32), "pictures of another type than uint8"),
        (GREY.astype(np.int64), "pictures of another type than uint8"),
        (GREY.reshape(6, 64), "uint8 in rows"),
    ],
)
def test_they_are_told_with_the_mend(x, kind):
    with pytest.warns(UserWarning, match=rf"grey levels, up to 2\d\d, but {kind}.*Give x / 255"):
        starts(x, x.ndim == 2)


@pytest.mark.parametrize(
    "x",
    [
        GREY,  # which means 0 to 1
        GREY / 255,
        GREY - 127.5,
        (GREY > 127).astype(np.uint8).reshape(6, 64),
        GREY.reshape(6, 64).astype(np.float32),  # numbers in rows may be anything
        torch.utils.data.TensorDataset(torch.as_tensor(GREY)),
    ],
)
def test_others_pass_in_silence(x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        starts(x, getattr(x, "ndim", 4) == 2)


def test_missing_entries_are_no_grey_levels():
    assert grey_levels(torch.full((3, 1, 2, 2), torch.nan)) == ""
