"""Average colour and palette of images with known colours."""

import time

import numpy as np
import pytest
from PIL import Image

from pixmill.engine.pixels.facts.colours import average_colour, palette
from pixmill.engine.pixels.facts.oklab import oklab_to_srgb, srgb_to_oklab
from pixmill.engine.pixels.probe import inspect
from pixmill.engine.raster.convert import from_pillow
from pixmill.plan.facts import Fact, FactSelection, Swatch
from tests.pixels.images import LIMITS, encode_image, photo


def linear(codes: np.ndarray) -> np.ndarray:
    part = codes / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def to_srgb(light: np.ndarray) -> np.ndarray:
    return 255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def numbers(colour: str) -> list[int]:
    return list(bytes.fromhex(colour[1:]))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_the_average_is_that_of_light_weighted_by_opacity(mode: str) -> None:
    image = photo(60, 40).convert(mode)
    if mode.endswith("A"):
        image.putalpha(Image.linear_gradient("L").resize((60, 40)))
    pixels = np.asarray(image.convert("RGBA")).astype(float)
    weights = pixels[..., 3:] / 255
    light = (linear(pixels[..., :3]) * weights).sum((0, 1)) / weights.sum()
    expected = [*to_srgb(light), *([255 * weights.mean()] if mode.endswith("A") else [])]
    assert numbers(average_colour(from_pillow(image))) == pytest.approx(expected, abs=1)


def test_black_and_white_are_not_middle_grey_on_average() -> None:
    """Half of the light is 188 of 255: the colour of the image seen from a distance."""
    image = Image.new("L", (10, 10), 0)
    image.paste(255, (0, 0, 5, 10))
    assert average_colour(from_pillow(image)) == "#bcbcbc"


def test_nothing_is_the_average_of_nothing() -> None:
    assert average_colour(from_pillow(Image.new("RGBA", (5, 5), (255, 9, 9, 0)))) == "#00000000"
    assert palette(from_pillow(Image.new("RGBA", (5, 5), (255, 9, 9, 0))), 6) == ()


def striped_image(*stripes: tuple[str, int]) -> Image.Image:
    image = Image.new("RGBA", (sum(width for _, width in stripes), 20))
    left = 0
    for colour, width in stripes:
        image.paste(colour, (left, 0, left + width, 20))
        left += width
    return image


def test_a_palette_is_the_colours_of_a_picture_by_their_share() -> None:
    image = striped_image(("#c3270e", 30), ("#102030", 60), ("#fafafa", 10)).convert("RGB")
    expected = (Swatch("#102030", 0.6), Swatch("#c3270e", 0.3), Swatch("#fafafa", 0.1))
    assert palette(from_pillow(image), 6) == expected


def test_a_palette_of_fewer_colours_joins_those_that_look_alike() -> None:
    image = striped_image(("#c3270e", 40), ("#bb2211", 40), ("#1030d0", 20)).convert("RGB")
    first, second = palette(from_pillow(image), 2)
    assert numbers(first.colour) == pytest.approx([191, 37, 16], abs=2)
    assert (first.share, second) == (0.8, Swatch("#1030d0", 0.2))


def test_what_is_transparent_counts_for_as_much_as_one_sees_of_it() -> None:
    image = striped_image(("#c3270e", 50), ("#1030d080", 50), ("#00ff0000", 900))
    assert palette(from_pillow(image), 6) == (Swatch("#c3270e", 0.6658), Swatch("#1030d0", 0.3342))


@pytest.mark.parametrize("colours", [1, 5, 16])
def test_a_palette_of_a_photograph_is_where_the_means_of_its_groups_stay(colours: int) -> None:
    """The definition of k-means: each centre is about the mean of its nearest pixels, and has their share."""
    image = photo(100, 67)
    swatches = palette(from_pillow(image), colours)
    pixels = np.asarray(image).reshape(-1, 3)
    labs = np.array([srgb_to_oklab(*map(float, pixel)) for pixel in pixels])
    centres = np.array([srgb_to_oklab(*map(float, numbers(swatch.colour))) for swatch in swatches])
    nearest = ((labs[:, None] - centres[None]) ** 2).sum(-1).argmin(1)
    shares = np.bincount(nearest, minlength=len(swatches)) / len(pixels)
    assert len(swatches) == colours
    assert [swatch.share for swatch in swatches] == pytest.approx(list(shares), abs=0.03)
    means = np.array([labs[nearest == at].mean(0) for at in range(len(swatches))])
    assert np.sqrt(((means - centres) ** 2).sum(-1)).max() < 0.03


def test_a_palette_of_noise_is_found_in_time() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (100, 100, 4), dtype=np.uint8)
    started = time.thread_time()
    swatches = palette(from_pillow(Image.fromarray(noise)), 16)
    assert time.thread_time() - started < 1
    assert sum(swatch.share for swatch in swatches) == pytest.approx(1, abs=2e-3)


def test_oklab_is_that_of_its_author() -> None:
    """Values of https://bottosson.github.io/posts/oklab/ and of CSS Color 4."""
    assert srgb_to_oklab(255, 255, 255) == pytest.approx((1, 0, 0), abs=1e-3)
    assert srgb_to_oklab(255, 0, 0) == pytest.approx((0.62796, 0.22486, 0.12585), abs=1e-4)
    assert srgb_to_oklab(0, 0, 255) == pytest.approx((0.45201, -0.03246, -0.31153), abs=1e-4)


def test_oklab_leads_back() -> None:
    for red in range(0, 256, 15):
        for green in range(0, 256, 51):
            assert oklab_to_srgb(srgb_to_oklab(red, green, 200)) == bytes((red, green, 200))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_colours_are_told_of_any_format_at_any_size(kind: str) -> None:
    facts = inspect(encode_image(photo(1800, 1200), kind), LIMITS, FactSelection((Fact.AVERAGE, Fact.PALETTE), 4))
    light = linear(np.asarray(photo(1800, 1200)).astype(float)).mean((0, 1))
    assert numbers(facts.average or "") == pytest.approx(list(to_srgb(light)), abs=3)
    assert facts.palette is not None
    assert len(facts.palette) == 4
    assert sum(swatch.share for swatch in facts.palette) == pytest.approx(1, abs=1e-3)


def test_a_picture_is_looked_at_upright() -> None:
    exif = Image.Exif()
    exif[274] = 6
    lying = inspect(encode_image(photo(), "PNG", exif=exif), LIMITS, FactSelection((Fact.THUMBHASH,)))
    upright = inspect(
        encode_image(photo().transpose(Image.Transpose.ROTATE_270), "PNG"), LIMITS, FactSelection((Fact.THUMBHASH,))
    )
    assert lying.thumbhash == upright.thumbhash
