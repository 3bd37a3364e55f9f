"""Images of many kinds for benchmarks of automatic choices: 22 kinds of stills and 6 of animations.

    python benchmarks/kinds.py FOLDER

Writes FOLDER/stills/KIND/NUMBER.png and FOLDER/animations/KIND/NUMBER.webp (lossless). Photos, cut-outs, drawings and
icons are those of Debian packages, which are downloaded; charts, maps, pages and pixel art are drawn, each from a seed.
"""

import math
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import pyvips
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

Maker = Callable[[random.Random], Image.Image]

PACKAGES: Final = (
    "lomiri-wallpapers-16.04",
    "lomiri-wallpapers-20.04",
    "plasma-workspace-wallpapers",
    "mate-backgrounds",
    "ukui-wallpapers",
    "tuxpaint-stamps-default",
    "forensics-samples-files",
    "adwaita-icon-theme",
)
NUMBER: Final = 6
SIDE: Final = 1200
"""The longest side of an image, in pixels: each is resized for the result."""

WORDS: Final = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "that",
    "for",
    "it",
    "as",
    "was",
    "with",
    "be",
    "by",
    "on",
    "not",
    "he",
    "his",
    "but",
    "at",
    "are",
    "this",
    "have",
    "from",
    "or",
    "had",
    "an",
    "they",
    "which",
    "one",
    "you",
    "were",
    "all",
    "her",
    "she",
    "there",
    "would",
    "their",
    "we",
    "him",
    "been",
    "has",
    "when",
    "who",
    "will",
    "no",
    "more",
    "if",
    "out",
    "so",
    "up",
    "said",
    "what",
    "its",
    "about",
]
COLOURS: Final = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#17becf", "#e377c2")

PHOTOS: Final[dict[str, tuple[str, ...]]] = {
    "landscape": ("Wine", "sunset", "picosdeeuropa", "Bridge", "Dune", "DarkestHour", "aitzgorri", "EveningGlow"),
    "foliage": ("Autumn", "FallenLeaf", "Garden", "seeding", "Canopee", "YellowFlower", "LadyBird", "greentock"),
    "skin": ("friends", "life", "IMG_20200827", "IMG_1054", "IMG_20200124", "IMG_20200608"),
    "night": ("MilkyWay", "Storm", "IMG_20191224", "free", "summer_1am", "DarkestHour"),
    "objects": ("Kleiber", "Fossa", "Dragonfly", "ColorfulCups", "Elephants", "Wood", "TwoWings", "umang", "RainDrops"),
}
"""By kind: the beginning of the file name, or the name of a folder."""


# ---------------------------------------------------------------- from packages


def unpacked(folder: Path) -> Path:
    """Return the folder of the packages, downloaded and unpacked if missing."""
    root = folder / "packages"
    for package in PACKAGES:
        if (root / package).exists():
            continue
        root.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", package], cwd=root, check=True)
        archive = next(root.glob(f"{package}_*.deb"))
        subprocess.run(["dpkg-deb", "-x", str(archive), str(root / package)], check=True)
    return root


def opened(path: Path) -> Image.Image:
    """Return the image, of at most SIDE pixels along each side."""
    with Image.open(path) as image:
        image.draft("RGB", (2 * SIDE, 2 * SIDE))
        has_alpha = "A" in image.getbands() or "transparency" in image.info
        converted = (ImageOps.exif_transpose(image) or image).convert("RGBA" if has_alpha else "RGB")
    converted.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return converted


def photos_named(root: Path, names: tuple[str, ...]) -> list[Image.Image]:
    found = []
    folders = [(root / package).resolve() for package in PACKAGES]
    files = [path for folder in folders for path in sorted(folder.glob("usr/share/*/**/*.*"))]
    files = [path for path in files if path.suffix.lower() in {".jpg", ".png"} and path.stat().st_size > 100_000]
    for name in names:
        match = next((path for path in files if path.name.startswith(name) or f"/{name}/" in str(path)), None)
        if match:
            found.append(opened(match).convert("RGB"))
    return found[:NUMBER]


