"""Several results of one original: each as if it were made alone, decoded once, failing alone."""

from typing import Any

import numpy as np
import pytest

from pixmill.engine.codecs.decoder import DecodeRequest
from pixmill.engine.codecs.jpeg import JpegDecoder
from pixmill.engine.pixels import batch
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.resample.shared_frame import SharedFrame, bounding_request
from pixmill.engine.raster.frame import Area, Frame, Layout
from pixmill.errors import InvalidParameter, PixmillError, UndecodableImage, UnsupportedImage
from pixmill.media import Format
from pixmill.plan.gravity import Smart
from pixmill.plan.lengths import Size
from pixmill.plan.ops import Crop, Fit, Input, Kernel, Output, Plan, Resize
from pixmill.plan.transforms import Trim
from pixmill.ports.values import Rendered
from tests.pixels.images import LIMITS, decode_result, difference, encode_image, photo, pixels_of

PNG = Output(formats=(Format.PNG,))
WIDTHS = (40, 64, 80, 128, 160, 256, 320, 480)


def plan(width: int = 0, height: int = 0, fit: Fit = Fit.INSIDE, **fields: Any) -> Plan:
    return Plan(resize=Resize(width, height, fit), **{"output": PNG, **fields})


def render_batch(source: memoryview, *plans: Plan) -> list[Rendered | PixmillError]:
    results = dict(batch.render_all(source, plans, LIMITS))
    return [results[number] for number in range(len(plans))]


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[DecodeRequest]:
    """The needs that JPEGs are decoded for."""
    needs: list[DecodeRequest] = []
    really = JpegDecoder.decode

    def noted(self: JpegDecoder, request: DecodeRequest) -> Frame:
        needs.append(request)
        return really(self, request)

    monkeypatch.setattr(JpegDecoder, "decode", noted)
    return needs


def test_eight_widths_are_decoded_once_at_the_scale_of_the_largest(decodes: list[DecodeRequest]) -> None:
    source = encode_image(photo(1440, 960), "JPEG", quality=95)
    results = render_batch(source, *(plan(width) for width in WIDTHS))
    assert [result.width for result in results if isinstance(result, Rendered)] == list(WIDTHS)
    assert [need.target_size for need in decodes] == [Size(480, 320)]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", [1, 6, 7])
def test_each_looks_as_if_it_were_made_alone(kind: str, orientation: int) -> None:
    image = photo(720, 480)
    image.getexif()[274] = orientation
    source = encode_image(image, kind, exif=image.getexif(), **({"quality": 95} if kind == "JPEG" else {}))
    plans = [
        *(plan(width) for width in WIDTHS),
        plan(100, 100, Fit.COVER),
        plan(60, crop=Crop(300, 100, 150, 90)),
        plan(90, rotate=90, crop=Crop(20, 100, 150, 90)),
        plan(50, 80, Fit.CONTAIN),
        Plan(resize=Resize(60, 60, Fit.COVER, Smart()), output=PNG),
    ]
    for requested, result in zip(plans, render_batch(source, *plans), strict=True):
        assert isinstance(result, Rendered)
        alone = render(source, requested, LIMITS)
        assert (result.width, result.height) == (alone.width, alone.height)
        assert difference(pixels_of(decode_result(result)), pixels_of(decode_result(alone))) < 1.5, requested


def test_what_is_made_of_a_halved_frame_is_nearly_what_is_made_of_the_frame_itself() -> None:
    source = encode_image(photo(1440, 960), "PNG")
    for width, result in zip((90, 91, 200, 201), render_batch(source, *map(plan, (90, 91, 200, 201))), strict=True):
        assert isinstance(result, Rendered)
        alone = pixels_of(decode_result(render(source, plan(width), LIMITS)))
        off = np.abs(pixels_of(decode_result(result)).astype(int) - alone)
        assert off.mean() < 0.5
        assert np.percentile(off, 99) <= 4, "only along the hardest edges"


