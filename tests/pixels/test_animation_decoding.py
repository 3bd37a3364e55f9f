"""Decoded animations: patches, disposal, blending, offsets; each frame as the specification composes it."""

import struct
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from msgspec.structs import replace

from pixmill.engine.codecs.apng_decoder import read_animation
from pixmill.engine.codecs.png_chunks import SIGNATURE, encode_chunk, iter_chunks
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.errors import ImageTooLarge, TooCostly, UndecodableImage
from pixmill.media import Format
from pixmill.plan.limits import OnTruncated
from pixmill.plan.ops import Input, Output, Plan
from tests.pixels.animations import (
    MAKERS,
    PALETTE,
    Canvas,
    Disposal,
    Patch,
    apng,
    composited_frames,
    decode_animation,
    flat,
    gif,
    ring,
    webp,
)
from tests.pixels.images import LIMITS, decode_result

SIZE = (12, 10)
BASE = Patch(flat(1, 12, 10))
KEEP, CLEAR, RESTORE = Disposal

FILMS: dict[str, list[Patch]] = {
    "kept": [BASE, Patch(ring(2, 4), 2, 2), Patch(ring(3, 5), 4, 4)],
    "cleared": [BASE, Patch(ring(2, 4), 2, 2, CLEAR), Patch(ring(3, 5), 4, 4, CLEAR), Patch(flat(4, 2, 2), 0, 0)],
    "restored": [BASE, Patch(ring(2, 4), 2, 2, RESTORE), Patch(ring(3, 5), 4, 4, RESTORE), Patch(flat(4, 2, 2), 0, 0)],
    "restored twice over a kept": [
        BASE,
        Patch(flat(2, 6, 6), 2, 2),
        Patch(flat(3, 6, 6), 4, 4, RESTORE),
        Patch(flat(4, 2, 2), 6, 0, RESTORE),
        Patch(flat(2, 2, 2), 0, 0),
    ],
    "cleared under a kept": [BASE, Patch(flat(2, 6, 6), 2, 2, CLEAR), Patch(ring(3, 3), 0, 0), Patch(ring(4, 3), 8, 6)],
    "first cleared": [Patch(flat(1, 12, 10), disposal=CLEAR), Patch(ring(2, 4), 2, 2), Patch(ring(3, 3), 6, 4)],
    "first is but a patch": [Patch(flat(2, 4, 4), 4, 2), Patch(flat(3, 4, 4), 6, 4)],
    "transparent at first": [Patch(ring(1, 9)), Patch(ring(2, 5), 2, 2, CLEAR), Patch(ring(3, 3), 4, 4)],
}
REPLACING = [
    BASE,
    Patch(ring(2, 4), 2, 2, over=False),
    Patch(ring(3, 5), 4, 4, CLEAR, over=False),
    Patch(ring(4, 3), 6, 2, over=False),
]


def decode_lossless(source: memoryview) -> list[Canvas]:
    """The frames that come out where nothing is to be done."""
    return decode_animation(render(source, Plan(output=Output(formats=(Format.PNG,))), LIMITS).body).frames


def assert_frames(frames: Sequence[Canvas], expected: Sequence[Canvas], tolerance: int = 0) -> None:
    """Colours count where something is to be seen."""
    assert len(frames) == len(expected)
    for frame, canvas in zip(frames, expected, strict=True):
        assert frame.shape == canvas.shape
        assert np.array_equal(frame[..., 3] > 127, canvas[..., 3] > 127)
        opaque = canvas[..., 3] > 0
        assert np.abs(frame[opaque].astype(int) - canvas[opaque]).max(initial=0) <= tolerance


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
@pytest.mark.parametrize("film", FILMS)
def test_each_frame_is_what_its_format_says_is_seen(kind: str, film: str) -> None:
    patches = FILMS[film]
    if kind == "webp" and any(patch.disposal is RESTORE for patch in patches):
        pytest.skip("WebP cannot restore")
    assert_frames(decode_lossless(MAKERS[kind](SIZE, patches)), composited_frames(SIZE, patches))


