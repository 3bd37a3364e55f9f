"""Choice of the format, its limits, and the retained metadata."""

import numpy as np
import pytest
from PIL import Image

from pixmill.engine.codecs import table
from pixmill.engine.pixels.pipeline import render
from pixmill.errors import ResultTooLarge, UnsupportedOutput
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.plan.output import Metadata
from tests.pixels.images import LIMITS, decode_result, encode_image, photo, pixels_of


def chosen_format(
    source: memoryview, *formats: Format, negotiated: bool = True, resize: Resize | None = None
) -> Format:
    plan = Plan(resize=resize or Resize(width=160), output=Output(formats=formats, negotiated=negotiated))
    return render(source, plan, LIMITS).format


def transparent_image() -> Image.Image:
    return Image.new("RGBA", (80, 60), (255, 0, 0, 99))


def test_the_first_that_the_client_takes_and_we_can_write_is_chosen() -> None:
    source = encode_image(photo(), "PNG")
    assert chosen_format(source, Format.AVIF, Format.WEBP) is Format.AVIF
    assert chosen_format(source, Format.PDF, Format.WEBP) is Format.WEBP


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("JPEG", "jpeg"),
        ("WEBP", "jpeg"),
        ("AVIF", "jpeg"),
        ("TIFF", "jpeg"),
        ("BMP", "jpeg"),
        ("PNG", "jpeg"),
        ("GIF", "jpeg"),
    ],
)
def test_otherwise_the_plain_format_that_fits_the_picture(kind: str, expected: str) -> None:
    assert chosen_format(encode_image(photo(), kind)) == expected
    assert chosen_format(encode_image(photo(), kind), negotiated=False) == expected


def test_what_one_sees_through_becomes_png() -> None:
    assert chosen_format(encode_image(transparent_image(), "WEBP")) is Format.PNG


def test_a_format_that_cannot_hold_the_size_is_passed_over_or_refused() -> None:
    source = encode_image(photo(2, 1), "PNG")
    wide = Resize(width=16_384, enlarge=True)
    limits = Limits(max_result_side=20_000, max_result_pixels=200_000_000)
    passed_over = Plan(resize=wide, output=Output(formats=(Format.WEBP,), negotiated=True))
    with pytest.raises(ResultTooLarge):
        render(source, Plan(resize=wide, output=Output(formats=(Format.WEBP,))), limits)
    assert render(source, passed_over, limits).format is Format.JPEG


@pytest.mark.parametrize("kind", [Format.PDF, Format.SVG, Format.VIDEO])
def test_a_format_that_is_not_written_here_is_refused_by_name(kind: Format) -> None:
    with pytest.raises(UnsupportedOutput) as caught:
        chosen_format(encode_image(photo(), "JPEG"), kind, negotiated=False)
    assert caught.value.param == "format"


def test_a_result_of_too_many_bytes_is_refused() -> None:
    with pytest.raises(ResultTooLarge):
        render(encode_image(photo(), "PNG"), Plan(), Limits(max_result_bytes=1000))


def test_a_lower_quality_has_fewer_bytes() -> None:
    source = encode_image(photo(), "PNG")
    for kind in (Format.JPEG, Format.WEBP, Format.AVIF):
        sizes = [
            len(render(source, Plan(output=Output(formats=(kind,), quality=quality)), LIMITS).body)
            for quality in (1, 30, 60, 80, 90, 100)
        ]
        assert sizes == sorted(sizes), kind
        assert sizes[0] < sizes[-1] / 3


def exif() -> Image.Exif:
    block = Image.Exif()
    block[274] = 6
    block[315] = "An Author"
    return block


@pytest.mark.parametrize("target", [Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_metadata_is_kept_when_asked_for_and_nothing_is_turned_twice(kind: str, target: Format) -> None:
    source = encode_image(
        photo(),
        kind,
        exif=exif(),
        **({} if kind == "PNG" else {"xmp": b"<x:xmpmeta><dc:title>A</dc:title></x:xmpmeta>"}),
    )
    plan = Plan(output=Output(formats=(target,), metadata=Metadata.KEEP))
    result = decode_result(render(source, plan, LIMITS))
    assert result.size == (160, 240)
    assert result.getexif()[315] == "An Author"
    assert result.getexif().get(274, 1) == 1
    if kind != "PNG":
        assert b"xmpmeta" in (result.info.get("xmp") or str(result.info.get("XML:com.adobe.xmp")).encode())


@pytest.mark.parametrize("target", [Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF])
def test_metadata_is_stripped_otherwise(target: Format) -> None:
    source = encode_image(photo(), "JPEG", exif=exif(), xmp=b"<x:xmpmeta/>", comment=b"a comment")
    body = render(source, Plan(output=Output(formats=(target,))), LIMITS).body
    assert b"An Author" not in body
    assert b"exif" not in body.lower()
    assert b"xmpmeta" not in body
    assert b"a comment" not in body


@pytest.mark.parametrize(
    "block", [b"", b"II", b"Exif\0\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12" * 40]
)
def test_broken_exif_does_not_stop_the_pixels(block: bytes) -> None:
    source = encode_image(photo(), "JPEG", exif=b"Exif\0\0" + block)
    plan = Plan(output=Output(formats=(Format.JPEG,), metadata=Metadata.KEEP))
    assert decode_result(render(source, plan, LIMITS)).size == (240, 160)


def test_metadata_too_large_for_a_jpeg_is_left_out() -> None:
    source = encode_image(photo(), "WEBP", xmp=b"<x:xmpmeta>" + b" " * 70_000)
    plan = Plan(output=Output(formats=(Format.JPEG,), metadata=Metadata.KEEP))
    assert "xmp" not in decode_result(render(source, plan, LIMITS)).info


def test_a_still_gif_keeps_its_holes() -> None:
    pixels = np.full((40, 40, 4), (200, 30, 30, 255), np.uint8)
    pixels[:20, :, 3] = 0
    result = decode_result(
        render(encode_image(Image.fromarray(pixels), "PNG"), Plan(output=Output(formats=(Format.GIF,))), LIMITS)
    )
    alpha = pixels_of(result, "RGBA")[..., 3]
    assert not alpha[:18].any()
    assert alpha[22:].all()


def test_the_table_names_a_library_and_a_reason_for_every_format() -> None:
    assert all(codec.decoder_library and codec.rationale for codec in table.CODECS.values())
    assert all(bool(codec.encoder_library) is (codec.encode is not None) for codec in table.CODECS.values())
    assert not table.can_decode(Format.JSON)
    assert not table.can_encode(Format.SVG)
