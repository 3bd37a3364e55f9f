"""Extreme shapes, in every format in and out and through every operation: an image or a refusal with a code.

A refusal by a library is never an ``InternalError``, and what is not refused has the promised size.
"""

import io
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from itertools import product
from typing import Any

import pytest
from PIL import Image

from pixmill.dialects.native.dialect import parse
from pixmill.dialects.native.params import PARAMS
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.errors import BadRequest, ImageError, PixmillError, ResultTooLarge, UndecodableImage
from pixmill.media import DESCRIPTION_FORMATS, MEDIA, OUTPUT_FORMATS, Format
from pixmill.plan.facts import Fact, FactSelection
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Kernel, Plan
from pixmill.plan.references import references
from pixmill.ports.values import Rendered
from tests.e2e.scenes import random_of
from tests.pixels.images import with_channels
from tests.pixels.originals import dng, make_pdf, make_video
from tests.pixels.photoshop import make_psd

LIMITS = Limits(max_result_side=65_535)
"""The highest limit of sides that can be set."""
Shape = tuple[int, int]
LONG = (16_383, 16_384, 65_500, 65_535)
SHAPES: tuple[Shape, ...] = ((1, 1), (4_300, 10), (10, 5_130), (256, 1), (1, 257), *((side, 1) for side in LONG))
SHAPES += tuple((height, width) for width, height in SHAPES[-4:])
THIN: tuple[Shape, ...] = ((470, 1), (1, 470), (1, 1), (3, 20_000), (65_535, 1))
ORIGINAL = "url=a"


def plan(query: str) -> Plan:
    return parse(b"/resize", f"{ORIGINAL}&{query}".encode()).plan


def image_of(shape: Shape, mode: str = "RGB") -> Image.Image:
    """Return an image of this shape: red, with a blue pixel at the top left."""
    image = Image.new("RGBA", shape, (200, 30, 40, 128))
    image.putpixel((0, 0), (0, 0, 255, 255))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def drawing(shape: Shape) -> bytes:
    width, height = shape
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f'<rect width="{width}" height="{height}" fill="red"/><rect width="1" height="1" fill="blue"/></svg>'
    ).encode()


def outcome(source: bytes, query: str, extra: bytes = b"", limits: Limits = LIMITS) -> Rendered | PixmillError:
    """Return the result or the refusal of the image or the request; anything else is raised."""
    asked = plan(query)
    extras = {reference.source: memoryview(extra) for reference in references(asked)}
    try:
        return render(memoryview(source), asked, limits, extras)
    except (ImageError, BadRequest) as error:
        return error


# ---------------------------------------------------------------- formats out


@pytest.mark.parametrize("mode", ["L", "RGBA"])
@pytest.mark.parametrize("kind", [kind for kind in (*OUTPUT_FORMATS, *DESCRIPTION_FORMATS) if kind is not Format.SVG])
def test_every_shape_in_every_format_is_an_image_or_too_large_for_the_format(kind: Format, mode: str) -> None:
    for shape in SHAPES:
        result = outcome(encoded(image_of(shape, mode), "PNG", compress_level=1), f"format={kind}")
        if isinstance(result, PixmillError):
            assert isinstance(result, ResultTooLarge), (shape, result.code)
            assert result.param == "format"
            assert max(shape) > 4_000 or kind is Format.ICO, "small ones are never refused"
        elif kind in OUTPUT_FORMATS:
            assert max(shape) <= MEDIA[kind].max_side
            assert inspect(memoryview(result.body), LIMITS).width == shape[0], "it can be read again"


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_thin_heic_is_encoded_where_x265_can(mode: str) -> None:
    for shape in ((4_300, 10), (10, 5_130), (16_383, 1), (4_200, 10), (4_300, 100)):
        result = outcome(encoded(image_of(shape, mode), "PNG"), "format=heic")
        if mode == "RGB" or shape in ((4_200, 10), (4_300, 100)):
            assert isinstance(result, Rendered), shape
            assert (result.width, result.height) == shape
        else:
            assert isinstance(result, ResultTooLarge), shape


