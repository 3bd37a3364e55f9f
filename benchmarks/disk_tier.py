"""The disk tier with many entries: start to the first write, CPU time of sweeps, purge of one source.

    .venv/bin/python -m benchmarks.disk_tier FOLDER [--entries 2000000] [--keep]

Fills FOLDER, which must be new, with small entries of 1,000 to a source (as long as the disk has inodes: a minute for two
million), then opens the tier as a server does: in a folder that no server knows, after a clean end, and after SIGKILL.
"""

import argparse
import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from pixmill.cache.disk.expiry_mark import expiry_ns
from pixmill.cache.disk.tier import _SWEEPS_SHARE, RESCAN_INTERVAL_S, DiskResultTier
from pixmill.cache.format.entry import encode
from pixmill.cache.purge.rules import PurgeRules
from pixmill.cache.purge.selection import PurgeSelection
from pixmill.plan.key import SOURCE_DIGITS, Key, source_digits
from pixmill.plan.purge import PurgeScope, PurgeTarget
from tests.cache.entries import entry_of

GIB = 2**30
PER_SOURCE = 1_000
HOUR_S = 3_600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entries", type=int, default=2_000_000)
    parser.add_argument("--keep", action="store_true", help="do not remove the folder at the end")
    options = parser.parse_args()
    limit = max(options.entries * 4096 * 2, GIB)
    if not options.folder.exists():
        began = time.monotonic()
        fill(options.folder, options.entries)
        print(f"filled with {options.entries} entries in {time.monotonic() - began:.0f} s", flush=True)
    try:
        for record in options.folder.glob("*.usage"):
            record.unlink()
        print(f"start to the first write, unknown folder   {first_write(options.folder, limit, signal.SIGTERM):8.2f} s")
        print(f"start to the first write, clean end before {first_write(options.folder, limit, signal.SIGKILL):8.2f} s")
        print(f"start to the first write, SIGKILL before   {first_write(options.folder, limit, signal.SIGTERM):8.2f} s")
        asyncio.run(sweep_and_purge(options.folder, limit))
    finally:
        if not options.keep:
            shutil.rmtree(options.folder)


def fill(folder: Path, entries: int) -> None:
    for shard in range(256):
        (folder / f"{shard:02x}").mkdir(parents=True)
    now_ns = time.time_ns()
    for number in range(entries):
        key = key_of(number)
        with (folder / key[:2] / key).open("wb", buffering=0) as file:
            file.write(encode(key, entry_of(b"x", sources=(source(number),))))
            os.utime(file.fileno(), ns=(expiry_ns(time.time() + HOUR_S), now_ns - number))


def source(number: int) -> str:
    return f"https://images.example/{number // PER_SOURCE}.jpg"


def key_of(number: int) -> Key:
    digest = hashlib.sha256(b"%d" % number).hexdigest()
    return Key(source_digits(source(number)) + digest[SOURCE_DIGITS:])


WRITER = """
import asyncio, sys, time
from pathlib import Path
from pixmill.cache.disk.tier import DiskResultTier
from benchmarks.disk_tier import key_of
from tests.cache.entries import entry_of

async def main():
    began = time.monotonic()
    tier = await DiskResultTier.open(Path(sys.argv[1]), int(sys.argv[2]))
    await tier.put(key_of(0), entry_of(b"x"))
    print(time.monotonic() - began, flush=True)
    try:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    finally:
        await tier.close()

asyncio.run(main())
"""


def first_write(folder: Path, limit: int, end: signal.Signals) -> float:
    """Return the seconds from the opening of the tier to a stored entry, in a process that then ends or is killed."""
    command = [sys.executable, "-c", WRITER, str(folder), str(limit)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if not (process.stdin and process.stdout):
        raise RuntimeError("no pipes")
    seconds = float(process.stdout.readline())
    if end is signal.SIGKILL:
        process.kill()
    process.stdin.close()
    process.wait()
    process.stdout.close()
    return seconds


async def sweep_and_purge(folder: Path, limit: int) -> None:
    tier = await DiskResultTier.open(folder, limit)
    try:
        began = time.monotonic()
        while not tier._folder.sweep_cpu_s:  # noqa: SLF001 - the sweep of the start
            await asyncio.sleep(0.1)
        cpu_s = tier._folder.sweep_cpu_s  # noqa: SLF001
        interval_s = max(RESCAN_INTERVAL_S, cpu_s / _SWEEPS_SHARE)
        print(
            f"sweep                                      {cpu_s:8.2f} s of CPU time in {time.monotonic() - began:.0f} s"
        )
        print(f"– of one core, every {interval_s:5.0f} s                {cpu_s / interval_s:8.2%}")
        rules = PurgeRules()
        purged = range(5 * PER_SOURCE, 6 * PER_SOURCE)
        issued = rules.issue([PurgeTarget(PurgeScope.SOURCE, source(purged[0]))])
        began = time.monotonic()
        purge = asyncio.create_task(tier.purge(PurgeSelection(rules, issued)))
        of_source = [folder / key_of(number)[:2] / key_of(number) for number in purged]
        while any(path.exists() for path in of_source):
            await asyncio.sleep(0.01)
        print(f"purge of a source, {PER_SOURCE} entries             {time.monotonic() - began:8.2f} s")
        purge.cancel()
    finally:
        await tier.close()


if __name__ == "__main__":
    main()
