"""Results of lossy encoders are shown by Chromium as libraries decode them, and look like their originals.

For every setting that changes how a file is built: chroma subsampling, progressive scans, modes, lossless coding.
"""

import io
from typing import Final

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.pipeline import render
from pixmill.media import MEDIA, Format
from tests.conformance.comparison import LIMITS, Outcome, compare, difference
from tests.conformance.judge import Judge

SIZE: Final = (203, 149)
"""Odd, so that the last samples of subsampled chroma are halves."""

SETTINGS: Final = (
    (Format.JPEG, "mode=fast"),
    (Format.JPEG, "mode=balanced"),
    (Format.JPEG, "mode=best"),
    (Format.JPEG, "subsampling=444"),
    (Format.JPEG, "subsampling=422"),
    (Format.JPEG, "progressive=true"),
    (Format.JPEG, "progressive=true&subsampling=444&mode=best"),
    (Format.WEBP, "mode=fast"),
    (Format.WEBP, "mode=best"),
    (Format.WEBP, "lossless=true"),
    (Format.AVIF, "mode=fast"),
    (Format.AVIF, "mode=best"),
    (Format.AVIF, "subsampling=444"),
)


def gradient() -> Image.Image:
    """All hues, from dark to light, as a photograph has them: without edges."""
    width, height = SIZE
    hue = np.linspace(0, 255, width)[None, :].repeat(height, 0)
    value = np.linspace(60, 255, height)[:, None].repeat(width, 1)
    return Image.fromarray(np.stack([hue, np.full_like(hue, 120), value], -1).astype(np.uint8), "HSV").convert("RGB")


def drawing() -> Image.Image:
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    for row, colour in enumerate(("red", "blue", "black", "#0a7d2c")):
        draw.text((6, 8 + 34 * row), "Red text on white, 0.25 %", fill=colour, font_size=15)
    return image


def cut_out() -> Image.Image:
    image = gradient().convert("RGBA")
    mask = Image.new("L", SIZE)
    ImageDraw.Draw(mask).ellipse((20, 10, 180, 140), fill=255)
    image.putalpha(mask)
    return image


ORIGINALS: Final = {"gradient": (gradient, 1.5), "drawing": (drawing, 4.0), "cut-out": (cut_out, 1.5)}
"""Each with the mean difference in codes that a result of quality 95 may have: 4:2:0 blurs the edges of red text, and a
cast of one code is seen on the gradient."""


@pytest.mark.parametrize("original", ORIGINALS)
@pytest.mark.parametrize(("kind", "params"), SETTINGS)
def test_chromium_shows_a_result_as_libraries_decode_it(kind: Format, params: str, original: str, judge: Judge) -> None:
    make, mean_codes = ORIGINALS[original]
    image = make()
    body = encode(image, kind, params)
    found = compare(judge, body, kind)
    assert found.outcome is Outcome.EQUAL, found.detail
    shown = judge.still(body, MEDIA[kind].mime)
    assert shown is not None
    expected = image if image.mode == "RGB" or kind is not Format.JPEG else Image.alpha_composite(white(), image)
    codes = difference(np.asarray(expected.convert("RGBA")), shown)
    assert codes.mean() <= mean_codes, f"mean {codes.mean():.2f}"


def encode(image: Image.Image, kind: Format, params: str) -> bytes:
    source = io.BytesIO()
    image.save(source, "PNG")
    plan = parse(b"/resize", f"url=a&format={kind}&quality=95&{params}".encode()).plan
    return bytes(render(memoryview(source.getvalue()), plan, LIMITS).body)


def white() -> Image.Image:
    return Image.new("RGBA", SIZE, "white")
