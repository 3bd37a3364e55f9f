"""Compares SVGs of a folder: sanitised with as they are, in librsvg and in Chromium, and rendered with Chromium.

    python -m tests.conformance.drawings FOLDER … [--count 200] [--without-browser] [--list] [--save build/drawings]

Three comparisons, each counted by its outcome:

- ``librsvg``: the sanitised file and the file as it is, both drawn by librsvg. A difference is a fault of the
  sanitiser, unless what was removed loads or runs.
- ``kept``: the file that stays an SVG and the original, both drawn by Chromium. Likewise.
- ``rendered``: the PNG that Pixmill makes and what Chromium shows. Edges are smoothed differently, so a pixel differs if
  the mean of its neighbourhood does, and a file if more than half a percent of its pixels do. Files that are equal
  without their texts, whose fonts and hinting differ, are told apart; the others are sorted by the features they use.

Exits with 1 if one of the first two differs.
"""

import argparse
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pixmill.dialects.native.dialect import parse
from pixmill.engine.codecs.svg_sanitiser import sanitise_svg
from pixmill.engine.codecs.svg_sniff import decompress_svg
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.raster.fonts import register_fonts
from pixmill.errors import PixmillError
from pixmill.plan.limits import Limits
from tests.pixels.images import pixels_of, render_plan

Pixels = NDArray[np.uint8]

WIDTH: Final = 240
_MAX_CODES: Final = 2
_MAX_BLURRED_CODES, _MAX_SHARE = 32, 0.005
_BOUNDED: Final = Limits(max_cost_s=20.0)

_TEXT: Final = re.compile(rb"<(?:\w+:)?text\b[^>]*(?:/>|>.*?</(?:\w+:)?text\s*>)", re.DOTALL)
FEATURES: Final = {
    "animation": r"<(?:animate\w*|set)\b",
    "foreignObject": r"<foreignObject\b",
    "script": r"<script\b",
    "external file": r"href\s*=\s*[\"'](?!#|data:)[^\"']*\.(?:svg|png|jpe?g|css)",
    "CSS at-rule": r"@(?:media|font-face|supports|layer)",
    "CSS variable": r"var\(",
    "CSS background": r"style\s*=\s*[\"'][^\"']*background",
    "blend mode": r"mix-blend-mode|enable-background",
    "text": r"<text\b",
    "filter": r"<filter\b",
    "mask or clip": r"<(?:mask|clipPath)\b",
    "marker": r"<marker\b",
    "pattern": r"<pattern\b",
    "gradient": r"<(?:linear|radial)Gradient\b",
    "image": r"<image\b",
}
"""Of a file that differs, the first that it uses is the one it is counted under."""


def compare_librsvg(body: bytes) -> str:
    """Draw the file and the sanitised one; return the outcome."""
    try:
        sanitised = sanitise_svg(body).serialise()
    except PixmillError as error:
        return f"refused: {error.detail or error}"
    except Exception as error:  # noqa: BLE001 - of expat
        return f"no XML: {error}"
    try:
        expected = _drawn(body)
    except pyvips.Error:
        return "not drawn by librsvg"
    try:
        return _compare_drawn(body, expected, sanitised)
    except pyvips.Error as error:
        return f"differs: {str(error).strip()[:80]}"


def _compare_drawn(body: bytes, expected: Pixels, sanitised: bytes) -> str:
    found = _drawn(sanitised)
    if found.shape != expected.shape:
        return f"differs: {found.shape} instead of {expected.shape}"
    difference = int(np.abs(expected.astype(int) - found).max())
    return "equal" if difference <= _MAX_CODES else f"differs: by {difference}"


def compare_kept(judge: Any, body: bytes) -> str:
    """Show the file that stays an SVG, and the original; return the outcome."""
    try:
        kept = render(
            memoryview(body), parse(b"/resize", f"width={WIDTH}&format=svg".encode(), upload=True).plan, _BOUNDED
        )
    except PixmillError as error:
        return f"refused: {error.code}"
    size = (kept.width, kept.height)
    expected = judge.still(body, "image/svg+xml", size)
    found = judge.still(bytes(kept.body), "image/svg+xml", size)
    if expected is None or found is None:
        return (
            "equal"
            if found is expected
            else "shown by one only"
            if found is None
            else "shown though the browser refuses it"
        )
    worst = _share(expected, found)
    return "equal" if worst <= _MAX_SHARE else f"differs: {worst:.1%}"


