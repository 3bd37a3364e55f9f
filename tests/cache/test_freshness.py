"""Freshness of entries over time, also when the clock is set back."""

from pixmill.cache.freshness import CLOCK_TOLERANCE_S, usable_entry
from tests.cache.entries import entry_of

NOW = 1_000_000.0
ENTRY = entry_of(stored_at=NOW, fresh_until=NOW + 60, stale_until=NOW + 120)


def test_an_entry_is_as_it_was_stored_until_it_is_gone() -> None:
    assert usable_entry(ENTRY, NOW) is ENTRY
    assert usable_entry(ENTRY, NOW + 119) is ENTRY
    assert usable_entry(ENTRY, NOW + 120) is None


def test_a_server_whose_clock_is_a_little_behind_takes_it_as_it_is() -> None:
    assert usable_entry(ENTRY, NOW - CLOCK_TOLERANCE_S) is ENTRY


def test_an_entry_from_the_future_is_stale_and_for_no_longer_than_it_ever_was() -> None:
    now = NOW - 1_000_000
    found = usable_entry(ENTRY, now)
    assert found is not None
    assert (found.meta.lifetime.stored_at, found.meta.lifetime.fresh_until, found.meta.lifetime.stale_until) == (
        now,
        now,
        now + 60,
    )
    assert found.body is ENTRY.body


def test_an_entry_from_the_future_that_may_not_be_served_stale_is_gone() -> None:
    assert usable_entry(entry_of(stored_at=NOW, fresh_until=NOW + 60, stale_until=NOW + 60), NOW - 1_000) is None
