"""The rates of ``plan/cost.py``: measures each operation and encoder again, beside what the table says.

    .venv/bin/python -m benchmarks.rates [--megapixels 4]

Renders a detailed photograph to a BMP, then with one more parameter, and prints the difference in CPU nanoseconds per
pixel of the result. The table should be above the measurement, and not by much.
"""

import argparse
import time
from pathlib import Path

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.cost import OriginalFacts, estimate_cost
from pixmill.plan.geometry import resolve_all
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits

PHOTO = Path(__file__).parents[1] / "examples" / "photos" / "seeding.jpg"
PHOTO_SIZE = Size(5312, 2988)
LIMITS = Limits(max_cost_s=1_000.0, max_result_bytes=2**30)

OPERATIONS = (
    *("rotate=5", "rotate=90", "flip=both", "grayscale=true", "clahe=2", "clahe=64", "normalize=true", "lightness=5"),
    *("equalize=true", "vibrance=60", "modulate=1.1,1.4,20", "vibrance=60&modulate=1.1,1.4,20&hue=20"),
    *("blur=1", "blur=3", "blur=30", "progressive_blur=down,3", "progressive_blur=down,250", "median=1", "median=5"),
    *("dilate=1", "dilate=5", "dilate=20", "sharpen=1", "unsharp=10,1", "convolution=0,-1,0,-1,5,-1,0,-1,0"),
    *("pixelate=12", "blur_areas=30;pct:0,0,100,100", "pixelate_areas=30;pct:0,0,100,100"),
    *("gradient=down,00000000,000000cc", "vignette=40", "noise=20", "radius=50", "border=10,ff0000"),
    "padding=200&extend=blur",
)
ENCODERS = (
    *("jpeg", "jpeg&trellis=true&optimize_scans=true", "webp", "webp&effort=0", "webp&effort=5", "webp&effort=9"),
    *("webp&lossless=true", "webp&lossless=true&effort=9", "webp&near_lossless=60", "avif", "avif&effort=5"),
    *("avif&effort=7", "avif&effort=9", "avif&effort=9&quality=100", "avif&depth=10", "avif&lossless=true"),
    *("png", "png&effort=5", "png&effort=7", "png&effort=9", "png&colors=256", "gif", "gif&effort=9"),
    *("heic", "heic&mode=best", "jxl", "jxl&effort=9", "jxl&lossless=true", "tiff", "tiff&tiff_compression=deflate"),
    *("jpeg&quality=auto", "webp&quality=auto", "avif&quality=auto", "webp&max_bytes=100000", "avif&max_bytes=100000"),
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megapixels", type=float, default=4.0)
    width = round((arguments.parse_args().megapixels * 1e6 * PHOTO_SIZE.width / PHOTO_SIZE.height) ** 0.5)
    size = Size(width, round(width * PHOTO_SIZE.height / PHOTO_SIZE.width))
    original = PHOTO.read_bytes()
    plain, plain_estimate = measure(original, size, "format=bmp"), estimate(size, "format=bmp")
    print(f"{'measured':>9} {'table':>8}  ns per pixel of the result ({plain:.0f} and {plain_estimate:.0f} without)")
    queries = [f"format=bmp&{operation}" for operation in OPERATIONS] + [f"format={encoder}" for encoder in ENCODERS]
    for query in queries:
        measured = measure(original, size, query) - plain
        print(f"{measured:9.0f} {estimate(size, query) - plain_estimate:8.0f}  {query}", flush=True)


def measure(original: bytes, size: Size, query: str) -> float:
    """Return the CPU nanoseconds per pixel: the better of two."""
    plan = parse(b"/resize", _full_query(size, query), upload=True).plan
    seconds = []
    for _ in range(2):
        started = time.process_time()
        render(memoryview(original), plan, LIMITS)
        seconds.append(time.process_time() - started)
    return min(seconds) / size.pixels * 1e9


def estimate(size: Size, query: str) -> float:
    """Return what the table says."""
    plan = parse(b"/resize", _full_query(size, query), upload=True).plan
    original = OriginalFacts(Format.JPEG, PHOTO_SIZE.pixels)
    return estimate_cost(plan, resolve_all(PHOTO_SIZE, plan, LIMITS), original).total_s / size.pixels * 1e9


def _full_query(size: Size, query: str) -> bytes:
    return f"width={size.width}&height={size.height}&fit=fill&enlarge=true&{query}".encode()


if __name__ == "__main__":
    main()
