"""Checks what a worker reports against what was asked: each field of a reply, before anything believes it.

A worker may have been taken over. What it reports must be possible; whether it is true nobody but the worker knows.
Must never know processes or metrics.
"""

import math
import re
from collections.abc import Sequence
from typing import Final

from pixmill.engine.pool.call import Call
from pixmill.engine.protocol import (
    MAX_COST_S,
    MAX_DETAIL_CHARACTERS,
    MAX_MESSAGE_CHARACTERS,
    WORKER_ERROR_CODES,
    WORKER_STAGES,
    BatchItem,
    Cancelled,
    Deferred,
    Failed,
    Inspected,
    Outcome,
    RenderedBatch,
    RenderedImage,
)
from pixmill.media import OUTPUT_FORMATS, Format
from pixmill.plan.facts import Fact, Facts, FactSelection
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Output, Plan

_FALLBACK_FORMATS: Final = (Format.JPEG, Format.PNG, Format.GIF, Format.SVG)
"""What a result may be in when no format is named: universally supported ones, and an SVG that stays one."""
_ROTATION_GROWTH: Final = 2
"""A result that is rotated by any angle is larger than its limit, by less than this factor."""
_CLOCK_SLACK_S: Final = 0.1
"""The time of an event loop is that of its last turn."""
_MAX_SIDE: Final = 2**31 - 1
_MAX_RSS_BYTES: Final = 2**48
_MAX_PARAM_CHARACTERS: Final = 100
_MAX_NAME_CHARACTERS: Final = 1_000
_COLOUR: Final = re.compile(r"#[0-9a-f]{6}(?:[0-9a-f]{2})?")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_ORIENTATIONS: Final = range(1, 9)
_MAX_DEGREES: Final = (90, 180)


class ImpossibleReply(Exception):
    """A field has a value that no honest worker reports."""


def check_reply(outcome: Outcome, call: Call | None, result_bytes: int, limits: Limits, elapsed_s: float) -> None:
    """Check a reply of the right kind to ``call`` (None: nobody wants it any more). Raises ImpossibleReply.

    ``result_bytes`` is the size of the file for results, ``elapsed_s`` the time since the call was admitted.
    """
    _require(0 <= outcome.rss_bytes < _MAX_RSS_BYTES, "rss_bytes")
    match outcome:
        case Failed():
            _check_failure(outcome)
        case _ if call is None:
            pass  # it is dropped
        case RenderedImage():
            _require(0 < result_bytes <= limits.max_result_bytes, "size")
            _check_image(outcome, call.plans[0], limits, elapsed_s)
        case RenderedBatch():
            _require(len(outcome.results) == len(call.plans), "results")
            _check_batch(outcome.results, call.plans, result_bytes, limits, elapsed_s)
        case Inspected():
            _check_facts(outcome.facts, call.fact_selection, call.original.size)
        case Deferred():
            _require(0 <= outcome.cost_s <= MAX_COST_S, "cost_s")
        case Cancelled():
            raise ImpossibleReply("cancelled")


def _require(holds: object, field: str) -> None:
    if not holds:
        raise ImpossibleReply(field)


def _check_failure(failed: Failed) -> None:
    _require(failed.code in WORKER_ERROR_CODES, "code")
    _require(len(failed.message) <= MAX_MESSAGE_CHARACTERS and len(failed.detail) <= MAX_DETAIL_CHARACTERS, "message")
    param = failed.param
    _require(param is None or (len(param) <= _MAX_PARAM_CHARACTERS and param.isprintable()), "param")


def _check_batch(
    results: Sequence[BatchItem | Failed], plans: Sequence[Plan], result_bytes: int, limits: Limits, elapsed_s: float
) -> None:
    for result, plan in zip(results, plans, strict=True):
        if isinstance(result, Failed):
            _check_failure(result)
        else:
            _check_image(result, plan, limits, elapsed_s)
    end = 0
    for offset, size in sorted((each.offset, each.size_bytes) for each in results if isinstance(each, BatchItem)):
        _require(offset >= end and size > 0, "offset")
        end = offset + size
    _require(end <= min(result_bytes, limits.max_result_bytes), "size")


def _check_image(image: RenderedImage | BatchItem, plan: Plan, limits: Limits, elapsed_s: float) -> None:
    _require(image.format in possible_formats(plan.output), "format")
    max_side = _ROTATION_GROWTH * limits.max_result_side
    _require(1 <= image.width <= max_side and 1 <= image.height <= max_side, "width, height")
    _require(all(0 <= side <= _MAX_SIDE for side in image.source_size), "source_size")
    for stage, seconds in image.seconds.items():
        # false for NaN
        _require(stage in WORKER_STAGES and 0 <= seconds <= elapsed_s + _CLOCK_SLACK_S, "seconds")


def possible_formats(output: Output) -> Sequence[Format]:
    """Return the formats that a result with these options can be in."""
    if output.source_format:
        return OUTPUT_FORMATS
    if output.passthrough or output.passthrough_animations:
        return (*output.formats, *OUTPUT_FORMATS)
    if output.formats and not output.negotiated:
        return output.formats[:1]
    return (*output.formats, *_FALLBACK_FORMATS)


def _check_facts(facts: Facts, selection: FactSelection, original_bytes: int) -> None:
    _require(1 <= facts.width <= _MAX_SIDE and 1 <= facts.height <= _MAX_SIDE, "width, height")
    for side in (facts.exact_width, facts.exact_height):
        _require(side is None or 0 < side <= _MAX_SIDE, "exact_width, exact_height")  # false for NaN
    _require(1 <= facts.frames <= _MAX_SIDE and 1 <= facts.pages <= _MAX_SIDE, "frames")
    _require(facts.orientation in _ORIENTATIONS, "orientation")
    _require(facts.bytes == original_bytes, "bytes")
    _require(max(len(facts.colour_space), len(facts.profile)) <= _MAX_NAME_CHARACTERS, "colour_space")
    for fact in Fact:
        _require(fact in selection.include or getattr(facts, fact) is None, fact)
    _require(facts.hash is None or _SHA256.fullmatch(facts.hash), "hash")
    _require(facts.average is None or _COLOUR.fullmatch(facts.average), "average")
    if facts.palette is not None:
        _require(len(facts.palette) <= selection.palette_colours, "palette")
        for swatch in facts.palette:
            _require(_COLOUR.fullmatch(swatch.colour) and 0 <= swatch.share <= 1, "palette")
    if facts.gps is not None:
        latitude, longitude = _MAX_DEGREES
        _require(abs(facts.gps.latitude) <= latitude and abs(facts.gps.longitude) <= longitude, "gps")
        _require(facts.gps.altitude is None or math.isfinite(facts.gps.altitude), "gps")
    for value in (facts.exif or {}).values():
        numbers = value if isinstance(value, tuple) else (value,)
        _require(all(math.isfinite(each) for each in numbers if not isinstance(each, str)), "exif")
