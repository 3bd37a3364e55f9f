"""Whatever format and profile a result has, and whatever was drawn on it, it shows the colours of its original.

Results are converted to sRGB by their own profile, as clients do; a profile of another colour space than the pixels is
an error. The patches are (200, 60, 60), grey 128 and grey 20.
"""

from io import BytesIO
from typing import Any, Final

import pytest
import pyvips
from PIL import Image, ImageCms

from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Adjust, ColourAdjustment, Duotone
from pixmill.plan.ops import Fit, ImageOverlay, Output, Plan, Resize, Stage
from pixmill.plan.output import Encoding, Profile
from pixmill.plan.overlays import Length, Placement, Shadow, TextOverlay
from pixmill.plan.shapes import Border, Shape
from pixmill.plan.source import parse_source
from pixmill.ports.values import Rendered
from tests.pixels import profiles
from tests.pixels.images import LIMITS, decode_result, encode_image
from tests.pixels.signalling import PATCHES, cicp, encode_avif, encode_png, gama, patch_values, patches, with_chunks

RED: Final = Colour(200, 60, 60)
SHOWN_P3: Final = (217, 42, 52)
WIDTH: Final = 48
P3_PROFILE: Final = bytes(pyvips.Image.profile_load("p3"))
OVERLAY: Final = parse_source("https://images.example/overlay.png")
BLACK_POINT: Final = ImageCms.Flags.BLACKPOINTCOMPENSATION

FORMATS: Final[dict[str, Output]] = {
    **{kind.value: Output((kind,), quality=95) for kind in (Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF)},
    **{kind.value: Output((kind,), quality=95) for kind in (Format.GIF, Format.TIFF, Format.BMP, Format.ICO)},
    "free": Output(quality=95),
    "auto, AVIF and WebP": Output((Format.AVIF, Format.WEBP), negotiated=True, quality=95),
    "auto, WebP": Output((Format.WEBP,), negotiated=True, quality=95),
    "original": Output(source_format=True, quality=95),
    "PNG with a palette": Output((Format.PNG,), encoding=Encoding(colours=256)),
    "lossless AVIF": Output((Format.AVIF,), encoding=Encoding(lossless=True)),
    "AVIF of 10 bits": Output((Format.AVIF,), encoding=Encoding(depth=10), quality=95),
}


def animation() -> bytes:
    first, second = patches(), patches()
    second.putpixel((0, 0), (0, 0, 0))
    return bytes(encode_image(first, "PNG", save_all=True, append_images=[second], duration=100))


ORIGINALS: Final = {
    "P3": encode_png(patches(), cicp(12, 13)),
    "PQ": encode_png(patches(), cicp(9, 16)),
    "grey with a gamma": encode_png(patches("L"), gama(0.55)),
    "linear grey": encode_png(patches("L"), gama(1)),
    "grey JPEG with a profile": encode_image(patches("L"), "JPEG", quality=98, icc_profile=profiles.grey_profile(1.8)),
    "linear grey AVIF": encode_avif(patches("L"), 1, 8),
    "P3 animation": with_chunks(animation(), cicp(12, 13)),
    "GIF": encode_image(patches().quantize(8), "GIF"),
    "bitmap": encode_image(patches(), "BMP"),
}


def shown(rendered: Rendered) -> Image.Image:
    """Convert to sRGB by the result's own profile."""
    image: Image.Image = Image.open(BytesIO(rendered.body))
    if image.mode == "P":  # whose colours are RGB, also if all are grey
        image, image.info = image.convert("RGBA"), image.info
    profile, is_grey = image.info.get("icc_profile"), image.mode in ("1", "L", "LA")
    colours = image.convert("L" if is_grey else "RGB")
    if not profile:
        return colours.convert("RGB")
    assert (profile[16:20] == b"GRAY") == is_grey, f"profile of {profile[16:20]} in {image.mode}"
    source, target = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(
        colours,
        source,
        target,
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=BLACK_POINT,
    )
    assert converted is not None
    return converted


def assert_same(rendered: Rendered, expected: list[tuple[int, ...]], within: int = 8) -> None:
    for pixel, other in zip(patch_values(shown(rendered)), expected, strict=True):
        assert all(abs(one - two) <= within for one, two in zip(pixel, other, strict=True)), (pixel, other)


def plan(output: Output, profile: Profile, **operations: Any) -> Plan:
    return Plan(output=Output(**{**fields(output), "profile": profile}), **operations)


def fields(output: Output) -> dict[str, Any]:
    return {name: getattr(output, name) for name in Output.__struct_fields__}


@pytest.mark.parametrize("profile", [Profile.KEEP, Profile.P3, Profile.PROPHOTO])
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("original", ORIGINALS)
def test_a_result_of_any_format_shows_the_colours_of_its_original(original: str, kind: str, profile: Profile) -> None:
    source = ORIGINALS[original]
    expected = patch_values(decode_result(render(source, plan(FORMATS["png"], Profile.SRGB), LIMITS)))
    assert_same(render(source, plan(FORMATS[kind], profile), LIMITS), expected)


@pytest.mark.parametrize("kind", [Format.BLURHASH, Format.THUMBHASH, Format.LQIP])
@pytest.mark.parametrize("original", ["P3", "PQ", "linear grey"])
def test_placeholders_are_those_of_srgb(original: str, kind: Format) -> None:
    bodies = {render(ORIGINALS[original], plan(Output((kind,)), profile), LIMITS).body for profile in Profile}
    assert len(bodies) == 1