def stamps(root: Path, *, drawn: bool) -> list[Image.Image]:
    """Return photographs (or drawings) with transparency around them."""
    folder = root / "tuxpaint-stamps-default" / "usr" / "share" / "tuxpaint" / "stamps"
    found = [path for path in sorted(folder.rglob("*.png")) if ("cartoon" in str(path)) is drawn]
    random.Random(drawn).shuffle(found)
    images = (opened(path) for path in found)
    large = (image for image in images if min(image.size) > 150 and image.mode == "RGBA")
    return [image for image, _ in zip(large, range(NUMBER), strict=False)]


def icons(root: Path) -> list[Image.Image]:
    folder = root / "adwaita-icon-theme" / "usr" / "share" / "icons" / "Adwaita"
    found = sorted(folder.glob("512x512/*/*.png")) or sorted(folder.glob("scalable/*/*.svg"))
    random.Random(3).shuffle(found)
    return [vector(path, 128) if path.suffix == ".svg" else opened(path).resize((128, 128)) for path in found[:NUMBER]]


def vector(path: Path, side: int) -> Image.Image:
    return Image.open(BytesIO(pyvips.Image.thumbnail(str(path), side).write_to_buffer(".png"))).convert("RGBA")


# ---------------------------------------------------------------- drawn


def font(size: int, style: str = "Sans") -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(f"DejaVu{style}.ttf", size)


def sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words)).capitalize() + "."


