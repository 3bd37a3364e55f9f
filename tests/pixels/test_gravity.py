"""The target of the crop window is in the result: regions, detail, faces, in every orientation."""

import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from pixmill.engine.pixels.analysis import face_cascade, face_network
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
from pixmill.plan.ops import Aspect, CropWindow, Fit, Kernel, Resize
from tests.pixels.images import difference, encode_image, photo, pixels_of, render_image, render_resized

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
    whole = pixels_of(render_resized(source, height=100), "L").astype(float)
    result = pixels_of(render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=gravity), "L").astype(float)
    assert (np.abs(result - 120) > 8).sum() > 0.95 * (np.abs(whole - 120) > 8).sum() > 0


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


def face(side: int) -> Image.Image:
    """Return a drawn face that the network and the cascade detect, from 15 to 85 % of the width."""
    scale = 4 * side / 100
    image = Image.new("RGB", (4 * side, 4 * side), (128, 128, 128))
    draw = ImageDraw.Draw(image)

    def spot(x: float, y: float, across: float, down: float, colour: tuple[int, int, int]) -> None:
        draw.ellipse([scale * edge for edge in (x - across, y - down, x + across, y + down)], fill=colour)

    spot(50, 48, 36, 46, (70, 45, 30))
    spot(50, 56, 29, 40, (222, 180, 152))
    for x in (38, 62):
        spot(x, 50, 6.5, 3.6, (250, 248, 245))
        spot(x, 50, 3.2, 3.4, (60, 40, 30))
        spot(x, 43, 8, 1.6, (80, 55, 40))
    spot(50, 62, 4, 9, (205, 160, 132))
    spot(46.5, 68, 1.6, 1, (120, 80, 70))
    spot(53.5, 68, 1.6, 1, (120, 80, 70))
    spot(50, 79, 10, 3.4, (175, 80, 80))
    spot(50, 78.5, 8, 0.8, (110, 40, 45))
    return image.resize((side, side), Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(side / 120))


def image_with_faces(*lefts: int) -> Image.Image:
    image = Image.new("RGB", (1200, 400), (128, 128, 128))
    for left in lefts:
        image.paste(face(200), (left, 100))
    return image


def skin(image: Image.Image) -> int:
    """Return the number of pixels with the colour of the drawn skin."""
    pixels = pixels_of(image).astype(int)
    return int((np.abs(pixels - (222, 180, 152)).max(axis=2) < 20).sum())


def has_face(image: Image.Image) -> bool:
    """Whether the result of 100 pixels shows a drawn face of 50 pixels, or more."""
    return skin(image) > 600


DETECTORS = {"network": face_network, "cascade": face_cascade}


