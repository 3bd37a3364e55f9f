"""The judge shows pixels as they are: without them changed by the screen, by alpha, or by what was shown before."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.conformance.judge import Judge

NOISE: NDArray[np.uint8] = np.random.default_rng(1).integers(0, 256, (31, 47, 4), dtype=np.uint8)


def file(pixels: NDArray[np.uint8], kind: str = "PNG", **options: object) -> bytes:
    body = io.BytesIO()
    Image.fromarray(pixels).save(body, kind, **options)
    return body.getvalue()


def test_opaque_pixels_are_those_of_the_file(judge: Judge) -> None:
    shown = judge.still(file(NOISE[..., :3]), "image/png")
    assert shown is not None
    assert (shown[..., :3] == NOISE[..., :3]).all()
    assert (shown[..., 3] == 255).all()


def test_alpha_is_exact_and_colours_are_as_exact_as_it_lets_them_be(judge: Judge) -> None:
    shown = judge.still(file(NOISE), "image/png")
    assert shown is not None
    assert (shown[..., 3] == NOISE[..., 3]).all()
    alpha = NOISE[..., 3:] / 255
    assert (np.abs(shown[..., :3] - NOISE[..., :3].astype(int)) * alpha <= 1).all()


def test_a_file_is_not_shown_as_the_one_before(judge: Judge) -> None:
    for level in (10, 200):
        shown = judge.still(file(np.full((2, 3, 3), level, np.uint8)), "image/png")
        assert shown is not None
        assert (shown == (level, level, level, 255)).all()


def test_colours_are_converted_to_srgb(judge: Judge) -> None:
    linear = PngInfo()
    linear.add(b"gAMA", (100_000).to_bytes(4, "big"))
    shown = judge.still(file(np.full((2, 2, 3), 55, np.uint8), pnginfo=linear), "image/png")
    assert shown is not None
    assert (abs(shown[..., :3] - 128.0) <= 2).all()


def test_orientation_is_applied(judge: Judge) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    shown = judge.still(file(np.zeros((2, 5, 3), np.uint8), "JPEG", exif=exif), "image/jpeg")
    assert shown is not None
    assert shown.shape == (5, 2, 4)


def test_frames_have_pixels_durations_and_repetitions(judge: Judge) -> None:
    levels = [Image.new("RGB", (4, 3), (level, level, level)) for level in (10, 20, 30)]
    body = io.BytesIO()
    levels[0].save(body, "WEBP", lossless=True, save_all=True, append_images=levels[1:], duration=[50, 70, 90], loop=0)
    shown = judge.animation(body.getvalue(), "image/webp")
    assert [frame[0, 0, 0] for frame in shown.frames] == [10, 20, 30]
    assert list(shown.durations_ms) == [50, 70, 90]
    assert shown.repetitions == -1
    assert not shown.error


def test_an_svg_is_drawn_at_the_size_asked_for(judge: Judge) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><rect width="1" height="1" fill="red"/></svg>'
    shown = judge.still(svg, "image/svg+xml", (8, 4))
    assert shown is not None
    assert shown.shape == (4, 8, 4)
    assert (shown[:, :4] == (255, 0, 0, 255)).all()
    assert not shown[:, 4:].any()


@pytest.mark.parametrize("body", [b"", b"text", file(NOISE)[:20]])
def test_what_is_no_image_is_not_shown(judge: Judge, body: bytes) -> None:
    assert judge.still(body, "image/png") is None
    assert judge.animation(body, "image/png").error
