"""JPEGs written by jpegli: every size, layout and sampling, what surrounds the image, and what happens without it."""

import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import ssimulacra2
from numpy.typing import NDArray
from PIL import Image, ImageCms, JpegImagePlugin, _imagingmath

from pixmill.engine.codecs import jpeg_encoder, libjpegli, libjpegli_api
from pixmill.engine.codecs.libjpegli import JpegliOptions, JpegSegments
from pixmill.engine.codecs.metadata import NO_METADATA, RetainedMetadata
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.plan.lengths import Size
from pixmill.plan.output import Encoding, QualityScale, RenderMode, Subsampling
from tests.mutations import photo

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
SIZES = [(1, 1), (1, 17), (17, 1), (7, 9), (8, 8), (16, 16), (17, 15), (33, 64), (257, 3), (3, 65_500), (65_500, 3)]
SAMPLINGS = {Subsampling.S420: 2, Subsampling.S422: 1, Subsampling.S444: 0}
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

OUT_OF_MEMORY = """
import resource
from pixmill.engine.codecs import libjpegli
from pixmill.plan.lengths import Size

size = Size(6_000, 4_000)
pixels = bytes(size.pixels * 3)
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 100_000_000, -1))
try:
    libjpegli.encode(pixels, size, 3, libjpegli.JpegliOptions(100, (1, 1)))
except MemoryError:
    print("refused")
"""


def waves(size: tuple[int, int], channels: int) -> NDArray[np.uint8]:
    """Smooth colours, which every sampling keeps."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    waves = [128 + 90 * np.sin(x / 40 + band) * np.cos(y / 50 - band) for band in range(channels)]
    return np.stack(waves, axis=-1).astype(np.uint8)


def frame_of(pixels: NDArray[np.uint8], layout: Layout) -> Frame:
    height, width = pixels.shape[:2]
    return Frame(pixels.tobytes(), width, height, layout)


def opened(data: bytes) -> JpegImagePlugin.JpegImageFile:
    image = Image.open(BytesIO(data))
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
    return image


def photo_frame(side: int = 200) -> Frame:
    return frame_of(np.asarray(photo().convert("RGB").resize((side, side))), Layout.RGB)


def encoded(frame: Frame, quality: int = 80, **encoding: object) -> bytes:
    return jpeg_encoder.encode(frame, quality, NO_METADATA, Encoding(**encoding))  # type: ignore[arg-type]


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", SAMPLINGS)
@pytest.mark.parametrize("layout", [Layout.L, Layout.RGB, Layout.RGBX])
@pytest.mark.parametrize("size", SIZES)
def test_every_size_layout_and_sampling_comes_back(
    size: tuple[int, int], layout: Layout, subsampling: Subsampling, progressive: bool
) -> None:
    pixels = waves(size, layout.stored_channels)
    image = opened(encoded(frame_of(pixels, layout), 95, subsampling=subsampling, progressive=progressive))
    assert (image.size, "progressive" in image.info) == (size, progressive)
    seen, sent = (
        np.asarray(image),
        pixels[..., : layout.channels].squeeze(-1) if layout is Layout.L else pixels[..., :3],
    )
    assert np.abs(seen.astype(int) - sent).mean() < 3
    if layout is not Layout.L:
        assert JpegImagePlugin.get_sampling(image) == SAMPLINGS[subsampling]


def test_grey_is_one_component() -> None:
    assert opened(encoded(frame_of(waves((40, 30), 1), Layout.L))).mode == "L"


@pytest.mark.parametrize("layout", [Layout.RGB, Layout.RGBX])
def test_greys_in_three_channels_are_one_component(layout: Layout) -> None:
    grey = waves((90, 70), 1)
    pixels = grey.repeat(layout.stored_channels, axis=-1)
    image = opened(encoded(frame_of(pixels, layout)))
    assert image.mode == "L"
    assert np.abs(np.asarray(image).astype(int) - grey[..., 0]).mean() < 3
    assert opened(encoded(replace(frame_of(pixels, layout), profile=PROFILE))).mode == "RGB"
    pixels[69, 88] = 250, 10, 10, *pixels[69, 88, 3:]
    assert opened(encoded(frame_of(pixels, layout))).mode == "RGB"


@pytest.mark.parametrize("mode", RenderMode)
@pytest.mark.parametrize("progressive", [False, True])
def test_metadata_and_profile_stand_before_the_image(mode: RenderMode, progressive: bool) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    metadata = RetainedMetadata(
        exif.tobytes().removeprefix(b"Exif\0\0"), b"<x:xmpmeta>two</x:xmpmeta>", b"\x1c\x02\x50\0\1A"
    )
    frame = replace(photo_frame(), profile=PROFILE)
    image = opened(jpeg_encoder.encode(frame, 80, metadata, Encoding(mode=mode, progressive=progressive)))
    assert image.info["icc_profile"] == PROFILE
    assert image.getexif()[0x0112] == 6
    assert image.info["xmp"] == metadata.xmp
    assert metadata.iptc in image.info["photoshop"][0x0404]
    assert (image.info["jfif_version"], image.info["jfif_density"]) == ((1, 1), (1, 1))


def test_a_profile_of_several_segments_comes_back() -> None:
    profile = PROFILE.ljust(200_000, b"p")
    assert opened(encoded(replace(photo_frame(), profile=profile))).info["icc_profile"] == profile


@pytest.mark.parametrize(
    ("quality", "graphic", "sampling"), [(80, False, 2), (89, False, 2), (90, False, 0), (80, True, 0), (30, True, 0)]
)
def test_drawings_and_high_qualities_keep_all_chroma(quality: int, graphic: bool, sampling: int) -> None:
    frame = replace(photo_frame(side=240), is_graphic=graphic)
    assert JpegImagePlugin.get_sampling(opened(encoded(frame, quality))) == sampling
    asked = encoded(frame, quality, subsampling=Subsampling.S420)
    assert JpegImagePlugin.get_sampling(opened(asked)) == 2


@pytest.mark.parametrize("scale", QualityScale)
@pytest.mark.parametrize("subsampling", Subsampling)
@pytest.mark.parametrize("layout", [Layout.L, Layout.RGB])
def test_bytes_rise_with_quality(layout: Layout, subsampling: Subsampling, scale: QualityScale) -> None:
    frame = photo_frame()
    if layout is Layout.L:
        frame = frame_of(np.asarray(photo().convert("L").resize((200, 200))), layout)
    sizes = [
        len(encoded(frame, quality, subsampling=subsampling, quality_scale=scale))
        for quality in (1, 9, 10, 25, 40, 55, 70, 80, 88, 92, 95, 100)
    ]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("subsampling", SAMPLINGS)
def test_it_looks_as_libjpeg_turbo_does_in_fewer_bytes(
    subsampling: Subsampling, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    image = Image.open(PHOTOS / "wine.jpg").convert("RGB").resize((320, 480))
    frame = frame_of(np.asarray(image), Layout.RGB)
    by_jpegli = encoded(frame, 80, subsampling=subsampling)
    monkeypatch.setattr(libjpegli, "available", False)
    by_turbo = encoded(frame, 80, subsampling=Subsampling.S420)
    image.save(tmp_path / "original.png")
    scores = []
    for data in (by_jpegli, by_turbo):
        opened(data).save(tmp_path / "seen.png")
        scores.append(ssimulacra2.compute_ssimulacra2(str(tmp_path / "original.png"), str(tmp_path / "seen.png")))
    assert scores[0] > scores[1] - 1.5
    assert len(by_jpegli) < 0.95 * len(by_turbo)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("sampling", [(1, 1), (2, 1), (2, 2)])
@pytest.mark.parametrize("size", [Size(1_500, 1_000), Size(65_500, 17), Size(17, 65_500)])
def test_noise_needs_no_more_memory_than_is_reserved(size: Size, sampling: tuple[int, int], progressive: bool) -> None:
    options = JpegliOptions(100, sampling, progressive)
    code = f"""
