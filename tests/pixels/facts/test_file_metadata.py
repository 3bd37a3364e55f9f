"""Metadata of a file as names and readable values, bounded by the size of a message."""

import struct
import time
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from pixmill.engine.pixels.facts import exif as exif_facts
from pixmill.engine.pixels.facts import iptc as iptc_facts
from pixmill.engine.pixels.facts import xmp as xmp_facts
from pixmill.engine.pixels.facts.exif import read_exif, read_gps
from pixmill.engine.pixels.facts.iptc import read_iptc
from pixmill.engine.pixels.facts.xmp import read_xmp
from pixmill.engine.pixels.probe import inspect
from pixmill.engine.protocol import MAX_MESSAGE_BYTES
from pixmill.plan.facts import Fact, Facts, FactSelection, GpsLocation
from tests.pixels.images import LIMITS, encode_image, photo

XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description '
    b'exif:GPSLatitude="48,51.5N" xmp:Rating="5"><exif:GPSLongitude>2,17.6E</exif:GPSLongitude><dc:title>T\xc3\xbcr</dc:title>'
    b'</rdf:Description></x:xmpmeta>   \n   <?xpacket end="w"?>'
)
SHOWN = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    'rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    "<xmp:Rating>5</xmp:Rating><dc:title>Tür</dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def anything(_text: str) -> bool:
    return True


def inspect_facts(source: memoryview, *facts: Fact) -> Facts:
    return inspect(source, LIMITS, FactSelection(facts))