def test_a_format_that_cannot_have_the_sides_is_refused_before_a_pixel_is_decoded() -> None:
    """Of this file only the header is left, which a decode would report as damaged."""
    source = encoded(image_of((16_384, 1)), "PNG")[:60]
    result = outcome(source, "format=webp")
    assert isinstance(result, ResultTooLarge)
    assert result.param == "format"
    assert isinstance(outcome(source, "format=png"), UndecodableImage)


def test_what_a_format_cannot_hold_is_not_chosen_for_a_client_that_names_none() -> None:
    """A JPEG may have 65,500 pixels along a side."""
    original = encoded(image_of((65_535, 2)), "PNG")
    photo = encoded(image_of((65_500, 1)), "JPEG")
    for source, query in ((original, "quality=70"), (photo, "padding=0,17,0,18")):
        result = outcome(source, query)
        assert isinstance(result, Rendered)
        assert result.width == 65_535


# ---------------------------------------------------------------- formats in


def heic(shape: Shape) -> bytes:
    return ours(shape, "heic")


def ours(shape: Shape, kind: str) -> bytes:
    result = outcome(encoded(image_of(shape), "PNG"), f"format={kind}")
    assert isinstance(result, Rendered)
    return result.body


def moving(kind: str) -> Callable[[Shape], bytes]:
    def make(shape: Shape) -> bytes:
        frames = [image_of(shape), Image.new("RGB", shape, "green"), image_of(shape)]
        return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=60)

    return make


MAKERS: dict[str, tuple[Callable[[Shape], bytes], int]] = {
    "jpeg": (lambda shape: encoded(image_of(shape), "JPEG"), 65_500),
    "png": (lambda shape: encoded(image_of(shape, "RGBA"), "PNG"), 65_535),
    "webp": (lambda shape: encoded(image_of(shape), "WEBP"), 16_383),
    "avif": (lambda shape: encoded(image_of(shape), "AVIF", speed=10), 32_768),
    "gif": (lambda shape: encoded(image_of(shape), "GIF"), 65_535),
    "tiff": (lambda shape: encoded(image_of(shape), "TIFF"), 65_535),
    "bmp": (lambda shape: encoded(image_of(shape), "BMP"), 65_535),
    "ico": (lambda shape: encoded(image_of(shape, "RGBA"), "ICO", sizes=[shape]), 256),
    "heic": (heic, 16_383),
    "jxl": (lambda shape: ours(shape, "jxl"), 65_535),
    "jp2": (lambda shape: encoded(image_of(shape), "JPEG2000"), 65_535),
    "psd": (lambda shape: make_psd(image_of(shape)), 65_535),
    "svg": (drawing, 65_535),
    "pdf": (lambda shape: bytes(make_pdf(image_of(shape))), 65_500),
    "raw": (lambda shape: bytes(dng(image_of((max(shape[0], 22), max(shape[1], 22))))), 16_384),
    "moving webp": (moving("WEBP"), 16_383),
    "moving avif": (moving("AVIF"), 4_096),
    "moving gif": (moving("GIF"), 65_535),
    "moving png": (moving("PNG"), 65_535),
}
READ_QUERIES = (
    "width=30&format=png",
    "height=1&format=jpeg",
    "trim=10&format=png",
    "crop=pct:25,25,50,50&format=webp&width=10",
    "width=30&height=30&fit=cover&gravity=smart",
    "width=20&height=7&fit=fill&blur_areas=3;0,0,9,9&format=gif",
)


