"""Metadata in unusual types, encodings and structures, and thumbnails: nothing is told that was not requested."""

from base64 import b64encode
from io import BytesIO

import msgspec
import numpy as np
import pillow_heif
import pytest

from pixmill.dialects.native.dialect import parse
from pixmill.engine.codecs.metadata_policy import retained_metadata
from pixmill.engine.metadata.exif_block import ExifEntry, ExifReader, build_exif, rewrite_exif
from pixmill.engine.metadata.exif_tags import EXIF_DIRECTORY
from pixmill.engine.metadata.iptc_block import encode_datasets, read_texts, rewrite_iptc
from pixmill.engine.metadata.place_names import PlaceNames
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.plan.facts import Fact, FactSelection
from pixmill.plan.output import Metadata
from tests.pixels.images import LIMITS, decode_result, encode_image, photo, pixels_of

DESCRIPTION, COMMENT, TITLE, EXPOSURE = 270, 37_510, 40_091, 33_434
BYTE, ASCII, SHORT, UNDEFINED = 1, 2, 3, 7
ZURICH = PlaceNames(["Zürich"])

TEXTS = {
    "ascii": (DESCRIPTION, ASCII, "In Zürich".encode()),
    "latin-1": (DESCRIPTION, ASCII, "In Zürich".encode("latin-1")),
    "bytes": (DESCRIPTION, BYTE, "In Zürich".encode()),
    "undefined": (DESCRIPTION, UNDEFINED, "In Zürich".encode()),
    "wide title": (TITLE, BYTE, "In Zürich\0".encode("utf-16-le")),
    "narrow title": (TITLE, BYTE, "In Zürich".encode()),
    "comment": (COMMENT, UNDEFINED, b"ASCII\0\0\0" + "In Zürich".encode()),
    "comment without a code": (COMMENT, UNDEFINED, "Zürich in spring".encode()),
    "comment, little": (COMMENT, UNDEFINED, b"UNICODE\0" + "In Zürich".encode("utf-16-le")),
    "comment, big": (COMMENT, UNDEFINED, b"UNICODE\0" + "In Zürich".encode("utf-16-be")),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_name_of_a_place_is_found_in_any_type_and_encoding(kind: str) -> None:
    tag, type_, value = TEXTS[kind]
    entry = ExifEntry(tag, type_, len(value), value)
    is_comment = tag == COMMENT
    block = build_exif([] if is_comment else [entry], {EXIF_DIRECTORY: [entry]} if is_comment else {})
    directory = EXIF_DIRECTORY if is_comment else 0
    allowed = rewrite_exif(block, location=False, allow_text=PlaceNames(["Paris"]).allows)
    assert [kept.value for kept in ExifReader(allowed).directory(directory)] == [value]
    refused = rewrite_exif(block, location=False, allow_text=ZURICH.allows)
    assert ExifReader(refused).directory(directory) == []


def test_long_values_of_tags_with_numbers_are_left_out() -> None:
    entry = ExifEntry(EXPOSURE, SHORT, 400, b"\xff\xd8" * 400)
    assert rewrite_exif(build_exif([], {EXIF_DIRECTORY: [entry]}), location=False, allow_text=lambda _: True) == b""


@pytest.mark.parametrize(
    "text",
    [
        *("At 48.858 N, 2.294 E", "N48.858 E2.294", "48,858370; 2,294481", "48º51'30\"", "48 deg 51' 30\""),
        *("8FW4V75V+8Q", "48.8583, 2.2944"),
    ],
)
def test_coordinates_are_found_in_texts(text: str) -> None:
    assert not PlaceNames([]).allows(text)


@pytest.mark.parametrize(
    "text",
    [
        "1/250 s at f 2.8",
        "Prices: 1,000, 2,000",
        "Model 7C+2",
        "Ann's 1,500 photos, 2.500 s each",
        "A 3.5 mm lens, 2.125 m",
    ],
)
def test_other_numbers_are_no_coordinates(text: str) -> None:
    assert PlaceNames([]).allows(text)


def test_iptc_in_utf_8_without_its_escape_sequence_is_read() -> None:
    block = encode_datasets([(2, 120, "In Zürich".encode()), (2, 5, b"Title")])
    block = block.replace(b"\x1c\x01\x5a\0\x03\x1b%G", b"")
    assert (120, "In Zürich") in list(read_texts(block))
    assert dict(read_texts(rewrite_iptc(block, location=False, allow_text=ZURICH.allows))) == {5: "Title"}
    assert list(read_texts(b"\x1c\x02\x78\0\x06Z\xfcrich")) == [(120, "Zürich")]


def test_copyright_tells_only_the_values_of_creator_and_rights() -> None:
    packet = b"""<x:xmpmeta><rdf:RDF><rdf:Description>
        <dc:creator><rdf:Seq><rdf:li rdf:parseType="Resource"><rdf:value>Ann</rdf:value><photoshop:City>Canary</photoshop:City>
        </rdf:li></rdf:Seq></dc:creator>
        <dc:rights><rdf:Alt><rdf:li xml:lang="x-default" exif:GPSLatitude="Canary">Free</rdf:li></rdf:Alt></dc:rights>
        </rdf:Description></rdf:RDF></x:xmpmeta>"""
    kept = retained_metadata(Metadata.COPYRIGHT, b"", packet)
    assert b"Ann" in kept.exif
    assert b"Free" in kept.exif
    assert b"Canary" not in kept.exif


def test_info_tells_no_thumbnail() -> None:
    small = b64encode(bytes(encode_image(photo(16, 16), "JPEG"))).decode()
    packet = f"""<x:xmpmeta><rdf:RDF><rdf:Description dc:format="image/jpeg"><xmp:Thumbnails><rdf:Alt>
        <rdf:li xmpGImg:width="16" xmpGImg:image="{small}"/></rdf:Alt></xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta>"""
    source = encode_image(photo(), "JPEG", xmp=packet.encode())
    told = msgspec.json.encode(inspect(memoryview(bytes(source)), LIMITS, FactSelection((Fact.XMP,))))
    assert b"image/jpeg" in told
    assert small[:100].encode() not in told


@pytest.mark.parametrize("mode", ["fast", "balanced", "best"])
def test_a_thumbnail_of_a_heic_is_not_shown(mode: str) -> None:
    """It is that of another image here, of the same shape."""
    out = BytesIO()
    file = pillow_heif.from_pillow(photo(960, 640))
    file.save(out, quality=90, thumbnails=[480])
    plain = BytesIO()
    pillow_heif.from_pillow(photo(960, 640)).save(plain, quality=90)
    assert b"thmb" in out.getvalue()
    query = f"url=a&width=60&format=png&mode={mode}".encode()
    with_thumbnail, without = (
        pixels_of(decode_result(render(memoryview(source), parse(b"/resize", query).plan, LIMITS)))
        for source in (out.getvalue(), plain.getvalue())
    )
    assert np.array_equal(with_thumbnail, without)
