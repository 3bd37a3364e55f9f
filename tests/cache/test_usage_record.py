"""A start knows what the folder holds from the records of earlier processes, whatever happened to them."""

import asyncio
from pathlib import Path

import pytest

from pixmill.cache.disk.quota import allocated_bytes
from pixmill.cache.disk.tier import DiskResultTier
from pixmill.cache.disk.usage_record import Usage, UsageRecord
from tests.cache.entries import body_of, entry_of, key_of
from tests.cache.test_disk import MIB, on_disk, opened
from tests.cache.test_disk_budget import BUDGET, start_writer, stop, wait_for_writes

MARGIN = 64 * MIB
STEP = 8 * MIB


def record_of(folder: Path, name: str = "0" * 8) -> UsageRecord:
    return UsageRecord(folder, name, MARGIN)


def test_nothing_is_known_of_a_folder_without_records(tmp_path: Path) -> None:
    assert record_of(tmp_path).restore() is None
    assert record_of(tmp_path / "missing").restore() is None


def test_a_process_that_ended_has_said_all(tmp_path: Path) -> None:
    record_of(tmp_path).save(Usage(123_456, 7_000, closed=True))
    assert record_of(tmp_path, "1" * 8).restore() == 123_456


def test_a_process_that_was_killed_may_have_written_a_step_more(tmp_path: Path) -> None:
    record_of(tmp_path).save(Usage(123_456, 7_000))
    assert record_of(tmp_path, "1" * 8).restore() == 123_456 + STEP


def test_what_others_have_written_since_is_added_to_the_largest_total(tmp_path: Path) -> None:
    for name, usage in (
        ("a", Usage(1_000, 10, closed=True)),
        ("b", Usage(5_000, 20, closed=True)),
        ("c", Usage(900, 300)),
    ):
        record_of(tmp_path, name * 8).save(usage)
    assert record_of(tmp_path).restore() == 5_000 + 10 + 300 + STEP


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: b"",
        lambda text: text[:-1],
        lambda text: text.replace(b"123456", b"123457"),
        lambda text: text.replace(b"usage 1", b"usage 2"),
        lambda text: text + text,
        lambda text: bytes(1_000_000),
    ],
)
def test_a_damaged_record_is_no_knowledge(tmp_path: Path, damage: object) -> None:
    record_of(tmp_path).save(Usage(123_456, 0, closed=True))
    record_of(tmp_path, "1" * 8).save(Usage(1, 0, closed=True))
    file = tmp_path / "00000000.usage"
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    assert record_of(tmp_path).restore() is None


def test_records_older_than_a_scan_are_removed_with_what_a_kill_has_left(tmp_path: Path) -> None:
    own = record_of(tmp_path)
    own.save(Usage(5, 0))
    record_of(tmp_path, "1" * 8).save(Usage(7, 0))
    (tmp_path / "22222222.usage.tmp").write_bytes(b"half")
    (tmp_path / "notes.usage").write_bytes(b"of somebody else")
    own.forget_others(2**62)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["00000000.usage", "notes.usage"]


async def test_a_start_writes_before_the_folder_is_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path) as cache:
        for number in range(20):
            await cache.put(key_of(number), entry_of(bytes(3_000)))
    monkeypatch.setattr("pixmill.cache.disk.tier.DiskTier._maintain", asyncio.Event().wait)  # no scan
    cache = await DiskResultTier.open(tmp_path, 8 * MIB)
    try:
        assert cache.used_bytes == on_disk(tmp_path) == 20 * allocated_bytes(4_000)
        await cache.put(key_of(21), entry_of(bytes(3_000)))
    finally:
        await cache.close()


async def test_a_folder_cleared_while_nobody_ran_is_corrected_by_the_first_scan(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        for number in range(100):
            await cache.put(key_of(number), entry_of(bytes(40_000)))
    for file in tmp_path.glob("??/*"):
        file.unlink()
    async with opened(tmp_path) as cache, asyncio.timeout(60):
        while cache.used_bytes:
            await asyncio.sleep(0.01)


async def test_a_writer_that_was_killed_has_told_nearly_all(tmp_path: Path) -> None:
    for round_ in range(4):
        process = start_writer(tmp_path, round_)
        wait_for_writes(process, 30)
        stop(process)
        known = UsageRecord(tmp_path, "f" * 8, BUDGET // 16).restore()
        assert known is not None
        assert known >= on_disk(tmp_path)


async def test_a_write_that_waits_for_space_hurries_the_scan(tmp_path: Path) -> None:
    async with opened(tmp_path, 2 * MIB) as cache:
        for number in range(200):
            await cache.put(key_of(number), entry_of(body_of(key_of(number), 30_000)))
        assert not cache._folder._hurried.is_set(), "nobody waits any more"
        assert on_disk(tmp_path) <= 2 * MIB
