"""Curves instead of points: each server at six qualities, compared at equal score, at equal bytes, and as a frontier.

    .venv/bin/python -m benchmarks.curves [--cells jpeg] [--peers pixmill,thumbor] [--rounds 3] [--report FILE]

Prints for each cell and server the bytes at equal SSIMULACRA2 relative to Pixmill's, the difference in SSIMULACRA2 at
equal bytes, and requests per second; then, for each point of another server, whether a mode of Pixmill is at least as
good in speed, score and bytes, or what it lacks. Writes all points as JSON, and a plot beside it.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from pathlib import Path
from random import Random
from statistics import geometric_mean, mean, median

from benchmarks.bench import CAMERA, CELLS, HERE, SIDE, Cell, asked, looks_of, names_in
from benchmarks.judging import Judges
from benchmarks.material import camera_originals, photos
from benchmarks.measuring import PEERS, Length, Server, installed, run_round, settle, started
from benchmarks.plot import plot_curves

QUALITIES = {"jpeg": (30, 50, 65, 80, 88, 94), "webp": (30, 45, 60, 75, 85, 92), "avif": (25, 40, 52, 65, 75, 85)}
"""Each server's own numbers, so equal ones mean nothing."""

CURVE_CELLS = ("jpeg", "camera originals", "camera originals to webp", "webp", "jpeg to webp", "jpeg to avif")
LEVELS = (60.0, 70.0, 80.0, 85.0)
BASE = "pixmill"


@dataclass(frozen=True)
class Point:
    """Of a server at a quality, over all images of a cell."""

    server: str
    cell: str
    quality: int
    requests_s: float
    bytes: float
    score: float
    peak_mib: float


