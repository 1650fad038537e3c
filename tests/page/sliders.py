"""Figures with sliders in a browser: opening them, and comparing what they draw with Python."""

import base64
import itertools
import re

import pytest

from vhp_core.page import rate_distortion_slider, ring_sliders, weight_tail_slider

FIGURES = {
    "ring": lambda **options: ring_sliders(0.05, **options),
    "water": lambda **options: rate_distortion_slider([4.0, 1.0, 0.25], 1.5, **options),
    "weights": lambda **options: weight_tail_slider(0.25, **options),
}
each = pytest.mark.parametrize("made", FIGURES.values(), ids=FIGURES)
NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")


def write(tmp_path, made):
    """A page with one figure, on disk; its address."""
    path = tmp_path / "page.html"
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>A figure</title>'
    head += '<meta name="viewport" content="width=device-width"><main><h1>A figure</h1>'
    path.write_text(f"{head}{made.html}</main></html>", encoding="utf-8")
    return path.as_uri()


def shown(figure, state):
    """What the page draws and tells for a state."""
    figure.evaluate("(figure, state) => figure.sliders.set(state)", state)
    return figure.evaluate("(figure) => [figure.sliders.marks(), figure.sliders.readings()]")


def pictures(made):
    """The SVG of each picture of the beginning."""
    images = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', made.html)
    return [base64.b64decode(image).decode() for image in images]


def numbers(value):
    """The numbers of an attribute, and what stands between them."""
    text = value if isinstance(value, str) else f"{value:.1f}"
    return [float(found) for found in NUMBER.findall(text)], NUMBER.sub("#", text)


def differences(drawn, wanted, tolerance=0.11):
    """Marks of the page whose attributes are not those that Python has, in units of a picture."""
    assert set(drawn) == set(wanted)
    off = []
    for name, attributes in wanted.items():
        for key, value in attributes.items():
            ours, theirs = numbers(value), numbers(drawn[name][key])
            pairs = itertools.zip_longest(ours[0], theirs[0], fillvalue=float("nan"))
            if ours[1] != theirs[1] or not all(abs(a - b) <= tolerance for a, b in pairs):
                off.append((name, key, value, drawn[name][key]))
    return off