def page(rng: random.Random) -> Image.Image:
    """A page of text with headings and a table."""
    image = Image.new("RGB", (850, 1100), "white")
    pen, style = ImageDraw.Draw(image), rng.choice(("Sans", "Serif", "Sans-Oblique"))
    y, size = 70, rng.randrange(13, 20)
    while y < 1000:
        if rng.random() < 0.08:
            pen.text((80, y + 10), sentence(rng, 4), font=font(size + 8, "Sans-Bold"), fill="black")
            y += 2 * size + 20
        pen.text((80, y), sentence(rng, 1100 // (size * 6)), font=font(size, style), fill=rng.choice(("black", "#222")))
        y += round(size * 1.5)
    return image


def scan(rng: random.Random) -> Image.Image:
    """A page as a scanner delivers it: paper, shade, slightly rotated, through a JPEG."""
    image = page(rng).rotate(rng.uniform(-1.2, 1.2), Image.Resampling.BICUBIC, fillcolor="white")
    values = np.asarray(image.filter(ImageFilter.GaussianBlur(0.8))).astype(float)
    generator = np.random.default_rng(rng.randrange(1 << 30))
    paper = np.array([rng.randrange(228, 250), rng.randrange(222, 246), rng.randrange(205, 240)]) / 255
    shade = np.linspace(1, rng.uniform(0.85, 1.0), values.shape[1])[None, :, None]
    values = values * paper * shade + generator.normal(0, rng.uniform(1.5, 5), values.shape)
    return through_jpeg(Image.fromarray(values.clip(0, 255).astype(np.uint8)), rng.randrange(70, 92))


def line_art(rng: random.Random) -> Image.Image:
    """Black lines on white, as an engraving or a plan."""
    image = Image.new("L", (1000, 800), 255)
    pen = ImageDraw.Draw(image)
    for _ in range(rng.randrange(20, 90)):
        x, y = rng.randrange(1000), rng.randrange(800)
        steps = range(rng.randrange(3, 30))
        points = [(x + 30 * step * math.cos(step * rng.random()), y + 20 * step * math.sin(step)) for step in steps]
        pen.line(points, fill=rng.choice((0, 0, 60)), width=rng.randrange(1, 4), joint="curve")
    return image


def through_jpeg(image: Image.Image, quality: int) -> Image.Image:
    out = BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(BytesIO(out.getvalue())).convert(image.mode)


def chart(rng: random.Random) -> Image.Image:
    """Bars, lines, dots or slices with axes, a grid and a legend, drawn at twice the size."""
    scale = 2
    image = Image.new("RGB", (900 * scale, 600 * scale), rng.choice(("white", "white", "#fafafa", "#1e1e24")))
    pen, dark = ImageDraw.Draw(image), sum(image.getpixel((0, 0))) < 300
    ink, grid = ("#ddd", "#444") if dark else ("#222", "#ddd")
    left, top, right, bottom = (v * scale for v in (90, 50, 860, 520))
    for step in range(9):
        y = top + (bottom - top) * step // 8
        pen.line((left, y, right, y), fill=grid, width=scale)
        pen.text((left - 60 * scale, y - 8 * scale), f"{(8 - step) * 12.5:.1f}", font=font(14 * scale), fill=ink)
    kind = rng.choice(("bars", "lines", "dots", "slices"))
    for number in range(rng.randrange(2, 6)):
        colour = COLOURS[number]
        if kind == "bars":
            for bar in range(8):
                x = left + (right - left) * bar // 8 + number * 15 * scale
                pen.rectangle((x, bottom - rng.randrange(30, 440) * scale, x + 12 * scale, bottom), fill=colour)
        elif kind == "lines":
            y, points = rng.randrange(top, bottom), []
            for x in range(left, right, 8 * scale):
                y = max(top, min(bottom, y + rng.randrange(-20, 21) * scale))
                points.append((x, y))
            pen.line(points, fill=colour, width=2 * scale)
        elif kind == "dots":
            for _ in range(150):
                x, y = rng.gauss(left + (2 + number) * 110 * scale, 70 * scale), rng.gauss((top + bottom) / 2, 150)
                pen.ellipse((x, y, x + 7 * scale, y + 7 * scale), fill=colour)
        else:
            box = (300 * scale, 100 * scale, 680 * scale, 480 * scale)
            pen.pieslice(box, number * 60, 360, fill=colour)
        pen.rectangle((700 * scale, (70 + 24 * number) * scale, 715 * scale, (85 + 24 * number) * scale), fill=colour)
        words = sentence(rng, 2)
        pen.text((722 * scale, (68 + 24 * number) * scale), words, font=font(14 * scale), fill=ink)
    pen.line((left, top, left, bottom, right, bottom), fill=ink, width=scale)
    pen.text((300 * scale, 12 * scale), sentence(rng, 5), font=font(20 * scale, "Sans-Bold"), fill=ink)
    return image.resize((900, 600), Image.Resampling.LANCZOS)


def screenshot(rng: random.Random) -> Image.Image:
    """A window with a tool bar, a side bar, text, buttons and, sometimes, a photo."""
    dark = rng.random() < 0.4
    back, side, ink = ("#1e1e1e", "#252526", "#d4d4d4") if dark else ("#ffffff", "#f0f2f5", "#1c1e21")
    image = Image.new("RGB", (1200, 750), back)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 1200, 56), fill=rng.choice(COLOURS) if rng.random() < 0.5 else side)
    pen.rectangle((0, 56, 240, 750), fill=side)
    for row in range(18):
        pen.text((24, 76 + 36 * row), sentence(rng, 2), font=font(15), fill=ink)
    code = rng.random() < 0.5
    for row in range(22):
        x = 270 + (rng.randrange(4) * 24 if code else 0)
        for word in sentence(rng, 9).split():
            pen.text(
                (x, 80 + 29 * row),
                word,
                font=font(15, "SansMono" if code else "Sans"),
                fill=rng.choice((ink, ink, *COLOURS[:3])) if code else ink,
            )
            x += 10 * len(word) + 12
    for button in range(3):
        pen.rounded_rectangle((800 + 130 * button, 10, 915 + 130 * button, 46), 8, fill=COLOURS[button])
        pen.text((815 + 130 * button, 19), rng.choice(WORDS).capitalize(), font=font(14, "Sans-Bold"), fill="white")
    return image


