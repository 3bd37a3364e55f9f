"""Chooses the format of the result, after the steps, when its content is known.

If the format is free, one of those that the client accepts (AVIF before WebP by default):

- photographs, also with transparency: the first. At quality 80, relative to a JPEG: AVIF .49 to .93 of the bytes, WebP
  .62 to 1.10.
- drawings: the first too. AVIF at the speed that it has for them takes 0.75 to 0.98 of the bytes of WebP.
- very small images: WebP, because AVIF's boxes alone take 300 bytes. At a width of 24 pixels .51 to .70 of its bytes,
  from 100 on 1.04 and more.
- animations: the first. Eight frames of 400 × 267 pixels take 45 kB in 0.41 s as AVIF, 113 in 0.36 as WebP, 520 in 0.28
  as GIF; of a graphic 5.0, 6.0 and 7.1.

If it accepts neither: GIF for animations, PNG for graphics and transparency, JPEG for photographs, also those from a
PNG. Which of several encodings is the smallest is found out by encoding (``output/encode.py``).
"""

from dataclasses import replace
from typing import Final

from pixmill.engine.codecs.table import can_encode, can_encode_animation, missing_extra_hint
from pixmill.engine.pixels.analysis.content import is_graphic
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.frame import Frame
from pixmill.errors import MissingExtra, UnsupportedOutput
from pixmill.media import DESCRIPTION_FORMATS, MEDIA, Format
from pixmill.plan.negotiation import kept_format, replacing_format

_GRAPHIC_FORMATS: Final = (Format.ICO, Format.SVG)
"""Originals in these formats are graphics, even with many colours."""

_SMALL_PIXELS: Final = 64 * 64


_CONTENT_FORMATS: Final = (Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF, Format.HEIC, Format.JXL)
"""Their encoders have other options for drawn content."""


def choose_format(frame: Frame, job: RenderJob) -> Frame:
    """Set the format of the frame, and whether its content is drawn.

    Raises UnsupportedOutput or MissingExtra for a requested format.
    """
    frame = _with_format(frame, job)
    if frame.is_graphic or frame.format not in _CONTENT_FORMATS or job.animated:
        return frame
    return replace(frame, is_graphic=is_graphic(frame))


def _with_format(frame: Frame, job: RenderJob) -> Frame:
    output = job.plan.output
    kept = kept_format(output, job.header.format)
    if kept and can_encode(kept) and _fits_format(kept, frame):
        return replace(frame, format=kept)
    other = replacing_format(output, alpha=frame.layout.has_alpha, animated=job.animated)
    if other and can_encode(other) and _fits_format(other, frame):
        return replace(frame, format=other)
    if output.formats and not output.negotiated:
        return replace(frame, format=_check_named_format(output.formats[0]))
    frame = replace(frame, is_graphic=not job.animated and is_graphic(frame))
    return replace(frame, format=_best_format(frame, job))


def _check_named_format(kind: Format) -> Format:
    if kind not in DESCRIPTION_FORMATS and not can_encode(kind):
        install_hint = missing_extra_hint(kind)
        error_class = MissingExtra if install_hint else UnsupportedOutput
        raise error_class(f"This installation cannot write {kind}{install_hint}", param="format")
    return kind


def _best_format(frame: Frame, job: RenderJob) -> Format:
    can_write = can_encode_animation if job.animated else can_encode
    candidates = [kind for kind in job.plan.output.formats if can_write(kind) and _fits_format(kind, frame)]
    is_small = not job.animated and not frame.layout.has_alpha and frame.size.pixels <= _SMALL_PIXELS
    if is_small and Format.WEBP in candidates:
        return Format.WEBP
    return candidates[0] if candidates else _fallback_format(frame, job)


def _fallback_format(frame: Frame, job: RenderJob) -> Format:
    """Return a universally supported format."""
    if job.animated:
        return Format.GIF
    return (
        Format.PNG
        if frame.layout.has_alpha
        or frame.is_graphic
        or job.header.format in _GRAPHIC_FORMATS
        or not _fits_format(Format.JPEG, frame)
        else Format.JPEG
    )


def _fits_format(kind: Format, frame: Frame) -> bool:
    return max(frame.width, frame.height) <= MEDIA[kind].max_side
