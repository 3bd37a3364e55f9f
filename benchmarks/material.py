"""Photos for the benchmarks, from two Debian packages, re-encoded into a folder outside the repository.

Nine photographs, each at about 2, 6 and 12 megapixels (never enlarged), as baseline JPEG (quality 92, 4:2:0), PNG, WebP
(quality 90) and AVIF (quality 80), and at 2 megapixels as progressive JPEG and as JPEG with a Display P3 profile.
"""

import os
import shutil
import subprocess
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
    folder = HOME / "packages"
    backgrounds = folder / "usr" / "share" / "backgrounds"
    if not backgrounds.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", *PACKAGES], cwd=folder, check=True)
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)
    return [next(backgrounds.glob(f"{name}*.jpg")) for name in NAMES]


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
