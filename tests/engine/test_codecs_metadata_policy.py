"""Which metadata is retained, for each value of ``metadata=``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.codecs.metadata_policy import retained_metadata
from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.ops import Output, Plan
from pixmill.plan.output import Metadata
from tests.pixels.images import LIMITS, decode_result, encode_image, photo

XMP = b"<x:xmpmeta><dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>&#169; Rights &amp; Co</rdf:li></rdf:Alt></dc:rights></x:xmpmeta>"


def exif(order: str = "<", **texts: str) -> bytes:
    block = Image.Exif()
    block.endian = order
    block[274], block[271] = 6, "A Maker"
    block[306] = "2026:01:02 03:04:05"
    if "artist" in texts:
        block[315] = texts["artist"]
    if "rights" in texts:
        block[33432] = texts["rights"]
    block.get_ifd(34853).update({1: "N", 2: (52.5, 31.0, 7.25), 3: "E", 4: (13.0, 24.0, 0.5), 29: "2026:01:02"})
    block.get_ifd(34665)[42036] = "A Lens"
    return block.tobytes()


def read(kept: RetainedMetadata) -> Image.Exif:
    block = Image.Exif()
    block.load(b"Exif\0\0" + kept.exif)
    return block


def test_nothing_goes_along_unless_it_is_asked_for() -> None:
    assert retained_metadata(Metadata.STRIP, exif(artist="Me"), XMP) == RetainedMetadata()


@pytest.mark.parametrize("order", ["<", ">"])
def test_all_is_all_and_upright(order: str) -> None:
    kept = read(retained_metadata(Metadata.ALL, exif(order, artist="Me"), XMP))
    assert (kept[274], kept[271], kept[315]) == (1, "A Maker", "Me")
    assert kept.get_ifd(34853)[1] == "N"


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_is_kept_does_not_say_where(order: str) -> None:
    before = exif(order, artist="Me")
    kept = retained_metadata(Metadata.KEEP, before, XMP)
    after = read(kept)
    assert (after[271], after[315], after.get_ifd(34665)[42036]) == ("A Maker", "Me", "A Lens")
    assert after.get_ifd(34853) == {}
    assert b"2026:01:02\0" in before
    assert b"2026:01:02\0" not in kept.exif
    assert "© Rights &amp; Co".encode() in kept.xmp


@pytest.mark.parametrize(
    "xmp", [b"<a exif:GPSLatitude='48,51.5N'/>", "<a exif:gpsLatitude='48,51.5N'/>".encode("utf-16")]
)
def test_xmp_that_speaks_of_a_place_is_left_out(xmp: bytes) -> None:
    assert retained_metadata(Metadata.KEEP, b"", xmp).xmp == b""
    assert b">48,51.5N</exif:" in retained_metadata(Metadata.ALL, b"", xmp).xmp


def test_of_copyright_only_the_makers_go_along() -> None:
    kept = retained_metadata(Metadata.COPYRIGHT, exif(artist="Me", rights="(c) M"), XMP)
    assert dict(read(kept)) == {315: "Me", 33432: "(c) M"}
    assert kept.xmp == b""


def test_copyright_that_only_xmp_knows_goes_along_as_exif() -> None:
    assert b"Rights & Co" in retained_metadata(Metadata.COPYRIGHT, exif(artist="Me"), XMP).exif
    assert retained_metadata(Metadata.COPYRIGHT, b"", b"<x:xmpmeta/>") == RetainedMetadata()


@given(st.binary(max_size=120), st.binary(max_size=80), st.sampled_from(Metadata))
def test_nothing_that_is_written_there_does_harm(exif: bytes, xmp: bytes, policy: Metadata) -> None:
    for start in (b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"):
        retained_metadata(policy, start + exif, b"<dc:rights>" + xmp)


@pytest.mark.parametrize("target", [Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF, Format.HEIC, Format.JXL])
def test_copyright_reaches_every_format_that_can_carry_it(target: Format) -> None:
    source = encode_image(photo(), "JPEG", exif=b"Exif\0\0" + exif(artist="The Artist").removeprefix(b"Exif\0\0"))
    body = render(source, Plan(output=Output(formats=(target,), metadata=Metadata.COPYRIGHT)), LIMITS).body
    assert b"The Artist" in body
    assert b"A Maker" not in body
    if target not in (Format.HEIC, Format.JXL):
        assert decode_result(
            render(source, Plan(output=Output(formats=(target,), metadata=Metadata.COPYRIGHT)), LIMITS)
        ).getexif()[315]
