"""AVIF by Pillow's libavif (dav1d decodes, libaom encodes), on one thread.

Knows AVIF's ways: turns kept in the container (Pillow reports them as EXIF orientation), quality and speed.
"""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

from PIL import AvifImagePlugin

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.avif_timing import repeated, timing
from pixmill.engine.codecs.carried import carrying
from pixmill.engine.codecs.effort import codec_effort
from pixmill.engine.codecs.film import Film
from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.codecs.reel import Reel
from pixmill.engine.pixels.bridge import to_pillow, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.layout import Layout
from pixmill.media import Format
from pixmill.plan.output import PLAIN, Encoding, Subsampling

AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # parallelism comes from processes

_DEPTH = 8
_SLOWEST = 9
"""Effort in libvips where speed is 0."""


class AvifPicture:
    """An AVIF, also an animated one."""

    def __init__(self, source: memoryview, page: int = 1) -> None:
        self._source = source
        self._page = page
        self._image = AvifImagePlugin.AvifImageFile(BytesIO(source))
        header = pillow.header(self._image, Format.AVIF)
        self.header: Header = replace(header, timing=timing(source, header.frames) if header.frames > 1 else None)

    def at(self, page: int) -> "AvifPicture":
        return AvifPicture(self._source, page)

    def decode(self, need: Need) -> Frame:
        return self._frame(self._page, need)

    def frames(self, need: Need) -> Iterator[Frame]:
        for page in range(1, self.header.frames + 1):
            yield self._frame(page, need)

    def _frame(self, page: int, need: Need) -> Frame:
        self._image.seek(page - 1)
        return pillow.frame(self._image, self.header.profile, need.area)


def write(frame: Frame, quality: int, kept: Kept, encoding: Encoding = PLAIN) -> bytes:
    """An AVIF of 8 bits, or, by libvips, of more or without loss."""
    if encoding.lossless or encoding.depth > _DEPTH:
        return _deep(frame, quality, kept, encoding)
    out = BytesIO()
    to_pillow(frame).save(
        out,
        "AVIF",
        quality=codec_quality(Format.AVIF, quality),
        speed=codec_effort(Format.AVIF, encoding),
        subsampling="4:0:0" if frame.layout is Layout.L else ":".join(encoding.subsampling),
        max_threads=1,
        icc_profile=frame.profile or b"",
        exif=kept.exif,
        xmp=kept.xmp,
    )
    return out.getvalue()


def _deep(frame: Frame, quality: int, kept: Kept, encoding: Encoding) -> bytes:
    """By libvips, which knows 4:2:0 and 4:4:4 only."""
    image, keep = carrying(to_vips(frame), kept, frame.profile)
    body: Any = image.heifsave_buffer(
        compression="av1",
        Q=codec_quality(Format.AVIF, quality),
        lossless=encoding.lossless,
        bitdepth=encoding.depth,
        effort=max(0, _SLOWEST - codec_effort(Format.AVIF, encoding)),
        subsample_mode="on" if encoding.subsampling is Subsampling.S420 and not encoding.lossless else "off",
        keep=keep,
    )
    return bytes(body)


def animate(reel: Reel, quality: int, kept: Kept, encoding: Encoding = PLAIN) -> bytes:
    """An AVIF sequence of 8 bits."""
    out = BytesIO()
    Film(reel).save(
        out,
        "AVIF",
        save_all=True,
        duration=list(reel.timing.delays_ms),
        quality=codec_quality(Format.AVIF, quality),
        speed=codec_effort(Format.AVIF, encoding),
        subsampling=":".join(encoding.subsampling),
        max_threads=1,
        exif=kept.exif,
        xmp=kept.xmp,
    )
    return repeated(out.getvalue(), reel.timing.plays)
