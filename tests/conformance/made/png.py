"""PNGs written chunk by chunk: every type, depth, colour signal and kind of damage."""

import itertools
import struct
import zlib
from collections.abc import Callable
from typing import Final

import numpy as np

from tests.conformance.made.scene import ADOBE, GREY, P3, PALETTE, Made, Samples, exif, scene
from tests.pixels import profiles

Chunk = tuple[bytes, bytes]

GREY_TYPE, RGB_TYPE, PALETTE_TYPE, GREY_ALPHA_TYPE, RGBA_TYPE = 0, 2, 3, 4, 6
BANDS: Final = {GREY_TYPE: 1, RGB_TYPE: 3, PALETTE_TYPE: 1, GREY_ALPHA_TYPE: 2, RGBA_TYPE: 4}
KINDS: Final = [
    *((GREY_TYPE, depth) for depth in (1, 2, 4, 8, 16)),
    *((PALETTE_TYPE, depth) for depth in (1, 2, 4, 8)),
    *((kind, depth) for kind in (RGB_TYPE, GREY_ALPHA_TYPE, RGBA_TYPE) for depth in (8, 16)),
]
_ADAM7: Final = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _rows(samples: Samples, depth: int) -> bytes:
    if not samples.size:
        return b""
    rows = []
    for number, row in enumerate(samples.reshape(len(samples), -1)):
        if depth == 16:
            packed = row.astype(">u2").tobytes()
        elif depth == 8:
            packed = row.astype(np.uint8).tobytes()
        else:
            bits = (row[:, None] >> np.arange(depth - 1, -1, -1)) & 1
            packed = np.packbits(bits.astype(np.uint8)).tobytes()
        step = max(1, depth * samples.shape[2] // 8)
        if number % 2 and depth >= 8:  # the filter Sub, so that not all is filter None
            line = np.frombuffer(packed, np.uint8)
            before = np.concatenate([np.zeros(step, np.uint8), line[:-step]])
            rows.append(b"\1" + (line - before).tobytes())
        else:
            rows.append(b"\0" + packed)
    return b"".join(rows)


def image_data(samples: Samples, depth: int, *, interlaced: bool = False) -> bytes:
    passes = [samples[y::dy, x::dx] for x, y, dx, dy in _ADAM7] if interlaced else [samples]
    return zlib.compress(b"".join(_rows(part, depth) for part in passes))


def png(
    kind: int,
    depth: int,
    chunks: list[Chunk] | None = None,
    *,
    interlaced: bool = False,
    samples: Samples | None = None,
    end: bytes = chunk(b"IEND", b""),
) -> bytes:
    samples = scene(bands=BANDS[kind], depth=depth) if samples is None else samples
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    ahead = [item for item in chunks or [] if item[0] not in (b"tRNS", b"eXIf")]
    after = [item for item in chunks or [] if item[0] in (b"tRNS", b"eXIf")]
    palette = [(b"PLTE", PALETTE[: 3 * 2**depth])] if kind == PALETTE_TYPE else []
    parts = [(b"IHDR", header), *ahead, *palette, *after]
    parts.append((b"IDAT", image_data(samples, depth, interlaced=interlaced)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(itertools.starmap(chunk, parts)) + end


def chrm(primaries: tuple[tuple[float, float], ...], white: tuple[float, float] = profiles.D65_XY) -> Chunk:
    return b"cHRM", struct.pack(">8I", *(round(value * 100_000) for pair in (white, *primaries) for value in pair))


def gama(gamma: float) -> Chunk:
    return b"gAMA", struct.pack(">I", round(gamma * 100_000))


def iccp(profile: bytes) -> Chunk:
    return b"iCCP", b"ICC profile\0\0" + zlib.compress(profile)


SRGB_CHUNK: Final = (b"sRGB", b"\0")
REC2020: Final = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
SIGNALS: Final[dict[str, list[Chunk]]] = {
    "untagged": [],
    "sRGB": [SRGB_CHUNK],
    "gAMA 1/2.2": [gama(1 / 2.2)],
    "gAMA 1": [gama(1)],
    "gAMA 1/1.8": [gama(1 / 1.8)],
    "gAMA 0.35": [gama(0.35)],
    "cHRM alone": [chrm(profiles.DISPLAY_P3)],
    "gAMA, cHRM of sRGB": [gama(1 / 2.2), chrm(profiles.SRGB)],
    "gAMA, cHRM of P3": [gama(1 / 2.2), chrm(profiles.DISPLAY_P3)],
    "gAMA, cHRM of 2020": [gama(1 / 2.2), chrm(REC2020)],
    "gAMA, cHRM with white D50": [gama(1 / 1.8), chrm(profiles.ADOBE_RGB, (0.3457, 0.3585))],
    "gAMA of 0": [gama(0)],
    "cHRM of zeros": [gama(1 / 2.2), (b"cHRM", bytes(32))],
    "sRGB over gAMA": [gama(1), SRGB_CHUNK],
    "iCCP": [iccp(P3)],
    "iCCP over sRGB": [iccp(ADOBE), SRGB_CHUNK],
    "iCCP over gAMA": [gama(1), iccp(ADOBE)],
    "iCCP that is none": [iccp(b"nothing" * 30)],
    "cICP sRGB": [(b"cICP", bytes([1, 13, 0, 1]))],
    "cICP Rec. 709": [(b"cICP", bytes([1, 1, 0, 1]))],
    "cICP P3": [(b"cICP", bytes([12, 13, 0, 1]))],
    "cICP 2020": [(b"cICP", bytes([9, 14, 0, 1]))],
    "cICP linear": [(b"cICP", bytes([1, 8, 0, 1]))],
    "cICP linear 2020": [(b"cICP", bytes([9, 8, 0, 1]))],
    "cICP PQ": [(b"cICP", bytes([9, 16, 0, 1]))],
    "cICP HLG": [(b"cICP", bytes([9, 18, 0, 1]))],
    "cICP PQ P3": [(b"cICP", bytes([12, 16, 0, 1]))],
    "cICP unspecified": [(b"cICP", bytes([2, 2, 0, 1]))],
    "cICP over iCCP": [(b"cICP", bytes([12, 13, 0, 1])), iccp(ADOBE)],
    "cICP over gAMA": [(b"cICP", bytes([12, 13, 0, 1])), gama(1)],
    "cICP too short": [(b"cICP", bytes([12, 13]))],
}
TRANSPARENT: Final = {
    GREY_TYPE: lambda depth: struct.pack(">H", 2**depth - 1),
    RGB_TYPE: lambda depth: struct.pack(">3H", 2**depth - 1, 0, 0),
    PALETTE_TYPE: lambda depth: bytes(range(0, 250, 2))[: 2**depth],
}


def png_files() -> Made:
    for kind, depth in KINDS:
        for interlaced in (False, True):
            yield f"type {kind}, {depth} bits{', interlaced' * interlaced}", png(kind, depth, interlaced=interlaced)
        if kind in TRANSPARENT:
            yield f"type {kind}, {depth} bits, tRNS", png(kind, depth, [(b"tRNS", TRANSPARENT[kind](depth))])
    for name, signal in SIGNALS.items():
        for kind, depth in ((RGB_TYPE, 8), (RGB_TYPE, 16), (RGBA_TYPE, 8), (PALETTE_TYPE, 8), (GREY_TYPE, 8)):
            if (kind, depth) != (GREY_TYPE, 8) or "iCCP" not in name:
                yield f"{name}, type {kind}, {depth} bits", png(kind, depth, signal)
    yield "iCCP of grey, type 0, 8 bits", png(GREY_TYPE, 8, [iccp(GREY)])
    for number in range(1, 9):
        yield f"orientation {number}", png(RGB_TYPE, 8, [(b"eXIf", exif(number).tobytes()[6:])])
    for width, height in ((1, 1), (1, 9), (9, 1), (2, 3), (7, 5), (300, 1)):
        yield f"{width}x{height}, interlaced", png(RGB_TYPE, 8, samples=scene(width, height), interlaced=True)
    yield from _damaged_pngs()


def _damaged_pngs() -> Made:
    good = png(RGB_TYPE, 8, [gama(1 / 2.2)])
    data = good.index(b"IDAT")
    size = struct.unpack(">I", good[data - 4 : data])[0]
    ending = good[data + 8 + size :]

    def patched(at: int, new: bytes) -> bytes:
        return good[:at] + new + good[at + len(new) :]

    yield "no IEND", good[: -len(ending)]
    yield "bytes after IEND", good + b"trailing"
    yield "CRC of gAMA is wrong", patched(good.index(b"gAMA") + 8, b"\0\0\0\0")
    yield "CRC of IDAT is wrong", patched(data + 4 + size, b"\0\0\0\0")
    yield "CRC of IHDR is wrong", patched(29, b"\0\0\0\0")
    yield "Adler-32 is wrong", _with_data(good, lambda body: body[:-4] + b"\0\0\0\0")
    yield "no Adler-32", _with_data(good, lambda body: body[:-4])
    yield "more data than pixels", _with_data(good, lambda body: zlib.compress(zlib.decompress(body) + bytes(500)))
    yield "IDAT in pieces", _with_data(good, lambda body: body, pieces=17)
    yield "empty IDATs", _with_data(good, lambda body: body, pieces=0)
    for share in (0.3, 0.6, 0.9):
        yield f"cut off at {share:.0%}", good[: int(len(good) * share)]
        yield (
            f"interlaced, cut off at {share:.0%}",
            (whole := png(RGB_TYPE, 8, interlaced=True))[: int(len(whole) * share)],
        )
        rows = _with_data(good, lambda body, share=share: zlib.compress(zlib.decompress(body)[: int(7912 * share)]))  # type: ignore[misc]
        yield f"rows for {share:.0%} only", rows
    yield "an unknown ancillary chunk", good[:33] + chunk(b"teSt", b"x" * 40) + good[33:]
    yield "an unknown critical chunk", good[:33] + chunk(b"TEST", b"x") + good[33:]
    yield "gAMA after IDAT", good[:33] + good[data - 4 : -12] + chunk(*gama(1)) + good[-12:]
    yield "sRGB of two bytes", png(RGB_TYPE, 8, [(b"sRGB", b"\0\0")])
    yield "a palette beside RGB", png(RGB_TYPE, 8, [(b"PLTE", PALETTE[:60])])
    yield "tRNS longer than the palette", png(PALETTE_TYPE, 2, [(b"tRNS", bytes(40))])
    yield (
        "an index beyond the palette",
        png(PALETTE_TYPE, 8).replace(chunk(b"PLTE", PALETTE), chunk(b"PLTE", PALETTE[:300])),
    )


def _with_data(whole: bytes, change: Callable[[bytes], bytes], pieces: int = 1) -> bytes:
    at = whole.index(b"IDAT") - 4
    size = struct.unpack(">I", whole[at : at + 4])[0]
    body = change(whole[at + 8 : at + 8 + size])
    step = -(-len(body) // (pieces or 3))
    parts = [chunk(b"IDAT", body[start : start + step]) for start in range(0, len(body), step)]
    joined = (b"" if pieces else chunk(b"IDAT", b"")).join(parts)
    return whole[:at] + joined + whole[at + 12 + size :]
