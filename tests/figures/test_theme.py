"""vhp_core.figures.theme: legible figures, and colours that can be told apart."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from vhp_core import plotting
from vhp_core.figures.theme import LABEL_COLORS


def test_theme_is_opaque_and_dense():
    assert plt.rcParams["figure.facecolor"] == "white"
    assert not plt.rcParams["savefig.transparent"]
    assert plt.rcParams["figure.dpi"] * plotting.WIDTH >= 2 * 600
    # 12 points of a full-width figure that a phone shows at 360 pixels
    assert plt.rcParams["font.size"] / 72 / plotting.WIDTH * 360 > 8


def test_label_colors_go_by_first_appearance():
    colors = plotting.label_colors(["walking", "jogging", "walking", "kicking"])
    assert list(colors) == ["walking", "jogging", "kicking"]
    assert list(colors.values()) == list(LABEL_COLORS[:3])
    assert len(set(LABEL_COLORS)) == 12
    assert not {plotting.MODEL_COLORS["VHP-VAE"], plotting.MODEL_COLORS["IWAE"]} & {*LABEL_COLORS}


def test_label_colors_refuse_what_cannot_be_told_apart():
    with pytest.raises(ValueError, match="13 classes"):
        plotting.label_colors(str(i) for i in range(13))


def _seen_by(kind):
    """Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB."""
    return {
        "normal": np.eye(3),
        "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
        "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    }[kind]


@pytest.mark.parametrize("kind", ["normal", "deuteranopia", "protanopia"])
def test_first_five_classes_and_models_are_told_apart(kind):
    def oklab(color):
        rgb = np.array(to_rgb(color))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        linear = np.clip(np.array(_seen_by(kind)) @ linear, 0, 1)
        to_lms = [[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]
        to_lab = [[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]]
        return np.array(to_lab) @ np.cbrt(np.array(to_lms) @ linear)

    for colors, least in (
        (LABEL_COLORS[:5], 0.2),
        ([plotting.MODEL_COLORS["VHP-VAE"], plotting.MODEL_COLORS["IWAE"]], 0.15),
    ):
        lab = np.stack([oklab(color) for color in colors])
        apart = np.linalg.norm(lab[:, None] - lab[None], axis=-1)[np.triu_indices(len(lab), 1)]
        assert apart.min() > least
