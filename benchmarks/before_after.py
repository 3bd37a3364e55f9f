"""Compares two revisions of Pixmill: bytes at equal score and CPU time of the whole render, in the cells of the benchmark.

    python -m benchmarks.before_after --before 3298836e
    python -m benchmarks.before_after --before REVISION --after . --cells jpeg,avif --photos FOLDER --params mode=best

Each side is a folder with an environment of its own (``make .venv/.dev``), or a revision, for which one is made. The
engine of each renders every photo, by turns. Bytes at equal score: the quality of the side ``after`` is changed until
its SSIMULACRA2 is that of ``before`` at the quality of the benchmark, and its bytes are interpolated there; lossless
results are compared as they are. CPU time is that of the render at the quality of the benchmark, at least of the
rounds; the ratio is that of the sums. Bars: the bytes of ``BARS``, at no more than 1.1 times the CPU time.
"""

import argparse
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from math import exp, log
from pathlib import Path
from statistics import geometric_mean, mean, median
from typing import Self

from benchmarks.judging import Judges, Verdict, reference_of
from benchmarks.material import HOME, photos
from benchmarks.peers.pixmill import QUALITY
from PIL import Image

ROOT = Path(__file__).parent.parent
RENDERER = Path(__file__).with_name("renderer.py")
SIDE = 512
STEP = 4
"""Qualities between which bytes are interpolated."""

LOSSLESS = {"png"}
BARS = {"jpeg": 0.92, "webp": 0.95, "avif": 0.95, "png": 0.90}
CPU_BAR = 1.1

Params = dict[str, str]


@dataclass(frozen=True)
class Cell:
    """``folder`` is below the photos: megapixels and kind."""

    name: str
    folder: str
    into: str


CELLS = (
    Cell("jpeg", "2/jpeg", "jpeg"),
    Cell("jpeg 6 MP", "6/jpeg", "jpeg"),
    Cell("progressive", "2/progressive", "jpeg"),
    Cell("png", "2/png", "png"),
    Cell("webp", "2/webp", "webp"),
    Cell("avif", "2/avif", "avif"),
    Cell("jpeg to webp", "2/jpeg", "webp"),
    Cell("jpeg to avif", "2/jpeg", "avif"),
)


@dataclass(frozen=True)
class Render:
    body: bytes
    cpu_ms: float


