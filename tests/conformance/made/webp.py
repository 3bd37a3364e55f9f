"""WebPs by libwebp, and animations whose frames are placed by hand."""

import itertools
import struct
from typing import Any

import numpy as np
from PIL import Image

from tests.conformance.made.scene import ADOBE, P3, TILE, Made, exif, saved, scene, small, soft, steps


def webp_files() -> Made:
    for bands, quality, method in itertools.product((3, 4), (10, 50, 90, 100), (0, 4, 6)):
        yield (
            f"{bands} bands, quality {quality}, method {method}",
            saved(soft(bands), "WEBP", quality=quality, method=method),
        )
    for bands, exact in itertools.product((3, 4), (False, True)):
        yield f"{bands} bands, lossless{', exact' * exact}", saved(soft(bands), "WEBP", lossless=True, exact=exact)
    for quality in (0, 50):
        yield f"alpha of quality {quality}", saved(soft(4), "WEBP", alpha_quality=quality)
    for width, height in ((1, 1), (1, 30), (30, 1), (7, 9), (15, 17), (33, 31)):
        for lossless in (False, True):
            yield (
                f"{width}x{height}{', lossless' * lossless}",
                saved(soft(4).resize((width, height)), "WEBP", lossless=lossless),
            )
    for name, profile in (("P3", P3), ("Adobe RGB", ADOBE), ("broken", b"nothing" * 40)):
        for lossless in (False, True):
            yield (
                f"profile {name}{', lossless' * lossless}",
                saved(soft(), "WEBP", icc_profile=profile, lossless=lossless),
            )
    for mode in ("L", "P"):
        yield f"from {mode}, lossless", saved(soft().convert(mode), "WEBP", lossless=True)
    yield "smart upsampling, text", saved(soft(), "WEBP", use_sharp_yuv=True)
    yield from _damaged()


def _damaged() -> Made:
    good = saved(soft(), "WEBP", quality=90)
    exact = saved(soft(4), "WEBP", lossless=True)
    for name, whole in (("lossy", good), ("lossless", exact)):
        yield f"{name}, bytes at the end", whole + b"trailing" * 3
        for share in (0.3, 0.6, 0.9):
            yield f"{name}, cut off at {share:.0%}", whole[: int(len(whole) * share)]
        yield f"{name}, a wrong RIFF size", whole[:4] + struct.pack("<I", 9) + whole[8:]
    for number in range(1, 9):
        yield f"orientation {number}", saved(soft().crop((0, 0, 50, 33)), "WEBP", exif=exif(number))


def webp_animations() -> Made:
    for bands, lossless, kmax, mixed in itertools.product((3, 4), (True, False), (0, 1, 5), (False, True)):
        first, *rest = steps(bands, 4)
        name = f"{bands} bands, {'lossless' if lossless else 'lossy'}, key frames {kmax}{', mixed' * mixed}"
        yield (
            name,
            saved(
                first,
                "WEBP",
                save_all=True,
                append_images=rest,
                lossless=lossless,
                kmin=0,
                kmax=kmax,
                allow_mixed=mixed,
                duration=90,
            ),
        )
    for blend, dispose, alpha in itertools.product((0, 1), (0, 1), (0, 128, 255)):
        yield f"blending {1 - blend}, disposal {dispose}, alpha {alpha}", _webp_of(blend, dispose, alpha)
    for duration in (0, 1, 10, 11, 50, 1000, [30, 70, 110]):
        first, *rest = steps()
        yield (
            f"duration {duration}",
            saved(first, "WEBP", save_all=True, append_images=rest, duration=duration, lossless=True),
        )
    for background in ((255, 0, 0, 255), (0, 0, 255, 128)):
        first, *rest = steps()
        yield (
            f"background {background}",
            saved(first, "WEBP", save_all=True, append_images=rest, background=background, lossless=True),
        )
    for name, profile in (("P3", P3), ("Adobe RGB", ADOBE)):
        for lossless in (False, True):
            first, *rest = steps(3)
            yield (
                f"profile {name}{', lossless' * lossless}, animated",
                saved(first, "WEBP", save_all=True, append_images=rest, icc_profile=profile, lossless=lossless),
            )
    for bands, quality, method in itertools.product((3, 4), (20, 60, 95), (0, 3, 6)):
        first, *rest = steps(bands)
        options: dict[str, Any] = {"quality": quality, "method": method, "duration": 10 * quality}
        yield (
            f"{bands} bands, quality {quality}, method {method}, animated",
            saved(first, "WEBP", save_all=True, append_images=rest, **options),
        )
    first, *rest = steps()
    whole = saved(first, "WEBP", save_all=True, append_images=rest, lossless=True)
    for share in (0.4, 0.7, 0.95):
        yield f"animated, cut off at {share:.0%}", whole[: int(len(whole) * share)]
    for loops in (1, 2, 5, 100):
        yield f"loops {loops}", saved(first, "WEBP", save_all=True, append_images=rest, loop=loops, lossless=True)
    yield "one frame", saved(first, "WEBP", save_all=True, lossless=True)


def _webp_of(blend: int, dispose: int, alpha: int) -> bytes:
    """Frames placed by hand, since encoders choose places, blending and disposal themselves."""
    frames = b""
    for step in range(4):
        pixels = (scene(TILE, TILE, 4) if step == 0 else small(80 * step, alpha)).astype(np.uint8)
        inner = saved(Image.fromarray(pixels), "WEBP", lossless=True, exact=True)[12:]
        if inner.startswith(b"VP8X"):
            inner = inner[18:]
        height, width = pixels.shape[:2]
        place = 0 if step == 0 else 8 * step
        numbers = b"".join(
            struct.pack("<I", value)[:3] for value in (place // 2, place // 2, width - 1, height - 1, 100)
        )
        body = numbers + bytes([blend << 1 | dispose]) + inner
        frames += b"ANMF" + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    canvas = struct.pack("<I", TILE - 1)[:3] * 2
    body = b"WEBPVP8X" + struct.pack("<II", 10, 0x12) + canvas + b"ANIM" + struct.pack("<IIH", 6, 0, 0) + frames
    return b"RIFF" + struct.pack("<I", len(body)) + body
