"""The target of the crop window is in the result: regions, detail, faces, in every orientation."""

import sys
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from pixmill.engine.pixels.analysis import faces as detector
from pixmill.engine.raster.convert import to_vips
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.errors import MissingExtra
from pixmill.plan.effects import Effects
from pixmill.plan.gravity import (
    Faces,
    FocalPixels,
    FocalRegion,
    FocalRegions,
    Gravity,
    Interest,
    PixelRegion,
    Point,
    Smart,
)
from pixmill.plan.ops import Aspect, Fit, Kernel, Resize
from tests.pixels.images import Pixels, difference, encode_image, photo, pixels_of, render_image, render_resized

LYING = {1: None, 3: Image.Transpose.ROTATE_180, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90}
"""Transform from an upright image to the stored one, for some EXIF orientations."""


def encode_oriented(upright: Image.Image, orientation: int, kind: str = "PNG") -> memoryview:
    method = LYING[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    return encode_image(upright if method is None else upright.transpose(method), kind, exif=exif)


def image_with_mark(left: int, top: int, right: int, bottom: int) -> Image.Image:
    """Return a grey image of 1200 × 400 pixels with a red mark."""
    pixels = np.full((400, 1200, 3), 120, np.uint8)
    pixels[top:bottom, left:right] = (230, 60, 40)
    return Image.fromarray(pixels)


def red(image: Image.Image) -> int:
    pixels = pixels_of(image).astype(int)
    return int(((pixels[..., 0] - pixels[..., 1]) > 100).sum())


@pytest.mark.parametrize("orientation", LYING)
def test_a_region_is_in_the_window_however_the_picture_lies(orientation: int) -> None:
    gravity = FocalRegions((FocalRegion(0.75, 0.25, 0.1, 0.5),))
    source = encode_oriented(image_with_mark(900, 100, 1020, 300), orientation)
    result = render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=gravity)
    assert red(result) == pytest.approx(30 * 50, abs=90)


@pytest.mark.parametrize(
    ("gravity", "left"),
    [(Point(0, 0.5), 0), (Point(0, 0.5, 40, 0), 40), (Point(1, 0.5, -40, 0), 160), (Point(0.5, 0.5, -20, 0), 80)],
)
def test_a_distance_counts_pixels_of_the_result(gravity: Gravity, left: int) -> None:
    image = encode_image(photo(600, 200), "PNG")
    result = pixels_of(render_resized(image, width=100, height=100, fit=Fit.COVER, gravity=gravity))
    whole = pixels_of(render_resized(image, height=100))
    assert difference(result[:, 4:-4], whole[:, left + 4 : left + 96]) < 0.6


@pytest.mark.parametrize("orientation", LYING)
def test_entropy_finds_the_detail(orientation: int) -> None:
    pixels = np.full((400, 1200), 120, np.uint8)
    pixels[100:300, 800:1000] = np.random.default_rng(5).integers(0, 256, (200, 200))
    source = encode_oriented(Image.fromarray(pixels), orientation)
    gravity = Smart(Interest.ENTROPY)
    result = pixels_of(render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=gravity), "L").astype(float)
    assert (np.abs(result - 120) > 8).sum() > 1800


def test_a_smart_window_is_cut_by_every_kernel() -> None:
    source = encode_image(image_with_mark(900, 150, 1000, 250), "PNG")
    for kernel in Kernel:
        result = render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=Smart(), kernel=kernel)
        assert result.size == (100, 100)
        assert red(result) > 400


@pytest.mark.parametrize("gravity", [Smart(), Smart(Interest.ENTROPY)])
def test_a_smart_window_of_a_drawing_keeps_its_shape(gravity: Gravity) -> None:
    drawing = memoryview(
        b'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="200"><path fill="#888" d="M0 0h600v200H0z"/>'
        b'<path fill="red" d="M420 60h60v60h-60z"/></svg>'
    )
    result = render_resized(drawing, width=100, height=100, fit=Fit.COVER, gravity=gravity)
    rows, columns = (np.nonzero(np.ptp(pixels_of(result), axis=2).any(axis=axis))[0] for axis in (1, 0))
    assert (np.ptp(rows), np.ptp(columns)) == pytest.approx((30, 30), abs=3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_zoom_is_a_smaller_part_in_the_same_size(kind: str) -> None:
    image = photo(900, 600)
    source = encode_image(image, kind, **({"quality": 95} if kind == "JPEG" else {}))
    gravity = Point(0.5, 0.5, zoom=3)
    result = render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=gravity)
    part = encode_image(image.crop((350, 200, 550, 400)), "PNG")
    expected = render_resized(part, width=100, height=100)
    assert difference(pixels_of(result)[4:-4, 4:-4], pixels_of(expected)[4:-4, 4:-4]) < 2


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 50), (50, 1)])
@pytest.mark.parametrize("kernel", list(Kernel))
def test_a_close_up_of_a_tiny_image_is_one_of_its_colours(size: tuple[int, int], kernel: Kernel) -> None:
    source = encode_image(Image.new("RGB", size, (200, 30, 10)), "PNG")
    gravity = Point(0.3, 0.9, zoom=20)
    result = render_resized(source, width=40, height=30, fit=Fit.COVER, gravity=gravity, enlarge=True, kernel=kernel)
    assert difference(pixels_of(result), pixels_of(Image.new("RGB", (40, 30), (200, 30, 10)))) < 1


def test_a_drawing_is_drawn_for_its_close_up() -> None:
    drawing = memoryview(
        b'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><path fill="#888" d="M0 0h30v20H0z"/>'
        b'<path fill="red" d="M20 5h2v2h-2z"/></svg>'
    )
    gravity = FocalPixels((PixelRegion(20, 5, 2, 2),), closeness=1.0)
    result = render_resized(drawing, width=100, height=100, fit=Fit.COVER, gravity=gravity)
    assert red(result) == 100 * 100


