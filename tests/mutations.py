"""Good files of every format that is read, and ways to damage them: anywhere, and where their structure is.

Knows where formats keep their sizes, chunks, boxes, segments and entries, and repairs the checksums that would hide
a damage from a decoder. The same seed gives the same files.
"""

import io
import struct
import zlib
from base64 import b64decode
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.pipeline import render
from pixmill.plan.limits import Limits
from tests.pixels.bitmaps import file_of, header, palette, runs
from tests.pixels.originals import dng, make_pdf, make_video
from tests.pixels.photoshop import make_psd

PHOTO = Path(__file__).parents[1] / "examples" / "photos" / "sunset.jpg"
MOVING_JXL = (
    b"/wpDBAFYUFwSCAjggQAAaABLGIsVANSMMRjHC0gAoEgJA7BI4N8PSIX2BwiIIIAAAggykQoCAGAASxiLFcJRQuoFJACQf/2bAwAA"
    b"AAAAAAAACIgAAAABBDKR/wEAPABLGIsVwklBXkACAPoDAAA="
)
"""Three frames of 16 × 16 pixels, by cjxl: the canvas, and two parts of it."""

NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF)
SVG = """<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 96 64">
<defs><linearGradient id="g"><stop offset="0" stop-color="red"/><stop offset="1" stop-color="#00f8"/></linearGradient>
<filter id="f"><feGaussianBlur stdDeviation="2"/></filter><style>.a{fill:url(#g)}</style></defs>
<rect class="a" width="60" height="40" filter="url(#f)"/><g transform="rotate(9)"><use xlink:href="#p" x="3"/><path id="p" d="M1 1L9 40C3,4 5,6 7 8z"/></g>
<text x="9" y="50" font-size="12">Hello</text></svg>"""


@cache
def photo() -> Image.Image:
    with Image.open(PHOTO) as image:
        image.thumbnail((96, 96))
        return image.convert("RGB")


