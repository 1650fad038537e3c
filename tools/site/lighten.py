"""Take weight off the built pages, without a change that a reader would see.

Pictures become WebP files of the very same pixels, less than half as large; one that is still large
keeps its 256 commonest colours, and one that is large even so, say a sheet of faces, is compressed
as photographs are. The notebooks to download keep the pictures as they were. The theme
draws its few icons twice over, by a script that holds thousands of them and by a font: the font is
enough, and of the rules that name its icons, those that a page or a script names.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

__all__ = ["lighten"]

ICON_SCRIPT = re.compile(r'\s*<script[^>]*\bsrc="[^"]*scripts/fontawesome\.js[^"]*"[^>]*></script>')
PICTURE = re.compile(r'(?<=_images/)([\w.-]+)\.png(?=")')
ICON_RULE = re.compile(r'((?:\.fa-[a-z0-9-]+:{1,2}before,?)+)\{content:"[^"]*"\}')
ICON = re.compile(r"\bfa-[a-z0-9-]+")
LARGE = 100_000  # bytes
QUALITY = 70  # of 100


def as_webp(picture: Path) -> None:
    """Put a WebP file of a picture in its place."""
    with Image.open(picture) as image:
        opaque = "A" not in image.getbands() or image.getextrema()[-1][0] == 255
        pixels = image.convert("RGB" if opaque else "RGBA")
    lighter = picture.with_suffix(".webp")
    pixels.save(lighter, lossless=True, method=4)
    if opaque and lighter.stat().st_size > LARGE:
        few = pixels.quantize(256, dither=Image.Dither.NONE).convert("RGB")
        few.save(lighter, lossless=True, method=4)
    if opaque and lighter.stat().st_size > LARGE:  # pictures full of shades, such as faces
        pixels.save(lighter, quality=QUALITY, method=4)
    picture.unlink()


def drop_icons(site: Path) -> None:
    """Take the rules of icons that nothing names out of the style sheets."""
    named = set()
    for file in [*site.glob("*.html"), *site.glob("_static/**/*.js")]:
        if file.name == "fontawesome.js":  # the script left out, which names them all
            continue
        named.update(ICON.findall(file.read_text(encoding="utf-8", errors="ignore")))

    def keep(rule: re.Match) -> str:
        return rule[0] if named.intersection(ICON.findall(rule[1])) else ""

    for sheet in site.glob("_static/**/*.css"):
        text = sheet.read_text(encoding="utf-8")
        lighter = ICON_RULE.sub(keep, text)
        if lighter != text:
            sheet.write_text(lighter, encoding="utf-8")


def lighten(site: Path) -> None:
    """Convert the pictures of a site, and let its pages show these and leave out the script."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(as_webp, (site / "_images").glob("*.png")))
    shown = set()
    for page in site.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        lighter = PICTURE.sub(r"\1.webp", ICON_SCRIPT.sub("", text))
        shown.update(re.findall(r"_images/([\w.-]+\.webp)", lighter))
        if lighter != text:
            page.write_text(lighter, encoding="utf-8")
    for picture in (site / "_images").glob("*.webp"):  # of a page that is no more
        if picture.name not in shown:
            picture.unlink()
    drop_icons(site)
