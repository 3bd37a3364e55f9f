"""The arithmetic of the byte budget."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.cache.disk.quota import BLOCK_BYTES, DiskQuota, allocated_bytes

MAX = 1_600


def scanned(ledger: DiskQuota, total: int) -> None:
    ledger.begin_scan()
    ledger.end_scan(total)


def test_a_file_counts_in_whole_blocks() -> None:
    assert [allocated_bytes(size) // BLOCK_BYTES for size in (0, 1, BLOCK_BYTES, BLOCK_BYTES + 1)] == [0, 1, 1, 2]


def test_nothing_may_be_written_before_the_first_scan() -> None:
    ledger = DiskQuota(MAX)
    assert not ledger.reserve(1)
    scanned(ledger, 0)
    assert ledger.reserve(1)


def test_a_margin_stays_free_and_nobody_writes_more_than_it_without_a_scan() -> None:
    ledger = DiskQuota(MAX)
    scanned(ledger, 1_450)
    assert not ledger.reserve(51)
    assert ledger.reserve(50)
    scanned(ledger, 0)
    assert ledger.reserve(100)
    assert not ledger.reserve(1)
    scanned(ledger, 100)
    assert ledger.reserve(1)


def test_what_is_written_during_a_scan_is_counted_whether_it_was_seen_or_not() -> None:
    ledger = DiskQuota(MAX)
    scanned(ledger, 0)
    assert ledger.reserve(10)  # in flight when the scan begins
    ledger.begin_scan()
    ledger.write_finished(10)
    assert ledger.reserve(20)
    ledger.write_finished(20)
    ledger.end_scan(500)
    assert ledger.used_bytes == 530
    scanned(ledger, 520)
    assert ledger.used_bytes == 520


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
    """Each knows its own ledger, and the folder only when it scans."""
    ledgers = [DiskQuota(MAX) for _ in range(count)]
    folder = 0
    for who, size, scans in steps:
        ledger = ledgers[who % count]
        if scans or not ledger.reserve(size):
            scanned(ledger, folder)
            evicted = max(0, ledger.used_bytes - ledger.eviction_target_bytes(size))
            ledger.release(evicted)
            folder -= evicted
            assert ledger.reserve(size)
        ledger.write_finished(size)
        folder += size
        assert folder <= MAX + max(0, count - 2) * ledger.margin_bytes
