"""Still WebPs decoded by libwebp: the pixels match Pillow's, in full and cropped, and damaged files are rejected."""

import io
import subprocess
import sys
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, _imagingmath, _webp

from pixmill.engine.codecs import libwebp, libwebp_api, webp, webp_still
from pixmill.engine.codecs.decoder import Decoder, DecodeRequest
from pixmill.engine.codecs.webp import WebPAnimationDecoder
from pixmill.engine.codecs.webp_still import WebPStillDecoder
from pixmill.engine.pixels.decode import decode_frame
from pixmill.engine.pixels.resample.scale import scale_frame
from pixmill.engine.raster.frame import Area, Frame
from pixmill.errors import UndecodableImage
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from tests.mutations import good, photo

XMP = b"<x:xmpmeta>" + b" " * 100 + b"</x:xmpmeta>"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

FUZZ = """
import sys
from collections import Counter
from random import Random

from pixmill.engine.codecs.decoder import DecodeRequest
from pixmill.engine.codecs.webp import open_webp
from pixmill.engine.pixels.error_boundary import decode_errors
from pixmill.engine.raster.frame import Area
from pixmill.errors import UndecodableImage
from pixmill.plan.lengths import Size
from tests.mutations import mutated

rng, outcomes = Random(5), Counter()
for number in range(int(sys.argv[1])):
    source = mutated(rng, rng.choice(("webp", "lossless webp")))
    try:
        with decode_errors():
            decoder = open_webp(memoryview(source))
            whole = decoder.header.size
            if whole.pixels > 1_000_000:
                continue
            left, top = rng.randrange(whole.width), rng.randrange(whole.height)
            area = Area(left, top, rng.randrange(whole.width - left) + 1, rng.randrange(whole.height - top) + 1)
            frame = decoder.decode(DecodeRequest(area, Size(9, 9)))
            assert len(frame.pixels) == frame.width * frame.height * len(frame.layout)
        outcomes["ok"] += 1
    except UndecodableImage:
        outcomes["rejected"] += 1
assert outcomes["ok"] > 20 and outcomes["rejected"] > 20, outcomes
"""


def noisy_photo(size: tuple[int, int], *, alpha: bool = False) -> Image.Image:
    """A photo with coarse noise over it, so that each chroma sample is unique to its position."""
    image = photo().resize(size)
    noise = Image.effect_noise(size, 90)
    image = Image.blend(image, Image.merge("RGB", (noise, noise.rotate(180), Image.effect_noise(size, 90))), 0.4)
    if alpha:
        image.putalpha(noise)
    return image


def encoded(image: Image.Image, **options: object) -> memoryview:
    out = io.BytesIO()
    image.save(out, "WEBP", **options)
    return memoryview(out.getvalue())


def whole(decoder: Decoder) -> DecodeRequest:
    size = decoder.header.size
    return DecodeRequest(Area(0, 0, size.width, size.height), size)


def samples(frame: Frame) -> NDArray[np.uint8]:
    """The pixels without the padding byte."""
    rows = np.frombuffer(frame.pixels, np.uint8).reshape(frame.height, frame.width, frame.layout.stored_channels)
    return rows[:, :, : frame.layout.channels]


KINDS: dict[str, dict[str, object]] = {
    "lossy": {"quality": 60},
    "coarse": {"quality": 5, "method": 0},
    "lossless": {"lossless": True, "exact": True},
}


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 3), (17, 5), (96, 64), (131, 67)])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_pixels_are_those_that_pillow_reads(kind: str, alpha: bool, size: tuple[int, int]) -> None:
    source = encoded(noisy_photo(size, alpha=alpha), **KINDS[kind])
    still = webp.open_webp(source)
    assert isinstance(still, WebPStillDecoder)
    with Image.open(io.BytesIO(source)) as image:
        assert np.array_equal(samples(still.decode(whole(still))), np.asarray(image))


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_part_is_exactly_that_part_of_the_whole(kind: str, alpha: bool) -> None:
    source, rng = encoded(noisy_photo((131, 67), alpha=alpha), **KINDS[kind]), Random(7)
    still = webp.open_webp(source)
    full = samples(still.decode(whole(still)))
    for _ in range(60):
        left, top = rng.randrange(131), rng.randrange(67)
        width, height = rng.randrange(131 - left) + 1, rng.randrange(67 - top) + 1
        frame = still.decode(DecodeRequest(Area(left, top, width, height), Size(width, height)))
        assert frame.area is not None
        part = samples(scale_frame(frame, Size(width, height)))
        assert np.array_equal(part, full[top : top + height, left : left + width])


