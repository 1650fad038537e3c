"""Figures of the book: latent spaces, histories, effects, pictures, stick figures; one theme.

Every function draws into axes that it is given, or makes a figure, and returns it; none shows it.
Motion that plays in a page is :func:`vhp_core.page.motion_player`.
"""

from ..engine.extras import require

require("figures", "matplotlib", "seaborn")

from .angles import ANGLE_MAP, angle_colors, plot_angles  # noqa: E402
from .effects import plot_effects  # noqa: E402
from .histories import plot_history, plot_paired  # noqa: E402
from .latents import plot_latents  # noqa: E402
from .pictures import plot_pictures  # noqa: E402
from .stick_figures import bone_sides, plot_stick_figures, plot_strip  # noqa: E402
from .theme import LABEL_COLORS, MODEL_COLORS, WIDTH, label_colors, set_theme  # noqa: E402

__all__ = [
    "ANGLE_MAP",
    "LABEL_COLORS",
    "MODEL_COLORS",
    "WIDTH",
    "angle_colors",
    "bone_sides",
    "label_colors",
    "plot_angles",
    "plot_effects",
    "plot_history",
    "plot_latents",
    "plot_paired",
    "plot_pictures",
    "plot_stick_figures",
    "plot_strip",
    "set_theme",
]