@pytest.mark.parametrize("kernel", Kernel)
@pytest.mark.parametrize("shape", [(65_535, 1), (1, 65_535), (16_383, 300), (300, 16_383)])
def test_every_kernel_reduces_as_far_as_can_be_asked(kernel: Kernel, shape: Shape) -> None:
    source = memoryview(encoded(Image.new("RGB", shape, (200, 30, 40)), "PNG"))
    stage = f"then=width%3D1%26height%3D1%26fit%3Dfill%26kernel%3D{kernel}"
    for query in (f"width=1&kernel={kernel}", f"height=1&kernel={kernel}", stage):
        result = Image.open(io.BytesIO(render(source, plan(f"{query}&format=png"), LIMITS).body)).convert("RGB")
        assert 1 in result.size
        assert result.getpixel((0, 0)) == pytest.approx((200, 30, 40), abs=1)


@pytest.mark.parametrize("name", MAKERS)
def test_every_shape_of_every_original_gives_an_image_or_a_refusal(name: str) -> None:
    make, longest = MAKERS[name]
    shapes = [shape for side in (1, 257, 4_300, longest) if side <= longest for shape in ((side, 1), (1, side))]
    rng = random_of(7)
    for shape in shapes:
        source = make(shape)
        facts = inspect(memoryview(source), LIMITS, FactSelection(tuple(Fact)))
        if name not in ("svg", "pdf", "raw"):
            assert (facts.width, facts.height) == shape
        for query in rng.sample(READ_QUERIES, 2):
            result = outcome(source, query)
            assert isinstance(result, Rendered | BadRequest | ResultTooLarge), (shape, query)


# ---------------------------------------------------------------- operations


GRAVITIES = ("smart", "smart:entropy", "face", "nw", "fp:0.3,0.9", "fr:0.1,0.1,0.2,0.2")
FITS = ("cover", "contain", "fill", "inside", "outside")
BOXES = ("width=300&height=300", "width=16383&height=1", "width=1&height=16383", "width=40", "aspect=1:100&width=9")


@pytest.mark.parametrize("name", ["png", "svg", "pdf"])
def test_every_gravity_and_fit_of_extreme_shapes_gives_an_image_or_a_refusal(name: str) -> None:
    """A drawing is always enlarged: the image that a window is cut from may be longer than a frame may be."""
    make, longest = MAKERS[name]
    rng = random_of(3)
    for shape in (shape for shape in THIN if max(shape) <= longest):
        source = make(shape)
        queries = [*product(("smart", "smart:entropy"), ("cover", "fill"), BOXES[:1], ("",))]
        queries += rng.sample([*product(GRAVITIES, FITS, BOXES, ("", "&enlarge=true"))], 9)
        for gravity, fit, box, more in queries:
            query = f"gravity={gravity}&fit={fit}&{box}{more}&format=png"
            assert isinstance(outcome(source, query, limits=Limits()), Rendered | BadRequest | ResultTooLarge), query


@pytest.mark.parametrize("name", ["png", "svg", "pdf", "moving gif"])
@pytest.mark.parametrize("gravity", ["c", "smart", "smart:entropy", "se", "fr:0.1,0.1,0.2,0.2"])
def test_a_thin_original_fills_any_box_within_the_limits(name: str, gravity: str) -> None:
    """Of the scaled image, up to 65,535 × 256 times as large as the result, only the window is made."""
    make, _ = MAKERS[name]
    shapes = ((5_000, 50), (1, 9_000)) if name in ("svg", "pdf") else ((5_000, 50), (9_000, 1), (1, 9_000))
    for shape in shapes:
        source = make(shape)
        for query in ("width=256&height=256", "aspect=1:1&width=256", "width=256&height=200&rotate=90"):
            result = outcome(source, f"{query}&fit=cover&enlarge=true&gravity={gravity}&format=png", limits=Limits())
            assert isinstance(result, Rendered), (shape, query, result)
            image = Image.open(io.BytesIO(result.body))
            assert image.size == (result.width, result.height)
            assert result.width == 256
            if name != "pdf":
                red, green, blue = with_channels(image).convert("RGB").resize((1, 1)).tobytes()
                assert max(red, blue) > 150 > green, "what it shows is the original, whose first pixel is blue"


