"""The channels of a pixel together: against the matrices of CSS, CIE Lab in float64, Pillow, and by hand."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from pixmill.plan.colour import Colour
from pixmill.plan.effects import Adjust, ColourAdjustment, Duotone, Modulate
from tests.pixels.images import encode_image, photo, pixels_of, render_image
from tests.pixels.reference import Floats, to_linear, to_srgb

LUMINANCE = (0.2126, 0.7152, 0.0722)
BLACK, WHITE = Colour(0, 0, 0), Colour()


def render_colour(image: Image.Image, **colour: Any) -> Image.Image:
    return render_image(encode_image(image, "PNG"), adjust=Adjust(colour=ColourAdjustment(**colour)))


def greys(picture: Image.Image) -> Floats:
    """Luminance as a code from 0 to 1."""
    light = to_linear(pixels_of(picture) / 255) @ LUMINANCE
    return np.asarray(np.rint(to_srgb(light) * 255)[..., None] / 255)


XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
D65 = XYZ.sum(axis=1)


def to_lab(codes: Floats) -> Floats:
    """CIE 15:2004, white D65."""
    x = to_linear(codes / 255) @ XYZ.T / D65
    f = np.where(x > (6 / 29) ** 3, np.cbrt(x), x * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def from_lab(lab: Floats) -> Floats:
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    x = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * D65
    return np.asarray(to_srgb(np.clip(x @ np.linalg.inv(XYZ).T, 0, 1)) * 255)


# https://www.w3.org/TR/filter-effects-1/#feColorMatrixElement, written out by hand for these values.
CSS = {
    "saturation -100": ({"saturation": -100.0}, [[0.213, 0.715, 0.072]] * 3),
    "saturation 100": (
        {"saturation": 100.0},
        [[1.787, -0.715, -0.072], [-0.213, 1.285, -0.072], [-0.213, -0.715, 1.928]],
    ),
    "hue 90": ({"hue": 90.0}, [[0.0, 0.0, 1.0], [0.356, 0.855, -0.211], [-0.574, 1.43, 0.144]]),
    "hue 180": ({"hue": 180.0}, [[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]]),
    "sepia 100": ({"sepia": 100.0}, [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]]),
    "sepia 50": ({"sepia": 50.0}, [[0.6965, 0.3845, 0.0945], [0.1745, 0.843, 0.084], [0.136, 0.267, 0.5655]]),
}


@pytest.mark.parametrize("name", CSS)
def test_matrices_are_those_of_css(name: str) -> None:
    colour, matrix = CSS[name]
    image = photo()
    expected = (pixels_of(image).astype(float) @ np.array(matrix).T).clip(0, 255)
    assert np.abs(pixels_of(render_colour(image, **colour)) - expected).max() <= 0.501


def test_several_matrices_are_one_after_the_other() -> None:
    """Without cutting anything off in between."""
    image = photo()
    matrix = np.array(CSS["sepia 50"][1]) @ np.array(CSS["hue 90"][1]) @ np.array(CSS["saturation 100"][1])
    expected = (pixels_of(image).astype(float) @ matrix.T).clip(0, 255)
    result = pixels_of(render_colour(image, saturation=100.0, hue=90.0, sepia=50.0))
    assert np.abs(result - expected).max() <= 0.501


@pytest.mark.parametrize("change", [-30.0, 15.0])
def test_lightness_is_that_of_lab(change: float) -> None:
    image = photo()
    lab = to_lab(pixels_of(image).astype(float))
    lab[..., 0] = (lab[..., 0] + change).clip(0, 100)
    gone = np.abs(pixels_of(render_colour(image, lightness=change)) - from_lab(lab))
    assert gone.mean() < 0.5
    assert gone.max() <= 4  # libvips goes by tables


def test_a_matrix_mixes_the_channels() -> None:
    image = photo()
    weights = (0.5, 0.25, 0.25, 1.5, -0.5, 0.0, 0.0, 0.0, 2.0)
    mixed = pixels_of(image).astype(float) @ np.array(weights).reshape(3, 3).T
    result = pixels_of(render_colour(image, matrix=weights)).astype(float)
    assert np.abs(result - mixed.clip(0, 255)).max() <= 1
    luma = pixels_of(render_colour(image, matrix=(0.299, 0.587, 0.114) * 3)).astype(int)
    assert np.abs(luma - np.asarray(image.convert("L")).astype(int)[..., None]).max() <= 1


@pytest.mark.parametrize(
    ("change", "lightness"),
    [(Modulate(1.2, 1.0, 0.0), 0.0), (Modulate(1.0, 0.4, 0.0), 0.0), (Modulate(0.8, 1.3, 70.0), 5.0)],
)
def test_modulate_is_that_of_lch(change: Modulate, lightness: float) -> None:
    image = photo()
    lab = to_lab(pixels_of(image).astype(float))
    chroma, hue = np.hypot(lab[..., 1], lab[..., 2]) * change.chroma, np.arctan2(lab[..., 2], lab[..., 1])
    hue = hue + np.radians(change.hue)
    lab[..., 0] = lab[..., 0] * change.lightness + lightness
    lab[..., 1], lab[..., 2] = chroma * np.cos(hue), chroma * np.sin(hue)
    gone = np.abs(pixels_of(render_colour(image, modulate=change, lightness=lightness)) - from_lab(lab))
    assert gone.mean() < 0.6
    assert gone.max() <= 5  # libvips goes by tables


SHARP_COLOURS = [
    [200, 60, 40],
    [40, 160, 80],
    [30, 60, 200],
    [128, 128, 128],
    [240, 220, 180],
    [90, 20, 110],
    [12, 12, 40],
    [180, 180, 60],
]
SHARP = {
    (1.2, 1.0, 0.0): [
        [230, 86, 61],
        [79, 192, 109],
        [62, 75, 219],
        [156, 156, 156],
        [255, 255, 229],
        [102, 33, 121],
        [14, 15, 41],
        [221, 219, 98],
    ],
    (1.0, 1.5, 0.0): [
        [234, 0, 0],
        [0, 167, 43],
        [0, 51, 255],
        [128, 128, 128],
        [247, 219, 159],
        [104, 0, 138],
        [2, 11, 52],
        [174, 183, 0],
    ],
    (0.9, 1.2, 90.0): [
        [0, 117, 0],
        [0, 148, 229],
        [186, 0, 0],
        [114, 114, 114],
        [137, 212, 194],
        [111, 0, 0],
        [44, 0, 0],
        [0, 185, 185],
    ],
}


@pytest.mark.parametrize("values", SHARP)
def test_modulate_is_sharps(values: tuple[float, float, float]) -> None:
    """Recorded from sharp 0.35.5, ``modulate({brightness, saturation, hue})``."""
    result = pixels_of(render_colour(Image.fromarray(np.array([SHARP_COLOURS], np.uint8)), modulate=Modulate(*values)))
    assert np.abs(result[0].astype(int) - SHARP[values]).max() <= 1


@pytest.mark.parametrize("change", [-100.0, 50.0, 300.0])
def test_vibrance_changes_muted_colours_and_keeps_grey_and_pure_ones(change: float) -> None:
    image = photo()
    x = pixels_of(image).astype(float)
    luma = (x @ (0.213, 0.715, 0.072))[..., None]
    factor = 1 + change / 100 * (1 - (x.max(axis=-1) - x.min(axis=-1)) / 255)[..., None]
    expected = (luma + (x - luma) * factor).clip(0, 255)
    assert np.abs(pixels_of(render_colour(image, vibrance=change)) - expected).max() <= 0.501
    pure = Image.fromarray(np.array([[[255, 0, 0], [90, 90, 90], [0, 255, 255]]], np.uint8))
    assert np.array_equal(pixels_of(render_colour(pure, vibrance=change)), pixels_of(pure))


def test_a_tint_keeps_lightness_and_brings_its_own_hue() -> None:
    image = photo()
    tinted = pixels_of(render_colour(image, tint=Colour(0, 90, 200))).astype(float)
    wanted = to_lab(np.array([[0.0, 90.0, 200.0]]))[0]
    light = to_lab(np.repeat(greys(image) * 255, 3, axis=-1))[..., :1]
    much = 1 - 4 * (light / 100 - 0.5) ** 2
    expected = from_lab(np.concatenate([light, much * wanted[1], much * wanted[2]], axis=-1))
    assert np.abs(tinted - expected).mean() < 1
    assert np.abs(tinted - expected).max() <= 5


@pytest.mark.parametrize("opacity", [255, 128])
def test_a_duotone_runs_from_dark_to_light(opacity: int) -> None:
    image, grey = photo(), greys(photo())
    dark, light = Colour(40, 20, 90, opacity), Colour(250, 220, 90, opacity)
    full = np.array((40, 20, 90)) * (1 - grey) + np.array((250, 220, 90)) * grey
    expected = pixels_of(image) * (1 - opacity / 255) + full * opacity / 255
    assert np.abs(pixels_of(render_colour(image, duotone=Duotone(dark, light))) - expected).max() <= 2


def test_a_duotone_of_black_and_white_is_grayscale() -> None:
    image = photo()
    grey = render_image(encode_image(image, "PNG"), grayscale=True)
    result = render_colour(image, duotone=Duotone(BLACK, WHITE))
    assert np.array_equal(pixels_of(result), pixels_of(grey))


def test_colorize_is_pillows_blend() -> None:
    image = photo()
    expected = Image.blend(image, Image.new("RGB", image.size, (255, 40, 0)), 100 / 255)
    result = render_colour(image, colorize=Colour(255, 40, 0, 100))
    assert np.abs(pixels_of(result).astype(int) - pixels_of(expected)).max() <= 1


EVERYTHING = {
    "lightness": 5.0,
    "saturation": 30.0,
    "hue": 40.0,
    "sepia": 20.0,
    "tint": Colour(9, 200, 80, 90),
    "duotone": Duotone(Colour(0, 0, 40, 90), Colour(255, 200, 200, 90)),
    "colorize": Colour(1, 2, 3, 50),
}


def test_a_grey_picture_is_coloured_as_one_with_three_channels() -> None:
    grey = photo().convert("L")
    result = render_colour(grey, **EVERYTHING)
    assert result.mode == "RGB"
    assert np.array_equal(pixels_of(result), pixels_of(render_colour(grey.convert("RGB"), **EVERYTHING)))


@pytest.mark.parametrize("colour", [{"saturation": 70.0}, {"hue": 200.0}, {"colorize": Colour(9, 9, 9, 99)}])
def test_grey_stays_grey_where_it_can(colour: dict[str, Any]) -> None:
    assert render_colour(photo().convert("L"), **colour).mode == "L"


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_stays(mode: str) -> None:
    image = photo().convert(mode)
    image.putalpha(Image.radial_gradient("L").resize(image.size))
    result = render_colour(image, **EVERYTHING)
    assert np.array_equal(pixels_of(result, "RGBA")[..., 3], pixels_of(image, "RGBA")[..., 3])


def test_what_is_opaque_looks_the_same_with_alpha_around_it() -> None:
    image = photo()
    actual = image.convert("RGBA")
    actual.putalpha(Image.linear_gradient("L").resize(image.size))
    result = pixels_of(render_colour(actual, **EVERYTHING), "RGBA")[..., :3]
    assert np.array_equal(result, pixels_of(render_colour(image, **EVERYTHING)))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize("threshold", [1, 100, 255])
def test_a_threshold_parts_by_luminance(threshold: int, mode: str) -> None:
    image = photo().convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.radial_gradient("L").resize(image.size))
    result = render_colour(image, threshold=threshold)
    grey = pixels_of(image, "L") if mode == "L" else np.rint(greys(image.convert("RGB"))[..., 0] * 255)
    clear = np.abs(grey - threshold) > 1  # libvips' table of luminance is off by one here and there
    assert np.array_equal(pixels_of(result, "L")[clear], (255 * (grey >= threshold)).astype(np.uint8)[clear])
    assert clear.mean() > 0.7
    if mode == "RGBA":
        assert np.array_equal(pixels_of(result, "RGBA")[..., 3], pixels_of(image, "RGBA")[..., 3])
