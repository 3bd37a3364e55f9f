"""JPEG XLs by libjxl: effort, quality, alpha, depth of modes, profiles, orientation and transcoded JPEGs."""

import itertools

import pillow_jxl  # noqa: F401 - registers the encoder with Pillow

from tests.conformance.made.scene import ADOBE, GREY, P3, Made, exif, saved, soft


def jxl_files() -> Made:
    for quality, effort, bands in itertools.product((50, 75, 95), (1, 4, 7), (1, 3, 4)):
        yield (
            f"quality {quality}, effort {effort}, {bands} bands",
            saved(soft(bands), "JXL", quality=quality, effort=effort),
        )
    for effort, bands in itertools.product((1, 3, 7, 9), (1, 3, 4)):
        yield f"lossless, effort {effort}, {bands} bands", saved(soft(bands), "JXL", lossless=True, effort=effort)
    for name, profile in (("P3", P3), ("Adobe RGB", ADOBE), ("grey", GREY)):
        for lossless in (False, True):
            source = soft(1) if name == "grey" else soft()
            yield (
                f"profile {name}{', lossless' * lossless}",
                saved(source, "JXL", icc_profile=profile, lossless=lossless),
            )
    for number in range(1, 9):
        yield (
            f"orientation {number}",
            saved(soft().crop((0, 0, 50, 33)), "JXL", exif=exif(number).tobytes(), lossless=True),
        )
    for width, height in ((1, 1), (1, 30), (30, 1), (33, 31)):
        yield f"{width}x{height}", saved(soft(4).resize((width, height)), "JXL", lossless=True)