def test_only_the_part_is_held_in_memory_and_an_area_may_end_within_a_pixel() -> None:
    still = webp.open_webp(encoded(noisy_photo((131, 67))))
    frame = still.decode(DecodeRequest(Area(40.5, 20.25, 30.5, 9.5), Size(10, 3)))
    assert (frame.width, frame.height, len(frame.pixels)) == (35, 14, 35 * 14 * 3)
    assert frame.area == Area(2.5, 2.25, 30.5, 9.5)


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_part_of_a_large_one_is_scaled_while_it_is_decoded(
    kind: str,
    alpha: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = photo().resize((960, 640))
    if alpha:
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    still = webp.open_webp(encoded(image, **KINDS[kind]))
    request = DecodeRequest(Area(101, 77, 720, 480), Size(72, 48))
    full = samples(scale_frame(still.decode(request), request.target_size)).astype(int)
    monkeypatch.setattr(webp_still, "_MIN_SCALED_PIXELS", 1000)
    frame = still.decode(request)
    assert (frame.width, frame.height) == (181, 121), "724 × 485 pixels by 4"
    assert abs(samples(scale_frame(frame, request.target_size)).astype(int) - full).mean() < 2


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("endian", "<>")
def test_the_header_says_what_libvips_reads_in_it(orientation: int, endian: str) -> None:
    exif = Image.Exif()
    exif.endian = endian
    exif[0x010E], exif[0x0112] = "an image", orientation
    for block in (exif.tobytes(), exif.tobytes().removeprefix(b"Exif\0\0")):
        source = encoded(noisy_photo((9, 5), alpha=orientation > 4), exif=block, icc_profile=PROFILE, xmp=XMP)
        header = webp.open_webp(source).header
        assert header == WebPAnimationDecoder(source).header
        assert (header.orientation, header.profile, header.xmp) == (
            orientation if 1 <= orientation <= 8 else 1,
            PROFILE,
            XMP,
        )


def test_metadata_that_is_too_large_is_left_and_a_large_profile_is_not() -> None:
    large = b"x" * (2**20 + 1)
    header = webp.open_webp(encoded(noisy_photo((9, 5)), exif=large, icc_profile=large, xmp=large)).header
    assert (header.exif, header.xmp, header.profile) == (b"", b"", large)


@pytest.mark.parametrize(
    "exif", [b"", b"II", b"II*\0\x08\0\0\0\xff\xff", b"MM\0*\0\0\0\x08\0\x01\x01\x12", b"??*\0" * 9]
)
def test_a_broken_exif_turns_nothing(exif: bytes) -> None:
    assert webp.open_webp(encoded(noisy_photo((9, 5)), exif=exif)).header.orientation == 1


def test_without_a_reachable_libwebp_the_pixels_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [
        encoded(noisy_photo((67, 33), alpha=alpha), **kind) for alpha in (False, True) for kind in KINDS.values()
    ]
    direct = [webp.open_webp(source) for source in sources]
    monkeypatch.setattr(libwebp, "available", False)
    for still, source in zip(direct, sources, strict=True):
        other = webp.open_webp(source)
        assert isinstance(other, WebPAnimationDecoder)
        assert other.header == still.header
        assert np.array_equal(samples(other.decode(whole(other))), samples(still.decode(whole(still))))


def test_a_library_without_its_functions_or_of_another_age_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert libwebp.available
    for version in ("DEMUX_ABI", "DECODER_ABI"):
        with monkeypatch.context() as other:
            other.setattr(libwebp_api, version, 0x0900)
            assert not libwebp._passes_self_check()
    monkeypatch.setattr(_webp, "__file__", _imagingmath.__file__)
    assert libwebp_api.load_library() is None


def test_an_animation_keeps_its_way() -> None:
    frames = [noisy_photo((20, 10)), noisy_photo((20, 10))]
    decoder = webp.open_webp(encoded(frames[0], save_all=True, append_images=frames[1:]))
    assert isinstance(decoder, WebPAnimationDecoder)
    assert decoder.header.frame_count == 2


@pytest.mark.parametrize("name", ["webp", "lossless webp", "described"])
def test_one_that_ends_too_soon_is_refused_wherever_it_ends(name: str) -> None:
    """Unless only metadata behind the image are cut off."""
    described = encoded(noisy_photo((40, 30)), exif=b"II*\0\x08\0\0\0\0\0", icc_profile=PROFILE)
    source = memoryview(described if name == "described" else good(name))
    for length in range(12, len(source) - 1, 1 + len(source) // 400):  # the last byte may be padding to an even size
        if name == "described" and length >= bytes(source).index(b"EXIF"):
            break
        with pytest.raises((ValueError, UndecodableImage)):
            decode_frame(webp.open_webp(source[:length]), DecodeRequest(Area(0, 0, 1, 1), Size(1, 1)), Limits())


def test_hundreds_of_damaged_files_are_read_or_refused_and_nothing_else() -> None:
    done = subprocess.run([sys.executable, "-c", FUZZ, "700"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
