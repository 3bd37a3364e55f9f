"""With ``format=auto`` no result is larger than the same in the format of the original, if the client shows that."""

import io
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image, ImageDraw, ImageSequence

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.output import checked_encoding, encode_animation
from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.ports.values import Rendered
from tests.pixels.images import encode_image, photo

PHOTO = Path(__file__).parents[2] / "examples" / "photos" / "wine.jpg"
BOTH = (Format.AVIF, Format.WEBP)
ACCEPTED = ((), (Format.WEBP,), (Format.AVIF,), BOTH)
UNIVERSAL = ("PNG", "JPEG", "GIF")


def negotiated(source: memoryview, accepted: tuple[Format, ...], query: str = "", **limits: Any) -> Rendered:
    plan = parse(b"/resize", query.encode(), upload=True).plan
    plan = replace(plan, output=replace(plan.output, formats=accepted, negotiated=True))
    return render(source, plan, Limits(**limits))


def named(source: memoryview, kind: str, query: str = "") -> Rendered:
    return render(source, parse(b"/resize", f"{query}&format={kind.lower()}".encode(), upload=True).plan, Limits())


def drawing(width: int = 300, height: int = 200) -> Image.Image:
    image = Image.new("RGB", (width, height), (250, 250, 252))
    pen = ImageDraw.Draw(image)
    for at in range(6):
        pen.rectangle((at * 40, at * 20, at * 40 + 30, at * 20 + 60), fill=(at * 40, 90, 200))
    pen.text((10, height - 30), "A line of words that is drawn", fill="black")
    return image


def line_art() -> Image.Image:
    image = Image.new("L", (400, 300), 255)
    for at in range(20):
        ImageDraw.Draw(image).line((at * 20, 0, 400 - at * 20, 300), fill=0)
    return image


def transparent() -> Image.Image:
    image = drawing().convert("RGBA")
    image.putalpha(image.getchannel("R").point([0] * 100 + [255] * 156))
    return image


def checkered() -> Image.Image:
    """A pattern that lossy encoders describe badly, classified as a photograph in grey."""
    squares = np.indices((96, 96)).sum(axis=0) % 2 * 255
    return Image.fromarray(squares.astype(np.uint8))


def ramp() -> Image.Image:
    """More colours than a palette has, and no equal neighbours: not a graphic, but small as PNG."""
    x, y = np.meshgrid(np.arange(256), np.arange(128))
    return Image.fromarray(np.stack((x, 2 * y, 255 - x), axis=-1).astype(np.uint8))


STILLS: dict[str, Callable[[], Image.Image]] = {
    "drawing": drawing,
    "large drawing": lambda: drawing(1240, 810),
    "line art": line_art,
    "one bit": lambda: line_art().convert("1"),
    "transparent": transparent,
    "opaque alpha": lambda: drawing().convert("RGBA"),
    "grey in RGB": lambda: line_art().convert("RGB"),
    "palette": lambda: photo(200, 140).quantize(40),
    "dithered": lambda: photo(200, 140).convert("1"),
    "checkered": checkered,
    "ramp": ramp,
    "plain": lambda: Image.new("RGB", (500, 400), (12, 34, 56)),
    "dot": lambda: Image.new("RGB", (1, 1), (255, 0, 0)),
    "thin": lambda: Image.new("RGB", (700, 1), (255, 0, 0)),
    "tiny": lambda: photo(24, 16),
    "photo": photo,
    "grey photo": lambda: photo().convert("L"),
}
KINDS: dict[str, Callable[[Image.Image], memoryview]] = {
    "PNG": lambda image: encode_image(image, "PNG", optimize=True),
    "JPEG": lambda image: encode_image(image.convert("L" if image.mode in "1L" else "RGB"), "JPEG", quality=70),
    "GIF": lambda image: encode_image(image, "GIF"),
    "WEBP": lambda image: encode_image(image.convert("RGBA"), "WEBP", lossless=True),
    "AVIF": lambda image: encode_image(image.convert("RGBA"), "AVIF", quality=60),
}


@cache
def original(name: str, kind: str) -> memoryview:
    return KINDS[kind](STILLS[name]())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", STILLS)
def test_no_still_is_larger_than_in_its_own_format(name: str, kind: str) -> None:
    source = original(name, kind)
    own = len(named(source, kind).body)
    for accepted in ACCEPTED:
        if kind in UNIVERSAL or Format(kind.lower()) in accepted:
            result = negotiated(source, accepted)
            assert len(result.body) <= max(own, LOSSLESS_SLACK * len(source)), (accepted, result.format, own)


LOSSLESS_SLACK = 0.2
"""A lossy result far below the original is not compared with a lossless one."""


@pytest.mark.parametrize("quality", [30, 60, 95, 100])
def test_no_quality_makes_a_still_larger_than_in_its_own_format(quality: int) -> None:
    for name, kind in (
        ("drawing", "PNG"),
        ("palette", "GIF"),
        ("photo", "JPEG"),
        ("line art", "WEBP"),
        ("tiny", "PNG"),
    ):
        source = original(name, kind)
        own = len(named(source, kind, f"quality={quality}").body)
        assert len(negotiated(source, BOTH, f"quality={quality}").body) <= own, name


