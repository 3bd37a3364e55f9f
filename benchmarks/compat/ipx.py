"""Compares the ipx dialect with ipx itself, 3 or 4, from npm, on random URLs. Takes about two minutes.

    python -m benchmarks.compat.ipx [--version 4]

ipx reads the originals from a folder, or from the origin, with sharp as npm installs it.
"""

import argparse
import random
import subprocess
from pathlib import Path
from typing import Any, Final

from benchmarks.compat.compare import REQUESTS, SEED, Started, Target, compare, report

VERSIONS: Final = {3: ("ipx@3.1.1",), 4: ("ipx@4.0.0-beta.1", "sharp@0.35.5")}
HOME: Final = Path.home() / ".cache" / "pixmill-compat"

PHOTOS: Final = ("fig.jpg", "friends.jpg", "sunset.jpg", "umang.jpg", "wine.jpg", "mill.png")
DRAWN: Final = ("L.jpg", "P.jpg", "S.jpg", "W.png", "E6.jpg", "A.png", "X.webp", "G.gif", "V.svg")
_FINE: Final = "q_95"
"""At lower qualities both show more of their encoders than of their pixels.

Not of PNGs, which sharp reduces to 256 colours if there is a quality, with noise that no two encoders have in common.
"""
_FITS: Final = ("cover", "contain", "fill", "inside", "outside")
_POSITIONS: Final = ("top", "right", "bottom", "left", "center", "north", "southwest", "right%20top", "left%20bottom")
_BROKEN: Final = (
    "/w_abc/L.jpg",
    "/w_30/nope.jpg",
    "/w_30/bad.jpg",
    "/",
    "/w_30",
    "/s_axb/L.jpg",
    "/q_0/L.jpg",
    "/fit_x,s_30x30/L.jpg",
    "/fit_x/L.jpg",
    "/rotate/L.jpg",
    "/blur/L.jpg",
    "/trim_10/L.jpg",
    "/extract_1_1_9999_1/L.jpg",
    "/tint_ff0000/L.jpg",
    "/w_30/http://example.com/a.jpg",
    "/w_30/..%2Fa.jpg",
    "/unknown_1/L.jpg",
    "/w_30,f_xyz/L.jpg",
)
_ACCEPTS: Final = ("image/avif,image/webp,*/*", "image/webp,*/*", "*/*", "")


class Ipx:
    """ipx with a folder and the origin."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.name = f"ipx{version}"

    def install(self, home: Path) -> str:
        folder = home / self.name
        if not (folder / "node_modules" / "ipx").exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "package.json").write_text("{}")
            command = ["npm", "install", "--silent", "--no-audit", "--no-fund", *VERSIONS[self.version]]
            subprocess.run(command, cwd=folder, check=True)
        return VERSIONS[self.version][0].partition("@")[2]

    def start(self, home: Path, port: int, images: Path, origin: int) -> Started:
        del origin
        command = [str(home / self.name / "node_modules" / ".bin" / "ipx"), "serve", "--dir", str(images)]
        environment = {"PORT": str(port), "HOST": "127.0.0.1", "IPX_HTTP_DOMAINS": "127.0.0.1"}
        return Started(command, environment, home / self.name)

    def mount(self) -> dict[str, Any]:
        return {"dialect": "ipx", "options": {"version": self.version, "domains": ["127.0.0.1"]}}

    def targets(self, rng: random.Random, count: int, origin: int) -> list[Target]:
        broken = [Target(path) for path in _BROKEN]
        return broken + [self._target(rng, origin) for _ in range(count - len(broken))]

    def _target(self, rng: random.Random, origin: int) -> Target:
        name = rng.choice(PHOTOS + PHOTOS + DRAWN)
        modifiers = [*_size(rng), _FINE]
        if rng.random() < 0.6:
            modifiers += rng.sample(self._effects(rng), rng.choice((1, 1, 2)))
        accept = rng.choice(_ACCEPTS)
        form = rng.choice(("", "", "f_jpg", "f_png", "f_webp", "f_auto", "f_avif"))
        if form:
            modifiers.append(form)
        if form == "f_png" or (not form and name.endswith(".png")):
            modifiers.remove(_FINE)
        source = f"http://127.0.0.1:{origin}/{name}" if rng.random() < 0.2 else name
        path = f"/{rng.choice(',&').join(modifiers)}/{source}"
        return Target(path, {"Accept": accept} if accept else {}, not {"entropy", "attention"} & set(path.split("_")))

    def _effects(self, rng: random.Random) -> list[str]:
        effects = [
            f"rotate_{rng.choice((90, 180, 270, 30, 45))}",
            "flip",
            "flop",
            "grayscale",
            "negate",
            f"blur_{rng.choice((1, 2, 5, 10))}",
            f"median_{rng.choice((3, 5))}",
            "sharpen_2",
            f"threshold_{rng.choice((80, 128))}",
            f"extend_{rng.randrange(30)}_{rng.randrange(30)}_{rng.randrange(30)}_{rng.randrange(30)}",
            f"b_{rng.choice(('ff0000', '0f0', 'navy'))}",
            "b_00ff00,flatten",
            "extract_10_20_60_50",
            "gamma_2",
            "tint_%2380a0c0",
        ]
        if self.version > 3:
            effects += [
                f"hue_{rng.randrange(360)}",
                f"saturation_{rng.choice((0.5, 1.5))}",
                f"brightness_{rng.choice((0.7, 1.2))}",
                f"linear_{rng.choice((0.8, 1.2))}_{rng.choice((-10, 20))}",
                "dilate_2",
                "erode_2",
                "opacity_0.5",
                "autoorient",
                "trim_20",
                "tint_80a0c0",
            ]
        return effects


def _size(rng: random.Random) -> list[str]:
    width, height = rng.randrange(40, 900), rng.randrange(40, 700)
    kind = rng.randrange(6)
    if kind == 0:
        return [f"w_{width}"]
    if kind == 1:
        return [f"h_{height}"]
    if kind == 2:
        return [f"w_{width}", f"h_{height}"]
    modifiers = [f"s_{width}x{height}", f"fit_{rng.choice(_FITS)}"]
    if rng.random() < 0.4:
        modifiers.append(f"pos_{rng.choice(_POSITIONS)}")
    if rng.random() < 0.3:
        modifiers.append("enlarge")
    return modifiers


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", type=int, default=3, choices=VERSIONS)
    parser.add_argument("--count", type=int, default=REQUESTS)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    service = Ipx(options.version)
    report(service, compare(service, HOME, options.count, options.seed))


if __name__ == "__main__":
    main()
