"""Compares the thumbor dialect with thumbor itself, from PyPI, on random URLs. Takes about two minutes.

    python -m benchmarks.compat.thumbor

thumbor reads the originals from a folder. It is as its defaults have it: Pillow, Lanczos, no EXIF orientation.
"""

import argparse
import random
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from benchmarks.compat.compare import REQUESTS, SEED, Started, Target, compare, report

VERSION: Final = "7.8.0"
KEY: Final = "ACME-SEC"
HOME: Final = Path.home() / ".cache" / "pixmill-compat"
_CONFIG: Final = """\
LOADER = "thumbor.loaders.file_loader"
FILE_LOADER_ROOT_PATH = {images!r}
STORAGE = "thumbor.storages.no_storage"
SECURITY_KEY = {key!r}
ALLOW_UNSAFE_URL = True
"""

PHOTOS: Final = ("fig.jpg", "friends.jpg", "sunset.jpg", "umang.jpg", "wine.jpg")
DRAWN: Final = ("L.jpg", "P.jpg", "S.jpg", "W.png", "E6.jpg", "A.png", "GF.png")
_NOISE: Final = "noise"
_FINE: Final = "quality(97)"
"""At lower qualities both show more of their encoders than of their pixels."""


class Thumbor:
    """thumbor with its file loader."""

    name = "thumbor"

    def install(self, home: Path) -> str:
        python = home / "thumbor" / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(home / "thumbor")], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "-q", f"thumbor=={VERSION}"], check=True)
        return VERSION

    def start(self, home: Path, port: int, images: Path, origin: int) -> Started:
        del origin
        config = home / "thumbor.conf"
        config.write_text(_CONFIG.format(images=str(images), key=KEY))
        program = home / "thumbor" / "bin" / "thumbor"
        return Started([str(program), "-p", str(port), "-i", "127.0.0.1", "-c", str(config), "-l", "error"])

    def mount(self) -> dict[str, Any]:
        return {"dialect": "thumbor", "keys": KEY, "options": {"allow_unsafe_url": True, "smart": "center"}}

    def targets(self, rng: random.Random, count: int, origin: int) -> list[Target]:
        del origin
        return [_target(rng) for _ in range(count)]


def _target(rng: random.Random) -> Target:
    image = rng.choice((*PHOTOS, *PHOTOS, *DRAWN))
    filters = [_filter(rng) for _ in range(rng.choice((0, 0, 1, 1, 2, 3)))]
    if not any(one.startswith("max_bytes") for one in filters):
        filters.append(_FINE)
    options = [
        *(["trim"] if image.endswith(".png") and rng.random() < 0.2 else []),
        *([_crop(rng)] if rng.random() < 0.15 else []),
        *_size(rng),
        *([rng.choice(("left", "right", "center"))] if rng.random() < 0.2 else []),
        *([rng.choice(("top", "middle", "bottom"))] if rng.random() < 0.2 else []),
        *(["smart"] if rng.random() < 0.1 else []),
        *([f"filters:{':'.join(filters)}"] if filters else []),
    ]
    return Target("/" + "/".join(["unsafe", *options, image]), is_comparable=not any(_NOISE in one for one in filters))


def _size(rng: random.Random) -> list[str]:
    fit = rng.choice(("", "", "", "fit-in", "fit-in", "full-fit-in", "adaptive-fit-in", "adaptive-full-fit-in"))
    width, height = (rng.choice((0, 40, 97, 128, 200, 233, 300, 320, 451, 600)) for _ in range(2))
    flip_x, flip_y = (rng.choice(("", "", "", "", "-")) for _ in range(2))
    size = f"{flip_x}{width}x{flip_y}{height}"
    if not width and not height:
        return [size] if flip_x or flip_y else ["300x200"]
    return [fit, size] if fit else [size]


def _crop(rng: random.Random) -> str:
    left, top = rng.randrange(0, 200), rng.randrange(0, 120)
    return f"{left}x{top}:{left + rng.randrange(40, 700)}x{top + rng.randrange(40, 500)}"


def _filter(rng: random.Random) -> str:
    return rng.choice(
        (
            f"blur({rng.randrange(1, 20)})",
            f"blur({rng.randrange(1, 12)},{rng.randrange(1, 12)})",
            f"sharpen({rng.choice((0.5, 1, 1.5, 2))},{rng.choice((0.5, 1, 1.5))},true)",
            f"brightness({rng.randrange(-50, 51)})",
            f"contrast({rng.randrange(-50, 51)})",
            f"rgb({rng.randrange(-40, 41)},{rng.randrange(-40, 41)},{rng.randrange(-40, 41)})",
            f"colorize({rng.randrange(0, 60)},{rng.randrange(0, 60)},{rng.randrange(0, 60)},ff8040)",
            f"saturation({rng.choice((0, 0.3, 0.7, 1.3, 1.8))})",
            "grayscale()",
            "equalize()",
            f"rotate({rng.choice((90, 180, 270, -90, 45))})",
            f"proportion({rng.choice((0.3, 0.5, 0.75))})",
            f"fill({rng.choice(('red', '336699', 'blur', 'auto', 'transparent'))})",
            "background_color(ffcc00)",
            "no_upscale()",
            "upscale()",
            "stretch()",
            f"focal({rng.randrange(0, 300)}x{rng.randrange(0, 200)}:{rng.randrange(301, 600)}x{rng.randrange(201, 400)})",
            f"format({rng.choice(('png', 'webp', 'jpeg', 'avif', 'tiff'))})",
            f"quality({rng.randrange(60, 96)})",
            f"watermark(W.png,{rng.choice((10, -10, 'center', '20p', '-20p'))},{rng.choice((5, -5, 'center'))},{rng.choice((0, 30, 60))},30)",
            f"round_corner({rng.randrange(5, 40)},255,255,255)",
            "convolution(1;2;1;2;4;2;1;2;1,3,true)",
            "convolution(0;-1;0;-1;6;-1;0;-1;0,3,true)",
            "curve([(0,0),(64,90),(255,255)],[(0,0),(255,255)],[(0,0),(255,255)],[(0,20),(255,230)])",
            "strip_icc()",
            "strip_exif()",
            "max_bytes(40000)",
            "nope(1)",
            f"{_NOISE}(20)",
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=REQUESTS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--home", type=Path, default=HOME)
    arguments = parser.parse_args()
    service = Thumbor()
    report(service, compare(service, arguments.home, arguments.count, arguments.seed))


if __name__ == "__main__":
    main()
