"""GIFs without a transparent colour, of every disposal and position: the canvas is that of browsers.

Expected pixels are composed by numpy; those of unusual files were read from Chromium's ``ImageDecoder``.
"""

import struct
from itertools import product

import numpy as np
import pytest

from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.errors import ImageTooLarge, InvalidParameter, UndecodableImage
from pixmill.media import Format
from pixmill.plan.limits import Limits, OnTruncated
from pixmill.plan.ops import Crop, Input, Output, Plan
from tests.pixels.animations import Canvas, decode_animation
from tests.pixels.images import LIMITS

COLOURS = ((0, 0, 0), (230, 40, 30), (40, 200, 60), (30, 60, 220), (240, 220, 20), (5, 6, 7), (9, 9, 9), (99, 0, 99))
NONE, BACKGROUND, PREVIOUS = 1, 2, 3
SIDE = 12
ENDLESS = b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"

Part = tuple[int, int, int, int, int, int]
"""Left, top, width, height, colour, disposal."""


def control(disposal: int = NONE, delay: int = 10, transparent: int | None = None) -> bytes:
    flags = disposal << 2 | (transparent is not None)
    return b"!\xf9\x04" + struct.pack("<BHBB", flags, delay, transparent or 0, 0)


def image(
    left: int, top: int, width: int, height: int, indexes: list[int], flags: int = 0, table: bytes = b""
) -> bytes:
    codes = [code for at in range(0, len(indexes), 6) for code in (8, *indexes[at : at + 6])] + [9]
    codes += [0] * (len(codes) % 2)
    data = bytes(low | high << 4 for low, high in zip(codes[::2], codes[1::2], strict=True))
    blocks = b"".join(bytes([len(data[at : at + 255])]) + data[at : at + 255] for at in range(0, len(data), 255))
    return b"," + struct.pack("<4HB", left, top, width, height, flags) + table + b"\x03" + blocks + b"\0"


def gif(*parts: bytes, size: tuple[int, int] = (SIDE, SIDE), background: int = 4, colours: int = 8) -> memoryview:
    table = b"".join(map(bytes, COLOURS[:colours]))
    flags = 0x80 | colours.bit_length() - 2 if colours else 0
    return memoryview(b"GIF89a" + struct.pack("<2H3B", *size, flags, background, 0) + table + b"".join(parts) + b";")


def flat(*part: int) -> bytes:
    left, top, width, height, colour, disposal = part
    return control(disposal) + image(left, top, width, height, [colour] * (width * height))


def canvases(*parts: Part) -> list[Canvas]:
    """Return the RGBA canvas after each part."""
    canvas, shown = np.zeros((SIDE, SIDE, 4), np.uint8), []
    for left, top, width, height, colour, disposal in parts:
        before, region = canvas.copy(), np.s_[top : top + height, left : left + width]
        canvas[region] = (*COLOURS[colour], 255)
        shown.append(canvas.copy())
        if disposal == BACKGROUND:
            canvas[region] = 0
        elif disposal == PREVIOUS:
            canvas = before
    return shown


def frames_of(source: memoryview) -> list[Canvas]:
    return decode_animation(render(source, Plan(output=Output(formats=(Format.PNG,))), LIMITS).body).frames


def still_of(source: memoryview, page: int = 1) -> Canvas:
    plan = Plan(input=Input(animated=False, page=page), output=Output(formats=(Format.PNG,)))
    return decode_animation(render(source, plan, LIMITS).body).frames[0]


@pytest.mark.parametrize("disposals", list(product((0, NONE, BACKGROUND, PREVIOUS), repeat=2)))
@pytest.mark.parametrize("first", [(0, 0, SIDE, SIDE), (2, 2, 7, 8)])
def test_what_no_frame_covers_is_transparent_and_stays_so(
    first: tuple[int, int, int, int], disposals: tuple[int, int]
) -> None:
    parts: list[Part] = [
        (*first, 1, disposals[0]),
        (3, 3, 6, 6, 2, disposals[1]),
        (0, 0, 4, 4, 3, PREVIOUS),
        (8, 8, 3, 4, 1, BACKGROUND),
        (5, 1, 2, 2, 2, NONE),
    ]
    source = gif(ENDLESS, *(flat(*part) for part in parts))
    expected = canvases(*parts)
    assert np.array_equal(frames_of(source), expected)
    for page, canvas in enumerate(expected, 1):
        assert np.array_equal(still_of(source, page), canvas)
    assert inspect(source, LIMITS).alpha


@pytest.mark.parametrize("disposal", [0, NONE, PREVIOUS, 4])
def test_a_canvas_that_is_covered_has_no_alpha(disposal: int) -> None:
    source = gif(flat(0, 0, SIDE, SIDE, 1, NONE), flat(2, 2, 5, 5, 2, disposal), flat(0, 0, 3, 3, 3, NONE))
    assert not inspect(source, LIMITS).alpha
    assert np.array_equal(frames_of(source)[2][3, 3, :3], COLOURS[2 if disposal < PREVIOUS else 1])


