"""Draws rate and distortion, from the summary of ``benchmarks/rate_distortion.py``: one panel for each lossy format."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import log
from pathlib import Path

RESULTS = Path(__file__).parent.parent / "benchmarks" / "rate_distortion.json"
SET = "photos"
PANELS = {"jpeg": "JPEG", "webp": "WebP", "avif": "AVIF", "jxl": "JPEG XL"}
WIDTH, HEIGHT, ACROSS = 350, 290, 2
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 34, 36
SCORES = (50, 95)
SIZES = (5, 400)
"""Kilobytes of an image; the right third is left to the names."""

TICKS = (5, 10, 20, 50, 100)
PIXMILL = {"Pixmill fast": "2 4", "Pixmill balanced": "", "Pixmill best": "8 3"}
"""The dashes of each mode."""

OTHERS = ("good", "warn", "bad", "ink", "line", "soft")
LEGEND_LINE = 15

Curve = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Line:
    name: str
    colour: str
    dashes: str
    points: Sequence[tuple[float, float]]
    """Kilobytes and SSIMULACRA2."""


def shapes() -> Iterator[str]:
    """Yield the panels as SVG elements."""
    rows = [row for row in json.loads(RESULTS.read_text())["rows"] if row["set"] == SET and not row["resizes"]]
    for number, (kind, title) in enumerate(PANELS.items()):
        x, y = number % ACROSS * WIDTH, number // ACROSS * HEIGHT
        yield f'<g transform="translate({x} {y})">'
        yield from _panel(title, list(_lines(row for row in rows if row["format"] == kind)))
        yield "</g>"


def size() -> tuple[int, int]:
    return ACROSS * WIDTH, -(-len(PANELS) // ACROSS) * HEIGHT


def _lines(rows: Iterable[dict[str, object]]) -> Iterator[Line]:
    """Yield Pixmill's lines, then those of others, each in a colour of its own."""
    found = list(rows)
    others = iter(OTHERS)
    for row in sorted(found, key=lambda row: row["encoder"] not in PIXMILL):
        name = str(row["encoder"])
        colour = "mark" if name in PIXMILL else next(others, "soft")
        curve: Curve = row["curve"]  # type: ignore[assignment]
        yield Line(
            name,
            colour,
            PIXMILL.get(name, ""),
            [(point[0] / 1000, point[1]) for point in curve if point[1] >= SCORES[0]],
        )


def _panel(title: str, lines: Sequence[Line]) -> Iterator[str]:
    yield f'<text x="{LEFT}" y="20">{title}</text>'
    yield f'<text class="small" x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">kB</text>'
    for score in range(SCORES[0], SCORES[1], 10):
        y = _y(score)
        yield f'<path class="line" stroke-opacity="0.3" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text class="small" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{score}</text>'
    for tick in TICKS:
        yield f'<path class="line" stroke-opacity="0.3" d="M{_x(tick):.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
        yield f'<text class="small" x="{_x(tick):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{tick}</text>'
    for number, line in enumerate(lines):
        path = " ".join(f"{_x(kilobytes):.1f},{_y(score):.1f}" for kilobytes, score in line.points)
        stroke = f'fill="none" stroke-width="2" stroke-dasharray="{line.dashes}" style="stroke: var(--{line.colour})"'
        y = HEIGHT - BOTTOM - 8 - LEGEND_LINE * (len(lines) - 1 - number)
        yield f'<polyline points="{path}" {stroke}/>'
        yield f'<path d="M{WIDTH - RIGHT - 150} {y - 4}h22" {stroke}/>'
        yield f'<text class="small" x="{WIDTH - RIGHT - 122}" y="{y}">{escape(line.name)}</text>'


def _x(kilobytes: float) -> float:
    low, high = SIZES
    share = (log(min(max(kilobytes, low), high)) - log(low)) / (log(high) - log(low))
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(score: float) -> float:
    low, high = SCORES
    share = (min(max(score, low), high) - low) / (high - low)
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