import os, re
from pixmill.engine.codecs import libjpegli
from pixmill.plan.lengths import Size

def of(name):
    return int(re.search(rf"{{name}}:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024

size, options = {size}, libjpegli.{options}
pixels = os.urandom(size.pixels * 3)
before = of("VmSize")
libjpegli._reserve = lambda *_: None
libjpegli.encode(pixels, size, 3, options)
print(max(0, of("VmPeak") - before), libjpegli.max_memory_bytes(size, 3, options))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    needed, reserved = map(int, done.stdout.split())
    assert needed <= reserved


def test_too_little_memory_is_an_error_before_it_is_needed() -> None:
    done = subprocess.run([sys.executable, "-c", OUT_OF_MEMORY], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"


def test_where_memory_is_short_libjpeg_turbo_encodes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(libjpegli, "encode", refused)
    short = encoded(photo_frame())
    monkeypatch.undo()
    monkeypatch.setattr(libjpegli, "available", False)
    assert short == encoded(photo_frame())


@pytest.mark.parametrize(
    ("size", "channels", "options", "segments"),
    [
        (Size(0, 5), 3, JpegliOptions(80), JpegSegments()),
        (Size(65_501, 1), 3, JpegliOptions(80), JpegSegments()),
        (Size(10, 11), 3, JpegliOptions(80), JpegSegments()),
        (Size(5, 5), 2, JpegliOptions(80), JpegSegments()),
        (Size(5, 5), 3, JpegliOptions(80, (4, 3)), JpegSegments()),
        (Size(5, 5), 3, JpegliOptions(80), JpegSegments(others=((0xE1, bytes(65_534)),))),
        (Size(5, 5), 3, JpegliOptions(80), JpegSegments(others=((0xDB, b"q"),))),
        (Size(5, 5), 3, JpegliOptions(80), JpegSegments(profile=bytes(255 * 65_519 + 1))),
    ],
)
def test_what_jpegli_would_end_the_process_for_is_an_error_before(
    size: Size, channels: int, options: JpegliOptions, segments: JpegSegments
) -> None:
    with pytest.raises(ValueError, match=r"pixels|sampl|profile|segment"):
        libjpegli.encode(bytes(300), size, channels, options, segments)


def test_a_library_of_another_version_or_without_its_functions_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert libjpegli.available
    with monkeypatch.context() as other:
        other.setattr(libjpegli_api, "version", lambda _: "0.4.0")
        assert libjpegli_api.load_library() is None
    for spec in (_imagingmath.__spec__, None):
        monkeypatch.setattr(libjpegli_api, "find_spec", lambda _, spec=spec: spec)
        assert libjpegli_api.load_library() is None


def test_a_library_that_writes_other_colours_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libjpegli, "_TEST_COLOUR", (200, 80, 40))
    assert libjpegli._passes_self_check()
    monkeypatch.setitem(libjpegli._COLOUR_SPACES, 3, libjpegli_api.YCBCR)
    assert not libjpegli._passes_self_check()


def test_a_large_image_is_encoded_without_holding_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the standard tables, which need no second pass."""
    small = encoded(photo_frame())
    monkeypatch.setattr(jpeg_encoder, "_MAX_TWO_PASS_PIXELS", 100)
    streamed = encoded(photo_frame())
    assert len(streamed) > len(small)
    assert np.array_equal(np.asarray(opened(streamed)), np.asarray(opened(small)))
