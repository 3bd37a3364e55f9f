"""Stills of videos: their size, orientation, colours and alpha channel, as browsers show them."""

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from pixmill.engine.pixels.probe import inspect
from pixmill.errors import ImageTooLarge
from pixmill.plan.ops import Input, Resize
from tests.pixels.images import LIMITS, difference, pixels_of, render_image
from tests.pixels.originals import make_still_video


def corners() -> Any:
    """A red image with a blue band above and green on its right: all eight orientations differ."""
    pixels = np.zeros((160, 240, 3), np.uint8)
    pixels[:] = (255, 0, 0)
    pixels[:, 120:] = (0, 255, 0)
    pixels[:40] = (0, 0, 255)
    return pixels


@pytest.mark.parametrize(
    ("ratio", "size"),
    [
        (Fraction(1), (240, 160)),
        (Fraction(2), (480, 160)),
        (Fraction(1, 2), (240, 320)),
        (Fraction(4, 3), (320, 160)),
        (Fraction(16, 15), (256, 160)),
        (Fraction(64, 45), (341, 160)),
        (Fraction(8, 9), (240, 180)),
        (Fraction(10, 11), (240, 176)),
    ],
)
@pytest.mark.parametrize(("kind", "codec"), [("mp4", "libx264"), ("matroska", "libx264"), ("avi", "mpeg4")])
def test_a_video_is_shown_with_square_pixels(kind: str, codec: str, ratio: Fraction, size: tuple[int, int]) -> None:
    """Sizes as of Chromium 156, which enlarges the side that would be too short."""
    video = make_still_video(corners(), kind, codec, pixel_format="yuv420p", sample_aspect_ratio=ratio)
    facts = inspect(video, LIMITS)
    assert (facts.width, facts.height) == size
    image = render_image(video)
    assert image.size == size
    expected = Image.fromarray(corners()).resize(size)
    assert difference(pixels_of(image), pixels_of(expected)) < 4
    width = size[0] // 2
    assert render_image(video, resize=Resize(width=width)).size == (width, round(size[1] * width / size[0]))


ONE = 1 << 16


@pytest.mark.parametrize("ratio", [Fraction(1), Fraction(2)])
@pytest.mark.parametrize(
    ("matrix", "method"),
    [
        ((1, 0, 0, 1), None),
        ((-1, 0, 0, 1), Image.Transpose.FLIP_LEFT_RIGHT),
        ((-1, 0, 0, -1), Image.Transpose.ROTATE_180),
        ((1, 0, 0, -1), Image.Transpose.FLIP_TOP_BOTTOM),
        ((0, 1, 1, 0), Image.Transpose.TRANSPOSE),
        ((0, 1, -1, 0), Image.Transpose.ROTATE_270),
        ((0, -1, -1, 0), Image.Transpose.TRANSVERSE),
        ((0, -1, 1, 0), Image.Transpose.ROTATE_90),
        ((0.7071, 0.7071, -0.7071, 0.7071), None),
        ((0, 0, 0, 0), None),
    ],
)
def test_a_video_is_rotated_and_mirrored_by_its_matrix(
    ratio: Fraction, matrix: tuple[float, float, float, float], method: Image.Transpose | None
) -> None:
    a, b, c, d = (round(entry * ONE) for entry in matrix)
    video = make_still_video(corners(), matrix=(a, b, 0, c, d, 0, 0, 0, 1 << 30), sample_aspect_ratio=ratio)
    expected = Image.fromarray(corners()).resize((int(240 * ratio), 160))
    expected = expected if method is None else expected.transpose(method)
    image = render_image(video)
    assert image.size == expected.size
    assert difference(pixels_of(image), pixels_of(expected)) < 4


BT709, BT601, BT2020, PQ, HLG, P3 = 1, 6, 9, 16, 18, 12


def colour_of(video: memoryview) -> list[int]:
    return [int(value) for value in pixels_of(render_image(video))[80, 60][:3]]