def test_a_shape_alone_cuts_no_pixel_anew() -> None:
    image = photo(240, 160)
    result = render_image(
        encode_image(image, "PNG"), resize=Resize(aspect=Aspect(1, 1), fit=Fit.COVER, gravity=Point(1, 0.5))
    )
    assert np.array_equal(pixels_of(result), pixels_of(image)[:, 80:])


def face(side: int) -> Pixels:
    """A face as Haar's features see one: eyes darker than cheeks and brow, nose lighter than both sides, a mouth."""
    image = np.full((side, side), 90, np.uint8)
    unit = side / 100

    def spot(x: float, y: float, across: float, down: float, value: int) -> None:
        centre, axes = (int(x * unit), int(y * unit)), (int(across * unit), int(down * unit))
        cv2.ellipse(image, centre, axes, 0, 0, 360, value, -1)

    spot(50, 52, 36, 46, 205)
    for x in (35, 65):
        spot(x, 42, 10, 5, 70)
        spot(x, 34, 11, 2, 100)
    spot(50, 54, 4, 14, 235)
    spot(50, 67, 7, 2, 120)
    spot(50, 79, 14, 4, 90)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), unit), np.uint8)


def image_with_faces(*lefts: int) -> Image.Image:
    pixels = np.full((400, 1200), 128, np.uint8)
    for left in lefts:
        pixels[100:300, left : left + 200] = face(200)
    return Image.fromarray(pixels).convert("RGB")


def has_face(image: Image.Image) -> bool:
    """Whether the result shows the drawn face: its light nose and brow, and its dark eyes."""
    pixels = pixels_of(image, "L")
    return bool(pixels.max() > 200 and pixels.min() < 110)


@pytest.mark.parametrize("orientation", LYING)
def test_a_face_is_in_the_window_however_the_picture_lies(orientation: int) -> None:
    source = encode_oriented(image_with_faces(900), orientation)
    assert has_face(render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=Faces()))


def test_faces_are_found_where_they_are() -> None:
    pixels = pixels_of(image_with_faces(100, 800), "L")
    found = detector.detect_faces(to_vips(Frame(pixels.tobytes(), 1200, 400, Layout.L)), "gravity")
    centres = sorted((region.x + region.width / 2) * 1200 for region in found)
    assert centres == pytest.approx([200, 900], abs=25)


def test_without_a_face_the_window_is_the_smart_one() -> None:
    source = encode_image(image_with_mark(900, 150, 1000, 250), "PNG")
    by_face = render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=Faces())
    smart = render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=Smart())
    assert np.array_equal(pixels_of(by_face), pixels_of(smart))


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    modules: dict[str, Any] = {"cv2": None, "cv2.data": None}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(detector, "_detector", detector._detector.__wrapped__)
    with pytest.raises(MissingExtra, match=r"pixmill\[faces\]") as caught:
        render_resized(encode_image(photo(), "PNG"), width=10, height=10, fit=Fit.COVER, gravity=Faces())
    assert caught.value.param == "gravity"


@pytest.mark.parametrize(
    ("hidden", "everywhere"),
    [
        (Effects(blur_faces=9.0), {"blur": 9.0}),
        (Effects(pixelate_faces=12), {"effects": Effects(pixelate=12)}),
    ],
)
def test_faces_are_hidden_and_the_rest_stays(hidden: Effects, everywhere: dict[str, Any]) -> None:
    source = encode_image(image_with_faces(100, 800), "PNG")
    result, before = pixels_of(render_image(source, effects=hidden)), pixels_of(render_image(source))
    changed = pixels_of(render_image(source, **everywhere))
    faces = np.zeros(before.shape[:2], bool)
    for left in (100, 800):
        inner, outer = np.s_[140:280, left + 30 : left + 170], np.s_[60:340, left - 40 : left + 240]
        assert np.array_equal(result[inner], changed[inner])
        faces[outer] = True
    assert np.array_equal(result[~faces], before[~faces])


def test_without_faces_nothing_is_hidden() -> None:
    source = encode_image(photo(), "PNG")
    assert np.array_equal(pixels_of(render_image(source, effects=Effects(blur_faces=30.0))), pixels_of(photo()))


def test_without_the_extra_faces_are_not_left_in_the_open(monkeypatch: pytest.MonkeyPatch) -> None:
    modules: dict[str, Any] = {"cv2": None, "cv2.data": None}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(detector, "_detector", detector._detector.__wrapped__)
    with pytest.raises(MissingExtra, match=r"pixmill\[faces\]") as caught:
        render_image(encode_image(photo(), "PNG"), effects=Effects(pixelate_faces=4))
    assert caught.value.param == "pixelate_faces"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_close_up_shows_a_face_as_large_as_the_image_has_it(orientation: int, kind: str) -> None:
    source = encode_oriented(image_with_faces(800), orientation, kind)

    def light(closeness: float) -> float:
        gravity = Faces(closeness=closeness)
        result = render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=gravity)
        assert result.size == (100, 100)
        assert has_face(result)
        return float((pixels_of(result, "L") > 180).mean())

    assert 1.5 * light(0.0) < light(0.5)
    assert 1.5 * light(0.5) < light(1.0)


def test_a_close_up_of_a_face_that_is_not_there_is_a_smart_crop() -> None:
    source = encode_image(image_with_mark(900, 150, 1000, 250), "PNG")
    result = render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=Faces(closeness=1.0))
    assert red(result) > 400