def compare_rendered(judge: Any, body: bytes, save: Path | None) -> str:
    """Render the file, and show it; return the outcome."""
    try:
        plan = parse(b"/resize", f"width={WIDTH}&format=png".encode(), upload=True).plan
        image = render_plan(memoryview(body), plan)
    except PixmillError as error:
        return f"refused: {error.code}"
    found = pixels_of(image, "RGBA")
    expected = judge.still(body, "image/svg+xml", (found.shape[1], found.shape[0]))
    if expected is None:
        return "not shown by the browser"
    share = _share(expected, found)
    if share <= _MAX_SHARE:
        return "equal"
    without_text = _TEXT.sub(b"", body)
    if without_text != body and compare_rendered(judge, without_text, None) == "equal":
        return f"equal but for text: {share:.1%}"
    if save:
        Image.fromarray(np.hstack([expected, found])).save(save)
    return f"differs: {share:.1%}"


def _compare_in_browser(compare: Callable[[], str]) -> str:
    """Return the outcome, also of a file that taints the canvas: Chromium lets no page read a ``foreignObject``."""
    try:
        return compare()
    except Exception as error:
        if "tainted" not in str(error):
            raise
        return "not readable in the browser"


def _drawn(body: bytes) -> Pixels:
    register_fonts()
    image = pyvips.Image.svgload_buffer(body)
    if max(image.width, image.height) > 2 * WIDTH:
        image = pyvips.Image.svgload_buffer(body, scale=2 * WIDTH / max(image.width, image.height))
    pixels: Pixels = image.numpy()
    return pixels


def _share(expected: Pixels, found: Pixels) -> float:
    """The share of pixels whose neighbourhoods differ, on white and on black."""
    shares = []
    for ground in ("white", "black"):
        one, other = (_blurred(pixels, ground) for pixels in (expected, found))
        shares.append(float((np.abs(one - other).max(axis=2) > _MAX_BLURRED_CODES).mean()))
    return max(shares)


def _blurred(pixels: Pixels, ground: str) -> NDArray[np.int64]:
    image = Image.fromarray(pixels)
    canvas = Image.new("RGBA", image.size, ground)
    canvas.alpha_composite(image)
    return np.asarray(canvas.convert("RGB").filter(ImageFilter.BoxBlur(1)), np.int64)


def feature_of(body: bytes) -> str:
    """The first of the features that a file uses."""
    text = body.decode("utf-8", "replace")
    return next((name for name, pattern in FEATURES.items() if re.search(pattern, text)), "shapes only")


def files(folders: Iterable[Path], count: int) -> Iterator[Path]:
    """Yield so many files of each folder, always the same ones."""
    for folder in folders:
        found = sorted(
            path
            for path in folder.rglob("*.svg*")
            if path.suffix in (".svg", ".svgz") and path.is_file() and not path.is_symlink()
        )
        yield from sorted(random.Random(1).sample(found, min(count, len(found))))


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folders", nargs="+", type=Path)
    arguments.add_argument("--count", type=int, default=200)
    arguments.add_argument("--without-browser", action="store_true")
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("--save", type=Path)
    options = arguments.parse_args()
    if options.save:
        options.save.mkdir(parents=True, exist_ok=True)
    outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    with ExitStack() as stack:
        judge = None
        if not options.without_browser:
            from tests.conformance.judge import Judge  # noqa: PLC0415 - needs a browser

            judge = stack.enter_context(Judge())
        for path in files(options.folders, options.count):
            body = decompress_svg(memoryview(path.read_bytes()))
            found = {"librsvg": compare_librsvg(body)}
            if judge:
                save = options.save / f"{path.stem}.png" if options.save else None
                found |= {
                    "kept": _compare_in_browser(partial(compare_kept, judge, body)),
                    "rendered": _compare_in_browser(partial(compare_rendered, judge, body, save)),
                }
            for name, outcome in found.items():
                kind = outcome.partition(":")[0]
                outcomes[name][f"{kind}: {feature_of(body)}" if name == "rendered" and kind == "differs" else kind] += 1
                if options.list and kind != "equal":
                    print(f"{name:9} {outcome:40} {feature_of(body):16} {path}", flush=True)
    for name, counts in outcomes.items():
        print(f"\n{name}: {sum(counts.values())} files")
        for outcome, number in counts.most_common():
            print(f"{number:6} {outcome}")
    sys.exit(any(outcomes[name]["differs"] for name in ("librsvg", "kept")))


if __name__ == "__main__":
    main()
