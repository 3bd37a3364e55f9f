"""Originals that are of no use: of what, in which version, and for how long that is remembered."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from msgspec import structs

from pixmill.cache.purge.rules import PurgeRules
from pixmill.errors import (
    ImageTooLarge,
    InternalError,
    PixmillError,
    QueueFull,
    RenderCrashed,
    RenderTimeout,
    UndecodableImage,
    UnsupportedImage,
)
from pixmill.plan.freshness import CacheDirectives, FreshnessPolicy, NegativeTtl
from pixmill.plan.key import Key
from pixmill.plan.purge import PurgeScope, PurgeTarget
from pixmill.plan.source import parse_source
from pixmill.ports.values import Original, OriginalVersion
from pixmill.runtime.spool import Spool
from pixmill.services.results import render_failures as module
from pixmill.services.results.render_failures import RenderFailureCache

HERE = parse_source("photo.jpg")
SMALL, LARGE = Key("small"), Key("large")
TTL = NegativeTtl(undecodable_s=60, render_timeout_s=60)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def spool() -> Iterator[Spool]:
    with Spool(1) as spool:
        yield spool


@pytest.fixture
def original(spool: Spool) -> Original:
    return Original(spool, OriginalVersion("v", CacheDirectives(10_000)), sources=(HERE.text,), tags=("red",))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def failures(clock: Clock) -> RenderFailureCache:
    return RenderFailureCache(TTL, FreshnessPolicy(), clock=clock)


def fail(failures: RenderFailureCache, error: PixmillError, original: Original, key: Key = SMALL) -> None:
    with pytest.raises(type(error)), failures.guard(HERE, key, original):
        raise error


def test_it_is_told_again_of_the_same_version_and_result_until_its_time_is_over(
    failures: RenderFailureCache, clock: Clock, original: Original
) -> None:
    for error in (UndecodableImage(), ImageTooLarge(), RenderCrashed(), RenderTimeout(), InternalError()):
        fail(failures, error, original)
        assert failures.find(HERE, LARGE, original) is None
        assert failures.find(HERE, SMALL, replace(original, version=OriginalVersion("w"))) is None
        failures.check_version(HERE, SMALL, OriginalVersion("w"))
        clock.now += 59
        known = failures.find(HERE, SMALL, original)
        assert (type(known), known and known.from_negative_cache, known and known.negative_ttl_s) == (
            type(error),
            True,
            1,
        )
        with pytest.raises(type(error)):
            failures.check_version(HERE, SMALL, original.version)
        with pytest.raises(type(error)), failures.guard(HERE, SMALL, original):
            pytest.fail("no worker is asked")
        clock.now += 1
        assert failures.find(HERE, SMALL, original) is None
        failures.known.clear()


def test_it_is_cached_for_clients_no_longer_than_its_version(failures: RenderFailureCache, original: Original) -> None:
    version = structs.replace(original.version, directives=CacheDirectives(10))
    fail(failures, error := UndecodableImage(), replace(original, version=version))
    assert error.negative_ttl_s == 10


def test_a_render_that_runs_out_of_time_again_is_tried_ever_more_rarely(
    failures: RenderFailureCache, clock: Clock, original: Original
) -> None:
    pauses = []
    for _ in range(7):
        error = RenderTimeout()
        fail(failures, error, original)
        assert error.retry_after_s is not None
        pauses.append(error.retry_after_s)
        clock.now += error.retry_after_s - 1
        known = failures.find(HERE, SMALL, original)
        assert known is not None
        assert known.retry_after_s == 1
        clock.now += 1
        assert failures.find(HERE, SMALL, original) is None
    assert pauses == [60, 120, 240, 480, 960, 960, 960]


@pytest.mark.parametrize("what", ["success", "another version", "a long time", "a purge"])
def test_what_begins_the_pauses_anew(clock: Clock, original: Original, what: str) -> None:
    purges = PurgeRules(clock)
    failures = RenderFailureCache(TTL, FreshnessPolicy(), clock=clock, purges=purges)
    for _ in range(3):
        fail(failures, RenderTimeout(), original)
        clock.now += 1_000
    if what == "success":
        with failures.guard(HERE, SMALL, original):
            pass
    elif what == "another version":
        original = replace(original, version=OriginalVersion("w"))
    elif what == "a purge":
        purges.issue([PurgeTarget(PurgeScope.SOURCE, HERE.text)])
        version = structs.replace(original.version, purge_watermark=purges.current_watermark())
        original = replace(original, version=version)
    else:
        clock.now += 1_000
    fail(failures, error := RenderTimeout(), original)
    assert error.retry_after_s == 60


@pytest.mark.parametrize(
    ("target", "is_forgotten"),
    [
        (PurgeTarget(PurgeScope.SOURCE, HERE.text), True),
        (PurgeTarget(PurgeScope.TAG, "red"), True),
        (PurgeTarget(PurgeScope.TAG, "mine"), True),
        (PurgeTarget(PurgeScope.ALL, hard=False), True),
        (PurgeTarget(PurgeScope.SOURCE, "other.jpg"), False),
    ],
)
@pytest.mark.parametrize("error", [UndecodableImage(), RenderTimeout()])
def test_a_purge_of_the_original_forgets_it(
    original: Original, clock: Clock, error: PixmillError, target: PurgeTarget, *, is_forgotten: bool
) -> None:
    purges = PurgeRules(clock)
    failures = RenderFailureCache(TTL, FreshnessPolicy(), clock=clock, purges=purges)
    version = structs.replace(original.version, purge_watermark=purges.current_watermark())
    original = replace(original, version=version)
    fail(failures, error, original)
    purges.issue([target])
    assert (failures.find(HERE, SMALL, original, ("mine",)) is None) is is_forgotten
    failures.check_version(HERE, SMALL, original.version)  # its tags are unknown before the fetch


def test_what_is_no_picture_is_none_for_anybody(failures: RenderFailureCache, original: Original) -> None:
    fail(failures, UnsupportedImage(), original)
    assert isinstance(failures.find(HERE, LARGE, original), UnsupportedImage)


@pytest.mark.parametrize("ttl", [NegativeTtl(), TTL])
def test_bad_luck_and_success_leave_nothing_nor_does_anything_where_nothing_is_remembered(
    ttl: NegativeTtl, original: Original
) -> None:
    failures = RenderFailureCache(ttl, FreshnessPolicy(), clock=Clock())
    fail(failures, QueueFull(), original)
    if ttl == NegativeTtl():
        fail(failures, UndecodableImage(), original)
        fail(failures, RenderTimeout(), original)
    assert not failures.known


def test_the_oldest_is_forgotten(original: Original, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RENDER_FAILURES", 1)
    failures = RenderFailureCache(TTL, FreshnessPolicy(), clock=Clock())
    fail(failures, UndecodableImage(), original, SMALL)
    fail(failures, UndecodableImage(), original, LARGE)
    assert failures.find(HERE, SMALL, original) is None
    assert isinstance(failures.find(HERE, LARGE, original), UndecodableImage)
