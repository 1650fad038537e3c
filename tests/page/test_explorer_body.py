"""vhp_core.page.explorer_body: the page decodes pictures and figures as PyTorch does."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import vhp_core as vhp
from tests.page.explorers import CHANNELS, browser_only, conv_model, explorer, pictures, trained
from tools.check.explorer import DECODED
from vhp_core.data import generic_motion
from vhp_core.page.explorer_body import figure_body

MODELS = {
    "fully connected": (lambda: trained(x_dim=12), (3, 4)),
    "Bernoulli": (lambda: vhp.mlp_vae(12, 2, (8,), likelihood="bernoulli"), (3, 4)),
    "convolutional": (conv_model, (26, 32)),
    "convolutional, Bernoulli": (lambda: conv_model(vhp.BernoulliLikelihood()), (26, 32)),
}


@browser_only
@pytest.mark.parametrize("bits", [32, 16, 8])
@pytest.mark.parametrize("name", MODELS)
def test_page_decodes_as_pytorch_does(opened, name, bits):
    make, shape = MODELS[name]
    [off] = opened(pictures(make(), *shape, bits=bits)).evaluate(DECODED)
    assert off is not None and off < 1e-5


@browser_only
def test_page_decodes_other_points_too_and_finds_the_same_joints(opened):
    model, motion = trained(), generic_motion(CHANNELS)
    figure = opened(explorer())
    z = np.random.default_rng(3).normal(scale=3, size=(10, 2)).astype(np.float32)
    x = model.decode(torch.from_numpy(z)).mean.detach()
    found = figure.evaluate("(figure, z) => z.map((z) => figure.explorer.decode(0, z))", z.tolist())
    np.testing.assert_allclose(found, x, atol=1e-5)
    joints = figure.evaluate("(figure, x) => x.map((x) => figure.explorer.joints(x))", x.tolist())
    wanted = 1000 * motion.joint_positions(x).reshape(10, -1)  # millimetres
    np.testing.assert_allclose(joints, wanted, atol=0.01)


@pytest.mark.parametrize(
    ("joint", "dof", "message"),
    [
        (0, ("tx", "ty", "tz", "rz", "ry", "rx"), r"'root' moves by .*'rz', 'ry', 'rx'"),
        (2, ("tx", "ry", "rz"), "'lfemur' moves by .*'tx'"),
        (2, ("rx", "ry", "l"), "'lfemur' moves by .*'l'"),
    ],
)
def test_skeletons_that_the_page_would_draw_elsewhere_are_refused(joint, dof, message):
    motion, x = generic_motion(CHANNELS), np.zeros((2, 7))
    figure_body(motion, x)
    skeleton = motion.skeleton
    other = replace(skeleton, dof=(*skeleton.dof[:joint], dof, *skeleton.dof[joint + 1 :]))
    with pytest.raises(ValueError, match=message):
        figure_body(replace(motion, skeleton=other), x)
    for field in ("position", "orientation"):
        other = replace(skeleton, **{field: np.ones(3)})
        with pytest.raises(ValueError, match="as a whole is moved"):
            figure_body(replace(motion, skeleton=other), x)
