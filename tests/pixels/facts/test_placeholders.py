"""Placeholders and hashes are those of their reference implementations, of the same pixels."""

import json
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any

import blurhash as reference_blurhash
import imagehash
import numpy as np
import pytest
from PIL import Image, ImageOps

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.facts.blurhash import blurhash
from pixmill.engine.pixels.facts.lqip import MAX_CHARACTERS, lqip
from pixmill.engine.pixels.facts.phash import phash
from pixmill.engine.pixels.facts.thumbhash import encode, thumbhash
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.engine.raster.convert import from_pillow
from pixmill.plan.facts import Fact, FactSelection
from tests.pixels.images import LIMITS, difference, photo

PHOTOS = Path(__file__).parents[3] / "examples" / "photos"
VECTORS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("vectors.json").read_text())
each_vector = pytest.mark.parametrize(
    "vector", VECTORS, ids=[f"{at}-{it['width']}x{it['height']}" for at, it in enumerate(VECTORS)]
)


def image_of_vector(vector: dict[str, Any]) -> Image.Image:
    """Return the image of a test vector; the formula is that of ``vectors.mjs``."""
    y, x = np.mgrid[0 : vector["height"], 0 : vector["width"]]
    waves = [abs((x * across + y * down + start) % 510 - 255) for across, down, start in vector["waves"]]
    return Image.fromarray(np.stack(waves, axis=-1).astype(np.uint8))


@each_vector
def test_thumbhash_is_that_of_its_authors_javascript(vector: dict[str, Any]) -> None:
    image = image_of_vector(vector)
    assert encode(*image.size, image.tobytes()) == b64decode(vector["thumbhash"])


@each_vector
def test_blurhash_is_that_of_its_authors_c(vector: dict[str, Any]) -> None:
    """For images up to 32 pixels, which are not reduced first."""
    image = image_of_vector(vector).convert("RGB")
    if max(image.size) <= 32:
        assert blurhash(from_pillow(image)) == vector["blurhash"]
    else:
        rows = np.asarray(image).tolist()
        assert (
            reference_blurhash.encode(rows, *((4, 3) if image.width >= image.height else (3, 4))) == vector["blurhash"]
        )


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_placeholders_are_made_of_any_layout_and_size(mode: str) -> None:
    for size in ((100, 67), (3, 100), (1, 1)):
        frame = from_pillow(photo(*size).convert(mode))
        assert len(blurhash(frame)) == 28
        assert 5 <= len(b64decode(thumbhash(frame))) <= 26
        assert len(phash(frame)) == 16
        assert len(lqip(frame)) <= MAX_CHARACTERS


def test_a_blurhash_looks_like_its_picture() -> None:
    image = Image.new("RGB", (100, 60), (200, 40, 40))
    image.paste((30, 60, 200), (50, 0, 100, 60))
    actual = np.array(reference_blurhash.decode(blurhash(from_pillow(image)), 100, 60), dtype=np.uint8)
    assert difference(actual, np.asarray(image)) < 25


def test_what_is_transparent_lies_on_white_in_a_blurhash() -> None:
    hidden = from_pillow(Image.new("RGBA", (20, 20), (255, 0, 0, 0)))
    assert blurhash(hidden) == blurhash(from_pillow(Image.new("RGB", (20, 20), "white")))


def test_a_thumbhash_keeps_transparency() -> None:
    image = photo(60, 40).convert("RGBA")
    image.putalpha(Image.new("L", (60, 40), 100))
    header = b64decode(thumbhash(from_pillow(image)))
    assert header[2] & 0x80  # the bit that says so
    assert header[5] & 15 == round(100 / 255 * 15)


@pytest.mark.parametrize("photograph", ["friends.jpg", "fig.jpg", "sunset.jpg", "umang.jpg", "wine.jpg", "mill.png"])
def test_phash_is_that_of_imagehash(photograph: str) -> None:
    image = Image.open(PHOTOS / photograph)
    upright = str(imagehash.phash(ImageOps.exif_transpose(image)))
    assert inspect_placeholder(memoryview((PHOTOS / photograph).read_bytes())) == upright
    small = image.convert("RGB").resize((90, 700))
    assert phash(from_pillow(small)) == str(imagehash.phash(small))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