def test_frames_that_each_cover_the_canvas_have_no_alpha_though_they_are_cleared() -> None:
    assert not inspect(gif(*(flat(0, 0, SIDE, SIDE, 1 + at, BACKGROUND) for at in range(3))), LIMITS).alpha


def test_a_still_smaller_than_its_screen_leaves_the_rest_transparent() -> None:
    expected = canvases((4, 3, 5, 5, 2, NONE))[0]
    assert np.array_equal(still_of(gif(flat(4, 3, 5, 5, 2, NONE))), expected)
    assert np.array_equal(still_of(gif(image(4, 3, 5, 5, [2] * 25))), expected)


@pytest.mark.parametrize("screen", [(640, 480), (800, 600), (0, 0), (3000, 10)])
def test_the_screen_is_enlarged_by_the_first_frame_and_by_no_other(screen: tuple[int, int]) -> None:
    source = gif(flat(0, 0, 30, 20, 1, NONE), flat(20, 10, 30, 40, 2, NONE), size=screen)
    facts = inspect(source, LIMITS)
    assert (facts.width, facts.height) == (max(30, screen[0]), max(20, screen[1]))


def test_a_frame_beyond_the_screen_is_cut_off_and_cleared() -> None:
    parts = (flat(0, 0, SIDE, SIDE, 1, NONE), flat(8, 8, 9, 9, 2, BACKGROUND), flat(90, 90, 4, 4, 3, PREVIOUS))
    first, second, third = frames_of(gif(*parts))
    assert first[9, 9].tolist() == [*COLOURS[1], 255]
    assert second[9, 9].tolist() == [*COLOURS[2], 255]
    assert third[9, 9].tolist() == [0, 0, 0, 0]


def test_colours_that_no_palette_has_are_black() -> None:
    indexes = [at % 8 for at in range(SIDE * SIDE)]
    for colours in (4, 0):
        pixels = still_of(gif(image(0, 0, SIDE, SIDE, indexes), colours=colours))
        assert pixels[0, 7].tolist() == [0, 0, 0, 255]


def test_a_local_palette_counts_for_its_frame_only() -> None:
    table = bytes(range(100, 124))
    local = control() + image(3, 3, 4, 4, [1] * 16, 0x82, table)
    _, second, third = frames_of(gif(flat(0, 0, SIDE, SIDE, 2, NONE), local, flat(0, 0, 2, 2, 1, NONE)))
    assert second[4, 4].tolist() == [103, 104, 105, 255]
    assert third[1, 1].tolist() == [*COLOURS[1], 255]


def test_a_transparent_index_beyond_the_palette_hides_what_has_it() -> None:
    source = gif(flat(0, 0, SIDE, SIDE, 1, NONE), control(transparent=6) + image(2, 2, 2, 1, [6, 7]), colours=4)
    assert frames_of(source)[1][2, 2:4].tolist() == [[*COLOURS[1], 255], [0, 0, 0, 255]]


def test_rows_of_an_interlaced_frame_are_put_in_their_place() -> None:
    rows = [0, 8, 4, 2, 6, 10, 1, 3, 5, 7, 9, 11]
    pixels = still_of(gif(image(0, 0, SIDE, SIDE, [row % 8 for row in rows for _ in range(SIDE)], 0x40)))
    assert [tuple(row[0, :3]) for row in pixels] == [COLOURS[row % 8] for row in range(SIDE)]


def test_the_last_control_before_a_frame_counts_whatever_lies_between() -> None:
    comment, unknown = b"!\xfe\x05hello\0", b"!\x77\x03abc\0"
    frames = (
        control(BACKGROUND, 50),
        comment,
        control(NONE, 20) + unknown + image(0, 0, SIDE, SIDE, [1] * SIDE**2),
        comment,
        image(2, 2, 2, 2, [2] * 4),
    )
    timing = decode_animation(render(gif(ENDLESS, *frames), Plan(output=Output(formats=(Format.PNG,))), LIMITS).body)
    assert timing.delays_ms == [200, 100]
    assert timing.frames[1][0, 0].tolist() == [*COLOURS[1], 255]


@pytest.mark.parametrize("name", [b"NETSCAPE2.0", b"ANIMEXTS1.0"])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_loop_count_is_read_wherever_it_stands(name: bytes, at: int) -> None:
    parts = [flat(0, 0, SIDE, SIDE, 1, NONE), flat(0, 0, SIDE, SIDE, 2, NONE)]
    parts.insert(at, b"!\xff\x0b" + name + b"\x03\x01\x04\0\0")
    assert decode_animation(render(gif(*parts), Plan(output=Output(formats=(Format.PNG,))), LIMITS).body).loop == 5


