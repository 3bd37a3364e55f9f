"""Samples of TIFFs of every depth, format, order and photometric interpretation, and TIFFs that are cut off."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray
from PIL import Image

from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.errors import UndecodableImage
from pixmill.media import Format
from pixmill.plan.limits import Limits, OnTruncated
from pixmill.plan.ops import Crop, Input, Output, Plan
from tests.pixels.images import LIMITS, Pixels, encode_image, photo

WIDTH, HEIGHT = 40, 24
LEVELS: NDArray[np.float64] = np.stack(
    [
        np.tile(np.linspace(0, 1, WIDTH), (HEIGHT, 1)),
        np.tile(np.linspace(1, 0, WIDTH), (HEIGHT, 1)),
        np.tile(np.linspace(0, 1, HEIGHT)[:, None], (1, WIDTH)),
        np.tile(np.linspace(0.2, 1, WIDTH), (HEIGHT, 1)),
    ],
    axis=-1,
)
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK = 0, 1, 2, 5
ASSOCIATED, UNASSOCIATED, UNSPECIFIED = 1, 2, 0
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
AS_IT_IS = Plan()


@dataclass(frozen=True)
class Kind:
    """One kind of samples, as numpy names it."""

    dtype: str
    sample_format: int

    def store(self, levels: NDArray[np.float64], order: str) -> NDArray[np.generic]:
        if self.sample_format == FLOAT:
            return levels.astype(order + self.dtype)
        limits = np.iinfo(self.dtype)
        stored = np.round(levels * (float(limits.max) - limits.min)) + limits.min
        return stored.clip(limits.min, limits.max).astype(order + self.dtype)


KINDS = {
    "u1": Kind("u1", UNSIGNED),
    "u2": Kind("u2", UNSIGNED),
    "u4": Kind("u4", UNSIGNED),
    "i1": Kind("i1", SIGNED),
    "i2": Kind("i2", SIGNED),
    "i4": Kind("i4", SIGNED),
    "f2": Kind("f2", FLOAT),
    "f4": Kind("f4", FLOAT),
}


def tiff(
    levels: NDArray[np.float64],
    photometric: int,
    kind: Kind,
    *,
    order: str = "<",
    extra: Sequence[int] = (),
    planar: bool = False,
    packed: bool = False,
    tags: Sequence[tuple[int, int, object]] = (),
) -> bytes:
    """A TIFF of one strip, or one a plane."""
    stored = kind.store(levels, order)
    planes = [stored[..., band] for band in range(stored.shape[-1])] if planar else [stored]
    strips = [zlib.compress(plane.tobytes()) if packed else plane.tobytes() for plane in planes]
    count, bits = levels.shape[-1], 8 * stored.dtype.itemsize
    offsets = [8 + sum(map(len, strips[:number])) for number in range(len(strips))]
    fields: list[tuple[int, int, object]] = [
        (256, 4, WIDTH),
        (257, 4, HEIGHT),
        (258, 3, [bits] * count),
        (259, 3, 8 if packed else 1),
        (262, 3, photometric),
        (273, 4, offsets),
        (277, 3, count),
        (278, 4, HEIGHT),
        (279, 4, [len(strip) for strip in strips]),
        (284, 3, 2 if planar else 1),
        (339, 3, [kind.sample_format] * count),
        *([(338, 3, list(extra))] if extra else []),
        *tags,
    ]
    return with_directory(b"".join(strips), fields, order)


def with_directory(data: bytes, fields: Sequence[tuple[int, int, object]], order: str) -> bytes:
    codes = {3: "H", 4: "I", 11: "f", 12: "d"}
    entries, outside, start = b"", b"", 8 + len(data) + 2 + 12 * len(fields) + 4
    for tag, kind, value in sorted(fields, key=lambda field: field[0]):
        values = value if isinstance(value, list) else [value]
        packed = struct.pack(f"{order}{len(values)}{codes[kind]}", *values)
        entries += struct.pack(order + "HHI", tag, kind, len(values))
        if len(packed) <= 4:
            entries += packed.ljust(4, b"\0")
        else:
            entries += struct.pack(order + "I", start + len(outside))
            outside += packed
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8 + len(data))
    return head + data + struct.pack(order + "H", len(fields)) + entries + bytes(4) + outside


def shown(data: bytes, limits: Limits = LIMITS, plan: Plan = AS_IT_IS) -> Pixels:
    result = render(memoryview(data), replace(plan, output=Output(formats=(Format.PNG,))), limits)
    return np.asarray(Image.open(BytesIO(result.body)).convert("RGBA"))


def away(data: bytes, expected: NDArray[np.float64], plan: Plan = AS_IT_IS) -> float:
    """The largest difference to levels of grey or RGB, with alpha where there are two or four of them."""
    found = shown(data, plan=plan).astype(float)
    if expected.shape[-1] < 3:
        expected = np.concatenate([np.repeat(expected[..., :1], 3, axis=-1), expected[..., 1:]], axis=-1)
    assert found.shape[:2] == expected.shape[:2]
    return float(np.abs(found[..., : expected.shape[-1]] - 255 * expected).max())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("name", KINDS)
def test_grey_and_rgb_of_every_kind_in_either_byte_order(name: str, order: str) -> None:
    kind = KINDS[name]
    assert away(tiff(LEVELS[..., :1], BLACK_IS_ZERO, kind, order=order), LEVELS[..., :1]) <= 1
    assert away(tiff(LEVELS[..., :1], WHITE_IS_ZERO, kind, order=order), 1 - LEVELS[..., :1]) <= 1
    assert away(tiff(LEVELS[..., :3], RGB, kind, order=order, packed=True), LEVELS[..., :3]) <= 1


@pytest.mark.parametrize("name", KINDS)
def test_alpha_of_every_kind(name: str) -> None:
    kind, grey_alpha = KINDS[name], LEVELS[..., (0, 3)]
    inverted = np.stack([1 - grey_alpha[..., 0], grey_alpha[..., 1]], axis=-1)
    assert away(tiff(LEVELS, RGB, kind, extra=[UNASSOCIATED]), LEVELS) <= 1
    assert away(tiff(LEVELS, RGB, kind, extra=[UNSPECIFIED]), LEVELS[..., :3]) <= 1
    assert away(tiff(grey_alpha, BLACK_IS_ZERO, kind, extra=[UNASSOCIATED]), grey_alpha) <= 1
    assert away(tiff(grey_alpha, WHITE_IS_ZERO, kind, extra=[UNASSOCIATED]), inverted) <= 1
    assert inspect(memoryview(tiff(LEVELS, RGB, kind, extra=[UNASSOCIATED])), LIMITS).alpha


@pytest.mark.parametrize("name", ["u1", "u2", "f2", "f4"])
def test_colours_are_divided_by_associated_alpha(name: str) -> None:
    multiplied = np.concatenate([LEVELS[..., :3] * LEVELS[..., 3:], LEVELS[..., 3:]], axis=-1)
    tolerance = 5 if name[0] == "u" else 1  # 8 bits of a colour, divided by a fifth
    assert away(tiff(multiplied, RGB, KINDS[name], extra=[ASSOCIATED]), LEVELS) <= tolerance


@pytest.mark.parametrize("name", [name for name in KINDS if name != "f2"])
def test_planes_one_after_the_other(name: str) -> None:
    assert away(tiff(LEVELS[..., :3], RGB, KINDS[name], planar=True), LEVELS[..., :3]) <= 1
    assert away(tiff(LEVELS, RGB, KINDS[name], planar=True, extra=[UNASSOCIATED], packed=True), LEVELS) <= 1


@pytest.mark.parametrize("name", KINDS)
def test_inks_of_every_kind_are_as_those_of_8_bits(name: str) -> None:
    inks = np.concatenate([1 - LEVELS[..., :3], LEVELS[..., 3:] * 0.3], axis=-1)
    expected = shown(tiff(inks, CMYK, KINDS["u1"])).astype(int)
    assert np.abs(shown(tiff(inks, CMYK, KINDS[name])) - expected).max() <= 3
    with_alpha = np.concatenate([inks, LEVELS[..., 3:]], axis=-1)
    found = shown(tiff(with_alpha, CMYK, KINDS[name], extra=[UNASSOCIATED]))
    assert np.abs(found[..., :3] - expected[..., :3]).max() <= 3
    assert np.abs(found[..., 3] - 255 * LEVELS[..., 3]).max() <= 1


def test_floating_point_has_the_range_that_tags_say() -> None:
    data = tiff(LEVELS[..., :1] * 300 - 100, BLACK_IS_ZERO, KINDS["f4"], tags=[(340, 11, -100.0), (341, 11, 200.0)])
    assert away(data, LEVELS[..., :1]) <= 1
    for wrong in ([(340, 11, 5.0)], [(340, 11, 5.0), (341, 11, 5.0)], [(340, 12, 0.0), (341, 12, float("nan"))]):
        assert away(tiff(LEVELS[..., :1], BLACK_IS_ZERO, KINDS["f4"], tags=wrong), LEVELS[..., :1]) <= 1


def test_floating_point_beyond_its_range_is_clipped() -> None:
    levels = LEVELS[..., :1] * 4 - 2
    assert away(tiff(levels, BLACK_IS_ZERO, KINDS["f4"]), levels.clip(0, 1)) <= 1
    strange = np.full((HEIGHT, WIDTH, 1), np.nan)
    strange[:, 20:], strange[:, 30:] = np.inf, -np.inf
    found = shown(tiff(strange, BLACK_IS_ZERO, KINDS["f4"]))
    assert (found[0, 25, 0], found[0, 35, 0]) == (255, 0)


def test_a_part_and_an_orientation_of_deep_samples() -> None:
    part = Plan(crop=Crop(5, 3, 20, 10))
    assert away(tiff(LEVELS[..., :3], RGB, KINDS["u4"]), LEVELS[..., :3]) <= 1
    assert away(tiff(LEVELS[..., :3], RGB, KINDS["u4"]), LEVELS[3:13, 5:25, :3], part) <= 1
    rotated = tiff(LEVELS[..., :3], RGB, KINDS["u4"], tags=[(274, 3, 6)])
    assert away(rotated, np.rot90(LEVELS[..., :3], -1)) <= 1
    assert (inspect(memoryview(rotated), LIMITS).width, inspect(memoryview(rotated), LIMITS).height) == (HEIGHT, WIDTH)


def test_pages_of_different_kinds() -> None:
    pages = [
        Image.fromarray((255 * LEVELS[..., 0]).astype(np.uint8)),
        Image.fromarray(LEVELS[..., 0].astype(np.float32)),
    ]
    data = bytes(encode_image(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    for page in (1, 2):
        assert away(data, LEVELS[..., :1], Plan(input=Input(page=page))) <= 1


@pytest.mark.parametrize(
    "data",
    [
        tiff(LEVELS[..., :1], BLACK_IS_ZERO, Kind("f8", FLOAT)),
        tiff(LEVELS[..., :3], RGB, Kind("f2", FLOAT), planar=True),
        tiff(LEVELS[..., :3], 8, KINDS["u2"]),
        tiff(LEVELS[..., :1], 3, KINDS["u2"]),
        tiff(LEVELS, RGB, KINDS["u4"], extra=[ASSOCIATED]),
        tiff(LEVELS[..., :1], BLACK_IS_ZERO, Kind("u4", 6)),
        tiff(LEVELS[..., :2], RGB, KINDS["u4"]),
    ],
    ids=[
        "double",
        "half planes",
        "Lab of 16 bits",
        "palette of 16 bits",
        "associated, 32 bits",
        "complex",
        "two of RGB",
    ],
)
def test_what_is_not_read_right_is_refused(data: bytes) -> None:
    with pytest.raises(UndecodableImage):
        shown(data)


def test_deep_samples_that_are_cut_off_or_damaged_are_not_black() -> None:
    """The directory before the data."""
    stored = KINDS["f4"].store(LEVELS[..., :1], "<").tobytes()
    packed = zlib.compress(stored)
    for data, code in ((stored[:-2000], 1), (packed[:-99], 8), (packed[:99] + bytes(50) + packed[149:], 8)):
        fields: list[tuple[int, int, object]] = [
            *((256, 4, WIDTH), (257, 4, HEIGHT), (258, 3, 32), (259, 3, code), (262, 3, 1), (277, 3, 1)),
            *(
                (278, 4, HEIGHT),
                (339, 3, 3),
                (273, 4, 8 + 2 + 12 * 10 + 4),
                (279, 4, len(stored if code == 1 else packed)),
            ),
        ]
        directory = with_directory(b"", fields, "<")
        with pytest.raises(UndecodableImage):
            shown(directory + data)


SHOW = Limits(on_truncated=OnTruncated.SHOW)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK", "I;16", "1"])
def test_a_tiff_that_is_cut_off_is_refused_or_its_rows_are_shown(mode: str) -> None:
    image = photo().convert("L").convert(mode) if mode == "I;16" else photo().convert(mode)
    whole = bytes(encode_image(image, "TIFF", strip_size=2_000))
    data = whole[: len(whole) * 6 // 10]
    with pytest.raises(UndecodableImage, match="cut off"):
        shown(data)
    found, expected = shown(data, SHOW), shown(whole)
    visible = found[..., 3] > 0
    assert 0.5 < visible.mean() < 0.7
    assert np.array_equal(found[visible], expected[visible])


def test_twelve_bits_are_brought_to_eight() -> None:
    levels = np.round(LEVELS[..., 0] * 4095).astype(int)
    packed = bytes(
        byte
        for row in levels
        for first, second in row.reshape(-1, 2)
        for byte in (first >> 4, (first & 15) << 4 | second >> 8, second & 255)
    )
    fields: list[tuple[int, int, object]] = [
        *((256, 4, WIDTH), (257, 4, HEIGHT), (258, 3, 12), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1)),
        *((278, 4, HEIGHT), (279, 4, len(packed))),
    ]
    assert away(with_directory(packed, fields, "<"), LEVELS[..., :1]) <= 1
