"""Draws the diagrams of the explanation pages as SVG, from the tables below and from the measurements in the pages.

``docs/generate.py`` writes them to ``docs/drawings``. Their colours follow the reader's colour scheme; the site places
them into its pages, where they follow the scheme of the site.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from docs import rate_drawing

FOLDER = Path(__file__).parent
SRGB_LINEAR_UP_TO = 0.0031308

STYLE = """\
<style>
  svg.drawing { --ink: #1f2328; --soft: #59636e; --line: #8c959f; --fill: #f6f8fa; --good: #2da44e; --warn: #bf8700; --bad: #cf222e; --mark: #d9480f }
  @media (prefers-color-scheme: dark) {
    svg.drawing { --ink: #e6edf3; --soft: #9198a1; --line: #656c76; --fill: #21262d; --good: #3fb950; --warn: #d29922; --bad: #f85149; --mark: #ff922b }
  }
  svg.drawing text { font: 14px system-ui, sans-serif; fill: var(--ink) }
  svg.drawing .small { font-size: 12px; fill: var(--soft) }
  svg.drawing .box { fill: var(--fill); stroke: var(--line); stroke-width: 1.5 }
  svg.drawing .line { fill: none; stroke: var(--line); stroke-width: 1.5 }
</style>
"""


@dataclass(frozen=True)
class Box:
    title: str
    note: str = ""
    colour: str = "line"
    exit: str = ""
    """What leaves the row here, drawn below."""


def flow(boxes: Sequence[Box], label: str, width: int = 124, gap: int = 22) -> str:
    """Draw boxes in a row with arrows between them, and below some of them where a request leaves the row."""
    height = 150 if any(box.exit for box in boxes) else 90
    shapes = []
    for number, box in enumerate(boxes):
        x = 10 + number * (width + gap)
        middle = x + width / 2
        shapes.append(
            f'<rect class="box" x="{x}" y="15" width="{width}" height="60" rx="8" style="stroke: var(--{box.colour})"/>'
        )
        shapes.append(_text(middle, 41 if box.note else 50, box.title))
        shapes.append(_text(middle, 60, box.note, small=True) if box.note else "")
        if number:
            shapes.append(_arrow(x - gap + 2, 45, x - 3, 45))
        if box.exit:
            shapes.append(_arrow(middle, 77, middle, 112))
            shapes.append(_text(middle, 132, box.exit, small=True))
    return _svg(20 + len(boxes) * (width + gap) - gap, height, label, shapes)


def timeline(spans: Sequence[tuple[str, str, str, int]], label: str) -> str:
    """Draw spans of time one after the other: title, what happens, colour, width."""
    shapes, x = [], 10
    for title, note, colour, width in spans:
        shapes.append(
            f'<rect x="{x}" y="30" width="{width}" height="26" rx="4" style="fill: var(--{colour})" fill-opacity="0.3" stroke="var(--{colour})"/>'
        )
        shapes.append(_text(x + width / 2, 48, title))
        shapes += [
            _text(x + width / 2, 76 + 16 * number, part, small=True) for number, part in enumerate(note.split("; "))
        ]
        x += width + 4
    shapes.append(_arrow(10, 18, x, 18))
    shapes.append(_text(x - 20, 12, "time", small=True))
    return _svg(x + 10, 118, label, shapes)


def nested(outer: str, layers: Sequence[str], core: str, side: Sequence[str], label: str) -> str:
    """Draw a box with layers around a core, and beside it another box with a list."""
    shapes = ['<rect class="box" x="10" y="10" width="250" height="230" rx="8"/>', _text(135, 36, side[0])]
    shapes += [_text(135, 64 + 22 * number, text, small=True) for number, text in enumerate(side[1:])]
    shapes.append(_arrow(264, 105, 326, 105) + _text(295, 96, "original", small=True))
    shapes.append(_arrow(326, 150, 264, 150) + _text(295, 168, "result", small=True))
    for number, layer in enumerate(layers):
        inset = 24 * number
        shapes.append(
            f'<rect x="{330 + inset}" y="{10 + inset}" width="{430 - 2 * inset}" height="{230 - 2 * inset}" rx="8" class="box" style="stroke: var(--mark)"/>'
        )
        shapes.append(_text(545, 28 + inset, layer, small=True))
    shapes.append(_text(545, 130, outer) + _text(545, 152, core, small=True))
    return _svg(770, 250, label, shapes)


LABEL_WIDTH = 30
FEW_UNITS = 20


def plot(series: dict[str, Sequence[tuple[float, float]]], axes: tuple[str, str], label: str) -> str:
    """Draw lines through points, each with its name at its end."""
    points = [point for line in series.values() for point in line]
    low_x, high_x = min(x for x, _ in points), max(x for x, _ in points)
    low_y, high_y = min(y for _, y in points) - 3, max(y for _, y in points) + 3

    def place(x: float, y: float) -> tuple[float, float]:
        return 60 + (x - low_x) / (high_x - low_x) * 480, 250 - (y - low_y) / (high_y - low_y) * 220

    shapes = [
        '<path class="line" d="M60 20V250H560"/>',
        _text(310, 288, axes[0], small=True),
        _text(60, 14, axes[1], small=True),
    ]
    end = 0.0
    for x in sorted({x for x, _ in points}):
        if place(x, low_y)[0] >= end:
            shapes.append(_text(place(x, low_y)[0], 268, f"{x:g}", small=True))
            end = place(x, low_y)[0] + LABEL_WIDTH
    step = 10 if high_y - low_y > FEW_UNITS else 5
    for y in range(int(low_y // step + 1) * step, int(high_y) + 1, step):
        shapes.append(f'<path class="line" stroke-opacity="0.3" d="M60 {place(low_x, y)[1]:.1f}H560"/>')
        shapes.append(_text(40, place(low_x, y)[1] + 4, f"{y}", small=True))
    for (name, line), colour, shift in zip(series.items(), ("mark", "good", "warn"), (-14, 4, 20), strict=False):
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in (place(x, y) for x, y in line))
        shapes.append(f'<polyline points="{path}" fill="none" stroke-width="2.5" style="stroke: var(--{colour})"/>')
        x, y = place(*line[-1])
        shapes.append(f'<text x="{x + 24:.0f}" y="{y + shift:.0f}" style="fill: var(--{colour})">{escape(name)}</text>')
    return _svg(640, 300, label, shapes)


def averages() -> str:
    """Draw black and white stripes beside their averages: of the light, and of the numbers of the file."""
    light = round(255 * _srgb(0.5))
    shapes = [
        f'<rect x="{10 + 4 * number}" y="30" width="2" height="100" fill="#000"/><rect x="{12 + 4 * number}" y="30" width="2" height="100" fill="#fff"/>'
        for number in range(50)
    ]
    for number, (value, name) in enumerate(((light, "average of the light"), (128, "average of the numbers"))):
        x = 240 + 230 * number
        shapes.append(f'<rect x="{x}" y="30" width="200" height="100" fill="rgb({value},{value},{value})"/>')
        shapes.append(_text(x + 100, 150, f"{name}: {value}", small=True))
    shapes.append(_text(110, 150, "black and white, half and half", small=True))
    return _svg(690, 165, "Black and white stripes beside a grey of 188 and a grey of 128", shapes)


def _srgb(light: float) -> float:
    """Encode linear light (IEC 61966-2-1)."""
    return 12.92 * light if light <= SRGB_LINEAR_UP_TO else 1.055 * light ** (1 / 2.4) - 0.055


def measured_quality() -> dict[str, list[tuple[float, float]]]:
    """Read quality and SSIMULACRA2 from the table of measurements in ``docs/quality.md``."""
    text = (FOLDER / "quality.md").read_text(encoding="utf-8")
    table = text.partition("| quality | JPEG | bytes")[2]
    rows = [
        [cell.strip() for cell in row.split("|")[1:-1]]
        for row in re.findall(r"^\| \d.*$", table.partition("\n\n")[0], re.MULTILINE)
    ]
    columns = {"JPEG": 1, "WebP": 3, "AVIF": 5}
    return {name: [(float(row[0]), float(row[column])) for row in rows] for name, column in columns.items()}


def measured_resampling() -> dict[str, list[tuple[float, float]]]:
    """Read CPU time and score of the modes from the table of factors in ``docs/speed.md``."""
    text = (FOLDER / "speed.md").read_text(encoding="utf-8")
    table = text.partition("| factor | fast")[2].partition("\n\n")[0]
    rows = [line.split(" | ") for line in re.findall(r"^\| (\d.*)$", table, re.MULTILINE)]
    return {
        f"{factor} times": [(float(cell.rpartition(", ")[2]), float(cell.partition(" (")[0])) for cell in cells[:3]]
        for factor, *cells in reversed(rows)
    }


def _svg(width: float, height: float, label: str, shapes: Iterable[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{escape(label)}">'
    return "\n".join([head, STYLE.rstrip(), *filter(None, shapes), "</svg>"]) + "\n"


def _text(x: float, y: float, text: str, *, small: bool = False) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="middle"{" class=" + chr(34) + "small" + chr(34) if small else ""}>{escape(text)}</text>'


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    """Draw a line with a head, along an axis."""
    sign = 1 if x2 + y2 > x1 + y1 else -1
    wings = f"l{-7 * sign} -4m{7 * sign} 4l{-7 * sign} 4" if y1 == y2 else f"l-4 {-7 * sign}m4 {7 * sign}l4 {-7 * sign}"
    return f'<path class="line" d="M{x1:g} {y1:g}L{x2:g} {y2:g}{wings}"/>'


CACHING = (
    Box("request", "URL → key"),
    Box("memory", "microseconds", "good", "hit"),
    Box("disk", "milliseconds", "good", "hit: copied to memory"),
    Box("Redis, bucket", "shared", "good", "hit: copied to both"),
    Box("lock", "one server renders"),
    Box("render", "stored in all tiers", "mark"),
)
OVERLOAD = (
    Box("request"),
    Box("in memory?", "fast path", "good", "yes: answered"),
    Box("queue full?", "before parsing", "bad", "yes: 503, Retry-After"),
    Box("in a cache tier?", "known or sampled", "good", "yes: answered"),
    Box("queue", "fair by client", "warn", "too long: 503"),
    Box("worker", "deadline", "mark"),
)
COLOUR = (
    Box("decode", "any profile, any depth"),
    Box("to linear light", "of sRGB or Display P3", "mark"),
    Box("resize", "and blur", "mark"),
    Box("to sRGB", "or profile=p3", "mark"),
    Box("encode"),
)
FRESHNESS = (
    ("fresh", "served from the cache;max-age".replace(";", "; "), "good", 250),
    ("stale-while-revalidate", "served at once; revalidated in the background", "warn", 270),
    ("stale-if-error", "a request waits for the origin; served if that fails", "bad", 310),
)
SERVER = ("server process", "keys and settings", "network, files, stores", "cache tiers", "parses URLs, never pixels")
LAYERS = (
    "Landlock: no files except code and fonts",
    "seccomp: no network, no new processes",
    "limits: memory, CPU time, deadline",
)


def drawings() -> dict[str, str]:
    """Return each drawing by its path in ``docs``."""
    return {
        "drawings/caching.svg": flow(
            CACHING, "A request passes memory, disk and shared tiers before it is rendered under a lock"
        ),
        "drawings/overload.svg": flow(
            OVERLOAD, "A request is answered from memory, rejected while the queue is full, or queued for a worker"
        ),
        "drawings/colour.svg": flow(
            COLOUR, "Pixels are decoded, converted to linear light, resized, converted to sRGB and encoded"
        ),
        "drawings/freshness.svg": timeline(
            FRESHNESS, "A result is fresh, then stale while it is revalidated, then stale if the origin fails"
        ),
        "drawings/sandbox.svg": nested(
            "worker process",
            LAYERS,
            "decodes, renders, encodes",
            SERVER,
            "The server passes originals to a worker inside Landlock, seccomp and limits",
        ),
        "drawings/averages.svg": averages(),
        "drawings/quality.svg": plot(
            measured_quality(),
            ("quality=", "SSIMULACRA2"),
            "SSIMULACRA2 by quality: the lines of JPEG, WebP and AVIF lie close together",
        ),
        "drawings/resampling.svg": plot(
            measured_resampling(),
            ("CPU ms of fast, balanced and best", "SSIMULACRA2"),
            "CPU time and score of the modes at three factors: balanced takes about as long as fast, best scores highest",
        ),
        "drawings/rate-distortion.svg": _svg(
            *rate_drawing.size(),
            "SSIMULACRA2 by kilobytes of Pixmill and of other encoders, in JPEG, WebP, AVIF and JPEG XL",
            rate_drawing.shapes(),
        ),
    }
