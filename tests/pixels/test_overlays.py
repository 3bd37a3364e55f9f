"""Overlays against Pillow's ``alpha_composite`` and the formulas of CSS compositing in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pixmill.engine.pixels.pipeline import render
from pixmill.engine.raster.frame import Frame
from pixmill.errors import (
    ImageTooLarge,
    InvalidParameter,
    ResultTooLarge,
    TooCostly,
    UndecodableImage,
    UnsupportedImage,
)
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Adjust, Effects, ToneAdjustment
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Crop, CropUnit, Fit, Flip, ImageOverlay, Output, Plan, Resize, Stage
from pixmill.plan.output import Encoding
from pixmill.plan.overlays import Blend, Length, OverlayFit, Placement, Repeat, Shadow
from pixmill.plan.source import SourceRef, parse_source
from tests.pixels.animations import Patch, decode_animation, flat, gif
from tests.pixels.images import LIMITS, decode_result, encode_image, photo, pixels_of

REF = parse_source("over.png")
WIDTH, HEIGHT = 80, 50
Floats = NDArray[np.float64]


def translucent(width: int = 30, height: int = 20) -> Image.Image:
    """Many colours, each at many opacities."""
    image = photo(width, height).transpose(Image.Transpose.ROTATE_180).convert("RGBA")
    ramp = np.add.outer(np.arange(height) * 5, np.arange(width) * 4).clip(0, 255).astype(np.uint8)
    image.putalpha(Image.fromarray(ramp))
    return image


def render_overlay(picture: Image.Image, over: Image.Image, limits: Limits = LIMITS, **how: Any) -> Image.Image:
    overlay = ImageOverlay(REF, **how)
    plan = Plan(overlays=(overlay,), output=Output(formats=(Format.PNG,)))
    return decode_result(render(encode_image(picture, "PNG"), plan, limits, {REF: encode_image(over, "PNG")}))


def paste_reference(picture: Image.Image, over: Image.Image, left: int, top: int) -> Image.Image:
    """By Pillow, also where it reaches over an edge."""
    canvas = Image.new("RGBA", picture.size)
    canvas.paste(over, (left, top))
    return Image.alpha_composite(picture.convert("RGBA"), canvas)


def max_difference(one: Image.Image, other: Image.Image) -> int:
    """Return the largest difference of premultiplied values."""
    a, b = (pixels_of(image, "RGBA").astype(float) for image in (one, other))
    actual = a[..., :3] * a[..., 3:] / 255 - b[..., :3] * b[..., 3:] / 255
    return int(max(np.abs(actual).max(), np.abs(a[..., 3] - b[..., 3]).max()))


def render_over(picture: Image.Image, overlay: ImageOverlay, extras: dict[SourceRef, Image.Image]) -> Image.Image:
    plan = Plan(overlays=(overlay,), output=Output(formats=(Format.PNG,)))
    files = {source: encode_image(image, "PNG") for source, image in extras.items()}
    return decode_result(render(encode_image(picture, "PNG"), plan, LIMITS, files))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_normal_is_source_over_as_pillow_does_it(mode: str) -> None:
    image = photo(WIDTH, HEIGHT).convert(mode)
    if mode.endswith("A"):
        image.putalpha(90)
    result = render_overlay(image, translucent())
    assert result.mode == ("RGBA" if mode.endswith("A") else "RGB")
    assert max_difference(result, paste_reference(image, translucent(), 25, 15)) <= 2


def soft(b: Floats, s: Floats) -> Floats:
    root = np.where(b <= 0.25, ((16 * b - 12) * b + 4) * b, np.sqrt(b))
    return np.where(s <= 0.5, b - (1 - 2 * s) * b * (1 - b), b + (2 * s - 1) * (root - b))


def hard(b: Floats, s: Floats) -> Floats:
    return np.where(s <= 0.5, 2 * s * b, 1 - 2 * (1 - s) * (1 - b))


def dodge(b: Floats, s: Floats) -> Floats:
    return np.where(b == 0, 0, np.where(s >= 1, 1, np.minimum(1, b / np.maximum(1 - s, 1e-9))))


def burn(b: Floats, s: Floats) -> Floats:
    return np.where(b >= 1, 1, np.where(s <= 0, 0, 1 - np.minimum(1, (1 - b) / np.maximum(s, 1e-9))))


# https://www.w3.org/TR/compositing-1/#blending
MIXES: dict[Blend, Callable[[Floats, Floats], Floats]] = {
    Blend.NORMAL: lambda _, s: s,
    Blend.MULTIPLY: lambda b, s: b * s,
    Blend.SCREEN: lambda b, s: b + s - b * s,
    Blend.OVERLAY: lambda b, s: hard(s, b),
    Blend.DARKEN: np.minimum,
    Blend.LIGHTEN: np.maximum,
    Blend.COLOUR_DODGE: dodge,
    Blend.COLOUR_BURN: burn,
    Blend.HARD_LIGHT: hard,
    Blend.SOFT_LIGHT: soft,
    Blend.DIFFERENCE: lambda b, s: np.abs(b - s),
    Blend.EXCLUSION: lambda b, s: b + s - 2 * b * s,
}


def lum(c: Floats) -> Floats:
    return np.asarray(c @ (0.3, 0.59, 0.11))[..., None]


def sat(c: Floats) -> Floats:
    return np.asarray(c.max(axis=-1, keepdims=True) - c.min(axis=-1, keepdims=True))


def set_sat(c: Floats, s: Floats) -> Floats:
    low = c.min(axis=-1, keepdims=True)
    return np.where(sat(c) > 0, (c - low) * s / np.maximum(sat(c), 1e-9), 0)


def set_lum(c: Floats, light: Floats) -> Floats:
    c = c + light - lum(c)
    low, high = c.min(axis=-1, keepdims=True), c.max(axis=-1, keepdims=True)
    c = np.where(low < 0, light + (c - light) * light / np.maximum(light - low, 1e-9), c)
    return np.where(high > 1, light + (c - light) * (1 - light) / np.maximum(high - light, 1e-9), c)


# https://www.w3.org/TR/compositing-1/#blendingnonseparable
MIXES |= {
    Blend.HUE: lambda b, s: set_lum(set_sat(s, sat(b)), lum(b)),
    Blend.SATURATION: lambda b, s: set_lum(set_sat(b, sat(s)), lum(b)),
    Blend.COLOUR: lambda b, s: set_lum(s, lum(b)),
    Blend.LUMINOSITY: lambda b, s: set_lum(b, lum(s)),
}


def parts(image: Image.Image) -> tuple[Floats, Floats]:
    codes = pixels_of(image, "RGBA").astype(float) / 255
    return codes[..., :3], codes[..., 3:]


@pytest.mark.parametrize("opaque", [True, False])
@pytest.mark.parametrize("blend", MIXES)
def test_blend_modes_are_those_of_css(blend: Blend, opaque: bool) -> None:
    """co = cs αs (1 − αb) + cb αb (1 − αs) + αs αb B(cb, cs)."""
    below, above = photo(30, 20).convert("RGBA"), translucent()
    below.putalpha(255 if opaque else 150)
    (cb, ab), (cs, as_) = parts(below), parts(above)
    expected = cs * as_ * (1 - ab) + cb * ab * (1 - as_) + as_ * ab * MIXES[blend](cb, cs)
    colours, alpha = parts(render_overlay(below, above, placement=Placement(blend=blend)))
    assert np.abs(colours * alpha - expected).max() * 255 <= 2
    assert np.abs(alpha - (as_ + ab - as_ * ab)).max() * 255 < 1.01


# Porter and Duff, as https://www.w3.org/TR/compositing-1/#porterduffcompositingoperators has them: Fa, Fb.
OPERATORS: dict[Blend, Callable[[Floats, Floats], tuple[Any, Any]]] = {
    Blend.ATOP: lambda s, b: (b, 1 - s),
    Blend.BEHIND: lambda _, b: (1 - b, 1),
    Blend.ERASE: lambda s, _: (0, 1 - s),
    Blend.XOR: lambda s, b: (1 - b, 1 - s),
    Blend.ADD: lambda *_: (1, 1),
}


@pytest.mark.parametrize("opacity", [255, 140])
@pytest.mark.parametrize("blend", OPERATORS)
def test_operators_are_those_of_porter_and_duff(blend: Blend, opacity: int) -> None:
    below, above = photo(30, 20).convert("RGBA"), translucent()
    below.putalpha(opacity)
    (cb, ab), (cs, as_) = parts(below), parts(above)
    fa, fb = OPERATORS[blend](as_, ab)
    expected = np.clip(cs * as_ * fa + cb * ab * fb, 0, 1)
    cover = np.clip(as_ * fa + ab * fb, 0, 1)
    colours, alpha = parts(render_overlay(below, above, placement=Placement(blend=blend)))
    assert np.abs(alpha - cover).max() * 255 < 1.01
    assert np.abs(colours * alpha - np.minimum(expected, cover)).max() * 255 <= 2


@pytest.mark.parametrize(
    ("placement", "corner"),
    [
        (Placement(), (25, 15)),
        (Placement(x=0, y=0), (0, 0)),
        (Placement(x=1, y=1, offset_x=Length(-7), offset_y=Length(-9)), (43, 21)),
        (Placement(x=0, y=0.5, offset_x=Length(10, percent=True), offset_y=Length(-10, percent=True)), (8, 10)),
        (Placement(x=0, y=0, offset_x=Length(-12), offset_y=Length(40)), (-12, 40)),
        (Placement(x=0, y=0, offset_x=Length(500)), (500, 0)),
    ],
)
def test_an_overlay_lies_where_it_is_told_and_is_cut_at_the_edges(
    placement: Placement, corner: tuple[int, int]
) -> None:
    image = photo(WIDTH, HEIGHT)
    assert (
        max_difference(
            render_overlay(image, translucent(), placement=placement), paste_reference(image, translucent(), *corner)
        )
        <= 1
    )


def test_opacity_is_multiplied() -> None:
    faint = translucent()
    faint.putalpha(faint.getchannel("A").point(lambda code: round(code * 0.4)))
    image = photo(WIDTH, HEIGHT)
    result = render_overlay(image, translucent(), placement=Placement(opacity=40))
    assert max_difference(result, paste_reference(image, faint, 25, 15)) <= 2


@pytest.mark.parametrize(
    ("how", "size"),
    [
        ({"width": Length(15)}, (15, 10)),
        ({"width": Length(50, percent=True)}, (40, 27)),
        ({"height": Length(40)}, (60, 40)),
        ({"width": Length(20), "height": Length(40)}, (20, 13)),
        ({"width": Length(20), "height": Length(40), "fit": OverlayFit.FILL}, (20, 40)),
        ({"width": Length(20), "height": Length(40), "fit": OverlayFit.COVER}, (20, 40)),
        ({"width": Length(20), "height": Length(40), "fit": OverlayFit.OUTSIDE}, (60, 40)),
    ],
)
def test_an_overlay_has_the_size_that_is_asked_for(how: dict[str, Any], size: tuple[int, int]) -> None:
    red = Image.new("RGB", (30, 20), (255, 0, 0))
    result = pixels_of(render_overlay(Image.new("RGB", (WIDTH, HEIGHT)), red, placement=Placement(x=0, y=0), **how))
    assert (int((result[0, :, 0] == 255).sum()), int((result[:, 0, 0] == 255).sum())) == size


def test_repetition_covers_the_canvas_from_where_a_single_one_lies() -> None:
    tile = translucent(17, 11)
    placement = Placement(x=0, y=0, offset_x=Length(5), offset_y=Length(3), repeat=Repeat.BOTH, gap=4)
    expected = image = photo(WIDTH, HEIGHT).convert("RGBA")
    for top in range(3 - 15, HEIGHT, 15):
        for left in range(5 - 21, WIDTH, 21):
            expected = paste_reference(expected, tile, left, top)
    assert max_difference(render_overlay(image.convert("RGB"), tile, placement=placement), expected) <= 2
    across = render_overlay(image.convert("RGB"), tile, placement=Placement(y=0, repeat=Repeat.HORIZONTAL))
    assert (pixels_of(across)[11:] == pixels_of(image)[11:]).all()


def test_right_angles_turn_exactly_clockwise() -> None:
    image = photo(WIDTH, HEIGHT)
    turned = translucent().transpose(Image.Transpose.ROTATE_270)
    result = render_overlay(image, translucent(), placement=Placement(degrees=90))
    assert max_difference(result, paste_reference(image, turned, 30, 10)) <= 1


def test_other_angles_keep_the_middle_in_its_place() -> None:
    """A square of white turned by 45 degrees is a diamond as high as its diagonal."""
    white = Image.new("RGB", (20, 20), "white")
    result = pixels_of(render_overlay(Image.new("RGB", (WIDTH, HEIGHT)), white, placement=Placement(degrees=45)), "L")
    rows, columns = np.nonzero(result > 127)
    assert abs(rows.mean() - (HEIGHT - 1) / 2) < 0.6
    assert abs(columns.mean() - (WIDTH - 1) / 2) < 0.6
    assert 26 <= np.ptp(rows) + 1 <= 30
    assert abs((result > 127).sum() - 400) < 30


@pytest.mark.parametrize("blur", [0.0, 3.0, 9.0])
def test_a_shadow_is_the_opacity_moved_and_blurred(blur: float) -> None:
    square = Image.new("RGBA", (24, 24), (0, 0, 255, 255))
    placement = Placement(shadow=Shadow(Colour(255, 0, 0, 200), 6, -4, blur))
    result = render_overlay(Image.new("RGB", (120, 100), "white"), square, placement=placement)
    mask = Image.new("L", (120, 100))
    mask.paste(200, (48 + 6, 38 - 4, 72 + 6, 62 - 4))
    mask = mask.filter(ImageFilter.GaussianBlur(blur))
    shade = Image.new("RGBA", (120, 100), (255, 0, 0, 255))
    shade.putalpha(mask)
    expected = paste_reference(paste_reference(Image.new("RGB", (120, 100), "white"), shade, 0, 0), square, 48, 38)
    assert max_difference(result, expected) <= (1 if not blur else 8)
    assert pixels_of(result)[50, 60].tolist() == [0, 0, 255]


def test_a_phone_s_photo_lies_upright_and_another_profile_is_brought_to_srgb() -> None:
    over = Image.new("RGB", (20, 10), (255, 0, 0))
    over.paste((0, 0, 255), (10, 0, 20, 10))
    exif = Image.Exif()
    exif[274] = 6
    plan = Plan(overlays=(ImageOverlay(REF, placement=Placement(x=0, y=0)),), output=Output(formats=(Format.PNG,)))
    result = render(
        encode_image(Image.new("RGB", (40, 40)), "PNG"),
        plan,
        LIMITS,
        {REF: encode_image(over, "PNG", exif=exif.tobytes())},
    )
    pixels = pixels_of(decode_result(result))
    assert pixels[2, 2].tolist() == [255, 0, 0]
    assert pixels[17, 7].tolist() == [0, 0, 255]
    assert pixels[2, 12].tolist() == [0, 0, 0]


def test_an_overlay_is_made_ready_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from pixmill.engine.pixels.layers import layer  # noqa: PLC0415 - only here

    opened: list[Size] = []
    real = layer._resized_frame

    def noted(*arguments: Any) -> Frame:
        result = real(*arguments)
        opened.append(result.size)
        return result

    monkeypatch.setattr(layer, "_resized_frame", noted)
    over = Image.new("RGB", (9, 7), (1, 2, 99))
    for right in range(3):
        render_overlay(photo(WIDTH, HEIGHT), over, placement=Placement(offset_x=Length(right)))
    assert opened == [Size(9, 7)]
    render_overlay(photo(WIDTH, HEIGHT), over, width=Length(18))
    assert opened == [Size(9, 7), Size(18, 14)]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from pixmill.engine.pixels.layers import layer  # noqa: PLC0415 - only here

    monkeypatch.setattr(layer, "MAX_CACHE_BYTES", 10_000)
    for shade in range(12):
        render_overlay(photo(8, 8), Image.new("RGB", (40, 30), (shade, 50, 60)))
        assert layer._LAYER_CACHE._layers.total_bytes <= 10_000
        assert (
            sum(len(one.frame.pixels) for one in layer._LAYER_CACHE._layers.entries.values())
            == layer._LAYER_CACHE._layers.total_bytes
        )


@pytest.mark.parametrize(
    ("body", "limits", "error"),
    [
        (b"no picture", LIMITS, UnsupportedImage),
        (bytes(encode_image(photo(40, 40), "PNG"))[:200], LIMITS, UndecodableImage),
        (bytes(encode_image(photo(70, 70), "PNG")), Limits(max_pixels=4500), ImageTooLarge),
    ],
)
def test_a_picture_that_is_none_is_named(body: bytes, limits: Limits, error: type[Exception]) -> None:
    good = parse_source("good.png")
    plan = Plan(overlays=(ImageOverlay(good), ImageOverlay(REF)), output=Output(formats=(Format.PNG,)))
    extras = {good: encode_image(photo(5, 5), "PNG"), REF: memoryview(body)}
    with pytest.raises(error, match=r"Overlay 2: ") as caught:
        render(encode_image(photo(60, 60), "PNG"), plan, limits, extras)
    assert getattr(caught.value, "param", "") == "overlay"


CHAIN = ImageOverlay(
    REF,
    Length(50, percent=True),
    prepare=(Stage(crop=Crop(5, 0, 20, 20)), Stage(flip=Flip.HORIZONTAL)),
    stages=(Stage(blur=1.5, adjust=Adjust(tone=ToneAdjustment(invert=True))), Stage(rotate=90)),
)


def test_stages_of_an_overlay_are_those_of_a_result_of_its_own() -> None:
    """Before its box, the box in the canvas, after it."""
    canvas, over = photo(WIDTH, HEIGHT), translucent()
    box = Stage(resize=Resize(WIDTH // 2, enlarge=True))
    alone = Plan(
        crop=CHAIN.prepare[0].crop,
        stages=(CHAIN.prepare[1], box, *CHAIN.stages),
        output=Output(formats=(Format.PNG,)),
    )
    processed = decode_result(render(encode_image(over, "PNG"), alone, LIMITS))
    assert processed.size == (40, 40)
    result = render_over(canvas, CHAIN, {REF: over})
    assert max_difference(result, paste_reference(canvas, processed, 20, 5)) <= 2


def test_overlays_of_an_overlay_lie_on_it() -> None:
    inner_ref = parse_source("inner.png")
    canvas, over = photo(WIDTH, HEIGHT), Image.new("RGB", (40, 20), "blue")
    inner = ImageOverlay(inner_ref, Length(50, percent=True), placement=Placement(x=0, y=0))
    overlay = ImageOverlay(REF, stages=(Stage(overlays=(inner,)),))
    for colour in ("red", "lime"):
        result = render_over(canvas, overlay, {REF: over, inner_ref: Image.new("RGB", (30, 15), colour)})
        layer = over.copy()
        layer.paste(colour, (0, 0, 20, 10))
        assert max_difference(result, paste_reference(canvas, layer.convert("RGBA"), 20, 15)) <= 1


def test_an_error_of_a_stage_of_an_overlay_names_both() -> None:
    overlay = ImageOverlay(REF, stages=(Stage(), Stage(crop=Crop(500, 0, 5, 5))))
    with pytest.raises(InvalidParameter, match=r"^Overlay 1: Stage 2: The crop begins outside the image"):
        render_over(photo(WIDTH, HEIGHT), overlay, {REF: translucent()})


def test_the_stages_of_an_overlay_are_part_of_the_estimated_cost() -> None:
    stages = (Stage(resize=Resize(3000, 3000, Fit.FILL, enlarge=True), effects=Effects(median=5)),)
    plan = Plan(overlays=(ImageOverlay(REF, stages=stages),), output=Output(formats=(Format.PNG,)))
    sources = encode_image(photo(WIDTH, HEIGHT), "PNG"), {REF: encode_image(translucent(), "PNG")}
    with pytest.raises(TooCostly):
        render(sources[0], plan, Limits(max_cost_s=0.5), sources[1])


@pytest.mark.parametrize("opacity", [255, 140])
def test_a_mask_keeps_the_image_where_the_overlay_is_opaque_and_nowhere_else(opacity: int) -> None:
    below, above = photo(WIDTH, HEIGHT).convert("RGBA"), translucent()
    below.putalpha(opacity)
    result = render_overlay(below, above, placement=Placement(blend=Blend.MASK))
    mask = np.zeros((HEIGHT, WIDTH))
    mask[15:35, 25:55] = pixels_of(above, "RGBA")[..., 3]
    alpha = pixels_of(result, "RGBA")[..., 3]
    assert np.abs(alpha - mask * opacity / 255).max() <= 0.501
    assert np.array_equal(pixels_of(result)[alpha > 0], pixels_of(below)[alpha > 0])


def test_a_mask_outside_the_image_leaves_nothing() -> None:
    result = render_overlay(
        photo(WIDTH, HEIGHT), translucent(), placement=Placement(offset_x=Length(500), blend=Blend.MASK)
    )
    assert pixels_of(result, "RGBA")[..., 3].max() == 0


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize(
    ("left", "top", "size", "image_at"),
    [
        (-10, 5, (90, 50), (10, 0)),
        (60, -4, (90, 54), (0, 4)),
        (70, 45, (100, 65), (0, 0)),
        (200, 5, (230, 50), (0, 0)),
        (5, 5, (80, 50), (0, 0)),
    ],
)
def test_the_canvas_grows_for_an_overlay_that_stands_out(
    mode: str, left: int, top: int, size: tuple[int, int], image_at: tuple[int, int]
) -> None:
    image, over = photo(WIDTH, HEIGHT).convert(mode), translucent()
    placement = Placement(0, 0, Length(left), Length(top), expand=True)
    result = render_overlay(image, over, placement=placement)
    expected = Image.new("RGBA", size, (255, 255, 255, 0))
    expected.paste(image.convert("RGBA"), image_at)
    assert result.size == size
    position = left + image_at[0], top + image_at[1]
    assert max_difference(result, paste_reference(expected, over, *position)) <= 2
    clipped = replace(placement, expand=False)
    assert render_overlay(image, over, placement=clipped).size == (WIDTH, HEIGHT)


def test_a_stage_after_a_grown_canvas_has_its_size() -> None:
    overlay = ImageOverlay(REF, placement=Placement(0, 0, Length(-20), expand=True))
    files = {REF: encode_image(Image.new("RGB", (40, 20), "lime"), "PNG")}
    stages = (Stage(rotate=90), Stage(resize=Resize(width=25)), Stage(crop=Crop(0, 0, 100, 50, CropUnit.PERCENT)))
    plan = Plan(overlays=(overlay,), stages=stages, output=Output(formats=(Format.PNG,)))
    source = encode_image(photo(WIDTH, HEIGHT), "PNG")
    result = decode_result(render(source, plan, LIMITS, files))
    assert result.size == (25, 25)  # of 50 × 100
    alone = decode_result(render(source, replace(plan, stages=()), LIMITS, files))
    expected = Plan(rotate=90, stages=stages[1:], output=plan.output)
    assert max_difference(result, decode_result(render(encode_image(alone, "PNG"), expected, LIMITS))) <= 1


def test_a_canvas_grows_within_the_limits() -> None:
    with pytest.raises(ResultTooLarge, match="Overlay 1: No side"):
        render_overlay(photo(WIDTH, HEIGHT), translucent(), placement=Placement(offset_x=Length(60_000), expand=True))
    plan = Plan(
        overlays=(ImageOverlay(REF, placement=Placement(offset_x=Length(15_000), expand=True)),),
        output=Output(formats=(Format.AVIF,), encoding=Encoding(effort=9, lossless=True)),
    )
    sources = encode_image(photo(WIDTH, HEIGHT), "PNG"), {REF: encode_image(translucent(), "PNG")}
    with pytest.raises(TooCostly):
        render(sources[0], plan, Limits(max_cost_s=0.5), sources[1])
    ico = replace(plan, output=Output(formats=(Format.ICO,)))
    with pytest.raises(ResultTooLarge, match="ico allows at most"):
        render(sources[0], ico, LIMITS, sources[1])


def test_every_frame_of_an_animation_grows() -> None:
    films = gif((48, 32), [Patch(flat(1, 48, 32)), Patch(flat(2, 20, 16), 4, 8)])
    overlay = ImageOverlay(REF, placement=Placement(1, 1, Length(10), Length(10), expand=True))
    plan = Plan(overlays=(overlay,), stages=(Stage(resize=Resize(width=29)),), output=Output(formats=(Format.WEBP,)))
    rendered = render(films, plan, LIMITS, {REF: encode_image(translucent(), "PNG")})
    assert (rendered.width, rendered.height) == (29, 21)
    assert [frame.shape[:2] for frame in decode_animation(rendered.body).frames] == [(21, 29)] * 2
