"""Animated JPEG XLs: every frame, page, delay and loop count, composed as libjxl composes them.

The files were written by cjxl from GIFs: red on the whole canvas of 16 × 16, green on a part of it, blue on another.
"""

from base64 import b64decode
from typing import Final

import numpy as np
import pytest
from msgspec.structs import replace

from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.errors import ImageError, InvalidParameter, UndecodableImage, UnsupportedImage
from pixmill.media import Format
from pixmill.plan.limits import OnTruncated
from pixmill.plan.ops import Crop, Input, Output, Plan
from tests.pixels.animations import Canvas, decode_animation
from tests.pixels.images import LIMITS

libjxl = pytest.importorskip("pixmill.engine.codecs.libjxl", reason="the extra jxl is not installed")
pytestmark = pytest.mark.skipif(not libjxl.available, reason="pylibjxl has no wheel for this platform")

RED, GREEN, BLUE, NOTHING = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255), (0, 0, 0, 0)
PNG: Final = Output(formats=(Format.PNG,))
FILES: Final = {
    "kept": (
        b"/wpDBAFYUFwSCAjggQAAaABLGIsVANSMMRjHC0gAoEgJA7BI4N8PSIX2BwiIIIAAAggykQoCAGAASxiLFcJRQuoFJACQf/2bAwAA"
        b"AAAAAAAACIgAAAABBDKR/wEAPABLGIsVwklBXkACAPoDAAA="
    ),
    "cleared": (
        b"/wpDBAFYUFwSCAigggAAaABLGIsVANSMMRjHC0gAoEgJA7BI4N8PSIX2BwiIIIAAAggykQoCAGAASxiLFcJRQuoFJACQf/2bAwAA"
        b"AAAAAAAACIgAAAADDEQqBABwAEsYixUA1BJjjJHkBUQACGiMAkAg9t9y+21ARAE="
    ),
    "never covered": (
        b"/wpDBAFYUFwSCAigggAAgABLGIsVANTkxRhjJC8gAoD4MC6APyXBNjSSxuEv3gSsDQiIAAAAAQQykQoBADwASxiLFcJJQV5AAgD6AwAA"
    ),
}

EXPECTED: Final = {
    "kept": [(RED, RED, RED), (RED, GREEN, RED), (BLUE, GREEN, RED)],
    "cleared": [(RED, RED, RED), (RED, GREEN, RED), (BLUE, NOTHING, RED)],
    "never covered": [(NOTHING, GREEN, NOTHING), (BLUE, GREEN, NOTHING)],
}
"""The pixels at (1, 1), (6, 6) and (14, 14) of each frame."""

DELAYS_MS: Final = {"kept": [70, 100, 2550], "cleared": [100, 100, 100], "never covered": [100, 100]}


def file(name: str) -> memoryview:
    return memoryview(b64decode(FILES[name]))


def corners(frame: Canvas) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(map(int, frame[at, at])) for at in (1, 6, 14))


@pytest.mark.parametrize("name", FILES)
def test_every_frame_is_composed_and_keeps_its_delay(name: str) -> None:
    result = decode_animation(render(file(name), Plan(output=PNG), LIMITS).body)
    assert [corners(frame) for frame in result.frames] == EXPECTED[name]
    assert result.delays_ms == DELAYS_MS[name]
    assert result.loop == 0


@pytest.mark.parametrize("name", FILES)
def test_a_page_is_a_frame_and_the_first_is_the_default(name: str) -> None:
    expected = EXPECTED[name]
    for page, pixels in enumerate(expected, 1):
        plan = Plan(input=Input(animated=False, page=page), output=PNG)
        assert corners(decode_animation(render(file(name), plan, LIMITS).body).frames[0]) == pixels
    with pytest.raises(InvalidParameter):
        render(file(name), Plan(input=Input(page=len(expected) + 1), output=PNG), LIMITS)
    still = decode_animation(render(file(name), Plan(input=Input(animated=False), output=PNG), LIMITS).body)
    assert [corners(frame) for frame in still.frames] == expected[:1]


@pytest.mark.parametrize("kind", [Format.JPEG, Format.JXL])
def test_a_format_without_animation_shows_the_first_frame(kind: Format) -> None:
    body = render(file("kept"), Plan(output=Output(formats=(kind,), quality=100)), LIMITS).body
    again = render(memoryview(body), Plan(output=PNG), LIMITS).body
    assert np.allclose(decode_animation(again).frames[0][6, 6], RED, atol=4)


@pytest.mark.parametrize("kind", [Format.GIF, Format.WEBP, Format.AVIF])
def test_it_becomes_any_other_animation(kind: Format) -> None:
    result = decode_animation(render(file("kept"), Plan(output=Output(formats=(kind,), quality=95)), LIMITS).body)
    assert result.delays_ms == DELAYS_MS["kept"]
    for frame, pixels in zip(result.frames, EXPECTED["kept"], strict=True):
        assert np.allclose(corners(frame), pixels, atol=20)


def test_a_crop_shows_its_part_of_every_frame() -> None:
    result = decode_animation(render(file("cleared"), Plan(crop=Crop(6, 6, 3, 2), output=PNG), LIMITS).body)
    assert [tuple(frame[0, 0]) for frame in result.frames] == [RED, GREEN, NOTHING]
    assert result.frames[0].shape == (2, 3, 4)


@pytest.mark.parametrize("name", FILES)
def test_the_facts_count_frames_not_pages(name: str) -> None:
    facts = inspect(file(name), LIMITS)
    assert (facts.format, facts.frames, facts.pages) == (Format.JXL, len(EXPECTED[name]), 1)
    assert (facts.width, facts.height) == (16, 16)


@pytest.mark.parametrize("missing_bytes", [1, 30])
def test_a_file_that_is_cut_off_shows_its_frames_or_is_refused(missing_bytes: int) -> None:
    cut = file("kept")[:-missing_bytes]
    shown = decode_animation(render(cut, Plan(output=PNG), replace(LIMITS, on_truncated=OnTruncated.SHOW)).body)
    assert corners(shown.frames[0]) == EXPECTED["kept"][0]
    with pytest.raises(UndecodableImage):
        render(cut, Plan(output=PNG), replace(LIMITS, on_truncated=OnTruncated.REFUSE))


def test_any_damage_is_the_fault_of_the_file() -> None:
    body = bytes(file("kept"))
    for at in range(len(body)):
        damaged = body[:at] + bytes([body[at] ^ 0x55]) + body[at + 1 :]
        try:
            render(memoryview(damaged), Plan(output=PNG), LIMITS)
        except ImageError:
            continue


def test_without_the_library_an_animation_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libjxl, "available", False)
    with pytest.raises(UnsupportedImage):
        render(file("kept"), Plan(output=PNG), LIMITS)
