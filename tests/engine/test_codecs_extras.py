"""Formats whose libraries are optional: what is read of them, how they are bounded, and what is said without them."""

import struct
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pixmill.api.http.problems import STATUS
from pixmill.engine.codecs import table
from pixmill.engine.codecs.heic import HeicDecoder
from pixmill.engine.codecs.jxl_header import CODESTREAM, read_header
from pixmill.engine.codecs.raw_sniff import is_raw
from pixmill.engine.codecs.sniff import sniff
from pixmill.engine.pixels.job import resolve_job
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.errors import (
    ImageTooLarge,
    InvalidParameter,
    MissingExtra,
    UndecodableImage,
    UnsupportedImage,
)
from pixmill.media import Format
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Crop, Fit, Input, Output, Plan, Resize
from pixmill.plan.output import Encoding
from pixmill.runtime.spool import Spool
from tests.engine.support import pools
from tests.pixels.images import LIMITS, difference, encode_image, photo, pixels_of, render_image, render_resized
from tests.pixels.originals import dng, make_form_pdf, make_pdf, make_video

JXL_CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"


def written(kind: Format, image: Image.Image, **encoding: Any) -> memoryview:
    plan = Plan(output=Output(formats=(kind,), quality=90, encoding=Encoding(**encoding)))
    return memoryview(render(encode_image(image, "PNG"), plan, LIMITS).body)


def bright() -> Image.Image:
    """A photo of which more than a hundredth is white, as LibRaw wants it."""
    image = photo()
    image.paste("white", (100, 0, 140, 40))
    return image


