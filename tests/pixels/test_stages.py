"""Several stages: each treats the result of the previous stage as its original."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.batch import render_all
from pixmill.engine.pixels.pipeline import render
from pixmill.errors import InvalidParameter, PixmillError, ResultTooLarge, UndecodableImage
from pixmill.plan.geometry import resolve_all
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan, Stage
from pixmill.plan.source import parse_source
from pixmill.ports.values import Rendered
from tests.pixels.images import LIMITS, Pixels, difference, encode_image, photo, pixels_of

STAGES = (
    "width=150",
    "rotate=90&crop=10,20,60,70&blur=2",
    "width=80&height=80&fit=cover&gravity=smart&flip=h",
    "rotate=-12",
    "width=120&height=60&fit=contain&background=336699&sharpen=1",
    "radius=9&border=3,ffcc00",
    "padding=4&extend=mirror&pixelate=3",
    "overlay=text:ok,size:20&contrast=20",
)


def parse_stages(*stages: str, more: str = "format=png") -> Plan:
    first, *others = stages
    then = "|".join(others).replace("&", "%26")
    query = f"url=a.jpg&{first}&{more}" + (f"&then={then}" if others else "")
    return parse(b"/resize", query.encode()).plan


def render_stages(source: memoryview, plan: Plan) -> Image.Image:
    rendered = render(source, plan, LIMITS)
    image = Image.open(BytesIO(rendered.body))
    assert image.size == (rendered.width, rendered.height)
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("count", range(2, len(STAGES) + 1))
def test_a_chain_is_what_single_requests_make_one_after_the_other(count: int, kind: str) -> None:
    source = encode_image(photo(), kind)
    chained = render_stages(source, parse_stages(*STAGES[:count]))
    alone = source
    for stage in STAGES[:count]:
        alone = memoryview(render(alone, parse_stages(stage), LIMITS).body)
    assert np.array_equal(pixels_of(chained, "RGBA"), pixels_of(Image.open(BytesIO(alone)), "RGBA"))


def test_orientation_is_applied_once() -> None:
    exif = Image.Exif()
    exif[274] = 6
    image = render_stages(encode_image(photo(120, 80), "JPEG", exif=exif), parse_stages("width=40", "rotate=90"))
    assert image.size == (60, 40)


def test_what_a_stage_leaves_transparent_shows_in_the_end_as_the_format_can() -> None:
    source = encode_image(photo(), "PNG")
    png = pixels_of(render_stages(source, parse_stages("width=100", "rotate=10")), "RGBA")
    jpeg = pixels_of(
        render_stages(source, parse_stages("width=100", "rotate=10", more="format=jpeg&background=navy&quality=95"))
    )
    assert tuple(png[0, 0]) == (0, 0, 0, 0) or png[0, 0, 3] == 0
    assert np.abs(jpeg[0, 0].astype(int) - (0, 0, 128)).max() <= 6


def test_the_sizes_of_all_stages_are_known_before_pixels_are() -> None:
    plan = parse_stages("width=200", "rotate=90", "padding=5", "width=40")
    sizes = [geometry.output for geometry in resolve_all(Size(400, 300), plan, Limits())]
    assert sizes == [Size(200, 150), Size(150, 200), Size(160, 210), Size(40, 53)]


@pytest.mark.parametrize(
    ("stage", "kind", "words"),
    [
        ("width=5000&enlarge=true", ResultTooLarge, "Stage 2: No side"),
        ("crop=500,0,10,10", InvalidParameter, "Stage 2: The crop begins outside"),
    ],
)
def test_a_stage_beyond_the_limits_fails_before_anything_is_decoded(
    monkeypatch: pytest.MonkeyPatch, stage: str, kind: type[PixmillError], words: str
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("pixmill.engine.codecs.jpeg.JpegDecoder.decode", never)
    with pytest.raises(kind) as caught:
        render(encode_image(photo(), "JPEG"), parse_stages("width=100", stage), Limits(max_result_side=4000))
    assert caught.value.message.startswith(words)
    assert caught.value.param == "then"


def test_an_overlay_that_fails_names_its_stage() -> None:
    plan = parse_stages("width=100", "blur=1", "overlay=url:broken.png")
    broken = {parse_source("broken.png"): encode_image(photo(), "PNG")[:200]}
    with pytest.raises(UndecodableImage) as caught:
        render(encode_image(photo(), "PNG"), plan, LIMITS, broken)
    assert (caught.value.message.split(": ")[:2], caught.value.param) == (["Stage 3", "Overlay 1"], "then")


def animated_source() -> memoryview:
    frames = [Image.fromarray(np.roll(pixels_of(photo(120, 80)), 9 * number, axis=1)) for number in range(4)]
    return encode_image(
        frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=[50, 70, 90, 110], loop=3, lossless=True
    )


def frames_of(body: bytes) -> list[Pixels]:
    with Image.open(BytesIO(body)) as image:
        return [pixels_of(frame, "RGBA") for frame in ImageSequence.Iterator(image)]


def test_every_frame_of_an_animation_goes_through_every_stage() -> None:
    stages = ("width=90", "width=40&height=50&fit=cover&gravity=smart", "rotate=15", "blur=1")
    rendered = render(animated_source(), parse_stages(*stages), LIMITS)
    alone = animated_source()
    for stage in stages:
        alone = memoryview(render(alone, parse_stages(stage), LIMITS).body)
    whole, parts = frames_of(rendered.body), frames_of(bytes(alone))
    assert len(whole) == len(parts) == 4
    assert max(difference(one, other) for one, other in zip(whole, parts, strict=True)) == 0
    with Image.open(BytesIO(rendered.body)) as image:
        assert image.info["loop"] == 3


TRIMMED = (
    "width=120",
    "padding=5,9,20,30&background=336699",
    "trim=4&rotate=90&flip=h&width=60",
    "padding=7&background=ffcc00",
    "blur=1",
    "trim=30&trim_corner=bottom_right&trim_padding=2&crop=pct:10,0,80,100",
    "width=90&height=40&fit=contain&background=336699",
)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("count", range(3, len(TRIMMED) + 1))
def test_a_later_stage_is_trimmed_as_its_input_would_be_alone(count: int, kind: str) -> None:
    """In linear light: content decides on the light once, for all stages."""
    source, stages = encode_image(photo(), kind), [f"{stage}&light=linear" for stage in TRIMMED[:count]]
    chained = render_stages(source, parse_stages(*stages))
    alone = source
    for stage in stages:
        alone = memoryview(render(alone, parse_stages(stage), LIMITS).body)
    assert np.array_equal(pixels_of(chained, "RGBA"), pixels_of(Image.open(BytesIO(alone)), "RGBA"))
    assert count > len(TRIMMED) - 1 or chained.size != render_stages(source, parse_stages(*untrimmed(count))).size


def untrimmed(count: int) -> list[str]:
    return [stage.replace("trim=4&", "").replace("trim=30&", "") for stage in TRIMMED[:count]]


def test_the_borders_of_the_first_frame_are_those_of_an_animation() -> None:
    stages = ("width=90", "padding=5,9,20,30&background=336699", "trim=4&width=40", "blur=1")
    rendered = render(animated_source(), parse_stages(*stages), LIMITS)
    sizes = {frame.shape[:2] for frame in frames_of(rendered.body)}
    assert sizes == {(rendered.height, rendered.width)}
    assert rendered.height == render(animated_source(), parse_stages("width=90", "width=40"), LIMITS).height


def test_a_stage_that_only_border_comes_to_is_not_trimmed() -> None:
    source = encode_image(Image.new("RGB", (30, 20), (9, 9, 9)), "PNG")
    assert render_stages(source, parse_stages("width=15", "trim=5&rotate=90")).size == (10, 15)


def test_an_error_after_a_trim_names_its_stage() -> None:
    source = encode_image(photo(), "PNG")
    plan = parse_stages("width=20&height=20&fit=fill", "padding=90&background=336699", "trim=4", "crop=50,0,1,1")
    with pytest.raises(InvalidParameter, match="Stage 4: ") as caught:
        render(source, plan, LIMITS)
    assert caught.value.param == "then"


def test_a_result_that_only_a_trim_makes_too_large_is_refused() -> None:
    source = encode_image(photo(), "PNG")
    plan = parse_stages(
        "width=9&height=100&fit=fill", "padding=0,60&background=336699", "trim=4", "width=900&enlarge=1"
    )
    with pytest.raises(ResultTooLarge, match="Stage 4: "):
        render(source, plan, Limits(max_result_side=5_000))


def test_the_frames_of_a_large_stage_count() -> None:
    with pytest.raises(ResultTooLarge, match="frames of the result"):
        render(
            animated_source(),
            parse_stages("width=90", "width=900&enlarge=true", "width=20"),
            Limits(max_animation_pixels=1_000_000),
        )


def test_several_results_of_one_original_have_their_own_stages() -> None:
    source = encode_image(photo(), "JPEG")
    plans = [
        parse_stages(*STAGES[:3]),
        parse_stages("width=150"),
        parse_stages("width=100", "crop=900,0,1,1"),
        parse_stages(*STAGES[:2]),
    ]
    found = dict(render_all(source, plans, LIMITS))
    assert isinstance(found[2], InvalidParameter)
    for number in (0, 1, 3):
        result, expected = found[number], render(source, plans[number], LIMITS)
        assert isinstance(result, Rendered)
        assert (result.width, result.height) == (expected.width, expected.height)
        assert difference(*(pixels_of(Image.open(BytesIO(one.body))) for one in (result, expected))) < 2


def test_a_stage_that_does_nothing_changes_no_byte() -> None:
    source = encode_image(photo(), "PNG")
    plain = parse_stages("width=100", more="format=jpeg")
    chained = Plan(resize=plain.resize, output=plain.output, stages=(Stage(), Stage()))
    assert render(source, chained, LIMITS).body == render(source, plain, LIMITS).body
