"""The facts that ``inspect`` returns."""

import pytest
from PIL import Image

from pixmill.engine.pixels.probe import inspect
from pixmill.media import Format
from pixmill.plan.facts import Facts
from tests.pixels import profiles
from tests.pixels.images import LIMITS, encode_image, photo

KINDS = [Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF, Format.GIF, Format.TIFF, Format.BMP]


@pytest.mark.parametrize("kind", KINDS)
def test_the_facts_of_a_plain_picture(kind: Format) -> None:
    source = encode_image(photo(), kind)
    expected = Facts(
        format=kind,
        width=240,
        height=160,
        frames=1,
        alpha=kind is Format.GIF and inspect(source, LIMITS).alpha,
        orientation=1,
        colour_space="rgb",
        profile="",
        bytes=len(source),
    )
    assert inspect(source, LIMITS) == expected


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_the_size_is_as_displayed(kind: str) -> None:
    exif = Image.Exif()
    exif[274] = 6
    facts = inspect(encode_image(photo(), kind, exif=exif), LIMITS)
    assert (facts.width, facts.height, facts.orientation) == (160, 240, 6)


@pytest.mark.parametrize(
    ("kind", "mode", "space"),
    [
        ("JPEG", "L", "grey"),
        ("JPEG", "CMYK", "cmyk"),
        ("PNG", "LA", "grey"),
        ("PNG", "1", "grey"),
        ("TIFF", "CMYK", "cmyk"),
        ("TIFF", "I;16", "grey"),
    ],
)
def test_the_colour_space_is_that_of_the_file(kind: str, mode: str, space: str) -> None:
    image = photo().convert("L") if mode == "I;16" else photo()
    assert inspect(encode_image(image.convert(mode), kind), LIMITS).colour_space == space


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "TIFF"])
def test_alpha_is_told(kind: str) -> None:
    image = Image.new("RGBA", (9, 9), (1, 2, 3, 4))
    assert inspect(encode_image(image, kind), LIMITS).alpha


def test_a_profile_is_told_by_its_name_and_a_broken_one_by_none() -> None:
    profile = profiles.matrix_profile(profiles.ADOBE_RGB, profiles.ADOBE_GAMMA)
    assert inspect(encode_image(photo(), "JPEG", icc_profile=profile), LIMITS).profile == "A matrix and a gamma"
    assert not inspect(encode_image(photo(), "JPEG", icc_profile=b"nonsense" * 40), LIMITS).profile
