"""What moves in a page without a kernel: players, films, the explorer of latent spaces, and
figures that answer to sliders.

Each function returns HTML that carries its data, its style (``*.css``) and its program (``*.js``).
"""

from ..engine.extras import require

require("figures", "matplotlib", "seaborn")  # for colours, and for stills where no script runs

from .explorer import latent_explorer  # noqa: E402
from .explorer_network import decoder_layers, rounding_error  # noqa: E402
from .explorer_plane import plane_along  # noqa: E402
from .image_film import image_film  # noqa: E402
from .latent_film import latent_film  # noqa: E402
from .player import motion_player  # noqa: E402
from .rate_distortion_slider import rate_distortion_slider  # noqa: E402
from .ring_sliders import ring_sliders  # noqa: E402
from .weight_tail_slider import weight_tail_slider  # noqa: E402

__all__ = [
    "decoder_layers",
    "image_film",
    "latent_explorer",
    "latent_film",
    "motion_player",
    "plane_along",
    "rate_distortion_slider",
    "ring_sliders",
    "rounding_error",
    "weight_tail_slider",
]
