"""The reader of plain JPEG: libjpeg's pixels for what it reads, and nothing at all for what it does not."""

import random
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from pixmill.engine.codecs.jpeg import JpegPicture
from pixmill.engine.codecs.jpeg_plain import available, plain
from pixmill.engine.codecs.picture import Need
from pixmill.engine.pixels.bridge import to_pillow
from pixmill.engine.pixels.frame import Area, Frame
from pixmill.plan.geometry import Size
from tests.pixels.pictures import photo

pytestmark = pytest.mark.skipif(not available, reason="no compiler, or another processor")

SIZES = [(160, 96), (161, 95), (17, 33), (8, 8), (1, 1), (1, 40), (335, 9)]
SUBSAMPLINGS = ["4:4:4", "4:2:2", "4:2:0"]


def jpeg(width: int, height: int, mode: str = "RGB", **options: Any) -> bytes:
    file = BytesIO()
    photo(width, height).convert(mode).save(file, "JPEG", **({"quality": 92} | options))
    return file.getvalue()


def read(data: bytes, shrink: int) -> Frame | None:
    with Image.open(BytesIO(data)) as image:
        size = Size(*image.size)
    need = Need(Area(0, 0, size.width, size.height), Size(max(1, size.width // 8), max(1, size.height // 8)))
    if min(size.width, size.height) < 16:  # nothing is asked of it that is smaller than that
        need = Need(Area(0, 0, size.width * 8, size.height * 8), size)
    return plain(memoryview(data), size, shrink, need, b"")


def by_libjpeg(data: bytes, shrink: int) -> Image.Image:
    """At the scale that Pillow cannot be asked for in small pictures."""
    image = JpegImageFile(BytesIO(data))
    width, height = image.size
    tile = image.tile[0]
    image.tile = [tile._replace(extents=(0, 0, -(-width // shrink), -(-height // shrink)))]
    image._size = (-(-width // shrink), -(-height // shrink))
    image.decoderconfig = (shrink, 0)
    image.load()
    return image


def off(data: bytes, shrink: int) -> tuple[int, int, float]:
    """By how much codes differ from libjpeg's: least, most, and in the mean."""
    frame, theirs = read(data, shrink), by_libjpeg(data, shrink)
    assert frame is not None
    ours = to_pillow(frame)
    assert (ours.size, ours.mode) == (theirs.size, theirs.mode)
    difference = np.asarray(ours, dtype=int) - np.asarray(theirs, dtype=int)
    return int(difference.min()), int(difference.max()), float(np.abs(difference).mean())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shrink", [1, 2, 4, 8])
@pytest.mark.parametrize(
    "options", [{}, {"restart_marker_blocks": 3}, {"optimize": True}, {"quality": 100}, {"quality": 12}]
)
def test_pixels_are_those_of_libjpeg(size: tuple[int, int], shrink: int, options: dict[str, Any]) -> None:
    """Lighter where detail is averaged, but by no more than 6 codes."""
    lighter = 0 if shrink == 1 else 6
    for mode in ("RGB", "L"):
        least, most, _ = off(jpeg(*size, mode, subsampling="4:4:4", **options), shrink)
        assert least >= -3
        assert most <= 3 + lighter


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
@pytest.mark.parametrize("shrink", [1, 2, 4, 8])
def test_fewer_colours_than_brightness_are_put_where_they_belong(subsampling: str, shrink: int) -> None:
    least, most, mean = off(jpeg(320, 200, subsampling=subsampling), shrink)
    if subsampling == "4:4:4" or (subsampling == "4:2:0" and shrink > 1):  # no colours are missing
        assert least >= -3
        assert most <= 9
    assert mean <= 4.0


@pytest.mark.parametrize("shrink", [2, 4, 8])
def test_what_is_scaled_while_it_is_decoded_is_nearer_to_the_mean_of_light_than_libjpeg_s(shrink: int) -> None:
    """A fine texture: the mean of its codes is too dark."""
    codes = np.random.default_rng(1).integers(70, 190, (160, 160)).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(codes).save(file, "JPEG", quality=98)
    stored = np.asarray(Image.open(file), dtype=float) / 255
    light = (stored**2.2).reshape(160 // shrink, shrink, 160 // shrink, shrink).mean(axis=(1, 3)) ** (1 / 2.2) * 255
    frame = read(file.getvalue(), shrink)
    assert frame is not None
    ours = np.asarray(to_pillow(frame), dtype=float) - light
    theirs = np.asarray(by_libjpeg(file.getvalue(), shrink), dtype=float) - light
    assert theirs.mean() < -1
    assert abs(ours.mean()) < 0.5 * abs(theirs.mean())


def test_what_becomes_hardly_smaller_is_left_to_libjpeg_which_blends_colours() -> None:
    data = jpeg(100, 80)
    assert plain(memoryview(data), Size(100, 80), 1, Need(Area(0, 0, 100, 80), Size(80, 64)), b"") is None


@pytest.mark.parametrize(
    "options", [{"progressive": True}, {"mode": "CMYK"}, {"keep_rgb": True, "subsampling": "4:4:4"}]
)
def test_other_kinds_of_jpeg_are_left_to_libjpeg(options: dict[str, Any]) -> None:
    data = jpeg(80, 60, **options)
    assert read(data, 1) is None
    assert JpegPicture(memoryview(data)).decode(Need(Area(0, 0, 80, 60), Size(8, 6))).size == Size(80, 60)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-2],
        lambda data: data[: len(data) // 2],
        lambda data: data[: len(data) // 2] + b"\xff\xd9",
        lambda data: data[: len(data) // 2] + b"\xff\xd3" + data[len(data) // 2 :],
        lambda data: data[:-2] + b"\xff\xda\xff\xd9",
        lambda data: data.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"),
        lambda data: data.replace(b"\xff\xda\0\x0c\x03\x01\x00", b"\xff\xda\0\x0c\x03\x01\x33"),
        lambda _: b"",
        lambda _: b"\xff\xd8\xff",
    ],
)
def test_damage_is_left_to_libjpeg_to_judge(change: Any) -> None:
    data = change(jpeg(64, 48))
    assert plain(memoryview(data), Size(64, 48), 1, Need(Area(0, 0, 64, 48), Size(8, 8)), b"") is None


def test_a_picture_of_another_size_than_was_checked_is_not_read() -> None:
    data = jpeg(64, 48)
    assert plain(memoryview(data), Size(64, 47), 1, Need(Area(0, 0, 64, 47), Size(8, 8)), b"") is None


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 2, 4, 8]), st.sampled_from(SUBSAMPLINGS))
def test_any_bytes_give_a_whole_picture_or_none(seed: int, shrink: int, subsampling: str) -> None:
    chance = random.Random(seed)
    data = bytearray(jpeg(40, 24, subsampling=subsampling, restart_marker_blocks=chance.choice((0, 2))))
    for _ in range(chance.randrange(1, 6)):
        data[chance.randrange(len(data))] = chance.choice((0, 0xFF, chance.randrange(256)))
    frame = plain(memoryview(bytes(data)), Size(40, 24), shrink, Need(Area(0, 0, 40, 24), Size(4, 2)), b"")
    assert frame is None or len(frame.pixels) == frame.width * frame.height * frame.layout.stored
