"""Images for the benchmarks, from Debian packages, in a folder outside the repository.

Nine photographs, each at about 2, 6 and 12 megapixels (never enlarged), as baseline JPEG (quality 92, 4:2:0), PNG, WebP
(quality 90) and AVIF (quality 80), and at 2 megapixels as progressive JPEG and as JPEG with a Display P3 profile.

Photographs of other cameras (``aside``) are taken as they are, and used for reports only: nothing is tuned on them. They are
licensed under GPL-2+ and CC-BY-SA, each as the package says. Graphics (``graphics.py``) are drawn.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pyvips
from PIL import Image

PACKAGES = ("lomiri-wallpapers-16.04", "lomiri-wallpapers-20.04")
MEGAPIXELS = (2, 6, 12)
NAMES = ("Picture_0B", "Wine", "aitzgorri", "friends", "life", "picosdeeuropa", "seeding", "sunset", "umang")
HOME = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pixmill-bench"

ENCODINGS = {
    "jpeg": ("jpg", {"format": "JPEG", "quality": 92}),
    "png": ("png", {"format": "PNG", "compress_level": 3}),
    "webp": ("webp", {"format": "WEBP", "quality": 90, "method": 2}),
    "avif": ("avif", {"format": "AVIF", "quality": 80, "speed": 9}),
}

ASIDE_PACKAGES = ("plasma-workspace-wallpapers", "mate-backgrounds")
ASIDE = (
    "wallpapers/BytheWater/contents/images/2560x1600.jpg",
    "wallpapers/ColorfulCups/contents/images/2560x1600.jpg",
    "wallpapers/EveningGlow/contents/images/2560x1600.jpg",
    "wallpapers/FallenLeaf/contents/images/2560x1600.jpg",
    "wallpapers/OneStandsOut/contents/images/2560x1600.jpg",
    "wallpapers/Path/contents/images/2560x1600.jpg",
    "backgrounds/mate/nature/LadyBird.jpg",
    "backgrounds/mate/nature/Storm.jpg",
    "backgrounds/mate/nature/Wood.jpg",
    "backgrounds/mate/nature/YellowFlower.jpg",
)
"""Below ``usr/share``: a Nokia N9, a Sony NEX-3N, an unknown camera, a Canon 70D, two of an Olympus E-M1, and of MATE a
Canon 400D, a Minolta Z5 and two unknown ones."""


def photos() -> Path:
    """Return the folder of the photos, created if missing: ``<megapixels>/<kind>/<name>.<extension>``."""
    completed = HOME / "photos" / "done"
    if not completed.exists():
        shutil.rmtree(HOME / "photos", ignore_errors=True)
        for original in originals():
            encode(original)
        completed.touch()
    return HOME / "photos"


def originals() -> list[Path]:
    backgrounds = unpacked("packages", PACKAGES) / "backgrounds"
    return [next(backgrounds.glob(f"{name}*.jpg")) for name in NAMES]


def aside() -> list[Path]:
    """Return photographs that nothing is tuned on."""
    share = unpacked("aside", ASIDE_PACKAGES)
    return [share / path for path in ASIDE]


def camera_originals(folder: Path) -> None:
    """Put the photographs that nothing is tuned on into a folder, unchanged."""
    folder.mkdir(parents=True, exist_ok=True)
    for original in aside():
        if not (folder / original.name).exists():
            shutil.copyfile(original, folder / original.name)


def unpacked(name: str, packages: Sequence[str]) -> Path:
    """Return ``usr/share`` of packages of Debian, downloaded if missing."""
    folder = HOME / name
    share = folder / "usr" / "share"
    if not share.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", *packages], cwd=folder, check=True)
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)
    return share


def encode(original: Path) -> None:
    name = original.name.partition("_by_")[0]
    with Image.open(original) as opened:
        image = opened.convert("RGB")
    for megapixels in MEGAPIXELS:
        scale = min(1.0, (megapixels * 1e6 / (image.width * image.height)) ** 0.5)
        small = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
        for kind, (extension, options) in ENCODINGS.items():
            if megapixels > 6 and kind == "avif":
                continue
            target = HOME / "photos" / str(megapixels) / kind / f"{name}.{extension}"
            target.parent.mkdir(parents=True, exist_ok=True)
            small.save(target, **options)
        if megapixels == 2:
            _save(small, "progressive", name, progressive=True)
            _save(small, "p3", name, icc_profile=bytes(pyvips.Image.profile_load("p3")))


def _save(image: Image.Image, kind: str, name: str, **options: object) -> None:
    target = HOME / "photos" / "2" / kind / f"{name}.jpg"
    target.parent.mkdir(parents=True, exist_ok=True)
    image.save(target, "JPEG", quality=92, **options)
