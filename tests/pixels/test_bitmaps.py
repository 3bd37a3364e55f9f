"""Bitmaps and icons of every kind are shown as Chromium shows them, whatever wrote them."""

import struct
from collections.abc import Sequence
from io import BytesIO

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from pixmill.engine.codecs.dib_runs import decode_runs
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.errors import UndecodableImage, UnsupportedImage
from pixmill.media import Format
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits, OnTruncated
from pixmill.plan.ops import Crop, Output, Plan
from tests.pixels.bitmaps import (
    ALPHA,
    COLOURS,
    HEIGHT,
    WIDTH,
    fields,
    file_of,
    header,
    icon,
    icon_bitmap,
    in_palette,
    indexed,
    indices,
    long_header,
    os2_header,
    palette,
    rows,
    runs,
    true_colour,
)
from tests.pixels.images import LIMITS, Pixels

SHOW = Limits(on_truncated=OnTruncated.SHOW)
AS_IT_IS = Plan()
OPAQUE = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
MASK = np.indices((HEIGHT, WIDTH)).sum(axis=0) // 4 % 2 == 1
TRUE_COLOUR = rows(true_colour)


def shown(data: bytes, limits: Limits = LIMITS, plan: Plan = AS_IT_IS) -> Pixels:
    result = render(memoryview(data), replace(plan, output=Output(formats=(Format.PNG,))), limits)
    pixels = np.array(Image.open(BytesIO(result.body)).convert("RGBA"))
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def opaque(colours: Pixels) -> Pixels:
    return np.concatenate([colours, OPAQUE], axis=-1)


def with_alpha(colours: Pixels, alpha: Pixels) -> Pixels:
    pixels = np.dstack([colours, alpha])
    pixels[alpha == 0] = 0
    return pixels


MASKS_16 = {
    "4-4-4": (0xF00, 0xF0, 0xF),
    "3-3-2": (0xE0, 0x1C, 3),
    "6-6-4": (0xFC00, 0x3F0, 0xF),
    "5-5-5 reversed": (0x1F, 0x3E0, 0x7C00),
    "5-6-5 reversed": (0x1F, 0x7E0, 0xF800),
    "odd": (0xF8, 0x700, 0xF800),
    "no blue": (0xF800, 0x7E0, 0),
}
MASKS_32 = {
    "RGBX": (0xFF, 0xFF00, 0xFF0000),
    "BGRX": (0xFF0000, 0xFF00, 0xFF),
    "XBGR": (0xFF000000, 0xFF0000, 0xFF00),
    "XRGB": (0xFF00, 0xFF0000, 0xFF000000),
    "10-10-10": (0x3FF00000, 0xFFC00, 0x3FF),
    "11-11-10": (0xFFE00000, 0x1FFC00, 0x3FF),
    "16-8-8": (0xFFFF0000, 0xFF00, 0xFF),
    "1-1-1": (1, 2, 4),
    "with gaps": (0x1F0, 0x7E000, 0x3F00000),
    "none": (0, 0, 0),
}


@pytest.mark.parametrize(
    ("bits", "masks"), [(16, masks) for masks in MASKS_16.values()] + [(32, masks) for masks in MASKS_32.values()]
)
def test_bit_fields_may_be_anywhere(bits: int, masks: tuple[int, int, int]) -> None:
    row, expected = fields(masks, bits)
    for top_down in (False, True):
        info = header(bits, 3, height=-HEIGHT if top_down else HEIGHT) + struct.pack("<3I", *masks)
        assert np.array_equal(shown(file_of(info, rows(row, top_down=top_down))), opaque(expected))


@pytest.mark.parametrize("masks", [(0x7C00, 0x3E0, 0x1F), (0xF800, 0x7E0, 0x1F)])
def test_the_usual_bit_fields_are_as_before(masks: tuple[int, int, int]) -> None:
    row, expected = fields(masks, 16)
    found = shown(file_of(header(16, 3) + struct.pack("<3I", *masks), rows(row)))
    assert np.abs(found.astype(int) - opaque(expected)).max() <= 1  # Pillow cuts off what others round


