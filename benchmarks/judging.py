"""Judges of images: SSIMULACRA2 and Butteraugli, against a float64 Lanczos3 resample in linear light.

The judges are a program in Rust (``benchmarks/judges``), which cargo builds once into the folder of the benchmarks.
The packages of PyPI take ten times as long. Its SSIMULACRA2 of three JPEGs of 400 × 601 pixels is 58.0, 76.8 and 88.6,
that of the package ``ssimulacra2`` 56.6, 76.5 and 88.7.

A reference is the decoded original, upright and in sRGB, resampled by ``tests/pixels/reference.py``. Transparent
pixels are judged on white.
"""

import hashlib
import io
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401 - lets Pillow read JPEG XL
from benchmarks.material import HOME
from PIL import Image, ImageCms, ImageOps

from tests.pixels.reference import resample

CRATE = Path(__file__).parent / "judges"
LOWEST_PRIORITY = 19
SRGB = ImageCms.createProfile("sRGB")

pillow_heif.register_heif_opener()


@dataclass(frozen=True)
class Verdict:
    """SSIMULACRA2 (more is better) and the 3-norm of Butteraugli (less is better)."""

    ssimulacra2: float
    butteraugli: float


class Judges:
    """The judges as a running process; to be used in a ``with`` statement."""

    def __init__(self) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="pixmill-judges-")
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [program()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        return self

    def __exit__(self, *error: object) -> None:
        if self._process and self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            self._process.wait(10)
            self._process.stdout.close()
        self._scratch.cleanup()

    def verdict(self, reference: Path, body: bytes) -> Verdict:
        """Judge an encoded image against a PNG of the same size."""
        actual = Path(self._scratch.name) / "actual.png"
        shown(body).save(actual, compress_level=0)
        if not (self._process and self._process.stdin and self._process.stdout):
            raise RuntimeError("The judges are not running")
        self._process.stdin.write(f"{reference}\t{actual}\n")
        self._process.stdin.flush()
        return Verdict(*map(float, self._process.stdout.readline().split()))


def program() -> str:
    """Return the path of the judges, built if their source is newer."""
    target = HOME / "judges" / "target"
    built = target / "release" / "judges"
    newest = max(path.stat().st_mtime for path in CRATE.rglob("*") if path.is_file())
    if not built.exists() or built.stat().st_mtime < newest:
        command = ["cargo", "build", "--release", "--quiet", "--locked", "--target-dir", str(target)]
        subprocess.run(command, cwd=CRATE, check=True, preexec_fn=lambda: os.nice(LOWEST_PRIORITY))
        built.touch()
    return str(built)


def shown(body: bytes) -> Image.Image:
    """Decode an image as it is shown: upright, in sRGB, on white."""
    with Image.open(io.BytesIO(body)) as opened:
        profile = opened.info.get("icc_profile")
        image = ImageOps.exif_transpose(opened)
        has_alpha = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
        image = image.convert("RGBA" if has_alpha else "RGB")
    if has_alpha:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    return to_srgb(image, profile) if profile else image


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if source.profile.xcolor_space.strip() != "RGB":
        return image
    converted = ImageCms.profileToProfile(image, source, SRGB)
    return converted or image


def reference_of(source: Path, size: tuple[int, int], *, linear: bool = True) -> Path:
    """Return the PNG of an original at a size, resampled in linear light or on sRGB values; made if missing."""
    body = source.read_bytes()
    name = f"{hashlib.sha256(body).hexdigest()[:16]}-{size[0]}x{size[1]}{'' if linear else '-gamma'}.png"
    target = HOME / "references" / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        image = shown(body)
        codes = np.asarray(image, dtype=np.float64) / 255
        expected, _ = resample(codes, (0, 0, image.width, image.height), size, alpha=False, linear=linear)
        partial = target.with_suffix(f".{os.getpid()}")
        Image.fromarray((expected * 255).round().astype(np.uint8)).save(partial, "PNG")
        partial.rename(target)
    return target
