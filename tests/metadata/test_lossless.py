"""Files that are not encoded again: their metadata is exchanged, their pixels stay."""

import struct
from base64 import b64decode, b64encode
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image, PngImagePlugin

from pixmill.engine.codecs.lossless.file_filter import with_metadata
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.ops import Output, Plan
from pixmill.plan.output import Metadata
from tests.pixels.images import LIMITS, decode_result, encode_image, photo, pixels_of

ORIGINAL = Plan(output=Output(source_format=True))
FORMATS = (
    Format.JPEG,
    Format.PNG,
    Format.WEBP,
    Format.GIF,
    Format.JXL,
    Format.AVIF,
    Format.HEIC,
    Format.TIFF,
    Format.ICO,
)
XMP = b'<x:xmpmeta><rdf:RDF><rdf:Description photoshop:City="Canary" dc:title="A title"/></rdf:RDF></x:xmpmeta>'


def exif(orientation: int = 1) -> bytes:
    block = Image.Exif()
    block[270], block[315], block[274] = "Canary by the sea", "Ann", orientation
    block.get_ifd(34_853).update({1: "N", 2: (52.5, 31.0, 7.25), 27: b"ASCII\0\0\0Canary"})
    return block.tobytes()


def rendered(source: bytes | memoryview, policy: Metadata) -> bytes:
    plan = replace(ORIGINAL, output=replace(ORIGINAL.output, metadata=policy))
    return render(memoryview(source), plan, LIMITS).body


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def riff_chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + kind + data


def jpeg() -> bytes:
    plain = bytes(encode_image(photo(), "JPEG", exif=exif(6), xmp=XMP, comment=b"Canary", progressive=True))
    jfxx = segment(0xE0, b"JFXX\0\x10Canary")
    app = segment(0xED, b"Photoshop 3.0\x008BIM\x04\x0c\0\0\0\0\0\6Canary") + segment(0xEB, b"JP\0Canary")
    return plain[:20] + jfxx + app + segment(0xE2, b"MPF\0Canary") + plain[20:] + b"\xff\xd8Canary\xff\xd9"


def png() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "Canary")
    info.add_text("Raw profile type iptc", "Canary", zip=True)
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return bytes(encode_image(photo(), "PNG", pnginfo=info, exif=exif(6))) + b"Canary"


def webp() -> bytes:
    plain = bytes(encode_image(photo(), "WEBP", exif=exif(6), xmp=XMP, lossless=True))
    body = plain[8:] + riff_chunk(b"note", b"Canary")
    return b"RIFF" + struct.pack("<I", len(body)) + body + b"Canary"


def gif() -> bytes:
    plain = bytes(encode_image(photo(), "GIF", comment=b"Canary", save_all=True, append_images=[photo().rotate(90)]))
    xmp = b"!\xff\x0bXMP DataXMP\x06Canary\0"
    return plain[: 13 + 768] + xmp + plain[13 + 768 :] + b"Canary"


def jxl() -> bytes:
    encoded = render(encode_image(photo(), "PNG"), Plan(output=Output(formats=(Format.JXL,))), LIMITS).body
    assert encoded.startswith(b"\xff\x0a")
    head = b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    notes = box(b"Exif", bytes(4) + exif()[6:]) + box(b"xml ", XMP) + box(b"jumb", b"Canary")
    return head + notes + box(b"jxlc", encoded)


def tiff() -> bytes:
    return bytes(encode_image(photo(), "TIFF", exif=exif()))


def avif() -> bytes:
    return bytes(encode_image(photo(), "AVIF", exif=exif(), xmp=XMP))


def heic() -> bytes:
    source = encode_image(photo(), "JPEG", exif=exif(), xmp=XMP)
    return render(source, Plan(output=Output(formats=(Format.HEIC,), metadata=Metadata.ALL)), LIMITS).body


ORIGINALS = {"jpeg": jpeg, "png": png, "webp": webp, "gif": gif, "jxl": jxl, "tiff": tiff, "avif": avif, "heic": heic}
UNCHANGED = ("jpeg", "png", "webp", "gif", "jxl")


