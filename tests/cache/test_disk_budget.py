"""The disk tier keeps to its quota at every moment, and every entry stays right, also when writers are killed."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from pixmill.cache.disk.quota import DiskQuota, allocated_bytes
from pixmill.cache.disk.tier import DiskResultTier
from pixmill.cache.format.entry import decode
from pixmill.errors import StoreError
from pixmill.plan.key import Key
from pixmill.ports.values import Entry
from tests.cache.entries import body_of, entry_of, key_of

MIB = 2**20
BUDGET = 4 * MIB


def on_disk(path: Path) -> int:
    """Bytes of the files in the folder without the records of its total."""
    total = 0
    for file in path.glob("*/*"):
        try:
            status = file.stat()
        except FileNotFoundError:
            continue
        total += allocated_bytes(status.st_size) if file.is_file() else 0
    return total


@contextmanager
def monitored(path: Path, disk_quota: DiskQuota) -> Iterator[list[tuple[int, int]]]:
    """Samples the folder's size, while nothing can be removed, with the bytes booked at that moment."""
    samples: list[tuple[int, int]] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            with disk_quota.lock:
                samples.append((on_disk(path), disk_quota.used_bytes))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()


async def write(cache: DiskResultTier, random: Random, rounds: int) -> int:
    done = 0
    for _ in range(rounds):
        key, size = key_of(random.randrange(400)), random.choice((100, 5_000, 30_000, 200_000))
        try:
            await cache.put(key, entry_of(body_of(key, size)))
            done += 1
        except StoreError:  # no space at the moment
            await asyncio.sleep(0.001)
    return done


async def test_eight_writers_never_exceed_the_budget_at_any_moment(tmp_path: Path) -> None:
    cache = await DiskResultTier.open(tmp_path, BUDGET)
    try:
        with monitored(tmp_path, cache._quota) as samples:
            done = await asyncio.gather(*(write(cache, Random(n), 60) for n in range(8)))
        assert sum(done) > 300
        assert len(samples) > 5
        assert max(found for found, _ in samples) > BUDGET // 2
        # Bytes in flight at the end of a scan may be booked twice: more is booked than there is, never less.
        assert all(found <= min(booked, BUDGET) for found, booked in samples)
        for number in range(400):
            found = await cache.get(key_of(number))
            assert not isinstance(found, Entry) or found.body == body_of(key_of(number), len(found.body))
    finally:
        await cache.close()


WRITER = """
import asyncio, os, random, sys
from pathlib import Path
from pixmill.cache.disk.tier import DiskResultTier
from pixmill.errors import StoreError
from tests.cache.entries import body_of, entry_of, key_of

async def write(cache, random):
    while True:
        key, size = key_of(random.randrange(400)), random.choice((100, 5_000, 30_000, 200_000))
        try:
            await cache.put(key, entry_of(body_of(key, size)))
            found = await cache.get(key)
            assert not hasattr(found, "body") or found.body == body_of(key, len(found.body))
            os.write(1, b".")
        except StoreError:
            await asyncio.sleep(0.001)

async def main():
    cache = await DiskResultTier.open(Path(sys.argv[1]), int(sys.argv[2]))
    await asyncio.gather(*(write(cache, random.Random(f"{sys.argv[3]}{n}")) for n in range(4)))

asyncio.run(main())
"""


def start_writer(path: Path, seed: object) -> subprocess.Popen[bytes]:
    """Four tasks that store entries; prints a dot for each one."""
    here = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(BUDGET), str(seed)],
        cwd=here,
        env=os.environ | {"PYTHONPATH": str(here)},
        stdout=subprocess.PIPE,
        bufsize=0,
    )


def wait_for_writes(process: subprocess.Popen[bytes], count: int) -> None:
    assert process.stdout
    while count > 0:
        dots = process.stdout.read(count)
        assert dots, "the writer ended by itself"
        count -= len(dots)


@contextmanager
def all_stopped(processes: list[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Stops all processes; waits until they have stopped, because the signal alone does not."""
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    for process in processes:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), "the writer ended by itself"
    yield
    for process in processes:
        process.send_signal(signal.SIGCONT)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert process.returncode == -signal.SIGKILL, "the writer ended by itself"
    assert process.stdout
    process.stdout.close()


def check(path: Path) -> tuple[int, int]:
    """Returns the numbers of sound entries and of half-written files; asserts that no entry is wrong."""
    sound = torn = 0
    for file in path.glob("??/*"):
        entry = decode(Key(file.name), file.read_bytes()) if not file.name.endswith(".tmp") else None
        torn += entry is None
        if entry is not None:
            sound += 1
            assert entry.body == body_of(Key(file.name), len(entry.body))
    return sound, torn


async def test_a_writer_killed_at_any_moment_leaves_only_right_entries_within_the_budget(tmp_path: Path) -> None:
    random = Random(7)
    sound = 0
    for round_ in range(12):
        process = start_writer(tmp_path, round_)
        wait_for_writes(process, random.randint(1, 50))
        stop(process)
        assert on_disk(tmp_path) <= BUDGET
        sound, torn = check(tmp_path)
        assert torn <= 4 * (round_ + 1)
    assert sound > 10
    cache = await DiskResultTier.open(tmp_path, BUDGET)
    try:
        held = [await cache.get(key_of(number)) for number in range(400)]
        assert sum(isinstance(found, Entry) for found in held) >= sound // 2
    finally:
        await cache.close()


@pytest.mark.parametrize("count", [2, 3])
def test_processes_that_share_a_folder_keep_to_the_budget(tmp_path: Path, count: int) -> None:
    """Two processes keep to it exactly; a third may add a margin of a sixteenth."""
    limit = BUDGET + (count - 2) * BUDGET // 16
    processes = [start_writer(tmp_path, n) for n in range(count)]
    largest = 0
    for round_ in range(60):
        wait_for_writes(processes[round_ % count], 10)
        with all_stopped(processes):
            largest = max(largest, on_disk(tmp_path))
    for process in processes:
        stop(process)
    sound, _ = check(tmp_path)
    assert sound > 10
    assert BUDGET // 2 < largest <= limit
