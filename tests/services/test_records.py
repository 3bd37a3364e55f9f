"""The last word of each source: for how long it holds, and how many are remembered."""

import pytest

from pixmill.plan.freshness import Freshness, Vouched
from pixmill.plan.source import parse_source
from pixmill.ports import Seen
from pixmill.services import records as module
from pixmill.services.records import Records

HERE = parse_source("photo.jpg")


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(clock: Clock) -> Records:
    return Records(Freshness(ttl_s=100), clock)


@pytest.mark.parametrize(("said", "holds_s"), [(60.0, 60), (None, 100)])
def test_a_word_holds_as_long_as_it_says_and_is_remembered_after(
    records: Records, clock: Clock, said: float | None, holds_s: float
) -> None:
    records.note(HERE, Seen("v", Vouched(said), heeds=7))
    clock.now += holds_s - 20
    assert records.good(HERE) == Seen("v", Vouched(20.0), heeds=7), "what remains of it"
    clock.now += 20
    assert records.good(HERE) is None
    assert records.last(HERE) == Seen("v", Vouched(said), heeds=7)


def test_what_is_vouched_for_not_even_a_second_does_not_hold(records: Records) -> None:
    records.note(HERE, Seen("v", Vouched(0)))
    assert (records.good(HERE), records.last(HERE)) == (None, Seen("v", Vouched(0)))


def test_what_may_not_be_kept_is_forgotten_and_so_is_what_it_takes_back(records: Records) -> None:
    records.note(HERE, Seen("v"))
    records.note(HERE, Seen("w", Vouched(may_keep=False)))
    assert (records.last(HERE), len(records)) == (None, 0)


def test_the_source_that_spoke_longest_ago_is_forgotten(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RECORDS", 2)
    for name in "abac":
        records.note(parse_source(name), Seen(name))
    assert [bool(records.last(parse_source(name))) for name in "abc"] == [True, False, True]
    assert len(records) == 2


def test_who_is_told_to_forget_asks_again(records: Records) -> None:
    records.note(HERE, Seen("v"))
    records.forget(HERE)
    records.forget(HERE)
    assert records.last(HERE) is None
