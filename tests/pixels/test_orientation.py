"""Orientation, rotation and flip, with every fit: an image with four different corners, compared with Pillow's
transpose."""

from io import BytesIO
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pixmill.engine.raster.frame import Area
from pixmill.engine.raster.orientation import EXIF_ORIENTATIONS, Orientation, requested_orientation
from pixmill.plan.gravity import Point
from pixmill.plan.lengths import Size
from pixmill.plan.ops import Crop, Fit, Flip, Input, Resize, Stage
from pixmill.plan.transforms import Trim
from tests.pixels.images import difference, encode_image, pixels_of, render_image

ANGLES = (0, 90, 180, 270)
FITS: dict[str, Resize] = {
    "inside": Resize(width=60, height=60),
    "outside": Resize(width=40, height=40, fit=Fit.OUTSIDE),
    "fill": Resize(width=50, height=50, fit=Fit.FILL),
    "contain": Resize(width=60, height=60, fit=Fit.CONTAIN),
    "cover at the top left": Resize(width=40, height=40, fit=Fit.COVER, gravity=Point(0, 0)),
    "cover at a point": Resize(width=30, height=60, fit=Fit.COVER, gravity=Point(0.8, 0.3)),
    "as it is": Resize(),
}


def marker() -> Image.Image:
    """120 × 80, each quarter in another colour, and a black stripe along the top."""
    pixels = np.zeros((80, 120, 3), np.uint8)
    pixels[:40, :60], pixels[:40, 60:] = (250, 20, 20), (20, 250, 20)
    pixels[40:, :60], pixels[40:, 60:] = (20, 20, 250), (250, 250, 20)
    pixels[:8] = 0
    return Image.fromarray(pixels)


def rotate_and_flip(image: Image.Image, rotate: int, flip: Flip) -> Image.Image:
    image = image.rotate(-rotate, expand=True)
    if flip in (Flip.HORIZONTAL, Flip.BOTH):
        image = ImageOps.mirror(image)
    return ImageOps.flip(image) if flip in (Flip.VERTICAL, Flip.BOTH) else image


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_the_same_as_one_stored_upright(orientation: int, fit: str) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    stored = encode_image(marker(), "PNG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(BytesIO(stored)))
    for rotate, flip in product(ANGLES, Flip):
        plain = encode_image(rotate_and_flip(upright, rotate, flip), "PNG")
        result = render_image(stored, rotate=rotate, flip=flip, resize=FITS[fit])
        expected = render_image(plain, resize=FITS[fit])
        assert result.size == expected.size
        assert difference(pixels_of(result), pixels_of(expected)) < 0.6, (rotate, flip)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_format_that_has_an_orientation_is_seen_upright(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    upright = ImageOps.exif_transpose(Image.open(BytesIO(encode_image(marker(), "PNG", exif=exif))))
    stored = encode_image(marker(), kind, exif=exif)  # AVIF takes the orientation out of ``exif``
    assert difference(pixels_of(render_image(stored)), pixels_of(upright)) < 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize(("recorded", "given"), [*((6, given) for given in range(1, 9)), (1, 8), (4, 5), (7, 2)])
def test_a_given_orientation_replaces_the_recorded_one(recorded: int, given: int, kind: str) -> None:
    exif = Image.Exif()
    exif[274] = recorded
    stored = encode_image(marker(), kind, exif=exif)
    exif[274] = given
    expected = ImageOps.exif_transpose(Image.open(BytesIO(encode_image(marker(), "PNG", exif=exif))))
    result = render_image(stored, input=Input(orientation=given))
    assert result.size == expected.size
    assert difference(pixels_of(result), pixels_of(expected)) < 4


@pytest.mark.parametrize("fit", FITS)
def test_an_ignored_orientation_is_that_of_an_image_without_one(fit: str) -> None:
    exif = Image.Exif()
    exif[274] = 8
    stored, plain = encode_image(marker(), "PNG", exif=exif), encode_image(marker(), "PNG")
    for rotate, flip in product(ANGLES, Flip):
        operations: dict[str, Any] = {"rotate": rotate, "flip": flip, "resize": FITS[fit], "trim": Trim(20)}
        stages = (Stage(resize=Resize(width=30), rotate=90),)
        result = render_image(stored, input=Input(orientation=1), stages=stages, **operations)
        expected = render_image(plain, stages=stages, **operations)
        assert np.array_equal(pixels_of(result), pixels_of(expected)), (rotate, flip)


def test_a_drawing_of_uneven_size_takes_a_given_orientation() -> None:
    drawing = memoryview(
        b'<svg xmlns="http://www.w3.org/2000/svg" width="100.4" height="30.3"><path d="M0 0h50v16H0z" fill="red"/></svg>'
    )
    upright = render_image(drawing, resize=Resize(width=400))
    turned = render_image(drawing, input=Input(orientation=6), resize=Resize(height=400))
    assert turned.size == upright.size[::-1] == (121, 400)
    expected = upright.transpose(Image.Transpose.ROTATE_270)
    assert difference(pixels_of(turned), pixels_of(expected)) < 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_crop_counts_in_the_picture_as_turned(orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    stored = encode_image(marker(), "PNG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(BytesIO(stored)))
    for rotate, flip in product(ANGLES, Flip):
        whole = rotate_and_flip(upright, rotate, flip)
        result = render_image(stored, rotate=rotate, flip=flip, crop=Crop(10, 5, 40, 30))
        assert np.array_equal(pixels_of(result), pixels_of(whole.crop((10, 5, 50, 35)))), (rotate, flip)


@pytest.mark.parametrize(("orientation", "rotate", "flip"), list(product(range(1, 9), ANGLES, Flip)))
def test_turns_compose_and_areas_find_their_way_back(orientation: int, rotate: int, flip: Flip) -> None:
    turn = EXIF_ORIENTATIONS[orientation].then(requested_orientation(rotate, flip))
    pixels = np.arange(6 * 4).reshape(4, 6)
    actual = _apply(
        _apply(_apply(pixels, EXIF_ORIENTATIONS[orientation]), Orientation(rotate // 90)),
        requested_orientation(0, flip),
    )
    assert np.array_equal(_apply(pixels, turn), actual)
    height, width = actual.shape
    area = turn.stored_area(Area(1, 2, 2, 1), Size(width, height))
    left, top = int(area.left), int(area.top)
    found = pixels[top : top + int(area.height), left : left + int(area.width)]
    assert set(found.flat) == set(actual[2:3, 1:3].flat)
    assert turn.oriented_size(Size(6, 4)) == Size(width, height)


def _apply(pixels: NDArray[np.int_], turn: Orientation) -> NDArray[np.int_]:
    return np.rot90(pixels[:, ::-1] if turn.mirrored else pixels, -turn.quarter_turns)
