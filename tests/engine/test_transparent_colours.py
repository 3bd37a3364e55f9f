"""Colours under alpha 0 are those of the surroundings in lossy results, and stay in lossless ones."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pixmill.engine.pixels.pipeline import render
from pixmill.engine.raster.convert import from_pillow, to_pillow
from pixmill.engine.raster.transparent_colours import fill_transparent_colours
from pixmill.media import Format
from pixmill.plan.ops import Output, Plan
from pixmill.plan.output import Encoding
from tests.pixels.images import LIMITS, encode_image, pixels_of, render_image

ORANGE = (240, 120, 20)
KINDS = (Format.AVIF, Format.WEBP, Format.HEIC, Format.JXL)


def disc(colour: tuple[int, int, int] = ORANGE, hidden: tuple[int, int, int] = (0, 0, 0)) -> Image.Image:
    """A disc on transparent pixels of another colour."""
    image = Image.new("RGBA", (128, 96), (*hidden, 0))
    ImageDraw.Draw(image).ellipse((30, 20, 90, 80), fill=(*colour, 255))
    return image


def body(image: Image.Image, kind: Format, *, lossless: bool = False) -> bytes:
    output = Output(formats=(kind,), quality=80, encoding=Encoding(lossless=lossless))
    return render(encode_image(image, "PNG"), Plan(output=output), LIMITS).body


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_holes_get_the_colours_around_and_alpha_stays(mode: str) -> None:
    image = disc().convert(mode)
    filled = to_pillow(fill_transparent_colours(from_pillow(image)))
    assert filled.getchannel("A").tobytes() == image.getchannel("A").tobytes()
    found, expected = (np.asarray(each.convert("RGB")).astype(int) for each in (filled, disc().convert(mode)))
    assert np.abs(found - expected[48, 60]).max() <= 16


def test_visible_colours_stay() -> None:
    image = Image.effect_noise((90, 70), 90).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda value: max(0, 2 * value - 200)))
    before, after = np.asarray(image), np.asarray(to_pillow(fill_transparent_colours(from_pillow(image))))
    visible = before[..., 3] >= 16
    assert (before[visible] == after[visible]).all()


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 9), (5, 33)])
def test_an_image_that_is_all_transparent_has_no_colours(size: tuple[int, int]) -> None:
    image = Image.new("RGBA", size, (200, 100, 50, 0))
    assert not any(fill_transparent_colours(from_pillow(image)).pixels)


@pytest.mark.parametrize("kind", [Format.AVIF, Format.WEBP, Format.HEIC])
def test_an_outline_has_no_fringe_of_hidden_colours(kind: Format) -> None:
    shown = pixels_of(render_image(memoryview(body(disc(hidden=(0, 0, 255)), kind))), "RGBA").astype(int)
    visible = shown[..., 3] > 200
    assert np.abs(shown[visible][:, :3] - ORANGE).max() <= 24


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_colours_do_not_change_the_result(kind: Format) -> None:
    noisy = Image.effect_noise((128, 96), 200).convert("RGB").convert("RGBA")
    noisy.putalpha(disc().getchannel("A"))
    noisy.paste(disc(), mask=disc().getchannel("A"))
    assert body(noisy, kind) == body(disc(), kind)


@pytest.mark.parametrize("kind", [Format.AVIF, Format.JXL])
def test_a_lossless_result_keeps_hidden_colours(kind: Format) -> None:
    image = disc(hidden=(10, 20, 30))
    shown = pixels_of(render_image(memoryview(body(image, kind, lossless=True))), "RGBA")
    assert (shown == np.asarray(image)).all()
