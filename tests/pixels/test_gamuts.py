"""Results in wide gamuts: against published numbers, against the formulae of the standards, and as LittleCMS reads
the profile back."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from pixmill.engine.pixels.pipeline import render
from pixmill.engine.raster.gamuts import ADOBE_RGB, PROPHOTO, REC_2020, Gamut, gamut_icc_profile
from pixmill.engine.raster.wide_gamut import wide_gamut_profile
from pixmill.media import Format
from pixmill.plan.ops import Output, Plan
from pixmill.plan.output import Profile
from tests.pixels.images import LIMITS, Pixels, decode_result, encode_image, photo, pixels_of
from tests.pixels.profiles import SRGB, srgb_to_linear, to_xyz

MADE = (Profile.ADOBE, Profile.REC2020, Profile.PROPHOTO)
CARRYING = (Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF, Format.TIFF)


def render_profile(
    image: Image.Image, profile: Profile, kind: Format = Format.PNG, icc: bytes | None = None
) -> Image.Image:
    source = encode_image(image, "PNG", icc_profile=icc)
    return decode_result(render(source, Plan(output=Output(formats=(kind,), profile=profile, quality=95)), LIMITS))


def flat(*colour: int) -> Image.Image:
    return Image.new("RGB", (8, 8), colour)


def srgb_pixels(image: Image.Image) -> Pixels:
    """In sRGB, by the profile that it carries."""
    profile = ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"]))
    shown = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert shown is not None
    return np.asarray(shown)


# The colours of sRGB as B. Lindbloom's calculator and Adobe's documents give them.
@pytest.mark.parametrize(
    ("profile", "colour", "expected"),
    [
        (Profile.ADOBE, (255, 0, 0), (219, 0, 0)),
        (Profile.ADOBE, (0, 255, 0), (144, 255, 60)),
        (Profile.PROPHOTO, (255, 0, 0), (179, 70, 26)),
        (Profile.PROPHOTO, (0, 255, 0), (138, 237, 78)),
        *((profile, (level,) * 3, None) for profile in MADE for level in (0, 255)),
    ],
)
def test_known_colours_have_their_published_codes(
    profile: Profile, colour: tuple[int, int, int], expected: tuple[int, int, int] | None
) -> None:
    found = pixels_of(render_profile(flat(*colour), profile))[0, 0].astype(int)
    assert np.abs(found - (expected or colour)).max() <= 1


def rec2020_code(light: np.ndarray) -> np.ndarray:
    """ITU-R BT.2020-2 table 4."""
    alpha, beta = 1.09929682680944, 0.018053968510807
    return np.where(light < beta, 4.5 * light, alpha * np.maximum(light, beta) ** 0.45 - (alpha - 1))


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 120, 40), (90, 90, 90), (12, 30, 60)])
def test_rec_2020_is_what_its_formulae_say(colour: tuple[int, int, int]) -> None:
    primaries = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
    light = np.linalg.inv(to_xyz(primaries)) @ to_xyz(SRGB) @ srgb_to_linear(np.array(colour) / 255)
    found = pixels_of(render_profile(flat(*colour), Profile.REC2020))[0, 0]
    assert np.abs(found - 255 * rec2020_code(light.clip(0, 1))).max() <= 1.1


@pytest.mark.parametrize("kind", CARRYING)
@pytest.mark.parametrize("profile", MADE)
def test_every_format_that_can_carries_the_profile_and_shows_the_same_colours(kind: Format, profile: Profile) -> None:
    image = photo(96, 64)
    result = render_profile(image, profile, kind)
    assert result.info["icc_profile"] == wide_gamut_profile(profile)
    away = np.abs(srgb_pixels(result).astype(int) - pixels_of(image))
    assert away.mean() < (1.5 if kind in {Format.PNG, Format.TIFF} else 6)


@pytest.mark.parametrize("profile", MADE)
def test_what_is_wide_already_stays_as_it_is(profile: Profile) -> None:
    image = photo(64, 48)
    assert np.array_equal(pixels_of(render_profile(image, profile, icc=wide_gamut_profile(profile))), pixels_of(image))


def test_a_colour_beyond_srgb_is_kept_where_it_is_asked_for_only() -> None:
    green = flat(0, 255, 0)
    wide = render_profile(green, Profile.REC2020, icc=wide_gamut_profile(Profile.ADOBE))
    narrow = render_profile(green, Profile.SRGB, icc=wide_gamut_profile(Profile.ADOBE))
    in_srgb = render_profile(narrow, Profile.REC2020)
    assert tuple(pixels_of(narrow)[0, 0]) == (0, 255, 0)
    assert np.abs(pixels_of(wide)[0, 0].astype(int) - pixels_of(in_srgb)[0, 0]).max() > 20


def test_alpha_stays_and_grey_stays_grey() -> None:
    image = photo(40, 30).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    result = render_profile(image, Profile.ADOBE)
    assert np.array_equal(pixels_of(result, "RGBA")[..., 3], pixels_of(image, "RGBA")[..., 3])
    grey = render_profile(photo(40, 30).convert("L"), Profile.ADOBE)
    assert (grey.mode, "icc_profile" in grey.info) == ("L", False)


@pytest.mark.parametrize("gamut", [ADOBE_RGB, REC_2020, PROPHOTO], ids=lambda gamut: gamut.name)
def test_the_profiles_are_small_named_and_of_the_primaries_of_the_standard(gamut: Gamut) -> None:
    data = gamut_icc_profile(gamut)
    profile = ImageCms.ImageCmsProfile(BytesIO(data))
    assert len(data) < 3_000
    assert ImageCms.getProfileDescription(profile).strip() == gamut.name
    core = profile.profile
    parts = [core.red_colorant, core.green_colorant, core.blue_colorant]
    total = sum(np.array(part[0]) for part in parts if part)
    assert np.allclose(total, (0.9642, 1.0, 0.8249), atol=2e-4)  # white is the white of all profiles
