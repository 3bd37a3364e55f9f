"""Renders the image of the README: one photo with five sets of parameters, each below its result.

.venv/bin/python docs/readme_image.py
"""

from io import BytesIO
from pathlib import Path

from fontpkg_noto_sans import ROOT
from PIL import Image, ImageDraw, ImageFont

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.pipeline import render
from pixmill.plan.limits import Limits

HERE = Path(__file__).parent
PHOTO = HERE.parent / "examples" / "photos" / "sunset.jpg"
FONT = ROOT / "files" / "NotoSans[wdth,wght].ttf"
GAP = 24
LINE = 36
SIDE = 400
VARIANTS = (
    (f"height={SIDE}", ("height=400",)),
    (f"width={SIDE}&height={SIDE}&fit=cover&gravity=smart", ("width=400&height=400", "fit=cover&gravity=smart")),
    ("width=480&height=400&fit=contain&background=ffcc66", ("width=480&height=400", "fit=contain&background=ffcc66")),
    (f"height={SIDE}&crop=pct:30,30,40,60&flip=h", ("crop=pct:30,30,40,60", "flip=h")),
    (f"height={SIDE}&blur=8&grayscale=true", ("blur=8&grayscale=true",)),
)
"""Parameters, and the lines that are shown of them. It is twice as large as the page shows it."""


def main() -> None:
    """Write ``readme.webp``."""
    source = memoryview(PHOTO.read_bytes())
    tiles = []
    for variant, _ in VARIANTS:
        plan = parse(b"/resize", f"url=sunset.jpg&format=png&{variant}".encode()).plan
        tiles.append(Image.open(BytesIO(render(source, plan, Limits()).body)).convert("RGB"))
    width = sum(tile.width for tile in tiles) + GAP * (len(tiles) + 1)
    sheet = Image.new("RGB", (width, SIDE + 2 * GAP + 2 * LINE + GAP // 2), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.truetype(str(FONT), 27)
    left = GAP
    for tile, (_, lines) in zip(tiles, VARIANTS, strict=True):
        sheet.paste(tile, (left, GAP))
        for row, line in enumerate(lines):
            draw.text((left, SIDE + GAP + GAP // 2 + row * LINE), line, fill="#333333", font=font)
        left += tile.width + GAP
    sheet.save(HERE / "readme.webp", quality=80)


if __name__ == "__main__":
    main()
