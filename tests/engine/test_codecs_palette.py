"""Palettes: images of few colours are indexed without loss, and flat areas of others keep their colours."""

import io
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageSequence

from pixmill.dialects.native.dialect import parse
from pixmill.engine.codecs.palette import corrected_palette, flat_colours, index_exactly
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.raster.wide_gamut import wide_gamut_profile
from pixmill.plan.limits import Limits
from pixmill.plan.output import Profile
from pixmill.ports.values import Rendered
from tests.e2e.scenes import random_of
from tests.pixels.images import encode_image, photo

SIDE = 48


def rendered(source: memoryview, query: str) -> Rendered:
    return render(source, parse(b"/resize", query.encode(), upload=True).plan, Limits())


def shown(body: bytes) -> list[np.ndarray[Any, Any]]:
    """Return the frames as RGBA; what is transparent is black."""
    frames = [np.array(frame.convert("RGBA")) for frame in ImageSequence.Iterator(Image.open(io.BytesIO(body)))]
    for frame in frames:
        frame[frame[..., 3] == 0] = 0
    return frames


def colours_of(rng: Random, count: int, mode: str, step: int = 1) -> list[tuple[int, ...]]:
    """Return different colours; of close ones a cube of 4 values holds several."""
    colours: set[tuple[int, ...]] = set()
    while len(colours) < count:
        colour = tuple(rng.randrange(0, 256, step) for _ in mode)
        colours.add(colour if mode[-1] != "A" or colour[-1] else tuple(0 for _ in mode))
    return sorted(colours)


def of_colours(rng: Random, colours: list[tuple[int, ...]], mode: str) -> Image.Image:
    pixels = colours + rng.choices(colours, k=SIDE * SIDE - len(colours))
    return Image.frombytes(mode, (SIDE, SIDE), bytes(value for pixel in pixels for value in pixel))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("count", [1, 2, 3, 16, 17, 255, 256, 257])
def test_up_to_256_colours_are_indexed_as_they_are(mode: str, count: int) -> None:
    rng = random_of(count)
    image = of_colours(rng, colours_of(rng, min(count, 256) if mode == "L" else count, mode), mode)
    indexed = index_exactly(image, 256)
    assert (indexed is None) is (count > 256 and mode != "L")
    if indexed:
        pixels = b"".join(bytes(indexed.colours[index]) for index in indexed.image.tobytes())
        assert pixels == image.convert("RGBA").tobytes()
        assert [alpha < 255 for *_, alpha in indexed.colours] == [*[True] * len(indexed.alphas)] + [False] * (
            len(indexed.colours) - len(indexed.alphas)
        )


@pytest.mark.parametrize("query", ["format=gif", "format=gif&progressive=true", "format=gif&dither=1"])
@pytest.mark.parametrize("count", [1, 2, 5, 128, 255, 256])
def test_a_gif_of_few_colours_changes_none(query: str, count: int) -> None:
    rng = random_of(count)
    image = of_colours(rng, colours_of(rng, count, "RGB"), "RGB")
    assert np.array_equal(shown(rendered(encode_image(image, "PNG"), query).body)[0], np.array(image.convert("RGBA")))


@pytest.mark.parametrize("colours", [2, 4, 16, 256])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("more", ["", "&progressive=true", "&effort=9", "&metadata=all"])
def test_a_png_of_few_colours_changes_none(colours: int, mode: str, more: str) -> None:
    rng = random_of(colours)
    image = of_colours(rng, colours_of(rng, colours, mode), mode)
    exif = Image.Exif()
    exif[0x8298] = "somebody"
    source = encode_image(image, "PNG", exif=exif)
    result = rendered(source, f"format=png&colors={colours}{more}")
    decoded = Image.open(io.BytesIO(result.body))
    assert decoded.mode == "P"
    assert np.array_equal(shown(result.body)[0], np.array(image.convert("RGBA")))
    assert ("all" in more) is (decoded.getexif().get(0x8298) == "somebody")


def test_a_palette_png_takes_no_more_bits_than_its_colours_need() -> None:
    sizes = []
    for colours in (2, 4, 16, 256):
        rng = random_of(colours)
        image = of_colours(rng, colours_of(rng, colours, "RGB"), "RGB")
        sizes.append(rendered(encode_image(image, "PNG"), "format=png&colors=256").body[24])
    assert sizes == [1, 2, 4, 8]


def test_a_palette_png_keeps_the_profile() -> None:
    profile = wide_gamut_profile(Profile.P3)
    image = of_colours(random_of(1), [(200, 30, 30), (30, 200, 30)], "RGB")
    body = rendered(encode_image(image, "PNG", icc_profile=profile), "format=png&colors=16&profile=keep").body
    decoded = Image.open(io.BytesIO(body))
    assert decoded.info["icc_profile"] == profile
    assert np.array_equal(np.array(decoded.convert("RGB")), np.array(image))


@pytest.mark.parametrize("alpha", ["binary", "opaque"])
def test_a_gif_has_one_transparent_entry_and_255_exact_colours(alpha: str) -> None:
    rng = random_of(7)
    image = of_colours(rng, colours_of(rng, 255, "RGB"), "RGB").convert("RGBA")
    if alpha == "binary":
        image.paste((0, 0, 0, 0), (10, 20, 40, 44))
    body = rendered(encode_image(image, "PNG"), "format=gif").body
    assert np.array_equal(shown(body)[0], np.array(image))