def main() -> None:
    options = parse_options()
    folder = photos()
    camera_originals(folder / CAMERA)
    cells = [cell for cell in CELLS if cell.name in options.cells.split(",")]
    peers = installed(options.peers.split(","))
    with tempfile.TemporaryDirectory(prefix="pixmill-curves-") as home, started(peers, Path(home), folder) as servers:
        points = list(measure(servers, cells, folder, options))
    options.report.write_text(json.dumps([vars(point) for point in points], indent=1) + "\n")
    for cell in cells:
        of_cell = [point for point in points if point.cell == cell.name]
        print("\n".join([f"\n## {cell.name}\n", *table(of_cell), "", *frontier(of_cell)]))
        plot_curves(
            {name: [(p.bytes, p.score) for p in curve] for name, curve in by_server(of_cell).items()},
            options.report.with_name(f"{options.report.stem}-{cell.name.replace(' ', '-')}.svg"),
        )


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", default=",".join(CURVE_CELLS))
    parser.add_argument("--peers", default=",".join(peer.name for peer in PEERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--light", choices=("linear", "gamma"), default="linear", help="of the reference")
    parser.add_argument("--report", type=Path, default=HERE / "curves.json")
    return parser.parse_args()


def measure(
    servers: Sequence[Server], cells: Sequence[Cell], folder: Path, options: argparse.Namespace
) -> Iterator[Point]:
    """Yield the points of all cells, of servers that can make them."""
    numbers = iter(range(1, 10**9))
    with Judges() as judges:
        for cell in cells:
            names = names_in(cell, folder)
            able = [s for s in servers if s.peer.url(f"/{cell.folder}/{names[0]}?n=0", cell.kind, cell.into, SIDE, 50)]
            for quality in QUALITIES[cell.into]:
                rates: dict[str, list[float]] = defaultdict(list)
                last = {}
                for turn in range(options.rounds):
                    for server in Random(f"{turn} {cell.name} {quality}").sample(able, len(able)):
                        urls = asked(server.peer, cell, names, numbers, quality)
                        found = run_round(
                            server, Length(len(names), options.seconds).cut(urls, len(names)), cell.clients
                        )
                        rates[server.peer.name].append(len(found.answers) / found.seconds)
                        last[server.peer.name] = found
                        settle([other.pid for other in servers])
                for name, found in last.items():
                    bodies = {answer.image: answer.body for answer in found.answers}
                    looks = looks_of(bodies, folder / cell.folder, judges)
                    size = geometric_mean(map(len, bodies.values()))
                    score = looks.linear if options.light == "linear" else looks.gamma
                    yield Point(name, cell.name, quality, median(rates[name]), size, score, found.peak_mib)


def by_server(points: Iterable[Point]) -> dict[str, list[Point]]:
    curves: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        curves[point.server].append(point)
    return curves


def table(points: Sequence[Point]) -> Iterator[str]:
    """Yield lines of Markdown."""
    curves = by_server(points)
    base = curves.get(BASE, [])
    yield f"| server | {' | '.join(f'bytes at {level:g}' for level in LEVELS)} | score at equal bytes | requests/s | peak MiB |"
    yield "| --- |" + " ---: |" * (len(LEVELS) + 3)
    for name, curve in curves.items():
        cells = [percent(at_score(curve, level, "bytes"), at_score(base, level, "bytes")) for level in LEVELS]
        rates = [point.requests_s for point in curve]
        gap = score_gap(curve, base)
        yield (
            f"| {name} | {' | '.join(cells)} | {'' if gap is None else format(gap, '+.1f')} | "
            f"{min(rates):.0f} to {max(rates):.0f} | {max(point.peak_mib for point in curve):.0f} |"
        )


def frontier(points: Sequence[Point]) -> Iterator[str]:
    """Yield for each point of another server whether a mode of Pixmill is as good in all three."""
    curves = by_server(points)
    ours = {name: curve for name, curve in curves.items() if name.startswith(BASE)}
    yield "| server | quality | requests/s | score | bytes | a mode of ours, at this score |"
    yield "| --- | ---: | ---: | ---: | ---: | --- |"
    for point in points:
        if point.server not in ours:
            yield (
                f"| {point.server} | {point.quality} | {point.requests_s:.0f} | {point.score:.1f} | {point.bytes:.0f} | "
                f"{nearest(point, ours)} |"
            )


def nearest(point: Point, ours: Mapping[str, Sequence[Point]]) -> str:
    """Return the mode that lacks least at the score of the point, with its speed and bytes relative to the point."""
    found = []
    for name, curve in ours.items():
        size, rate = (at_score(curve, point.score, field) for field in ("bytes", "requests_s"))
        if size and rate:
            found.append((min(rate / point.requests_s, point.bytes / size), name, rate, size))
    if not found:
        return "no mode has this score"
    worst, name, rate, size = max(found)
    verdict = "yes" if worst >= 1 else "no"
    return f"{verdict}: {name}, {rate / point.requests_s:.2f} × the speed, {percent(size, point.bytes)} bytes"


def at_score(curve: Sequence[Point], score: float, field: str) -> float | None:
    """Interpolate a field, as its logarithm, at a score; None outside of the curve."""
    ranked = sorted((point.score, log(getattr(point, field))) for point in curve)
    for (start, low), (end, high) in pairwise(ranked):
        if start <= score <= end and end > start:
            return exp(low + (score - start) / (end - start) * (high - low))
    return None


def score_gap(curve: Sequence[Point], base: Sequence[Point]) -> float | None:
    """Return the mean difference in score at the bytes of the base's points, where both have them."""
    gaps = []
    ranked = sorted((log(point.bytes), point.score) for point in curve)
    for point in base:
        for (start, low), (end, high) in pairwise(ranked):
            if start <= log(point.bytes) <= end and end > start:
                gaps.append(low + (log(point.bytes) - start) / (end - start) * (high - low) - point.score)
                break
    return mean(gaps) if gaps else None


def percent(ours: float | None, theirs: float | None) -> str:
    return f"{(ours / theirs - 1) * 100:+.0f} %" if ours and theirs else ""


if __name__ == "__main__":
    main()
