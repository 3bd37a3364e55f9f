"""Our PNG writer: whatever it chooses, independent decoders show the same pixels."""

import struct
from collections.abc import Callable
from io import BytesIO
from itertools import product

import numpy as np
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from pixmill.engine.codecs import png_encoder, scanlines, zlib_stream
from pixmill.engine.codecs.metadata import NO_METADATA
from pixmill.engine.codecs.png_chunks import iter_chunks
from pixmill.engine.codecs.png_effort import PNG_EFFORTS, bounded_level
from pixmill.engine.codecs.scanlines import Filtering, Samples, filter_rows
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.engine.raster.gamuts import ADOBE_RGB, gamut_icc_profile
from pixmill.plan.output import Encoding, RenderMode

pytestmark = pytest.mark.skipif(not scanlines.available, reason="built without a compiler")

SIDES = (1, 2, 3, 7, 8, 9, 31, 33, 64, 257)
KINDS = ("noise", "two colours", "few colours", "gradient", "grey", "opaque", "photo")


def frame_of(pixels: np.ndarray, layout: Layout, profile: bytes = b"") -> Frame:
    height, width = pixels.shape[:2]
    return Frame(pixels.astype(np.uint8).tobytes(), width, height, layout, profile)


def drawn(kind: str, layout: Layout, width: int, height: int, seed: int = 0) -> Frame:
    """An image of one kind of content."""
    random, channels = np.random.default_rng(seed), layout.stored_channels
    shape = (height, width, channels)
    made: dict[str, Callable[[], np.ndarray]] = {
        "noise": lambda: random.integers(0, 256, shape),
        "two colours": lambda: random.integers(0, 2, (height, width, 1)) * random.integers(1, 256, channels),
        "few colours": lambda: random.integers(0, 256, (40, channels))[random.integers(0, 40, (height, width))],
        "gradient": lambda: np.add.outer(np.arange(height), np.arange(width))[..., None] // 3 + np.arange(channels),
        "grey": lambda: np.repeat(random.integers(0, 256, (height, width, 1)), channels, axis=2),
        "grey and alpha": lambda: random.integers(0, 256, (height, width, 2))[..., [0] * (channels - 1) + [1]],
        "opaque": lambda: np.where(np.arange(channels) == channels - 1, 255, random.integers(0, 256, shape)),
        "photo": lambda: np.cumsum(random.integers(-2, 3, shape), axis=1) + 128,
    }
    return frame_of(made[kind](), layout)


def expected(frame: Frame) -> np.ndarray:
    """The pixels as RGBA."""
    shape = (frame.height, frame.width, frame.layout.stored_channels)
    pixels = np.frombuffer(frame.pixels, np.uint8).reshape(shape)
    colours = np.repeat(pixels[..., :1], 3, axis=2) if frame.is_grey else pixels[..., :3]
    alpha = pixels[..., -1:] if frame.layout.has_alpha else np.full_like(pixels[..., :1], 255)
    return np.concatenate((colours, alpha), axis=2)


def by_pillow(body: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(body)).convert("RGBA"))


def by_libvips(body: bytes) -> np.ndarray:
    image = pyvips.Image.pngload_buffer(body, fail_on="warning").colourspace("srgb")
    return np.asarray((image if image.hasalpha() else image.addalpha()).cast("uchar").numpy())


def header(body: bytes) -> tuple[int, int]:
    """The bits and the colour type."""
    return struct.unpack_from(">2B", body, 24)