@pytest.mark.parametrize("size", [(9, 7), (33, 31), (300, 200), (61, 900)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_phash_is_that_of_imagehash_in_all_formats(kind: str, size: tuple[int, int], mode: str) -> None:
    image = photo(*size).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(size))
    if mode == "RGBA" and kind in ("JPEG", "BMP", "GIF"):
        image = image.convert("RGB")
    out = BytesIO()
    image.save(out, kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
    shown = image_of(out.getvalue())
    assert inspect_placeholder(memoryview(out.getvalue())) == str(imagehash.phash(shown))


def image_of(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    return image.convert("RGB") if image.mode == "P" else image


@pytest.mark.parametrize("orientation", range(1, 9))
def test_phash_is_that_of_the_upright_image(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = BytesIO()
    photo(200, 120).save(out, "JPEG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(out))
    assert inspect_placeholder(memoryview(out.getvalue())) == str(imagehash.phash(upright))


def test_phash_of_a_result_is_that_of_its_pixels() -> None:
    source = (PHOTOS / "wine.jpg").read_bytes()
    plans = [
        parse(b"/resize", query.encode(), upload=True).plan
        for query in ("width=600&format=png", "width=600&format=json&include=phash,average")
    ]
    image, facts = (render(memoryview(source), plan, LIMITS).body for plan in plans)
    assert json.loads(facts)["phash"] == str(imagehash.phash(Image.open(BytesIO(image))))


def test_phash_does_not_change_what_else_is_told() -> None:
    source = memoryview((PHOTOS / "fig.jpg").read_bytes())
    alone = inspect(source, LIMITS, FactSelection((Fact.AVERAGE, Fact.BLURHASH)))
    both = inspect(source, LIMITS, FactSelection((Fact.AVERAGE, Fact.PHASH, Fact.BLURHASH)))
    assert (both.average, both.blurhash) == (alone.average, alone.blurhash)


@pytest.mark.parametrize("photograph", ["fig.jpg", "sunset.jpg", "wine.jpg"])
def test_a_phash_hardly_changes_with_size_and_quality(photograph: str) -> None:
    image = Image.open(PHOTOS / photograph).convert("RGB")
    worse = BytesIO()
    image.resize((300, 200)).save(worse, "JPEG", quality=30)
    values = [
        inspect_placeholder(memoryview((PHOTOS / photograph).read_bytes())),
        inspect_placeholder(memoryview(worse.getvalue())),
    ]
    assert (int(values[0], 16) ^ int(values[1], 16)).bit_count() <= 6
    other = inspect_placeholder(memoryview((PHOTOS / "umang.jpg").read_bytes()))
    assert (int(values[0], 16) ^ int(other, 16)).bit_count() > 16


def inspect_placeholder(source: memoryview) -> str:
    return inspect(source, LIMITS, FactSelection((Fact.PHASH,))).phash or ""


def test_an_lqip_is_a_webp_that_looks_like_its_picture() -> None:
    image = photo(90, 60)
    kind, _, data = lqip(from_pillow(image)).partition(",")
    assert kind == "data:image/webp;base64"
    tiny = Image.open(BytesIO(b64decode(data)))
    assert (tiny.format, tiny.width) == ("WEBP", 24)
    assert difference(np.asarray(tiny.convert("RGB").resize((90, 60))), np.asarray(image)) < 20


def test_an_lqip_of_noise_is_made_smaller_until_it_is_short() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (90, 90, 4), dtype=np.uint8)
    uri = lqip(from_pillow(Image.fromarray(noise)))
    assert len(uri) <= MAX_CHARACTERS
    assert Image.open(BytesIO(b64decode(uri.partition(",")[2]))).width < 24
