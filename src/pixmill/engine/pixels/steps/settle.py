"""Settle: which format the result is written in, now that it is known whether one sees through it."""

from dataclasses import replace

from pixmill.engine.codecs.table import animatable, writable
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.errors import ResultTooLarge, UnsupportedOutput
from pixmill.media import DESCRIPTIONS, MEDIA, Format

_DRAWN = (Format.PNG, Format.GIF, Format.ICO, Format.SVG)
"""Formats in which people keep what they drew; JPEG would leave its marks on that."""


def settle(frame: Frame, job: Job) -> Frame:
    """The frame with its format. Raises UnsupportedOutput or ResultTooLarge for a format that was asked for by name."""
    return replace(frame, format=_chosen(frame, job))


def _chosen(frame: Frame, job: Job) -> Format:
    output = job.plan.output
    if output.original and writable(job.header.format) and _holds(job.header.format, frame):
        return job.header.format
    if output.negotiated or not output.formats:
        able = animatable if job.animated else writable
        return next((kind for kind in output.formats if able(kind) and _holds(kind, frame)), _plain(frame, job))
    kind = output.formats[0]
    if kind not in DESCRIPTIONS and not writable(kind):
        raise UnsupportedOutput(f"This installation cannot write {kind}", param="format")
    if not _holds(kind, frame):
        raise ResultTooLarge(f"{kind} allows at most {MEDIA[kind].max_side} pixels along each side", param="format")
    return kind


def _plain(frame: Frame, job: Job) -> Format:
    """The format that everybody reads: GIF for what moves, PNG for what is drawn or transparent, JPEG for photographs."""
    if job.animated:
        return Format.GIF
    return Format.PNG if frame.layout.alpha or job.header.format in _DRAWN else Format.JPEG


def _holds(kind: Format, frame: Frame) -> bool:
    return max(frame.width, frame.height) <= MEDIA[kind].max_side
