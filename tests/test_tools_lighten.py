"""Lighter pages show the same pixels."""

import numpy as np
import pytest
from PIL import Image

from tools.lighten import lighten

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
    monkeypatch.setattr("tools.lighten.LARGE", 1000)
    (tmp_path / "_images").mkdir()
    pixels = np.random.default_rng(0).integers(256, size=(60, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "_images/a.png")
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    lighten(tmp_path)
    with Image.open(tmp_path / "_images/a.webp") as image:
        assert image.size == (60, 60)
        assert len(image.convert("RGB").getcolors()) <= 256