@pytest.mark.parametrize("name", ["drawing", "line art", "one bit", "palette", "plain", "dithered"])
def test_a_png_of_few_colours_does_not_grow(name: str) -> None:
    """Nothing is kept in more bits than it needs: a palette, one bit, grey."""
    source = original(name, "PNG")
    for accepted in ACCEPTED:
        assert len(negotiated(source, accepted).body) <= max(1.2 * len(source), len(source) + 40)


@pytest.mark.parametrize("name", ["drawing", "large drawing", "line art", "palette"])
def test_a_drawing_of_few_colours_for_any_client_is_exact(name: str) -> None:
    result = negotiated(original(name, "PNG"), ())
    assert result.format is Format.PNG
    expected = STILLS[name]().convert("RGB")
    assert np.array_equal(np.array(Image.open(io.BytesIO(result.body)).convert("RGB")), np.array(expected))


# ---------------------------------------------------------------- animations


def recording(count: int = 20) -> list[Image.Image]:
    frames = []
    for number in range(count):
        frame = Image.new("RGB", (320, 180), (24, 24, 32))
        pen = ImageDraw.Draw(frame)
        pen.rectangle((0, 0, 320, 20), fill=(60, 60, 70))
        for at in range(number):
            pen.rectangle((10 + at * 14, 50, 20 + at * 14, 62), outline=(220, 220, 220))
        frames.append(frame)
    return frames


def spinner() -> list[Image.Image]:
    frames = [Image.new("RGB", (120, 120), "white") for _ in range(8)]
    for number, frame in enumerate(frames):
        ImageDraw.Draw(frame).pieslice((10, 10, 110, 110), number * 45, number * 45 + 250, fill=(20, 110, 200))
    return frames


def panned() -> list[Image.Image]:
    whole = Image.open(PHOTO).resize((300, 160))
    return [whole.crop((at * 10, 0, at * 10 + 128, 96)) for at in range(4)]


def animated(frames: list[Image.Image], kind: str) -> memoryview:
    out = io.BytesIO()
    options = {"lossless": True} if kind == "WEBP" else {}
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=80, loop=0, **options)
    return memoryview(out.getvalue())


ANIMATIONS: dict[str, Callable[[], list[Image.Image]]] = {
    "recording": recording,
    "spinner": spinner,
    "tiny": lambda: [Image.new("RGB", (9, 9), (40 * at, 0, 0)) for at in range(4)],
    "photo": panned,
}


@cache
def animation(name: str, kind: str) -> memoryview:
    return animated(ANIMATIONS[name](), kind)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
@pytest.mark.parametrize("name", ANIMATIONS)
@pytest.mark.parametrize("query", ["", "width=100"])
def test_no_animation_is_larger_than_in_its_own_format(name: str, kind: str, query: str) -> None:
    source = animation(name, kind)
    own = len(named(source, kind, query).body)
    for accepted in ACCEPTED:
        if kind == "GIF" or (kind == "PNG" and accepted) or Format(kind.lower()) in accepted:
            result = negotiated(source, accepted, query)
            assert len(result.body) <= own, (accepted, result.format)
            assert getattr(Image.open(io.BytesIO(result.body)), "n_frames", 1) == len(ANIMATIONS[name]())


@pytest.mark.parametrize("name", ["recording", "spinner"])
def test_a_drawn_animation_becomes_what_is_smallest_and_exact(name: str) -> None:
    source = animation(name, "GIF")
    result = negotiated(source, (Format.WEBP,))
    assert result.format is Format.WEBP
    assert len(result.body) < min(len(source), len(named(source, "webp").body))
    expected, actual = (
        [np.array(frame.convert("RGB")) for frame in ImageSequence.Iterator(Image.open(io.BytesIO(body)))]
        for body in (bytes(source), result.body)
    )
    assert np.array_equal(actual, expected)


def test_a_format_that_is_named_keeps_its_meaning() -> None:
    source = animation("recording", "GIF")
    lossy, lossless = (len(named(source, kind).body) for kind in ("webp", "webp&lossless=true"))
    assert lossless < len(negotiated(source, (Format.WEBP,)).body) + 1 < lossy


def test_a_photographic_animation_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert encodings(monkeypatch, partial(negotiated, animation("photo", "WEBP"), BOTH)) == [Format.AVIF]


def test_a_drawn_animation_is_encoded_three_times_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    render_it = partial(negotiated, animation("spinner", "GIF"), BOTH)
    assert encodings(monkeypatch, render_it) == [Format.AVIF, Format.WEBP, Format.GIF]


def test_a_costly_animation_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The estimate of one encoding is within the limit, that of three is not."""
    render_it = partial(negotiated, animation("spinner", "GIF"), BOTH, "", max_cost_s=0.015)
    assert encodings(monkeypatch, render_it) == [Format.AVIF]


def encodings(monkeypatch: pytest.MonkeyPatch, run: Callable[[], object]) -> list[Format]:
    kinds: list[Format] = []
    encode = checked_encoding.encode_sequence

    def counted(sequence: Any, *arguments: Any) -> bytes:
        kinds.append(sequence.format)
        return encode(sequence, *arguments)

    monkeypatch.setattr(encode_animation, "encode_sequence", counted)
    run()
    return kinds