def test_a_frame_is_halved_as_far_as_two_results_leave_something_to_do() -> None:
    frame = Frame(bytes(1024 * 768 * 3), 1024, 768, Layout.RGB)
    needs = [DecodeRequest(Area(0, 0, 1024, 768), Size(width, width * 3 // 4)) for width in (128, 160)]
    shared = SharedFrame(frame, needs[1], needs)
    assert [shared.frame_for(need, allow_halved=True).width for need in needs] == [256, 256]
    assert [shared.frame_for(need, allow_halved=False).width for need in needs] == [1024, 1024]


def test_a_single_small_result_is_not_worth_halving_for() -> None:
    frame = Frame(bytes(1024 * 768 * 3), 1024, 768, Layout.RGB)
    needs = [DecodeRequest(Area(0, 0, 1024, 768), Size(width, width * 3 // 4)) for width in (64, 900)]
    assert SharedFrame(frame, needs[1], needs).frame_for(needs[0], allow_halved=True).width == 1024


def test_a_kernel_asked_for_by_name_sees_the_pixels_themselves() -> None:
    source = encode_image(photo(1440, 960), "PNG")
    sharp = [Plan(resize=Resize(width, kernel=Kernel.NEAREST), output=PNG) for width in (90, 96)]
    for requested, result in zip(sharp, render_batch(source, *sharp), strict=True):
        assert isinstance(result, Rendered)
        assert result.body == render(source, requested, LIMITS).body


def test_the_joined_need_holds_all_areas_at_the_finest_scale() -> None:
    one, other = DecodeRequest(Area(10, 20, 100, 50), Size(50, 25)), DecodeRequest(Area(60, 0, 300, 40), Size(60, 8))
    whole = bounding_request([one, other])
    assert whole.area == Area(10, 0, 350, 70)
    assert whole.target_size == Size(175, 35)
    assert bounding_request([one]) == one


def test_one_that_cannot_be_made_loses_no_other() -> None:
    source = encode_image(photo(), "PNG")
    results = render_batch(source, plan(50), plan(50, crop=Crop(900, 900, 5, 5)), plan(60))
    assert [type(result) for result in results] == [Rendered, InvalidParameter, Rendered]


def test_a_damaged_original_fails_each_and_one_that_is_no_picture_all_at_once() -> None:
    source = encode_image(photo(), "PNG")
    results = render_batch(source[: len(source) // 2], plan(50), plan(60))
    assert [type(result) for result in results] == [UndecodableImage, UndecodableImage]
    with pytest.raises(UnsupportedImage):
        render_batch(memoryview(b"no picture at all"), plan(50))


def test_the_time_of_decoding_is_told_once() -> None:
    results = render_batch(encode_image(photo(), "PNG"), plan(50), plan(60))
    assert [sorted(result.seconds) for result in results if isinstance(result, Rendered)] == [
        ["decode", "encode", "process"],
        ["encode", "process"],
    ]


def test_an_animation_among_stills_is_made_whole() -> None:
    frames = [photo(120, 80) for _ in range(2)]
    frames[1].paste((250, 0, 0), (10, 10, 60, 60))
    source = encode_image(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    still = Plan(resize=Resize(width=60), output=Output(formats=(Format.JPEG,)))
    moving = Plan(resize=Resize(width=60), output=Output(formats=(Format.WEBP,)))
    one, other = render_batch(source, still, moving)
    assert isinstance(one, Rendered)
    assert isinstance(other, Rendered)
    assert (one.format, decode_result(one).size) == (Format.JPEG, (60, 40))
    assert getattr(decode_result(other), "n_frames", 1) == 2


def test_each_page_is_decoded_for_those_who_want_it() -> None:
    pages = [photo(90, 60), photo(60, 90), photo(40, 40)]
    source = encode_image(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    plans = [Plan(input=Input(page=page), resize=Resize(width=30), output=PNG) for page in (2, 1, 3, 2, 9)]
    results = render_batch(source, *plans)
    sizes = [(result.width, result.height) for result in results if isinstance(result, Rendered)]
    assert sizes == [(30, 45), (30, 20), (30, 30), (30, 45)]
    assert isinstance(results[4], InvalidParameter)


def test_borders_are_cut_off_all() -> None:
    framed = photo(200, 200)
    framed.paste((255, 255, 255), (0, 0, 200, 50))
    plans = [Plan(trim=Trim(), resize=Resize(width=width), output=PNG) for width in (40, 100)]
    source = encode_image(framed, "PNG")
    for requested, result in zip(plans, render_batch(source, *plans), strict=True):
        assert isinstance(result, Rendered)
        assert result.height == render(source, requested, LIMITS).height < result.width
