"""Every format that is read, in every kind of pixels that it has, as every format that is written: size, colours,
transparency, frames.

The truth is the picture that was written into the original; the bound on the mean error is that of the lossier of
the two.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms

from pixmill.engine.pixels.pipeline import render
from pixmill.media import MEDIA, OUTPUT_FORMATS, Format
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.plan.output import Encoding, Subsampling
from tests.pixels.images import LIMITS, difference, encode_image, photo, pixels_of, render_image
from tests.pixels.originals import dng, make_pdf, make_video
from tests.pixels.photoshop import make_psd

SIZE = (96, 64)
WRITTEN = [kind for kind in OUTPUT_FORMATS if kind is not Format.SVG]


def clear(image: Image.Image) -> Image.Image:
    """Seen through: wholly on the left, not at all on the right, half between."""
    alpha = np.zeros((image.height, image.width), np.uint8)
    alpha[:, 32:64], alpha[:, 64:] = 128, 255
    image = image.copy()
    image.putalpha(Image.fromarray(alpha))
    return image


def palette(image: Image.Image) -> Image.Image:
    return image.quantize(200)


def deep(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


def inks(image: Image.Image) -> Image.Image:
    """In CMYK as the profile has it that is taken where a file brings none."""
    press = ImageCms.ImageCmsProfile(BytesIO(bytes(pyvips.Image.profile_load("cmyk"))))
    mixed = ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), press, outputMode="CMYK")
    assert mixed is not None
    return mixed


def encode_oriented(kind: str, orientation: int) -> Callable[[Image.Image], memoryview]:
    exif = Image.Exif()
    exif[274] = orientation
    return lambda image: encode_image(
        image, kind, exif=exif, **({"quality": 95} if kind in ("JPEG", "WEBP", "AVIF") else {})
    )


def encode_with_pillow(
    kind: str, change: Callable[[Image.Image], Image.Image] = lambda image: image, **options: Any
) -> Callable[[Image.Image], memoryview]:
    return lambda image: encode_image(change(image), kind, **options)


def encode_with_pixmill(
    kind: Format, change: Callable[[Image.Image], Image.Image] = lambda image: image
) -> Callable[[Image.Image], memoryview]:
    output = Output(formats=(kind,), quality=95, encoding=Encoding(subsampling=Subsampling.S444))
    return lambda image: memoryview(render(encode_image(change(image), "PNG"), Plan(output=output), LIMITS).body)


def grey(image: Image.Image) -> Image.Image:
    return image.convert("L")


def encode_svg(_: Image.Image) -> memoryview:
    bars = "".join(
        f'<rect x="{x}" width="24" height="64" fill="{fill}"/>'
        for x, fill in ((0, "#f00"), (24, "#0f0"), (48, "#00f"), (72, "#fff"))
    )
    return memoryview(f'<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64">{bars}</svg>'.encode())


class Original(NamedTuple):
    """How an original is encoded, the mean error of that encoding, and the properties it keeps."""

    make: Callable[[Image.Image], memoryview]
    error: float
    sees_through: bool = False
    colours: str = "RGB"


ORIGINALS: dict[str, Original] = {
    "jpeg": Original(encode_with_pillow("JPEG", quality=95, subsampling="4:4:4"), 2),
    "jpeg progressive": Original(encode_with_pillow("JPEG", quality=95, subsampling="4:4:4", progressive=True), 2),
    "jpeg grey": Original(encode_with_pillow("JPEG", grey, quality=95), 1, colours="L"),
    "jpeg cmyk": Original(encode_with_pillow("JPEG", inks, quality=95), 12),  # which cannot show them all
    "png": Original(encode_with_pillow("PNG"), 0.01),
    "png clear": Original(encode_with_pillow("PNG", clear), 0.01, sees_through=True),
    "png grey": Original(encode_with_pillow("PNG", grey), 0.01, colours="L"),
    "png grey clear": Original(
        encode_with_pillow("PNG", lambda image: clear(grey(image))), 0.01, sees_through=True, colours="L"
    ),
    "png palette": Original(encode_with_pillow("PNG", palette), 8),
    "png 16 bits": Original(encode_with_pillow("PNG", deep), 0.6, colours="L"),
    "webp": Original(encode_with_pillow("WEBP", quality=95), 4),
    "webp clear": Original(encode_with_pillow("WEBP", clear, lossless=True, exact=True), 0.01, sees_through=True),
    "avif": Original(encode_with_pillow("AVIF", quality=95), 4),
    "avif clear": Original(encode_with_pillow("AVIF", clear, quality=95), 4, sees_through=True),
    "gif": Original(encode_with_pillow("GIF", palette), 8),
    "tiff": Original(encode_with_pillow("TIFF"), 0.01),
    "tiff clear": Original(encode_with_pillow("TIFF", clear), 0.01, sees_through=True),
    "tiff 16 bits": Original(encode_with_pillow("TIFF", deep), 0.6, colours="L"),
    "tiff cmyk": Original(encode_with_pillow("TIFF", inks), 12),
    "tiff palette": Original(encode_with_pillow("TIFF", palette), 8),
    "bmp": Original(encode_with_pillow("BMP"), 0.01),
    "ico": Original(encode_with_pillow("ICO", sizes=[SIZE]), 0.01),
    "ico clear": Original(encode_with_pillow("ICO", clear, sizes=[SIZE]), 0.01, sees_through=True),
    "heic": Original(encode_with_pixmill(Format.HEIC), 3),
    "heic clear": Original(encode_with_pixmill(Format.HEIC, clear), 3, sees_through=True),
    "heic grey": Original(encode_with_pixmill(Format.HEIC, grey), 2, colours="L"),
    "jxl": Original(encode_with_pixmill(Format.JXL), 4),
    "jxl clear": Original(encode_with_pixmill(Format.JXL, clear), 4, sees_through=True),
    "jxl grey": Original(encode_with_pixmill(Format.JXL, grey), 2, colours="L"),
    "jp2": Original(encode_with_pillow("JPEG2000"), 0.01),
    "jp2 clear": Original(encode_with_pillow("JPEG2000", clear), 0.01, sees_through=True),
    "jp2 grey": Original(encode_with_pillow("JPEG2000", grey), 0.01, colours="L"),
    "psd": Original(lambda image: memoryview(make_psd(image)), 0.01),
    "psd clear": Original(lambda image: memoryview(make_psd(clear(image))), 0.01, sees_through=True),
    "psd grey": Original(lambda image: memoryview(make_psd(grey(image))), 0.01, colours="L"),
    "pdf": Original(lambda image: make_pdf(image, dpi=96), 3),
    "raw": Original(dng, 6),  # two of three colours of each pixel are guessed
    **{
        f"{kind} lies as {n}".lower(): Original(encode_oriented(kind, n), 4)
        for kind in ("JPEG", "PNG", "WEBP", "TIFF")
        for n in range(1, 9)
    },
}

ERRORS = {Format.GIF: 9.0, Format.PNG: 0.01, Format.TIFF: 0.01, Format.BMP: 0.01, Format.ICO: 0.01}
"""The others are written at quality 95, without subsampling."""
LOSSY_ERROR = 3.5


def picture() -> Image.Image:
    """Partly white, because LibRaw turns the brightest hundredth of an image white."""
    image = photo(*SIZE)
    image.paste("white", (40, 20, 56, 36))
    return image


def render_to(source: memoryview, target: Format) -> Image.Image:
    output = Output(formats=(target,), quality=95, encoding=Encoding(subsampling=Subsampling.S444))
    rendered = render(source, Plan(output=output), LIMITS)
    assert rendered.format is target
    image = render_image(memoryview(rendered.body))  # by the readers of ours: Pillow knows neither HEIC nor JPEG XL
    assert image.size == (rendered.width, rendered.height)
    return image


def apply_orientation(image: Image.Image, orientation: int) -> Image.Image:
    ways = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
    return image.transpose(Image.Transpose(ways[orientation])) if orientation in ways else image


@pytest.mark.parametrize("target", WRITTEN)
@pytest.mark.parametrize("name", ORIGINALS)
def test_every_original_becomes_every_format(name: str, target: Format) -> None:
    original = ORIGINALS[name]
    image = render_to(original.make(picture()), target)
    truth = apply_orientation(picture(), int(name[-1])) if " lies as " in name else picture()
    assert image.size == truth.size
    bound = original.error + ERRORS.get(target, LOSSY_ERROR)
    if not original.sees_through:
        assert difference(pixels_of(image), pixels_of(truth.convert(original.colours))) < bound
        return
    pixels, colours = pixels_of(image, "RGBA"), pixels_of(truth.convert(original.colours))
    right = np.s_[:, 66:]  # the encoders smear a little over the edge of what one sees through
    assert difference(pixels[right][..., :3], colours[right]) < bound
    _transparency(pixels, target)


def _transparency(pixels: Any, target: Format) -> None:
    alpha, left, middle = pixels[..., 3].astype(int), np.s_[:, 2:30], np.s_[:, 34:62]
    if not MEDIA[target].alpha:
        assert (alpha == 255).all()
        assert (pixels[left][..., :3] > 240).all()  # laid on white
        return
    assert alpha[left].max() <= 2
    assert alpha[:, 66:].min() >= 253
    if target is not Format.GIF:  # where pixels are seen through or not
        assert abs(alpha[middle].mean() - 128) < 3


@pytest.mark.parametrize("target", WRITTEN)
def test_a_drawing_becomes_every_format(target: Format) -> None:
    pixels = pixels_of(render_to(encode_svg(picture()), target))
    for x, colour in ((12, (255, 0, 0)), (36, (0, 255, 0)), (60, (0, 0, 255)), (84, (255, 255, 255))):
        assert np.abs(pixels[32, x].astype(int) - colour).max() < 12


@pytest.mark.parametrize("target", WRITTEN)
def test_a_film_becomes_every_format(target: Format) -> None:
    assert render_to(make_video(), target).size == (160, 120)


@pytest.mark.parametrize("target", WRITTEN)
@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (3, 2), (255, 256)])
def test_every_format_holds_small_and_odd_sizes(target: Format, size: tuple[int, int]) -> None:
    source = encode_image(Image.new("RGB", size, (200, 100, 50)), "PNG")
    image = render_image(
        memoryview(render(source, Plan(resize=Resize(), output=Output(formats=(target,))), LIMITS).body)
    )
    assert image.size == size
    assert np.abs(pixels_of(image).astype(int) - (200, 100, 50)).max() < 12
