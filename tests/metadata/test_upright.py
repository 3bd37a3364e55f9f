"""Results lie as the original is shown, whatever else says an orientation: read by decoders that apply all they find."""

from io import BytesIO

import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401 - registers the plugin
import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.pipeline import render
from tests.pixels.images import LIMITS, encode_image, pixels_of
from tests.pixels.test_orientation import marker

XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="{}" tiff:Make="A Maker"/></rdf:RDF></x:xmpmeta>'
)
OUTPUTS = (
    "jpeg",
    "jpeg&trellis=true",
    "png",
    "webp",
    "webp&near_lossless=60",
    "avif",
    "avif&lossless=true",
    "heic",
    "jxl",
    "tiff",
)


def stored_as(orientation: int) -> Image.Image:
    """The marker as a camera stores it that says this orientation."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    return marker() if orientation == 1 else marker().transpose(Image.Transpose(undo[orientation]))


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[274] = orientation
    return block.tobytes()


def original(kind: str, orientation: int, in_xmp: int) -> bytes:
    stored, xmp = stored_as(orientation), XMP.format(in_xmp).encode()
    if kind == "heic":  # libheif writes irot and imir for the orientation in EXIF
        out = BytesIO()
        pillow_heif.from_pillow(stored).save(
            out, quality=95, chroma=444, exif=exif(orientation), xmp=XMP.format(orientation).encode()
        )
        return out.getvalue()
    options: dict[str, dict[str, object]] = {
        "JPEG": {"quality": 95, "subsampling": 0},
        "WEBP": {"lossless": True},
        "AVIF": {"quality": 95, "subsampling": "4:4:4"},
    }
    if kind == "TIFF":
        return bytes(encode_image(stored, kind, tiffinfo={274: orientation, 700: xmp}))
    if kind == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        return bytes(encode_image(stored, kind, pnginfo=info, exif=exif(orientation)))
    return bytes(encode_image(stored, kind, exif=exif(orientation), xmp=xmp, **options.get(kind, {})))


def shown(body: bytes, kind: str) -> Image.Image:
    """As a viewer shows it that applies the orientation of the container, of EXIF and, without these, of XMP."""
    if kind == "heic":
        image = pillow_heif.open_heif(BytesIO(body)).to_pillow()
        assert isinstance(image, Image.Image)
        return image
    with Image.open(BytesIO(body)) as file:
        return ImageOps.exif_transpose(file)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "heic"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_result_lies_upright(kind: str, orientation: int) -> None:
    source = original(kind, orientation, in_xmp=6 if orientation != 6 else 3)
    expected = pixels_of(marker()).astype(int)
    for number, output in enumerate(OUTPUTS):
        policy = ("all", "keep")[(number + orientation) % 2]
        query = f"url=a&format={output}&metadata={policy}&quality=95".encode()
        result = render(memoryview(source), parse(b"/resize", query).plan, LIMITS)
        assert b"tiff:Orientation" not in result.body
        image = shown(result.body, output.partition("&")[0])
        assert image.size == marker().size == (result.width, result.height), output
        assert np.abs(pixels_of(image).astype(int) - expected).mean() < 8, output


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_an_orientation_in_xmp_alone_is_not_applied(kind: str) -> None:
    """As browsers do."""
    packet = XMP.format(6).encode()
    options: dict[str, object] = {"tiffinfo": {700: packet}} if kind == "TIFF" else {"xmp": packet}
    for exif_block in (
        {},
        {"exif": b"Exif\0\0II*\0\x08\0\0\0\1\0" + bytes((0x3B, 1, 2, 0, 4, 0, 0, 0)) + b"Ann\0" + bytes(4)},
    ):
        extra = {} if kind == "TIFF" else exif_block
        source = encode_image(marker(), kind, **options, **extra)
        result = render(source, parse(b"/resize", b"url=a&format=png&metadata=all").plan, LIMITS)
        assert (result.width, result.height) == marker().size


@pytest.mark.parametrize("policy", ["strip", "copyright", "keep", "all"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "heic"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_what_is_not_encoded_again_is_shown_as_before(kind: str, orientation: int, policy: str) -> None:
    source = original(kind, orientation, in_xmp=orientation)
    plan = parse(b"/resize", f"url=a&format=original&metadata={policy}".encode()).plan
    image = shown(render(memoryview(source), plan, LIMITS).body, kind)
    assert image.size == marker().size
    assert np.abs(pixels_of(image).astype(int) - pixels_of(marker()).astype(int)).mean() < 8
