"""Originals that are kept: how much memory they may take, which go first, and who closes what."""

import resource
from collections.abc import Iterator

import pytest

from pixmill.plan.freshness import CacheDirectives
from pixmill.plan.source import SourceRef, parse_source
from pixmill.ports.observe import Event
from pixmill.ports.values import Original, OriginalVersion
from pixmill.runtime.spool import Spool
from pixmill.services.inputs.caches import MAX_SIZE_DIVISOR, OVERHEAD_BYTES, PAGE_BYTES, MemoryOriginalCache

COST = PAGE_BYTES + OVERHEAD_BYTES
"""Of what fits into one page."""


class Counts:
    """An observer that adds up lookups by outcome, and evictions."""

    def __init__(self) -> None:
        self.counted: dict[str, float] = {}

    def observe_duration(self, stage: object, seconds: float) -> None:
        raise AssertionError((stage, seconds))

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None:
        assert labels["tier"] == "originals"
        name = labels.get("outcome", event.value)
        self.counted[name] = self.counted.get(name, 0) + amount


class CacheHarness:
    """Originals, and all spools that were made for them."""

    def __init__(self, max_bytes: int) -> None:
        self.counts = Counts()
        self.originals = MemoryOriginalCache(max_bytes, self.counts)
        self.spools: list[Spool] = []

    def put(self, name: str, size: int = 1, *, storable: bool = True) -> SourceRef:
        spool = Spool(size)
        spool.write(b"x" * size)
        self.spools.append(spool)
        ref = parse_source(name)
        self.originals.put(ref, Original(spool, OriginalVersion("v", CacheDirectives(storable=storable))))
        return ref

    def names(self, *names: str) -> list[str]:
        return [name for name in names if self.originals.get(parse_source(name))]


@pytest.fixture
def harness() -> Iterator[CacheHarness]:
    harness = CacheHarness(MAX_SIZE_DIVISOR * COST)
    yield harness
    harness.originals.close()
    for spool in harness.spools:
        assert spool.fd >= 0, "what was given to be kept is its owner's"
        spool.close()


def test_the_least_recently_used_goes_first(harness: CacheHarness) -> None:
    for name in "abcd":
        harness.put(name)
    assert harness.names("a") == ["a"]
    harness.put("e")
    assert harness.names(*"abcde") == ["a", "c", "d", "e"]
    assert harness.originals.used_bytes == 4 * COST
    assert harness.counts.counted == {"hit": 5, "miss": 1, "cache_eviction": 1}


def test_memory_is_counted_in_pages(harness: CacheHarness) -> None:
    harness.put("a", PAGE_BYTES)
    assert harness.originals.used_bytes == COST
    harness.put("a", 0)
    assert harness.originals.used_bytes == OVERHEAD_BYTES


def test_what_would_push_out_too_much_is_not_kept_nor_what_it_replaces(harness: CacheHarness) -> None:
    harness.put("b")
    harness.put("a")
    harness.put("a", PAGE_BYTES + 1)
    assert harness.names("a", "b") == ["b"]
    harness.put("b", storable=False)
    assert (harness.names("b"), harness.originals.used_bytes) == ([], 0)


def test_another_version_of_a_url_is_another_original(harness: CacheHarness) -> None:
    ref = harness.put("a")
    assert harness.originals.get(SourceRef(ref.kind, ref.text, "2")) is None


def test_it_shrinks_to_what_it_is_told_the_oldest_first(harness: CacheHarness) -> None:
    for name in "abcd":
        harness.put(name)
    harness.originals.evict_to(2 * COST + 1)
    assert (harness.names(*"abcd"), harness.originals.used_bytes) == (["c", "d"], 2 * COST)
    harness.originals.evict_to(0)
    assert (harness.names(*"abcd"), harness.originals.used_bytes) == ([], 0)
    harness.originals.evict_to(0)


def test_who_works_on_an_original_has_it_when_it_is_let_go(harness: CacheHarness) -> None:
    ref = harness.put("a", 3)
    cached = harness.originals.get(ref)
    assert cached is not None
    with cached.spool.share() as mine:
        harness.originals.delete(ref)
        assert cached.spool.fd < 0
        assert (mine.fd >= 0, mine.size) == (True, 3)
    harness.originals.delete(ref)
    assert harness.originals.used_bytes == 0


def test_no_more_are_kept_than_descriptors_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (8, 8))
    harness = CacheHarness(2**20)
    for name in "abc":
        harness.put(name)
    assert harness.names(*"abc") == ["b", "c"]
    harness.originals.close()
    for spool in harness.spools:
        spool.close()


def test_without_a_budget_nothing_is_kept_or_counted() -> None:
    harness = CacheHarness(0)
    harness.put("a")
    assert harness.names("a") == []
    assert harness.counts.counted == {}
    harness.spools[0].close()
