"""Decoded animations: patches, disposal, blending, offsets; each frame as the specification composes it."""

from collections.abc import Sequence

import numpy as np
import pytest

from pixmill.engine.codecs.png_chunks import SIGNATURE, encode_chunk, iter_chunks
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.media import Format
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