@pytest.mark.parametrize("policy", [Metadata.STRIP, Metadata.COPYRIGHT, Metadata.KEEP])
@pytest.mark.parametrize("kind", ORIGINALS)
def test_what_goes_out_unchanged_tells_no_more_than_what_is_rendered(kind: str, policy: Metadata) -> None:
    source = ORIGINALS[kind]()
    body = rendered(source, policy)
    assert b"Canary" not in body
    if policy is Metadata.STRIP:
        assert b"Ann" not in body
    elif kind not in ("gif", "tiff"):
        assert b"Ann" in body
    if kind in ("jpeg", "png", "webp", "jxl", "avif", "heic"):
        assert (b"A title" in body) == (policy is Metadata.KEEP)


@pytest.mark.parametrize("kind", ORIGINALS)
def test_with_all_metadata_it_is_returned_byte_for_byte(kind: str) -> None:
    source = ORIGINALS[kind]()
    assert rendered(source, Metadata.ALL) == source


@pytest.mark.parametrize("policy", [Metadata.STRIP, Metadata.COPYRIGHT, Metadata.KEEP])
@pytest.mark.parametrize("kind", UNCHANGED)
def test_pixels_and_orientation_stay(kind: str, policy: Metadata) -> None:
    source = ORIGINALS[kind]()
    plan = Plan(output=Output(formats=(Format.PNG,)))
    before = pixels_of(decode_result(render(memoryview(source), plan, LIMITS)))
    after = pixels_of(decode_result(render(memoryview(rendered(source, policy)), plan, LIMITS)))
    assert np.array_equal(before, after)
    assert before.shape[:2] == ((240, 160) if kind in ("jpeg", "png", "webp") else (160, 240))


def test_an_animation_keeps_its_frames_and_loops() -> None:
    frames = [photo(), photo().rotate(5), photo().rotate(9)]
    for kind in ("GIF", "WEBP", "PNG"):
        options = {"save_all": True, "append_images": frames[1:], "duration": 70, "loop": 3}
        source = encode_image(frames[0], kind, **options)
        with Image.open(BytesIO(rendered(source, Metadata.STRIP))) as image:
            assert (image.n_frames, image.info["loop"]) == (3, 3)  # type: ignore[attr-defined]
        assert rendered(source, Metadata.STRIP) == bytes(source)


def test_a_tiff_with_a_small_copy_of_its_image_is_encoded_again() -> None:
    small = photo(24, 16)
    small.encoderinfo = {"tiffinfo": {254: 1}}
    pages = [encode_image(photo(), "TIFF", save_all=True, append_images=[small]) for small in (photo(24, 16), small)]
    assert rendered(pages[0], Metadata.STRIP) == bytes(pages[0])
    assert rendered(pages[1], Metadata.STRIP) != bytes(pages[1])


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_images_in_drawings_keep_their_orientation_only(kind: str) -> None:
    embedded = b64encode(ORIGINALS[kind]()).decode()
    text = f'<image width="40" height="40" href="data:image/{kind};base64,{embedded}"/>'
    source = f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">{text}</svg>'.encode()
    body = rendered(source, Metadata.STRIP)
    written = body[body.index(b";base64,") + 8 :]
    image = b64decode(written[: written.index(b'"')])
    assert b"Canary" not in image
    assert b"Ann" not in image
    with Image.open(BytesIO(image)) as opened:
        assert opened.getexif()[274] == 6


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(FORMATS), st.sampled_from(sorted(ORIGINALS)), st.data())
def test_damaged_files_are_filtered_or_refused(target: Format, kind: str, data: st.DataObject) -> None:
    source = bytearray(SMALL[kind])
    for _ in range(data.draw(st.integers(0, 4))):
        source[data.draw(st.integers(0, len(source) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(source)))
    for metadata in (RetainedMetadata(), RetainedMetadata(b"II*\0\x08\0\0\0", XMP, b"\x1c\x02")):
        result = with_metadata(memoryview(bytes(source[:cut])), target, metadata)
        assert result is None or len(result) <= cut + 1_000


SMALL = {kind: make() for kind, make in ORIGINALS.items()}
