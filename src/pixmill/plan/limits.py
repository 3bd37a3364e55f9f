"""The limits of a render, checked before pixels are allocated."""

from enum import StrEnum
from math import inf
from typing import Annotated, Final

from msgspec import Meta, Struct

LARGE_RESULT_BYTES: Final = 256 * 1024
"""A larger result is in memory once for all who use it at the same time, and on the memory budget while it is sent.

Smaller ones are sent whole, off the budget: 4,096 connections hold one GiB of them at most.
"""


class OnTruncated(StrEnum):
    """What is done with an original that is cut off: its decodable part is shown, or it is refused."""

    REFUSE = "refuse"
    SHOW = "show"


Positive = Annotated[int, Meta(ge=1)]


class Limits(Struct, frozen=True):
    """``max_pixels`` limits the original. ``max_frames``, ``max_animation_s`` and ``max_animation_pixels``, the sum of
    all frames of original and result, limit an original of which an animation is made. The others limit the result.

    50 megapixels hold any camera of 2020 in full; a larger original takes 4 bytes a pixel in its worker.
    300 megapixels are 144 frames in full HD. 16,383 is the longest side that WebP can write (RFC 9649 §2.4).
    ``max_cost_s`` limits the estimated CPU time of a render: 8 seconds encode 16 megapixels as lossless WebP, and are
    done within the deadline on a machine that is busy. A worker defers what is estimated above ``defer_above_s``.
    ``on_truncated`` is the one rule for originals of all formats, overlays and masks that are cut off.
    """

    max_pixels: Positive = 50_000_000
    max_frames: Positive = 1_000
    max_animation_pixels: Positive = 300_000_000
    max_animation_s: Annotated[float, Meta(gt=0)] = 3_600
    max_result_pixels: Positive = 50_000_000
    max_result_side: Positive = 16_383
    max_result_bytes: Positive = 64 * 2**20
    max_cost_s: Annotated[float, Meta(gt=0)] = 8.0
    defer_above_s: float = inf
    on_truncated: OnTruncated = OnTruncated.REFUSE


DEFAULT_LIMITS: Final = Limits()
