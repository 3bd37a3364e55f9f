"""Pixmill compared with its peers: the same work on the same cores, in interleaved rounds.

    make bench       # sets everything up, measures, writes benchmarks/report.md and plot.svg
    .venv/bin/python -m benchmarks.bench --cells jpeg,png --rounds 3 --seconds 2 --peers pixmill,thumbor

A cell is a source format, a size and a result format: photos fitted into 512 × 512, unless it says otherwise. Every
request has a URL of its own, and each round has another order of servers. Reported for each server and cell: requests per
second, latencies, CPU time per request of the whole process tree, peak memory, bytes, and three judgements against a
float64 Lanczos3 resample of the decoded original: SSIMULACRA2 if that was made in linear light, as Pixmill resamples, and
if it was made on sRGB values, as most peers do, and Butteraugli (3-norm, less is better) of the first. The load generator
and the origin run on the same cores.

imgproxy, imagor, oximg and EmgR are measured if they are on the PATH; thumbor, ipx and nginx are installed.
"""

import argparse
import io
import json
import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from random import Random
from statistics import mean, median

from benchmarks.judging import Judges, reference_of
from benchmarks.material import HOME, camera_originals, photos
from benchmarks.measuring import PEERS, Asked, Image, Length, Server, installed, run_round, settle, started
from benchmarks.peers.peer import Peer
from benchmarks.plot import plot
from PIL import Image as Pillow

HERE = Path(__file__).parent
SIDE = 512
WIDTHS = (160, 240, 320, 480, 640, 800, 1024, 1280)
WARM_UP = Length(9, 0.0)
CAMERA = "camera"

Row = dict[str, object]


@dataclass(frozen=True)
class Cell:
    """``folder`` is below the photos: megapixels and kind.

    Each original is requested at all ``sides``, one after the other.
    """

    name: str
    folder: str
    kind: str
    into: str
    clients: int = 4
    sides: tuple[int, ...] = (SIDE,)
    prefix: str = ""


CELLS = (
    Cell("jpeg", "2/jpeg", "jpeg", "jpeg"),
    Cell("jpeg 6 MP", "6/jpeg", "jpeg", "jpeg"),
    Cell("jpeg 8 MP", "12/jpeg", "jpeg", "jpeg"),
    Cell("progressive", "2/progressive", "jpeg", "jpeg"),
    Cell("display p3", "2/p3", "jpeg", "jpeg"),
    Cell("camera originals", CAMERA, "jpeg", "jpeg"),
    Cell("camera originals to webp", CAMERA, "jpeg", "webp"),
    Cell("png", "2/png", "png", "png"),
    Cell("webp", "2/webp", "webp", "webp"),
    Cell("avif", "2/avif", "avif", "avif"),
    Cell("jpeg to webp", "2/jpeg", "jpeg", "webp"),
    Cell("jpeg to avif", "2/jpeg", "jpeg", "avif"),
    Cell("8 widths", "2/jpeg", "jpeg", "jpeg", sides=WIDTHS),
    Cell("origin 200 ms away by 32 clients", "2/jpeg", "jpeg", "jpeg", clients=32, prefix="/slow"),
    Cell("jpeg 8 MP by 16 clients", "12/jpeg", "jpeg", "jpeg", clients=16),
)
"""The largest version of the photos has 8.2 megapixels on average: they are not enlarged to 12."""


@dataclass
class Sample:
    """Measurements of one server in one cell, over all rounds."""

    rates: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    elapsed_s: list[float] = field(default_factory=list)
    peak_mib: float = 0.0
    bodies: dict[Image, bytes] = field(default_factory=dict)
    failed: str = ""


def main() -> None:
    options = parse_options()
    HOME.mkdir(parents=True, exist_ok=True)
    folder = photos()
    camera_originals(folder / CAMERA)
    cells = [cell for cell in CELLS if not options.cells or cell.name in options.cells.split(",")]
    versions = installed(options.peers.split(","))
    samples = {(peer.name, cell.name): Sample() for peer in versions for cell in cells}
    with (
        tempfile.TemporaryDirectory(prefix="pixmill-bench-") as home,
        started(versions, Path(home), folder) as servers,
    ):
        numbers = iter(range(1, 10**9))
        for turn in range(-1, options.rounds):
            length = WARM_UP if turn < 0 else Length(options.requests, options.seconds)
            for cell in cells:
                for server in Random(f"{turn} {cell.name}").sample(servers, len(servers)):
                    sample = samples[server.peer.name, cell.name]
                    measure(server, cell, folder, numbers, length, sample, is_warm_up=turn < 0)
                    settle([other.pid for other in servers])
            print(f"round {turn + 1} of {options.rounds}", flush=True)
    with Judges() as judges:
        rows = [row(peer, cell, samples[peer.name, cell.name], folder, judges) for cell in cells for peer in versions]
    write(rows, versions, options)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", default="")
    parser.add_argument("--peers", default=",".join(peer.name for peer in PEERS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=54, help="a round has at least these")
    parser.add_argument("--seconds", type=float, default=2.0, help="a round takes at least these")
    parser.add_argument("--report", type=Path, default=HERE / "report.md")
    return parser.parse_args()


def measure(
    server: Server,
    cell: Cell,
    folder: Path,
    numbers: Iterator[int],
    length: Length,
    sample: Sample,
    *,
    is_warm_up: bool,
) -> None:
    """Measure one round of one cell; the warm-up round keeps the images for the judges."""
    peer, names = server.peer, names_in(cell, folder)
    if sample.failed or peer.url(f"/{cell.folder}/{names[0]}?n=0", cell.kind, cell.into, SIDE) is None:
        sample.failed = sample.failed or "cannot"
        return
    try:
        found = run_round(
            server, length.cut(asked(peer, cell, names, numbers), len(names) * len(cell.sides)), cell.clients
        )
    except RuntimeError as error:
        sample.failed = str(error)
        return
    if is_warm_up:
        sample.bodies = {answer.image: answer.body for answer in found.answers}
        return
    sample.rates.append(len(found.answers) / found.seconds)
    sample.cpu_ms.append(found.cpu_s / len(found.answers) * 1000)
    sample.elapsed_s += [answer.seconds for answer in found.answers]
    sample.peak_mib = max(sample.peak_mib, found.peak_mib)


def names_in(cell: Cell, folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / cell.folder).iterdir())