SAMPLES: dict[Format, Callable[[], memoryview]] = {
    Format.HEIC: lambda: written(Format.HEIC, photo()),
    Format.JXL: lambda: written(Format.JXL, photo()),
    Format.PDF: lambda: make_pdf(photo()),
    Format.RAW: lambda: dng(bright()),
    Format.VIDEO: make_video,
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_is_known_by_its_content(kind: Format) -> None:
    source = SAMPLES[kind]()
    assert sniff(source) is kind
    assert inspect(source, LIMITS).format is kind


@pytest.mark.parametrize("kind", SAMPLES)
def test_without_its_extra_the_answer_says_which_is_missing(kind: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SAMPLES[kind]()
    monkeypatch.setattr(table, "is_extra_installed", lambda _: False)
    with pytest.raises(MissingExtra) as caught:
        render_image(source)
    assert STATUS[caught.value.code] == 415
    assert f"pixmill[{table.CODECS[kind].extra}]" in caught.value.message
    if table.CODECS[kind].encode:
        with pytest.raises(MissingExtra) as refused:
            written(kind, photo())
        assert "pixmill[" in refused.value.message


@pytest.mark.parametrize("kind", SAMPLES)
async def test_each_is_read_by_a_confined_worker(kind: Format) -> None:
    async with pools(handlers="", workers=1) as pool:
        with Spool(10_000_000) as spool:
            spool.write(SAMPLES[kind]())
            result = await pool.render(spool, Plan(resize=Resize(width=50), output=Output(formats=(Format.JPEG,))))
    assert result.width == 50


@pytest.mark.parametrize("kind", [Format.HEIC, Format.JXL])
async def test_each_that_can_be_written_is_by_a_confined_worker(kind: Format) -> None:
    async with pools(handlers="", workers=1) as pool:
        with Spool(10_000_000) as spool:
            spool.write(encode_image(photo(), "PNG"))
            result = await pool.render(spool, Plan(output=Output(formats=(kind,))))
    assert difference(pixels_of(render_image(memoryview(result.body))), pixels_of(photo())) < 4


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_file_that_ends_too_soon_is_damaged(kind: Format) -> None:
    source = SAMPLES[kind]()
    for part in (0.02, 0.3, 0.6):
        with pytest.raises((UndecodableImage, UnsupportedImage)):
            render_image(source[: max(16, int(len(source) * part))])


@pytest.mark.parametrize("kind", [Format.HEIC, Format.JXL, Format.RAW, Format.VIDEO])
def test_the_limit_on_pixels_is_kept(kind: Format) -> None:
    with pytest.raises(ImageTooLarge):
        made_within(SAMPLES[kind](), Limits(max_pixels=10_000))


def made_within(source: memoryview, limits: Limits) -> None:
    render(source, Plan(output=Output(formats=(Format.PNG,))), limits)


# ---------------------------------------------------------------- HEIC


@pytest.mark.parametrize("page", [1, 2])
def test_pictures_beside_each_other_in_a_heic_are_pages(page: int) -> None:
    file = pillow_heif.HeifFile()
    for colour in ("red", "blue"):
        file.add_from_pillow(Image.new("RGB", (64, 64), colour))
    buffer = BytesIO()
    file.save(buffer)
    source = memoryview(buffer.getvalue())
    assert inspect(source, LIMITS).pages == 2
    pixel = pixels_of(render_image(source, input=Input(page=page)))[30, 30]
    assert int(pixel.argmax()) == (0 if page == 1 else 2)


@pytest.mark.parametrize("width", [60, 200])
def test_a_thumbnail_is_never_shown_instead_of_the_image(width: int) -> None:
    """It may be of another time, and show what was cut off since."""
    buffer = BytesIO()
    pillow_heif.from_pillow(photo(512, 384)).save(buffer, quality=90, thumbnails=[128])
    source = memoryview(buffer.getvalue())
    truth = render_resized(encode_image(photo(512, 384), "PNG"), width=width)
    assert difference(pixels_of(render_resized(source, width=width)), pixels_of(truth)) < 6
    picture = HeicDecoder(source)
    frame = picture.decode(resolve_job(picture.header, Plan(resize=Resize(width=width)), LIMITS).decode_request)
    assert frame.width == 512


def test_a_thumbnail_that_cannot_be_decoded_leaves_the_image() -> None:
    """Some cameras write thumbnails whose size in the file is not that of their pixels, which libheif refuses."""
    buffer = BytesIO()
    pillow_heif.from_pillow(photo(512, 384)).save(buffer, quality=90, thumbnails=[128])
    sides = struct.pack(">2I", 128, 96)
    assert buffer.getvalue().count(sides) == 1
    source = memoryview(buffer.getvalue().replace(sides, struct.pack(">2I", 136, 102)))
    truth = render_resized(encode_image(photo(512, 384), "PNG"), width=60)
    assert difference(pixels_of(render_resized(source, width=60)), pixels_of(truth)) < 6


# ---------------------------------------------------------------- JPEG XL


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(240, 160), (31, 200), (256, 256), (8, 8), (1, 300)])
def test_the_header_of_a_jpeg_xl_says_what_the_decoder_finds(mode: str, size: tuple[int, int]) -> None:
    image = photo(*size).convert(mode)
    if "A" in mode:
        image.putalpha(Image.linear_gradient("L").resize(size))
    found = read_header(written(Format.JXL, image, lossless=True))
    assert found.size == Size(*size)
    assert (found.alpha, found.grey) == ("A" in mode, mode.startswith("L"))


@given(st.binary(max_size=300), st.booleans())
def test_any_header_gives_a_size_or_a_plain_failure(data: bytes, boxed: bool) -> None:
    try:
        read_header(memoryview((JXL_CONTAINER if boxed else CODESTREAM) + data))
    except (IndexError, ValueError):
        return


# ---------------------------------------------------------------- PDF


def test_a_page_of_a_pdf_is_drawn_at_the_size_that_is_wanted() -> None:
    source = make_pdf(photo(), Image.new("RGB", (300, 500), "blue"))
    facts = inspect(source, LIMITS)
    assert (facts.width, facts.height, facts.pages, facts.alpha) == (320, 213, 2, False)
    assert render_image(source, input=Input(dpi=72)).size == (240, 160)
    large = render_image(source, input=Input(page=2), resize=Resize(width=600))
    assert abs(large.height - 1000) <= 1
    assert pixels_of(large)[500, 300, 2] > 200
    assert difference(pixels_of(render_image(source, input=Input(dpi=72))), pixels_of(photo())) < 5


def test_a_part_of_a_page_is_drawn_alone() -> None:
    source = make_pdf(photo())
    whole = render_image(source, input=Input(dpi=144), resize=Resize(width=1600))
    part = render_image(source, input=Input(dpi=144), crop=Crop(120, 80, 240, 160), resize=Resize(width=800))
    assert difference(pixels_of(part), pixels_of(whole.crop((400, 267, 1200, 800)).resize(part.size))) < 4