@pytest.mark.parametrize("kind", ["webp", "png"])
def test_a_patch_may_replace_what_lies_below(kind: str) -> None:
    assert_frames(decode_lossless(MAKERS[kind](SIZE, REPLACING)), composited_frames(SIZE, REPLACING))


OPAQUE: dict[str, list[Patch]] = {
    "never covered": [Patch(flat(2, 4, 4), 4, 2), Patch(flat(3, 4, 4), 6, 4)],
    "cleared": [BASE, Patch(flat(2, 4, 4), 2, 2, CLEAR), Patch(flat(3, 4, 4), 0, 0)],
    "cleared at first": [Patch(flat(1, 12, 10), disposal=CLEAR), Patch(flat(3, 4, 4), 0, 0)],
}


@pytest.mark.parametrize("target", [Format.PNG, Format.WEBP])
@pytest.mark.parametrize("film", OPAQUE)
def test_a_canvas_that_opaque_patches_do_not_cover_is_transparent_whatever_the_flag_says(
    film: str, target: Format
) -> None:
    source, expected = webp(SIZE, OPAQUE[film], alpha_flag=False), composited_frames(SIZE, OPAQUE[film])
    assert inspect(source, LIMITS).alpha
    result = render(source, Plan(output=Output(formats=(target,), quality=100)), LIMITS)
    assert_frames(decode_animation(result.body).frames, expected, tolerance=255 if target is Format.WEBP else 0)
    for page, canvas in enumerate(expected, 1):
        plan = Plan(input=Input(animated=False, page=page), output=Output(formats=(Format.PNG,)))
        assert_frames(decode_animation(render(source, plan, LIMITS).body).frames, [canvas])


def test_a_webp_whose_frames_cover_the_canvas_has_no_alpha() -> None:
    covering = [Patch(flat(number, *SIZE), disposal=CLEAR) for number in (1, 2, 3)]
    assert not inspect(webp(SIZE, covering, alpha_flag=False), LIMITS).alpha


def test_a_gif_patch_that_stands_out_is_cut_off() -> None:
    patches = [BASE, Patch(flat(2, 6, 6), 9, 7)]
    assert_frames(decode_lossless(gif(SIZE, patches)), composited_frames(SIZE, patches))


def test_an_avif_sequence_is_read() -> None:
    assert_frames(
        decode_lossless(MAKERS["avif"](SIZE, FILMS["kept"])), composited_frames(SIZE, FILMS["kept"]), tolerance=12
    )


@pytest.mark.parametrize(("target", "tolerance"), [(Format.GIF, 0), (Format.WEBP, 255), (Format.AVIF, 255)])
@pytest.mark.parametrize("film", FILMS)
def test_each_frame_is_written_so_that_it_is_seen(film: str, target: Format, tolerance: int) -> None:
    """Removed content is gone, by whatever means the format has; for lossy codecs only alpha is compared."""
    expected = composited_frames(SIZE, FILMS[film])
    result = render(apng(SIZE, FILMS[film]), Plan(output=Output(formats=(target,), quality=100)), LIMITS)
    assert_frames(decode_animation(result.body).frames, expected, tolerance)


@pytest.mark.parametrize("kind", MAKERS)
def test_the_number_of_frames_is_told(kind: str) -> None:
    facts = inspect(MAKERS[kind](SIZE, FILMS["cleared"]), LIMITS)
    assert (facts.format, facts.frames, facts.width, facts.height) == (kind, 4, *SIZE)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("page", [1, 2, 4])
def test_one_frame_can_be_had_as_a_still(kind: str, page: int) -> None:
    patches = FILMS["cleared"]
    plan = Plan(input=Input(animated=False, page=page), output=Output(formats=(Format.PNG,)))
    result = render(MAKERS[kind](SIZE, patches), plan, LIMITS)
    still = decode_animation(result.body)
    assert_frames(still.frames, [composited_frames(SIZE, patches)[page - 1]], tolerance=12 if kind == "avif" else 0)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_format_without_motion_shows_the_first_frame(kind: str) -> None:
    result = decode_result(
        render(MAKERS[kind](SIZE, FILMS["kept"]), Plan(output=Output(formats=(Format.JPEG,))), LIMITS)
    )
    assert (result.format, result.size) == ("JPEG", SIZE)
    assert np.abs(np.asarray(result).astype(int) - (230, 40, 30)).max() < 16


