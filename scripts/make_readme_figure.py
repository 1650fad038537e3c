"""Write the picture of the README from the cell of the book that is tagged ``landing-figure``.

Run ``make book`` first, then ``.venv/bin/python -m scripts.make_readme_figure``. The picture stands
on white, so that it can be read on light and on dark pages.
"""

import io

from PIL import Image

from tools.chapters import notebooks
from tools.site.marks import landing_figure

WIDTH = 1400  # pixels
PATH = notebooks.ROOT / "book" / "readme_figure.png"


def main() -> None:
    folder = notebooks.executed(notebooks.ROOT, "full")
    executed = {
        path.name: notebooks.read(folder / path.name) for path in notebooks.chapters(notebooks.ROOT)
    }
    _, png = landing_figure(executed)
    with Image.open(io.BytesIO(png)) as image:
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.getchannel("A") if "A" in image.getbands() else None)
    ground = ground.resize((WIDTH, round(ground.height * WIDTH / ground.width)), Image.LANCZOS)
    ground.quantize(256, dither=Image.Dither.NONE).save(PATH, optimize=True)
    print(f"{PATH}: {PATH.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