@pytest.mark.parametrize(("width", "height"), [(1.5, 1), (3.3, 2.2), (0.3, 0.2), (20.5, 13.3), (30, 19.99)])
def test_results_of_a_page_have_its_exact_shape_and_no_edge(width: float, height: float) -> None:
    """Its size in whole pixels has another one: of 1.5 × 1 points at 96 dpi it is 2 × 1."""
    source = make_form_pdf(f"/CropBox [20 60 {20 + width} {60 + height}]")
    facts = inspect(source, LIMITS)
    assert facts.exact_width == pytest.approx(width * 96 / 72, rel=1e-5)
    assert facts.exact_height == pytest.approx(height * 96 / 72, rel=1e-5)
    for resize in (
        Resize(width=600),
        Resize(height=1000),
        Resize(width=90, height=300, fit=Fit.FILL),
        Resize(width=200, height=90, fit=Fit.COVER),
    ):
        image = render_image(source, resize=resize)
        expected = resize.width or 1000 * width / height, resize.height or 600 * height / width
        assert image.size == pytest.approx(expected, abs=0.51)
        assert image.convert("RGB").getextrema() == ((255, 255), (0, 0), (0, 0)), resize


def test_a_page_of_whole_pixels_has_no_other_size() -> None:
    facts = inspect(make_form_pdf("/CropBox [0 0 150 75]"), LIMITS)
    assert (facts.width, facts.height, facts.exact_width, facts.exact_height) == (200, 100, None, None)


def test_a_page_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidParameter):
        render_image(make_pdf(photo()), input=Input(page=2))


def test_a_page_may_be_stretched() -> None:
    assert render_image(make_pdf(photo()), resize=Resize(width=50, height=400, fit=Fit.FILL)).size == (50, 400)


def darkness(image: Image.Image, *box: int) -> float:
    """The dark part of a box of an image: left, top, right, bottom; 0 to 1."""
    left, top, right, bottom = box
    return float((pixels_of(image.crop((left, top, right, bottom))).astype(int).sum(axis=2) < 200).mean())


SCRIPT = (
    "/AA << /F << /S /JavaScript /JS (event.value = 'Y'; while(1){}) >> /C << /S /JavaScript /JS (while(1){}) >> >>"
)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"form": "/NeedAppearances false"},
        {"form": "/XFA [(template) 7 0 R]"},
        {"fields": "/F 4"},
        {"fields": SCRIPT, "page": "/AA << /O << /S /JavaScript /JS (while(1){}) >> >>", "form": "/CO [4 0 R 5 0 R]"},
    ],
)
def test_fields_of_a_form_are_drawn_and_no_script_runs(form: dict[str, Any]) -> None:
    image = render_image(make_form_pdf(**form), input=Input(dpi=72))
    assert darkness(image, 22, 62, 118, 88) == 1
    assert darkness(image, 152, 72, 168, 88) == 1
    assert pixels_of(image)[30, 40].tolist()[:3] == [255, 0, 0]


def test_a_field_without_appearance_shows_its_value() -> None:
    image = render_image(make_form_pdf(appearances=False, form="/NeedAppearances true"), input=Input(dpi=72))
    assert 0.1 < darkness(image, 20, 60, 120, 90) < 0.9


def test_a_hidden_field_is_not_drawn() -> None:
    image = render_image(make_form_pdf(fields="/F 2"), input=Input(dpi=72))
    assert darkness(image, 0, 50, 200, 100) == 0


def test_fields_are_where_the_page_has_them() -> None:
    rotated = render_image(make_form_pdf("/Rotate 90"), input=Input(dpi=72))
    assert rotated.size == (100, 200)
    assert darkness(rotated, 12, 22, 38, 118) == 1
    cropped = render_image(make_form_pdf("/CropBox [100 0 200 50]"), input=Input(dpi=72))
    assert cropped.size == (100, 50)
    assert darkness(cropped, 0, 12, 18, 38) == 1
    assert darkness(cropped, 52, 22, 68, 38) == 1
    part = render_image(make_form_pdf(), input=Input(dpi=144), crop=Crop(40, 120, 200, 60), resize=Resize(width=100))
    assert darkness(part, 2, 2, 98, 28) == 1


# ---------------------------------------------------------------- camera originals


