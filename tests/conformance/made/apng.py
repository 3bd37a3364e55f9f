"""APNGs written chunk by chunk: disposal, blending, delays, colours and damage."""

import itertools
import struct
from typing import Any

from tests.conformance.made.png import (
    GREY_ALPHA_TYPE,
    GREY_TYPE,
    RGB_TYPE,
    RGBA_TYPE,
    SIGNALS,
    Chunk,
    chunk,
    image_data,
)
from tests.conformance.made.scene import Made, exif, scene, small


def apng(
    frames: list[dict[str, Any]], *, kind: int = RGBA_TYPE, plays: int = 0, chunks: list[Chunk] | None = None
) -> bytes:
    """Frames are ``samples, x, y, delay, dispose, blend``; a first one with ``hidden`` is the default image only."""
    height, width = frames[0]["samples"].shape[:2]
    shown = [frame for frame in frames if not frame.get("hidden")]
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)), *(chunks or [])]
    parts.append((b"acTL", struct.pack(">II", len(shown), plays)))
    number = itertools.count()
    for position, frame in enumerate(frames):
        body = image_data(frame["samples"], 8)
        if not frame.get("hidden"):
            tall, wide = frame["samples"].shape[:2]
            place = struct.pack(">5I", next(number), wide, tall, frame.get("x", 0), frame.get("y", 0))
            numerator, denominator = frame.get("delay", (1, 10))
            rest = struct.pack(">HHBB", numerator, denominator, frame.get("dispose", 0), frame.get("blend", 0))
            parts.append((b"fcTL", place + rest))
        parts.append((b"IDAT", body) if position == 0 else (b"fdAT", struct.pack(">I", next(number)) + body))
    return b"\x89PNG\r\n\x1a\n" + b"".join(itertools.starmap(chunk, parts)) + chunk(b"IEND", b"")


def apng_files() -> Made:
    ground = scene(bands=4)
    for dispose, blend, alpha in itertools.product((0, 1, 2), (0, 1), (0, 128, 255)):
        frames: list[dict[str, Any]] = [{"samples": ground, "dispose": dispose, "blend": blend}]
        frames += [
            {"samples": small(80 * step, alpha), "x": 9 * step, "y": 7 * step, "dispose": dispose, "blend": blend}
            for step in range(3)
        ]
        yield f"disposal {dispose}, blending {blend}, alpha {alpha}", apng(frames)
    for name in ("gAMA 1", "gAMA, cHRM of P3", "iCCP", "cICP P3", "sRGB"):
        opaque: list[dict[str, Any]] = [{"samples": small(90 * step)} for step in range(3)]
        yield f"{name}, animated", apng(opaque, chunks=SIGNALS[name])
    for number in range(1, 9):
        frames = [{"samples": small(90 * step)} for step in range(2)]
        yield f"orientation {number}, animated", apng(frames, chunks=[(b"eXIf", exif(number).tobytes()[6:])])
    for delay in ((0, 10), (1, 0), (1, 100), (1, 1000), (7, 30), (30, 1), (65535, 1000)):
        yield f"delay {delay[0]}/{delay[1]}", apng([{"samples": small(90 * step), "delay": delay} for step in range(2)])
    yield (
        "a default image that is no frame",
        apng([{"samples": ground, "hidden": True}, *({"samples": small(90 * step)} for step in range(2))]),
    )
    yield "one frame", apng([{"samples": ground}])
    for kind, bands in ((RGB_TYPE, 3), (GREY_TYPE, 1), (GREY_ALPHA_TYPE, 2)):
        yield (
            f"type {kind}, animated",
            apng([{"samples": scene(30 - step, 20, bands), "x": 0} for step in range(3)], kind=kind),
        )
    moving = apng([{"samples": small(90 * step)} for step in range(4)])
    for share in (0.3, 0.6, 0.9):
        yield f"animated, cut off at {share:.0%}", moving[: int(len(moving) * share)]
    yield (
        "fewer frames than announced",
        moving.replace(chunk(b"acTL", struct.pack(">II", 4, 0)), chunk(b"acTL", struct.pack(">II", 9, 0))),
    )
    yield (
        "more frames than announced",
        moving.replace(chunk(b"acTL", struct.pack(">II", 4, 0)), chunk(b"acTL", struct.pack(">II", 2, 0))),
    )
    outside: list[dict[str, Any]] = [{"samples": ground}, {"samples": small(90), "x": 50, "y": 40}]
    yield "a frame that leaves the canvas", apng(outside)
