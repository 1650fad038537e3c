import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from vhp_core.page.player import motion_player

BONES = ((0, 1), (0, 2), (2, 3), (0, 4), (4, 5))


def motion(num_frames=20, num_joints=6, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, size=(num_frames, num_joints, 3))


def player(motions=None, **options):
    arguments = {
        "motions": {"VHP-VAE": motion()} if motions is None else motions,
        "bones": BONES,
        "frame_rate": 30.0,
        "caption": "A walk.",
        "description": "A stick figure walks.",
    }
    return motion_player(**arguments | options)


def unpacked(html):
    """A page with its parts that wait for the script, and with its still as a drawing."""

    def drawing(image):
        return base64.b64decode(image[1]).decode()

    html = re.sub(r'<script type="text/html">(.*?)</script>', r"\1", html, flags=re.DOTALL)
    still = r'(?<=-still">)<img [^>]*src="data:image/svg\+xml;base64,([^"]*)"/>'
    return re.sub(still, drawing, html)


class Page(HTMLParser):
    """Elements of a page with their attributes; fails where tags are not properly nested.

    What the script puts into the page, and the still drawing, count as parts of it.
    """

    VOID = frozenset({"input"})

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.text = [], [], {}
        self.feed(unpacked(html))
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names))
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.text[self.open[-1]] = self.text.get(self.open[-1], "") + data

    def first(self, tag):
        return next(attributes for name, attributes in self.elements if name == tag)

    @property
    def clip(self):
        return json.loads(self.first("figure")["data-clip"])


def unpack(text, *shape):
    return np.frombuffer(base64.b64decode(text), dtype="<i2").reshape(shape)


def test_positions_come_back_to_a_millimetre():
    motions = {"graph": motion(50, seed=1) * 20, "straight line": motion(30, seed=2)}
    clip = Page(player(motions).html).clip
    assert [track["name"] for track in clip["tracks"]] == list(motions)
    for track, positions in zip(clip["tracks"], motions.values(), strict=True):
        decoded = unpack(track["positions"], track["frames"], clip["joints"], 3) / 1000
        np.testing.assert_allclose(decoded, positions, atol=0.00051)
    assert clip["bones"] == [list(bone) for bone in BONES]
    assert clip["frameRate"] == 30.0


def test_page_has_what_readers_and_their_tools_need():
    page = Page(player().html)
    assert page.first("figure")["class"] == "motion-player stick-figures"
    assert page.first("figure")["role"] == "group"
    assert page.first("figure")["aria-label"] == "A stick figure walks."
    assert page.first("canvas")["aria-label"].startswith("A stick figure walks.")
    assert page.first("button")["aria-label"] == "Play"
    assert page.first("input") == {
        "type": "range",
        "min": "0",
        "max": "19",
        "step": "1",
        "aria-label": "Frame",
    }
    assert page.text["figcaption"] == "A walk."
    assert page.first("svg") and page.first("path")["d"].startswith("M")  # without scripts


def test_page_fetches_nothing():
    html = player().html
    assert not re.search(r"https?:|\bimport\b|\bfetch\(|src=(?!.data:)|@import|url\(", html)
    assert "innerHTML" not in html


def test_same_content_gives_the_same_page():
    one, other = player(), player()
    assert one._repr_html_() == other._repr_html_() and repr(one) == repr(other)
    assert re.fullmatch(
        r"<motion player: 1 motion, 20 frames, 6 joints, fingerprint [0-9a-f]{8}>", repr(one)
    )
    moved = motion()
    moved[3, 2, 1] += 0.002
    assert repr(player({"VHP-VAE": moved})) != repr(one)


def test_text_is_escaped():
    nasty = "</script><script>alert(\"1\")</script> & 'q' <b>"
    page = Page(player({nasty: motion()}, caption=nasty, description=nasty).html)
    assert page.text["figcaption"] == nasty
    assert page.first("figure")["aria-label"] == nasty
    assert page.clip["tracks"][0]["name"] == nasty
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert "alert" not in page.text["script"]


def test_braces_in_text_are_kept():
    assert Page(player(caption="{width} {0}").html).text["figcaption"] == "{width} {0}"


def test_size_is_that_of_the_positions():
    html = player({"long": motion(1000, 31)}).html
    assert len(html) < 1000 * 31 * 3 * 2 * 4 / 3 + 30_000


def test_colours_are_the_models_own_unless_given():
    motions = {"IWAE": motion(), "walking": motion()}
    tracks = Page(player(motions).html).clip["tracks"]
    assert [track["color"] for track in tracks] == ["#D55E00", "#E69F00"]
    tracks = Page(player(motions, colors={"IWAE": "red", "walking": (0, 0, 1)}).html).clip["tracks"]
    assert [track["color"] for track in tracks] == ["#ff0000", "#0000ff"]


def test_latent_inset_keeps_path_and_background_in_one_scale():
    path = np.stack([np.linspace(-1, 1, 20), np.zeros(20)], axis=1)
    points = np.random.default_rng(0).uniform(-2, 2, size=(4000, 2))
    html = player(latents={"VHP-VAE": path}, background=(points, ["red", "blue"] * 2000)).html
    inset = Page(html).clip["tracks"][0]["latent"]
    assert len(inset["tints"]) == 1500 and inset["palette"] == ["#ff0000", "#0000ff"]
    scaled = unpack(inset["path"], 20, 2)
    middle, half = (points.max(0) + points.min(0)) / 2, np.ptp(points, axis=0).max() / 2
    np.testing.assert_allclose(scaled, (path - middle) / half * 30000, atol=0.51)
    assert abs(unpack(inset["points"], 1500, 2)).max() <= 30000


def test_latent_inset_without_background():
    html = player(latents={"VHP-VAE": motion()[:, 0, :2]}).html
    assert Page(html).clip["tracks"][0]["latent"]["tints"] == []


@pytest.mark.parametrize(
    ("motions", "options", "message"),
    [
        ({}, {}, "motions is empty"),
        ({"a": motion(1)}, {}, "motion 'a' has 1 frames, and needs at least 2"),
        ({"a": motion()[0]}, {}, r"motion 'a' must have shape \(T, J, 3\)"),
        ({"a": np.full((5, 6, 3), np.nan)}, {}, "motion 'a' is not finite in frame 0"),
        ({"a": motion() * 100}, {}, "are the positions in metres"),
        ({"a": motion(), "b": motion(num_joints=7)}, {}, "differ in their number of joints"),
        (None, {"bones": ((0, 9),)}, r"bone \(0, 9\) names a joint that is not there"),
        (None, {"sides": [0]}, r"sides must have shape \(5,\)"),
        (None, {"frame_rate": 0}, "frame_rate must be positive"),
        (None, {"frame_rate": float("nan")}, "frame_rate must be positive"),
        (None, {"caption": " "}, "caption is empty"),
        (None, {"description": ""}, "description is empty"),
        (None, {"colors": {}}, "colors lacks the motions VHP-VAE"),
        (None, {"latents": {"IWAE": np.zeros((20, 2))}}, "latents of 'IWAE'"),
        (None, {"latents": {"VHP-VAE": np.zeros((19, 2))}}, "latents of 'VHP-VAE'"),
        (
            None,
            {"latents": {"VHP-VAE": np.zeros((20, 2))}, "background": (np.zeros((3, 2)), ["red"])},
            "background of 'VHP-VAE'",
        ),
    ],
)
def test_player_refuses(motions, options, message):
    with pytest.raises(ValueError, match=message):
        player(motions, **options)
