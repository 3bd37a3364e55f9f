"""Renders the image of the README: one photo with five sets of parameters.

.venv/bin/python docs/readme_image.py
"""

from io import BytesIO
from pathlib import Path

from PIL import Image

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.pipeline import render
from pixmill.plan.limits import Limits

HERE = Path(__file__).parent
PHOTO = HERE.parent / "examples" / "photos" / "sunset.jpg"
GAP = 12
VARIANTS = (
    "height=200",
    "width=200&height=200&fit=cover&gravity=smart",
    "width=240&height=200&fit=contain&background=ffcc66",
    "height=200&crop=pct:30,30,40,60&flip=h",
    "height=200&blur=4&grayscale=true",
)


def main() -> None:
    source = memoryview(PHOTO.read_bytes())
    tiles = []
    for variant in VARIANTS:
        plan = parse(b"/resize", f"url=sunset.jpg&format=png&{variant}".encode()).plan
        tiles.append(Image.open(BytesIO(render(source, plan, Limits()).body)).convert("RGB"))
    width = sum(tile.width for tile in tiles) + GAP * (len(tiles) - 1)
    sheet = Image.new("RGB", (width, max(tile.height for tile in tiles)), "white")
    left = 0
    for tile in tiles:
        sheet.paste(tile, (left, 0))
        left += tile.width + GAP
    sheet.save(HERE / "readme.webp", quality=85)


if __name__ == "__main__":
    main()
