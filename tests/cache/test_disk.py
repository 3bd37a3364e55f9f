"""The disk tier returns the right entry or none, raises StoreError only, and keeps to its quota."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import time

import pytest

from pixmill.cache.disk import blob_folder as folders
from pixmill.cache.disk.blob_folder import MAX_TEMPORARY_AGE_S, TOUCH_INTERVAL_S
from pixmill.cache.disk.expiry_mark import EXPIRY_GRACE_S
from pixmill.cache.disk.quota import allocated_bytes
from pixmill.cache.disk.tier import DiskResultTier
from pixmill.cache.format.entry import encode
from pixmill.cache.resilience.guarded import GuardedTier
from pixmill.cache.tier import Miss
from pixmill.errors import StoreError, StoreFull, StoreUnavailable
from pixmill.plan.key import Key
from pixmill.ports.values import Entry
from tests.cache.entries import Recorder, body_of, entry_of, key_of

MIB = 2**20


@asynccontextmanager
async def opened(
    path: Path, max_bytes: int = 8 * MIB, recorder: Recorder | None = None
) -> AsyncIterator[DiskResultTier]:
    """Opens a tier whose first scan is done."""
    cache = await DiskResultTier.open(path, max_bytes, recorder)
    try:
        while cache.used_bytes == max_bytes:
            await asyncio.sleep(0.001)
        yield cache
    finally:
        await cache.close()


def place(path: Path, key: Key) -> Path:
    return path / key[:2] / key


def on_disk(path: Path) -> int:
    """Bytes of the files in the folder without the record of its total; a sweep may remove some meanwhile."""
    total = 0
    for file in path.glob("*/*"):
        with suppress(FileNotFoundError):
            total += allocated_bytes(file.stat().st_size) if file.is_file() else 0
    return total


async def keys_after_sweep(path: Path, count: int) -> list[int]:
    """Returns the keys that are left once no sweep runs any more; does not mark them as used."""
    held: list[int] = []
    async with asyncio.timeout(30):
        while (now := [number for number in range(count) if place(path, key_of(number)).exists()]) != held:
            held = now
            await asyncio.sleep(0.3)
    return held


async def test_an_entry_outlives_the_process(tmp_path: Path) -> None:
    entry = entry_of()
    async with opened(tmp_path) as cache:
        await cache.put(key_of(1), entry)
    async with opened(tmp_path) as cache:
        assert await cache.get(key_of(1)) == entry


async def test_files_and_folders_are_private(tmp_path: Path) -> None:
    async with opened(tmp_path / "new" / "cache") as cache:
        await cache.put(key_of(1), entry_of())
    file = place(tmp_path / "new" / "cache", key_of(1))
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda blob: blob[:-1],
        lambda blob: blob[: len(blob) // 2] + bytes(len(blob) - len(blob) // 2),
        lambda blob: blob + b"\0",
        lambda _: bytes(3 * MIB),
        lambda _: encode(key_of("another"), entry_of()),
    ],
    ids=["empty", "cut", "torn", "longer", "huge", "foreign"],
)
async def test_a_damaged_file_is_removed_and_no_entry(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    async with opened(tmp_path) as cache:
        await cache.put(key_of(1), entry_of())
        file = place(tmp_path, key_of(1))
        file.write_bytes(damage(file.read_bytes()))
        assert await cache.get(key_of(1)) is Miss.DAMAGED
        assert not file.exists()
        assert await cache.get(key_of(1)) is Miss.ABSENT


async def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    recorder = Recorder()
    async with opened(tmp_path, 64 * 4096, recorder) as cache:
        for number in range(40):
            await cache.put(key_of(number), entry_of(bytes(3_000)))
            stamp = time() - 10_000 + number
            os.utime(place(tmp_path, key_of(number)), (stamp, stamp))
        assert isinstance(await cache.get(key_of(0)), Entry)
        for number in range(40, 60):
            await cache.put(key_of(number), entry_of(bytes(3_000)))
        held = await keys_after_sweep(tmp_path, 60)
        assert 0 in held
        assert held[1:] == list(range(held[1], 60))
        assert recorder.counts["cache_eviction", "disk"] == 60 - len(held) > 0


async def test_what_is_over_goes_first_however_recently_it_was_used(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        for number in range(20):
            until = time() - EXPIRY_GRACE_S - 1 if number % 2 else time() + 3_600
            await cache.put(key_of(number), entry_of(bytes(3_000), fresh_until=until - 1, stale_until=until))
        await cache._sweep()
        assert [n for n in range(20) if place(tmp_path, key_of(n)).exists()] == list(range(0, 20, 2))
        assert cache.used_bytes == on_disk(tmp_path)


async def test_an_end_that_somebody_has_overwritten_is_no_end(tmp_path: Path) -> None:
    """A file system that updates access times: the file is then evicted like any other."""
    async with opened(tmp_path) as cache:
        await cache.put(key_of(1), entry_of())
        os.utime(place(tmp_path, key_of(1)), (time() - 1_000.5, time()))
        await cache._sweep()
        assert isinstance(await cache.get(key_of(1)), Entry)


async def test_using_a_file_leaves_its_end_where_it_was(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        await cache.put(key_of(1), entry_of())
        file = place(tmp_path, key_of(1))
        end_ns = file.stat().st_atime_ns
        os.utime(file, ns=(end_ns, int((time() - 2 * TOUCH_INTERVAL_S) * 1e9)))
        await cache.get(key_of(1))
        assert (file.stat().st_atime_ns, time() - file.stat().st_mtime < TOUCH_INTERVAL_S) == (end_ns, True)


async def test_reading_renews_the_time_of_use_only_now_and_then(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        await cache.put(key_of(1), entry_of())
        file = place(tmp_path, key_of(1))
        for age, touched in (
            (TOUCH_INTERVAL_S / 2, False),
            (TOUCH_INTERVAL_S * 2, True),
            (-TOUCH_INTERVAL_S * 2, True),
        ):
            stamp = time() - age
            os.utime(file, (stamp, stamp))
            await cache.get(key_of(1))
            assert (abs(file.stat().st_mtime - stamp) > 1) is touched


async def test_a_file_from_the_future_does_not_stay_for_ever(tmp_path: Path) -> None:
    async with opened(tmp_path, 64 * 4096) as cache:
        await cache.put(key_of("future"), entry_of(bytes(3_000)))
        os.utime(place(tmp_path, key_of("future")), (time() + 1e8, time() + 1e8))
        for number in range(64):
            await cache.put(key_of(number), entry_of(bytes(3_000)))
        assert not place(tmp_path, key_of("future")).exists()


async def test_replacing_an_entry_costs_only_the_difference(tmp_path: Path) -> None:
    async with opened(tmp_path, 64 * MIB) as cache:
        before = cache.used_bytes
        for size in (50_000, 10_000, 90_000) * 3:
            await cache.put(key_of(1), entry_of(bytes(size)))
        await asyncio.gather(*(cache.put(key_of(1), entry_of(bytes(size))) for size in range(0, 60_000, 6_000)))
        assert cache.used_bytes - before == on_disk(tmp_path)
        await cache.delete(key_of(1))
        await cache.delete(key_of(1))
        assert cache.used_bytes == before == on_disk(tmp_path) == 0


async def test_too_large_an_entry_leaves_nothing_under_its_key(tmp_path: Path) -> None:
    async with opened(tmp_path, MIB) as cache:
        await cache.put(key_of(1), entry_of())
        await cache.put(key_of(1), entry_of(bytes(MIB // 8)))
        assert await cache.get(key_of(1)) is Miss.ABSENT
        assert on_disk(tmp_path) == 0


async def test_a_smaller_budget_than_before_is_met_soon_after_the_start(tmp_path: Path) -> None:
    async with opened(tmp_path, 8 * MIB) as cache:
        for number in range(100):
            await cache.put(key_of(number), entry_of(bytes(40_000)))
    assert on_disk(tmp_path) > 3 * MIB
    async with opened(tmp_path, MIB), asyncio.timeout(30):
        while on_disk(tmp_path) > MIB:
            await asyncio.sleep(0.01)
    assert on_disk(tmp_path) > MIB // 2


async def test_left_over_temporary_files_go_when_nobody_can_be_writing_them(tmp_path: Path) -> None:
    old, young = (tmp_path / "ab" / f"ab{'0' * 62}.{n}.tmp" for n in "12")
    probe = tmp_path / f"{'0' * 64}.0.tmp"
    old.parent.mkdir()
    for file in (old, young, probe):
        file.write_bytes(bytes(5_000))
    for file in (old, probe):
        os.utime(file, (time() - MAX_TEMPORARY_AGE_S - 60,) * 2)
    async with opened(tmp_path) as cache:
        assert [old.exists(), young.exists(), probe.exists()] == [False, True, False]
        assert cache.used_bytes == allocated_bytes(5_000)


async def test_what_is_not_ours_is_never_touched(tmp_path: Path) -> None:
    mine = [tmp_path / "ab" / "notes.txt", tmp_path / "photo.jpg", tmp_path / "albums" / ("0" * 64), tmp_path / "cd"]
    for file in mine:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(bytes(200_000))
        os.utime(file, (0, 0))
    async with opened(tmp_path, MIB) as cache:
        assert cache.used_bytes == 0
        for number in range(100):
            await cache.put(key_of(f"{number}"), entry_of(bytes(40_000))) if key_of(number)[:2] != "cd" else None
    assert all(file.stat().st_size == 200_000 for file in mine)


async def test_a_folder_that_somebody_cleared_is_used_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        await cache.put(key_of(1), entry_of())
        os.system(f"rm -r {tmp_path}")  # noqa: S605 - what an operator does
        assert await cache.get(key_of(1)) is Miss.ABSENT
        await cache.put(key_of(1), entry_of())
        assert isinstance(await cache.get(key_of(1)), Entry)


async def test_a_full_disk_is_said_in_our_words_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_some(fd: int, pieces: list[memoryview]) -> int:
        os.write(fd, pieces[0][:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with opened(tmp_path) as cache:
        await cache.put(key_of(1), entry_of(b"first"))
        used = cache.used_bytes
        with monkeypatch.context() as patch:
            patch.setattr(os, "writev", write_some)
            with pytest.raises(StoreFull):
                await cache.put(key_of(1), entry_of(b"second"))
        assert cache.used_bytes == used == on_disk(tmp_path)
        found = await cache.get(key_of(1))
        assert isinstance(found, Entry)
        assert found.body == b"first"


async def test_a_full_disk_is_no_reason_not_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = entry_of()
    async with opened(tmp_path) as cache:
        await cache.put(key_of(1), entry)

    def full(*_: object) -> bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(folders.BlobFolder, "probe", full)
    async with opened(tmp_path) as cache:
        assert await cache.get(key_of(1)) == entry
        with pytest.raises(StoreFull):
            await cache.ping()


async def test_what_is_written_in_part_at_a_time_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.writev
    monkeypatch.setattr(os, "writev", lambda fd, pieces: real(fd, [pieces[0][:7]]))
    async with opened(tmp_path) as cache:
        await cache.put(key_of(1), entry_of(body_of(key_of(1), 1000)))
        found = await cache.get(key_of(1))
        assert isinstance(found, Entry)
        assert found.body == body_of(key_of(1), 1000)


async def test_what_cannot_be_read_or_written_is_said_in_our_words(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        key = key_of(1)
        (tmp_path / key[:2]).rmdir()
        (tmp_path / key[:2]).write_bytes(b"a file where a subfolder should be")
        with pytest.raises(StoreError):
            await cache.put(key, entry_of())
        with pytest.raises(StoreError):
            await cache.get(key)
        assert cache.used_bytes == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_read_only_folder_can_still_be_read(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        await cache.put(key_of(1), entry_of())
        place(tmp_path, key_of(1)).parent.chmod(0o500)
        assert isinstance(await cache.get(key_of(1)), Entry)
        with pytest.raises(StoreError):
            await cache.put(key_of(1), entry_of())
        place(tmp_path, key_of(1)).parent.chmod(0o700)


@pytest.mark.parametrize("path", ["/proc/pixmill", "/dev/null/pixmill"])
async def test_a_folder_that_cannot_be_made_fails_at_opening(path: str) -> None:
    with pytest.raises(StoreError):
        await DiskResultTier.open(Path(path), MIB)


async def test_a_budget_too_small_for_anything_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least"):
        await DiskResultTier.open(tmp_path, 1_000)


async def test_a_disk_that_hangs_delays_nobody_for_long_and_gathers_no_crowd(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as cache:
        guarded = GuardedTier(cache, timeout_s=0.05)
        pipe = place(tmp_path, key_of(1))
        os.mkfifo(pipe)  # opening a pipe that nobody writes to hangs like a dead network file system
        crowd = [asyncio.ensure_future(guarded.get(key_of(1))) for _ in range(300)]
        results = await asyncio.wait_for(asyncio.gather(*crowd, return_exceptions=True), 5)
        waiting = cache._active_reads
        writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)  # and the disk is back
        while cache._active_reads:
            await asyncio.sleep(0.001)
        os.close(writer)
        assert {type(result) for result in results} == {StoreUnavailable, Miss}
        assert results.count(Miss.UNAVAILABLE) == 300 - 256
        assert waiting == 256
        assert guarded.state == "open"


async def test_nothing_can_be_evicted_is_no_reason_to_scan_at_each_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = 0
    real = folders.BlobFolder._scan

    def counting(self: folders.BlobFolder, enough: int) -> object:
        nonlocal scans
        scans += 1
        return real(self, enough)

    monkeypatch.setattr(folders.BlobFolder, "_scan", counting)
    stuck = tmp_path / "ab" / f"ab{'0' * 62}.1.tmp"  # may be the file that another process is writing
    stuck.parent.mkdir()
    stuck.write_bytes(bytes(MIB))
    cache = await DiskResultTier.open(tmp_path, MIB)
    try:
        for number in range(20):
            with pytest.raises(StoreFull):
                await cache.put(key_of(number), entry_of(body_of(key_of(number), 3_000)))
        assert scans < 15
    finally:
        await cache.close()


async def test_writes_during_a_scan_are_no_reason_to_refuse_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path, 64 * MIB) as cache:
        quota, scans = cache._quota, 0
        real = folders.BlobFolder._scan

        def scan_while_another_writes(self: folders.BlobFolder, enough: int) -> object:
            nonlocal scans
            scans += 1
            if scans == 1:
                quota.end_scan(0)  # an earlier scan: there is a margin again
                assert quota.reserve(quota.margin_bytes)
                quota.write_finished(quota.margin_bytes)
            return real(self, enough)

        assert quota.reserve(quota.margin_bytes)
        quota.write_finished(quota.margin_bytes)
        monkeypatch.setattr(folders.BlobFolder, "_scan", scan_while_another_writes)
        await cache.put(key_of(1), entry_of())
        assert isinstance(await cache.get(key_of(1)), Entry)
