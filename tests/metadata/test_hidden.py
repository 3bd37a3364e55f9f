"""Originals that are not encoded again: nothing is hidden where only few programs look."""

import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pillow_heif
import pytest
from PIL import ImageCms

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.pipeline import render
from tests.metadata.test_lossless import XMP, box, exif, segment
from tests.pixels.images import LIMITS, encode_image, photo

CANARY = b"Canary"


def original(source: bytes) -> bytes:
    """Return the result of ``format=original``."""
    return bytes(render(memoryview(source), parse(b"/resize", b"url=a&format=original").plan, LIMITS).body)


def image(kind: str, **options: Any) -> bytes:
    return bytes(encode_image(photo(96, 64), kind, **options))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def icon(data: bytes, length: int | None = None) -> bytes:
    entry = struct.pack("<BBBBHHII", 96, 64, 0, 0, 1, 32, len(data) if length is None else length, 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + data


def icon_bitmap() -> bytes:
    pixels = bytes(16 * 16 * 4) + bytes(16 * 4)
    return struct.pack("<IiiHHIIiiII", 40, 16, 32, 1, 32, 0, 0, 0, 0, 0, 0) + pixels


def bitmap_with_gap() -> bytes:
    plain = image("BMP")
    return plain[:10] + struct.pack("<I", 62) + plain[14:54] + CANARY + bytes(2) + plain[54:]


def bitmap_with_path() -> bytes:
    plain, path = image("BMP"), b"C:\\Canary.icc\0"
    header = struct.pack("<I", 124) + plain[18:54] + struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0) + b"KNIL" + bytes(64)
    pixels_at, profile_at = 14 + 124, 124 + len(plain) - 54
    body = header[:112] + struct.pack("<III", profile_at, len(path), 0)
    return plain[:10] + struct.pack("<I", pixels_at) + body.ljust(124, b"\0") + plain[54:] + path


def in_gif(extension: bytes) -> bytes:
    plain = image("GIF", save_all=True, append_images=[photo(96, 64).rotate(90)], loop=3)
    at = plain.index(b"!\xff\x0bNETSCAPE2.0")
    return plain[:at] + extension + plain[at:]


def in_jpeg(marker: int, content: bytes) -> bytes:
    plain = image("JPEG")
    return plain[:20] + segment(marker, content) + plain[20:]


def in_png(kind: bytes, data: bytes) -> bytes:
    plain = image("PNG")
    return plain[:33] + chunk(kind, data) + plain[33:]


def loop_count_with_more() -> bytes:
    plain = image("GIF", save_all=True, append_images=[photo(96, 64).rotate(90)], loop=3)
    at = plain.index(b"NETSCAPE2.0") + 15
    return plain[:at] + b"\x06Canary" + plain[at:]


def heic(**options: Any) -> bytes:
    out = BytesIO()
    pillow_heif.from_pillow(photo(96, 64)).save(out, quality=90, **options)
    return out.getvalue()


def with_name_of_item(source: bytes) -> bytes:
    """Exchange the name libavif gives to the image."""
    assert b"av01Color\0" in source
    return source.replace(b"av01Color\0", b"av01Canar\0")


HIDDEN: dict[str, Callable[[], bytes]] = {
    "bmp behind the pixels": lambda: image("BMP") + CANARY,
    "bmp in front of the pixels": bitmap_with_gap,
    "bmp path of a profile": bitmap_with_path,
    "ico private chunk": lambda: icon(in_png(b"prVt", CANARY)),
    "ico behind the image": lambda: icon(image("PNG")) + CANARY,
    "ico behind the end of the png": lambda: icon(image("PNG") + CANARY),
    "ico behind the mask": lambda: icon(icon_bitmap() + CANARY),
    "tiff behind the image": lambda: image("TIFF") + CANARY,
    "gif behind the loop count": loop_count_with_more,
    "gif profile": lambda: in_gif(b"!\xff\x0bICCRGBG1012\x06Canary\0"),
    "gif plain text": lambda: in_gif(b"!\x01\x0c" + bytes(12) + b"\x06Canary\0"),
    "jpeg adobe": lambda: in_jpeg(0xEE, b"Adobe\0\x64\0\0\0\0\1Canary"),
    "jpeg extension": lambda: in_jpeg(0xF0, CANARY),
    "jpeg expansion": lambda: in_jpeg(0xDF, CANARY),
    "jpeg no profile": lambda: in_jpeg(0xE2, b"ICC_PROFILE\0\1\1Canary"),
    "png name of a profile": lambda: in_png(b"iCCP", b"Canary\0\0" + zlib.compress(profile())),
    "avif unused data": lambda: image("AVIF") + box(b"mdat", CANARY),
    "avif name of the image": lambda: with_name_of_item(image("AVIF")),
    "heic unused data": lambda: heic() + box(b"mdat", CANARY),
    "heic thumbnail": lambda: heic(thumbnails=[48]),
}


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("where", HIDDEN)
def test_nothing_is_hidden_in_an_original(where: str) -> None:
    source = HIDDEN[where]()
    body = original(source)
    assert CANARY not in body
    assert b"Canar\0" not in body
    assert b"thmb" not in body


PLAIN: dict[str, Callable[[], bytes]] = {
    "bmp": lambda: image("BMP"),
    "bmp palette": lambda: bytes(encode_image(photo(96, 64).convert("P"), "BMP")),
    "ico png": lambda: icon(image("PNG")),
    "ico bitmap": lambda: icon(icon_bitmap()),
    "tiff": lambda: image("TIFF"),
    "tiff compressed": lambda: image("TIFF", compression="tiff_lzw"),
    "tiff pages": lambda: image("TIFF", save_all=True, append_images=[photo(24, 16)]),
    "gif": lambda: in_gif(b""),
    "jpeg": lambda: image("JPEG"),
    "jpeg profile": lambda: image("JPEG", icc_profile=profile()),
    "png profile": lambda: image("PNG", icc_profile=profile()),
    "avif": lambda: image("AVIF"),
    "avif alpha": lambda: bytes(encode_image(photo(96, 64).convert("RGBA"), "AVIF")),
    "avif animation": lambda: image("AVIF", save_all=True, append_images=[photo(96, 64).rotate(90)]),
    "heic": heic,
}


@pytest.mark.parametrize("kind", PLAIN)
def test_without_metadata_an_original_stays_as_it_is(kind: str) -> None:
    source = PLAIN[kind]()
    assert original(source) == source


CUT: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: in_jpeg(0xE1, exif()).replace(b"\xff\xdb", b"\0\xff\xdb", 1),
    "png": lambda: image("PNG", exif=exif())[:-12],
    "webp": lambda: image("WEBP", exif=exif())[:-2],
    "gif": lambda: image("GIF", comment=CANARY)[:-1],
    "bmp": lambda: image("BMP") + CANARY,
    "x-icon": lambda: icon(in_png(b"tEXt", b"Comment\0Canary")),
    "avif": lambda: image("AVIF", exif=exif(), xmp=XMP),
}


@pytest.mark.parametrize("kind", CUT)
def test_an_image_in_a_drawing_has_no_metadata_where_it_cannot_be_exchanged(kind: str) -> None:
    data = CUT[kind]()
    assert CANARY in data
    href = f"data:image/{kind};base64,{b64encode(data).decode()}"
    body = original(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image width="9" height="9" href="{href}"/></svg>'.encode()
    )
    written = body[body.index(b";base64,") + 8 :]
    assert CANARY not in b64decode(written[: written.index(b'"')])