@pytest.mark.parametrize(
    ("height", "to", "named", "expected"),
    [
        (160, "ITU601", {}, (200, 60, 40)),
        (718, "ITU601", {}, (200, 60, 40)),
        (720, "ITU709", {}, (200, 60, 40)),
        (720, "ITU601", {}, (213, 73, 40)),
        (720, "ITU601", {"colorspace": BT601}, (200, 60, 40)),
        (160, "ITU709", {"colorspace": BT709}, (200, 60, 40)),
        (160, "ITU601", {"color_primaries": BT601, "color_trc": BT601, "colorspace": BT601}, (200, 60, 40)),
        (160, "ITU601", {"color_primaries": P3, "color_trc": 13, "colorspace": BT601}, (219, 43, 22)),
        (160, "ITU601", {"color_primaries": BT2020, "color_trc": BT709, "colorspace": BT601}, (248, 0, 23)),
        (160, "ITU601", {"color_primaries": BT709, "color_trc": 8, "colorspace": BT601}, (230, 134, 111)),
    ],
)
def test_colours_of_a_video_are_those_that_browsers_show(
    height: int, to: str, named: dict[str, Any], expected: tuple[int, int, int]
) -> None:
    """Values as of Chromium 156; those of the linear transfer by the curve of sRGB."""
    pixels = np.full((height, 240, 3), (200, 60, 40), np.uint8)
    found = colour_of(make_still_video(pixels, to=to, pixel_format="yuv420p", **named))
    assert np.abs(np.subtract(found, expected)).max() <= 8, found


@pytest.mark.parametrize(
    ("transfer", "pixel", "expected"),
    [
        (PQ, (200, 60, 40), (255, 0, 0)),
        (PQ, (128, 64, 32), (154, 0, 0)),
        (PQ, (128, 128, 128), (127, 127, 127)),
        (HLG, (200, 60, 40), (223, 0, 12)),
        (HLG, (192, 160, 144), (201, 130, 115)),
    ],
)
def test_hdr_videos_are_tone_mapped(transfer: int, pixel: tuple[int, int, int], expected: tuple[int, int, int]) -> None:
    """Values as of Chromium 156."""
    pixels = np.full((160, 240, 3), pixel, np.uint8)
    named: dict[str, Any] = {"color_primaries": BT2020, "color_trc": transfer, "colorspace": BT2020}
    found = colour_of(make_still_video(pixels, to="BT2020", pixel_format="yuv420p10le", **named))
    assert np.abs(np.subtract(found, expected)).max() <= 10, found


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_the_alpha_channel_of_webm_is_kept(codec: str) -> None:
    pixels = np.full((160, 240, 4), (255, 0, 0, 128), np.uint8)
    pixels[80:] = 0
    video = make_still_video(pixels, "webm", codec, pixel_format="yuva420p")
    assert inspect(video, LIMITS).alpha
    for time_s in (None, 0.0, 0.5):
        found = pixels_of(render_image(video, input=Input(time_s=time_s)), "RGBA")
        assert np.abs(found[40, 120].astype(int) - (255, 0, 0, 128)).max() <= 4
        assert found[140, 120, 3] == 0


def test_a_video_without_duration_has_frames_at_any_time() -> None:
    """As browsers record them: the length of a live recording is not known when its header is written."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any, /) -> int:
            self.data += data
            return len(data)

    pipe = Pipe()
    with av.open(pipe, "w", format="webm", options={"live": "1"}) as container:
        stream: Any = container.add_stream("libvpx", rate=20)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(40):
            pixels = np.full((120, 160, 3), number * 6, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    image = render_image(memoryview(bytes(pipe.data)), input=Input(time_s=1.0))
    assert abs(int(pixels_of(image)[60, 80, 0]) - 120) < 20


def test_an_absurd_pixel_shape_is_refused() -> None:
    video = make_still_video(np.zeros((480, 720, 3), np.uint8), sample_aspect_ratio=Fraction(100))
    with pytest.raises(ImageTooLarge):
        render_image(video)
