"""Writes the page of the benchmarks: the plot, and a table of the same work on each server, from ``benchmarks/report.json``."""

import json
from collections.abc import Iterable
from pathlib import Path

REPORT = Path(__file__).parents[1] / "benchmarks" / "report.json"

CELLS = {
    "jpeg": "JPEG, 2 MP",
    "jpeg 8 MP": "JPEG, 8 MP",
    "camera originals": "JPEG, from cameras",
    "png": "PNG",
    "webp": "WebP",
    "avif": "AVIF",
    "jpeg to webp": "JPEG to WebP",
    "jpeg to avif": "JPEG to AVIF",
}
SERVERS = ("pixmill", "thumbor", "ipx", "nginx")

INTRODUCTION = """\
# Benchmarks

```
make bench
```

![Requests per second and SSIMULACRA2 of four servers: up and right is better](../benchmarks/plot.svg)

Each server resizes the same photos to fit 512 × 512, on the same machine with two cores, for four clients. Qualities are
chosen so that files have about the same size; the report has their bytes. Up is better quality, right is more requests per second.
"""

END = """\
- Everything is a cache miss. Hits are answered from memory, at more than ten thousand requests per second.
- The score is SSIMULACRA2 against the original at the size of the result: 90 is indistinguishable, 70 is high.
- Origin and load generator share the two cores with the server.

A point says little: quality and speed can be exchanged. Curves compare each server at six qualities, at equal score and at equal bytes, and say for
each point of another server whether a mode of Pixmill is as fast, as good and as small:

```
python -m benchmarks.curves --cells jpeg --peers pixmill,pixmill-fast,pixmill-best,thumbor,ipx
```

Start, memory, repeated and conditional requests, and 4,000 open connections:

```
python -m benchmarks.serving --peers pixmill,thumbor,ipx,nginx
```

imgproxy, imagor, oximg and EmgR are measured too if they are on the `PATH`, also with the efforts of Pixmill's encoders (`imgproxy-quick`). The score is
against a resample in linear light, which is Pixmill's own method; the report has it also against one on sRGB values, and Butteraugli.

[The whole report](../benchmarks/report.md) has machine and versions, latencies, memory, slow origins, overload and failures.
[Performance](speed.md) says where the time goes, and [features](features.md) compare what servers can do.
"""


def page() -> str:
    return "\n".join(_lines())


def _lines() -> Iterable[str]:
    rows = {(row["cell"], row["server"]): row for row in json.loads(REPORT.read_text(encoding="utf-8"))}
    yield INTRODUCTION
    yield f"Requests per second, and score:\n\n| | {' | '.join(SERVERS)} |"
    yield f"| --- |{' ---: |' * len(SERVERS)}"
    for cell, title in CELLS.items():
        if not any((cell, server) in rows for server in SERVERS):
            continue
        yield f"| {title} | {' | '.join(_result(rows.get((cell, server), {})) for server in SERVERS)} |"
    yield ""
    yield END


def _result(row: dict[str, object]) -> str:
    return f"{row['requests_s']} ({row['score']})" if "score" in row else "–"
