"""`pixmill batch`: CPU time beside a bare loop, a large batch that is killed twice, and memory with a million names.

    .venv/bin/python -m benchmarks.batch cpu [--originals 300] [--rounds 3]
    .venv/bin/python -m benchmarks.batch kill [--originals 10000]
    .venv/bin/python -m benchmarks.batch names [--names 1000000]

``cpu``: user and system time of the whole process tree per original, 4 sizes of each, against a loop in one process
that reads a file, calls the engine's own function, and writes the results: no workers, no listing, no journal.
Interleaved rounds, medians. ``kill``: over a real SeaweedFS, killed with SIGKILL after 30 and 60 %, run to its end, and
compared with an undisturbed run, byte for byte. ``names``: peak resident memory of the process that lists.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from pixmill.batch.variants import compile_variants
from pixmill.engine.pixels.batch import render_all
from pixmill.plan.limits import Limits
from pixmill.ports.values import Rendered
from tests.batch.killed import command, digests, environment, photos, run_killed, upload
from tests.servers.seaweedfs import SeaweedFS

WIDTHS = "64,128,256,384"
BAR = 1.15
KINDS = 100
WORKERS = 2


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("cpu", "kill", "names", "loop"))
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--originals", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--format", default="webp")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pixmill-batch-bench-") as folder:
        if options.what == "loop":
            loop(*map(Path, options.folders), options.format)
        elif options.what == "cpu":
            sys.exit(not cpu(Path(folder), options.originals or 300, options.rounds, options.format))
        elif options.what == "kill":
            sys.exit(not kill(Path(folder), options.originals or 10_000))
        else:
            names(Path(folder), options.names)


def loop(source: Path, target: Path, form: str) -> None:
    """The minimum: one process, one file after the other."""
    variants = compile_variants({"width": (WIDTHS,), "format": (form,)})
    plans, limits = [variant.plan for variant in variants], Limits()
    target.mkdir()
    for path in sorted(source.iterdir()):
        for number, result in render_all(memoryview(path.read_bytes()), plans, limits):
            assert isinstance(result, Rendered)
            (target / f"{path.stem}-{variants[number].params['width']}.{variants[number].extension}").write_bytes(
                result.body
            )


def cpu(folder: Path, originals: int, rounds: int, form: str) -> bool:
    source = folder / "photos"
    source.mkdir()
    bodies = photos(KINDS)
    for number in range(originals):
        (source / f"{number:05}.jpg").write_bytes(bodies[number % len(bodies)])
    bare, ours = [], []
    for turn in range(rounds):
        bare.append(
            seconds(
                [
                    sys.executable,
                    "-m",
                    "benchmarks.batch",
                    "loop",
                    str(source),
                    str(folder / f"bare-{turn}"),
                    "--format",
                    form,
                ]
            )
        )
        to = f"{folder}/ours-{turn}/{{stem}}-{{width}}.{{ext}}"
        ours.append(seconds(command(f"{source}/*.jpg", "--to", to, "--width", WIDTHS, "--format", form, "--quiet")))
        print(
            f"round {turn}: bare {bare[-1] / originals * 1000:.1f} ms, batch {ours[-1] / originals * 1000:.1f} ms",
            flush=True,
        )
    same = all(
        path.read_bytes() == (folder / "bare-0" / path.name).read_bytes() for path in (folder / "ours-0").glob("*.*")
    )
    ratio = median(ours) / median(bare)
    print(
        f"{originals} originals × {len(WIDTHS.split(','))} sizes in {form}: bare loop {median(bare) / originals * 1000:.1f} ms, batch {median(ours) / originals * 1000:.1f} ms of CPU an original"
    )
    print(f"ratio {ratio:.3f}, bar {BAR}: {'reached' if ratio <= BAR else 'MISSED'}; the same bytes: {same}")
    return ratio <= BAR and same


def seconds(arguments: list[str]) -> float:
    """Return user and system time of a command and all its processes, which it waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(arguments, check=True, capture_output=True, cwd=Path(__file__).parents[1])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def kill(folder: Path, originals: int) -> bool:
    with SeaweedFS() as server:
        began = time.monotonic()
        upload(server, "photos", [f"{number % 97}/{number}.jpg" for number in range(originals)], photos(KINDS))
        for bucket in ("thumbs", "whole"):
            server.make_bucket(bucket)
        print(f"{originals} originals uploaded in {time.monotonic() - began:.0f} s", flush=True)
        env = environment(server, "photos", "thumbs", "whole")
        parameters = ["--width", "48,96,144,192", "--format", "webp", "--workers", str(WORKERS)]
        one = ["s3://photos/**/*.jpg", "--to", "s3://thumbs/{dir}/{stem}-{width}.{ext}", *parameters]
        step = originals * 3 // 10
        disturbed = run_killed(one, env, folder, (step, step))
        again = sum(disturbed.runs) - originals
        print(
            f"killed twice: exit codes {disturbed.exit_codes}, originals of each run {disturbed.runs}, {disturbed.seconds:.0f} s",
            flush=True,
        )
        print(f"made twice: {again}; at most one shard of 64 a worker and kill: {2 * WORKERS * 64}")
        began = time.monotonic()
        whole = ["s3://photos/**/*.jpg", "--to", "s3://whole/{dir}/{stem}-{width}.{ext}", *parameters]
        subprocess.run(command(*whole, "--quiet"), env=env, check=True, capture_output=True)
        print(f"undisturbed: {time.monotonic() - began:.0f} s", flush=True)
        thumbs, expected = digests(server, "thumbs"), digests(server, "whole")
        print(
            f"{len(thumbs)} of {originals * 4} results are there, the same bytes as undisturbed: {thumbs == expected}"
        )
        return len(thumbs) == originals * 4 and thumbs == expected and again <= 2 * WORKERS * 64


def names(folder: Path, count: int) -> None:
    """List ``count`` names twice: all of them, without rendering, and as one machine of 5,000, which renders its part."""
    bodies = photos(4)
    (folder / "p").mkdir()
    listed = folder / "names"
    with listed.open("w") as out:
        for number in range(count):
            out.write(f"{folder}/p/{number % 1000}/photo-{number}.jpg\n")
    to = f"{folder}/out/{{dir}}/{{stem}}-{{width}}.{{ext}}"
    base = command("--files-from", str(listed), "--to", to, "--width", "64", "--format", "webp")
    peak, took = peak_mib([*base, "--dry-run"])
    print(f"{count:,} names listed, checked and printed: {peak:.0f} MiB at most, {took:.0f} s", flush=True)
    peak, took = peak_mib([*base[:4], *base[4:], "--shard", "0/5000", "--quiet"])
    print(f"{count:,} names listed, one of 5,000 parts run: {peak:.0f} MiB at most, {took:.0f} s", flush=True)
    small = folder / "few"
    small.write_text(f"{folder}/p/photo.jpg\n")
    (folder / "p" / "photo.jpg").write_bytes(bodies[0])
    peak, _ = peak_mib(command("--files-from", str(small), "--to", to, "--width", "64", "--format", "webp", "--quiet"))
    print(f"one name: {peak:.0f} MiB")


def peak_mib(arguments: list[str]) -> tuple[float, float]:
    """Return the peak resident memory of the process itself, without its workers, and the seconds that it took."""
    began, peak = time.monotonic(), 0
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ) as process:
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                break
            peak = max([peak, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))])
            time.sleep(0.05)
    return peak / 1024, time.monotonic() - began


if __name__ == "__main__":
    main()