def test_an_apng_shows_its_first_frame_even_if_its_default_image_is_none() -> None:
    """Browsers never show such an image: it is for clients that do not know APNG."""
    patches = FILMS["kept"]
    source, expected = apng(SIZE, patches, apart=Patch(flat(4, *SIZE))), composited_frames(SIZE, patches)
    assert inspect(source, LIMITS).frames == len(patches)
    assert_frames(decode_lossless(source), expected)
    for page, canvas in enumerate(expected, 1):
        still = Plan(input=Input(animated=False, page=page), output=Output(formats=(Format.PNG,)))
        assert_frames(decode_animation(render(source, still, LIMITS).body).frames, [canvas])
    jpeg = decode_result(render(source, Plan(output=Output(formats=(Format.JPEG,))), LIMITS))
    assert np.abs(np.asarray(jpeg).astype(int) - PALETTE[1][:3]).max() < 16


@pytest.mark.parametrize("apart", [None, Patch(flat(4, *SIZE))])
def test_an_apng_of_one_frame_is_a_still_of_it(apart: Patch | None) -> None:
    source = apng(SIZE, FILMS["kept"][:1], apart=apart)
    assert inspect(source, LIMITS).frames == 1
    negotiated = render(source, Plan(output=Output(negotiated=True)), LIMITS)
    assert negotiated.format in (Format.PNG, Format.JPEG)
    assert_frames(decode_lossless(source), composited_frames(SIZE, FILMS["kept"][:1]))


def test_frames_of_an_apng_end_at_a_chunk_out_of_order() -> None:
    chunks = chunks_of(apng(SIZE, FILMS["kept"]))
    last_control = max(at for at, (name, _) in enumerate(chunks) if name == b"fcTL")
    name, data = chunks[last_control]
    chunks[last_control] = name, (7).to_bytes(4) + data[4:]
    assert_frames(decode_lossless(joined(chunks)), composited_frames(SIZE, FILMS["kept"])[:2])


def test_a_frame_of_an_apng_without_data_is_none() -> None:
    chunks = chunks_of(apng(SIZE, [BASE, Patch(ring(2, 4), 2, 2)]))
    chunks[-2:-1] = []
    source = joined(chunks)
    assert inspect(source, LIMITS).frames == 1
    assert_frames(decode_lossless(source), composited_frames(SIZE, [BASE]))


@pytest.mark.parametrize("count", [0, 2**31])
def test_an_impossible_number_of_frames_is_no_animation(count: int) -> None:
    chunks = chunks_of(apng(SIZE, FILMS["kept"]))
    chunks[1] = b"acTL", count.to_bytes(4) + bytes(4)
    assert inspect(joined(chunks), LIMITS).frames == 1
    assert_frames(decode_lossless(joined(chunks)), composited_frames(SIZE, FILMS["kept"])[:1])


def chunks_of(source: memoryview) -> list[tuple[bytes, bytes]]:
    return [(name, bytes(data)) for name, data in iter_chunks(source)]


def joined(chunks: list[tuple[bytes, bytes]]) -> memoryview:
    return memoryview(SIGNATURE + b"".join(encode_chunk(*chunk) for chunk in chunks))


def changed_apng(kind: bytes, number: int, change: Callable[[bytes], bytes]) -> memoryview:
    """Three frames, of which the given chunk of a kind has other content."""
    films, pieces, seen = [BASE, Patch(flat(2, 4, 4), 2, 2), Patch(flat(3, 4, 4), 6, 4)], [SIGNATURE], 0
    for name, data in iter_chunks(apng(SIZE, films)):
        seen += name == kind
        pieces.append(encode_chunk(name, change(bytes(data)) if (name, seen) == (kind, number) else data))
    return memoryview(b"".join(pieces))