def saved(kind: str, **options: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        out = io.BytesIO()
        photo().convert("RGBA" if kind in {"PNG", "WEBP", "AVIF", "ICO"} else "RGB").save(out, kind, **options)
        return out.getvalue()

    return make


def moving(kind: str) -> Callable[[], bytes]:
    picture = photo().convert("RGB" if kind == "GIF" else "RGBA")
    return saved(kind, save_all=True, append_images=[picture.rotate(180), picture.rotate(45)], duration=60)


def ours(kind: str) -> Callable[[], bytes]:
    plan = parse(b"/resize", b"url=a&format=" + kind.encode()).plan
    return lambda: render(memoryview(saved("PNG")()), plan, Limits()).body


def described() -> bytes:
    """A JPEG with EXIF, XMP and a profile."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x8298] = 6, "a picture", "nobody"
    exif.get_ifd(0x8825)[1] = "N"
    return saved(
        "JPEG", exif=exif, icc_profile=bytes(range(256)) * 3, xmp=b"<x:xmpmeta><dc:rights>me</dc:rights></x:xmpmeta>"
    )()


MAKERS: dict[str, Callable[[], bytes]] = {
    "jpeg": saved("JPEG"),
    "progressive jpeg": saved("JPEG", progressive=True),
    "described jpeg": described,
    "png": saved("PNG"),
    "moving png": moving("PNG"),
    "webp": saved("WEBP"),
    "lossless webp": saved("WEBP", lossless=True),
    "moving webp": moving("WEBP"),
    "avif": saved("AVIF"),
    "moving avif": moving("AVIF"),
    "gif": saved("GIF"),
    "moving gif": moving("GIF"),
    "tiff": saved("TIFF"),
    "packed tiff": saved("TIFF", compression="tiff_adobe_deflate"),
    "bmp": saved("BMP"),
    "ico": saved("ICO", sizes=[(32, 32), (16, 16)]),
    "svg": SVG.encode,
    "heic": ours("heic"),
    "jxl": ours("jxl"),
    "moving jxl": lambda: b64decode(MOVING_JXL),
    "packed bmp": lambda: file_of(header(8, 1), runs(8), palette(256)),
    "jp2": saved("JPEG2000"),
    "j2k": saved("JPEG2000", no_jp2=True, irreversible=True, quality_mode="rates", quality_layers=[9]),
    "psd": lambda: make_psd(photo()),
    "deep psb": lambda: make_psd(photo().convert("RGBA"), bits=16, psb=True, layers=-1),
    "pdf": lambda: bytes(make_pdf(photo())),
    "raw": lambda: bytes(dng(photo())),
    "mp4": lambda: bytes(make_video(frames=4)),
    "webm": lambda: bytes(make_video("webm", "libvpx-vp9", frames=4)),
}


@cache
def good(name: str) -> bytes:
    return MAKERS[name]()


def mutated(dice: Random, name: str) -> bytes:
    """A good file with one to a few damages; every third has one of its structure."""
    data = bytearray(good(name))
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8))):
        dice.choice((*ANYWHERE, _structure))(dice, data)
        if not data:
            break
    return bytes(data)


# ---------------------------------------------------------------- anywhere


def _bit(dice: Random, data: bytearray) -> None:
    data[_place(dice, data)] ^= 1 << dice.randrange(8)


def _extreme(dice: Random, data: bytearray) -> None:
    data[_place(dice, data)] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))


def _number(dice: Random, data: bytearray) -> None:
    at, width = _place(dice, data), dice.choice((2, 4))
    data[at : at + width] = (dice.choice(NUMBERS) % (1 << 8 * width)).to_bytes(width, dice.choice(("big", "little")))


def _cut(dice: Random, data: bytearray) -> None:
    del data[dice.randrange(1, len(data)) if len(data) > 1 else 0 :]


def _hole(dice: Random, data: bytearray) -> None:
    at = _place(dice, data)
    del data[at : at + dice.choice((1, 4, 40))]


def _splice(dice: Random, data: bytearray) -> None:
    other = good(dice.choice(list(MAKERS)))
    start, at = dice.randrange(len(other)), _place(dice, data)
    data[at : at + dice.choice((0, 16))] = other[start : start + dice.choice((4, 16, 64, 1024))]


def _repeat(dice: Random, data: bytearray) -> None:
    at, length = _place(dice, data), dice.choice((8, 64, 512))
    data[at:at] = data[at : at + length] * dice.choice((1, 2, 50))


ANYWHERE = (_bit, _extreme, _number, _cut, _hole, _splice, _repeat)


def _place(dice: Random, data: bytearray) -> int:
    """Half of the time near the beginning, where headers are."""
    return dice.randrange(min(len(data), 128)) if dice.random() < 0.5 else dice.randrange(len(data))


# ---------------------------------------------------------------- where the structure is

Part = tuple[int, int, int]
"""Where a chunk begins, where its content begins, and where it ends."""


def _structure(dice: Random, data: bytearray) -> None:
    """A chunk lost, doubled, moved, with a number of its content changed, or of a size that is not its own."""
    parts = _parts(bytes(data))
    if not parts:
        return _number(dice, data)
    start, content, end = dice.choice(parts)
    match dice.randrange(5):
        case 0:
            del data[start:end]
        case 1:
            data[end:end] = data[start:end] * dice.choice((1, 1, 30))
        case 2:
            moved = data[start:end]
            del data[start:end]
            at = min(dice.choice(parts)[0], len(data))
            data[at:at] = moved
        case 3 if end > content:
            at = dice.randrange(content, min(end, content + 40))
            data[at : min(at + 4, end)] = dice.choice(NUMBERS).to_bytes(4, dice.choice(("big", "little")))[: end - at]
        case _:
            at = start + dice.randrange(max(1, content - start))
            data[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
    if data.startswith(b"\x89PNG"):
        _sum_again(data)
    return None


def _parts(data: bytes) -> list[Part]:
    if data.startswith(b"\x89PNG"):
        return _walked(data, 8, lambda at: (8, struct.unpack_from(">I", data, at)[0] + 12))
    if data.startswith(b"RIFF"):
        return _walked(data, 12, lambda at: (8, (struct.unpack_from("<I", data, at + 4)[0] + 9) & ~1))
    if data.startswith(b"\xff\xd8"):
        return _walked(data, 2, lambda at: (4, struct.unpack_from(">H", data, at + 2)[0] + 2))
    if data[4:8] in (b"ftyp", b"JXL "):
        return _boxes(data, 0, len(data))
    if data[:4] in (b"II*\0", b"MM\0*"):
        return _entries(data)
    return []


def _walked(data: bytes, at: int, measure: Callable[[int], tuple[int, int]]) -> list[Part]:
    parts: list[Part] = []
    while at + 8 <= len(data) and len(parts) < 200:
        head, length = measure(at)
        parts.append((at, min(at + head, len(data)), min(at + length, len(data))))
        at += max(length, 1)
    return parts


def _boxes(data: bytes, at: int, end: int) -> list[Part]:
    """Of ISO/IEC 14496-12, also those within the ones that only hold others."""
    parts: list[Part] = []
    while at + 8 <= end and len(parts) < 200:
        size, kind = struct.unpack_from(">I4s", data, at)
        stop = min(at + size, end) if size >= 8 else end
        parts.append((at, min(at + 8, stop), stop))
        if kind in (b"meta", b"moov", b"trak", b"mdia", b"minf", b"stbl", b"iprp", b"ipco"):
            parts += _boxes(data, at + (12 if kind == b"meta" else 8), stop)
        at = stop
    return parts


def _entries(data: bytes) -> list[Part]:
    order = "<" if data[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", data, 4)
    if first + 2 > len(data):
        return []
    (count,) = struct.unpack_from(order + "H", data, first)
    places = range(first + 2, min(first + 2 + 12 * min(count, 100), len(data) - 12), 12)
    return [(at, at + 2, at + 12) for at in places]


def _sum_again(data: bytearray) -> None:
    """A PNG whose chunks have their right checksums: without, a decoder stops before the damage."""
    for start, _, end in _parts(bytes(data)):
        if end - start >= 12:
            data[end - 4 : end] = zlib.crc32(data[start + 4 : end - 4]).to_bytes(4, "big")
