"""Resizing and rotations mix light, or sRGB values where the plan says so: half black and half white is 188, or 128."""

from io import BytesIO

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image, ImageDraw, ImageFont

from pixmill.engine.pixels.batch import render_all
from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.lengths import Size
from pixmill.plan.ops import DecodeScaling, Fit, ImageOverlay, Input, Kernel, Output, Plan, ResampleSpace, Resize, Stage
from pixmill.plan.output import Encoding
from pixmill.plan.overlays import Length, OverlayFit
from pixmill.plan.source import parse_source
from pixmill.plan.transforms import FreeRotation
from pixmill.ports.values import Rendered
from tests.pixels.images import (
    LIMITS,
    decode_result,
    difference,
    encode_image,
    photo,
    pixels_of,
    render_image,
    render_plan,
)
from tests.pixels.reference import resample

MEANS = [(ResampleSpace.LINEAR, 188), (ResampleSpace.SRGB, 128)]
OVERLAY = parse_source("over.png")


def checks(side: int = 96, mode: str = "L") -> Image.Image:
    """Pixels that are black and white in turn."""
    values = (np.indices((side, side)).sum(axis=0) % 2 * 255).astype(np.uint8)
    return Image.fromarray(values).convert(mode)


def text(ink: int = 0, paper: int = 255, size: tuple[int, int] = (480, 240)) -> Image.Image:
    """Lines of text, each smaller than the one above."""
    image = Image.new("RGB", size, (paper,) * 3)
    draw, top = ImageDraw.Draw(image), 8
    for points in (36, 28, 22, 18, 15, 13):
        draw.text(
            (8, top), "Sphinx of black quartz, judge my vow 0123456789", (ink,) * 3, ImageFont.load_default(points)
        )
        top += points + 6
    return image


