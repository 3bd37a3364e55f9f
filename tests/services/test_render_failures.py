"""Originals that are of no use: of what, in which version, and for how long that is remembered."""

from collections.abc import Iterator

import pytest

from pixmill.errors import PixmillError, RenderCrashed, RenderTimeout, UndecodableImage, UnsupportedImage
from pixmill.plan.freshness import CacheDirectives, FreshnessPolicy
from pixmill.plan.key import Key
from pixmill.plan.source import parse_source
from pixmill.ports.values import Original, OriginalVersion
from pixmill.runtime.spool import Spool
from pixmill.services.results import render_failures as module
from pixmill.services.results.render_failures import RenderFailureCache

HERE = parse_source("photo.jpg")
SMALL, LARGE = Key("small"), Key("large")


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
    return Original(spool, OriginalVersion("v", CacheDirectives(1_000)))


def fail(failures: RenderFailureCache, error: PixmillError, original: Original, key: Key | None = SMALL) -> None:
    failures.check(HERE, key, original.version)
    failures.record(HERE, key, original, error)


@pytest.mark.parametrize("error", [UndecodableImage(), RenderCrashed()])
def test_it_is_told_again_of_the_same_version_and_result_until_its_time_is_over(
    error: PixmillError, original: Original
) -> None:
    clock = Clock()
    failures = RenderFailureCache(60, FreshnessPolicy(), clock=clock)
    fail(failures, error, original)
    failures.check(HERE, LARGE, original.version)
    failures.check(HERE, None, original.version)
    failures.check(HERE, SMALL, OriginalVersion("w"))
    clock.now += 59
    with pytest.raises(type(error)) as caught:
        failures.check(HERE, SMALL, OriginalVersion("v", CacheDirectives(1_000)))
    assert (caught.value.from_negative_cache, caught.value.negative_ttl_s) == (True, 1)
    clock.now += 1
    failures.check(HERE, SMALL, original.version)


def test_what_is_no_picture_is_none_for_anybody(original: Original) -> None:
    failures = RenderFailureCache(60, FreshnessPolicy(), clock=Clock())
    fail(failures, UnsupportedImage(), original, None)
    with pytest.raises(UnsupportedImage):
        failures.check(HERE, LARGE, original.version)


@pytest.mark.parametrize("remembered_s", [0, 60])
def test_bad_luck_and_success_leave_nothing_nor_does_anything_where_nothing_is_remembered(
    remembered_s: float, original: Original
) -> None:
    failures = RenderFailureCache(remembered_s, FreshnessPolicy(), clock=Clock())
    fail(failures, RenderTimeout(), original)
    fail(failures, UndecodableImage(), original, None)
    if not remembered_s:
        fail(failures, UndecodableImage(), original)
    for key in (None, SMALL, LARGE):
        failures.check(HERE, key, original.version)


def test_the_oldest_is_forgotten(original: Original, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RENDER_FAILURES", 1)
    failures = RenderFailureCache(60, FreshnessPolicy(), clock=Clock())
    fail(failures, UndecodableImage(), original, SMALL)
    fail(failures, UndecodableImage(), original, LARGE)
    failures.check(HERE, SMALL, original.version)
    with pytest.raises(UndecodableImage):
        failures.check(HERE, LARGE, original.version)