@pytest.mark.parametrize(
    ("bits", "masks"),
    [
        (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
        (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
        (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)),
        (16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
        (16, (0xF00, 0xF0, 0xF, 0xF000)),
    ],
)
def test_alpha_has_a_bit_field_of_its_own(bits: int, masks: Sequence[int]) -> None:
    row, expected = fields(masks, bits)
    pixels, wanted = rows(row), with_alpha(expected[..., :3], expected[..., 3])
    version_3 = header(bits, 3, length=56) + struct.pack("<4I", *masks)
    infos = [long_header(bits, 3, masks), long_header(bits, 3, masks, 108), version_3]
    infos.append(header(bits, 6) + struct.pack("<4I", *masks))
    for info in infos:
        assert np.array_equal(shown(file_of(info, pixels)), wanted)
        assert inspect(memoryview(file_of(info, pixels)), LIMITS).alpha


def test_32_bits_have_alpha_only_where_a_header_says_so() -> None:
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    row, expected = fields(masks, 32)
    pixels = rows(row)
    assert np.array_equal(shown(file_of(header(32), pixels)), opaque(expected[..., :3]))
    assert np.array_equal(shown(file_of(long_header(32, 0, masks), pixels)), with_alpha(COLOURS, ALPHA))
    nothing, _ = fields(masks[:3], 32)
    assert not shown(file_of(long_header(32, 3, masks), rows(nothing))).any()  # as in Chromium
    assert np.array_equal(shown(file_of(header(32), rows(nothing))), opaque(COLOURS))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes_of_any_length_and_header(bits: int) -> None:
    pixels, full = rows(indexed(bits)), 1 << bits
    for colours, said in (
        (full, 0),
        (full, full),
        (full // 2 or 1, full // 2 or 1),
        (full, 2**32 - 1),
        (full + 9, full + 9),
    ):
        expected = opaque(in_palette(indices(bits), min(colours, full)))
        found = shown(file_of(header(bits, colours=said), pixels, palette(colours)))
        assert np.array_equal(found, expected), (colours, said)
    expected = opaque(in_palette(indices(bits), full))
    os2_2 = header(bits, length=64) + bytes(24), struct.pack("<IiiHH", 16, WIDTH, HEIGHT, 1, bits)
    for info in (long_header(bits, 0), *os2_2, header(bits)):
        assert np.array_equal(shown(file_of(info, pixels, palette(full))), expected)
    assert np.array_equal(shown(file_of(os2_header(bits), pixels, palette(full, 3))), expected)
    reversed_rows = rows(indexed(bits), top_down=True)
    assert np.array_equal(shown(file_of(header(bits, height=-HEIGHT), reversed_rows, palette(full))), expected)


@pytest.mark.parametrize("top_down", [True, False])
@pytest.mark.parametrize("bits", [1, 8])
def test_a_palette_of_greys_is_grey(bits: int, top_down: bool) -> None:
    greys = b"".join(bytes((level, level, level, 0)) for level in ((0, 255) if bits == 1 else range(256)))
    info = header(bits, height=-HEIGHT if top_down else HEIGHT)
    data = file_of(info, rows(indexed(bits), top_down=top_down), greys)
    result = Image.open(BytesIO(render(memoryview(data), Plan(output=Output(formats=(Format.PNG,))), LIMITS).body))
    assert result.mode == ("1" if bits == 1 else "L")
    assert np.array_equal(np.asarray(result.convert("L")), indices(bits) * (255 if bits == 1 else 1))
    assert inspect(memoryview(data), LIMITS).colour_space == "grey"


@pytest.mark.parametrize("compression", [1, 2])
def test_run_lengths_with_every_escape(compression: int) -> None:
    bits = 8 // compression
    info, colours = header(bits, compression), palette(1 << bits)
    expected = in_palette(indices(bits), 1 << bits)
    coded = runs(bits)
    for end in (b"", b"\0\1", b"\0\1behind it"):
        assert np.array_equal(shown(file_of(info, coded + end, colours)), opaque(expected))
    value = 1 if bits == 8 else 0x11
    moved = bytes((10, value)) + b"\0\2\5\3" + bytes((5, value)) + b"\0\0" + bytes((7, value)) + b"\0\1"
    black = np.zeros_like(COLOURS)
    for x, y, count in ((0, 0, 10), (15, 3, 5), (0, 4, 7)):
        black[HEIGHT - 1 - y, x : x + count] = in_palette(np.array(1), 2)
    assert np.array_equal(shown(file_of(info, moved, colours)), opaque(black))  # skipped pixels are black


def test_runs_that_leave_the_image_are_cut() -> None:
    info, colours = header(8, 1), palette(256)
    for coded in (bytes((200, 1)), b"\0\x50" + bytes([1]) * 80):
        expected = np.zeros_like(COLOURS)
        expected[HEIGHT - 1] = expected[HEIGHT - 2, :7] = in_palette(np.array(1), 2)
        data = file_of(info, coded + b"\0\0" + bytes((7, 1)) + b"\0\1", colours)
        assert np.array_equal(shown(data), opaque(expected))
    for coded in (b"\0\1", b"\0\2\xff\xff\5\1\0\1", b"\0\0" * 99 + b"\5\1\0\1"):
        assert np.array_equal(shown(file_of(info, coded, colours)), opaque(np.zeros_like(COLOURS)))


@pytest.mark.parametrize("bits", [4, 8, 24])
def test_more_runs_than_are_expanded_at_once_stand_side_by_side(bits: int) -> None:
    """In a row of 1,300 pixels, with runs of one to three pixels, the last ones beyond its end."""
    values = [at % 16 * 0x11 for at in range(700)]
    counts = [at % 3 + 1 for at in range(700)]
    coded = b"".join(bytes((count, *(value,) * (bits // 8 or 1))) for value, count in zip(values, counts, strict=True))
    wanted = [
        value % 16 if bits == 4 else value for value, count in zip(values, counts, strict=True) for _ in range(count)
    ]
    decoded = decode_runs(memoryview(coded + b"\0\0" + coded + b"\0\1"), bits, Size(1_300, 2))
    channels = 3 if bits == 24 else 1
    assert decoded.pixels == bytes(value for value in wanted[:1_300] * 2 for _ in range(channels))
    assert decoded.written is None
    assert decoded.rows == 2


@pytest.mark.parametrize("coded", [b"\0\2\0\0", b"\0\3\1\1\1\0"], ids=["moves", "literals"])
def test_codes_that_lead_nowhere_are_read_in_proportion_to_the_image(coded: bytes) -> None:
    """Two million codes for 4 × 4 pixels: the one behind them is not reached."""
    decoded = decode_runs(memoryview(coded * 2_000_000 + b"\0\1"), 8, Size(4, 4))
    assert decoded.rows < 4


def test_run_lengths_of_true_colour_in_os2() -> None:
    coded = b"".join(
        b"".join(bytes((1, *COLOURS[at, x, ::-1])) for x in range(WIDTH)) + b"\0\0" for at in range(HEIGHT - 1, -1, -1)
    )
    data = file_of(header(24, 4, length=64) + bytes(24), coded + b"\0\1")
    assert np.array_equal(shown(data), opaque(COLOURS))


@pytest.mark.parametrize(
    "data",
    [
        file_of(header(24), TRUE_COLOUR),
        file_of(header(24), TRUE_COLOUR + b"more"),
        file_of(header(24), bytes(10) + TRUE_COLOUR, offset=64),
        file_of(header(24), TRUE_COLOUR, offset=0),
        file_of(header(24, colours=5), TRUE_COLOUR, palette(5)),
        file_of(header(24), TRUE_COLOUR[:-1]),
        file_of(os2_header(24), TRUE_COLOUR),
        file_of(long_header(24, 0), TRUE_COLOUR),
        file_of(header(24, height=-HEIGHT), rows(true_colour, top_down=True)),
    ],
    ids=["plain", "more behind", "a gap", "no offset", "a palette", "no padding at the end", "OS/2", "v5", "top down"],
)
def test_true_colour_in_every_wrapping(data: bytes) -> None:
    assert np.array_equal(shown(data), opaque(COLOURS))
    cropped = shown(data, plan=Plan(crop=Crop(5, 3, 20, 9)))
    assert np.array_equal(cropped, opaque(COLOURS)[3:12, 5:25])


def test_a_bitmap_without_its_last_row_is_shown_and_one_that_lacks_more_is_cut_off() -> None:
    expected = opaque(COLOURS)
    expected[0] = 0
    for missing in (4, 60, 112):
        assert np.array_equal(shown(file_of(header(24), TRUE_COLOUR[:-missing])), expected)
    half = file_of(header(24), TRUE_COLOUR[: 112 * 10 + 50])
    with pytest.raises(UndecodableImage, match="cut off"):
        shown(half)
    expected[: HEIGHT - 10] = 0
    assert np.array_equal(shown(half, SHOW), expected)


@pytest.mark.parametrize("compression", [1, 2])
def test_run_lengths_that_are_cut_off_are_refused_or_shown(compression: int) -> None:
    bits = 8 // compression
    coded = runs(bits)
    data = file_of(header(bits, compression), coded[: len(coded) // 2], palette(1 << bits))
    with pytest.raises(UndecodableImage, match="cut off"):
        shown(data)
    found, whole = shown(data, SHOW), opaque(in_palette(indices(bits), 1 << bits))
    visible = found[..., 3].all(axis=1)
    assert 5 < visible.sum() < HEIGHT - 5
    assert np.array_equal(found[visible], whole[visible])
    assert not found[~visible].any()


@pytest.mark.parametrize(
    "info",
    [
        header(0, 4),
        header(24, 5),
        header(64),
        header(3),
        header(8, 2),
        header(24, 1),
        header(24, 3),
        header(24, width=-WIDTH),
        header(24, height=0),
        header(24, length=200),
        header(1, 3, length=64) + bytes(24),
        header(32, 3) + struct.pack("<3I", 0xF0F000, 0xF00, 0xFF),
    ],
    ids=[
        *("a JPEG", "a PNG", "64 bits", "3 bits", "runs of another depth", "runs of true colour", "fields of 24 bits"),
        *("a negative width", "no height", "an unknown header", "Huffman codes of OS/2", "a scattered field"),
    ],
)
def test_what_no_browser_shows_is_refused(info: bytes) -> None:
    with pytest.raises(UndecodableImage):
        shown(file_of(info, TRUE_COLOUR))


@pytest.mark.parametrize("bits", [1, 4, 8, 24, 32])
def test_the_mask_of_an_icon_makes_transparent_unless_it_has_alpha(bits: int) -> None:
    colours = COLOURS if bits > 8 else in_palette(indices(bits), 1 << bits)
    masked = opaque(colours) if bits == 32 else with_alpha(colours, np.where(MASK, 0, 255).astype(np.uint8))
    data = icon((WIDTH, HEIGHT, bits, icon_bitmap(bits, MASK)))
    assert np.array_equal(shown(data), masked)
    assert np.array_equal(shown(icon((WIDTH, HEIGHT, bits, icon_bitmap(bits)))), opaque(colours))  # no mask at all
    assert np.array_equal(shown(icon((WIDTH, HEIGHT, 0, icon_bitmap(bits, MASK)), kind=2)), masked)  # a cursor
    for length in (0, 99_999):
        assert np.array_equal(shown(icon((WIDTH, HEIGHT, bits, icon_bitmap(bits, MASK)), lengths=[length])), masked)


def test_an_icon_of_32_bits_whose_alpha_is_nowhere_set_has_its_mask_instead() -> None:
    nothing = np.zeros((HEIGHT, WIDTH), np.uint8)
    masked = with_alpha(COLOURS, np.where(MASK, 0, 255).astype(np.uint8))
    assert np.array_equal(shown(icon((WIDTH, HEIGHT, 32, icon_bitmap(32, MASK, nothing)))), masked)
    assert np.array_equal(shown(icon((WIDTH, HEIGHT, 32, icon_bitmap(32, None, nothing)))), opaque(COLOURS))
    data = icon((WIDTH, HEIGHT, 32, icon_bitmap(32, MASK, ALPHA)))
    assert np.array_equal(shown(data), with_alpha(COLOURS, ALPHA))


def test_half_a_mask_hides_what_it_covers() -> None:
    bitmap = icon_bitmap(24, np.ones_like(MASK))
    found = shown(icon((WIDTH, HEIGHT, 24, bitmap[: -8 * 10])))
    assert found[:10, :, 3].all()
    assert not found[10:, :, 3].any()


def test_an_icon_that_lacks_its_pixels_is_cut_off() -> None:
    data = icon((WIDTH, HEIGHT, 24, icon_bitmap(24)))[: -112 * 9]
    with pytest.raises(UndecodableImage, match="cut off"):
        shown(data)
    found = shown(data, SHOW)
    assert np.array_equal(found[9:], opaque(COLOURS)[9:])
    assert not found[:9].any()


def test_a_png_in_an_icon_is_as_long_as_it_is() -> None:
    out = BytesIO()
    Image.fromarray(COLOURS).save(out, "PNG")
    for length in (0, 99, 99_999):
        data = icon((WIDTH, HEIGHT, 32, out.getvalue()), lengths=[length])
        assert np.array_equal(shown(data), opaque(COLOURS))


def test_the_largest_image_of_an_icon_is_shown_and_of_those_the_one_with_most_colours() -> None:
    small, large = (
        (16, 16, 32, header(32, width=16, height=32) + bytes(16 * 16 * 4)),
        (WIDTH, HEIGHT, 32, icon_bitmap(32)),
    )
    few = (WIDTH, HEIGHT, 4, icon_bitmap(4))
    for images in ((small, large, few), (few, small, large), (large, few, small)):
        assert np.array_equal(shown(icon(*images)), opaque(COLOURS))


def test_a_targa_file_is_no_cursor() -> None:
    with pytest.raises(UnsupportedImage):
        shown(b"\0\0\2" + bytes(9) + struct.pack("<HHBB", 8, 8, 24, 0) + bytes(192))
