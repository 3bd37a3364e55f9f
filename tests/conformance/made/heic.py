"""HEICs by libheif and x265: quality, sampling, alpha, depth, orientation and profiles."""

import io
import itertools
from typing import Any

import pillow_heif
from PIL import Image

from tests.conformance.made.scene import ADOBE, P3, Made, exif, soft


def heic_files() -> Made:
    for chroma, quality in itertools.product(("420", "422", "444"), (30, 60, 90)):
        yield f"{chroma}, quality {quality}", _saved(soft(), quality=quality, chroma=chroma)
    for side, bands in itertools.product((16, 33, 64, 130), (3, 4)):
        yield f"{side} px, {bands} bands", _saved(soft(bands, side))
    yield "grey", _saved(soft(1))
    for number in range(1, 9):
        yield f"orientation {number}", _saved(soft().crop((0, 0, 50, 32)), exif=exif(number).tobytes())
    for name, profile in (("P3", P3), ("Adobe RGB", ADOBE)):
        yield f"profile {name}", _saved(soft(), icc_profile=profile)


def _saved(image: Image.Image, **options: Any) -> bytes:
    body = io.BytesIO()
    pillow_heif.from_pillow(image).save(body, **options)
    return body.getvalue()
