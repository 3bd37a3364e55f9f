"""Which EXIF tags stay, and that nothing between and behind them is copied."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pixmill.engine.metadata.exif_block import rewrite_exif


def anything(_text: str) -> bool:
    return True


def exif_with(tag: int, value: object, directory: int = 0) -> bytes:
    exif = Image.Exif()
    if directory:
        exif.get_ifd(directory)[tag] = value
    else:
        exif[tag] = value
    return exif.tobytes()


def read(block: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.load(block and b"Exif\0\0" + block)
    return exif


def rewritten(block: bytes, *, location: bool = True) -> Image.Exif:
    return read(rewrite_exif(block, location=location, allow_text=anything))


def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
    return struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")


@pytest.mark.parametrize(
    ("tag", "directory"),
    [
        *((tag, 0) for tag in (256, 257, 258, 259, 273, 279, 301, 318, 319, 529, 531, 532, 33550, 34735, 34737, 50706)),
        *((tag, 34_665) for tag in (0x927C, 0xA001, 0xA002, 0xA003, 0xA004, 0x9101, 0x9214, 0xA214, 0xA20E, 0xA500)),
    ],
)
def test_what_no_longer_fits_is_never_kept(tag: int, directory: int) -> None:
    assert rewrite_exif(exif_with(tag, 7, directory), location=True, allow_text=anything) == b""


def test_thumbnails_and_what_nothing_points_to_are_not_copied() -> None:
    thumbnail = b"\xff\xd8canary\xff\xd9"
    first = entry(315, 2, 4, b"Ann\0") + struct.pack("<I", 8 + 2 + 12 + 4)
    at = 8 + 2 + 12 + 4 + 2 + 24 + 4
    second = (
        struct.pack("<H", 2)
        + entry(513, 4, 1, struct.pack("<I", at))
        + entry(514, 4, 1, struct.pack("<I", 10))
        + bytes(4)
    )
    block = b"II*\0\x08\0\0\0\x01\0" + first + second + thumbnail + b"hidden"
    kept = rewrite_exif(block, location=True, allow_text=anything)
    assert read(kept)[315] == "Ann"
    assert b"canary" not in kept
    assert b"hidden" not in kept


@pytest.mark.parametrize("order", ["<", ">"])
def test_directories_keep_their_values_and_byte_order(order: str) -> None:
    exif = Image.Exif()
    exif.endian = order
    exif[271], exif[282], exif[274] = "A Maker", 300.0, 6
    exif.get_ifd(34_665).update({33_434: 0.004, 37_510: b"ASCII\0\0\0comment", 42_034: (24.0, 70.0, 2.8, 4.0)})
    exif.get_ifd(34_853).update({1: "N", 2: (52.0, 31.0, 7.25)})
    kept = rewritten(exif.tobytes())
    assert (kept[271], kept[282], kept[274]) == ("A Maker", 300, 1)
    assert kept.get_ifd(34_665)[37_510] == b"ASCII\0\0\0comment"
    assert kept.get_ifd(34_665)[33_434] == pytest.approx(0.004)
    assert kept.get_ifd(34_853)[2] == (52, 31, 7.25)
    assert rewritten(exif.tobytes(), location=False).get_ifd(34_853) == {}


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (270, "a canary"),
        (40_091, "a canary".encode("utf-16-le") + b"\0\0"),
    ],
)
def test_texts_that_may_not_stay_are_left_out(tag: int, value: object) -> None:
    block = exif_with(tag, value)
    assert rewrite_exif(block, location=False, allow_text=lambda text: "canary" not in text) == b""
    assert rewrite_exif(block, location=False, allow_text=anything) != b""


@pytest.mark.parametrize(
    "comment", [b"ASCII\0\0\0canary", b"UNICODE\0" + "canary".encode("utf-16-le"), bytes(8) + b"canary"]
)
def test_comments_that_may_not_stay_are_left_out(comment: bytes) -> None:
    exif = Image.Exif()
    exif.endian = "<"
    exif.get_ifd(34_665)[37_510] = comment
    assert rewrite_exif(exif.tobytes(), location=False, allow_text=lambda text: "canary" not in text) == b""


def test_credits_stay_although_they_name_a_place() -> None:
    assert rewritten(exif_with(33_432, "© Canary Gazette"), location=False)[33_432]


def test_a_block_fits_into_a_segment() -> None:
    shared = b"".join(entry(tag, 2, 30_000, struct.pack("<I", 8)) for tag in range(65_000))
    block = b"II*\0\x08\0\0\0" + struct.pack("<H", 65_000) + shared + b"x" * 30_000
    assert len(rewrite_exif(block, location=True, allow_text=anything)) < 65_000


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=400), st.sampled_from([b"II*\0", b"MM\0*"]), st.booleans())
def test_any_bytes_give_a_block_that_stays_as_it_is(data: bytes, mark: bytes, location: bool) -> None:
    start = (8).to_bytes(4, "little" if mark == b"II*\0" else "big")
    once = rewrite_exif(mark + start + data, location=location, allow_text=anything)
    assert rewrite_exif(once, location=location, allow_text=anything) == once
