"""AVIFs by libavif and FFmpeg: sampling, range, depth, colours, orientation and damage."""

import io
import itertools
import struct
from typing import Final

import av

from tests.conformance.made.scene import ADOBE, GREY, P3, TILE, Made, exif, saved, soft, steps

NCLX: Final = {
    "sRGB": (1, 13, 6),
    "Rec. 709": (1, 1, 1),
    "P3": (12, 13, 6),
    "2020": (9, 14, 9),
    "linear": (1, 8, 6),
    "P3, matrix 709": (12, 13, 1),
    "PQ": (9, 16, 9),
    "HLG": (9, 18, 9),
    "unspecified": (2, 2, 2),
    "gamma 2.2": (1, 4, 6),
    "gamma 2.8": (1, 5, 6),
}


def avif_files() -> Made:
    for sampling, reach, bands in itertools.product(("4:4:4", "4:2:2", "4:2:0"), ("full", "limited"), (3, 4)):
        yield f"{sampling}, {reach}, {bands} bands", saved(soft(bands), "AVIF", subsampling=sampling, range=reach)
    for reach in ("full", "limited"):
        yield f"grey, {reach}", saved(soft(1), "AVIF", subsampling="4:0:0", range=reach)
    yield "alpha premultiplied", saved(soft(4), "AVIF", alpha_premultiplied=True)
    for name, numbers in NCLX.items():
        for sampling in ("4:4:4", "4:2:0"):
            yield f"nclx {name}, {sampling}", _with_nclx(saved(soft(), "AVIF", subsampling=sampling), numbers)
    for name, profile in (("P3", P3), ("Adobe RGB", ADOBE), ("grey", GREY), ("broken", b"nothing" * 40)):
        yield f"profile {name}", saved(soft(1) if name == "grey" else soft(), "AVIF", icc_profile=profile)
    for number in range(1, 9):
        yield f"orientation {number}", saved(soft().crop((0, 0, 50, 33)), "AVIF", exif=exif(number))
    for width, height in ((1, 1), (1, 30), (30, 1), (7, 9), (33, 31)):
        for sampling in ("4:4:4", "4:2:0"):
            yield f"{width}x{height}, {sampling}", saved(soft(4).resize((width, height)), "AVIF", subsampling=sampling)
    for pixel_format in ("yuv420p10le", "yuv420p"):
        yield f"SVT-AV1, {pixel_format}", _by_ffmpeg(pixel_format)
    yield from _damaged()


def _damaged() -> Made:
    good = saved(soft(), "AVIF")
    yield "bytes at the end", good + b"\0\0\0\x10freetrailing"
    for share in (0.5, 0.8, 0.97):
        yield f"cut off at {share:.0%}", good[: int(len(good) * share)]


def avif_animations() -> Made:
    for sampling, bands, reach in itertools.product(("4:4:4", "4:2:2", "4:2:0"), (3, 4), ("full", "limited")):
        first, *rest = steps(bands)
        yield (
            f"{sampling}, {bands} bands, {reach}, animated",
            saved(first, "AVIF", save_all=True, append_images=rest, subsampling=sampling, range=reach),
        )
    for quality, count in itertools.product((20, 40, 60, 80, 95), (2, 3, 5, 7, 9)):
        first, *rest = steps(3, count)
        yield (
            f"quality {quality}, {count} frames",
            saved(first, "AVIF", save_all=True, range="limited", append_images=rest, quality=quality),
        )
    for duration in (1, 10, 40, 100, 1000, [30, 70, 110]):
        first, *rest = steps()
        yield (
            f"duration {duration}",
            saved(first, "AVIF", save_all=True, range="limited", append_images=rest, duration=duration),
        )
    for name, numbers in NCLX.items():
        first, *rest = steps(3)
        yield (
            f"nclx {name}, animated",
            _with_nclx(saved(first, "AVIF", save_all=True, range="limited", append_images=rest), numbers),
        )
    for name, profile in (("P3", P3), ("Adobe RGB", ADOBE)):
        first, *rest = steps(3)
        yield (
            f"profile {name}, animated",
            saved(first, "AVIF", save_all=True, range="limited", append_images=rest, icc_profile=profile),
        )
    for side in (16, 33, 128):
        for bands in (3, 4):
            first, *rest = steps(bands, side=side)
            yield f"{side} px, {bands} bands", saved(first, "AVIF", save_all=True, range="limited", append_images=rest)
    first, *rest = steps()
    whole = saved(first, "AVIF", save_all=True, range="limited", append_images=rest)
    for share in (0.5, 0.8, 0.97):
        yield f"animated, cut off at {share:.0%}", whole[: int(len(whole) * share)]


def _with_nclx(body: bytes, numbers: tuple[int, int, int]) -> bytes:
    """Say other colours of the same numbers, in every place: what the container says is what counts (MIAF §7.3.6.4)."""
    start = 0
    while (at := body.find(b"colrnclx", start)) >= 0:
        body = body[: at + 8] + struct.pack(">3H", *numbers) + body[at + 14 :]
        start = at + 8
    return body


def _by_ffmpeg(pixel_format: str) -> bytes:
    body = io.BytesIO()
    with av.open(body, "w", format="avif") as container:
        stream = container.add_stream("libsvtav1", rate=1)
        stream.width = stream.height = 2 * TILE
        stream.pix_fmt = pixel_format
        frame = av.VideoFrame.from_image(soft(side=2 * TILE))
        for packet in [*stream.encode(frame.reformat(format=pixel_format)), *stream.encode(None)]:
            container.mux(packet)
    return body.getvalue()
