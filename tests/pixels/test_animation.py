"""Animations through the whole pipeline: every frame, its delay and position; and the limits."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image, ImageFilter

from pixmill.engine.pixels import animation
from pixmill.engine.pixels.pipeline import render
from pixmill.errors import ImageTooLarge, InvalidParameter, ResultTooLarge, UndecodableImage
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point, Smart
from pixmill.plan.limits import Limits, OnTruncated
from pixmill.plan.ops import Crop, Fit, Flip, Input, Output, Plan, Resize
from pixmill.plan.output import Animation, Encoding, Metadata
from pixmill.ports.values import Rendered
from tests.pixels.animations import (
    MAKERS,
    Canvas,
    DecodedAnimation,
    Patch,
    apng,
    composited_frames,
    decode_animation,
    flat,
    gif,
    ring,
    webp,
)
from tests.pixels.images import LIMITS, decode_result, difference, encode_image, photo

KINDS = (Format.GIF, Format.WEBP, Format.PNG, Format.AVIF)
SIZE = (48, 32)
FILM = [
    Patch(flat(1, 48, 32), delay_ms=120),
    Patch(flat(2, 20, 16), 4, 8, delay_ms=40),
    Patch(flat(3, 12, 12), 30, 14, delay_ms=1000),
    Patch(flat(4, 8, 8), 0, 0, delay_ms=70),
]
DELAYS = [patch.delay_ms for patch in FILM]
LARGE = (240, 160)
LARGE_FILM = [
    Patch(flat(1, 240, 160), delay_ms=120),
    Patch(flat(2, 100, 80), 20, 40, delay_ms=40),
    Patch(flat(3, 60, 60), 150, 70, delay_ms=1000),
    Patch(flat(4, 40, 40), 0, 0, delay_ms=70),
]


def render_animation(source: memoryview, kind: Format = Format.PNG, **plan: Any) -> Rendered:
    return render(source, Plan(output=Output(formats=(kind,), quality=95), **plan), LIMITS)


def decode_rendered(source: memoryview, kind: Format = Format.PNG, **plan: Any) -> DecodedAnimation:
    return decode_animation(render_animation(source, kind, **plan).body)


def repeats(rendered: Rendered) -> int:
    """Return the total number of plays by the format itself, 0 for endless."""
    loop = decode_animation(rendered.body).loop
    if rendered.format is Format.GIF:
        return 1 if loop is None else loop and loop + 1
    if rendered.format is Format.AVIF:
        again = render(memoryview(rendered.body), Plan(output=Output(formats=(Format.WEBP,))), LIMITS)
        return repeats(again)
    assert loop is not None
    return loop


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_every_animation_becomes_every_other(source: Format, target: Format) -> None:
    rendered = render_animation(MAKERS[source](LARGE, LARGE_FILM), target, resize=Resize(width=120))
    assert (rendered.format, rendered.width, rendered.height) == (target, 120, 80)
    result = decode_animation(rendered.body)
    assert result.delays_ms == DELAYS
    assert repeats(rendered) == 0
    for frame, canvas in zip(result.frames, composited_frames(LARGE, LARGE_FILM), strict=True):
        expected = Image.fromarray(canvas).convert("RGB").resize((120, 80), Image.Resampling.BOX)
        assert difference(frame[..., :3], np.asarray(expected)) < 6


@pytest.mark.parametrize("plays", [0, 1, 2, 7])
@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("maker", [gif, webp, apng])
def test_it_plays_as_often_as_before(maker: Any, target: Format, plays: int) -> None:
    assert repeats(render_animation(maker(SIZE, FILM, plays), target)) == plays


@pytest.mark.parametrize("target", KINDS)
def test_more_plays_than_anybody_counts_are_as_many_as_can_be_said(target: Format) -> None:
    assert repeats(render_animation(apng(SIZE, FILM, 2**31 - 1), target)) == 65_535


@pytest.mark.parametrize("target", KINDS)
def test_a_delay_of_nothing_is_a_tenth_of_a_second_and_a_short_one_stays(target: Format) -> None:
    patches = [
        Patch(patch.indexes, patch.left, patch.top, delay_ms=delay)
        for patch, delay in zip(FILM, (0, 10, 20, 30), strict=True)
    ]
    assert decode_rendered(gif(SIZE, patches), target).delays_ms == [100, 10, 20, 30]


@pytest.mark.parametrize(
    ("delays_ms", "hundredths"),
    [((33,) * 10, [3, 4, 3, 3, 4, 3, 3, 3, 4, 3]), ((12,) * 4, [2] * 4), ((46, 5, 104, 5), [5, 1, 10, 1])],
)
def test_gif_counts_in_hundredths_and_does_not_lose_time(delays_ms: tuple[int, ...], hundredths: list[int]) -> None:
    """Browsers replace a delay of one hundredth by ten."""
    patches = [Patch(flat(1 + number % 4, 8, 8), delay_ms=delay) for number, delay in enumerate(delays_ms)]
    assert decode_rendered(webp((8, 8), patches), Format.GIF).delays_ms == [10 * number for number in hundredths]


@pytest.mark.parametrize("target", [Format.WEBP, Format.PNG, Format.AVIF])
@pytest.mark.parametrize("delays_ms", [(1, 10, 2, 100), (5, 5, 5, 900_000), (10, 11, 12, 16_000_000)])
def test_short_delays_are_kept_beside_long_ones(target: Format, delays_ms: tuple[int, ...]) -> None:
    patches = [Patch(flat(1 + number % 4, 8, 8), delay_ms=delay) for number, delay in enumerate(delays_ms)]
    plan = Plan(output=Output(formats=(target,)))
    result = decode_animation(render(webp((8, 8), patches), plan, replace(LIMITS, max_animation_s=20_000)).body)
    shown = [100 if target is Format.WEBP and delay <= 10 else delay for delay in delays_ms]
    expected = shown if sum(delays_ms) > 2**24 // 11 else delays_ms
    assert result.delays_ms == pytest.approx(expected, rel=0.001)


@pytest.mark.parametrize("target", KINDS)
def test_equal_frames_take_as_long_as_before(target: Format) -> None:
    """libwebp makes one frame of equal ones."""
    patches = [Patch(flat(1 + (at == 3), 9, 7), delay_ms=30 + 10 * at) for at in range(4)]
    result = decode_rendered(apng((9, 7), patches), target)
    assert sum(result.delays_ms) == 180
    assert len(result.frames) == (2 if target is Format.WEBP else 4)


@pytest.mark.parametrize("metadata", [Metadata.STRIP, Metadata.KEEP])
@pytest.mark.parametrize("alpha", [255, 100])
@pytest.mark.parametrize("lossless", [False, True])
def test_an_animation_of_equal_frames_is_a_valid_webp_with_its_metadata(
    metadata: Metadata, alpha: int, *, lossless: bool
) -> None:
    """libwebp makes a still of it, which may be a file without flags."""
    frame, exif = Image.new("RGBA", (9, 7), (255, 0, 0, alpha)), Image.Exif()
    exif[270] = "three frames"
    source = encode_image(frame, "AVIF", save_all=True, append_images=[frame, frame], exif=exif)
    output = Output(formats=(Format.WEBP,), metadata=metadata, encoding=Encoding(lossless=lossless))
    shown = decode_result(render(source, Plan(output=output), LIMITS))
    assert shown.size == (9, 7)
    assert difference(np.asarray(shown.convert("RGBA")), np.asarray(frame)) < 6
    assert shown.getexif().get(270) == ("three frames" if metadata is Metadata.KEEP else None)


@pytest.mark.parametrize("delay_ms", [1, 65_535, 100_000, 3_000_000])
def test_an_apng_can_wait_for_long(delay_ms: int) -> None:
    patches = [Patch(flat(1, 4, 4), delay_ms=delay_ms), Patch(flat(2, 4, 4), delay_ms=delay_ms)]
    plan = Plan(output=Output(formats=(Format.PNG,)))
    result = render(webp((4, 4), patches), plan, replace(LIMITS, max_animation_s=10_000))
    assert decode_animation(result.body).delays_ms == pytest.approx([delay_ms] * 2, rel=0.001)


@pytest.mark.parametrize("target", KINDS)
def test_what_is_transparent_stays_so_in_every_frame(target: Format) -> None:
    patches = [Patch(ring(1, 30), 2, 0), Patch(ring(2, 16), 8, 6), Patch(flat(3, 4, 4), 40, 20)]
    result = decode_rendered(webp(SIZE, patches), target)
    for frame, canvas in zip(result.frames, composited_frames(SIZE, patches), strict=True):
        assert np.array_equal(frame[..., 3] > 127, canvas[..., 3] > 127)


OPERATIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "inside": {"resize": Resize(width=20)},
    "cover": {"resize": Resize(width=16, height=16, fit=Fit.COVER, gravity=Point(1, 0))},
    "contain": {"resize": Resize(width=60, height=60, fit=Fit.CONTAIN), "background": Colour(9, 9, 90, 120)},
    "fill": {"resize": Resize(width=17, height=31, fit=Fit.FILL)},
    "enlarged": {"resize": Resize(width=100, enlarge=True)},
    "crop": {"crop": Crop(3, 5, 30, 20)},
    "rotate": {"rotate": 90},
    "flip": {"flip": Flip.HORIZONTAL},
    "rotate and cover": {"rotate": 270, "flip": Flip.VERTICAL, "resize": Resize(width=16, height=20, fit=Fit.COVER)},
    "blur": {"blur": 2.0},
    "grayscale": {"grayscale": True, "resize": Resize(height=16)},
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", ["gif", "webp", "png", "avif"])
def test_each_frame_gets_what_a_still_of_it_gets(kind: str, operation: str) -> None:
    source, plan = MAKERS[kind](SIZE, FILM), OPERATIONS[operation]
    frames = decode_rendered(source, **plan).frames
    for number, frame in enumerate(frames, start=1):
        still = render_animation(source, input=Input(animated=False, page=number), **plan)
        assert np.array_equal(frame, np.asarray(decode_result(still).convert("RGBA")))


def test_orientation_is_applied_to_every_frame() -> None:
    frames = [Image.fromarray(canvas).convert("RGB") for canvas in composited_frames(SIZE, FILM)]
    exif = Image.Exif()
    exif[274] = 6
    source = encode_image(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True, exif=exif)
    for frame, image in zip(decode_rendered(source).frames, frames, strict=True):
        assert np.array_equal(frame[..., :3], np.asarray(image.transpose(Image.Transpose.ROTATE_270)))


def test_a_smart_window_stays_where_the_first_frame_wants_it() -> None:
    """The eye-catcher of the first frame is on the left, that of the second on the right."""

    def canvas(left: int) -> Image.Image:
        image = Image.new("RGB", (240, 80), (90, 90, 90))
        image.paste(photo(40, 40), (left, 20))
        return image

    source = encode_image(canvas(10), "WEBP", save_all=True, append_images=[canvas(190)], lossless=True)
    smart: dict[str, Any] = {"resize": Resize(width=80, height=80, fit=Fit.COVER, gravity=Smart())}
    first, second = decode_rendered(source, **smart).frames
    assert np.array_equal(
        first, np.asarray(decode_result(render_animation(source, input=Input(animated=False), **smart)).convert("RGBA"))
    )
    assert (second[..., :3] == 90).all()


@pytest.mark.parametrize("kind", KINDS)
def test_asked_for_a_still_every_format_gives_one(kind: Format) -> None:
    result = decode_rendered(gif(SIZE, FILM), kind, input=Input(animated=False))
    assert len(result.frames) == 1


def test_what_nobody_named_is_a_gif() -> None:
    assert render(webp(SIZE, FILM), Plan(output=Output(negotiated=True)), LIMITS).format is Format.GIF
    plan = Plan(output=Output(formats=(Format.WEBP,), negotiated=True))
    assert len(decode_animation(render(gif(SIZE, FILM), plan, LIMITS).body).frames) == len(FILM)


@pytest.mark.parametrize("kind", [Format.WEBP, Format.PNG, Format.AVIF])
def test_metadata_is_kept_where_it_is_asked_for(kind: Format) -> None:
    frames = [Image.fromarray(canvas).convert("RGB") for canvas in composited_frames(SIZE, FILM)]
    exif = Image.Exif()
    exif[270] = "four frames"
    source = encode_image(frames[0], "WEBP", save_all=True, append_images=frames[1:], exif=exif)
    output = Output(formats=(kind,), metadata=Metadata.KEEP)
    assert decode_result(render(source, Plan(output=output), LIMITS)).getexif()[270] == "four frames"
    assert not decode_result(render_animation(source, kind)).getexif()


def test_a_page_that_is_not_there_is_refused() -> None:
    for source, page in ((gif(SIZE, FILM), 5), (encode_image(photo(), "JPEG"), 2), (encode_image(photo(), "PNG"), 2)):
        with pytest.raises(InvalidParameter) as caught:
            render_animation(source, input=Input(page=page))
        assert caught.value.param == "page"


@pytest.mark.parametrize("kind", ["gif", "webp", "png", "avif"])
def test_an_animation_has_its_limits(kind: str) -> None:
    source = MAKERS[kind](SIZE, FILM)
    plan = Plan(output=Output(formats=(Format.WEBP,)))
    pixels = 4 * 48 * 32
    for limits in (
        replace(LIMITS, max_frames=3),
        replace(LIMITS, max_animation_pixels=pixels - 1),
        replace(LIMITS, max_animation_s=1),
    ):
        with pytest.raises(ImageTooLarge):
            render(source, plan, limits)
    render(source, plan, replace(LIMITS, max_frames=4, max_animation_pixels=pixels, max_animation_s=2))
    larger = replace(plan, resize=Resize(width=96, enlarge=True))
    with pytest.raises(ResultTooLarge):
        render(source, larger, replace(LIMITS, max_animation_pixels=pixels))
    with pytest.raises(ResultTooLarge):
        render(source, plan, replace(LIMITS, max_result_bytes=100))


def test_a_still_of_a_long_animation_costs_only_what_must_be_decoded() -> None:
    limits = replace(LIMITS, max_animation_pixels=2 * 48 * 32)
    source = gif(SIZE, FILM)
    assert len(decode_animation(render(source, Plan(output=Output(formats=(Format.JPEG,))), limits).body).frames) == 1
    assert render(source, Plan(input=Input(animated=False, page=2)), limits).width == 48
    with pytest.raises(ImageTooLarge):
        render(source, Plan(input=Input(animated=False, page=3)), limits)


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("kind", ["webp", "png", "avif"])
def test_a_frame_that_is_damaged_is_the_files_fault(kind: str, target: Format) -> None:
    frames = [photo(96, 64).rotate(angle) for angle in range(0, 50, 10)]
    source = bytes(encode_image(frames[0], kind, save_all=True, append_images=frames[1:]))
    with pytest.raises(UndecodableImage):
        render_animation(memoryview(source[: len(source) * 4 // 5]), target)


@pytest.mark.parametrize("target", KINDS)
def test_a_gif_that_ends_too_soon_is_refused_or_shows_its_whole_frames(target: Format) -> None:
    """By the rule for all formats."""
    source, plan = gif(SIZE, FILM)[:-90], Plan(output=Output(formats=(target,)))
    with pytest.raises(UndecodableImage):
        render(memoryview(source), plan, LIMITS)
    result = render(memoryview(source), plan, Limits(on_truncated=OnTruncated.SHOW))
    assert 1 < len(decode_animation(result.body).frames) < len(FILM)


def test_a_gif_takes_a_palette_for_each_scene() -> None:
    """Each frame is as close to its image as a GIF of that frame alone."""
    scenes = [photo(120, 80), Image.merge("RGB", photo(120, 80).split()[::-1]), photo(120, 80).rotate(180)]
    source = encode_image(scenes[0], "WEBP", save_all=True, append_images=scenes[1:], lossless=True)
    for frame, scene in zip(decode_rendered(source, Format.GIF).frames, scenes, strict=True):
        seen_through = [
            np.asarray(part.filter(ImageFilter.GaussianBlur(1))) for part in (Image.fromarray(frame[..., :3]), scene)
        ]
        assert difference(*seen_through) < 2


def test_the_time_of_each_stage_is_told() -> None:
    seconds = render_animation(gif(SIZE, FILM), Format.WEBP).seconds
    assert set(seconds) == {"decode", "process", "encode"}
    assert all(value > 0 for value in seconds.values())


def test_equal_frames_take_no_room_in_an_apng() -> None:
    image: Canvas = np.asarray(photo(200, 150))
    frames = [Image.fromarray(image) for _ in range(5)]
    frames[3].paste((255, 0, 0), (10, 10, 20, 20))
    source = encode_image(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    still = render_animation(source, input=Input(animated=False))
    assert len(render_animation(source).body) < 1.1 * len(still.body) + 3000


def retimed(
    source: memoryview, kind: Format = Format.PNG, limits: Limits = LIMITS, chosen: Input | None = None, **timing: Any
) -> Rendered:
    output = Output(formats=(kind,), quality=95, animation=Animation(**timing))
    return render(source, Plan(input=chosen or Input(), output=output), limits)


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize(
    ("chosen", "indexes", "delays"),
    [
        (Input(max_frames=2), [0, 1], [120, 40]),
        (Input(max_frames=9), [0, 1, 2, 3], DELAYS),
        (Input(frame_step=2), [0, 2], [160, 1070]),
        (Input(frame_step=3), [0, 3], [1160, 70]),
        (Input(frame_step=2, max_frames=2), [0, 2], [160, 1070]),
    ],
)
@pytest.mark.parametrize("source", [Format.GIF, Format.WEBP])
def test_some_frames_of_an_animation_are_shown(
    source: Format, target: Format, chosen: Input, indexes: list[int], delays: list[int]
) -> None:
    result = decode_animation(retimed(MAKERS[source](LARGE, LARGE_FILM), target, chosen=chosen).body)
    canvases = list(composited_frames(LARGE, LARGE_FILM))
    assert result.delays_ms == delays
    for frame, index in zip(result.frames, indexes, strict=True):
        assert difference(frame[..., :3], canvases[index][..., :3]) < 6


@pytest.mark.parametrize("chosen", [Input(max_frames=1), Input(frame_step=4)])
def test_one_frame_of_an_animation_is_a_still(chosen: Input) -> None:
    rendered = retimed(gif(SIZE, FILM), Format.WEBP, chosen=chosen)
    with Image.open(BytesIO(rendered.body)) as image:
        assert not getattr(image, "is_animated", False)


def test_frames_that_are_not_shown_do_not_count_against_the_limits() -> None:
    long = gif(SIZE, FILM * 5)
    with pytest.raises(ImageTooLarge):
        retimed(long, limits=Limits(max_frames=8))
    for chosen, count in ((Input(max_frames=8), 8), (Input(frame_step=3), 7)):
        rendered = retimed(long, limits=Limits(max_frames=8), chosen=chosen)
        assert len(decode_animation(rendered.body).frames) == count
    with pytest.raises(ImageTooLarge):
        retimed(long, limits=Limits(max_animation_pixels=SIZE[0] * SIZE[1] * 19), chosen=Input(frame_step=19))


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize(
    ("timing", "delays"),
    [
        ({"delays_ms": (80,)}, [80] * 4),
        ({"delays_ms": (10, 200)}, [10, 200, 200, 200]),
        ({"delays_ms": (10, 20, 30, 40, 50)}, [10, 20, 30, 40]),
        ({"speed": 0.5}, [240, 80, 2000, 140]),
        ({"reverse": True}, DELAYS[::-1]),
        ({"reverse": True, "speed": 0.5}, [140, 2000, 80, 240]),
        ({"reverse": True, "delays_ms": (10, 20)}, [10, 20, 20, 20]),
    ],
)
def test_the_timing_is_another(target: Format, timing: dict[str, Any], delays: list[int]) -> None:
    result = decode_animation(retimed(gif(LARGE, LARGE_FILM), target, **timing).body)
    assert result.delays_ms == delays
    canvases = list(composited_frames(LARGE, LARGE_FILM))
    for frame, canvas in zip(result.frames, canvases[::-1] if "reverse" in timing else canvases, strict=True):
        assert difference(frame[..., :3], canvas[..., :3]) < 6


@pytest.mark.parametrize("loop", [0, 1, 3])
@pytest.mark.parametrize("target", KINDS)
def test_it_plays_as_often_as_requested(target: Format, loop: int) -> None:
    assert repeats(retimed(gif(SIZE, FILM, 5), target, loop=loop)) == loop


def test_frames_that_play_backwards_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animation, "MAX_REVERSED_BYTES", SIZE[0] * SIZE[1] * 3 * 4 - 1)
    with pytest.raises(ResultTooLarge, match="backwards") as caught:
        retimed(gif(SIZE, FILM), reverse=True)
    assert caught.value.param == "reverse"


def test_timing_changes_nothing_of_a_still() -> None:
    """It is delivered as it is where it would be without."""
    source = encode_image(photo(), "JPEG")
    plan = Plan(
        input=Input(max_frames=3, frame_step=2),
        output=Output(source_format=True, metadata=Metadata.ALL, animation=Animation(loop=3, speed=2.0)),
    )
    assert render(source, plan, LIMITS).body == bytes(source)
