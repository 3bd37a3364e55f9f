"""Plots speed against quality as an SVG: one mark per server and cell, speed on a logarithmic scale.

Up and right is better.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COLOURS = {"pixmill": "#d9480f", "thumbor": "#1864ab", "ipx": "#2b8a3e", "nginx": "#5f3dc4"}
WIDTH, HEIGHT, EDGE = 900, 560, 70
RATES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
BEST_SCORE = 100
LETTER, LINE = 6.6, 13
CELLS = {"jpeg", "jpeg 6 MP", "png", "webp", "avif", "jpeg to webp", "jpeg to avif"}
"""The plotted cells: the same work by four clients. The others measure something other than speed and quality."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Mark:
    server: str
    cell: str
    rate: float
    score: float


@dataclass(frozen=True)
class Scale:
    """Maps the values of an axis to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def plot(rows: Sequence[dict[str, object]], target: Path) -> None:
    marks = [
        Mark(str(row["server"]), str(row["cell"]), float(str(row["requests_s"])), float(str(row["score"])))
        for row in rows
        if "score" in row and row["cell"] in CELLS
    ]
    if marks:
        target.write_text("\n".join([*_frame(marks), *_labelled_marks(marks), *_legend(), "</svg>"]) + "\n")


def _scales(marks: Sequence[Mark]) -> tuple[Scale, Scale]:
    rates = [math.log10(mark.rate) for mark in marks]
    scores = [mark.score for mark in marks]
    across = Scale(min(rates) - 0.1, max(rates) + 0.25, EDGE, WIDTH - EDGE / 2)
    up = Scale(min(scores) - 3, min(max(scores) + 3, BEST_SCORE), HEIGHT - EDGE, EDGE / 2)
    return across, up


def _frame(marks: Sequence[Mark]) -> list[str]:
    across, up = _scales(marks)
    bottom, middle = HEIGHT - EDGE, HEIGHT / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<path d="M{EDGE} {EDGE / 2}V{bottom}H{WIDTH - EDGE / 2}" fill="none" stroke="#888"/>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 24}" text-anchor="middle">requests per second</text>',
        f'<text transform="translate(20 {middle}) rotate(-90)" text-anchor="middle">SSIMULACRA2</text>',
    ]
    for rate in RATES:
        x = across(math.log10(rate))
        if EDGE <= x <= WIDTH - EDGE / 2:
            parts.append(f'<path d="M{x:.1f} {EDGE / 2}V{bottom}" stroke="#eee"/>')
            parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{rate}</text>')
    for score in range(0, BEST_SCORE + 1, 5):
        y = up(score)
        if EDGE / 2 <= y <= bottom:
            parts.append(f'<path d="M{EDGE} {y:.1f}H{WIDTH - EDGE / 2}" stroke="#eee"/>')
            parts.append(f'<text x="{EDGE - 8}" y="{y + 4:.1f}" text-anchor="end">{score}</text>')
    return parts


def _labelled_marks(marks: Sequence[Mark]) -> list[str]:
    """Return the marks, each labelled with its cell if there is space."""
    across, up = _scales(marks)
    places = [(across(math.log10(mark.rate)), up(mark.score)) for mark in marks]
    occupied: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y in places]
    parts = []
    for mark, (x, y) in zip(marks, places, strict=True):
        wide = len(mark.cell) * LETTER
        corners = ((x + 8, y - 7), (x - 8 - wide, y - 7), (x - wide / 2, y - 20), (x - wide / 2, y + 7))
        boxes = [(left, top, left + wide, top + LINE) for left, top in corners]
        box = min(boxes, key=lambda box: sum(_overlap(box, other) for other in occupied))
        occupied.append(box)
        colour = COLOURS.get(mark.server, "#333")
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{box[0]:.1f}" y="{box[1] + 11:.1f}" fill="{colour}">{mark.cell}</text>')
    return parts


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _legend() -> list[str]:
    return [
        f'<text x="{EDGE + 16}" y="{EDGE / 2 + 20 + 16 * index}" fill="{colour}">{server}</text>'
        for index, (server, colour) in enumerate(COLOURS.items())
    ]