COLOURINGS: Final[dict[str, dict[str, Any]]] = {
    "padding": {"resize": Resize(WIDTH, 48, Fit.CONTAIN), "background": RED},
    "border": {"shape": Shape(border=Border(2, RED))},
    "tint": {"adjust": Adjust(colour=ColourAdjustment(tint=RED))},
    "overlay": {"overlays": (ImageOverlay(OVERLAY, width=Length(10)),)},
    "later stage": {"stages": (Stage(resize=Resize(WIDTH, 48, Fit.CONTAIN), background=RED),)},
    "nothing": {"grayscale": True},
}


@pytest.mark.parametrize("kind", ["png", "tiff", "original"])
@pytest.mark.parametrize("operation", COLOURINGS)
@pytest.mark.parametrize("original", ["grey with a gamma", "linear grey"])
def test_grey_that_is_given_colours_leaves_its_profile(original: str, operation: str, kind: str) -> None:
    extras = {OVERLAY: encode_image(Image.new("RGB", (4, 4), (200, 60, 60)), "PNG")}
    results = [
        render(ORIGINALS[original], plan(FORMATS[kind], profile, **COLOURINGS[operation]), LIMITS, extras)
        for profile in (Profile.SRGB, Profile.KEEP)
    ]
    one, other = map(shown, results)
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("profile", [Profile.KEEP, Profile.P3, Profile.ADOBE])
@pytest.mark.parametrize("original", ["P3", "PQ"])
def test_colours_made_grey_have_no_profile_of_colours(original: str, profile: Profile) -> None:
    kept, usual = (
        render(ORIGINALS[original], plan(FORMATS["png"], each, grayscale=True), LIMITS)
        for each in (profile, Profile.SRGB)
    )
    assert_same(kept, patch_values(shown(usual)), within=24 if original == "PQ" else 6)


def patch_overlay(**placement: Any) -> ImageOverlay:
    return ImageOverlay(OVERLAY, width=Length(WIDTH), placement=Placement(**placement))


@pytest.mark.parametrize("profile", [Profile.KEEP, Profile.P3, Profile.ADOBE, Profile.REC2020, Profile.PROPHOTO])
@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ((), PATCHES),
        ((cicp(12, 13),), (SHOWN_P3, *PATCHES[1:])),
        ((gama(1),), ((229, 133, 133), (188,) * 3, (79,) * 3)),
        ((cicp(1, 16),), ((255, 15, 15), (132,) * 3, (1,) * 3)),
    ],
    ids=["sRGB", "P3", "linear", "PQ"],
)
def test_an_overlay_keeps_its_colours_on_a_wide_gamut(
    chunks: tuple[tuple[bytes, bytes], ...], expected: list[tuple[int, ...]], profile: Profile
) -> None:
    request = plan(FORMATS["png"], profile, overlays=(patch_overlay(),))
    result = render(ORIGINALS["P3"], request, LIMITS, {OVERLAY: encode_png(patches(), *chunks)})
    # PQ red is outside all of these gamuts but Rec. 2020, through whose 8 bits it goes.
    assert_same(result, list(expected), within=20 if expected[0] == (255, 15, 15) else 6)


def test_a_grey_overlay_keeps_its_colours_on_a_wide_gamut() -> None:
    request = plan(FORMATS["png"], Profile.REC2020, overlays=(patch_overlay(),))
    result = render(ORIGINALS["P3"], request, LIMITS, {OVERLAY: encode_png(patches("L"))})
    assert_same(result, [(patch[0],) * 3 for patch in PATCHES], within=3)


def test_the_same_overlay_is_made_for_each_gamut() -> None:
    extras = {OVERLAY: encode_png(patches())}
    for profile in (Profile.SRGB, Profile.P3, Profile.PROPHOTO, Profile.SRGB):
        request = plan(FORMATS["png"], profile, overlays=(patch_overlay(),))
        assert_same(render(ORIGINALS["P3"], request, LIMITS, extras), list(PATCHES), within=3)


DRAWN: Final[dict[str, dict[str, Any]]] = {
    "background": {"resize": Resize(WIDTH, 48, Fit.CONTAIN), "background": RED},
    "border": {"shape": Shape(border=Border(4, RED))},
    "duotone": {"adjust": Adjust(colour=ColourAdjustment(duotone=Duotone(RED, RED)))},
    "colorize": {"adjust": Adjust(colour=ColourAdjustment(colorize=RED))},
    "background of a text": {
        "overlays": (TextOverlay("x", colour=RED, background=RED, placement=Placement(x=0, y=0)),)
    },
    "shadow": {
        "overlays": (
            ImageOverlay(
                OVERLAY,
                width=Length(8),
                height=Length(8),
                placement=Placement(x=0, y=0, shadow=Shadow(RED, offset_x=0, offset_y=0), opacity=100),
            ),
        )
    },
}


@pytest.mark.parametrize("profile", [Profile.KEEP, Profile.P3, Profile.ADOBE, Profile.REC2020, Profile.PROPHOTO])
@pytest.mark.parametrize("operation", DRAWN)
def test_colours_of_a_request_are_srgb_on_a_wide_gamut(operation: str, profile: Profile) -> None:
    extras = {OVERLAY: encode_image(Image.new("RGBA", (8, 8), (200, 60, 60, 255)), "PNG")}
    result = shown(render(ORIGINALS["P3"], plan(FORMATS["png"], profile, **DRAWN[operation]), LIMITS, extras))
    corner = result.getpixel((1, 1))
    assert isinstance(corner, tuple)
    assert all(abs(one - two) <= 2 for one, two in zip(corner, (200, 60, 60), strict=True)), corner