def sample_exif() -> Image.Exif:
    """EXIF as a camera writes it."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera"
    exif[ExifTags.Base.XResolution] = IFDRational(72, 1)
    exif[ExifTags.Base.ResolutionUnit] = 2
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {
            ExifTags.Base.ExposureTime: IFDRational(1, 250),
            ExifTags.Base.FNumber: IFDRational(28, 10),
            ExifTags.Base.ISOSpeedRatings: 400,
            ExifTags.Base.ExifVersion: b"0232",
            ExifTags.Base.MeteringMode: 5,
            ExifTags.Base.Flash: 0x19,
            ExifTags.Base.DateTimeOriginal: "2024:05:01 12:30:00",
            ExifTags.Base.UserComment: b"ASCII\0\0\0a comment\0rubbish",
            ExifTags.Base.MakerNote: b"secret" * 100,
            ExifTags.Base.LensSpecification: (
                *(IFDRational(24, 1), IFDRational(70, 1), IFDRational(28, 10), IFDRational(0, 0)),
            ),
            ExifTags.Base.SubjectLocation: (10, 20, 30),
        }
    )
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitudeRef: "S",
            ExifTags.GPS.GPSLatitude: (IFDRational(33, 1), IFDRational(51, 1), IFDRational(2484, 100)),
            ExifTags.GPS.GPSLongitudeRef: "E",
            ExifTags.GPS.GPSLongitude: (IFDRational(151, 1), IFDRational(12, 1), IFDRational(54, 1)),
            ExifTags.GPS.GPSAltitudeRef: b"\x01",
            ExifTags.GPS.GPSAltitude: IFDRational(5, 2),
        }
    )
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_exif_is_told_by_names_and_readable_values(kind: str) -> None:
    values = inspect_facts(encode_image(photo(), kind, exif=sample_exif().tobytes()), Fact.EXIF).exif
    assert values is not None
    expected = {
        "Make": "Camera",
        "XResolution": 72,
        "ResolutionUnit": "inch",
        "ExposureTime": 0.004,
        "FNumber": 2.8,
        "ISOSpeedRatings": 400,
        "ExifVersion": "0232",
        "MeteringMode": "pattern",
        "Flash": "fired",
        "DateTimeOriginal": "2024:05:01 12:30:00",
        "UserComment": "a comment",
        "SubjectLocation": (10, 20, 30),
    }
    assert {name: values.get(name) for name in expected} == expected
    assert not {"MakerNote", "LensSpecification", "GPSInfo", "StripOffsets"} & set(values)


def test_texts_in_exif_may_be_utf8_or_latin() -> None:
    for raw in ("Tür".encode(), "Tür".encode("latin-1")):
        exif = Image.Exif()
        exif[ExifTags.Base.Artist] = raw
        assert inspect_facts(encode_image(photo(), "WEBP", exif=exif), Fact.EXIF).exif == {"Artist": "Tür"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_the_place_is_told_only_when_it_is_asked_for(kind: str) -> None:
    xmp = {} if kind == "TIFF" else {"xmp": XMP}
    source = encode_image(photo(), kind, exif=sample_exif().tobytes(), **xmp)
    assert inspect_facts(source, Fact.GPS).gps == GpsLocation(-33.8569, 151.215, -2.5)
    others = inspect_facts(source, *(fact for fact in Fact if fact is not Fact.GPS))
    values = msgspec.json.encode(others).decode().lower()
    assert "gps" not in values
    assert "33.85" not in values
    assert "48,51" not in values


@pytest.mark.parametrize(
    "broken",
    [
        {ExifTags.GPS.GPSLatitude: (IFDRational(133, 1), IFDRational(0, 1), IFDRational(0, 1))},
        {ExifTags.GPS.GPSLatitude: (IFDRational(1, 0), IFDRational(0, 1), IFDRational(0, 1))},
        {ExifTags.GPS.GPSLongitude: (IFDRational(1, 1), IFDRational(0, 1))},
    ],
)
def test_a_place_that_is_none_is_not_told(broken: dict[int, Any]) -> None:
    exif = sample_exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(broken)
    assert read_gps(exif) is None


def test_xmp_is_told_without_its_wrapping_and_without_the_place() -> None:
    assert inspect_facts(encode_image(photo(), "WEBP", xmp=XMP), Fact.XMP).xmp == SHOWN
    whole = inspect_facts(encode_image(photo(), "WEBP", xmp=XMP), Fact.GPS, Fact.XMP).xmp
    assert whole is not None
    assert "48,51.5N" in whole
    assert "2,17.6E" in whole


@pytest.mark.parametrize(
    "packet",
    [
        b"\xff\xfe<\0x\0",
        b"<x>" + b"y" * xmp_facts.MAX_BYTES + b"</x>",
        b'<!DOCTYPE x [<!ENTITY a "exif:G">]><x>&a;</x>',
        b"<x><exif:GPSLatitude><b>48</b></exif:GPSLatitude></x>",
        b"<x>&#71;PS</x>",
        b"",
    ],
)
def test_xmp_that_is_no_text_too_long_or_could_hide_the_place_is_left_out(packet: bytes) -> None:
    assert read_xmp(packet, gps=False, allow_text=anything) is None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-32-be"])
def test_xmp_in_wide_characters_is_told_without_the_place(encoding: str) -> None:
    assert read_xmp(XMP.decode().encode(encoding), gps=False, allow_text=anything) == SHOWN


def iim(*datasets: tuple[int, int, bytes]) -> bytes:
    return b"".join(
        b"\x1c" + bytes((record, number)) + struct.pack(">H", len(value)) + value for record, number, value in datasets
    )


IPTC = iim(
    (1, 90, b"\x1b%G"),
    (2, 5, "Tür".encode()),
    (2, 25, b"one"),
    (2, 25, b"two"),
    (2, 80, b"A. Uthor"),
    (2, 201, b"unknown"),
)
TOLD = {"ObjectName": ["Tür"], "Keywords": ["one", "two"], "By-line": ["A. Uthor"]}


def with_iptc(block: bytes) -> memoryview:
    """A JPEG whose Photoshop segment holds the block."""
    resource = (
        b"8BIM" + struct.pack(">H", 0x0404) + b"\0\0" + struct.pack(">I", len(block)) + block + b"\0" * (len(block) % 2)
    )
    segment = b"Photoshop 3.0\0" + resource
    plain = bytes(encode_image(photo(), "JPEG"))
    return memoryview(plain[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + plain[2:])


def test_iptc_is_told_by_names() -> None:
    assert inspect_facts(with_iptc(IPTC), Fact.IPTC).iptc == TOLD
    tags = {33_723: IPTC}
    assert inspect_facts(encode_image(photo(), "TIFF", tiffinfo=tags), Fact.IPTC).iptc == TOLD


def test_iptc_without_a_character_set_is_latin() -> None:
    assert read_iptc(iim((2, 90, b"Z\xfcrich")), gps=True, allow_text=anything) == {"City": ["Zürich"]}


def test_the_hash_is_the_sha256_of_the_file() -> None:
    source = encode_image(photo(), "PNG")
    assert inspect_facts(source, Fact.HASH).hash == sha256(source).hexdigest()


def test_nothing_is_told_that_is_not_asked_for() -> None:
    source = encode_image(photo(), "JPEG", exif=sample_exif(), xmp=XMP)
    plain = msgspec.json.decode(msgspec.json.encode(inspect_facts(source)))
    assert list(plain) == [
        *("format", "width", "height", "frames", "alpha", "orientation", "colour_space", "profile", "bytes"),
    ]


def test_pages_are_counted_apart_from_frames() -> None:
    more = [photo(), photo()]
    pages = inspect_facts(encode_image(photo(), "TIFF", save_all=True, append_images=more))
    frames = inspect_facts(
        encode_image(photo(), "WEBP", save_all=True, append_images=[photo().rotate(9), photo().rotate(5)])
    )
    assert (pages.frames, pages.pages) == (3, 3)
    assert (frames.frames, frames.pages) == (3, 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_broken_exif_is_no_reason_to_refuse_a_picture(kind: str) -> None:
    facts = inspect_facts(
        encode_image(photo(), kind, exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xffrubbish"), Fact.EXIF, Fact.GPS
    )
    assert (facts.width, facts.exif, facts.gps) == (240, None, None)


def test_the_most_that_can_be_told_fits_into_a_message() -> None:
    exif = Image.Exif()
    for tag in ExifTags.TAGS:
        if tag not in {34665, 34853, 40965}:
            exif[tag] = "é" * 2_000
    values = {
        "exif": read_exif(exif, allow_text=anything),
        "iptc": read_iptc(
            iim(*((2, number % 256, b"\xfc" * 3_000) for number in range(400))), gps=True, allow_text=anything
        ),
        "xmp": read_xmp("é".encode() * (xmp_facts.MAX_BYTES // 2), gps=True, allow_text=anything),
    }
    assert len(read_exif(exif, allow_text=anything)) >= 5
    bounds = exif_facts.MAX_BYTES + iptc_facts.MAX_BYTES + xmp_facts.MAX_BYTES
    assert len(msgspec.msgpack.encode(values)) < bounds + 200
    assert bounds < MAX_MESSAGE_BYTES - 4_096


@pytest.mark.parametrize("piece", ["<?xpacket", ' a:GPSx="', "<a:GPSx>", "a", " ", "<a:GPS", "a:", "'", "<?xpacket?>"])
def test_xmp_of_any_kind_is_read_in_time(piece: str) -> None:
    packet = (piece * 120_000)[:120_000].encode()
    started = time.thread_time()
    read_xmp(packet, gps=False, allow_text=anything)
    assert time.thread_time() - started < 0.5


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_at_all_are_read(data: bytes, gps: bool) -> None:
    assert isinstance(read_iptc(data, gps=gps, allow_text=anything), dict)
    text = read_xmp(data, gps=gps, allow_text=anything)
    assert text is None or data
    inspect_facts(
        encode_image(Image.new("RGB", (2, 2)), "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0" + data), Fact.EXIF, Fact.GPS
    )


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.sampled_from(['exif:GPSLatitude="1"', "<a:GPSx>", "</a:GPSx>", "<", ">", " ", "=", '"', "x", "GPS", "'"]),
        max_size=30,
    )
)
def test_no_xmp_speaks_of_the_place_unasked(pieces: list[str]) -> None:
    text = read_xmp(" ".join(pieces).encode(), gps=False, allow_text=anything)
    assert text is None or "gps" not in text.lower()
