"""Automatic format by content, and results with a size limit."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFilter

from pixmill.engine.codecs import table
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.pixels.analysis.content import is_graphic
from pixmill.engine.pixels.output import encode, encoder
from pixmill.engine.pixels.output.original_file import OriginalFile
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.errors import ResultTooLarge
from pixmill.media import Format
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.plan.output import Encoding
from pixmill.ports.values import Rendered
from tests.pixels.images import LIMITS, decode_result, encode_image, photo

PHOTOS = sorted((Path(__file__).parents[2] / "examples" / "photos").glob("*.jpg"))
MILL = PHOTOS[0].with_name("mill.png")
LOSSY = (Format.JPEG, Format.WEBP, Format.AVIF)
BOTH = (Format.AVIF, Format.WEBP)

every_photo = pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
every_lossy = pytest.mark.parametrize("kind", LOSSY)


def drawing() -> Image.Image:
    """Flat discs, bars and words."""
    image = Image.new("RGB", (600, 400), "white")
    pen = ImageDraw.Draw(image)
    for number in range(8):
        pen.ellipse((number * 60, number * 20, number * 60 + 150, number * 20 + 150), fill=(number * 30, 90, 200))
    for line in range(10):
        pen.text((20, 250 + 14 * line), "A line of words that is drawn " * 3, fill="black")
    return image


def with_transparent_hole(image: Image.Image) -> Image.Image:
    alpha = Image.new("L", image.size, 0)
    ImageDraw.Draw(alpha).ellipse((5, 5, image.width - 5, image.height - 5), fill=255)
    image.putalpha(alpha.filter(ImageFilter.GaussianBlur(2)))
    return image


@cache
def source_of(path: Path) -> memoryview:
    """A photograph small enough to be decoded many times; the mill as it is."""
    if path == MILL:
        return memoryview(path.read_bytes())
    with Image.open(path) as image:
        image.draft("RGB", (1000, 1000))
        return encode_image(image, "JPEG", quality=95)


def frame_of(image: Image.Image, kind: Format = Format.PNG) -> Frame:
    return Frame(image.tobytes(), *image.size, Layout(image.mode), format=kind)


def render_output(source: memoryview, width: int = 400, **output: object) -> Rendered:
    return render(source, Plan(resize=Resize(width=width), output=Output(**output)), LIMITS)  # type: ignore[arg-type] # words for Output


def render_negotiated(source: memoryview, *taken: Format, width: int = 400) -> Rendered:
    return render_output(source, width, formats=taken, negotiated=True)


@pytest.fixture
def encodings(monkeypatch: pytest.MonkeyPatch) -> list[Format]:
    """The format of each encoding during a test."""
    messages: list[Format] = []

    def counted(frame: Frame, quality: int, kept: RetainedMetadata, encoding: Encoding) -> bytes:
        messages.append(frame.format)
        return table.encode_frame(frame, quality, kept, encoding)

    monkeypatch.setattr(encoder, "encode_still", counted)
    return messages


@every_photo
@pytest.mark.parametrize("width", [100, 400, 1000])
def test_a_photograph_is_told_from_a_drawing_at_every_size(path: Path, width: int) -> None:
    actual = decode_result(render_output(source_of(path), width, formats=(Format.PNG,)))
    assert not is_graphic(frame_of(actual))


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_the_fourth_unused_byte_of_decoded_pixels_does_not_count(path: Path) -> None:
    decoded = Image.open(path)
    decoded.draft("RGB", (800, 800))
    pixels = decoded.convert("RGB").tobytes("raw", "RGBX")
    assert not is_graphic(Frame(pixels, decoded.width, decoded.height, Layout.RGBX, format=Format.JPEG))


@pytest.mark.parametrize("width", [100, 400, 800])
def test_a_drawing_is_told_from_a_photograph_at_every_size(width: int) -> None:
    for source in (source_of(MILL), encode_image(drawing(), "PNG")):
        assert is_graphic(frame_of(decode_result(render_output(source, width, formats=(Format.PNG,)))))


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (2, 2)])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_content_is_told_of_the_smallest_pictures(size: tuple[int, int], mode: str) -> None:
    assert is_graphic(frame_of(Image.new(mode, size))) is (min(size) > 1)


@pytest.mark.parametrize("kind", [Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF, Format.HEIC, Format.JXL])
def test_the_encoder_of_a_named_format_is_told_what_is_drawn(kind: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    real = table.encode_frame

    def noted(frame: Frame, *others: Any) -> bytes:
        told.append(frame.is_graphic)
        return real(frame, *others)

    monkeypatch.setattr(encoder, "encode_still", noted)
    for picture in (drawing(), Image.open(BytesIO(source_of(PHOTOS[0])))):
        render_output(encode_image(picture, "PNG"), 200, formats=(kind,))
    assert told == [True, False]


@pytest.mark.parametrize(
    ("picture", "taken", "expected"),
    [
        (photo, BOTH, Format.AVIF),
        (photo, (Format.WEBP,), Format.WEBP),
        (photo, (), Format.JPEG),
        (lambda: photo(60, 40), BOTH, Format.WEBP),
        (lambda: with_transparent_hole(photo()), BOTH, Format.AVIF),
        (lambda: with_transparent_hole(photo()), (), Format.PNG),
        (drawing, BOTH, Format.AVIF),
        (drawing, (Format.AVIF,), Format.AVIF),
        (drawing, (), Format.PNG),
        (lambda: with_transparent_hole(drawing()), BOTH, Format.AVIF),
    ],
)
def test_content_decides_among_the_formats_that_are_taken(
    picture: Callable[[], Image.Image], taken: tuple[Format, ...], expected: Format
) -> None:
    assert render_negotiated(encode_image(picture(), "PNG"), *taken).format is expected


def test_what_moves_takes_the_first_that_can_move() -> None:
    source = encode_image(photo(), "GIF", save_all=True, append_images=[photo().rotate(20)], duration=90)
    for accepted, expected in ((BOTH, Format.AVIF), ((Format.WEBP,), Format.WEBP), ((), Format.GIF)):
        assert render_negotiated(source, *accepted).format is expected


def test_a_drawing_of_words_loses_nothing_as_webp_and_takes_a_palette_as_png() -> None:
    image = Image.new("RGB", (400, 300), "white")
    for line in range(20):
        ImageDraw.Draw(image).text((5, 5 + 14 * line), "Words, words, words " * 4, fill=(line * 12, 0, 90))
    source = encode_image(image, "PNG")
    assert Image.open(BytesIO(render_negotiated(source, Format.WEBP).body)).tobytes() == image.tobytes()
    png = render_negotiated(source)
    assert Image.open(BytesIO(png.body)).mode == "P"
    assert len(png.body) <= len(render_output(source, formats=(Format.PNG,)).body)


@every_photo
@pytest.mark.parametrize("width", [24, 200, 700])
def test_no_answer_is_larger_than_the_format_of_the_source_would_have_given(path: Path, width: int) -> None:
    own = len(render_output(source_of(path), width, formats=(Format.JPEG,)).body)
    for accepted in (BOTH, (Format.WEBP,), (Format.AVIF,), ()):
        assert len(render_negotiated(source_of(path), *accepted, width=width).body) <= own


@pytest.mark.parametrize("width", [24, 100, 400, 800])
def test_no_answer_is_larger_than_the_png_that_a_drawing_came_as(width: int) -> None:
    own = len(render_output(source_of(MILL), width, formats=(Format.PNG,)).body)
    for accepted in (BOTH, (Format.WEBP,), ()):
        assert len(render_negotiated(source_of(MILL), *accepted, width=width).body) <= own


@pytest.mark.parametrize("taken", [(), (Format.WEBP,), BOTH, (*BOTH, Format.JXL)])
@pytest.mark.parametrize("picture", [photo, drawing, lambda: with_transparent_hole(drawing())])
def test_the_best_format_is_no_larger_than_any_of_those_that_look_alike(
    picture: Callable[[], Image.Image], taken: tuple[Format, ...]
) -> None:
    source = encode_image(picture(), "PNG")
    best = render_output(source, 200, formats=taken, negotiated=True, smallest=True)
    assert best.format in (*taken, Format.JPEG, Format.PNG)
    for kind in (*taken, Format.PNG):
        assert len(best.body) <= len(render_output(source, 200, formats=(kind,), target_quality=80).body)


def test_the_best_of_an_animation_is_no_larger_than_any() -> None:
    source = encode_image(drawing(), "GIF", save_all=True, append_images=[drawing().rotate(20)], duration=90)
    best = render_output(source, 200, formats=BOTH, negotiated=True, smallest=True)
    for kind in (*BOTH, Format.GIF):
        assert len(best.body) <= len(render_output(source, 200, formats=(kind,)).body)


def test_a_format_asked_for_by_name_is_written_once(encodings: list[Format]) -> None:
    render_output(source_of(PHOTOS[0]), formats=(Format.WEBP,))
    render_output(encode_image(drawing(), "PNG"), formats=(Format.WEBP,))
    assert encodings == [Format.WEBP, Format.WEBP]


@every_photo
def test_avif_is_written_once(path: Path, encodings: list[Format]) -> None:
    render_negotiated(source_of(path), *BOTH)
    assert encodings.count(Format.AVIF) == 1


@every_lossy
@every_photo
def test_a_result_has_at_most_the_bytes_that_it_may(path: Path, kind: Format, encodings: list[Format]) -> None:
    for bound in (5_000, 9_000, 15_000):
        encodings.clear()
        result = render_output(source_of(path), 300, formats=(kind,), max_bytes=bound)
        assert len(result.body) <= bound
        assert len(encodings) <= 7
        assert len(encodings) == 1 or len(result.body) > 0.75 * bound, "most of what it may have is used"


@every_lossy
def test_a_bound_that_is_kept_anyway_changes_nothing(kind: Format) -> None:
    source = source_of(PHOTOS[0])
    assert render_output(source, formats=(kind,), max_bytes=90_000).body == render_output(source, formats=(kind,)).body


@pytest.mark.parametrize("kind", [Format.JPEG, Format.WEBP, Format.AVIF, Format.PNG, Format.GIF, Format.TIFF])
def test_what_cannot_be_made_so_small_says_how_small_it_became(kind: Format) -> None:
    with pytest.raises(ResultTooLarge, match=r"300 bytes .* the smallest size reached is [1-9][0-9]+$") as caught:
        render_output(source_of(PHOTOS[0]), formats=(kind,), max_bytes=300)
    assert caught.value.param == "max_bytes"


@pytest.mark.parametrize("kind", [Format.JPEG, Format.WEBP, Format.AVIF, Format.PNG, Format.GIF, Format.TIFF])
def test_a_bound_that_is_not_strict_gives_the_smallest_result(kind: Format) -> None:
    result = render_output(source_of(PHOTOS[0]), 100, formats=(kind,), max_bytes=300, max_bytes_strict=False)
    assert decode_result(result).width == 100
    assert len(result.body) <= len(render_output(source_of(PHOTOS[0]), 100, formats=(kind,)).body)


@pytest.mark.parametrize("kind", [Format.PNG, Format.GIF])
def test_colours_fall_where_quality_says_nothing(kind: Format) -> None:
    source = source_of(PHOTOS[0])
    whole = render_output(source, 200, formats=(kind,))
    small = render_output(source, 200, formats=(kind,), max_bytes=len(whole.body) // 3)
    assert len(small.body) <= len(whole.body) // 3
    colours = [len(decode_result(each).convert("RGB").getcolors(99_999) or ()) for each in (whole, small)]
    assert 1 < colours[1] < colours[0]


def test_a_lossless_picture_and_an_animation_are_refused_when_too_large() -> None:
    moving = encode_image(photo(), "WEBP", save_all=True, append_images=[photo().rotate(20)], duration=90)
    with pytest.raises(ResultTooLarge, match="2000 bytes"):
        render_output(moving, formats=(Format.WEBP,), max_bytes=2000)
    with pytest.raises(ResultTooLarge, match="2000 bytes"):
        render_output(
            encode_image(photo(), "PNG"), formats=(Format.WEBP,), max_bytes=2000, encoding=Encoding(lossless=True)
        )


@pytest.mark.parametrize("taken", [BOTH, (Format.WEBP,), ()])
def test_a_free_format_keeps_the_bound_too(taken: tuple[Format, ...]) -> None:
    for source in (source_of(MILL), source_of(PHOTOS[0]), encode_image(drawing(), "PNG")):
        assert len(render_output(source, formats=taken, negotiated=True, max_bytes=9_500).body) <= 9_500


def test_auto_and_a_bound_go_together() -> None:
    result = render_output(source_of(PHOTOS[0]), formats=(Format.JPEG,), target_quality=80, max_bytes=12_000)
    assert len(result.body) <= 12_000


def test_a_search_asks_for_no_more_than_a_middling_effort() -> None:
    frame = frame_of(photo(), Format.WEBP)
    hard = Output(formats=(Format.WEBP,), target_quality=80, encoding=Encoding(effort=9))
    found = encode.encode_output(frame, hard, RetainedMetadata(), OriginalFile(Format.PNG, 10**9, frame.size))
    assert found.encoding.effort == encode.MAX_SEARCH_EFFORT
    assert (
        encode.encode_output(
            replace(frame),
            Output(encoding=Encoding(effort=9)),
            RetainedMetadata(),
            OriginalFile(Format.PNG, 10**9, frame.size),
        ).encoding.effort
        == 9
    )


def test_a_drawing_made_of_shapes_keeps_the_bound_or_becomes_pixels() -> None:
    rows = "".join(f'<rect y="{y}" width="90" height="1" fill="#{y:03}"/>' for y in range(100, 200))
    source = memoryview(f'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="200">{rows}</svg>'.encode())
    assert render_output(source, 90, negotiated=True).format is Format.SVG
    assert render_output(source, 90, negotiated=True, max_bytes=3000).format is Format.PNG
    with pytest.raises(ResultTooLarge, match="3000 bytes"):
        render_output(source, 90, formats=(Format.SVG,), max_bytes=3000)