def encoded(frame: Frame, **options: object) -> bytes:
    return png_encoder.encode(frame, 80, NO_METADATA, Encoding(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(("layout", "kind"), list(product(Layout, KINDS)))
def test_decoders_show_the_same_pixels(layout: Layout, kind: str) -> None:
    for width, height in zip(SIDES, (33, 1, 9, 64, 2, 257, 8, 31, 7, 3), strict=True):
        frame = drawn(kind, layout, width, height)
        body = encoded(frame)
        assert (by_pillow(body) == expected(frame)).all(), (width, height)
        assert (by_libvips(body) == expected(frame)).all(), (width, height)


@pytest.mark.parametrize("effort", range(10))
def test_every_effort_keeps_the_pixels(effort: int) -> None:
    for kind in KINDS:
        frame = drawn(kind, Layout.RGBA, 300, 120)
        assert (by_pillow(encoded(frame, effort=effort)) == expected(frame)).all(), kind


@settings(max_examples=150, deadline=None)
@given(
    layout=st.sampled_from(list(Layout)),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    values=st.sampled_from([(0, 255), (0, 85, 170, 255), (0, 17, 34), (1, 2, 3), tuple(range(256))]),
    mode=st.sampled_from(list(RenderMode)),
    progressive=st.booleans(),
    seed=st.integers(0, 1_000),
)
def test_any_image_keeps_its_pixels(
    layout: Layout, size: tuple[int, int], values: tuple[int, ...], mode: RenderMode, progressive: bool, seed: int
) -> None:
    pixels = np.random.default_rng(seed).choice(values, (size[1], size[0], layout.stored_channels))
    frame = frame_of(pixels, layout)
    body = encoded(frame, mode=mode, progressive=progressive)
    assert (by_pillow(body) == expected(frame)).all()


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("filtering", Filtering)
def test_each_filter_can_be_reversed(filtering: Filtering, fast: bool) -> None:
    for layout, width in product(Layout, (1, 2, 15, 64, 131)):
        frame = drawn("photo", layout, width, 5)
        samples = Samples(frame.pixels, width, 5, layout.stored_channels, layout.channels)
        rows = bytes(filter_rows(samples, filtering, fast=fast))
        colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[layout.channels]
        out = BytesIO()
        PngImagePlugin.putchunk(out, b"IHDR", struct.pack(">2I5B", width, 5, 8, colour_type, 0, 0, 0))
        PngImagePlugin.putchunk(out, b"IDAT", zlib_stream.compress(rows, 1))
        PngImagePlugin.putchunk(out, b"IEND", b"")
        assert (by_pillow(b"\x89PNG\r\n\x1a\n" + out.getvalue()) == expected(frame)).all(), (layout, width)


def test_the_portable_code_filters_as_the_fast_one_does() -> None:
    frame = drawn("photo", Layout.RGB, 333, 40)
    samples = Samples(frame.pixels, 333, 40, 3, 3)
    for filtering in Filtering:
        assert filter_rows(samples, filtering, fast=True) == filter_rows(samples, filtering, fast=False)


@pytest.mark.parametrize(
    ("kind", "layout", "found"),
    [
        ("noise", Layout.RGB, (8, 2)),
        ("noise", Layout.RGBA, (8, 6)),
        ("noise", Layout.L, (8, 0)),
        ("opaque", Layout.RGBA, (8, 2)),
        ("opaque", Layout.LA, (8, 0)),
        ("grey", Layout.RGB, (8, 0)),
        ("grey and alpha", Layout.RGBA, (8, 4)),
        ("few colours", Layout.RGB, (8, 3)),
        ("few colours", Layout.RGBA, (8, 3)),
        ("two colours", Layout.RGB, (1, 3)),
    ],
)
def test_the_channels_are_those_that_the_content_needs(kind: str, layout: Layout, found: tuple[int, int]) -> None:
    assert header(encoded(drawn(kind, layout, 200, 200))) == found


def test_black_and_white_takes_a_bit_a_pixel_and_no_palette() -> None:
    checks = frame_of(np.random.default_rng(1).integers(0, 2, (90, 90, 1)) * 255, Layout.L)
    body = encoded(checks)
    assert header(body) == (1, 0)
    assert b"PLTE" not in [kind for kind, _ in iter_chunks(memoryview(body))]


def test_colours_under_no_alpha_stay() -> None:
    frame = drawn("noise", Layout.RGBA, 20, 20)
    pixels = expected(frame).copy()
    pixels[..., 3] = 0
    hidden = frame_of(pixels, Layout.RGBA)
    assert (by_pillow(encoded(hidden)) == pixels).all()


def test_a_profile_of_colours_keeps_grey_pixels_in_colours() -> None:
    profile = gamut_icc_profile(ADOBE_RGB)
    frame = frame_of(np.repeat(np.random.default_rng(1).integers(0, 256, (64, 64, 1)), 3, axis=2), Layout.RGB, profile)
    body = encoded(frame)
    assert header(body)[1] in (2, 3)
    assert Image.open(BytesIO(body)).info["icc_profile"] == profile


def test_a_profile_of_grey_keeps_colours_out() -> None:
    profile = gamut_icc_profile(ADOBE_RGB, grey=True)
    frame = frame_of(np.random.default_rng(1).choice([3, 90, 200], (64, 64, 1)), Layout.L, profile)
    body = encoded(frame)
    assert header(body)[1] == 0
    assert Image.open(BytesIO(body)).info["icc_profile"] == profile


@pytest.mark.parametrize("kind", ["two colours", "few colours", "gradient", "photo"])
def test_more_effort_makes_no_larger_file(kind: str) -> None:
    frame = drawn(kind, Layout.RGB, 400, 300)
    sizes = [len(encoded(frame, mode=mode)) for mode in RenderMode]
    assert sizes[2] <= 1.01 * sizes[1] <= 1.02 * sizes[0]


def test_few_colours_take_fewer_bytes_than_all_channels() -> None:
    drawing = drawn("few colours", Layout.RGB, 300, 200)
    assert len(encoded(drawing)) < 0.75 * len(png_encoder.encode_unreduced(drawing))


@pytest.mark.parametrize("progressive", [False, True])
def test_what_libvips_encodes_is_the_same_image(monkeypatch: pytest.MonkeyPatch, progressive: bool) -> None:
    monkeypatch.setattr(scanlines, "available", False)
    for layout, with_libdeflate in product(Layout, (False, True)):
        monkeypatch.setattr(zlib_stream, "available", with_libdeflate)
        frame = drawn("photo", layout, 77, 31)
        body = encoded(frame, progressive=progressive)
        assert (by_pillow(body) == expected(frame)).all()
        assert body[28] == progressive


def test_without_libdeflate_zlib_compresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zlib_stream, "available", False)
    frame = drawn("gradient", Layout.RGB, 77, 31)
    assert (by_pillow(encoded(frame, effort=9)) == expected(frame)).all()


def test_large_images_are_not_compressed_at_the_highest_levels() -> None:
    assert [bounded_level(12, mebibytes << 20) for mebibytes in (1, 2, 5, 17)] == [12, 10, 8, 6]
    assert bounded_level(1, 64 << 20) == 1


def test_efforts_rise() -> None:
    levels = [effort.level for effort in PNG_EFFORTS]
    assert levels == sorted(levels)


@pytest.mark.parametrize(
    "arguments",
    [
        (0, 1, 3, 3, 8, 0),
        (1, 65_536, 3, 3, 8, 0),
        (1, 1, 5, 3, 8, 0),
        (1, 1, 2, 3, 8, 0),
        (1, 1, 3, 3, 4, 0),
        (1, 1, 1, 1, 3, 0),
        (1, 1, 3, 3, 8, 8),
        (1, 1, 3, 3, 8, -1),
        (3, 3, 3, 3, 8, 0),
    ],
)
def test_wrong_arguments_are_refused(arguments: tuple[int, ...]) -> None:
    from pixmill.engine.codecs import _scanlines  # noqa: PLC0415 - it may not be there

    with pytest.raises(ValueError, match=r"\w"):
        _scanlines.filter(bytes(26), *arguments, True)  # type: ignore[call-arg, arg-type]


def test_too_short_a_buffer_is_not_surveyed_or_indexed() -> None:
    from pixmill.engine.codecs import _scanlines  # noqa: PLC0415

    for call in (lambda: _scanlines.survey(bytes(26), 3, 3, 3, 3), lambda: _scanlines.index(bytes(26), 3, 3, 3, 3, 9)):
        with pytest.raises(ValueError, match="shorter"):
            call()
