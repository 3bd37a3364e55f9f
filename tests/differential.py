"""Compares how we and an independent decoder show a damaged file.

For each format the reference is a library that our own decoder does not use, in its most lenient mode: libvips for what
Pillow or libwebp decode here, Pillow for what libvips decodes, OpenCV for BMP.
"""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any, Final

import cv2
import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.pipeline import render
from pixmill.errors import ImageError
from pixmill.plan.limits import Limits
from tests.mutations import good, mutated

Pixels = NDArray[np.int16]
PLAN: Final = parse(b"/resize", b"url=a&format=png&profile=keep&animated=false").plan
MAX_SIDE: Final = 2_000
"""Larger claims cost time and show nothing else."""
MAX_MEAN: Final = 3.0
"""Of 255: the difference of two inverse DCTs, of two ways to enlarge chroma, and of roundings."""
OPEN_ROWS: Final = ("gif", "moving gif")
"""What a frame leaves open has the background's colour in one decoder, and none or the first one in others."""
WITH_EXIF: Final = ("described jpeg",)
"""An orientation in damaged EXIF is read by one decoder and not by another."""
_BLOCKED: Final = ("VipsForeignLoadTiffBuffer", "VipsForeignLoadHeifBuffer")
"""What references read and the service does not; the service reads TIFF and HEIC from a source."""


def with_vips(loader: str, **options: Any) -> Callable[[bytes], Pixels]:
    def decode(body: bytes) -> Pixels:
        image: Any = getattr(pyvips.Image, f"{loader}_buffer")(body, fail_on="none", **options)
        if max(image.width, image.height) > MAX_SIDE:
            raise ValueError(image.width, image.height)
        image = image.autorot()
        if image.format == "ushort":
            image = image.linear(1 / 257, 0.5, uchar=True)
        image = image.colourspace("srgb")
        image = image if image.hasalpha() else image.bandjoin(255)
        return np.asarray(image.cast("uchar").numpy(), dtype=np.int16)

    return decode


def with_pillow(kind: str) -> Callable[[bytes], Pixels]:
    def decode(body: bytes) -> Pixels:
        with warnings.catch_warnings(), Image.open(io.BytesIO(body), formats=[kind]) as image:
            warnings.simplefilter("ignore")
            if max(image.size) > MAX_SIDE:
                raise ValueError(image.size)
            return np.asarray(ImageOps.exif_transpose(image).convert("RGBA"), dtype=np.int16)

    return decode


def with_opencv(body: bytes) -> Pixels:
    image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError
    alpha = np.full((*image.shape[:2], 1), 255)
    return np.asarray(np.concatenate([image[..., ::-1], alpha], axis=2), dtype=np.int16)


REFERENCES: Final[dict[str, Callable[[bytes], Pixels]]] = {
    "jpeg": with_vips("jpegload"),
    "progressive jpeg": with_vips("jpegload"),
    "described jpeg": with_vips("jpegload"),
    "png": with_pillow("PNG"),
    "webp": with_vips("webpload"),
    "lossless webp": with_vips("webpload"),
    "moving webp": with_vips("webpload"),
    "avif": with_vips("heifload"),
    "gif": with_pillow("GIF"),
    "moving gif": with_pillow("GIF"),
    "tiff": with_vips("tiffload"),
    "packed tiff": with_vips("tiffload"),
    "bmp": with_opencv,
}


@dataclass(frozen=True)
class Verdict:
    """``ours`` and ``reference``: whether there is an image; ``difference`` says how they differ, empty if not."""

    ours: bool
    reference: bool
    difference: str = ""


@contextmanager
def lenient_references() -> Iterator[None]:
    """Allow the loaders that the service blocks, and files that end early."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    for loader in _BLOCKED:
        pyvips.operation_block_set(loader, state=False)
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before
        for loader in _BLOCKED:
            pyvips.operation_block_set(loader, state=True)


def compare(name: str, body: bytes) -> Verdict:
    """Decode a file both ways. Raises what is no refusal of ours."""
    ours = _ours(body)
    with lenient_references():
        try:
            reference = REFERENCES[name](body)
        except Exception:  # noqa: BLE001 - a reference may refuse in any way
            return Verdict(ours is not None, reference=False)
    if ours is None:
        return Verdict(ours=False, reference=True)
    if name in WITH_EXIF and ours.shape != reference.shape == (ours.shape[1], ours.shape[0], ours.shape[2]):
        return Verdict(ours=True, reference=True)
    difference = _difference(ours, reference)
    if difference and name in OPEN_ROWS and ours.shape == reference.shape:
        covered = _covered_rows(ours, reference)
        ours, reference = (image[covered].swapaxes(0, 1) for image in (ours, reference))
        covered = _covered_rows(ours, reference)  # columns, if the frame is narrower than the canvas
        difference = _difference(ours[covered], reference[covered])
        return Verdict(ours=True, reference=True, difference=difference)
    if difference and _difference(ours, _good(name)):
        return Verdict(ours=True, reference=True, difference=difference)
    return Verdict(ours=True, reference=True)


def _ours(body: bytes) -> Pixels | None:
    try:
        rendered = render(memoryview(body), PLAN, Limits(max_pixels=MAX_SIDE * MAX_SIDE))
    except ImageError:
        return None
    with Image.open(io.BytesIO(rendered.body)) as image:
        return np.asarray(image.convert("RGBA"), dtype=np.int16)


@cache
def _good(name: str) -> Pixels:
    """Return the undamaged image: a decoder that shows it although the file is damaged is not wrong."""
    pixels = _ours(good(name))
    assert pixels is not None
    return pixels


def _covered_rows(ours: Pixels, reference: Pixels) -> NDArray[np.bool_]:
    """Return which rows to compare: not those of one colour in either image, which no data of the file covers.

    Nor the one that differs most: it may be covered in part.
    """
    uniform = [(image == image[:, :1]).all(axis=(1, 2)) for image in (ours, reference)]
    covered: NDArray[np.bool_] = ~(uniform[0] | uniform[1])
    if not covered.all():
        covered[(np.abs(ours - reference).mean(axis=(1, 2)) * covered).argmax()] = False
    return covered


def _difference(ours: Pixels, reference: Pixels) -> str:
    if ours.shape != reference.shape:
        return f"size {ours.shape[1::-1]} and {reference.shape[1::-1]}"
    if not ours.size:
        return ""
    visible = np.maximum(ours[..., 3:], reference[..., 3:]) > 0
    mean = float((np.abs(ours - reference) * visible).mean())
    return f"mean {mean:.1f} of 255" if mean > MAX_MEAN else ""


def damaged_files(dice: Random, total: int) -> Iterator[tuple[str, bytes]]:
    """Yield the name of the good file and the damaged one, all names in turn."""
    names = list(REFERENCES)
    for number in range(total):
        name = names[number % len(names)]
        yield name, mutated(dice, name)
