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

from pixmill.engine.codecs.table import animatable, how_to_get, writable
from pixmill.engine.pixels.content import graphic
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.errors import MissingExtra, ResultTooLarge, UnsupportedOutput
from pixmill.media import DESCRIPTIONS, MEDIA, Format

_DRAWN: Final = (Format.ICO, Format.SVG)
"""What is kept in these was drawn, also where its colours are many."""

_SMALL: Final = 64 * 64


def settle(frame: Frame, job: Job) -> Frame:
    """The frame with its format. Raises UnsupportedOutput, MissingExtra or ResultTooLarge for a format that was asked for by name."""
    output = job.plan.output
    if output.original and writable(job.header.format) and _holds(job.header.format, frame):
        return replace(frame, format=job.header.format)
    if output.formats and not output.negotiated:
        return replace(frame, format=_named(output.formats[0], frame))
    frame = replace(frame, graphic=not job.animated and graphic(frame))
    return replace(frame, format=_suiting(frame, job))


def _named(kind: Format, frame: Frame) -> Format:
    if kind not in DESCRIPTIONS and not writable(kind):
        lacking = how_to_get(kind)
        error = MissingExtra if lacking else UnsupportedOutput
        raise error(f"This installation cannot write {kind}{lacking}", param="format")
    if not _holds(kind, frame):
        raise ResultTooLarge(f"{kind} allows at most {MEDIA[kind].max_side} pixels along each side", param="format")
    return kind


def _suiting(frame: Frame, job: Job) -> Format:
    able = animatable if job.animated else writable
    taken = [kind for kind in job.plan.output.formats if able(kind) and _holds(kind, frame)]
    small = not job.animated and not frame.layout.alpha and frame.size.pixels <= _SMALL
    if (frame.graphic or small) and Format.WEBP in taken:
        return Format.WEBP
    return taken[0] if taken else _plain(frame, job)


def _plain(frame: Frame, job: Job) -> Format:
    """The format that everybody reads."""
    if job.animated:
        return Format.GIF
    return Format.PNG if frame.layout.alpha or frame.graphic or job.header.format in _DRAWN else Format.JPEG


def _holds(kind: Format, frame: Frame) -> bool:
    return max(frame.width, frame.height) <= MEDIA[kind].max_side
