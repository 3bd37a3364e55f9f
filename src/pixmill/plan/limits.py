"""The limits of a render, checked before pixels are allocated."""

from typing import Annotated

from msgspec import Meta, Struct

Positive = Annotated[int, Meta(ge=1)]


class Limits(Struct, frozen=True):
    """``max_pixels``, ``max_frames`` and ``max_animation_s`` limit the original, ``max_animation_pixels`` the sum of
    all frames of original and result, the others the result.

    50 megapixels hold any camera of 2020 in full; a larger original takes 4 bytes a pixel in its worker.
    300 megapixels are 144 frames in full HD. 16,383 is the longest side that WebP can write (RFC 9649 §2.4).
    """

    max_pixels: Positive = 50_000_000
    max_frames: Positive = 1_000
    max_animation_pixels: Positive = 300_000_000
    max_animation_s: Positive = 3_600
    max_result_pixels: Positive = 50_000_000
    max_result_side: Positive = 16_383
    max_result_bytes: Positive = 64 * 2**20
