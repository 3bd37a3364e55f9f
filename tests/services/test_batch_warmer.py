"""Sets of renders that nobody waits for: made in spare time, once, and never in anybody's way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

import pytest

from pixmill.cache.purge.rules import PurgeRules
from pixmill.errors import PixmillError, QueueFull, RenderTimeout, ResultTooLarge
from pixmill.media import Format
from pixmill.plan.facts import HEADER_FACTS_ONLY, Facts, FactSelection
from pixmill.plan.freshness import CacheDirectives
from pixmill.plan.key import Key, result_key
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.plan.purge import PurgeScope, PurgeTarget
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, parse_source
from pixmill.ports.values import Entry, Hit, Original, OriginalVersion, Rendered
from pixmill.runtime.spool import Spool
from pixmill.services.resize import ResizeService
from pixmill.services.results.answer import CacheOutcome, ResizeResult
from pixmill.services.warm.batch import MAX_BATCHES
from tests.services.build import resize_service

REF = parse_source("photo.jpg")
WIDTHS = (320, 640, 960)


def plan(width: int, form: Format = Format.JPEG) -> Plan:
    return Plan(resize=Resize(width), output=Output(formats=(form,)))


def request(width: int) -> ImageRequest:
    return ImageRequest(REF, plan(width))


def key(width: int, form: Format = Format.JPEG) -> Key:
    return result_key(REF.text, plan(width, form))


class Fakes:
    """A source, an engine and a cache that note what is asked of them.

    ``gate`` holds sets back, ``time`` spare time.
    """

    def __init__(self) -> None:
        self.rendered_alone: list[int] = []
        self.batches: list[list[int]] = []
        self.fetched = 0
        self.busy = False
        self.directives = CacheDirectives()
        self.failures: dict[int, PixmillError] = {}
        self.failure: PixmillError | None = None
        self.entries: dict[Key, Entry] = {}
        self.gate = asyncio.Event()
        self.time = asyncio.Event()
        self.gate.set()
        self.time.set()

    async def fetch(self, ref: SourceRef) -> Original:
        assert ref == REF
        self.fetched += 1
        return Original(Spool(100), OriginalVersion("v1", self.directives))

    async def revalidate(self, ref: SourceRef, validator: str) -> Original | CacheDirectives:
        raise AssertionError((ref, validator))

    async def render(self, original: Spool, plan: Plan, extras: Sequence[Spool] = ()) -> Rendered:
        assert original.fd >= 0
        self.rendered_alone.append(plan.resize.width)
        await asyncio.sleep(0.01)
        return Rendered(b"alone", Format.JPEG, plan.resize.width, 1)

    async def render_all(
        self, original: Spool, plans: Sequence[Plan], extras: Sequence[Spool] = ()
    ) -> list[Rendered | PixmillError]:
        assert original.fd >= 0
        widths = [plan.resize.width for plan in plans]
        self.batches.append(widths)
        await self.gate.wait()
        if self.failure:
            raise self.failure
        return [self.failures.get(width) or Rendered(b"in a set", Format.JPEG, width, 1) for width in widths]

    def announce(self) -> AbstractContextManager[None]:
        return nullcontext()

    def reserve(self) -> AbstractContextManager[None]:
        return nullcontext()

    def retry_after_s(self) -> float | None:
        return None

    @asynccontextmanager
    async def idle_slot(self) -> AsyncIterator[None]:
        if self.busy:
            raise QueueFull
        await self.time.wait()
        yield

    async def inspect(self, original: Spool, selection: FactSelection = HEADER_FACTS_ONLY) -> Facts:
        raise AssertionError((original, selection))

    def peek(self, key: Key) -> Hit | None:
        return Hit(self.entries[key], "test") if key in self.entries else None

    def peek_fresh(self, key: Key) -> Hit | None:
        raise AssertionError(key)

    def record_hits(self, hits: int) -> None:
        raise AssertionError(hits)

    async def get(self, key: Key) -> Hit | None:
        return self.peek(key)

    async def get_newer(self, key: Key, stale: Entry) -> Hit | None:
        raise AssertionError((key, stale))

    async def put(self, key: Key, entry: Entry) -> bool:
        self.entries[key] = entry
        return True


@pytest.fixture
async def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
async def service(fakes: Fakes) -> AsyncIterator[ResizeService]:
    service = resize_service(fakes, fakes, fakes)
    yield service
    await service.close()


def warm(service: ResizeService, *widths: int) -> bool:
    return service.warm(REF, [plan(width) for width in widths or WIDTHS])


async def settled(turns: int = 20) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


async def asked(service: ResizeService, width: int) -> "asyncio.Task[ResizeResult]":
    asking = asyncio.create_task(service.resize(request(width), (), key(width)))
    await settled()
    return asking


async def test_a_set_is_one_job_whose_results_are_found_under_their_own_keys(
    service: ResizeService, fakes: Fakes
) -> None:
    assert warm(service)
    await settled()
    assert (fakes.batches, fakes.fetched) == ([[320, 640, 960]], 1)
    assert set(fakes.entries) == {key(width) for width in WIDTHS}
    answer = await service.resize(request(640), (), key(640))
    assert (answer.outcome, answer.meta.etag) == (CacheOutcome.HIT, fakes.entries[key(640)].meta.etag)
    assert fakes.rendered_alone == []


async def test_formats_are_jobs_of_their_own(service: ResizeService, fakes: Fakes) -> None:
    formats = (Format.AVIF, Format.WEBP)
    service.warm(REF, [plan(width, form) for width in WIDTHS for form in formats])
    await settled(60)
    assert (fakes.batches, fakes.fetched) == ([[320, 640, 960]] * 2, 1)


async def test_what_is_stored_or_under_way_is_not_made_again(service: ResizeService, fakes: Fakes) -> None:
    await service.resize(request(320), (), key(320))
    fakes.time.clear()
    warm(service)
    asking = await asked(service, 640)
    fakes.time.set()
    await settled()
    assert fakes.batches == [[960]]
    assert (await asking).outcome is CacheOutcome.MISS


async def test_what_is_purged_by_a_tag_of_the_set_is_made_again(fakes: Fakes) -> None:
    rules = PurgeRules()
    service = resize_service(fakes, fakes, fakes, purges=rules)
    await service.resize(request(320), (), key(320))
    rules.issue([PurgeTarget(PurgeScope.TAG, "sale")])
    service.warm(REF, [plan(320)], ["other"])
    await settled()
    assert fakes.batches == []
    service.warm(REF, [plan(320)], ["sale"])
    await settled()
    assert fakes.batches == [[320]]
    await service.close()


async def test_who_asks_for_what_a_set_is_making_waits_for_it(service: ResizeService, fakes: Fakes) -> None:
    fakes.gate.clear()
    warm(service)
    await settled()
    asking = await asked(service, 640)
    fakes.gate.set()
    answer = await asking
    assert isinstance(answer.entry, Entry)
    assert (answer.outcome, answer.entry.body, fakes.rendered_alone) == (CacheOutcome.COALESCED, b"in a set", [])


async def test_who_asks_before_spare_time_has_come_does_not_wait_for_it(service: ResizeService, fakes: Fakes) -> None:
    fakes.time.clear()
    warm(service)
    await settled()
    assert (await service.resize(request(640), (), key(640))).outcome is CacheOutcome.MISS
    assert fakes.rendered_alone == [640]


@pytest.mark.parametrize("whole", [True, False])
async def test_a_set_that_fails_harms_nobody_who_waited_for_it(
    service: ResizeService, fakes: Fakes, whole: bool
) -> None:
    fakes.gate.clear()
    warm(service)
    await settled()
    asking = await asked(service, 640)
    fakes.failure = RenderTimeout() if whole else None
    fakes.failures = {640: ResultTooLarge()}
    fakes.gate.set()
    answer = await asking
    assert isinstance(answer.entry, Entry)
    assert (answer.outcome, answer.entry.body, fakes.rendered_alone) == (CacheOutcome.MISS, b"alone", [640])
    assert (key(320) in fakes.entries) is not whole


async def test_who_leaves_while_a_set_is_made_takes_nothing_from_it(service: ResizeService, fakes: Fakes) -> None:
    fakes.gate.clear()
    warm(service)
    await settled()
    leaving, staying = await asked(service, 640), await asked(service, 960)
    leaving.cancel()
    await settled()
    fakes.gate.set()
    assert (await staying).outcome is CacheOutcome.COALESCED
    await settled()
    assert key(640) in fakes.entries


async def test_two_sets_share_nothing_twice(service: ResizeService, fakes: Fakes) -> None:
    fakes.gate.clear()
    warm(service, 320, 640)
    warm(service, 640, 960)
    await settled(40)
    fakes.gate.set()
    await settled()
    assert fakes.batches == [[320, 640], [960]]
    assert fakes.fetched == 1


async def test_nothing_is_made_that_may_not_be_kept(service: ResizeService, fakes: Fakes) -> None:
    fakes.directives = CacheDirectives(0, storable=False)
    warm(service)
    await settled()
    assert (fakes.batches, fakes.fetched) == ([], 1)


async def test_what_is_all_there_is_not_even_fetched(service: ResizeService, fakes: Fakes) -> None:
    await service.resize(request(320), (), key(320))
    warm(service, 320)
    await settled()
    assert (fakes.batches, fakes.fetched) == ([], 1)


async def test_only_so_many_sets_wait_for_spare_time(service: ResizeService, fakes: Fakes) -> None:
    fakes.time.clear()
    assert [warm(service, width) for width in range(1, MAX_BATCHES + 2)] == [True] * MAX_BATCHES + [False]


async def test_a_set_without_spare_time_is_dropped(service: ResizeService, fakes: Fakes) -> None:
    fakes.busy = True
    warm(service)
    await settled()
    assert fakes.batches == []
    assert (await service.resize(request(320), (), key(320))).outcome is CacheOutcome.MISS


async def test_closing_lets_go_of_who_waits(service: ResizeService, fakes: Fakes) -> None:
    fakes.gate.clear()
    warm(service)
    await settled()
    asking = await asked(service, 640)
    await service.close()
    assert (await asking).outcome is CacheOutcome.MISS