INVALID_CONTROLS: dict[str, Callable[[bytes], bytes]] = {
    "outside": lambda data: data[:12] + struct.pack(">2I", 10, 8) + data[20:],
    "far outside": lambda data: data[:12] + struct.pack(">2I", 2**32 - 1, 0) + data[20:],
    "empty": lambda data: data[:4] + bytes(4) + data[8:],
    "unknown disposal": lambda data: data[:24] + b"\3" + data[25:],
    "unknown blending": lambda data: data[:25] + b"\2",
    "too long": lambda data: data + b"\0",
    "too short": lambda data: data[:-1],
}


@pytest.mark.parametrize("name", INVALID_CONTROLS)
@pytest.mark.parametrize("number", [2, 3])
def test_frames_end_at_one_that_is_not_valid_as_in_chromium(name: str, number: int) -> None:
    source = changed_apng(b"fcTL", number, INVALID_CONTROLS[name])
    assert inspect(source, LIMITS).frames == number - 1
    films = [BASE, Patch(flat(2, 4, 4), 2, 2)]
    assert_frames(decode_lossless(source), composited_frames(SIZE, films[: number - 1]))


@pytest.mark.parametrize(
    "content", [b"\0\0\0\3", struct.pack(">3I", 3, 0, 0), struct.pack(">2I", 3, 2**31), struct.pack(">2I", 0, 0)]
)
def test_an_apng_whose_control_is_not_valid_is_a_still_as_in_chromium(content: bytes) -> None:
    source = changed_apng(b"acTL", 1, lambda _: content)
    assert inspect(source, LIMITS).frames == 1
    assert_frames(decode_lossless(source), composited_frames(SIZE, [BASE]))


def test_of_two_controls_the_first_counts() -> None:
    chunks = list(iter_chunks(apng(SIZE, [BASE, Patch(flat(2, 4, 4), 2, 2)])))
    chunks.insert(2, (b"acTL", memoryview(struct.pack(">2I", 1, 1))))
    source = memoryview(SIGNATURE + b"".join(encode_chunk(*chunk) for chunk in chunks))
    assert inspect(source, LIMITS).frames == 2


def test_palettes_behind_the_pixels_go_into_no_frame() -> None:
    """Copied into each frame, ten thousand of them made a file of 8 MB take minutes."""
    chunks = list(iter_chunks(apng(SIZE, [BASE, Patch(flat(2, 4, 4), 2, 2)])))
    palette = (b"PLTE", memoryview(bytes(768)))
    for at in (2, 4):
        several = [*chunks[:at], *[palette] * 100, *chunks[at:]]
        animation = read_animation(memoryview(SIGNATURE + b"".join(encode_chunk(*chunk) for chunk in several)))
        assert animation
        assert len(animation.shared_chunks) == (780 if at == 2 else 0)


def test_a_webp_that_ends_between_two_frames_is_cut_off() -> None:
    whole = bytes(webp(SIZE, [BASE, Patch(flat(2, 4, 4), 2, 2), Patch(flat(3, 4, 4), 6, 4)]))
    source = memoryview(whole[: whole.rindex(b"ANMF")])
    plan = Plan(output=Output(formats=(Format.PNG,)))
    with pytest.raises(UndecodableImage):
        render(source, plan, LIMITS)
    shown = render(source, plan, replace(LIMITS, on_truncated=OnTruncated.SHOW))
    assert shown.truncated
    assert len(decode_animation(shown.body).frames) == 2


def test_a_webp_of_too_many_frames_is_refused_before_libwebp_counts_them() -> None:
    frame = b"ANMF" + struct.pack("<I", 24) + bytes(24)
    with pytest.raises(ImageTooLarge, match="20000"):
        inspect(memoryview(bytes(webp(SIZE, [BASE, BASE])) + frame * 20_000), LIMITS)


def test_one_of_very_many_small_frames_has_the_cost_of_those_before_it() -> None:
    source = apng((1, 1), [Patch(flat(1, 1, 1))] * 45_000)
    plan = Plan(input=Input(animated=False, page=45_000), output=Output(formats=(Format.PNG,)))
    with pytest.raises(TooCostly):
        render(source, plan, LIMITS)
    assert render(source, replace(plan, input=Input(animated=False, page=100)), LIMITS).width == 1
