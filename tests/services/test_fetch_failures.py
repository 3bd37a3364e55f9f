"""What sources have refused, for how long, and what ends it sooner."""

import pytest

from pixmill.errors import SourceBusy, SourceError, SourceNotFound, SourceUnreachable
from pixmill.plan.freshness import NegativeTtl
from pixmill.plan.source import parse_source
from pixmill.ports.observe import Event
from pixmill.services.inputs.caches import FetchFailureCache

HERE = parse_source("photo.jpg")


class Times:
    """A clock, and an observer that writes down what was told again."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.reported: list[str] = []

    def clock(self) -> float:
        return self.now

    def observe_duration(self, stage: object, seconds: float) -> None:
        raise AssertionError((stage, seconds))

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None:
        assert (event, amount) == (Event.NEGATIVE_HIT, 1)
        self.reported.append(labels["outcome"])


@pytest.fixture
def observed() -> Times:
    return Times()


@pytest.fixture
def failures(observed: Times) -> FetchFailureCache:
    return FetchFailureCache(NegativeTtl(not_found_s=10, unreachable_s=2), observed.clock, observed)


@pytest.mark.parametrize(("error", "pause_s"), [(SourceNotFound(), 10), (SourceUnreachable(), 2)])
def test_a_refusal_lasts_as_long_as_its_kind_says(
    failures: FetchFailureCache, observed: Times, error: SourceError, pause_s: float
) -> None:
    failures.check(HERE, 0)
    failures.record(HERE, error, purge_watermark=0)
    assert error.negative_ttl_s == pause_s
    observed.now += pause_s - 0.5
    with pytest.raises(type(error)) as caught:
        failures.check(HERE, 0)
    assert (caught.value.from_negative_cache, caught.value.negative_ttl_s) == (True, 0.5)
    assert caught.value is not error, "what was raised once carries its own traceback"
    failures.check(parse_source("other.jpg"), 0)
    observed.now += 0.5
    failures.check(HERE, 0)
    observed.now -= 0.5
    failures.check(HERE, 0)  # it is gone, whatever the clock says
    assert observed.reported == [error.code]


def test_after_a_purge_the_source_is_asked_again(failures: FetchFailureCache) -> None:
    failures.record(HERE, SourceNotFound(), purge_watermark=5)
    with pytest.raises(SourceNotFound):
        failures.check(HERE, 5)
    failures.check(HERE, 6)
    failures.check(HERE, 5)  # it is gone


def test_the_oldest_is_forgotten(failures: FetchFailureCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures._failures, "max_entries", 2)
    for name in "abc":
        failures.record(parse_source(name), SourceNotFound(), purge_watermark=0)
    failures.check(parse_source("a"), 0)
    for name in "bc":
        with pytest.raises(SourceNotFound):
            failures.check(parse_source(name), 0)


def test_who_has_no_patience_remembers_nothing() -> None:
    failures, error = FetchFailureCache(NegativeTtl()), SourceNotFound()
    failures.record(HERE, error, purge_watermark=0)
    failures.check(HERE, 0)
    assert error.negative_ttl_s == 0


def test_what_is_said_of_one_of_several_is_still_remembered() -> None:
    error = SourceNotFound(detail="status 404").snapshot().as_negative_hit(4)
    error.retry_after_s = 3
    named = error.with_subject("Overlay 1", "overlay")
    assert isinstance(named, SourceNotFound)
    assert (named.from_negative_cache, named.negative_ttl_s, named.retry_after_s, named.param, named.detail) == (
        True,
        4,
        3,
        "overlay",
        "status 404",
    )


def test_a_limit_of_our_own_is_not_remembered(failures: FetchFailureCache) -> None:
    failures.record(HERE, SourceBusy(), purge_watermark=0)
    failures.check(HERE, 0)


def test_long_texts_are_cut(failures: FetchFailureCache) -> None:
    failures.record(HERE, SourceNotFound("m" * 100_000, param="p" * 100_000, detail="d" * 100_000), purge_watermark=0)
    with pytest.raises(SourceNotFound) as caught:
        failures.check(HERE, 0)
    assert (caught.value.message, caught.value.param, caught.value.detail) == ("m" * 500, "p" * 500, "d" * 500)
