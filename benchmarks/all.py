"""Runs all benchmarks, one after the other, and writes one report: ``make bench``.

    .venv/bin/python -m benchmarks.all [--rounds 3] [--requests 54]

Each part is a command of its own; the report contains its output unchanged, with machine, date and load. It takes about
an hour, and is meaningful only on an otherwise idle machine.
"""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import bench

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Part:
    """A command for ``python -m``, and its title."""

    title: str
    command: tuple[str, ...]


PARTS = (
    Part("The kernel", ("benchmarks.kernel",)),
    Part("What a miss costs beside a bare loop, by mode", ("benchmarks.bars",)),
    Part("Where the time of a miss goes", ("benchmarks.miss",)),
    Part("Worker processes beside threads", ("benchmarks.pool", "examples/photos", "--seconds", "4", "--rounds", "3")),
    Part("Hits, crowds, memory, start", ("benchmarks.front",)),
    Part(
        "Every server at six qualities",
        ("benchmarks.curves", "--cells", "jpeg,camera originals,camera originals to webp"),
    ),
    Part("Start, memory, repeated requests and connections of every server", ("benchmarks.serving",)),
    Part("Ten times the capacity", ("benchmarks.overload",)),
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=54)
    options = parser.parse_args()
    report = HERE / "report.md"
    requested = ["--rounds", str(options.rounds), "--requests", str(options.requests), "--report", str(report)]
    subprocess.run([sys.executable, "-m", "benchmarks.bench", *requested], check=True)
    lines = [report.read_text().rstrip(), "", "![Speed against quality](plot.svg)"]
    for part in PARTS:
        lines += section(part)
        report.write_text("\n".join(lines) + "\n")


def section(part: Part) -> list[str]:
    """Return a heading, the command and its output."""
    now, load = datetime.now(UTC), os.getloadavg()[0]
    print(f"{part.title} …", flush=True)
    completed = subprocess.run([sys.executable, "-m", *part.command], capture_output=True, text=True, check=False)
    values = f"`python -m {' '.join(part.command)}`, {now:%Y-%m-%d %H:%M} UTC, {bench.processor()}, load before it {load:.1f}"
    printed = completed.stdout.rstrip() or completed.stderr.rstrip()[-2_000:]
    return ["", f"## {part.title}", "", values, "", "```", printed, "```"]


if __name__ == "__main__":
    main()
