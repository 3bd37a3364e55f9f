"""Compares what the service makes of an image file with what Chromium shows of it.

``compare(judge, body, form)`` renders the file as PNG at its own size, with all frames if it moves, and measures how far
the pixels are from the browser's. Knows nothing of where files come from, or of which differences are meant.
"""

import io
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.pipeline import render
from pixmill.errors import PixmillError
from pixmill.media import MEDIA, Format
from pixmill.plan.limits import Limits, OnTruncated
from tests.conformance.converters import CONVERTERS
from tests.conformance.judge import Judge, Pixels

STILL: Final = parse(b"/resize", b"url=a&format=png&animated=false").plan
MOVING: Final = parse(b"/resize", b"url=a&format=png").plan
LIMITS: Final = Limits(max_pixels=40_000_000)
LENIENT: Final = Limits(max_pixels=40_000_000, on_truncated=OnTruncated.SHOW)
TRUNCATED: Final = "refused by default, shown alike by on_truncated=show"
MOST_FRAMES: Final = 12

CODES: Final = 2
"""How many of 255 a sample of a lossless format may differ: the browser's canvas multiplies alpha in and out again, and
converts colours with tables of its own."""

LOSSY: Final = frozenset({Format.JPEG, Format.WEBP, Format.AVIF, Format.HEIC, Format.JXL})
LOSSY_CODES, LOSSY_SHARE = 4, 0.99
"""Of a lossy format this share of samples may differ by that number of codes: inverse transforms and the enlarging of
chroma round differently."""


class Outcome(StrEnum):
    EQUAL = "equal"
    NEITHER = "neither shows it"
    DIFFERENT = "different"
    WE_REFUSE = "we refuse it"
    BROWSER_REFUSES = "the judge refuses it"


@dataclass(frozen=True)
class Comparison:
    outcome: Outcome
    detail: str = ""
    within_2: bool = False
    """Whether all samples are within two codes."""


@dataclass(frozen=True)
class Frames:
    """What is shown one after the other; of a still, one frame."""

    pixels: tuple[Pixels, ...]
    durations_ms: tuple[float, ...] = ()


def compare(judge: Judge, body: bytes, form: Format, *, moving: bool = False) -> Comparison:
    shown = _browser_frames(judge, body, form, moving=moving)
    found = judged(render_frames(body, moving=moving), shown, lossy=form in LOSSY)
    if found.outcome is not Outcome.WE_REFUSE or shown is None:
        return found
    lenient = render_frames(body, LENIENT, moving=moving)
    if isinstance(lenient, str):
        return found
    partly = judged(_as_far_as(shown, lenient), shown, lossy=True)
    return replace(found, detail=TRUNCATED if partly.outcome is Outcome.EQUAL else f"shown: {partly.detail}")


def _as_far_as(shown: Frames, ours: Frames) -> Frames:
    """Return our frames without what the browser has left undrawn because the file ends, and without frames that it
    has not begun."""
    both = zip(ours.pixels, shown.pixels, strict=False)
    drawn = (np.where(theirs[..., 3:] == 0, 0, mine) if mine.shape == theirs.shape else mine for mine, theirs in both)
    return replace(ours, pixels=tuple(np.asarray(frame, np.uint8) for frame in drawn))


def judged(ours: Frames | str, shown: Frames | None, *, lossy: bool) -> Comparison:
    """Compare what is shown, or which of both refuses. The browser has loaded and not decoded what is empty on its
    canvas, unless it is empty here too."""
    if shown and not any(frame.any() for frame in shown.pixels):
        shown = None if isinstance(ours, str) or any(frame[..., 3].any() for frame in ours.pixels) else shown
    if isinstance(ours, str):
        return Comparison(Outcome.WE_REFUSE if shown else Outcome.NEITHER, ours)
    if shown is None:
        return Comparison(Outcome.BROWSER_REFUSES)
    return _compare_frames(ours, shown, lossy=lossy)