@pytest.mark.parametrize("width", [None, 60])
def test_a_camera_original_shows_what_the_sensor_saw(width: int | None) -> None:
    resize = Resize(width=width or 0)
    developed, truth = (
        render_image(dng(bright()), resize=resize),
        render_image(encode_image(bright(), "PNG"), resize=resize),
    )
    assert developed.size == truth.size
    assert difference(pixels_of(developed), pixels_of(truth)) < 5


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_camera_original_is_turned(orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    truth = render_image(encode_image(bright(), "PNG", exif=exif))
    developed = render_image(dng(bright(), orientation))
    assert developed.size == truth.size
    assert difference(pixels_of(developed), pixels_of(truth)) < 5


def test_a_plain_tiff_is_no_camera_original() -> None:
    assert not is_raw(encode_image(photo(), "TIFF"))
    assert not is_raw(memoryview(b"II*\0\xff\xff\xff\xff"))


# ---------------------------------------------------------------- films


@pytest.mark.parametrize(
    ("kind", "codec"),
    [("mp4", "libx264"), ("mov", "libx264"), ("webm", "libvpx-vp9"), ("matroska", "libx264"), ("avi", "mpeg4")],
)
@pytest.mark.parametrize("second", [0.0, 1.0, 2.5])
def test_the_frame_of_a_moment_is_shown(kind: str, codec: str, second: float) -> None:
    pixels = pixels_of(render_image(make_video(kind, codec), input=Input(time_s=second)))
    green = float((pixels[..., 1] > 128).mean())
    assert abs(green - second / 3) < 0.03


def test_without_a_moment_a_frame_is_taken_that_shows_something() -> None:
    pixels = pixels_of(render_image(make_video()))
    assert 0.3 < float((pixels[..., 1] > 128).mean()) < 0.7


def test_a_moment_after_the_end_is_refused() -> None:
    with pytest.raises(InvalidParameter) as caught:
        render_image(make_video(), input=Input(time_s=4.0))
    assert caught.value.param == "time"


@pytest.mark.parametrize(
    ("turned", "side"), [(0, np.s_[:, :20]), (90, np.s_[-20:, :]), (180, np.s_[:, -20:]), (-90, np.s_[:20, :])]
)
def test_a_film_is_turned_as_it_says(turned: int, side: tuple[slice, slice]) -> None:
    """The green bar grows from the left; turned anticlockwise by a quarter, from below."""
    pixels = pixels_of(render_image(make_video(turned=turned), input=Input(time_s=1.0)))
    assert pixels.shape[:2] == ((160, 120) if turned % 180 else (120, 160))
    assert (pixels[side][..., 1] > 128).all()
    assert float((pixels[..., 1] > 128).mean()) < 0.5


def test_a_play_list_is_no_film_and_nothing_is_read_for_it() -> None:
    started = time.thread_time()
    for text in (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", b"ffconcat version 1.0\nfile /etc/passwd\n"):
        with pytest.raises(UnsupportedImage):
            render_image(memoryview(text))
    assert time.thread_time() - started < 5


# ---------------------------------------------------------------- pictures behind pictures


def test_of_a_jpeg_with_a_gain_map_the_base_picture_is_shown() -> None:
    """Ultra HDR puts it behind the base, as MPO does with any second picture."""
    source = encode_image(photo(), "MPO", save_all=True, append_images=[Image.new("L", (60, 40), 90)], quality=95)
    assert inspect(source, LIMITS).frames == 1
    assert difference(pixels_of(render_image(source)), pixels_of(photo())) < 4


@pytest.mark.parametrize("primary", [0, 1, 2])
def test_pages_of_a_heic_begin_with_the_primary_image_and_leave_out_none(primary: int) -> None:
    colours = ["red", "lime", "blue"]
    file = pillow_heif.HeifFile()
    for colour in colours:
        file.add_from_pillow(Image.new("RGB", (64, 64), colour))
    out = BytesIO()
    file.save(out, primary_index=primary, quality=90)
    shown = []
    for page in (1, 2, 3):
        plan = Plan(input=Input(page=page), output=Output(formats=(Format.PNG,)))
        pixels = (
            Image.open(BytesIO(render(memoryview(out.getvalue()), plan, LIMITS).body)).convert("RGB").getpixel((9, 9))
        )
        assert isinstance(pixels, tuple)
        shown.append(colours[pixels.index(max(pixels))])
    assert shown == [colours[primary], *(colour for colour in colours if colour != colours[primary])]
