"""A latent space to touch: drag a point, and the page decodes it with the model's own weights.

:func:`latent_explorer` returns an object that a notebook shows as HTML, as does
:func:`vhp_core.page.motion_player`. The HTML holds everything: the decoders' weights, the
codes, the prior's density, the graph, the style and the programs (``explorer*.js``).
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.motion import MotionData
from ..figures.theme import LABEL_COLORS, MODEL_COLORS, label_colors
from ..interpolation import LatentGraph
from ..vae import VAE
from .explorer_body import figure_body, picture_body
from .explorer_network import share_parameters
from .explorer_panel import decode, panel_of, still_panel
from .explorer_plane import check_planes
from .marks import mark_path, outline
from .player_page import Player, player_page

__all__ = ["latent_explorer"]

Array = np.ndarray | Tensor

_CODES = 1500  # at most, evenly picked
_FRAMES = 121  # moments of a path
_PROGRAMS = ("network", "graph", "body", "map")


def latent_explorer(
    models: Mapping[str, VAE],
    codes: Mapping[str, Array],
    labels: Sequence[str],
    body: MotionData | tuple[int, int],
    journeys: Mapping[str, tuple[int, int]],
    caption: str,
    description: str,
    graphs: Mapping[str, LatentGraph] | None = None,
    colors: Mapping[str, str] | None = None,
    bits: int = 32,
    width: int = 800,
    planes: Mapping[str, tuple[Array, Array]] | None = None,
    directions: tuple[str, str] | None = None,
) -> Player:
    """Let a reader move through latent spaces, one beside another.

    Two handles, A and B, lie in each. What is decoded follows the handle that is moved. *Play*
    leads from A to B twice at once, along the graph's shortest path and along the straight line.

    A latent space of more than two dimensions is seen through a plane in it, which ``planes``
    gives: the map shows what is projected on it, of the codes, the prior's density, the graph and
    its paths. There a handle holds an observation. It decodes that observation's code, moved
    within the plane as far as the handle was dragged: z = code + (u − u₀) a₁ + (v − v₀) a₂. All
    that the plane does not show stays the observation's own. A journey chooses the observations;
    its paths run through all d_z dimensions.

    Args:
        models: name -> a model with a decoder of layers that the page knows
            (:func:`vhp_core.page.decoder_layers`).
        codes: name -> (n, d_z), the encoded means of the same n observations; d_z must be 2 where
            no planes are given.
        labels: (n,) class of each observation.
        body: what is decoded: the motion whose skeleton and channels a decoded frame has (its own
            frames are not used), or (height, width) of a grey picture with values 0 to 1.
        journeys: what is chosen from a list -> (index of A, index of B) among the n observations.
            The first one is chosen at the beginning.
        caption: plain text below.
        description: what is seen, in words, for readers who do not see it.
        graphs: name -> the model's latent graph; with 2,000 nodes and 10 neighbours if not given.
        colors: class -> colour, in the order of the legend;
            :func:`vhp_core.plotting.label_colors` if not given.
        bits: of a weight on the page: 32, 16 or 8. With fewer the page is lighter, and what it
            decodes differs by :func:`vhp_core.page.rounding_error`.
        width: greatest width on the page in pixels.
        planes: name -> (origin, axes): a latent point (d_z,), and two orthonormal directions
            (2, d_z), to the right and up on the map, such as
            :func:`vhp_core.page.plane_along` finds them.
        directions: what the way to the right does, and the way up; a few words each, written on
            the maps.

    Raises:
        ValueError: if there is no model or journey, a name lacks its codes, graph or plane, a
            latent space has other than two dimensions and no plane, axes are not orthonormal, a
            shape is wrong, a value is not finite, a class has no colour, a decoder has a layer
            that the page does not know or decodes to another size than the body's, ``bits`` is
            none of the three, or a text is empty.

    Example:
        >>> import numpy as np
        >>> z = np.random.default_rng(0).normal(size=(50, 2))
        >>> model = vhp.mlp_vae(64, 2, hidden=(8,))
        >>> vhp.page.latent_explorer(
        ...     {"VHP-VAE": model}, {"VHP-VAE": z}, ["a", "b"] * 25, (8, 8), {"a to b": (0, 1)},
        ...     caption="Noise.", description="Two handles on a map of points.",
        ... ).kind
        'latent explorer'
    """
    models, labels = dict(models), np.asarray(labels).astype(str)
    codes = _check_codes(models, codes, labels, planes is None)
    planes = check_planes(planes, {name: z.shape[1] for name, z in codes.items()})
    journeys = _check_journeys(journeys, len(labels))
    colors = label_colors(labels) if colors is None else colors
    present = list(dict.fromkeys(labels))
    if missing := [name for name in present if name not in colors]:
        raise ValueError(f"colors lacks the classes {', '.join(missing)}")
    present = [name for name in colors if name in present]
    if graphs is None:
        graphs = {name: LatentGraph(model) for name, model in models.items()}
    if missing := [name for name in models if name not in graphs]:
        raise ValueError(f"graphs lacks the models {', '.join(missing)}")

    for name, model in models.items():
        if (dim := model.prior.sample(1).shape[-1]) != codes[name].shape[1]:
            raise ValueError(
                f"{name!r} has {dim} latent dimensions, and its codes {codes[name].shape[1]}"
            )
    if directions is not None and not (len(directions) == 2 and all(map(str.strip, directions))):
        raise ValueError("directions must be two short texts: what right does, and what up does")

    decoded = {name: decode(model, codes[name]) for name, model in models.items()}
    shape = _body(body, np.concatenate(list(decoded.values())))
    keep = np.unique(np.linspace(0, len(labels) - 1, min(_CODES, len(labels))).astype(int))
    spare = iter(LABEL_COLORS * len(models))
    tints = {name: MODEL_COLORS.get(name) or next(spare) for name in models}
    panels = [
        {"name": name, "color": tints[name]}
        | panel_of(model, codes[name], keep, journeys, graphs[name], bits, planes[name])
        for name, model in models.items()
    ]
    networks, parameters = share_parameters([panel["network"] for panel in panels])
    clip = {
        "panels": [
            panel | {"network": network} for panel, network in zip(panels, networks, strict=True)
        ],
        "parameters": parameters,
        "directions": list(directions or ()),
        "body": shape,
        "classes": present,
        "palette": [colors[name] for name in present],
        "marks": [outline(number) for number in range(len(present))],
        "labels": [present.index(name) for name in labels[keep]],
        "frames": _FRAMES,
    }
    motion = body if isinstance(body, MotionData) else None
    start, end = next(iter(journeys.values()))
    ends = {
        name: torch.as_tensor(z[[start, end]], dtype=torch.float32) for name, z in codes.items()
    }
    still = "".join(
        still_panel(
            panel,
            models[name],
            ends[name],
            graphs[name],
            planes[name],
            shape,
            motion,
            clip,
            320 * i,
        )
        for i, (name, panel) in enumerate(zip(models, panels, strict=True))
    )
    turn = " The left and right arrow keys turn the view." if motion is not None else ""
    html, fingerprint = player_page(
        "latent-explorer",
        clip,
        _FRAMES,
        caption,
        description,
        f'<svg viewBox="0 0 {320 * len(models)} 450" height="450" aria-hidden="true">{still}</svg>',
        ("stick_figures.js", *(f"explorer_{name}.js" for name in _PROGRAMS), "explorer.js"),
        width,
        keys=f"Space plays or pauses the way from A to B.{turn}",
        hint=_hint(len(models) > 1, any(plane is not None for plane in planes.values())),
        style="explorer.css",
        parts=_parts(models, journeys, present, colors),
        slider="Place between A and B",
    )
    summary = f"{len(models)} latent spaces, {len(keep)} codes"
    return Player(html, f"{summary}, fingerprint {fingerprint}", kind="latent explorer")


def _hint(several: bool, planes: bool) -> str:
    hint = "Drag A or B, or select one and press the arrow keys. "
    if planes:
        hint += "All that the map does not show stays that of the observation at A or B. "
    if several and planes:
        hint += "The ring is the same observation on the other map, moved as far. "
    elif several:
        hint += "The ring marks the observation nearest to it in the other map. "
    return hint + "Solid: the graph’s path. Dashed: the straight line."


def _check_codes(
    models: Mapping, codes: Mapping, labels: np.ndarray, flat: bool
) -> dict[str, np.ndarray]:
    if not models:
        raise ValueError("models is empty: give at least one")
    if labels.ndim != 1 or not len(labels):
        raise ValueError(f"labels must have shape (n,), got {labels.shape}")
    checked = {}
    for name in models:
        if name not in codes:
            raise ValueError(f"codes lacks the model {name!r}")
        z = codes[name]
        z = np.asarray(z.detach().cpu() if isinstance(z, Tensor) else z, dtype=float)
        if z.ndim != 2 or (flat and z.shape[1] != 2):
            raise ValueError(
                f"codes of {name!r} must have shape (n, {2 if flat else 'd_z'}), got {z.shape}"
                + ": without planes an explorer shows latent spaces of two dimensions" * flat
            )
        if len(z) != len(labels):
            raise ValueError(f"codes of {name!r} are {len(z)}, and labels {len(labels)}")
        if not np.isfinite(z).all():
            raise ValueError(f"codes of {name!r} are not finite")
        checked[name] = z
    return checked


def _check_journeys(journeys: Mapping, n: int) -> dict[str, tuple[int, int]]:
    if not journeys:
        raise ValueError("journeys is empty: give at least one")
    for name, ends in journeys.items():
        if len(ends) != 2 or not all(0 <= int(i) < n for i in ends):
            raise ValueError(
                f"journey {name!r} must be two indices from 0 to {n - 1}, got {tuple(ends)}"
            )
    return {name: (int(start), int(end)) for name, (start, end) in journeys.items()}


def _body(body: MotionData | tuple[int, int], decoded: np.ndarray) -> dict[str, Any]:
    size = len(body.channels) if isinstance(body, MotionData) else int(np.prod(body))
    if decoded.shape[1] != size:
        raise ValueError(f"the models decode to {decoded.shape[1]} values, and body has {size}")
    if isinstance(body, MotionData):
        return figure_body(body, decoded)
    return picture_body(*body)


def _parts(models: Mapping, journeys: Mapping, classes: list[str], colors: Mapping) -> str:
    """Handles, the choice of journeys, and the legend."""
    handles = [
        f'<div class="explorer-handle" role="slider" tabindex="0" hidden data-panel="{panel}" '
        f'data-end="{end}" aria-label="{escape(name)}, handle {letter}" '
        'aria-roledescription="two-dimensional slider" aria-valuemin="-100" aria-valuemax="100" '
        f'aria-valuenow="0">{letter}</div>'
        for panel, name in enumerate(models)
        for end, letter in enumerate("AB")
    ]
    options = [f"<option>{escape(name)}</option>" for name in journeys]
    legend = [
        f'<li style="--tint:{colors[name]}"><svg viewBox="-2 -2 4 4" width="12" height="12" '
        f'aria-hidden="true"><path d="{mark_path(number, 0, 0, 1)}"/></svg>{escape(name)}</li>'
        for number, name in enumerate(classes)
    ]
    return (
        "\n".join(handles)
        + f'\n<ul class="explorer-legend">{"".join(legend)}</ul>\n'
        + f'<label class="explorer-journey" hidden>From A to B <select>{"".join(options)}'
        + '<option value="" disabled>as you placed them</option></select></label>\n'
    )
