"""TIFFs by libtiff: compression, depth, colour spaces, profiles and orientation."""

import itertools

from PIL import TiffImagePlugin

from tests.conformance.made.scene import ADOBE, GREY, P3, Made, saved, soft


def tiff_files() -> Made:
    image = soft()
    for mode, compression in itertools.product(
        ("1", "L", "P", "RGB", "RGBA"), ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")
    ):
        source = soft(4) if mode == "RGBA" else image
        yield (
            f"{mode}, {compression}",
            saved(source if mode == "RGBA" else source.convert(mode), "TIFF", compression=compression),
        )
    for mode in ("L", "RGB"):
        yield f"{mode}, JPEG", saved(image.convert(mode), "TIFF", compression="jpeg", quality=90)
    for number in range(1, 9):
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[0x0112] = number
        yield f"orientation {number}", saved(image.crop((0, 0, 50, 33)), "TIFF", tiffinfo=tags)
    for name, profile in (("P3", P3), ("Adobe RGB", ADOBE), ("grey", GREY)):
        yield f"profile {name}", saved(image.convert("L") if name == "grey" else image, "TIFF", icc_profile=profile)
    yield "strips of a row", saved(image, "TIFF", strip_size=200)