def render_frames(body: bytes, limits: Limits = LIMITS, *, moving: bool = False) -> Frames | str:
    """Return what the service makes of the file, or the code of its refusal."""
    try:
        result = render(memoryview(body), MOVING if moving else STILL, limits).body
    except PixmillError as error:
        return error.code
    with Image.open(io.BytesIO(result)) as image:
        frames, durations = [], []
        for frame in ImageSequence.Iterator(image):
            frames.append(np.asarray(frame.convert("RGBA")))
            durations.append(float(frame.info.get("duration", 0)))
            if len(frames) == MOST_FRAMES:
                break
        return Frames(tuple(frames), tuple(durations) if moving else ())


def _compare_frames(ours: Frames, shown: Frames, *, lossy: bool) -> Comparison:
    """Compare each frame; the first that differs is reported."""
    if len(ours.pixels) != len(shown.pixels):
        return Comparison(Outcome.DIFFERENT, f"{len(ours.pixels)} frames, the browser {len(shown.pixels)}")
    worst = 0.0
    for number, (one, other) in enumerate(zip(ours.pixels, shown.pixels, strict=True)):
        if one.shape != other.shape:
            detail = f"size {one.shape[1]}x{one.shape[0]}, the browser {other.shape[1]}x{other.shape[0]}"
            return Comparison(Outcome.DIFFERENT, detail)
        codes = difference(one, other)
        worst = max(worst, float(codes.max(initial=0)))
        share = float((codes <= LOSSY_CODES).mean())
        if codes.max(initial=0) > CODES and not (lossy and share >= LOSSY_SHARE):
            detail = f"frame {number}: up to {codes.max():.0f} codes, mean {codes.mean():.2f}, {share:.1%} within 4"
            return Comparison(Outcome.DIFFERENT, detail)
    durations = (map(_as_shown, frames.durations_ms) for frames in (ours, shown))
    if any(abs(one - other) > 1 for one, other in zip(*durations, strict=False)):
        return Comparison(Outcome.DIFFERENT, f"durations {ours.durations_ms}, the browser {shown.durations_ms}")
    return Comparison(Outcome.EQUAL, within_2=worst <= CODES)


def difference(one: Pixels, other: Pixels) -> NDArray[np.float32]:
    """Return by how many codes each sample differs as it is seen: before black or before white, whichever shows more.

    Colours that alpha hides do not count, and a canvas does not keep them.
    """
    black, white = (np.abs(_over(one, ground) - _over(other, ground)) for ground in (np.float32(0), np.float32(255)))
    return np.asarray(np.maximum(black, white), np.float32)


def _over(pixels: Pixels, ground: np.float32) -> NDArray[np.float32]:
    alpha = pixels[..., 3:].astype(np.float32) / 255
    return np.asarray(pixels[..., :3] * alpha + ground * (1 - alpha), np.float32)


def _browser_frames(judge: Judge, body: bytes, form: Format, *, moving: bool) -> Frames | None:
    if convert := CONVERTERS.get(form):
        converted = convert(body)
        return _frames_of(judge, converted, Format.PNG, moving=False) if converted else None
    return _frames_of(judge, body, form, moving=moving)


def _frames_of(judge: Judge, body: bytes, form: Format, *, moving: bool) -> Frames | None:
    """One frame is a still: ``ImageDecoder`` leaves its chroma to be enlarged by others than ``<img>`` does."""
    mime = MEDIA[form].mime
    if moving and len((animation := judge.animation(body, mime, MOST_FRAMES)).frames) > 1:
        return Frames(animation.frames, animation.durations_ms)
    still = judge.still(body, mime)
    return None if still is None else Frames((still,))


def _as_shown(duration_ms: float) -> float:
    """Return for how long a browser shows a frame: Chromium, Firefox and WebKit take what is below 11 ms for 100 ms."""
    return duration_ms if duration_ms >= 11 else 100.0