def logo(rng: random.Random) -> Image.Image:
    """A mark and a name on transparency."""
    image = Image.new("RGBA", (1200, 500), (0, 0, 0, 0))
    pen, colours = ImageDraw.Draw(image), rng.sample(COLOURS, 3)
    for number, colour in enumerate(colours):
        box = (40 + 90 * number, 90, 290 + 90 * number, 340)
        rng.choice((pen.ellipse, pen.rectangle, lambda box, fill: pen.pieslice(box, 30, 300, fill=fill)))(
            box, fill=colour
        )
    pen.text((530, 150), rng.choice(WORDS).upper() + "  LTD", font=font(110, "Sans-Bold"), fill=colours[0])
    return image.resize((800, 333), Image.Resampling.LANCZOS)


def watermark(rng: random.Random) -> Image.Image:
    """Words and a mark, partly transparent, on transparency."""
    image = Image.new("RGBA", (900, 600), (255, 255, 255, 0))
    pen, alpha = ImageDraw.Draw(image), rng.randrange(60, 180)
    for row in range(rng.choice((1, 4))):
        pen.text((60, 60 + 140 * row), f"© {sentence(rng, 3)}", font=font(54, "Sans-Bold"), fill=(255, 255, 255, alpha))
    pen.ellipse((650, 380, 820, 550), outline=(255, 255, 255, alpha), width=12)
    shadow = Image.new("RGBA", image.size, (0, 0, 0, 0))
    shadow.putalpha(image.getchannel("A").filter(ImageFilter.GaussianBlur(4)).point(lambda value: value // 2))
    return Image.alpha_composite(shadow, image)


def gradient(rng: random.Random) -> Image.Image:
    height, width = 600, 900
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width])[:, None, None]
    along = x * math.cos(angle := rng.uniform(0, 3)) + y * math.sin(angle)
    if rng.random() < 0.4:
        along = np.hypot(x - 0.5, y - 0.4) * 1.5
    along = (along - along.min()) / (along.max() - along.min())
    ends = [np.array([rng.randrange(256) for _ in range(3)]) for _ in range(3)]
    first, second = along.clip(0, 0.5)[..., None] * 2, (along - 0.5).clip(0, 0.5)[..., None] * 2
    values = ends[0] * (1 - first) + ends[1] * first
    values = values * (1 - second) + ends[2] * second
    return Image.fromarray(values.round().astype(np.uint8))


def pixel_art(rng: random.Random) -> Image.Image:
    """A symmetric sprite and tiles of few colours, enlarged without smoothing."""
    palette = [tuple(rng.randrange(256) for _ in range(3)) for _ in range(rng.randrange(6, 16))]
    image = Image.new("RGB", (64, 48), palette[0])
    for left in range(0, 64, 16):
        for top in range(0, 48, 16):
            tile = [[rng.choice(palette[: 2 + (left + top) % 9]) for _ in range(8)] for _ in range(16)]
            for y, row in enumerate(tile):
                for x, colour in enumerate(row):
                    image.putpixel((left + x, top + y), colour)
                    image.putpixel((left + 15 - x, top + y), colour)
    return image.resize((1024, 768), Image.Resampling.NEAREST)


def street_map(rng: random.Random) -> Image.Image:
    """Areas, streets with outlines, water and names."""
    image = Image.new("RGB", (2000, 1500), "#f2efe9")
    pen = ImageDraw.Draw(image)
    for _ in range(40):
        x, y = rng.randrange(2000), rng.randrange(1500)
        corners = [(x + rng.randrange(-260, 260), y + rng.randrange(-200, 200)) for _ in range(6)]
        pen.polygon(corners, fill=rng.choice(("#c8facc", "#add19e", "#e0dfdf", "#aad3df", "#f7efe9")))
    for width, fill in ((22, "#b0a090"), (16, "#ffffff"), (14, "#fcd6a4")):
        streets = random.Random(rng.randrange(9))
        for _ in range(25):
            line = [(streets.randrange(-200, 2200), streets.randrange(-200, 1700)) for _ in range(3)]
            pen.line(line, fill=fill, width=width, joint="curve")
    for _ in range(60):
        place = rng.randrange(1900), rng.randrange(1450)
        pen.text(
            place,
            rng.choice(WORDS).capitalize(),
            font=font(rng.randrange(18, 40)),
            fill="#555",
            stroke_width=3,
            stroke_fill="#fff",
        )
    return image.resize((1000, 750), Image.Resampling.LANCZOS)