def recording(count: int = 12, transparent: bool = False) -> list[Image.Image]:
    """Frames of flat colours, a few more in each, some of which differ by one."""
    frames = []
    for number in range(count):
        frame = Image.new("RGBA", (120, 90), (0, 0, 0, 0) if transparent else (24, 24, 32, 255))
        pen = ImageDraw.Draw(frame)
        pen.rectangle((4, 4, 60, 20), fill=(60, 60, 70, 255))
        for at in range(number + 1):
            pen.rectangle((9 * at, 40, 9 * at + 6, 50), fill=(80 + at, 180, 250 - 7 * at, 255))
        pen.rectangle((3 * number, 70, 3 * number + 10, 80), fill=(0, 200 + number, 0, 255))
        frames.append(frame)
    return frames


def animated(frames: list[Image.Image], kind: str, **options: Any) -> memoryview:
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=80, loop=0, **options)
    return memoryview(out.getvalue())


@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize("source", ["WEBP", "PNG", "GIF"])
def test_an_animation_of_few_colours_becomes_a_gif_that_changes_none(source: str, transparent: bool) -> None:
    frames = recording(transparent=transparent)
    original = animated(frames, source, **({"lossless": True} if source == "WEBP" else {}))
    for expected, actual in zip(shown(bytes(original)), shown(rendered(original, "format=gif").body), strict=True):
        assert np.array_equal(actual, expected)


@pytest.mark.parametrize("palettes", ["one", "own"])
def test_a_gif_at_its_own_size_changes_no_colour(palettes: str) -> None:
    """Photographs of 200 colours, with one palette for all frames or one for each."""
    whole = [photo(90, 60), photo(90, 60).rotate(180), ImageChops.invert(photo(90, 60))]
    palette = whole[0].quantize(200)
    frames = [
        frame.quantize(200, palette=palette if palettes == "one" else None, dither=Image.Dither.FLOYDSTEINBERG)
        for frame in whole
    ]
    source = animated(frames, "GIF", optimize=False)
    for expected, actual in zip(shown(bytes(source)), shown(rendered(source, "format=gif").body), strict=True):
        assert np.array_equal(actual, expected)


def drawn() -> Image.Image:
    image = Image.new("RGB", (600, 400), (250, 250, 252))
    pen = ImageDraw.Draw(image)
    for number in range(8):
        pen.ellipse((number * 60, number * 20, number * 60 + 150, number * 20 + 150), fill=(number * 30, 90, 201))
    for line in range(8):
        pen.text((20, 280 + 14 * line), "A line of words that is drawn " * 3, fill=(2, 2, 6))
    return image


def prevailing(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return which pixels have a colour of at least 0.3 %: of smaller areas few palettes can keep all."""
    packed = pixels.astype(np.uint32) @ np.array((1, 256, 65_536, 0), np.uint32)
    colours, inverse, counts = np.unique(packed, return_inverse=True, return_counts=True)
    return (counts >= 0.003 * packed.size)[inverse].reshape(packed.shape) & (len(colours) > 0)


def flat_mask(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return which pixels equal their eight neighbours and those next to them."""
    inner = np.ones(pixels.shape[:2], bool)
    for down in range(-2, 3):
        for right in range(-2, 3):
            inner &= (np.roll(pixels, (down, right), (0, 1)) == pixels).all(axis=2)
    return inner


@pytest.mark.parametrize("query", ["format=gif", "format=png&colors=256", "format=gif&colors=128"])
@pytest.mark.parametrize("size", ["width=300", "width=660&enlarge=true", "width=500&rotate=3&background=white"])
def test_flat_areas_of_a_resized_drawing_are_exact(query: str, size: str) -> None:
    source = encode_image(drawn(), "PNG")
    expected, actual = (shown(rendered(source, f"{size}&{output}").body)[0] for output in ("format=png", query))
    flat = flat_mask(expected) & prevailing(expected)
    assert flat.mean() > 0.5
    assert len(np.unique(expected[..., :3].reshape(-1, 3), axis=0)) > 256
    assert np.array_equal(actual[flat], expected[flat])


def test_flat_areas_of_a_resized_animation_are_exact() -> None:
    frames = [drawn().resize((450, 300)).rotate(angle, Image.Resampling.BICUBIC) for angle in (0, 5, 9)]
    source = animated(frames, "WEBP", lossless=True)
    exact, gif = (shown(rendered(source, f"width=400&format={kind}").body) for kind in ("png", "gif"))
    for expected, actual in zip(exact, gif, strict=True):
        flat = flat_mask(expected)
        assert flat.mean() > 0.4
        assert np.array_equal(actual[flat], expected[flat])


@pytest.mark.parametrize(
    "image", [photo, lambda: Image.linear_gradient("L").convert("RGB"), lambda: Image.new("RGB", (9, 9))]
)
def test_photographs_and_gradients_have_no_flat_colours_for_few_entries(image: Callable[[], Image.Image]) -> None:
    assert len(flat_colours(image(), 16)) == (image().size == (9, 9))


def test_only_entries_that_stand_for_a_flat_colour_are_corrected() -> None:
    image = Image.new("RGB", (60, 60), (80, 180, 250))
    image.paste((20, 140, 30), (0, 0, 60, 20))
    image.putpixel((0, 0), (21, 142, 30))
    out = io.BytesIO()
    image.quantize(3).save(out, "PNG")
    assert corrected_palette(bytes(9), image, out.getvalue(), [(80, 180, 250)]).count(bytes((80, 180, 250))) == 1
    assert sum(map(bool, corrected_palette(bytes(9), image, out.getvalue(), [(80, 180, 250)]))) == 3