@pytest.mark.parametrize("kernel", Kernel)
def test_every_kernel_fills_a_box_with_a_thin_original(kernel: Kernel) -> None:
    for shape in ((65_535, 1), (1, 65_535), (5_000, 50)):
        source = encoded(image_of(shape), "PNG")
        query = f"width=1000&height=1000&fit=cover&enlarge=true&kernel={kernel}&format=png"
        result = outcome(source, query, limits=Limits())
        assert isinstance(result, Rendered)
        assert Image.open(io.BytesIO(result.body)).convert("RGB").getextrema() == ((200, 200), (30, 30), (40, 40))


def test_a_layer_of_a_thin_image_fills_a_box() -> None:
    layer = encoded(image_of((5_000, 50)), "PNG")
    result = outcome(encoded(Image.new("RGB", (1_000, 1_000)), "PNG"), f"{COVERING_LAYER}&format=png", layer, Limits())
    assert isinstance(result, Rendered)
    assert Image.open(io.BytesIO(result.body)).convert("RGB").getpixel((500, 500)) == (200, 30, 40)


COVERING_LAYER = "overlay=url:b,width:1000,height:1000,fit:cover"
SKIPPED_PARAMS = {"url", "v", "expires", "sig", "overlay", "mask", "filename", "tags", "include", "palette_colors"}


@pytest.mark.parametrize("shape", THIN)
def test_every_parameter_takes_extreme_shapes(shape: Shape) -> None:
    source = encoded(image_of(shape, "RGBA" if shape[0] == 1 else "RGB"), "PNG")
    for param in PARAMS:
        if param.name in SKIPPED_PARAMS:
            continue
        for example in param.examples:
            query = f"{param.name}={example}&max_width=4000&max_height=4000"
            try:
                plan(query)
            except BadRequest:  # needs another parameter, or conflicts with the maximum
                query = f"{param.name}={example}"
            try:
                plan(query)
            except BadRequest:
                continue
            assert isinstance(outcome(source, query, limits=Limits()), Rendered | BadRequest | ResultTooLarge), query


LAYERS = (
    "overlay=url:b,width:pct:100",
    "overlay=url:b,height:pct:300,gravity:nw",
    "overlay=url:b,repeat:both",
    "overlay=url:b,rotate:33,shadow:black",
    "overlay=url:b,width:40,height:9000",
    "overlay=text:Hello,, world!,size:900,width:1",
    "overlay=text:Hello,, world!,size:40,rotate:20,repeat:both",
    "mask=alpha:b",
    "mask=luminance:b&border=4",
    "mask=star",
)


@pytest.mark.parametrize("name", ["png", "svg", "heic"])
def test_overlays_and_masks_of_extreme_shapes_on_extreme_shapes(name: str) -> None:
    make, longest = MAKERS[name]
    shapes = [shape for shape in (*THIN, (16_383, 1), (300, 200)) if max(shape) <= longest]
    rng = random_of(5)
    for base, layer in product(((1, 1), (3, 9_000), (300, 200)), shapes):
        source, extra = encoded(image_of(base), "PNG"), make(layer)
        for query in rng.sample(LAYERS, 2):
            result = outcome(source, f"{query}&format=png", extra, Limits())
            assert isinstance(result, Rendered | BadRequest | ResultTooLarge), (base, layer, query)


# ---------------------------------------------------------------- less than promised


def promising_png(data: bytes) -> bytes:
    header = data[12:16] + struct.pack(">2I", 400, 600) + data[24:29]
    return data[:8] + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


def promising_boxes(data: bytes) -> bytes:
    """Change the sizes of all images in a HEIC or AVIF (ISO/IEC 23008-12 §6.5.3)."""
    at = data.index(b"ispe")
    return data[: at + 8] + struct.pack(">2I", 8_192, 100) + data[at + 16 :]