def grain(width: int = 480, height: int = 240) -> Image.Image:
    """What a camera sees: no two neighbours are equal."""
    random = np.random.default_rng(3)
    values = pixels_of(photo(width, height)).astype(float) + random.normal(0, 25, (height, width, 3))
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def middle(image: Image.Image) -> int:
    values = pixels_of(image)
    return int(values[tuple(side // 2 for side in values.shape[:2])][0])


@pytest.mark.parametrize("mode", ["L", "RGB", "LA", "RGBA"])
@pytest.mark.parametrize("kernel", [kernel for kernel in Kernel if kernel is not Kernel.NEAREST])
@pytest.mark.parametrize(("space", "mean"), MEANS)
def test_every_kernel_mixes_what_the_plan_says(space: ResampleSpace, mean: int, kernel: Kernel, mode: str) -> None:
    source = encode_image(checks(mode=mode), "PNG")
    result = render_image(source, resize=Resize(12, 12, kernel=kernel), resample_space=space)
    assert abs(middle(result) - mean) <= 3


@pytest.mark.parametrize("alpha", [False, True])
def test_values_are_resampled_as_by_matrices(alpha: bool) -> None:
    image = photo(150, 100)
    if alpha:
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    mode = "RGBA" if alpha else "RGB"
    result = render_image(
        encode_image(image, "PNG"), resize=Resize(61, 40, Fit.FILL), resample_space=ResampleSpace.SRGB
    )
    wanted, _ = resample(pixels_of(image, mode) / 255, (0, 0, 150, 100), (61, 40), alpha=alpha, linear=False)
    shown = slice(2, None)  # above, nearly nothing of the colours shows
    assert difference(pixels_of(result, mode)[shown], np.rint(wanted * 255).astype(np.uint8)[shown]) < 0.1


@pytest.mark.parametrize(("space", "mean"), MEANS)
def test_a_free_rotation_mixes_what_the_plan_says(space: ResampleSpace, mean: int) -> None:
    source = encode_image(checks(), "PNG")
    rotated = render_image(source, rotate_free=FreeRotation(45.0, Colour(0, 0, 0)), resample_space=space)
    mixed = pixels_of(rotated)[60:80, 60:80, 0].astype(float)
    light = np.where(mixed / 255 <= 0.04045, mixed / 255 / 12.92, ((mixed / 255 + 0.055) / 1.055) ** 2.4)
    found = mixed.mean() if space is ResampleSpace.SRGB else 255 * light.mean()
    assert abs(found - 128) < 6, "what is mixed keeps its mean"
    assert mean in (188, 128)


@pytest.mark.parametrize("stages", [(), (Stage(),)], ids=["plain", "with stages"])
@pytest.mark.parametrize(("space", "mean"), MEANS)
def test_overlays_are_resized_as_the_image_below_them(space: ResampleSpace, mean: int, stages: tuple[Stage]) -> None:
    half = Length(12)
    over = ImageOverlay(OVERLAY, half, half, OverlayFit.INSIDE, stages=tuple(Stage(opacity=99.9) for _ in stages))
    plan = Plan(resample_space=space, overlays=(over,), output=Output((Format.PNG,)))
    extras = {OVERLAY: encode_image(checks(), "PNG")}
    result = decode_result(render(encode_image(Image.new("RGB", (12, 12)), "PNG"), plan, LIMITS, extras))
    assert abs(middle(result) - mean) <= 3


def test_a_jpeg_that_is_scaled_while_decoding_gains_no_light_where_values_are_mixed() -> None:
    grains = np.where(np.random.default_rng(1).random((512, 512)) < 0.5, 60, 200).astype(np.uint8)
    source = encode_image(Image.fromarray(grains), "JPEG", quality=95)
    values, light = (
        pixels_of(render_image(source, resize=Resize(64, 64), resample_space=space)).mean()
        for space in (ResampleSpace.SRGB, ResampleSpace.LINEAR)
    )
    assert abs(values - grains.mean()) < 0.5
    assert light > values + 0.5


def test_an_upright_photo_and_its_turned_file_are_the_same_where_values_are_mixed() -> None:
    image = photo(90, 60)
    exif = Image.Exif()
    exif[274] = 6
    turned = BytesIO()
    image.transpose(Image.Transpose.ROTATE_90).save(turned, "PNG", exif=exif)
    one, other = (
        render_image(source, resize=Resize(30), resample_space=ResampleSpace.SRGB)
        for source in (encode_image(image, "PNG"), memoryview(turned.getvalue()))
    )
    assert Size(*one.size) == Size(*other.size)
    assert difference(pixels_of(one), pixels_of(other)) < 0.2


def test_a_jpeg_that_sharp_scales_while_decoding_has_its_sides_and_pixels() -> None:
    """A quarter of 651 rows are 162 whole ones: the height is 101.25, not 101.7, and the last three are left out."""
    values = np.full((651, 640), 60, np.uint8)
    values[648:] = 255
    source = encode_image(Image.fromarray(values), "JPEG", quality=95)
    plan = Plan(resize=Resize(100), resample_space=ResampleSpace.SRGB)
    sizes, ends = {}, {}
    for scaling in DecodeScaling:
        result = render_plan(source, replace(plan, input=Input(scaling=scaling)))
        sizes[scaling], ends[scaling] = result.size, int(pixels_of(result)[-1, 50, 0])
    sharp = sizes.pop(DecodeScaling.SHARP)
    assert (sharp, set(sizes.values())) == ((100, 101), {(100, 102)})
    assert ends.pop(DecodeScaling.SHARP) < 70
    assert min(ends.values()) > 80


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (200, 20), (90, 230)])
@pytest.mark.parametrize("width", [370, 240, 120, 80])
def test_text_keeps_the_contrast_that_values_give_it(width: int, ink: int, paper: int) -> None:
    source = encode_image(text(ink, paper), "PNG")
    shown, values, light = (
        pixels_of(render_image(source, resize=Resize(width), resample_space=space)).astype(float)
        for space in (ResampleSpace.AUTO, ResampleSpace.SRGB, ResampleSpace.LINEAR)
    )
    contrast, wanted, faded = (np.abs(each - paper).mean() for each in (shown, values, light))
    assert abs(contrast / wanted - 1) < 0.05
    assert abs(faded / wanted - 1) > 0.03, "what is mixed makes a difference"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_photographs_keep_their_light(kind: str) -> None:
    source = encode_image(grain(), kind)
    shown, light = (
        render_image(source, resize=Resize(160), resample_space=space)
        for space in (ResampleSpace.AUTO, ResampleSpace.LINEAR)
    )
    assert np.array_equal(pixels_of(shown), pixels_of(light))


def test_what_is_drawn_is_found_before_it_is_resized_several_times() -> None:
    plans = [Plan(resize=Resize(width), output=Output((Format.PNG,))) for width in (40, 60, 90, 200)]
    source = encode_image(text(), "PNG")
    together = dict(render_all(source, plans, LIMITS))
    for number, plan in enumerate(plans):
        result = together[number]
        assert isinstance(result, Rendered)
        assert result.body == render(source, plan, LIMITS).body


def test_all_frames_of_an_animation_are_mixed_as_the_first() -> None:
    frames = [text(), grain()]
    out = BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True, duration=100)
    plan = Plan(resize=Resize(120), output=Output((Format.WEBP,), encoding=Encoding(lossless=True)))
    shown, values = (
        Image.open(BytesIO(render(memoryview(out.getvalue()), replace(plan, resample_space=space), LIMITS).body))
        for space in (ResampleSpace.AUTO, ResampleSpace.SRGB)
    )
    for frame in (0, 1):
        shown.seek(frame)
        values.seek(frame)
        assert np.array_equal(pixels_of(shown), pixels_of(values))


def test_an_overlay_is_mixed_by_what_it_shows_itself() -> None:
    over = ImageOverlay(OVERLAY, Length(120), Length(60), OverlayFit.INSIDE)
    source, extras = encode_image(grain(240, 120), "PNG"), {OVERLAY: encode_image(text(), "PNG")}
    shown, values, light = (
        pixels_of(
            decode_result(
                render(
                    source, Plan(resample_space=space, overlays=(over,), output=Output((Format.PNG,))), LIMITS, extras
                )
            )
        )
        for space in (ResampleSpace.AUTO, ResampleSpace.SRGB, ResampleSpace.LINEAR)
    )
    assert np.array_equal(shown, values)
    assert not np.array_equal(shown, light)
