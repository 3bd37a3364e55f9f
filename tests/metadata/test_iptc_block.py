"""Which IPTC datasets stay, and in which files they arrive."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import IptcImagePlugin

from pixmill.engine.metadata.iptc_block import photoshop_segment, read_texts, rewrite_iptc
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.media import Format
from pixmill.plan.facts import Fact, FactSelection
from pixmill.plan.ops import Output, Plan
from pixmill.plan.output import Encoding, Metadata
from tests.pixels.images import LIMITS, decode_result, encode_image, photo


def anything(_text: str) -> bool:
    return True


def iim(*datasets: tuple[int, int, bytes]) -> bytes:
    return b"".join(
        b"\x1c" + bytes((record, number)) + struct.pack(">H", len(value)) + value for record, number, value in datasets
    )


def with_iptc(block: bytes) -> memoryview:
    segment = photoshop_segment(block)
    plain = bytes(encode_image(photo(), "JPEG"))
    return memoryview(plain[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + plain[2:])


BLOCK = iim(
    (2, 5, b"A title"),
    (2, 25, b"Canary"),
    (2, 25, b"tree"),
    (2, 80, b"Z\xfcri"),
    (2, 90, b"Canary"),
    (2, 120, b"The port of Canary"),
    (2, 202, b"preview"),
    (3, 20, b"\0\x10"),
)
KEPT = [(5, "A title"), (25, "tree"), (80, "Züri")]
ALL = [(5, "A title"), (25, "Canary"), (25, "tree"), (80, "Züri"), (90, "Canary"), (120, "The port of Canary")]


@pytest.mark.parametrize("number", [26, 27, 90, 92, 95, 100, 101])
def test_datasets_that_tell_a_place_are_kept_only_if_asked_for(number: int) -> None:
    block = iim((2, number, b"Canary"))
    assert rewrite_iptc(block, location=False, allow_text=anything) == b""
    assert list(read_texts(rewrite_iptc(block, location=True, allow_text=anything))) == [(number, "Canary")]


@pytest.mark.parametrize(
    "encoding",
    [Encoding(), Encoding(progressive=True), Encoding(trellis=True)],
    ids=["pillow", "progressive", "mozjpeg"],
)
@pytest.mark.parametrize(("policy", "expected"), [(Metadata.KEEP, KEPT), (Metadata.ALL, ALL)])
def test_a_jpeg_keeps_iptc(policy: Metadata, expected: list[tuple[int, str]], encoding: Encoding) -> None:
    output = Output(formats=(Format.JPEG,), metadata=policy, encoding=encoding)
    result = render(with_iptc(BLOCK), Plan(output=output), LIMITS)
    block = decode_result(result).info["photoshop"][0x0404]
    assert list(read_texts(block)) == expected


@pytest.mark.parametrize(("policy", "expected"), [(Metadata.KEEP, KEPT), (Metadata.ALL, ALL)])
def test_a_tiff_keeps_iptc(policy: Metadata, expected: list[tuple[int, str]]) -> None:
    result = render(with_iptc(BLOCK), Plan(output=Output(formats=(Format.TIFF,), metadata=policy)), LIMITS)
    facts = inspect(memoryview(result.body), LIMITS, FactSelection((Fact.GPS, Fact.IPTC))).iptc
    assert facts is not None
    assert [text for texts in facts.values() for text in texts] == [text for _, text in expected]
    image = decode_result(result)
    info = IptcImagePlugin.getiptcinfo(image)  # type: ignore[arg-type]
    assert info is not None
    assert info[(2, 80)] == "Züri".encode()


@pytest.mark.parametrize("policy", [Metadata.STRIP, Metadata.COPYRIGHT])
@pytest.mark.parametrize("target", [Format.JPEG, Format.TIFF])
def test_iptc_is_not_kept_unless_asked_for(target: Format, policy: Metadata) -> None:
    body = render(with_iptc(BLOCK), Plan(output=Output(formats=(target,), metadata=policy)), LIMITS).body
    for text in (b"Canary", b"A title", b"tree", b"preview"):
        assert text not in body


def test_copyright_that_only_iptc_knows_is_kept_as_exif() -> None:
    source = with_iptc(iim((2, 80, b"An Author"), (2, 116, b"(c) A"), (2, 120, b"caption")))
    result = render(source, Plan(output=Output(formats=(Format.WEBP,), metadata=Metadata.COPYRIGHT)), LIMITS)
    assert dict(decode_result(result).getexif()) == {315: "An Author", 33_432: "(c) A"}


def test_info_tells_the_place_only_if_asked_for() -> None:
    source = with_iptc(BLOCK)
    quiet = inspect(source, LIMITS, FactSelection((Fact.IPTC,))).iptc
    told = inspect(source, LIMITS, FactSelection((Fact.GPS, Fact.IPTC))).iptc
    assert quiet == {"ObjectName": ["A title"], "Keywords": ["tree"], "By-line": ["Züri"]}
    assert told is not None
    assert told["City"] == ["Canary"]


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_give_a_block_that_stays_as_it_is(data: bytes, location: bool) -> None:
    once = rewrite_iptc(b"\x1c\x02\x05\0\1a" + data, location=location, allow_text=anything)
    assert rewrite_iptc(once, location=location, allow_text=anything) == once
