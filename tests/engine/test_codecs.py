"""Codec decisions: DCT scaling, quality mapping, format detection."""

import pytest
from PIL import Image

from pixmill.engine.codecs.decoder import DecodeRequest
from pixmill.engine.codecs.jpeg import dct_shrink
from pixmill.engine.codecs.pillow_arrow import pixel_view
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.codecs.sniff import sniff
from pixmill.engine.metadata.exif_block import rewrite_exif
from pixmill.engine.raster.frame import Area
from pixmill.media import Format
from pixmill.plan.lengths import Size
from pixmill.plan.ops import DecodeScaling
from pixmill.plan.output import QualityScale, RenderMode


@pytest.mark.parametrize(
    ("wanted", "shrink"),
    [(3000, 1), (1500, 1), (1201, 1), (1200, 2), (800, 2), (572, 2), (571, 4), (251, 4), (250, 8), (10, 8)],
)
def test_a_jpeg_is_decoded_no_larger_than_quality_asks(wanted: int, shrink: int) -> None:
    assert dct_shrink(DecodeRequest(Area(0, 0, 3000, 3000), Size(wanted, wanted)), Size(3000, 3000)) == shrink


def test_the_best_that_can_be_had_needs_more_of_a_jpeg_but_not_all_of_it() -> None:
    wanted = [3000, 632, 631, 151, 150, 10]
    needs = [DecodeRequest(Area(0, 0, 3000, 3000), Size(side, side), RenderMode.BEST) for side in wanted]
    assert [dct_shrink(need, Size(3000, 3000)) for need in needs] == [1, 1, 2, 2, 4, 4]


def test_the_side_that_shrinks_less_decides_the_scale() -> None:
    assert dct_shrink(DecodeRequest(Area(0, 0, 3000, 3000), Size(3000, 10)), Size(3000, 3000)) == 1


def test_a_small_jpeg_is_decoded_in_full() -> None:
    assert dct_shrink(DecodeRequest(Area(0, 0, 200, 200), Size(10, 10)), Size(200, 200)) == 1


@pytest.mark.parametrize(
    ("scaling", "shrinks"),
    [
        (DecodeScaling.NONE, [1, 1, 1, 1, 1, 1, 1, 1]),
        (DecodeScaling.SHARP, [1, 1, 2, 2, 4, 4, 8, 8]),
        (DecodeScaling.PILLOW, [1, 2, 2, 4, 4, 8, 8, 8]),
    ],
)
def test_a_jpeg_is_scaled_by_the_factors_of_other_libraries(scaling: DecodeScaling, shrinks: list[int]) -> None:
    whole, size = Area(0, 0, 3600, 3600), Size(3600, 3600)
    wanted = [1900, 1300, 1200, 800, 720, 450, 400, 10]
    needs = [DecodeRequest(whole, Size(side, side), scaling=scaling) for side in wanted]
    assert [dct_shrink(need, size) for need in needs] == shrinks


def test_a_part_of_a_jpeg_is_not_scaled_as_by_pillow() -> None:
    part = DecodeRequest(Area(0, 0, 3000, 2999), Size(10, 10), scaling=DecodeScaling.PILLOW)
    assert dct_shrink(part, Size(3000, 3000)) == 1


def test_qualities_can_be_those_of_libjpeg() -> None:
    numbers = range(1, 101)
    assert [codec_quality(Format.JPEG, number, QualityScale.JPEG) for number in numbers] == list(numbers)
    for kind in (Format.WEBP, Format.AVIF):
        assert codec_quality(kind, 80, QualityScale.JPEG) > codec_quality(kind, 80)


@pytest.mark.parametrize("kind", [Format.JPEG, Format.WEBP, Format.AVIF])
def test_quality_rises_with_quality_and_keeps_its_ends(kind: Format) -> None:
    numbers = [codec_quality(kind, quality) for quality in range(1, 101)]
    assert numbers == sorted(numbers)
    assert (numbers[0], numbers[-1]) == (1, 100)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x1cftypavif\0\0\0\0", Format.AVIF),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", Format.AVIF),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf", Format.HEIC),
        (b"\0\0\0\x10ftypmif1\0\0\0\0avifavif", None),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", Format.VIDEO),
        (b"\0\0\0\x18ftypM4A \0\0\0\0M4A ", None),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", Format.RAW),
        (b"\x1aE\xdf\xa3\x9fB\x86", Format.VIDEO),
        (b"RIFF\0\0\0\0AVI LIST", Format.VIDEO),
        (b"\xff\x0a\xfa", Format.JXL),
        (b"\0\0\0\x0cJXL \r\n\x87\n", Format.JXL),
        (b"%PDF-1.7", Format.PDF),
        (b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ", Format.JP2),
        (b"\xff\x4f\xff\x51\0\x2f", Format.JP2),
        (b"8BPS\0\1", Format.PSD),
        (b"8BPS\0\2", Format.PSD),
        (b"FUJIFILMCCD-RAW 0201", Format.RAW),
        (b"II*\0\x10\0\0\0CR\x02\0", Format.RAW),
        (b"II*\0\x08\0\0\0", Format.TIFF),
        (b"<svg>", Format.SVG),
        (b"<html><svg>", None),
        (b"RIFF\0\0\0\0WEBPVP8 ", Format.WEBP),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"MM\0+\0\x08\0\0", Format.TIFF),
        (b"\0\0\1\0\1\0", Format.ICO),
        (b"\xff\xd8\xff\xe0", Format.JPEG),
        (b"\xff\xd8", None),
    ],
)
def test_a_format_is_known_by_its_first_bytes(head: bytes, kind: Format | None) -> None:
    assert sniff(memoryview(head)) is kind


@pytest.mark.parametrize(("mode", "raw"), [("L", "L"), ("RGB", "RGBX"), ("RGBA", "RGBA")])
def test_borrowed_pixels_are_pillows_own_and_outlive_the_picture(mode: str, raw: str) -> None:
    image = Image.linear_gradient("L").convert(mode)
    expected = image.tobytes("raw", raw)
    pixels = pixel_view(image)
    del image
    assert pixels is not None
    assert bytes(pixels) == expected


@pytest.mark.parametrize("order", ["little", "big"])
def test_orientation_is_set_upright_and_nothing_else_changes(order: str) -> None:
    exif = Image.Exif()
    exif.endian = "<" if order == "little" else ">"
    exif[274], exif[315] = 8, "An Author"
    before = exif.tobytes()
    after = Image.Exif()
    rewritten = rewrite_exif(before, location=True, allow_text=lambda _: True)
    after.load(b"Exif\0\0" + rewritten)
    assert (after[274], after[315]) == (1, "An Author")
    assert len(rewritten) == len(before) - len(b"Exif\0\0")