def words(rng: random.Random) -> Image.Image:
    """Coloured text on a coloured ground: a slide."""
    image = Image.new("RGB", (960, 540), rng.choice(COLOURS))
    pen = ImageDraw.Draw(image)
    pen.text((60, 50), sentence(rng, 4), font=font(56, "Sans-Bold"), fill="white")
    for line in range(6):
        pen.text(
            (80, 170 + 52 * line), f"– {sentence(rng, 6)}", font=font(30), fill=rng.choice(("white", "#ffe", "#ffd200"))
        )
    return image


def svg(rng: random.Random) -> Image.Image:
    """A vector drawing with gradients, curves and soft shadows, on transparency or a ground."""
    shapes = []
    for number in range(rng.randrange(8, 40)):
        x, y, r, colour = rng.randrange(800), rng.randrange(600), rng.randrange(20, 160), rng.choice(COLOURS)
        fill = f"url(#g{rng.randrange(3)})" if rng.random() < 0.4 else colour
        curve = f"M{x} {y}q{r} {-r} {2 * r} 0t{r} {r}l{-r} {r // 2}z"
        shapes.append(
            f'<path d="{curve}" fill="{fill}"/>' if number % 2 else f'<circle cx="{x}" cy="{y}" r="{r}" fill="{fill}"/>'
        )
    stops = "".join(
        f'<linearGradient id="g{n}"><stop stop-color="{rng.choice(COLOURS)}"/><stop offset="1" stop-color="{rng.choice(COLOURS)}"/></linearGradient>'
        for n in range(3)
    )
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="800" height="600"><defs>{stops}</defs>{"".join(shapes)}</svg>'
    )
    return Image.open(BytesIO(pyvips.Image.new_from_buffer(text.encode(), "").write_to_buffer(".png"))).convert("RGBA")


def noise(rng: random.Random) -> Image.Image:
    generator = np.random.default_rng(rng.randrange(1 << 30))
    values = generator.normal(128, rng.uniform(15, 60), (400, 600, 3))
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


DRAWN: Final[dict[str, Maker]] = {
    "document": page,
    "scan": scan,
    "line art": line_art,
    "chart": chart,
    "screenshot": screenshot,
    "logo": logo,
    "watermark": watermark,
    "gradient": gradient,
    "pixel art": pixel_art,
    "map": street_map,
    "words": words,
    "svg": svg,
    "noise": noise,
}


def stills(root: Path) -> Iterator[tuple[str, list[Image.Image]]]:
    """Yield each kind and its images."""
    photos = {kind: photos_named(root, names) for kind, names in PHOTOS.items()}
    yield from photos.items()
    mixed = [image for images in zip(*photos.values(), strict=False) for image in images]
    yield "grey photo", [image.convert("L") for image in mixed[1 : NUMBER + 1]]
    yield "small photo", [ImageOps.fit(image, (90, 60), Image.Resampling.LANCZOS) for image in mixed[3 : NUMBER + 3]]
    yield "cut-out", stamps(root, drawn=False)
    yield "cartoon", stamps(root, drawn=True)
    yield "icon", icons(root)
    for kind, maker in DRAWN.items():
        yield kind, [maker(random.Random(f"{kind} {number}")) for number in range(NUMBER)]


# ---------------------------------------------------------------- animations


