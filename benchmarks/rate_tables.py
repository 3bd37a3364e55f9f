"""Rate and distortion as rows and as tables: bytes and CPU time at equal score, relative to one encoder.

``rows`` summarises the points of ``rate_distortion.py``; ``tables`` writes rows as Markdown. Knows neither images nor
encoders.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from statistics import geometric_mean, mean
from typing import Any

BASE = "Pixmill balanced"
FORMATS = {"jpeg": "JPEG", "webp": "WebP", "avif": "AVIF", "jxl": "JPEG XL", "png": "PNG"}
SETS = {"photos": "photos", "aside": "photos set aside", "drawn": "graphics"}
FEWEST_SHARE = 0.5
"""Of the images must reach a score, or there is no ratio."""

Point = Mapping[str, Any]
Images = Mapping[str, Sequence[Point]]
"""The points of one encoder, by image."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Judge:
    """``levels`` to compare at; ``sign`` turns the judge's figure into one that grows with quality."""

    name: str
    field: str
    levels: tuple[float, ...]
    sign: int


SSIMULACRA2 = Judge("SSIMULACRA2", "ssimulacra2", (60.0, 70.0, 80.0, 90.0), 1)
BUTTERAUGLI = Judge("Butteraugli", "butteraugli", (2.0, 1.5, 1.0, 0.7), -1)
JUDGES = (SSIMULACRA2, BUTTERAUGLI)
CPU_AT = 80.0
"""The SSIMULACRA2 at which CPU times are compared."""


def rows(points: Iterable[Point]) -> list[Row]:
    """Return one row for each set, format and encoder, alone and resizing."""
    groups: dict[tuple[str, str, bool], dict[str, dict[str, list[Point]]]] = {}
    for point in points:
        key = point["set"], point["format"], point["resizes"]
        encoders = groups.setdefault(key, {})
        encoders.setdefault(point["encoder"], defaultdict(list))[point["image"]].append(point)
    return [
        {"set": key[0], "format": key[1], "resizes": key[2], "encoder": encoder} | summary(images, group.get(BASE, {}))
        for key, group in sorted(groups.items())
        for encoder, images in group.items()
    ]


def summary(images: Images, base: Images) -> Row:
    """``curve``: means over the images of bytes (geometric), both scores and CPU milliseconds, by quality."""
    qualities = list(dict.fromkeys(point["quality"] for points in images.values() for point in points))
    by_quality = [[point for points in images.values() for point in points if point["quality"] == q] for q in qualities]
    times = [at(points, SSIMULACRA2, CPU_AT, "cpu_ms") for points in images.values()]
    reached = [time for time in times if time]
    firsts = {image: points[0] for image, points in images.items()}
    version = next(point["version"] for points in images.values() for point in points)
    return {
        "version": version,
        "images": len(images),
        "curve": [
            [
                round(geometric_mean([p["bytes"] for p in points])),
                *(round(mean(p[f] for p in points), 2) for f in ("ssimulacra2", "butteraugli", "cpu_ms")),
            ]
            for points in by_quality
        ],
        "ratios": {
            judge.field: [rounded(ratio_at(images, base, judge, level)) for level in judge.levels] for judge in JUDGES
        },
        "plain_ratio": rounded(
            geometric_mean([firsts[i]["bytes"] / base[i][0]["bytes"] for i in firsts if i in base] or [1])
        ),
        "cpu_ms": round(mean(reached), 2) if len(reached) >= FEWEST_SHARE * len(images) else None,
    }


def ratio_at(images: Images, base: Images, judge: Judge, level: float) -> float | None:
    """Return the bytes relative to those of the base at a level; None if too few images reach it."""
    ratios = []
    for image in images.keys() & base.keys():
        ours, theirs = (at(side[image], judge, level, "bytes") for side in (images, base))
        if ours and theirs:
            ratios.append(ours / theirs)
    return geometric_mean(ratios) if ratios and len(ratios) >= FEWEST_SHARE * len(base) else None


def at(points: Sequence[Point], judge: Judge, level: float, field: str) -> float | None:
    """Interpolate a field, as its logarithm, at a level of the judge; None outside of the points."""
    ranked = sorted((judge.sign * point[judge.field], log(max(point[field], 1e-3))) for point in points)
    wanted = judge.sign * level
    for (start, low), (end, high) in pairwise(ranked):
        if start <= wanted <= end and end > start:
            return exp(low + (wanted - start) / (end - start) * (high - low))
    return None


def rounded(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio, 3)


def tables(found: Sequence[Row]) -> Iterator[str]:
    """Yield lines of Markdown: encoders alone and whole jobs, each format and set."""
    for resizes, title in ((False, "Encoders alone"), (True, "Whole jobs")):
        yield f"\n**{title}**"
        for kind, name in FORMATS.items():
            for group, group_name in SETS.items():
                chosen = [r for r in found if (r["format"], r["set"], r["resizes"]) == (kind, group, resizes)]
                if chosen:
                    yield f"\n{name}, {chosen[0]['images']} {group_name}:\n"
                    yield from lossless_table(chosen) if kind == "png" else table(chosen)


def table(chosen: Sequence[Row]) -> Iterator[str]:
    heads = [f"{judge.name} {level:g}" for judge in JUDGES for level in judge.levels]
    yield f"| {' | '.join(['encoder', *heads, f'CPU ms at {CPU_AT:g}'])} |"
    yield "| --- |" + " ---: |" * (len(heads) + 1)
    for row in chosen:
        cells = [percent(ratio) for judge in JUDGES for ratio in row["ratios"][judge.field]]
        yield f"| {row['encoder']} | {' | '.join(cells)} | {'' if row['cpu_ms'] is None else format(row['cpu_ms'], '.1f')} |"


def lossless_table(chosen: Sequence[Row]) -> Iterator[str]:
    yield "| encoder | bytes | kB | CPU ms | SSIMULACRA2 |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for row in chosen:
        size, score, _, cpu_ms = row["curve"][0]
        yield f"| {row['encoder']} | {percent(row['plain_ratio'])} | {size / 1000:.1f} | {cpu_ms:.1f} | {score:.1f} |"


def percent(ratio: float | None) -> str:
    return "" if ratio is None else f"{(ratio - 1) * 100:+.0f} %"