@pytest.fixture(params=DETECTORS)
def by_detector(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Detect faces by this detector."""
    if request.param == "network":
        pytest.importorskip(face_network.MODULE)
    find = DETECTORS[request.param].load_detector()
    monkeypatch.setattr(detector, "_detector", lambda: find)


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    modules: dict[str, Any] = {"cv2": None, "cv2.data": None, face_network.MODULE: None}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(detector, "_detector", detector._detector.__wrapped__)


@pytest.mark.usefixtures("by_detector")
@pytest.mark.parametrize("orientation", LYING)
def test_a_face_is_in_the_window_however_the_picture_lies(orientation: int) -> None:
    source = encode_oriented(image_with_faces(900), orientation)
    assert has_face(render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=Faces()))


@pytest.mark.usefixtures("by_detector")
def test_faces_are_found_where_they_are() -> None:
    image = image_with_faces(100, 800)
    found = detector.detect_faces(to_vips(Frame(image.tobytes(), 1200, 400, Layout.RGB)), "gravity")
    centres = sorted((region.x + region.width / 2) * 1200 for region in found)
    assert centres == pytest.approx([200, 900], abs=25)


@pytest.mark.usefixtures("by_detector")
@pytest.mark.parametrize("mode", ["L", "LA", "RGBA"])
def test_faces_are_found_in_every_layout(mode: str) -> None:
    image = image_with_faces(500).convert(mode)
    found = detector.detect_faces(to_vips(Frame(image.tobytes(), 1200, 400, Layout(mode))), "gravity")
    assert [(region.x + region.width / 2) * 1200 for region in found] == pytest.approx([600], abs=25)


@pytest.mark.parametrize("size", [(1, 1), (1, 640), (640, 1), (15, 15), (16, 16), (17, 640), (640, 16), (33, 31)])
def test_the_network_takes_every_shape(size: tuple[int, int]) -> None:
    pytest.importorskip(face_network.MODULE)
    noise = np.random.default_rng(4).integers(0, 256, (size[1], size[0], 3), np.uint8)
    find = face_network.load_detector()
    assert find(to_vips(Frame(noise.tobytes(), *size, Layout.RGB))) == []


def test_the_network_needs_its_instructions(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(face_network.MODULE)
    monkeypatch.setattr(face_network, "_NEEDED_CPU_FLAGS", frozenset(("avx", "none such")))
    with pytest.raises(ImportError, match="processor"):
        face_network.load_detector()


def test_auto_keeps_a_face_before_what_is_sharp() -> None:
    scene = blurred_scene(150, 200)
    scene.paste(face(200), (850, 100))
    source = encode_image(scene, "PNG")
    result = render_resized(source, width=50, height=100, fit=Fit.COVER, gravity=Smart(Interest.AUTO))
    assert skin(result) > 0.95 * skin(render_resized(encode_image(scene.crop((850, 0, 1050, 400)), "PNG"), height=100))


@pytest.mark.parametrize("gravity", [Faces(), Smart(Interest.AUTO)])
def test_of_several_faces_the_window_keeps_as_many_as_it_can(gravity: Gravity) -> None:
    source = encode_image(image_with_faces(40, 700, 930), "PNG")
    one = skin(render_resized(encode_image(image_with_faces(500), "PNG"), height=100))
    assert skin(render_resized(source, width=120, height=100, fit=Fit.COVER, gravity=gravity)) > 1.9 * one


def test_a_head_is_not_cut_above_its_face() -> None:
    image = Image.new("RGB", (400, 900), (128, 128, 128))
    image.paste(face(300), (50, 60))
    hair = np.array((70, 45, 30))

    def hairs(result: Image.Image) -> int:
        return int((np.abs(pixels_of(result).astype(int) - hair).max(axis=2) < 12).sum())

    source = encode_image(image, "PNG")
    result = render_resized(source, width=200, height=180, fit=Fit.COVER, gravity=Smart(Interest.AUTO))
    assert hairs(result) > 0.97 * hairs(render_resized(source, width=200)) > 0


@pytest.mark.usefixtures("without_extra")
def test_without_the_extra_auto_goes_by_what_stands_out() -> None:
    scene = blurred_scene(700, 200)
    result = render_resized(
        encode_image(scene, "PNG"), width=50, height=100, fit=Fit.COVER, gravity=Smart(Interest.AUTO)
    )
    assert yellow(result) >= 0.97 * yellow(render_resized(encode_image(scene, "PNG"), height=100)) > 0


def test_without_a_face_the_window_is_that_of_auto() -> None:
    source = encode_image(image_with_mark(900, 150, 1000, 250), "PNG")
    by_face = render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=Faces())
    auto = render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=Smart(Interest.AUTO))
    assert np.array_equal(pixels_of(by_face), pixels_of(auto))


@pytest.mark.usefixtures("without_extra")
def test_without_the_extra_the_error_names_it() -> None:
    with pytest.raises(MissingExtra, match=r"pixmill\[faces\]") as caught:
        render_resized(encode_image(photo(), "PNG"), width=10, height=10, fit=Fit.COVER, gravity=Faces())
    assert caught.value.param == "gravity"


@pytest.mark.usefixtures("by_detector")
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
        inner, outer = np.s_[120:294, left + 50 : left + 150], np.s_[40:360, left - 60 : left + 260]
        assert np.array_equal(result[inner], changed[inner])
        faces[outer] = True
    assert np.array_equal(result[~faces], before[~faces])


def test_the_edge_of_a_hidden_face_is_soft() -> None:
    stripes = np.full((400, 1200, 3), 128, np.uint8)
    stripes[:, ::16] = stripes[:, 1::16] = 90
    image = Image.fromarray(stripes)
    image.paste(face(200).crop((25, 0, 175, 200)), (525, 100))
    source = encode_image(image, "PNG")
    before = pixels_of(render_image(source)).astype(int)
    result = pixels_of(render_image(source, effects=Effects(pixelate_faces=40))).astype(int)
    hidden = pixels_of(render_image(source, effects=Effects(pixelate=40))).astype(int)
    whole = np.abs(hidden - before).max(axis=2)
    share = np.abs(result - before).max(axis=2)[whole > 20] / whole[whole > 20]
    assert ((share > 0.15) & (share < 0.85)).sum() > 100


@pytest.mark.parametrize("left", [-60, 1060])
def test_a_face_at_the_border_is_hidden_up_to_it(left: int) -> None:
    source = encode_image(image_with_faces(left), "PNG")
    result = pixels_of(render_image(source, effects=Effects(blur_faces=30.0)))
    blurred = pixels_of(render_image(source, blur=30.0))
    visible = np.s_[140:290, max(0, left + 50) : min(1200, left + 150)]
    assert np.array_equal(result[visible], blurred[visible])


def test_without_faces_nothing_is_hidden() -> None:
    source = encode_image(photo(), "PNG")
    assert np.array_equal(pixels_of(render_image(source, effects=Effects(blur_faces=30.0))), pixels_of(photo()))


@pytest.mark.usefixtures("without_extra")
def test_without_the_extra_faces_are_not_left_in_the_open() -> None:
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
        return float(skin(result))

    assert 1.5 * light(0.0) < light(0.5)
    assert 1.5 * light(0.5) < light(1.0)


def test_a_close_up_of_a_face_that_is_not_there_is_a_smart_crop() -> None:
    source = encode_image(image_with_mark(900, 150, 1000, 250), "PNG")
    result = render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=Faces(closeness=1.0))
    assert red(result) > 400


def blurred_scene(left: int, top: int, width: int = 1200, height: int = 400) -> Image.Image:
    """Return a soft landscape, bright at its upper edge, with a sharp pattern of 120 × 120 pixels."""
    ramp = np.linspace(210, 70, height)[:, None] + 25 * np.sin(np.arange(width) / 90)[None, :]
    pixels = np.repeat(ramp[..., None], 3, axis=2) * np.array([0.8, 1.0, 0.9])
    squares = (np.indices((120, 120)) // 15).sum(axis=0) % 2
    pixels[top : top + 120, left : left + 120] = np.where(squares[..., None] > 0, (235, 205, 60), (120, 40, 30))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def yellow(image: Image.Image) -> int:
    pixels = pixels_of(image).astype(int)
    return int((pixels[..., 0] - pixels[..., 2] > 60).sum())


@pytest.mark.parametrize("orientation", LYING)
@pytest.mark.parametrize("left", [30, 700, 1050])
def test_auto_keeps_a_sharp_subject_whole(orientation: int, left: int) -> None:
    scene = blurred_scene(left, 200)
    whole = render_resized(encode_image(scene, "PNG"), height=100)
    result = render_resized(
        encode_oriented(scene, orientation), width=50, height=100, fit=Fit.COVER, gravity=Smart(Interest.AUTO)
    )
    assert yellow(result) >= 0.97 * yellow(whole) > 0


@pytest.mark.parametrize("top", [20, 900, 1060])
def test_auto_keeps_a_subject_in_an_upright_image(top: int) -> None:
    scene = blurred_scene(140, top, width=400, height=1200)
    whole = render_resized(encode_image(scene, "PNG"), width=100)
    gravity = Smart(Interest.AUTO)
    result = render_resized(encode_image(scene, "PNG"), width=100, height=50, fit=Fit.COVER, gravity=gravity)
    assert yellow(result) >= 0.97 * yellow(whole) > 0


def test_auto_places_a_crop_in_both_directions() -> None:
    scene = blurred_scene(850, 240)
    crop = CropWindow(300, 160, gravity=Smart(Interest.AUTO))
    result = render_image(encode_image(scene, "PNG"), crop=crop)
    assert yellow(result) >= 0.97 * yellow(scene)


def test_auto_keeps_what_is_opaque() -> None:
    pixels = np.zeros((200, 600, 4), np.uint8)
    pixels[60:140, 20:100] = (90, 90, 90, 255)
    pixels[..., :3] += np.random.default_rng(1).integers(0, 90, (200, 600, 1), np.uint8)
    source = encode_image(Image.fromarray(pixels, "RGBA"), "PNG")
    result = render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=Smart(Interest.AUTO))
    assert int((pixels_of(result, "RGBA")[..., 3] > 200).sum()) == pytest.approx(1600, abs=90)


@pytest.mark.parametrize("size", [(1, 1), (2, 40), (40, 2), (3, 3), (400, 1), (1, 400)])
def test_auto_has_a_window_in_the_smallest_images(size: tuple[int, int]) -> None:
    source = encode_image(Image.new("RGB", size, (200, 30, 10)), "PNG")
    result = render_resized(source, width=20, height=20, fit=Fit.COVER, gravity=Smart(Interest.AUTO), enlarge=True)
    assert difference(pixels_of(result), pixels_of(Image.new("RGB", (20, 20), (200, 30, 10)))) < 1


def test_auto_centres_the_window_where_nothing_stands_out() -> None:
    pixels = np.full((200, 600, 3), 120, np.uint8)
    pixels[:, 290:310] = 121
    source = encode_image(Image.fromarray(pixels), "PNG")
    result = render_resized(source, width=100, height=100, fit=Fit.COVER, gravity=Smart(Interest.AUTO))
    lighter = np.nonzero((pixels_of(result, "L") > 120).any(axis=0))[0]
    assert lighter.mean() == pytest.approx(49.5, abs=2)
