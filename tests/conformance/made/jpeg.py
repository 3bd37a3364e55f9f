"""JPEGs by libjpeg-turbo: sampling, sizes, colour spaces, profiles, orientation, restarts and damage."""

import itertools

from tests.conformance.made.scene import ADOBE, GREY, P3, Made, exif, saved, soft


def jpeg_files() -> Made:
    image = soft()
    for sampling, progressive, quality in itertools.product(("4:4:4", "4:2:2", "4:2:0"), (False, True), (30, 75, 95)):
        yield (
            f"{sampling}, quality {quality}{', progressive' * progressive}",
            saved(image, "JPEG", subsampling=sampling, progressive=progressive, quality=quality),
        )
    for width, height in ((1, 1), (1, 40), (40, 1), (7, 9), (15, 17), (16, 16), (33, 31), (3, 70)):
        for sampling in ("4:2:0", "4:2:2"):
            yield f"{width}x{height}, {sampling}", saved(image.resize((width, height)), "JPEG", subsampling=sampling)
    for mode in ("L", "CMYK"):
        for progressive in (False, True):
            yield f"{mode}{', progressive' * progressive}", saved(image.convert(mode), "JPEG", progressive=progressive)
    yield "RGB, not YCbCr", saved(image, "JPEG", keep_rgb=True)
    for number in range(1, 9):
        yield f"orientation {number}", saved(image.crop((0, 0, 50, 33)), "JPEG", exif=exif(number))
    for name, profile in (("P3", P3), ("Adobe RGB", ADOBE), ("grey", GREY), ("broken", b"nothing" * 40)):
        yield f"profile {name}", saved(image.convert("L") if name == "grey" else image, "JPEG", icc_profile=profile)
    yield "RGB with a grey profile", saved(image, "JPEG", icc_profile=GREY)
    yield "grey with an RGB profile", saved(image.convert("L"), "JPEG", icc_profile=P3)
    yield "a profile in pieces", saved(image, "JPEG", icc_profile=P3 + bytes(70_000))
    for interval in (1, 5):
        yield f"restarts every {interval} rows", saved(image, "JPEG", restart_marker_rows=interval)
        yield f"restarts every {interval} blocks", saved(image, "JPEG", restart_marker_blocks=interval)
    yield from _damaged()
    yield "a comment", saved(image, "JPEG", comment=b"hello")
    yield "density in cm", saved(image, "JPEG", dpi=(300, 100))


def _damaged() -> Made:
    good = saved(soft(), "JPEG", quality=90, restart_marker_blocks=4)
    yield "no EOI", good[:-2]
    yield "bytes after EOI", good + b"trailing" * 9
    yield "fill bytes before a marker", good.replace(b"\xff\xc4", b"\xff\xff\xff\xc4", 1)
    yield "bytes between segments", good[:20] + b"\0\0" + good[20:]
    yield "no JFIF", good[:2] + good[20:]
    yield "a restart lost", good.replace(b"\xff\xd3", b"", 1)
    yield "restarts in a wrong order", good.replace(b"\xff\xd1", b"\xff\xd5", 1)
    for kind in ({}, {"progressive": True}):
        whole = saved(soft(side=160), "JPEG", quality=90, **kind)
        for share in (0.4, 0.7, 0.95):
            yield f"cut off at {share:.0%}{', progressive' if kind else ''}", whole[: int(len(whole) * share)]
        scratched = bytearray(whole)
        scratched[-200] ^= 0x55
        yield f"a scratch{', progressive' if kind else ''}", bytes(scratched)