class Side:
    """A running renderer of one revision; to be used in a ``with`` statement."""

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout
        self._scratch = tempfile.TemporaryDirectory(prefix="pixmill-side-")
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        command = [str(self._checkout / ".venv" / "bin" / "python"), str(RENDERER)]
        self._process = subprocess.Popen(
            command, cwd=self._checkout, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        return self

    def __exit__(self, *error: object) -> None:
        if self._process and self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            self._process.wait(10)
            self._process.stdout.close()
        self._scratch.cleanup()

    def render(self, source: Path, params: Params) -> Render:
        if not (self._process and self._process.stdin and self._process.stdout):
            raise RuntimeError("The renderer is not running")
        out = Path(self._scratch.name) / "result"
        self._process.stdin.write(json.dumps({"source": str(source), "params": params, "out": str(out)}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._checkout}: {source} {params} failed")
        return Render(out.read_bytes(), json.loads(answer)["cpu_ms"])


@dataclass
class Measurement:
    """One photo in one cell: CPU milliseconds of each round, the first results, and bytes at the score of ``before``."""

    before_ms: list[float] = field(default_factory=list)
    after_ms: list[float] = field(default_factory=list)
    before_bytes: int = 0
    after_bytes: int = 0
    before: Verdict | None = None
    after: Verdict | None = None
    equal_bytes: float = 0.0


@dataclass(frozen=True)
class Row:
    """Means over the photos of a cell; ``bytes_ratio`` is that at equal score, ``plain_ratio`` at the same quality."""

    cell: str
    photos: int
    bytes_ratio: float
    plain_ratio: float
    before_score: float
    after_score: float
    before_butteraugli: float
    after_butteraugli: float
    before_kb: float
    cpu_ratio: float
    before_ms: float
    after_ms: float
    reached: bool


def main() -> None:
    options = parse_options()
    names = options.cells.split(",") if options.cells else [cell.name for cell in CELLS]
    extra = dict(word.split("=", 1) for word in options.params)
    with ExitStack() as stack:
        judges = stack.enter_context(Judges())
        before, after = (stack.enter_context(Side(checkout(name))) for name in (options.before, options.after))
        rows = []
        print_heading()
        for cell in cells(names, options.photos):
            sources = sorted(cell_sources(cell, options.photos))[: options.limit or None]
            found = [measure(source, cell, (before, after), judges, extra, options.rounds) for source in sources]
            rows.append(summary(cell, found))
            print_row(rows[-1])
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--before", default="3298836e", help="a revision, or a folder with an environment")
    parser.add_argument("--after", default=".")
    parser.add_argument("--cells", default="")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=int, default=0, help="the number of photos; all by default")
    parser.add_argument("--photos", type=Path, help="a folder of originals, in place of those of the benchmark")
    parser.add_argument("--params", nargs="*", default=[], help="parameters of both sides, as mode=best")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def checkout(name: str) -> Path:
    """Return the folder of a revision with its environment, made if missing."""
    if Path(name).is_dir():
        return Path(name).resolve()
    command = ["git", "rev-parse", "--verify", f"{name}^{{commit}}"]
    revision = subprocess.check_output(command, cwd=ROOT, text=True).strip()
    folder = HOME / "revisions" / revision
    if not folder.exists():
        subprocess.run(["git", "worktree", "add", "--detach", str(folder), revision], cwd=ROOT, check=True)
    subprocess.run(["make", "-s", ".venv/.dev"], cwd=folder, check=True)
    return folder


def cells(names: Sequence[str], folder: Path | None) -> Iterator[Cell]:
    """Yield the named cells; for a folder of its own, one for each format."""
    known = {cell.name: cell for cell in CELLS}
    for name in names:
        if not folder:
            yield known[name]
        elif name in QUALITY:
            yield Cell(f"{folder.name} to {name}", "", name)


def cell_sources(cell: Cell, folder: Path | None) -> list[Path]:
    return [path for path in (folder or photos() / cell.folder).iterdir() if path.is_file()]


def measure(
    source: Path, cell: Cell, sides: tuple[Side, Side], judges: Judges, extra: Params, rounds: int
) -> Measurement:
    found = Measurement()
    params = {"width": str(SIDE), "height": str(SIDE), "format": cell.into, "quality": str(QUALITY[cell.into])} | extra
    before, after = (side.render(source, params) for side in sides)
    for turn in range(rounds):
        order = ((sides[0], found.before_ms), (sides[1], found.after_ms))
        for side, times in order if turn % 2 else reversed(order):
            times.append(side.render(source, params).cpu_ms)
    reference = reference_of(source, size_of(before.body))
    found.before_bytes, found.after_bytes = len(before.body), len(after.body)
    found.before, found.after = (judges.verdict(reference, side.body) for side in (before, after))
    if cell.into in LOSSLESS:
        found.equal_bytes = len(after.body)
    else:
        found.equal_bytes = bytes_at(found.before.ssimulacra2, source, params, sides[1], judges, reference)
    return found


def size_of(body: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(body)) as image:
        return image.size


def bytes_at(score: float, source: Path, params: Params, side: Side, judges: Judges, reference: Path) -> float:
    """Return the bytes at a score, between two qualities that are ``STEP`` apart."""
    points: dict[int, tuple[float, float]] = {}

    def point(quality: int) -> tuple[float, float]:
        if quality not in points:
            body = side.render(source, params | {"quality": str(quality)}).body
            points[quality] = judges.verdict(reference, body).ssimulacra2, log(len(body))
        return points[quality]

    low = int(params["quality"])
    while point(low)[0] > score and low > STEP:
        low -= STEP
    while point(min(100, low + STEP))[0] < score and low + STEP < 100:
        low += STEP
    (low_score, low_bytes), (high_score, high_bytes) = point(low), point(min(100, low + STEP))
    share = (score - low_score) / (high_score - low_score) if high_score > low_score else 0.5
    return exp(low_bytes + min(max(share, -1.0), 2.0) * (high_bytes - low_bytes))


def summary(cell: Cell, found: Sequence[Measurement]) -> Row:
    before_ms, after_ms = (
        mean(map(median, times)) for times in ([f.before_ms for f in found], [f.after_ms for f in found])
    )
    ratio = geometric_mean([each.equal_bytes / each.before_bytes for each in found])
    cpu = sum(min(each.after_ms) for each in found) / sum(min(each.before_ms) for each in found)
    before, after = (
        [verdict for verdict in side if verdict] for side in ([f.before for f in found], [f.after for f in found])
    )
    return Row(
        cell=cell.name,
        photos=len(found),
        bytes_ratio=ratio,
        plain_ratio=geometric_mean([each.after_bytes / each.before_bytes for each in found]),
        before_score=mean(each.ssimulacra2 for each in before),
        after_score=mean(each.ssimulacra2 for each in after),
        before_butteraugli=mean(each.butteraugli for each in before),
        after_butteraugli=mean(each.butteraugli for each in after),
        before_kb=mean(each.before_bytes for each in found) / 1000,
        cpu_ratio=cpu,
        before_ms=before_ms,
        after_ms=after_ms,
        reached=ratio <= BARS[cell.into] and cpu <= CPU_BAR,
    )


def print_heading() -> None:
    print(
        "| cell | photos | bytes at equal score | CPU | bar | kB before | bytes at the same quality | SSIMULACRA2 | Butteraugli | CPU ms |"
    )
    print("|" + " --- |" + " ---: |" * 9, flush=True)


def print_row(row: Row) -> None:
    columns = (
        row.cell,
        str(row.photos),
        f"{(row.bytes_ratio - 1) * 100:+.1f} %",
        f"{row.cpu_ratio:.2f}",
        "reached" if row.reached else "not reached",
        f"{row.before_kb:.1f}",
        f"{(row.plain_ratio - 1) * 100:+.1f} %",
        f"{row.before_score:.1f} → {row.after_score:.1f}",
        f"{row.before_butteraugli:.2f} → {row.after_butteraugli:.2f}",
        f"{row.before_ms:.1f} → {row.after_ms:.1f}",
    )
    print("| " + " | ".join(columns) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
