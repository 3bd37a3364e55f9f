"""Conformance collections: the PNG suite, orientations, disposal of GIF and APNG frames.

They come from ``tests/material.py``; where it cannot download, these tests are skipped and say why. What is not as
expected stands in a list here, with its reason.
"""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.errors import PixmillError, UndecodableImage, UnsupportedImage
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Input, Output, Plan
from tests.material import heic_images, is_hostile, libjxl_images, libvips_images, pillow_images, png_suite
from tests.pixels.images import Pixels

FILES_OF_THE_PNG_SUITE = 60
FILES_COMPARED = 30

WHITE = 255
GREYS_THAT_PILLOW_LEAVES_OPAQUE = {"ftbbn0g04", "iftbbn0g04", "ftbwn0g16", "iftbwn0g16"}
"""A tRNS chunk makes their brightest grey, of 4 or of 16 bits, transparent (PNG §11.3.1.1); Pillow reads it, but
does not apply it."""


def render_pixels(path: Path, page: int = 0) -> Pixels:
    """Render the image, or a page of it, to PNG without a resize."""
    looked = Input(animated=False, page=page) if page else Input(animated=False)
    plan = Plan(input=looked, output=Output(formats=(Format.PNG,)))
    return rgba(Image.open(BytesIO(render(memoryview(path.read_bytes()), plan, Limits()).body)))


