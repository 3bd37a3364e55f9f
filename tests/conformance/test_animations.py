"""Animations of many containers, by code and of public collections: every frame, delay and repetition is Chromium's.

Both ways: what is decoded of an original, and what a browser shows of the results made of it.
"""

from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from pixmill.engine.codecs.decoder import DecodeRequest, HasFrames
from pixmill.engine.pixels.decode import decode_frames
from pixmill.engine.pixels.open_image import open_image
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.frame import Area
from pixmill.errors import PixmillError
from pixmill.media import MEDIA, Format
from pixmill.plan.ops import Output, Plan
from pixmill.plan.output import Encoding
from tests.conformance.judge import Animation, Judge
from tests.material import pillow_images
from tests.pixels import test_gif_canvas as gifs
from tests.pixels.animations import Canvas, Disposal, Patch, apng, flat, gif, ring, webp
from tests.pixels.images import LIMITS

SIZE: Final = (16, 16)
ANIMATIONS_OF_PILLOW: Final = 40
MAX_DIFFERENCE: Final = 2
"""In 8-bit values times alpha: browsers keep colours multiplied by it."""

LOSSLESS: Final = {
    Format.GIF: Output(formats=(Format.GIF,)),
    Format.PNG: Output(formats=(Format.PNG,)),
    Format.WEBP: Output(formats=(Format.WEBP,), encoding=Encoding(lossless=True)),
}

LISTED: Final = {
    "star.avifs": "its alpha has limited range, which libavif expands and Chromium shows as it is",
}
"""Files of which another animation is shown, and why."""


def films() -> dict[str, list[Patch]]:
    """Patches of every disposal and blending, at places where they cover the canvas, or never do."""
    found = {}
    for first, second, over, offset in product(Disposal, Disposal, (True, False), (0, 4)):
        side = 16 - 2 * offset
        found[f"{first.name} {second.name} {'over' if over else 'replacing'} at {offset}"] = [
            Patch(flat(1, side, side), offset, offset, first, over=over, delay_ms=70),
            Patch(ring(2, 8), 4, 4, second, over=over),
            Patch(flat(3, 6, 6), 0, 0, second, over=over, delay_ms=250),
            Patch(flat(4, 4, 4), 10, 10),
        ]
    return found


FILMS: Final = films()


def film_as_apng(film: list[Patch], plays: int) -> memoryview:
    """Only a frame that covers the canvas may be the default image (PNG specification §11.3.6.1)."""
    return apng(SIZE, film, plays, apart=Patch(flat(4, *SIZE)) if film[0].left else None)


def decoded(source: memoryview) -> list[Canvas]:
    decoder = open_image(source, LIMITS)
    assert isinstance(decoder, HasFrames)
    size = decoder.header.size
    request = DecodeRequest(Area(0, 0, size.width, size.height), size)
    return [np.array(to_pillow(frame).convert("RGBA")) for frame in decode_frames(decoder, request, LIMITS)]


def assert_shown(shown: Animation, frames: list[Canvas], delays_ms: tuple[int, ...], plays: int) -> None:
    assert not shown.error
    assert len(shown.frames) == len(frames)
    for number, (expected, frame) in enumerate(zip(shown.frames, frames, strict=True), 1):
        assert difference(expected, frame) <= MAX_DIFFERENCE, f"frame {number}"
    assert [round(delay) or 100 for delay in shown.durations_ms] == list(delays_ms)
    assert shown.repetitions == plays - 1


def difference(one: Canvas, other: Canvas) -> float:
    assert one.shape == other.shape
    weighted = [pixels[..., :3] * (pixels[..., 3:] / 255) for pixels in (one, other)]
    alpha = np.abs(one[..., 3].astype(int) - other[..., 3]).max()
    return max(float(np.abs(weighted[0] - weighted[1]).max()), float(alpha))


def check(judge: Judge, source: memoryview) -> None:
    """Compare the original, and the lossless results made of it."""
    header = open_image(source, LIMITS).header
    timing = header.timing
    assert timing is not None
    frames = decoded(source)
    shown = judge.animation(bytes(source), MEDIA[header.format].mime, len(frames) + 1)
    assert_shown(shown, frames, timing.delays_ms, timing.loop_count)


@pytest.mark.parametrize("kind", [Format.GIF, Format.WEBP, Format.PNG])
def test_frames_of_every_disposal_and_blending_are_those_of_chromium(judge: Judge, kind: Format) -> None:
    for film in FILMS.values():
        restores = Disposal.RESTORE in {patch.disposal for patch in film}
        if kind is Format.PNG:
            check(judge, film_as_apng(film, 3))
        elif kind is Format.WEBP and not restores:
            check(judge, webp(SIZE, film, 3))
        elif kind is Format.GIF and film[0].over:
            check(judge, gif(SIZE, film, 3))


def test_gifs_without_a_transparent_colour_are_those_of_chromium(judge: Judge) -> None:
    for first, second, third in product((0, 1, 2, 3), repeat=3):
        parts = [(2, 2, 8, 8, 1, first), (4, 4, 6, 6, 2, second), (0, 0, 4, 4, 3, third), (6, 6, 9, 9, 4, 0)]
        check(judge, gifs.gif(gifs.ENDLESS, *(gifs.flat(*part) for part in parts)))


@pytest.mark.parametrize("kind", LOSSLESS)
def test_chromium_shows_results_as_their_originals(judge: Judge, kind: Format) -> None:
    for film in FILMS.values():
        source = film_as_apng(film, 2)
        shown = judge.animation(render(source, Plan(output=LOSSLESS[kind]), LIMITS).body, MEDIA[kind].mime)
        assert_shown(shown, decoded(source), tuple(patch.delay_ms for patch in film), 2)


def animations_of_pillow() -> list[Path]:
    return [path for path in pillow_images() if path.suffix in {".gif", ".png", ".apng", ".webp", ".avifs"}]


def test_animations_of_public_collections_are_those_of_chromium(judge: Judge) -> None:
    """Files that either of both refuses, or shows in part, are damaged: those have tests of their own."""
    compared, wrong = 0, []
    for path in animations_of_pillow():
        source = memoryview(path.read_bytes())
        try:
            header = open_image(source, LIMITS).header
            frames = decoded(source) if header.timing else []
        except PixmillError:
            continue
        if header.timing is None:
            continue
        shown = judge.animation(bytes(source), MEDIA[header.format].mime, len(frames) + 1)
        if shown.error:
            continue
        compared += 1
        try:
            assert_shown(shown, frames, header.timing.delays_ms, header.timing.loop_count)
        except AssertionError:
            wrong.append(path.name)
    assert compared > ANIMATIONS_OF_PILLOW
    assert [name for name in wrong if name not in LISTED] == []
