"""Compares the nextjs dialect with Next.js itself, from npm, on random URLs. Takes about three minutes.

    python -m benchmarks.compat.next

An application without pages is built once; ``next start`` serves the originals from its ``public`` folder.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from benchmarks.compat.compare import REQUESTS, SEED, Started, Target, compare, report

PACKAGES: Final = ("next@16.4.6", "react@19.2.0", "react-dom@19.2.0")
HOME: Final = Path.home() / ".cache" / "pixmill-compat"

_PHOTOS: Final = ("fig.jpg", "friends.jpg", "sunset.jpg", "umang.jpg", "wine.jpg", "mill.png")
_DRAWN: Final = ("L.jpg", "P.jpg", "S.jpg", "W.png", "E6.jpg", "A.png", "X.webp", "G.gif", "G.webp", "DB.gif", "V.svg")
_OTHERS: Final = ("bad.jpg", "nope.jpg")
_WIDTHS: Final = (32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840)
_QUALITIES: Final = (75, 90, 100)
_FINE: Final = 90
"""At lower qualities both show more of their encoders than of their pixels."""
_ACCEPTS: Final = ("image/avif,image/webp,*/*", "image/webp,*/*", "*/*", "image/jpeg", "")
_IMAGES: Final = {
    "formats": ["image/avif", "image/webp"],
    "qualities": list(_QUALITIES),
    "remotePatterns": [
        {"protocol": "http", "hostname": "127.0.0.1"},
        {"hostname": "**.example.com", "pathname": "/a/**"},
    ],
    "dangerouslyAllowLocalIP": True,
}
_LAYOUT: Final = "export default function Layout({ children }) { return <html><body>{children}</body></html>; }\n"
_PAGE: Final = "export default function Page() { return null; }\n"
_BROKEN: Final = (
    "w=64&q=75",
    "url=&w=64&q=75",
    "url=%2FL.jpg&q=75",
    "url=%2FL.jpg&w=64",
    "url=%2FL.jpg&w=65&q=75",
    "url=%2FL.jpg&w=abc&q=75",
    "url=%2FL.jpg&w=64.5&q=75",
    "url=%2FL.jpg&w=0&q=75",
    "url=%2FL.jpg&w=064&q=75",
    "url=%2FL.jpg&w=64&q=76",
    "url=%2FL.jpg&w=64&q=0",
    "url=%2FL.jpg&w=64&q=101",
    "url=%2FL.jpg&w=64&w=128&q=75",
    "url=%2FL.jpg&url=%2FS.jpg&w=64&q=75",
    "url=%2F%2Fexample.com%2Fa.jpg&w=64&q=75",
    "url=ftp%3A%2F%2Fexample.com%2Fa.jpg&w=64&q=75",
    "url=L.jpg&w=64&q=75",
    "url=https%3A%2F%2Fexample.org%2Fa.jpg&w=64&q=75",
    "url=https%3A%2F%2Fa.example.com%2Fb%2Fa.jpg&w=64&q=75",
    "url=%2F_next%2Fimage&w=64&q=75",
    "url=%2FL.jpg%3Fv%3D1&w=64&q=75",
    "url=%2Fx%2F..%2FL.jpg&w=64&q=75",
    f"url=%2F{'a' * 3_072}&w=64&q=75",
)


class Next:
    """Next.js with an application of its own."""

    name = "next"

    def install(self, home: Path) -> str:
        folder = home / self.name
        if not (folder / ".next" / "BUILD_ID").exists():
            (folder / "app").mkdir(parents=True, exist_ok=True)
            (folder / "package.json").write_text('{"private": true}')
            (folder / "next.config.mjs").write_text(f"export default {{ images: {json.dumps(_IMAGES)} }};\n")
            (folder / "app" / "layout.js").write_text(_LAYOUT)
            (folder / "app" / "page.js").write_text(_PAGE)
            command = ["npm", "install", "--silent", "--no-audit", "--no-fund", *PACKAGES]
            subprocess.run(command, cwd=folder, check=True)
            build = [str(folder / "node_modules" / ".bin" / "next"), "build"]
            subprocess.run(build, cwd=folder, check=True, env={**os.environ, "NEXT_TELEMETRY_DISABLED": "1"})
        return PACKAGES[0].partition("@")[2]

    def start(self, home: Path, port: int, images: Path, origin: int) -> Started:
        del origin
        folder = home / self.name
        shutil.rmtree(folder / ".next" / "cache" / "images", ignore_errors=True)
        shutil.copytree(images, folder / "public", dirs_exist_ok=True)
        command = [str(folder / "node_modules" / ".bin" / "next"), "start", "-p", str(port), "-H", "127.0.0.1"]
        return Started(command, {"NEXT_TELEMETRY_DISABLED": "1"}, folder)

    def mount(self) -> dict[str, Any]:
        return {"dialect": "nextjs", "options": _IMAGES}

    def targets(self, rng: random.Random, count: int, origin: int) -> list[Target]:
        broken = [Target(f"/_next/image?{query}") for query in _BROKEN]
        return broken + [_target(rng, origin) for _ in range(count - len(broken))]


def _target(rng: random.Random, origin: int) -> Target:
    name = rng.choice(_PHOTOS * 3 + _DRAWN * 2 + _OTHERS)
    url = f"http://127.0.0.1:{origin}/{name}" if rng.random() < 0.25 else f"/{name}"
    accept = rng.choice(_ACCEPTS)
    quality = rng.choice(_QUALITIES)
    query = f"url={quote(url, safe='')}&w={rng.choice(_WIDTHS)}&q={quality}"
    return Target(f"/_next/image?{query}", {"Accept": accept} if accept else {}, quality >= _FINE)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=REQUESTS)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    service = Next()
    report(service, compare(service, HOME, options.count, options.seed))


if __name__ == "__main__":
    main()
