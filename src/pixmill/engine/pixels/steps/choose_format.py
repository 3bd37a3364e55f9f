"""Settle: which format the result is written in, now that one can see what it shows.

Where the format is free, of those that the client takes (AVIF before WebP, where the operator says nothing else):

- photographs, also with holes: the first. At quality 80, in bytes of a JPEG: AVIF .49 to .93, WebP .62 to 1.10.
- drawings: WebP. At about the same looks a screenshot, a logo, a gradient and the mill have .69 to 1.08 of the bytes of AVIF, in half the time.
- very small ones: WebP; AVIF's boxes alone have 300 bytes. At 24 pixels wide .51 to .70 of its bytes, from 100 on 1.04 and more.
- animations: the first. Of eight frames of 400 × 267 pixels AVIF makes 45 kB in 0.41 s, WebP 113 in 0.36, GIF 520 in 0.28; of
  a drawn one 5.0, 6.0 and 7.1.

Where it takes neither: GIF for what moves, PNG for what is drawn or transparent, JPEG for photographs, also those in a PNG. Which of several ways
to write it is the smallest is seen when it is written (``writing.py``).
"""

from dataclasses import replace
from typing import Final

from pixmill.engine.codecs.table import can_encode, can_encode_animation, missing_extra_hint
from pixmill.engine.pixels.analysis.content import is_graphic
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.frame import Frame
from pixmill.errors import MissingExtra, ResultTooLarge, UnsupportedOutput
from pixmill.media import DESCRIPTION_FORMATS, MEDIA, Format

_GRAPHIC_FORMATS: Final = (Format.ICO, Format.SVG)
"""What is kept in these was drawn, also where its colours are many."""

_SMALL_PIXELS: Final = 64 * 64


def choose_format(frame: Frame, job: RenderJob) -> Frame:
    """The frame with its format. Raises UnsupportedOutput, MissingExtra or ResultTooLarge for a format that was asked for by name."""
    output = job.plan.output
    if output.source_format and can_encode(job.header.format) and _fits_format(job.header.format, frame):
        return replace(frame, format=job.header.format)
    if output.formats and not output.negotiated:
        return replace(frame, format=_check_named_format(output.formats[0], frame))
    frame = replace(frame, is_graphic=not job.animated and is_graphic(frame))
    return replace(frame, format=_best_format(frame, job))


def _check_named_format(kind: Format, frame: Frame) -> Format:
    if kind not in DESCRIPTION_FORMATS and not can_encode(kind):
        install_hint = missing_extra_hint(kind)
        error_class = MissingExtra if install_hint else UnsupportedOutput
        raise error_class(f"This installation cannot write {kind}{install_hint}", param="format")
    if not _fits_format(kind, frame):
        raise ResultTooLarge(f"{kind} allows at most {MEDIA[kind].max_side} pixels along each side", param="format")
    return kind


def _best_format(frame: Frame, job: RenderJob) -> Format:
    can_write = can_encode_animation if job.animated else can_encode
    candidates = [kind for kind in job.plan.output.formats if can_write(kind) and _fits_format(kind, frame)]
    is_small = not job.animated and not frame.layout.has_alpha and frame.size.pixels <= _SMALL_PIXELS
    if (frame.is_graphic or is_small) and Format.WEBP in candidates:
        return Format.WEBP
    return candidates[0] if candidates else _fallback_format(frame, job)


def _fallback_format(frame: Frame, job: RenderJob) -> Format:
    """The format that everybody reads."""
    if job.animated:
        return Format.GIF
    return (
        Format.PNG
        if frame.layout.has_alpha or frame.is_graphic or job.header.format in _GRAPHIC_FORMATS
        else Format.JPEG
    )


def _fits_format(kind: Format, frame: Frame) -> bool:
    return max(frame.width, frame.height) <= MEDIA[kind].max_side
