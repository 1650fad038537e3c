"""vhp_core.page.image_film: what the page holds, and that wrong input is refused."""

import base64
import io
import re

import matplotlib.image
import numpy as np
import pytest
import torch

from tests.page.test_player import Page
from vhp_core.page.image_film import image_film


def film(**options):
    arguments = {
        "films": {"VHP-VAE": np.random.default_rng(0).uniform(0, 1, (5, 8, 6)), "IWAE": ramp()},
        "frame_rate": 10,
        "caption": "A head turns.",
        "description": "Grey pictures of a head that turns.",
    }
    return image_film(**arguments | options)


def ramp():
    return np.linspace(-0.2, 1.2, 5 * 8 * 6).reshape(5, 8, 6)


def sheet(html, number=0):
    """The pictures as a browser reads them, (T, H, W) bytes."""
    clip = Page(html).clip
    raw = base64.b64decode(clip["panels"][number]["png"])
    pixels = matplotlib.image.imread(io.BytesIO(raw))  # by another reader of the format
    grey = pixels if pixels.ndim == 2 else pixels[..., 0]
    return np.round(255 * grey).reshape(clip["frames"], clip["height"], clip["width"])


def test_pictures_come_back():
    values = np.random.default_rng(1).integers(0, 256, (4, 9, 7)) / 255
    html = film(films={"A": values}).html
    np.testing.assert_array_equal(sheet(html), np.round(255 * values))


def test_values_outside_are_clipped():
    pictures = sheet(film().html, 1)
    np.testing.assert_array_equal(pictures, np.round(255 * ramp().clip(0, 1)))


def test_fewer_shades_are_near_and_lighter():
    values = np.random.default_rng(1).uniform(0, 1, (6, 32, 32))
    html = film(films={"A": values}, shades=64).html
    pictures = sheet(html)
    assert len(np.unique(pictures)) == 64
    assert abs(pictures / 255 - values).max() < 0.51 / 63 + 0.51 / 255
    assert len(html) < len(film(films={"A": values}).html)
    for shades in (1, 257):
        with pytest.raises(ValueError, match=r"shades must lie in 2 \.\. 256"):
            film(shades=shades)


def test_images_of_a_decoder_are_taken_as_they_are():
    decoded = torch.rand(4, 1, 8, 8, requires_grad=True)
    plain = film(films={"A": decoded.detach().numpy()[:, 0]})
    assert repr(film(films={"A": decoded})) == repr(plain)


def test_page_is_a_player_that_fetches_nothing():
    page = Page(film().html)
    assert page.first("figure")["class"] == "motion-player image-film"
    assert page.first("input")["max"] == "4"
    assert page.text["figcaption"] == "A head turns."
    assert page.first("svg") and page.first("image")
    assert [panel["name"] for panel in page.clip["panels"]] == ["VHP-VAE", "IWAE"]
    assert not re.search(r"https?:|\bimport\b|\bfetch\(|src=(?!.data:)|@import|url\(", film().html)


def test_same_content_gives_the_same_fingerprint():
    name = r"<image film: 2 films of 5 pictures, 8×6 pixels, fingerprint [0-9a-f]{8}>"
    assert re.fullmatch(name, repr(film())) and repr(film()) == repr(film())
    assert repr(film(frame_rate=11)) != repr(film())


def test_names_are_escaped():
    html = film(films={"<b>": np.zeros((2, 4, 4))}).html
    assert "<b>" not in html and Page(html).clip["panels"][0]["name"] == "<b>"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"films": {}}, "films is empty"),
        ({"films": {"A": np.zeros((3, 8))}}, r"film 'A' must have shape .* got \(3, 8\)"),
        ({"films": {"A": np.zeros((1, 8, 8))}}, "at least two pictures"),
        ({"films": {"A": np.zeros((3, 3, 8, 8))}}, r"got \(3, 3, 8, 8\)"),
        ({"films": {"A": np.full((3, 8, 8), np.nan)}}, "film 'A' is not finite"),
        ({"films": {"A": np.zeros((3, 8, 8)), "B": np.zeros((4, 8, 8))}}, "film 'B' has the shape"),
        ({"frame_rate": 0}, "frame_rate must be positive, got 0"),
        ({"caption": " "}, "caption is empty"),
        ({"description": ""}, "description is empty"),
    ],
)
def test_wrong_input_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        film(**options)
