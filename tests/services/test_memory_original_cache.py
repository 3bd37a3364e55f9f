"""Originals that are kept: how much memory they may take, which go first, and who closes what."""

import resource
from collections.abc import Iterator

import pytest

from pixmill.plan.freshness import CacheDirectives
from pixmill.plan.source import SourceRef, parse_source
from pixmill.ports.observe import Event
from pixmill.ports.values import Original, OriginalVersion
from pixmill.runtime.spool import Spool
from pixmill.services.inputs.memory import MAX_SIZE_DIVISOR, OVERHEAD_BYTES, PAGE_BYTES, MemoryOriginalCache

COST = PAGE_BYTES + OVERHEAD_BYTES
"""Of what fits into one page."""


class Counts:
    """An observer that adds up lookups by outcome, and evictions."""

    def __init__(self) -> None:
        self.seen: dict[str, float] = {}

    def observe_duration(self, stage: object, seconds: float) -> None:
        raise AssertionError((stage, seconds))

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None:
        assert labels["tier"] == "originals"
        name = labels.get("outcome", event.value)
        self.seen[name] = self.seen.get(name, 0) + amount


class CacheHarness:
    """Originals, and all spools that were made for them."""

    def __init__(self, max_bytes: int) -> None:
        self.counts = Counts()
        self.originals = MemoryOriginalCache(max_bytes, self.counts)
        self.spools: list[Spool] = []

    def put(self, name: str, size: int = 1, *, may_keep: bool = True) -> SourceRef:
        spool = Spool(size)
        spool.write(b"x" * size)
        self.spools.append(spool)
        ref = parse_source(name)
        self.originals.put(ref, Original(spool, OriginalVersion("v", CacheDirectives(storable=may_keep))))
        return ref

    def names(self, *names: str) -> list[str]:
        return [name for name in names if self.originals.get(parse_source(name))]


@pytest.fixture
def house() -> Iterator[CacheHarness]:
    house = CacheHarness(MAX_SIZE_DIVISOR * COST)
    yield house
    house.originals.close()
    for spool in house.spools:
        assert spool.fd >= 0, "what was given to be kept is its owner's"
        spool.close()


def test_the_least_recently_used_goes_first(house: CacheHarness) -> None:
    for name in "abcd":
        house.put(name)
    assert house.names("a") == ["a"]
    house.put("e")
    assert house.names(*"abcde") == ["a", "c", "d", "e"]
    assert house.originals.used_bytes == 4 * COST
    assert house.counts.seen == {"hit": 5, "miss": 1, "cache_eviction": 1}


def test_memory_is_counted_in_pages(house: CacheHarness) -> None:
    house.put("a", PAGE_BYTES)
    assert house.originals.used_bytes == COST
    house.put("a", 0)
    assert house.originals.used_bytes == OVERHEAD_BYTES


def test_what_would_push_out_too_much_is_not_kept_nor_what_it_replaces(house: CacheHarness) -> None:
    house.put("b")
    house.put("a")
    house.put("a", PAGE_BYTES + 1)
    assert house.names("a", "b") == ["b"]
    house.put("b", may_keep=False)
    assert (house.names("b"), house.originals.used_bytes) == ([], 0)


def test_another_version_of_a_url_is_another_original(house: CacheHarness) -> None:
    ref = house.put("a")
    assert house.originals.get(SourceRef(ref.kind, ref.text, "2")) is None


def test_it_shrinks_to_what_it_is_told_the_oldest_first(house: CacheHarness) -> None:
    for name in "abcd":
        house.put(name)
    house.originals.evict_to(2 * COST + 1)
    assert (house.names(*"abcd"), house.originals.used_bytes) == (["c", "d"], 2 * COST)
    house.originals.evict_to(0)
    assert (house.names(*"abcd"), house.originals.used_bytes) == ([], 0)
    house.originals.evict_to(0)


def test_who_works_on_an_original_has_it_when_it_is_let_go(house: CacheHarness) -> None:
    ref = house.put("a", 3)
    kept = house.originals.get(ref)
    assert kept is not None
    with kept.spool.share() as mine:
        house.originals.delete(ref)
        assert kept.spool.fd < 0
        assert (mine.fd >= 0, mine.size) == (True, 3)
    house.originals.delete(ref)
    assert house.originals.used_bytes == 0


def test_no_more_are_kept_than_descriptors_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (8, 8))
    house = CacheHarness(2**20)
    for name in "abc":
        house.put(name)
    assert house.names(*"abc") == ["b", "c"]
    house.originals.close()
    for spool in house.spools:
        spool.close()


def test_without_a_budget_nothing_is_kept_or_counted() -> None:
    house = CacheHarness(0)
    house.put("a")
    assert house.names("a") == []
    assert house.counts.seen == {}
    house.spools[0].close()