def promising_jpeg(data: bytes) -> bytes:
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + struct.pack(">2H", 600, 400) + data[at + 9 :]


def promising_gif(data: bytes) -> bytes:
    return data[:6] + struct.pack("<2H", 400, 600) + data[10:]


def promising_bmp(data: bytes) -> bytes:
    return data[:18] + struct.pack("<2i", 400, 600) + data[26:]


def promising_tiff(data: bytes) -> bytes:
    """Change ImageLength, tag 257, a SHORT or a LONG."""
    (at,) = struct.unpack_from("<I", data, 4)
    while data[at + 2 : at + 4] != struct.pack("<H", 257):
        at += 12
    return data[: at + 10] + struct.pack("<H", 600) + data[at + 12 :]


def promising_webp(data: bytes) -> bytes:
    """Change the canvas of an extended file (RFC 9649 §2.7)."""
    at = data.index(b"VP8X")
    return data[: at + 12] + struct.pack("<I", 399)[:3] + struct.pack("<I", 599)[:3] + data[at + 18 :]


def promising_video(data: bytes) -> bytes:
    """Change the size in the sample entry; the one in the bit stream stays."""
    at = data.index(b"avc1", data.index(b"stsd"))
    return data[: at + 28] + struct.pack(">2H", 400, 600) + data[at + 32 :]


def shown(kind: str, **options: Any) -> bytes:
    return encoded(image_of((64, 48)), kind, **options)


PROMISES: dict[str, bytes] = {
    "png": promising_png(shown("PNG")),
    "moving png": promising_png(moving("PNG")((64, 48))),
    "heic": promising_boxes(ours((64, 48), "heic")),
    "avif": promising_boxes(shown("AVIF")),
    "moving avif": promising_boxes(moving("AVIF")((64, 48))),
    "jpeg": promising_jpeg(shown("JPEG")),
    "gif": promising_gif(shown("GIF")),
    "moving gif": promising_gif(moving("GIF")((64, 48))),
    "bmp": promising_bmp(shown("BMP")),
    "tiff": promising_tiff(shown("TIFF")),
    "packed tiff": promising_tiff(shown("TIFF", compression="tiff_adobe_deflate")),
    "webp": promising_webp(shown("WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")),
    "moving webp": promising_webp(moving("WEBP")((64, 48))),
    "video": promising_video(bytes(make_video(frames=4))),
}
PROMISE_QUERIES = (
    "width=30",
    "trim=10",
    "crop=20,20,350,60",
    "crop=pct:50,50,50,50&width=9",
    "width=30&height=30&fit=cover&gravity=smart",
    "width=30&height=30&fit=cover&gravity=smart:entropy",
    "blur_areas=8;10,20,60,40&width=200",
    "kernel=nearest&width=77",
    "rotate=12&width=60",
    "mask=star&width=40",
    "overlay=text:Hello&width=90",
    "animated=false&width=12",
    "width=30&then=crop=pct:10,10,80,80",
)


@pytest.mark.parametrize("name", PROMISES)
def test_a_file_that_holds_less_than_its_header_promises_is_damaged_or_shown(name: str) -> None:
    source = PROMISES[name]
    for query in PROMISE_QUERIES:
        outcome(source, f"{query}&format=png")
    for query in ("overlay=url:b,width:30,repeat:both", "mask=alpha:b", "mask=luminance:b&overlay=url:b,rotate:9"):
        outcome(shown("PNG"), f"{query}&format=png", source)
    with suppress(ImageError):
        inspect(memoryview(source), LIMITS, FactSelection(tuple(Fact)))


def test_a_heic_that_decodes_to_another_size_is_damaged_whatever_is_asked() -> None:
    for query in PROMISE_QUERIES:
        assert isinstance(outcome(PROMISES["heic"], f"{query}&format=png"), UndecodableImage), query
