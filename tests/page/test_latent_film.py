"""vhp_core.page.latent_film: what the page holds, and that wrong input is refused."""

import base64
import json
import re

import numpy as np
import pytest

from tests.page.test_player import Page
from vhp_core.page.latent_film import latent_film

STEPS = np.array([1, 50, 100, 400])


def film(**options):
    codes = np.random.default_rng(0).uniform(-2, 2, size=(4, 30, 2))
    arguments = {
        "frames": {"VHP-VAE": codes, "VAE": codes / 2},
        "steps": STEPS,
        "colors": ["red", "blue", (0, 1, 0)] * 10,
        "curves": {"VHP-VAE": {"λ": [1, 10, 100, 50], "rate": [0, 1, 2, 3]}},
        "caption": "A ring opens.",
        "description": "Coloured points move apart.",
    }
    return latent_film(**arguments | options)


def test_codes_come_back():
    codes = np.random.default_rng(1).uniform(-3, 3, size=(4, 30, 2))
    clip = Page(film(frames={"A": codes}, curves={}, limit=3.0).html).clip
    raw = base64.b64decode(clip["panels"][0]["points"])
    decoded = np.frombuffer(raw, dtype="<i2").reshape(codes.shape) / 30000 * 3.0
    np.testing.assert_allclose(decoded, codes, atol=1e-4)
    assert clip["steps"] == STEPS.tolist() and clip["count"] == 30
    assert [clip["palette"][i] for i in clip["tints"][:3]] == ["#ff0000", "#0000ff", "#00ff00"]


def test_codes_beyond_the_limit_stay_outside():
    clip = Page(film(limit=0.1).html).clip
    points = np.frombuffer(base64.b64decode(clip["panels"][0]["points"]), dtype="<i2")
    assert abs(points).max() == 31500


def test_curves_are_scaled_and_their_values_kept():
    first, second = Page(film().html).clip["panels"]
    multiplier, rate = first["curves"]
    assert multiplier["label"] == "λ (log)" and multiplier["heights"][:3] == [0, 0.5, 1]
    assert multiplier["values"] == ["1", "10", "100", "50"]
    assert rate["label"] == "rate" and rate["heights"][0] == 0 and rate["heights"][-1] == 1
    assert second["curves"] == []


def test_page_is_a_player_that_fetches_nothing():
    page = Page(film().html)
    assert page.first("figure")["class"] == "motion-player latent-film"
    assert page.first("input")["max"] == "3"
    assert page.text["figcaption"] == "A ring opens."
    assert page.first("svg") and page.first("circle")
    assert not re.search(r"https?:|\bimport\b|\bfetch\(|src=(?!.data:)|@import|url\(", film().html)
    assert "turn the view" not in film().html  # there is nothing to turn


def test_same_content_gives_the_same_fingerprint():
    name = r"<latent film: 2 latent spaces, 4 moments, 30 codes, fingerprint [0-9a-f]{8}>"
    assert re.fullmatch(name, repr(film())) and repr(film()) == repr(film())
    assert repr(film(steps=STEPS + 1)) != repr(film())


def test_size_is_that_of_the_codes():
    codes = np.zeros((80, 500, 2))
    html = film(frames={"A": codes}, steps=np.arange(80), colors=["red"] * 500, curves={}).html
    assert len(html) < 80 * 500 * 2 * 2 * 4 / 3 + 60_000
    json.loads(Page(html).first("figure")["data-clip"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frames": {}}, "frames is empty"),
        ({"steps": STEPS[::-1]}, "steps must be rising"),
        ({"steps": STEPS[:1]}, "steps must be rising"),
        ({"steps": [1, np.nan, 3, 4]}, "steps must be rising"),
        ({"steps": STEPS[:3]}, r"frames of 'VHP-VAE' must have shape .* = \(3, 30, 2\)"),
        ({"colors": ["red"] * 7}, r"= \(4, 7, 2\)"),
        ({"frames": {"A": np.full((4, 30, 2), np.nan)}, "curves": {}}, "not finite"),
        ({"curves": {"IWAE": {}}}, "frames lacks: IWAE"),
        ({"curves": {"VAE": {"λ": [1, 2]}}}, r"'λ' of 'VAE' must have shape \(4,\)"),
        ({"curves": {"VAE": {"λ": [1, 2, 3, np.inf]}}}, "'λ' of 'VAE' is not finite"),
        ({"limit": 0.0}, "limit must be positive"),
        ({"caption": " "}, "caption is empty"),
        ({"description": ""}, "description is empty"),
    ],
)
def test_wrong_input_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        film(**options)
