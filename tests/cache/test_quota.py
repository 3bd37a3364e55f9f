"""The arithmetic of the disk quota."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.cache.disk.quota import BLOCK_BYTES, DiskQuota, allocated_bytes

MAX = 1_600


def scanned(quota: DiskQuota, total: int) -> None:
    quota.begin_scan()
    quota.end_scan(total)


def test_a_file_counts_in_whole_blocks() -> None:
    assert [allocated_bytes(size) // BLOCK_BYTES for size in (0, 1, BLOCK_BYTES, BLOCK_BYTES + 1)] == [0, 1, 1, 2]


def test_nothing_may_be_written_before_the_first_scan() -> None:
    quota = DiskQuota(MAX)
    assert not quota.reserve(1)
    scanned(quota, 0)
    assert quota.reserve(1)


def test_a_margin_stays_free_and_nobody_writes_more_than_it_without_a_scan() -> None:
    quota = DiskQuota(MAX)
    scanned(quota, 1_450)
    assert not quota.reserve(51)
    assert quota.reserve(50)
    quota.write_finished(50)
    scanned(quota, 0)
    assert quota.reserve(100)
    assert not quota.reserve(1)
    quota.write_finished(100)
    scanned(quota, 100)
    assert quota.reserve(1)


def test_what_is_written_during_a_scan_is_counted_whether_it_was_seen_or_not() -> None:
    quota = DiskQuota(MAX)
    scanned(quota, 0)
    assert quota.reserve(10)  # in flight when the scan begins
    quota.begin_scan()
    quota.write_finished(10)
    assert quota.reserve(20)
    quota.write_finished(20)
    quota.end_scan(500)
    assert quota.used_bytes == 530
    scanned(quota, 520)
    assert quota.used_bytes == 520


def test_until_a_scan_ends_its_process_writes_no_more_than_the_margin_since_the_last_one() -> None:
    idle, busy = DiskQuota(MAX), DiskQuota(MAX)
    scanned(idle, 0)
    scanned(busy, 1_500)  # all of it written by this process, which the other one does not know
    assert idle.reserve(100)
    idle.write_finished(100)  # the folder is full
    idle.begin_scan()
    assert not idle.reserve(1)
    idle.end_scan(1_600)
    assert not idle.reserve(1)


def test_a_scan_that_fails_gives_no_new_margin() -> None:
    quota = DiskQuota(MAX)
    scanned(quota, 0)
    assert quota.reserve(100)
    quota.write_finished(100)
    quota.begin_scan()
    quota.begin_scan()
    assert not quota.reserve(1)


def test_what_is_written_during_a_scan_counts_as_written_since() -> None:
    """Another process may have begun its scan later, ended it, and not seen it."""
    quota = DiskQuota(MAX)
    scanned(quota, 0)
    assert quota.reserve(30)  # in flight when the scan begins
    quota.begin_scan()
    assert quota.reserve(20)
    quota.end_scan(0)
    assert quota.reserve(50)
    assert not quota.reserve(1)


def test_room_is_made_before_a_writer_has_to_wait() -> None:
    roomy, crowded, busy = (DiskQuota(MAX) for _ in range(3))
    scanned(roomy, 1_400)
    assert (roomy.needs_sweep, roomy.eviction_target_bytes(0)) == (False, 1_400)
    scanned(crowded, 1_450)
    assert (crowded.needs_sweep, crowded.eviction_target_bytes(0)) == (True, 1_360)
    scanned(busy, 0)
    assert busy.reserve(51)
    assert (busy.needs_sweep, busy.eviction_target_bytes(0)) == (True, 51)


@settings(max_examples=500)
@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, MAX // 16), st.booleans()), max_size=400),
)
def test_processes_that_share_a_folder_keep_to_the_budget_and_a_margin_for_each_beyond_two(
    count: int, steps: list[tuple[int, int, bool]]
) -> None:
    """Each knows its own quota, and the folder only when it scans."""
    quotas = [DiskQuota(MAX) for _ in range(count)]
    folder = 0
    for who, size, scans in steps:
        quota = quotas[who % count]
        if scans or not quota.reserve(size):
            scanned(quota, folder)
            evicted = max(0, quota.used_bytes - quota.eviction_target_bytes(size))
            quota.release(evicted)
            folder -= evicted
            assert quota.reserve(size)
        quota.write_finished(size)
        folder += size
        assert folder <= MAX + max(0, count - 2) * quota.margin_bytes


SHARDS = 3


@dataclass(eq=False)
class File:
    size: int
    is_whole: bool = False


@dataclass
class Process:
    """Writes, and scans the folder shard by shard while others go on."""

    folder: list[list[File]]
    quota: DiskQuota = field(default_factory=lambda: DiskQuota(MAX))
    writing: list[File] = field(default_factory=list)
    total: int = 0
    next_shard: int = SHARDS

    def begin_write(self, shard: int, size: int) -> None:
        if self.quota.reserve(size):
            self.writing.append(File(size))
            self.folder[shard].append(self.writing[-1])

    def end_write(self, _shard: int, _size: int) -> None:
        if self.writing:
            file = self.writing.pop(0)
            file.is_whole = True
            self.quota.write_finished(file.size)

    def scan(self, _shard: int = 0, _size: int = 0) -> None:
        if self.next_shard == SHARDS:
            self.total = self.next_shard = 0
            self.quota.begin_scan()
        self.total += sum(file.size for file in self.folder[self.next_shard])
        self.next_shard += 1
        if self.next_shard == SHARDS:
            self.quota.end_scan(self.total)

    def evict(self, shard: int, _size: int) -> None:
        whole = [file for file in self.folder[shard] if file.is_whole]
        if whole and self.quota.used_bytes > self.quota.eviction_target_bytes(0):
            self.folder[shard].remove(whole[0])
            self.quota.release(whole[0].size)


STEPS: list[Callable[[Process, int, int], None]] = [
    *[Process.begin_write] * 4,
    *[Process.end_write] * 4,
    *[Process.scan] * 2,
    *[Process.evict] * 3,
]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_processes_that_scan_while_others_write_keep_to_the_budget_too(count: int) -> None:
    most = 0
    for seed in range(25):
        random = Random(seed)
        folder: list[list[File]] = [[] for _ in range(SHARDS)]
        processes = [Process(folder) for _ in range(count)]
        for _ in range(4_000):
            step = random.choice(STEPS)
            step(random.choice(processes), random.randrange(SHARDS), random.choice((1, 30, MAX // 16)))
            most = max(most, sum(file.size for files in folder for file in files))
    assert MAX * 0.9 < most <= MAX + max(0, count - 2) * processes[0].quota.margin_bytes