def film(rng: random.Random, photo: Image.Image) -> list[Image.Image]:
    """A camera that moves over a photo, with noise in each frame."""
    large, generator = ImageOps.fit(photo, (560, 400)), np.random.default_rng(rng.randrange(99))
    frames = []
    for number in range(14):
        cut = large.crop((6 * number, 3 * number, 6 * number + 420, 3 * number + 300))
        frames.append(
            Image.fromarray((np.asarray(cut) + generator.normal(0, 3, (300, 420, 3))).clip(0, 255).astype(np.uint8))
        )
    return frames


def moving(
    rng: random.Random, size: tuple[int, int], count: int, ground: str | tuple[int, ...], smooth: int = 3
) -> list[Image.Image]:
    """Shapes that move on a ground."""
    width, height = (side * smooth for side in size)
    shapes = [
        (rng.choice(COLOURS[:4]), rng.uniform(0, 6), rng.uniform(0.1, 0.4), rng.randrange(height // 8, height // 3))
        for _ in range(5)
    ]
    frames = []
    for number in range(count):
        image = Image.new("RGBA" if isinstance(ground, tuple) else "RGB", (width, height), ground)
        pen = ImageDraw.Draw(image)
        for place, (colour, phase, speed, r) in enumerate(shapes):
            x = width / 2 * (1 + 0.7 * math.cos(phase + speed * number)) - r
            y = height / 2 * (1 + 0.6 * math.sin(phase * 2 + speed * number)) - r
            (pen.ellipse if place % 2 else pen.rectangle)((x, y, x + r, y + r), fill=colour)
        frames.append(image.resize(size, Image.Resampling.LANCZOS if smooth > 1 else Image.Resampling.NEAREST))
    return frames


def recording(rng: random.Random, count: int) -> list[Image.Image]:
    """A recording of a screen: words appear, a pointer moves."""
    image, frames = screenshot(rng).resize((480, 300), Image.Resampling.LANCZOS), []
    for number in range(count):
        ImageDraw.Draw(image).text(
            (120 + 7 * (number % 40), 150 + 16 * (number // 40)), "x", font=font(12), fill="black"
        )
        frame = image.copy()
        ImageDraw.Draw(frame).polygon(
            [
                (9 * number % 470, 5 * number % 290),
                (9 * number % 470 + 8, 5 * number % 290 + 9),
                (9 * number % 470, 5 * number % 290 + 12),
            ],
            fill="black",
        )
        frames.append(frame)
    return frames


def animations(root: Path) -> Iterator[tuple[str, list[list[Image.Image]]]]:
    """Yield each kind and its animations, as lists of frames."""
    photos, seeds = photos_named(root, PHOTOS["landscape"]), range(4)
    yield "film", [film(random.Random(seed), photos[seed]) for seed in seeds]
    yield "drawn", [moving(random.Random(seed), (400, 300), 16, "#fff4dd") for seed in seeds]
    yield "small drawn", [moving(random.Random(seed), (48, 48), 12, "#ffffff") for seed in seeds]
    yield "few colours", [moving(random.Random(seed), (320, 240), 12, "#203040", smooth=1) for seed in seeds]
    yield "long", [recording(random.Random(seed), 60) for seed in seeds]
    yield "alpha", [moving(random.Random(seed), (200, 200), 12, (0, 0, 0, 0)) for seed in seeds]


def main() -> None:
    folder = Path(sys.argv[1])
    root = unpacked(folder)
    for kind, images in stills(root):
        for number, image in enumerate(images):
            path = folder / "stills" / kind / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            image.save(path, compress_level=1)
    for kind, sequences in animations(root):
        for number, frames in enumerate(sequences):
            path = folder / "animations" / kind / f"{number}.webp"
            path.parent.mkdir(parents=True, exist_ok=True)
            frames[0].save(
                path, save_all=True, append_images=frames[1:], duration=80, loop=0, lossless=True, quality=0, method=0
            )


if __name__ == "__main__":
    main()
