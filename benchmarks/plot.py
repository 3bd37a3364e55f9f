"""Plots as SVG: speed against score, with one mark per server and cell, and bytes against score, with a line per server.

Speed and bytes are on logarithmic scales. Up and right is better in the first, up and left in the second.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COLOURS = {
    "pixmill": "#d9480f",
    "pixmill-fast": "#f08c00",
    "pixmill-best": "#a61e4d",
    "thumbor": "#1864ab",
    "ipx": "#2b8a3e",
    "nginx": "#5f3dc4",
    "imgproxy": "#0b7285",
    "imagor": "#862e9c",
    "oximg": "#5c940d",
    "oximg-quick": "#364fc7",
}
"""Of the servers that are drawn; their variants have no mark of their own."""
WIDTH, HEIGHT, EDGE = 900, 560, 70
RATES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
SIZES = (2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)
BEST_SCORE = 100
LETTER, LINE = 6.6, 13
CELLS = {"jpeg", "jpeg 6 MP", "camera originals", "png", "webp", "avif", "jpeg to webp", "jpeg to avif"}
"""The plotted cells: the same work by four clients. The others measure something other than speed and quality."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Mark:
    server: str
    cell: str
    rate: float
    score: float


@dataclass(frozen=True)
class Axis:
    """The logarithmic axis across: its title and the numbers on it."""

    title: str
    ticks: Sequence[int]


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
        if "score" in row and row["cell"] in CELLS and row["server"] in COLOURS
    ]
    if marks:
        drawn = [name for name in COLOURS if any(mark.server == name for mark in marks)]
        axis = Axis("requests per second", RATES)
        parts = [*_frame(*_scales(marks), axis), *_labelled_marks(marks), *_legend(drawn), "</svg>"]
        target.write_text("\n".join(parts) + "\n")


def plot_curves(curves: Mapping[str, Sequence[tuple[float, float]]], target: Path) -> None:
    """Plot the (bytes, score) of each server as a line."""
    drawn = {name: sorted(points) for name, points in curves.items() if name in COLOURS}
    if drawn:
        every = [Mark(name, "", *point) for name, points in drawn.items() for point in points]
        across, up = _scales(every)
        parts = _frame(across, up, Axis("bytes", SIZES))
        for name, points in drawn.items():
            places = [(across(math.log10(size)), up(score)) for size, score in points]
            line = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
            parts.append(f'<path d="M{line}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{COLOURS[name]}"/>' for x, y in places]
        target.write_text("\n".join([*parts, *_legend(list(drawn)), "</svg>"]) + "\n")


def _scales(marks: Sequence[Mark]) -> tuple[Scale, Scale]:
    rates = [math.log10(mark.rate) for mark in marks]
    scores = [mark.score for mark in marks]
    across = Scale(min(rates) - 0.1, max(rates) + 0.25, EDGE, WIDTH - EDGE / 2)
    up = Scale(min(scores) - 3, min(max(scores) + 3, BEST_SCORE), HEIGHT - EDGE, EDGE / 2)
    return across, up


def _frame(across: Scale, up: Scale, axis: Axis) -> list[str]:
    bottom, middle = HEIGHT - EDGE, HEIGHT / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<path d="M{EDGE} {EDGE / 2}V{bottom}H{WIDTH - EDGE / 2}" fill="none" stroke="#888"/>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 24}" text-anchor="middle">{axis.title}</text>',
        f'<text transform="translate(20 {middle}) rotate(-90)" text-anchor="middle">SSIMULACRA2</text>',
    ]
    for tick in axis.ticks:
        x = across(math.log10(tick))
        if EDGE <= x <= WIDTH - EDGE / 2:
            parts.append(f'<path d="M{x:.1f} {EDGE / 2}V{bottom}" stroke="#eee"/>')
            parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{tick:,}</text>')
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


def _legend(servers: Sequence[str]) -> list[str]:
    return [
        f'<text x="{EDGE + 16}" y="{EDGE / 2 + 20 + 16 * index}" fill="{COLOURS[server]}">{server}</text>'
        for index, server in enumerate(servers)
    ]