def asked(peer: Peer, cell: Cell, names: Sequence[str], numbers: Iterator[int], quality: int | None = None) -> Asked:
    """Yield images with URLs that were never used before, without end."""
    for name in cycle(names):
        source = f"{cell.prefix}/{cell.folder}/{name}?n={next(numbers)}"
        for side in cell.sides:
            yield (name, side), str(peer.url(source, cell.kind, cell.into, side, quality))


class WrongSize(Exception):
    """A server returned an image of another size than requested."""


@dataclass(frozen=True)
class Looks:
    """Means over images: SSIMULACRA2 by the light of the reference, and Butteraugli."""

    linear: float
    gamma: float
    butteraugli: float


def looks_of(bodies: dict[Image, bytes], folder: Path, judges: Judges) -> Looks:
    """Judge images. Raises WrongSize."""
    found = []
    for (name, side), body in bodies.items():
        source, size = folder / name, size_of(body)
        if max(size) != min(side, max(size_of(source.read_bytes()))):
            raise WrongSize(f"{name} came out as {size[0]} × {size[1]}")
        verdicts = [judges.verdict(reference_of(source, size, linear=linear), body) for linear in (True, False)]
        found.append((verdicts[0].ssimulacra2, verdicts[1].ssimulacra2, verdicts[0].butteraugli))
    return Looks(*map(mean, zip(*found, strict=True)))


def size_of(body: bytes) -> tuple[int, int]:
    with Pillow.open(io.BytesIO(body)) as image:
        return image.size


def row(peer: Peer, cell: Cell, sample: Sample, folder: Path, judges: Judges) -> Row:
    if sample.failed or not sample.rates:
        return {"cell": cell.name, "server": peer.name, "failed": sample.failed or "no round"}
    try:
        looks = looks_of(sample.bodies, folder / cell.folder, judges)
    except WrongSize as wrong:
        return {"cell": cell.name, "server": peer.name, "failed": str(wrong)}
    elapsed = sorted(sample.elapsed_s)
    return {
        "cell": cell.name,
        "server": peer.name,
        "requests_s": round(median(sample.rates), 1),
        "range": f"{min(sample.rates):.1f} to {max(sample.rates):.1f}",
        "p50_ms": round(median(elapsed) * 1000, 1),
        "p95_ms": round(elapsed[int(len(elapsed) * 0.95)] * 1000, 1),
        "p99_ms": round(elapsed[int(len(elapsed) * 0.99)] * 1000, 1),
        "cpu_ms": round(median(sample.cpu_ms), 2),
        "peak_mib": round(sample.peak_mib),
        "bytes": round(mean(map(len, sample.bodies.values()))),
        "score": round(looks.linear, 1),
        "score_gamma": round(looks.gamma, 1),
        "butteraugli": round(looks.butteraugli, 2),
    }


COLUMNS = (
    "cell",
    "server",
    "requests_s",
    "range",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "cpu_ms",
    "peak_mib",
    "bytes",
    "score",
    "score_gamma",
    "butteraugli",
)


def write(rows: list[Row], versions: dict[Peer, str], options: argparse.Namespace) -> None:
    lines = [
        "# Report",
        "",
        f"{datetime.now(UTC).date().isoformat()}, {processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        + ", ".join(f"{peer.name} {version}" for peer, version in versions.items())
        + f". {options.rounds} interleaved rounds of at least {options.requests} requests and {options.seconds:g} s, in another "
        "order each, by 4 clients where a cell names no other number; medians, and the range of requests/s. The origin and the "
        "load generator share the cores. Memory is the peak sum of PSS over the process tree. The scores are SSIMULACRA2 against "
        "a resample in linear light (Pixmill's own method) and one on sRGB values; Butteraugli, of which less is better, is "
        "against the first. Made by `make bench`.",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "|" + " --- |" * len(COLUMNS),
    ]
    for each in rows:
        values = {"requests_s": each.get("failed", "")} | each
        lines.append("| " + " | ".join(str(values.get(column, "")) for column in COLUMNS) + " |")
    options.report.write_text("\n".join(lines) + "\n")
    options.report.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    plot(rows, options.report.with_name("plot.svg"))
    print("\n".join(lines))


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
