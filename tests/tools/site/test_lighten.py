"""Lighter pages show the same pixels."""

import numpy as np
import pytest
from PIL import Image

from tools.site.lighten import lighten

SCRIPT = '<script defer src="_static/scripts/fontawesome.js?digest=5"></script>'
PAGE = f'{SCRIPT}<script src="_static/x.js"></script><img src="_images/a.png" alt="x">'


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_pictures_keep_their_pixels_and_pages_show_them(tmp_path, mode):
    (tmp_path / "_images").mkdir()
    channels = len(mode)
    pixels = np.random.default_rng(0).integers(256, size=(9, 7, channels), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "_images/a.png")
    (tmp_path / "_images/old.webp").touch()
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    for _ in range(2):  # twice: the second time nothing is left to do
        lighten(tmp_path)
        with Image.open(tmp_path / "_images/a.webp") as image:
            shown = np.asarray(image.convert(mode))
        opaque = pixels[..., 3:] > 0 if mode == "RGBA" else True
        assert ((shown == pixels) | ~np.broadcast_to(opaque, pixels.shape)).all()
        page = (tmp_path / "page.html").read_text(encoding="utf-8")
        assert page == '<script src="_static/x.js"></script><img src="_images/a.webp" alt="x">'
        assert [path.name for path in (tmp_path / "_images").iterdir()] == ["a.webp"]


def test_a_large_picture_keeps_its_commonest_colours(tmp_path, monkeypatch):
    """More than 256 colours: a ramp of greys beside a few dots of many tints."""
    shade = (np.arange(64) * 4).astype(np.uint8)
    pixels = np.repeat(np.tile(shade, (64, 1))[..., None], 3, axis=2)
    pixels[:20, :20] = np.random.default_rng(0).integers(256, size=(20, 20, 3))
    exact, _ = size_of(pixels, 10**6, tmp_path, monkeypatch)
    size, image = size_of(pixels, exact - 1, tmp_path, monkeypatch)
    assert size < exact and image.size == (64, 64)
    assert len(image.getcolors(10**6)) <= 256


def test_a_picture_full_of_shades_is_compressed_as_a_photograph(tmp_path, monkeypatch):
    """A smooth relief with fine noise stays large with 256 colours; the eye sees no change."""
    y, x = np.mgrid[:128, :128] / 128
    noise = np.random.default_rng(0).normal(0, 2, (128, 128, 3))
    relief = 128 + 100 * np.stack([np.sin(5 * x), np.cos(4 * y), np.sin(3 * x * y)], 2)
    pixels = (relief + noise).clip(0, 255).astype(np.uint8)
    exact, _ = size_of(pixels, 10**6, tmp_path, monkeypatch)
    size, image = size_of(pixels, 1, tmp_path, monkeypatch)
    assert size < exact / 4
    assert np.abs(np.asarray(image, float) - relief).mean() < 4


def size_of(pixels, limit, folder, monkeypatch):
    """Size in bytes and content of a picture after the page was lightened under this limit."""
    monkeypatch.setattr("tools.site.lighten.LARGE", limit)
    (folder / "_images").mkdir(exist_ok=True)
    Image.fromarray(pixels).save(folder / "_images/a.png")
    (folder / "page.html").write_text(PAGE, encoding="utf-8")
    lighten(folder)
    path = folder / "_images/a.webp"
    with Image.open(path) as image:
        return path.stat().st_size, image.convert("RGB")


def test_only_icons_that_are_named_keep_their_rule(tmp_path):
    styles = tmp_path / "_static/styles"
    styles.mkdir(parents=True)
    (tmp_path / "_images").mkdir()
    rest = '.fa-solid{font-weight:900}.x:before{content:"\\f001"}'
    used = '.fa-bars:before,.fa-navicon:before{content:"\\f0c9"}.fa-sun:before{content:"\\f185"}'
    unused = '.fa-truck:before{content:"\\f0d1"}.fa-a:before,.fa-b::before{content:"b"}'
    (styles / "theme.css").write_text(rest + used + unused, encoding="utf-8")
    (tmp_path / "page.html").write_text('<i class="fas fa-navicon"></i>', encoding="utf-8")
    (tmp_path / "_static/theme.js").write_text('icon("fa-sun")', encoding="utf-8")
    (tmp_path / "_static/fontawesome.js").write_text("fa-truck fa-a", encoding="utf-8")
    lighten(tmp_path)
    assert (styles / "theme.css").read_text(encoding="utf-8") == rest + used
