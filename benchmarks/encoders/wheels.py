"""Encoders from wheels, in this process and on one thread: Pillow (libjpeg-turbo, libwebp, libaom), libvips, FFmpeg
(SVT-AV1), jpegli, oxipng, libjxl.

Those that Pixmill does not depend on are installed into the folder of the benchmarks.
"""

import io
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyvips
from benchmarks.encoders.encoder import (
    AVIF_QUALITIES,
    JPEG_QUALITIES,
    JXL_QUALITIES,
    LOSSLESS,
    WEBP_QUALITIES,
    Encoded,
    Encoder,
    content,
    pixels,
    timed,
)
from benchmarks.material import HOME
from PIL import Image, features

SIDE = 512
PACKAGES = ("pyjpegli==0.3.2", "pyoxipng==9.1.1")
FULL_RANGE, BT709, BT601, SRGB = 2, 1, 6, 13
"""Code points of ITU-T H.273."""

SVT_CRF = (44, 36, 28, 20, 12)

pyvips.cache_set_max(0)


def install() -> None:
    """Make the packages importable that are none of Pixmill's."""
    folder = HOME / "encoders" / "wheels"
    if not folder.exists():
        subprocess.run(
            [
                str(Path(sys.executable).with_name("uv")),
                "pip",
                "install",
                "-q",
                "--no-deps",
                "--target",
                str(folder),
                *PACKAGES,
            ],
            check=True,
        )
    sys.path.append(str(folder))


def encoders() -> Iterator[Encoder]:
    install()
    pillow = f"Pillow {version('pillow')}"
    turbo = {"optimize": True}
    yield Encoder(
        "libjpeg-turbo",
        "jpeg",
        JPEG_QUALITIES,
        pillow_encoder("JPEG", **turbo),
        f"{pillow}, libjpeg-turbo {features.version('jpg')}",
    )
    yield Encoder("jpegli", "jpeg", JPEG_QUALITIES, jpegli, PACKAGES[0])
    for speed in (8, 6):
        options = {"speed": speed, "max_threads": 1}
        yield Encoder(
            f"libaom speed {speed}",
            "avif",
            AVIF_QUALITIES,
            pillow_encoder("AVIF", **options),
            f"{pillow}, libavif {features.version('avif')}",
        )
    yield Encoder("SVT-AV1 preset 8", "avif", SVT_CRF, svt, f"FFmpeg of PyAV {version('av')}")
    libjxl = pillow_encoder("JXL", effort=7)
    yield Encoder("libjxl effort 7", "jxl", JXL_QUALITIES, libjxl, f"pillow-jxl-plugin {version('pillow-jxl-plugin')}")
    for level in (2, 4):
        yield Encoder(f"oxipng level {level}", "png", LOSSLESS, partial(oxipng, level=level), PACKAGES[1])
    yield Encoder("Pillow", "png", LOSSLESS, pillow_encoder("PNG", optimize=False), pillow)
    for resizes in (False, True):
        yield from libvips(resizes=resizes)


def libvips(*, resizes: bool) -> Iterator[Encoder]:
    said = f"libvips {pyvips.version(0)}.{pyvips.version(1)}.{pyvips.version(2)}"
    of = partial(Encoder, version=said, resizes=resizes)
    mozjpeg = {
        "optimize_coding": True,
        "interlace": True,
        "trellis_quant": True,
        "overshoot_deringing": True,
        "optimize_scans": True,
        "quant_table": 3,
    }
    yield of("libvips", "jpeg", JPEG_QUALITIES, vips_encoder("jpegsave", resizes=resizes))
    yield of("mozjpeg (libvips)", "jpeg", JPEG_QUALITIES, vips_encoder("jpegsave", resizes=resizes, **mozjpeg))
    yield of("libvips", "webp", WEBP_QUALITIES, vips_encoder("webpsave", resizes=resizes))
    if not resizes:  # as sharp's, which is slow
        yield of("libvips", "avif", AVIF_QUALITIES[1:4], vips_encoder("heifsave", resizes=resizes, compression="av1"))
    yield of("libvips", "png", LOSSLESS, vips_encoder("pngsave", resizes=resizes))


def pillow_encoder(kind: str, **options: Any) -> Any:
    def encode(image: Path, quality: float) -> Encoded:
        out = io.BytesIO()
        number = {} if kind == "PNG" else {"quality": int(quality)}
        frame = pixels(image)
        return timed(lambda: (frame.save(out, kind, **number, **options), out.getvalue())[1])

    return encode


def vips_encoder(saver: str, *, resizes: bool, **options: Any) -> Any:
    """Encode by libvips, with its defaults for all that is not named, without metadata."""

    def encode(image: Path, quality: float) -> Encoded:
        number = {} if saver == "pngsave" else {"Q": int(quality)}
        return timed(lambda: bytes(getattr(frame(image), f"{saver}_buffer")(keep="none", **number, **options)))

    def frame(image: Path) -> Any:
        return (
            pyvips.Image.thumbnail_buffer(content(image), SIDE, height=SIDE, size="down")
            if resizes
            else in_memory(image)
        )

    return encode


@lru_cache(maxsize=4)
def in_memory(image: Path) -> Any:
    return pyvips.Image.new_from_array(np.asarray(pixels(image))).copy(interpretation="srgb")


def jpegli(image: Path, quality: float) -> Encoded:
    import pyjpegli  # noqa: PLC0415 - installed by install()

    frame = pixels(image).convert("RGB")
    content = frame.tobytes()
    return timed(lambda: pyjpegli.encode(content, frame.width, frame.height, int(quality)))


def oxipng(image: Path, _quality: float, *, level: int) -> Encoded:
    import oxipng as library  # noqa: PLC0415 - installed by install()

    body = content(image)
    return timed(lambda: library.optimize_from_memory(body, level=level))


def svt(image: Path, quality: float) -> Encoded:
    """Encode one frame of 4:2:0, full range."""
    rgb = pixels(image).convert("RGB")
    even = Image.new("RGB", (rgb.width + rgb.width % 2, rgb.height + rgb.height % 2))
    even.paste(rgb)
    return timed(lambda: svt_file(even, int(quality)))


def svt_file(image: Image.Image, crf: int) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="avif") as container:
        stream = container.add_stream(
            "libsvtav1", rate=1, options={"crf": str(crf), "preset": "8", "svtav1-params": "avif=1:lp=1"}
        )
        stream.width, stream.height, stream.pix_fmt = image.width, image.height, "yuv420p"
        context = stream.codec_context
        context.color_range, context.colorspace, context.color_primaries, context.color_trc = (
            FULL_RANGE,
            BT601,
            BT709,
            SRGB,
        )
        frame = av.VideoFrame.from_image(image).reformat(
            format="yuv420p", dst_colorspace="ITU601", dst_color_range="JPEG"
        )
        for packet in (*stream.encode(frame), *stream.encode()):
            container.mux(packet)
    return out.getvalue()