def rgba(image: Image.Image) -> Pixels:
    """8-bit RGBA with nothing hidden behind full transparency."""
    if image.mode.startswith("I"):
        image = Image.fromarray(((np.asarray(image).astype(np.uint32) + 128) // 257).astype(np.uint8))
    pixels = np.array(image.convert("RGBA"))
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def has_colours_of_its_own(image: Image.Image) -> bool:
    """Whether gAMA, cHRM or cICP of a PNG say other colours than sRGB, which Pillow leaves as they are.

    ``test_signalled_colours.py`` compares these with arithmetic and with Chromium.
    """
    if "icc_profile" in image.info or "srgb" in image.info:
        return "cicp" in image.info
    return {"cicp", "chromaticity"} & image.info.keys() != set() or abs(
        image.info.get("gamma", 1 / 2.2) - 1 / 2.2
    ) > 1e-4


def max_difference(one: Pixels, other: Pixels) -> int:
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def test_the_png_suite_is_read_as_pillow_reads_it_and_its_broken_files_are_refused() -> None:
    suite = png_suite()
    assert len(suite) >= FILES_OF_THE_PNG_SUITE
    wrong, compared = [], 0
    for path in suite:
        if path.stem.startswith("x"):
            with pytest.raises((UndecodableImage, UnsupportedImage)):
                render_pixels(path)
            continue
        with Image.open(path) as image:
            if has_colours_of_its_own(image):
                continue
            expected = rgba(image)
        compared += 1
        if path.stem in GREYS_THAT_PILLOW_LEAVES_OPAQUE:
            expected[(expected == WHITE).all(axis=-1)] = 0
        if max_difference(render_pixels(path), expected) > 1:  # 16 bits are rounded to 8
            wrong.append(path.stem)
    assert wrong == []
    assert compared >= FILES_COMPARED


def test_orientations_are_applied_as_pillow_applies_them() -> None:
    found = [
        path for path in pillow_images() if "orientation_" in path.stem and path.suffix in {".jpg", ".webp", ".tif"}
    ]
    assert len(found) >= 16
    for path in found:
        with Image.open(path) as image:
            expected = rgba(ImageOps.exif_transpose(image))
        assert max_difference(render_pixels(path), expected) <= 1, path.name


@pytest.mark.parametrize("name", ["dispose-background", "dispose-previous"])
def test_frames_of_a_gif_are_disposed_of_as_the_reference_shows(name: str) -> None:
    by_name = {path.name: path for path in libvips_images()}
    with Image.open(by_name[f"{name}.png"]) as image:
        strip = rgba(image)
    with Image.open(by_name[f"{name}.gif"]) as image:
        frames, height = int(getattr(image, "n_frames", 1)), image.height
    assert strip.shape[0] == frames * height
    for page in range(frames):
        expected = strip[page * height : (page + 1) * height]
        assert max_difference(render_pixels(by_name[f"{name}.gif"], page + 1), expected) <= 1, f"frame {page + 1}"


def test_the_last_frame_of_each_apng_of_the_conformance_set_is_as_its_authors_say() -> None:
    kinds = ("blend_op", "dispose_op")
    found = [path for path in pillow_images() if path.parent.name == "apng" and path.stem.startswith(kinds)]
    assert len(found) >= 12
    for path in found:
        last = inspect(memoryview(path.read_bytes()), Limits()).frames
        frame = render_pixels(path, last)
        corner, middle = (tuple(int(part) for part in frame[at]) for at in ((0, 0), (32, 64)))
        assert (corner, middle) == ENDINGS.get(path.stem, (GREEN, GREEN)), path.name


GREEN, RED, BLUE, NOTHING = (0, 255, 0, 255), (255, 0, 0, 255), (0, 0, 255, 255), (0, 0, 0, 0)
ENDINGS = {
    "blend_op_source_near_transparent": ((0, 255, 0, 2), (0, 255, 0, 2)),
    "blend_op_source_transparent": (NOTHING, NOTHING),
    "dispose_op_background": (NOTHING, NOTHING),
    "dispose_op_background_before_region": (NOTHING, NOTHING),
    "dispose_op_background_p_mode": (RED, RED),
    "dispose_op_background_region": (BLUE, NOTHING),
    "dispose_op_previous_first": (NOTHING, NOTHING),
    "dispose_op_previous_frame": (RED, GREEN),
}
"""Corner and middle of those that do not end in plain green."""


NOT_AS_PILLOW = {
    "12bit.cropped.tif": "12 bits, which Pillow takes for 16",
    "multi-channel-z-series.ome.tif": "signed samples, which Pillow takes for unsigned ones: -1 as white",
    "8bit.s.tif": "signed samples, which Pillow takes for unsigned ones",
    "separate_planar_extra_samples.tiff": "signed samples in planes, of which libvips cannot read the second",
    "tiff_strip_planar_16bit_RGBa.tiff": "16 bits of associated alpha, which Pillow rounds before it divides",
    "tiff_tiled_planar_16bit_RGBa.tiff": "the same in tiles, which is refused",
    "mmap_error.bmp": "shown as by Chromium",
    "16x17000.avif": "longer than any result may be",
    "rgba-correct.ppm": "a format that is not read",
    "silicongraphics.sgi": "a format that is not read",
    "targa.tga": "a format that is not read",
    "world.jp2": "a format that is not read",
    "exif_imagemagick_orientation.png": "EXIF as a text that only ImageMagick writes, which browsers do not look into either",
    "xmp_tags_orientation.avif": "an orientation in XMP, which browsers do not look into either",
    "xmp_tags_orientation.png": "an orientation in XMP",
    "xmp_tags_orientation_exiftool.png": "an orientation in XMP",
    "i_trns.png": "a transparent grey of 16 bits, which Pillow leaves opaque",
}
"""Files that are not decoded as by Pillow, and the reason."""

LINEAR = re.compile(r".*_g1(_dt)?\.png")
"""16 bits of linear light in libjxl's collection: Pillow rounds them to 8 before a profile is applied, 13 values
near black to one."""

UNCOMPARED = ("CMYK", "LAB", "F", "I")
"""Modes of Pillow that say colours in other ways; ``test_colour.py`` holds their conversion to formulae."""


def in_srgb(image: Image.Image) -> Pixels:
    """Return the oriented image, converted to sRGB by LittleCMS; unchanged without a valid profile."""
    profile, pixels = image.info.get("icc_profile"), rgba(ImageOps.exif_transpose(image))
    if not profile:
        return pixels
    plain = Image.fromarray(pixels[..., :3])
    intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
    try:
        given = ImageCms.ImageCmsProfile(BytesIO(profile))
        shown = ImageCms.profileToProfile(plain, given, ImageCms.createProfile("sRGB"), intent, "RGB", flags=flags)
    except (OSError, ImageCms.PyCMSError):
        return pixels
    pixels[..., :3] = np.asarray(shown)
    pixels[pixels[..., 3] == 0] = 0
    return pixels


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("collection", "least"),
    [(libvips_images, 35), (pillow_images, 550), (libjxl_images, 60)],
    ids=["libvips", "pillow", "libjxl"],
)
def test_the_collections_of_others_are_decoded_as_an_independent_decoder_does(
    collection: Callable[[], list[Path]], least: int
) -> None:
    """Oriented and in sRGB; with a profile the mean is compared, as a linear one turns one value near black into
    eight."""
    wrong, right = list[str](), 0
    compared = (path for path in collection() if path.name not in NOT_AS_PILLOW and not is_hostile(path))
    for path in (path for path in compared if not LINEAR.fullmatch(path.name)):
        try:
            with Image.open(path) as image:
                if image.mode in UNCOMPARED or has_colours_of_its_own(image):
                    continue
                image.load()
                expected, by_profile = in_srgb(image), "icc_profile" in image.info
            found = render_pixels(path)
        except PixmillError as error:
            wrong.append(f"{path.name}: {error.code} {error.detail}")
            continue
        except (OSError, SyntaxError, ValueError):  # Pillow cannot read it
            continue
        away = np.abs(found.astype(int) - expected) if found.shape == expected.shape else np.full(1, 255)
        if (away.mean() if by_profile else away.max()) > 1:
            wrong.append(f"{path.name}: {away.max()} codes away, {away.mean():.2f} in the mean")
        right += 1
    assert wrong == []
    assert right >= least


def test_linear_light_of_sixteen_bits_is_shown_as_its_authors_show_it() -> None:
    """Photographs in linear Rec. 709 and Rec. 2020 beside the same in sRGB."""
    pairs = [(path, _in_srgb_of(path)) for path in libjxl_images() if LINEAR.fullmatch(path.name)]
    compared = [(path, shown) for path, shown in pairs if shown.exists() and "wesaturate" in path.parts]
    assert len(compared) >= 11
    for path, shown in compared:
        with Image.open(shown) as image:
            away = np.abs(render_pixels(path).astype(int) - rgba(image))
        assert (away.max() <= 3, away.mean() < 0.4) == (True, True), path.name


def _in_srgb_of(path: Path) -> Path:
    return path.with_name(re.sub(r"_(709|2020)_g1", "_srgb8", path.name))


NOT_AS_FFMPEG = {
    "zPug_3.heic": "FFmpeg begins with another of its pictures than the primary one",
    "alpha.heic": "FFmpeg begins with another of its pictures than the primary one",
    "transform_mismatch_thumbnail.heic": "FFmpeg leaves out its turn",
    "crop_mismatch_thumbnail.heic": "FFmpeg leaves out its crop, which is not at the top left",
    "invalid_id.heic": "FFmpeg leaves out its crop, which is not at the top left",
}


def test_heics_are_decoded_as_ffmpeg_does() -> None:
    """Those of one tile, of 8, 10 and 12 bits; FFmpeg keeps the rows and columns that only fill up a block of the
    encoder."""
    av.logging.set_level(av.logging.PANIC)
    wrong, right = list[str](), 0
    for path in heic_images():
        if path.parent.name not in {"heif", "heif_other", "heif_special", "nokia"} or path.name in NOT_AS_FFMPEG:
            continue
        if path.stat().st_size > 100_000:  # of many tiles, each of which is a picture to FFmpeg
            continue
        try:
            with av.open(str(path)) as file:
                expected = next(file.decode(video=0)).to_ndarray(format="rgb24").astype(int)
            found = render_pixels(path)
        except (av.FFmpegError, StopIteration, PixmillError):
            continue
        height, width = found.shape[:2]
        if expected.shape[0] < height or expected.shape[1] < width:  # a tile of several
            continue
        away = np.abs(found[..., :3] - expected[:height, :width])[found[..., 3] == WHITE]
        if away.max(initial=0) > 8:  # chroma is brought to full size in other ways
            wrong.append(f"{path.name}: {away.max()} codes away, {away.mean():.2f} in the mean")
        right += 1
    assert wrong == []
    assert right >= 25