def test_data_for_too_few_pixels_leave_the_others_as_they_were() -> None:
    source = gif(flat(0, 0, SIDE, SIDE, 1, NONE), control() + image(0, 0, SIDE, SIDE, [2] * (3 * SIDE)))
    second = frames_of(source)[1]
    assert second[2, 5].tolist() == [*COLOURS[2], 255]
    assert second[4, 5].tolist() == [*COLOURS[1], 255]


def test_a_crop_shows_its_part_of_every_frame() -> None:
    parts: list[Part] = [(2, 2, 8, 8, 1, BACKGROUND), (4, 4, 6, 6, 2, NONE)]
    plan = Plan(crop=Crop(3, 1, 6, 8), output=Output(formats=(Format.PNG,)))
    result = decode_animation(render(gif(*(flat(*part) for part in parts)), plan, LIMITS).body)
    assert np.array_equal(result.frames, [canvas[1:9, 3:9] for canvas in canvases(*parts)])


@pytest.mark.parametrize("kind", [Format.GIF, Format.WEBP, Format.PNG, Format.AVIF])
def test_transparency_is_kept_in_every_format(kind: Format) -> None:
    parts: list[Part] = [(2, 2, 8, 8, 1, BACKGROUND), (0, 0, 6, 6, 2, NONE)]
    result = render(gif(*(flat(*part) for part in parts)), Plan(output=Output(formats=(kind,))), LIMITS)
    for frame, canvas in zip(decode_animation(result.body).frames, canvases(*parts), strict=True):
        assert np.array_equal(frame[..., 3] > 127, canvas[..., 3] > 127)


def test_a_frame_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidParameter):
        still_of(gif(flat(0, 0, SIDE, SIDE, 1, NONE), flat(0, 0, 2, 2, 1, NONE)), page=3)


def test_a_file_of_very_many_frames_or_blocks_is_refused() -> None:
    tiny = image(0, 0, 1, 1, [1])
    for source in (gif(tiny * 100_001), gif(tiny, b"!\xfe" + b"\x01a" * 4_000_001 + b"\0")):
        with pytest.raises(ImageTooLarge):
            inspect(source, Limits(max_frames=1_000_000))


def test_a_frame_of_very_many_pixels_is_refused_on_a_small_canvas() -> None:
    huge = gif(flat(0, 0, SIDE, SIDE, 1, NONE), image(0, 0, 65_535, 65_535, [1] * 100))
    with pytest.raises(ImageTooLarge):
        frames_of(huge)


def test_frames_larger_than_the_canvas_are_bounded_all_together() -> None:
    """Each of 2,000 × 2,000 pixels, in 23 bytes: hundreds of them took 20 seconds."""
    large = b"," + struct.pack("<4HB", 0, 0, 2_000, 2_000, 0) + b"\3\2\x98\0\0"
    assert inspect(gif(flat(0, 0, SIDE, SIDE, 1, NONE), *[large] * 20), LIMITS).frames == 21
    with pytest.raises(ImageTooLarge):
        inspect(gif(flat(0, 0, SIDE, SIDE, 1, NONE), *[large] * 30), LIMITS)


def damaged(rows: int, *, error: bool) -> bytes:
    """A frame of the whole canvas with data for its first rows, then their end or a code that is not valid."""
    codes = [code for _ in range(2 * rows) for code in (8, *[1] * 6)] + ([8, *[15] * 11] if error else [9, 0])
    codes += [0] * (len(codes) % 2)
    data = bytes(low | high << 4 for low, high in zip(codes[::2], codes[1::2], strict=True))
    return b"," + struct.pack("<4HB", 0, 0, SIDE, SIDE, 0) + b"\3" + bytes([len(data)]) + data + b"\0"


def rows_shown(rows: int) -> Canvas:
    canvas = np.zeros((SIDE, SIDE, 4), np.uint8)
    canvas[:rows] = (*COLOURS[1], 255)
    return canvas


def test_pixels_that_a_first_frame_lacks_are_transparent_as_in_chromium() -> None:
    assert np.array_equal(still_of(gif(damaged(5, error=False))), rows_shown(5))
    frames = frames_of(gif(damaged(5, error=False), flat(2, 8, 2, 2, 3, NONE)))
    expected = rows_shown(5)
    assert np.array_equal(frames[0], expected)
    expected[8:10, 2:4] = (*COLOURS[3], 255)
    assert np.array_equal(frames[1], expected)


def test_rows_before_an_error_are_shown_where_what_is_cut_off_is() -> None:
    plan = Plan(input=Input(animated=False), output=Output(formats=(Format.PNG,)))
    for source in (gif(damaged(5, error=True)), gif(damaged(5, error=True), flat(2, 8, 2, 2, 3, NONE))):
        with pytest.raises(UndecodableImage):
            render(source, plan, LIMITS)
        result = render(source, plan, Limits(on_truncated=OnTruncated.SHOW))
        assert result.truncated
        assert np.array_equal(decode_animation(result.body).frames[0], rows_shown(5))
    with pytest.raises(UndecodableImage):
        render(gif(damaged(0, error=True)), plan, Limits(on_truncated=OnTruncated.SHOW))
