"""The story of a request, told with a source, an engine and a cache that note what is asked of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from pixmill.cache.purge.rules import PurgeRules
from pixmill.errors import (
    PixmillError,
    QueueFull,
    RenderTimeout,
    SourceBadResponse,
    SourceDenied,
    SourceForbidden,
    SourceNotFound,
    SourceTimeout,
    SourceUnreachable,
    UndecodableImage,
    UnsupportedImage,
)
from pixmill.media import Format
from pixmill.plan.facts import HEADER_FACTS_ONLY, Facts, FactSelection
from pixmill.plan.freshness import YEAR_S, CacheDirectives, NegativeTtl
from pixmill.plan.key import Key, entity_tag, result_key
from pixmill.plan.ops import ImageOverlay, Output, Plan, Resize
from pixmill.plan.purge import PurgeScope, PurgeTarget
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, parse_source
from pixmill.ports.pipeline import NO_LOCKS, RenderLocks
from pixmill.ports.values import Entry, Hit, Original, OriginalVersion, Rendered
from pixmill.runtime.spool import Spool
from pixmill.services.resize import ResizeService
from pixmill.services.results.answer import CacheOutcome, ResizeResult
from pixmill.services.results.refresher import BACKOFF, MAX_CONCURRENT_REFRESHES
from tests.cache.entries import changed
from tests.services.build import resize_service

NOW = 1_000_000.0
FACTS = Facts(Format.JPEG, 3, 2, 1, alpha=False, orientation=1, colour_space="sRGB", profile="", bytes=9)


def request(width: int = 100, url: str = "photo.jpg") -> ImageRequest:
    return ImageRequest(parse_source(url), Plan(resize=Resize(width), output=Output(formats=(Format.JPEG,))))


def key_of(asked: ImageRequest) -> Key:
    return result_key(asked.source.text, asked.plan)


class World:
    """Source, engine, cache and clock.

    ``origin`` and ``worker`` are gates; ``slow`` is a tier that must be waited for.
    """

    def __init__(self) -> None:
        self.now = NOW
        self.monotonic_offset_s = 0.0
        self.version = "v1"
        self.directives = CacheDirectives(60)
        self.revalidated_refs: list[SourceRef] = []
        self.fetched: list[SourceRef] = []
        self.rendered: list[int] = []
        self.spools: list[Spool] = []
        self.unreachable: PixmillError | None = None
        self.broken: PixmillError | None = None
        self.memory: dict[Key, Entry] = {}
        self.slow: dict[Key, Entry] = {}
        self.queue_full = False
        self.truncated = False
        self.origin = asyncio.Event()
        self.worker = asyncio.Event()
        self.idle = asyncio.Event()
        self.waiting_for_idle = 0
        self.origin.set()
        self.worker.set()
        self.idle.set()

    async def fetch(self, ref: SourceRef) -> Original:
        self.fetched.append(ref)
        await self.origin.wait()
        if self.unreachable:
            raise self.unreachable
        self.spools.append(Spool(100))
        return Original(self.spools[-1], OriginalVersion(self.version, self.directives), tags=("by origin",))

    async def revalidate(self, ref: SourceRef, validator: str) -> Original | CacheDirectives:
        if validator != self.version or self.unreachable:
            return await self.fetch(ref)
        self.revalidated_refs.append(ref)
        await self.origin.wait()
        return self.directives

    async def render(self, original: Spool, plan: Plan, extras: Sequence[Spool] = ()) -> Rendered:
        assert original.fd >= 0, "the original is open while it is worked on"
        self.rendered.append(plan.resize.width)
        await self.worker.wait()
        if self.broken:
            raise self.broken
        body, width = b"%d of %s" % (plan.resize.width, self.version.encode()), plan.resize.width
        return Rendered(body, Format.JPEG, width, 1, truncated=self.truncated)

    async def inspect(self, original: Spool, selection: FactSelection = HEADER_FACTS_ONLY) -> Facts:
        assert (original.fd >= 0, selection) == (True, HEADER_FACTS_ONLY)
        await self.worker.wait()
        return FACTS

    async def render_all(
        self, original: Spool, plans: Sequence[Plan], extras: Sequence[Spool] = ()
    ) -> list[Rendered | PixmillError]:
        raise AssertionError((original, plans))

    @contextmanager
    def announce(self) -> Iterator[None]:
        if self.queue_full:
            raise QueueFull
        yield

    def reserve(self) -> AbstractContextManager[None]:
        return nullcontext()

    def retry_after_s(self) -> float | None:
        return None

    @asynccontextmanager
    async def idle_slot(self) -> AsyncIterator[None]:
        self.waiting_for_idle += 1
        await self.idle.wait()
        if self.queue_full:
            raise QueueFull
        yield

    def peek(self, key: Key) -> Hit | None:
        return Hit(self.memory[key], "memory") if key in self.memory else None

    def peek_fresh(self, key: Key) -> Hit | None:
        hit = self.peek(key)
        return hit if hit is not None and self.now < hit.entry.meta.lifetime.fresh_until else None

    def record_hits(self, hits: int) -> None:
        raise AssertionError(hits)

    async def get(self, key: Key) -> Hit | None:
        await asyncio.sleep(0)
        return Hit(self.slow[key], "disk") if key in self.slow else self.peek(key)

    async def get_newer(self, key: Key, stale: Entry) -> Hit | None:
        entry = self.slow.get(key)
        return Hit(entry, "disk") if entry and entry.meta.lifetime.stored_at > stale.meta.lifetime.stored_at else None

    async def put(self, key: Key, entry: Entry) -> bool:
        self.memory[key] = entry
        return True


@pytest.fixture
async def world() -> World:
    return World()


def service_in(world: World, locks: RenderLocks = NO_LOCKS) -> ResizeService:
    """A service in this world, by its clocks."""
    return resize_service(
        world,
        world,
        world,
        clock=lambda: world.now,
        monotonic=lambda: world.now + world.monotonic_offset_s,
        locks=locks,
    )


@pytest.fixture
async def other_server(world: World) -> "OtherServer":
    return OtherServer(world)


@pytest.fixture
async def service(world: World, other_server: "OtherServer") -> AsyncIterator[ResizeService]:
    service = service_in(world, other_server)
    yield service
    await service.close()
    assert all(spool.fd < 0 for spool in world.spools), "every original was given back"


def resized(
    service: ResizeService, asked: ImageRequest, known: tuple[str, ...] = ()
) -> Coroutine[Any, Any, ResizeResult]:
    return service.resize(asked, known, key_of(asked))


def cached(service: ResizeService, asked: ImageRequest, known: tuple[str, ...] = ()) -> ResizeResult | None:
    return service.peek(asked, known, key_of(asked))


async def settled() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


def body_of(answer: ResizeResult) -> bytes:
    assert isinstance(answer.entry, Entry)
    return answer.entry.body


async def test_what_was_made_once_is_found_in_memory(service: ResizeService, world: World) -> None:
    assert cached(service, request()) is None
    made = await resized(service, request())
    assert (made.outcome, body_of(made)) == (CacheOutcome.MISS, b"100 of v1")
    found = cached(service, request())
    assert found is not None
    assert (found.outcome, found.tier, found.entry) == (CacheOutcome.HIT, "memory", made.entry)
    assert world.rendered == [100]


async def test_an_entry_says_of_which_original_it_is_and_for_how_long_it_is_good(
    service: ResizeService, world: World
) -> None:
    entry = (await resized(service, request())).entry
    assert isinstance(entry, Entry)
    assert entry.meta.etag == entity_tag(key_of(request()), "v1")
    assert (entry.meta.lifetime.stored_at, entry.meta.lifetime.fresh_until) == (NOW, NOW + 60)
    world.version = "v2"
    world.memory.clear()
    assert (await resized(service, request())).meta.etag != entry.meta.etag


async def test_an_entry_names_all_that_it_was_made_of_and_the_tags_of_its_request_and_its_originals(
    service: ResizeService, world: World
) -> None:
    mark = parse_source("mark.png")
    plan = Plan(
        resize=Resize(100), output=Output(formats=(Format.JPEG,)), overlays=(ImageOverlay(mark), ImageOverlay(mark))
    )
    entry = (await resized(service, ImageRequest(parse_source("photo.jpg"), plan, tags=("sale", "home")))).entry
    assert isinstance(entry, Entry)
    assert (entry.meta.sources, entry.meta.tags) == (("photo.jpg", "mark.png"), ("sale", "home", "by origin"))


async def test_many_who_want_the_same_share_one_download_and_one_render(service: ResizeService, world: World) -> None:
    answers = await asyncio.gather(*(resized(service, request()) for _ in range(20)))
    assert (len(world.fetched), world.rendered) == (1, [100])
    assert sorted(answer.outcome for answer in answers) == [*["coalesced"] * 19, "miss"]
    assert {body_of(answer) for answer in answers} == {b"100 of v1"}


async def test_many_sizes_of_one_picture_share_its_download(service: ResizeService, world: World) -> None:
    await asyncio.gather(*(resized(service, request(width)) for width in range(1, 11)))
    assert (len(world.fetched), sorted(world.rendered)) == (1, list(range(1, 11)))


async def test_who_shares_what_a_slow_tier_had_is_told_of_a_hit(service: ResizeService, world: World) -> None:
    await resized(service, request())
    world.slow, world.memory = world.memory, {}
    answers = await asyncio.gather(*(resized(service, request()) for _ in range(3)))
    assert {(answer.outcome, answer.tier) for answer in answers} == {(CacheOutcome.HIT, "disk")}
    assert world.rendered == [100]


async def test_a_stale_picture_is_served_at_once_and_made_anew_behind_the_answer(
    service: ResizeService, world: World
) -> None:
    await resized(service, request())
    world.now, world.version = NOW + 61, "v2"
    for _ in range(3):
        stale = cached(service, request())
        assert stale is not None
        assert (stale.outcome, body_of(stale)) == (CacheOutcome.STALE, b"100 of v1")
    await settled()
    fresh = cached(service, request())
    assert fresh is not None
    assert (fresh.outcome, body_of(fresh)) == (CacheOutcome.HIT, b"100 of v2")
    assert world.rendered == [100, 100], "however many were served meanwhile"


async def test_a_stale_picture_is_made_anew_once_there_is_time_and_who_cannot_wait_goes_ahead(
    service: ResizeService, world: World
) -> None:
    world.directives = CacheDirectives(60, stale_while_revalidate_s=5)
    await resized(service, request())
    world.now, world.version = NOW + 61, "v2"
    world.idle.clear()
    for _ in range(3):
        assert cached(service, request()) is not None
        await settled()
    assert (world.waiting_for_idle, world.rendered) == (1, [100]), "one for all who ask, and it waits"
    assert cached(service, request()) is not None, "what is stale is served on meanwhile"
    world.now = NOW + 66
    made = await resized(service, request())
    assert body_of(made) == b"100 of v2"
    world.idle.set()
    await settled()
    assert world.rendered == [100, 100], "what somebody could not wait for is not made again"


async def test_a_stale_picture_stays_stale_where_there_is_no_time_and_an_unchanged_one_needs_none(
    service: ResizeService, world: World
) -> None:
    await resized(service, request())
    world.now, world.queue_full = NOW + 61, True
    assert cached(service, request()) is not None
    await settled()
    renewed = cached(service, request())
    assert renewed is not None
    assert (renewed.outcome, world.waiting_for_idle) == (CacheOutcome.HIT, 0)
    world.now, world.version = NOW + 123, "v2"
    world.queue_full = True
    assert cached(service, request()) is not None
    await settled()
    stale = cached(service, request())
    assert stale is not None
    assert (stale.outcome, world.rendered) == (CacheOutcome.STALE, [100])


async def test_a_stale_picture_whose_origin_is_gone_is_served_on(service: ResizeService, world: World) -> None:
    await resized(service, request())
    world.now, world.unreachable = NOW + 61, SourceUnreachable()
    for _ in range(2):
        stale = cached(service, request())
        assert stale is not None
        assert stale.outcome is CacheOutcome.STALE
        await settled()


async def test_only_so_many_pictures_are_made_anew_at_one_time(service: ResizeService, world: World) -> None:
    for number in range(MAX_CONCURRENT_REFRESHES + 10):
        await resized(service, request(url=f"{number}.jpg"))
    world.fetched.clear()
    world.origin.clear()
    world.now, world.version = NOW + 61, "v2"
    for number in range(MAX_CONCURRENT_REFRESHES + 10):
        assert cached(service, request(url=f"{number}.jpg")) is not None
    await settled()
    assert len(world.fetched) == MAX_CONCURRENT_REFRESHES


async def test_what_its_origin_does_not_vouch_for_is_served_only_after_asking(
    service: ResizeService, world: World
) -> None:
    world.directives = CacheDirectives(0)
    assert (await resized(service, request())).outcome is CacheOutcome.MISS
    assert cached(service, request()) is None
    again = await resized(service, request())
    assert (again.outcome, body_of(again), world.rendered) == (CacheOutcome.REVALIDATED, b"100 of v1", [100])
    world.version = "v2"
    changed = await resized(service, request())
    assert (changed.outcome, body_of(changed)) == (CacheOutcome.REPLACED, b"100 of v2")


async def test_what_may_not_be_kept_is_not(service: ResizeService, world: World) -> None:
    world.directives = CacheDirectives(0, storable=False)
    for _ in range(2):
        answer = await resized(service, request())
        assert (answer.outcome, answer.stored) == (CacheOutcome.MISS, False)
    assert not world.memory
    assert len(world.fetched) == 2


async def test_a_client_who_has_the_picture_is_told_so_from_any_tier(service: ResizeService, world: World) -> None:
    tag = (await resized(service, request())).meta.etag
    known = cached(service, request(), (tag,))
    assert known is not None
    assert (known.entry, known.meta.etag) == (None, tag)
    world.slow, world.memory = world.memory, {}
    answer = await resized(service, request(), (tag,))
    assert (answer.outcome, answer.tier, answer.entry) == (CacheOutcome.HIT, "disk", None)


async def test_when_no_tier_has_it_the_original_alone_tells_whether_the_client_has_the_picture(
    service: ResizeService, world: World
) -> None:
    tag = (await resized(service, request())).meta.etag
    world.memory.clear()
    world.now = NOW + 61
    same = await resized(service, request(), (tag,))
    assert (same.entry, same.meta.etag) == (None, tag)
    assert (len(world.fetched), len(world.revalidated_refs), world.rendered) == (1, 1, [100])
    world.now, world.version = NOW + 200, "v2"
    changed = await resized(service, request(), (tag,))
    assert body_of(changed) == b"100 of v2"
    assert (len(world.fetched), world.rendered) == (2, [100, 100]), "the render used the same download"


async def test_when_the_last_one_who_waits_has_left_the_work_ends(service: ResizeService, world: World) -> None:
    world.worker.clear()
    waiting = [asyncio.create_task(resized(service, request())) for _ in range(2)]
    await settled()
    waiting[0].cancel()
    await settled()
    assert world.spools[0].fd >= 0, "somebody still waits"
    waiting[1].cancel()
    await settled()
    assert world.spools[0].fd < 0
    world.worker.set()
    assert (await resized(service, request())).outcome is CacheOutcome.MISS
    assert world.rendered == [100, 100]
    for task in waiting:
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    "harm",
    [
        lambda world: setattr(world, "unreachable", SourceUnreachable()),
        lambda world: setattr(world, "broken", UndecodableImage()),
    ],
    ids=["fetch", "render"],
)
async def test_a_failure_is_told_to_all_who_wait_and_is_not_kept(
    service: ResizeService, world: World, harm: Callable[[World], None]
) -> None:
    harm(world)
    failures = await asyncio.gather(*(resized(service, request()) for _ in range(5)), return_exceptions=True)
    assert {type(failure) for failure in failures} <= {SourceUnreachable, UndecodableImage}
    assert len(world.fetched) == 1
    world.unreachable = world.broken = None
    assert (await resized(service, request())).outcome is CacheOutcome.MISS


async def test_what_a_client_sends_is_made_and_not_kept(service: ResizeService, world: World) -> None:
    with Spool(100) as body:
        answer = await service.resize_upload(body, request(70).plan)
        assert (answer.outcome, body_of(answer)) == (CacheOutcome.UNCACHED, b"70 of v1")
        assert body.fd >= 0, "it stays its owner's"
    assert not world.memory
    assert not world.fetched


async def test_facts_and_pictures_share_a_download(service: ResizeService, world: World) -> None:
    world.origin.clear()
    asked = asyncio.gather(service.inspect(request().source), resized(service, request()))
    await settled()
    world.origin.set()
    facts, answer = await asked
    assert (facts, answer.outcome, len(world.fetched)) == (FACTS, CacheOutcome.MISS, 1)


async def test_a_service_that_is_closed_leaves_nothing_running(world: World) -> None:
    service = service_in(world)
    await resized(service, request())
    world.now, world.version = NOW + 61, "v2"
    world.worker.clear()
    assert cached(service, request()) is not None
    await settled()
    assert world.spools[-1].fd >= 0
    await service.close()
    await settled()
    assert world.spools[-1].fd < 0


async def test_a_clock_that_jumps_back_makes_nothing_stale(service: ResizeService, world: World) -> None:
    await resized(service, request())
    world.now, world.monotonic_offset_s = NOW - 10_000, 10_000
    found = cached(service, request())
    assert found is not None
    assert found.outcome is CacheOutcome.HIT


async def test_nothing_is_fetched_for_a_render_that_would_be_refused(service: ResizeService, world: World) -> None:
    await resized(service, request(100))
    world.queue_full, world.fetched = True, []
    with pytest.raises(QueueFull):
        await resized(service, request(200))
    with pytest.raises(QueueFull):
        await service.inspect(parse_source("photo.jpg"))
    assert not world.fetched
    assert cached(service, request(100)), "what was made is answered in a crowd too"


@pytest.mark.parametrize(("hard", "outcome"), [(True, CacheOutcome.MISS), (False, CacheOutcome.STALE)])
async def test_a_purge_by_tag_reaches_who_asks_with_it_whoever_it_was_made_for(
    world: World, hard: bool, outcome: CacheOutcome
) -> None:
    rules = PurgeRules(lambda: world.now)
    service = resize_service(world, world, world, clock=lambda: world.now, purges=rules)
    plain, tagged = request(), structs.replace(request(), tags=("sale",))
    await service.resize(plain, (), key_of(plain))
    assert service.lookup.results.peek_fresh(key_of(plain), tagged.tags)
    world.now += 20
    rules.issue([PurgeTarget(PurgeScope.TAG, "sale", hard=hard)])
    for asked in (plain, structs.replace(plain, tags=("other",))):
        assert service.lookup.results.peek_fresh(key_of(asked), asked.tags)
        assert (await service.resize(asked, (), key_of(asked))).outcome is CacheOutcome.HIT
    assert service.lookup.results.peek_fresh(key_of(tagged), tagged.tags) is None
    answer = service.peek(tagged, (), key_of(tagged)) or await service.resize(tagged, (), key_of(tagged))
    assert answer.outcome is outcome
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        while not service.lookup.results.peek_fresh(key_of(tagged), tagged.tags):
            await asyncio.sleep(0)
    await service.close()


async def test_who_asks_after_a_purge_joins_nothing_that_began_before_it(world: World) -> None:
    rules = PurgeRules(lambda: world.now)
    service = resize_service(world, world, world, clock=lambda: world.now, purges=rules)
    world.origin.clear()
    before = asyncio.create_task(resized(service, request()))
    await settled()
    rules.issue([PurgeTarget(PurgeScope.SOURCE, "photo.jpg")])
    after = asyncio.create_task(resized(service, request()))
    await settled()
    assert len(world.fetched) == 2
    world.origin.set()
    early, late = (await before).entry, (await after).entry
    assert isinstance(early, Entry)
    assert isinstance(late, Entry)
    assert rules.apply_to(early) is None, "it is stored, and found by nobody"
    assert rules.apply_to(late) == late
    await service.close()


@pytest.mark.parametrize("tags", [(), ("sale",)])
async def test_what_is_purged_while_its_turn_is_waited_for_is_not_renewed_though_its_original_is_unchanged(
    world: World, tags: tuple[str, ...]
) -> None:
    """Whoever purges may know better than the origin's validator."""
    rules = PurgeRules(lambda: world.now)
    other_server = OtherServer(world)
    service = resize_service(world, world, world, clock=lambda: world.now, purges=rules, locks=other_server)
    asked = structs.replace(request(), tags=tags)
    made = (await resized(service, request())).entry
    assert isinstance(made, Entry)
    world.now = made.meta.lifetime.stale_until + 1
    other_server.meanwhile = lambda: rules.issue(
        [PurgeTarget(PurgeScope.TAG, "sale") if tags else PurgeTarget(PurgeScope.SOURCE, "photo.jpg")]
    )
    answer = await resized(service, asked)
    assert (answer.outcome, world.rendered) == (CacheOutcome.REPLACED, [100, 100])
    await service.close()


# ---------------------------------------------------------------- renewal


async def test_a_stale_picture_whose_original_is_unchanged_gets_new_times_without_a_download_or_a_render(
    service: ResizeService, world: World
) -> None:
    made = (await resized(service, request())).meta
    world.now = NOW + 61
    stale = cached(service, request())
    assert stale is not None
    assert stale.outcome is CacheOutcome.STALE
    await settled()
    found = cached(service, request())
    assert found is not None
    assert (found.outcome, found.meta.etag, found.meta.lifetime.fresh_until) == (CacheOutcome.HIT, made.etag, NOW + 121)
    assert (len(world.fetched), len(world.revalidated_refs), world.rendered) == (1, 1, [100])


async def test_one_word_of_the_origin_renews_every_size_for_as_long_as_it_holds(
    service: ResizeService, world: World
) -> None:
    for width in (10, 20, 30):
        await resized(service, request(width))
    world.revalidated_refs.clear()
    world.fetched.clear()
    for width, passed in ((10, 61), (20, 61), (30, 101)):
        world.now = NOW + passed
        assert cached(service, request(width)) is not None
        await settled()
    assert (len(world.revalidated_refs), world.fetched, world.rendered) == (1, [], [10, 20, 30])
    late = cached(service, request(30))
    assert late is not None
    assert (late.outcome, late.meta.lifetime.stored_at, late.meta.lifetime.fresh_until) == (
        CacheOutcome.HIT,
        NOW + 101,
        NOW + 121,
    )


async def test_what_was_made_of_an_older_version_is_not_renewed_by_a_word_about_the_new_one(
    service: ResizeService, world: World
) -> None:
    for width in (10, 20):
        await resized(service, request(width))
    world.now, world.version = NOW + 61, "v2"
    for width in (10, 20):
        assert cached(service, request(width)) is not None
        await settled()
    assert [body_of(found) for width in (10, 20) if (found := cached(service, request(width)))] == [
        b"10 of v2",
        b"20 of v2",
    ]


async def test_many_who_wait_for_the_origin_s_word_cost_one_question(service: ResizeService, world: World) -> None:
    world.directives = CacheDirectives(0)
    await resized(service, request())
    answers = await asyncio.gather(*(resized(service, request()) for _ in range(10)))
    assert len(world.revalidated_refs) == 1
    assert {answer.outcome for answer in answers} == {CacheOutcome.REVALIDATED}
    assert sorted((answer.coalesced, answer.stored) for answer in answers) == [(False, True), *[(True, False)] * 9]


async def test_a_client_who_has_what_is_renewed_is_spared_the_bytes(service: ResizeService, world: World) -> None:
    world.directives = CacheDirectives(0)
    tag = (await resized(service, request())).meta.etag
    answer = await resized(service, request(), (tag,))
    assert (answer.outcome, answer.entry) == (CacheOutcome.REVALIDATED, None)
    world.version = "v2"
    assert body_of(await resized(service, request(), (tag,))) == b"100 of v2"


async def test_a_client_who_has_the_picture_is_told_so_without_asking_while_the_origin_s_word_holds(
    service: ResizeService, world: World
) -> None:
    tag = (await resized(service, request())).meta.etag
    world.memory.clear()
    answer = await resized(service, request(), (tag,))
    assert (answer.entry, answer.meta.etag) == (None, tag)
    assert (len(world.fetched), world.revalidated_refs, world.rendered) == (1, [], [100])


@pytest.mark.parametrize("error", [SourceUnreachable(), SourceTimeout(), SourceBadResponse(), QueueFull()])
async def test_when_asking_fails_the_last_version_is_served_while_it_may_be(
    service: ResizeService, world: World, error: PixmillError
) -> None:
    world.directives = CacheDirectives(60, stale_while_revalidate_s=5, stale_if_error_s=100)
    await resized(service, request())
    world.unreachable, world.now = error, NOW + 60 + 50
    assert cached(service, request()) is None
    answer = await resized(service, request())
    assert (answer.outcome, body_of(answer)) == (CacheOutcome.STALE_IF_ERROR, b"100 of v1")
    world.now = NOW + 60 + 101
    with pytest.raises(type(error)):
        await resized(service, request())


@pytest.mark.parametrize("error", [SourceNotFound(), SourceDenied(), UndecodableImage(), SourceForbidden()])
async def test_when_the_original_is_gone_nothing_made_of_it_is_served_any_more(
    service: ResizeService, world: World, error: PixmillError
) -> None:
    world.directives = CacheDirectives(60, stale_while_revalidate_s=5)
    await resized(service, request())
    world.unreachable, world.now = error, NOW + 60 + 50
    with pytest.raises(type(error)):
        await resized(service, request())


@pytest.mark.parametrize("error", [SourceNotFound(), SourceDenied(), UndecodableImage(), SourceForbidden()])
async def test_a_stale_picture_whose_original_turns_out_to_be_gone_is_served_no_more(
    service: ResizeService, world: World, error: PixmillError
) -> None:
    made = (await resized(service, request())).meta
    world.unreachable, world.now = error, NOW + 61
    assert cached(service, request()) is not None, "the refresh has yet to find out"
    await settled()
    assert cached(service, request()) is None
    with pytest.raises(type(error)):
        await resized(service, request())
    world.unreachable = SourceUnreachable()
    with pytest.raises(SourceUnreachable):
        await resized(service, request())
    world.unreachable = None
    back = await resized(service, request())
    assert (back.outcome, back.meta.etag, world.rendered) == (CacheOutcome.REVALIDATED, made.etag, [100])


async def test_what_was_denied_once_does_not_come_back_when_its_source_breaks_down(
    service: ResizeService, world: World
) -> None:
    world.directives = CacheDirectives(60, stale_while_revalidate_s=0, stale_if_error_s=1_000)
    await resized(service, request())
    for error in (SourceDenied(), SourceUnreachable()):
        world.unreachable, world.now = error, world.now + 61
        with pytest.raises(type(error)):
            await resized(service, request())


async def test_a_refresh_that_fails_is_tried_again_after_a_pause_that_doubles(
    service: ResizeService, world: World
) -> None:
    await resized(service, request())
    world.fetched.clear()
    world.unreachable, world.now = SourceUnreachable(), NOW + 61
    for pause_s, tries in ((BACKOFF.initial_s, 1), (2 * BACKOFF.initial_s, 2), (4 * BACKOFF.initial_s, 3)):
        for _ in range(5):
            assert cached(service, request()) is not None
            await settled()
        assert len(world.fetched) == tries
        world.now += pause_s
    world.unreachable = None
    assert cached(service, request()) is not None
    await settled()
    found = cached(service, request())
    assert found is not None
    assert found.outcome is CacheOutcome.HIT


async def test_one_picture_that_many_ask_for_takes_no_place_from_others(service: ResizeService, world: World) -> None:
    await resized(service, request(url="popular.jpg"))
    await resized(service, request(url="quiet.jpg"))
    world.fetched.clear()
    world.origin.clear()
    world.now, world.version = NOW + 61, "v2"
    for _ in range(MAX_CONCURRENT_REFRESHES + 10):
        assert cached(service, request(url="popular.jpg")) is not None
    assert cached(service, request(url="quiet.jpg")) is not None
    await settled()
    assert [ref.text for ref in world.fetched] == ["popular.jpg", "quiet.jpg"]


# ---------------------------------------------------------------- what is of no use


@pytest.fixture
async def with_negative_ttl(world: World) -> AsyncIterator[ResizeService]:
    service = resize_service(
        world,
        world,
        world,
        clock=lambda: world.now,
        monotonic=lambda: world.now,
        negative_ttl=NegativeTtl(undecodable_s=50),
    )
    yield service
    await service.close()


async def failed(service: ResizeService, asked: ImageRequest) -> tuple[bool, float | None]:
    with pytest.raises(PixmillError) as caught:
        await resized(service, asked)
    return caught.value.from_negative_cache, caught.value.negative_ttl_s


async def test_a_damaged_picture_is_not_tried_again_for_a_while_unless_it_changes(
    with_negative_ttl: ResizeService, world: World
) -> None:
    world.broken = UndecodableImage()
    assert await failed(with_negative_ttl, request()) == (False, 50)
    world.now = NOW + 30
    assert await failed(with_negative_ttl, request()) == (True, 20)
    assert (world.rendered, len(world.fetched)) == ([100], 1), "its source vouches for it, and is not asked"
    assert await failed(with_negative_ttl, request(200)) == (False, 50), "another size may go well"
    world.now = NOW + 51
    assert (await failed(with_negative_ttl, request()))[0] is False
    world.now, world.version, world.broken = NOW + 51 + 61, "v2", None
    assert (await resized(with_negative_ttl, request())).outcome is CacheOutcome.MISS


async def test_what_is_no_picture_is_none_in_any_size(with_negative_ttl: ResizeService, world: World) -> None:
    world.broken = UnsupportedImage()
    assert await failed(with_negative_ttl, request()) == (False, 50)
    assert await failed(with_negative_ttl, request(200)) == (True, 50)
    with pytest.raises(UnsupportedImage):
        await with_negative_ttl.inspect(parse_source("photo.jpg"))
    assert world.rendered == [100]


async def test_what_its_source_does_not_vouch_for_is_fetched_and_not_rendered(
    with_negative_ttl: ResizeService, world: World
) -> None:
    world.directives, world.broken = CacheDirectives(0), UndecodableImage()
    assert await failed(with_negative_ttl, request()) == (False, 0)
    assert await failed(with_negative_ttl, request()) == (True, 0)
    assert (len(world.fetched), world.rendered) == (2, [100])
    world.version, world.broken = "v2", None
    assert body_of(await resized(with_negative_ttl, request())) == b"100 of v2"


@pytest.mark.parametrize("error", [RenderTimeout(), QueueFull()])
async def test_bad_luck_is_not_remembered(with_negative_ttl: ResizeService, world: World, error: PixmillError) -> None:
    world.broken = error
    assert await failed(with_negative_ttl, request()) == (False, None)
    world.broken = None
    assert (await resized(with_negative_ttl, request())).outcome is CacheOutcome.MISS


async def test_of_another_picture_s_flaw_the_original_is_not_accused(
    with_negative_ttl: ResizeService, world: World
) -> None:
    world.broken = UnsupportedImage("Overlay 1: no picture", param="overlay")
    mark = Plan(
        resize=Resize(90), output=Output(formats=(Format.JPEG,)), overlays=(ImageOverlay(parse_source("mark.png")),)
    )
    assert (await failed(with_negative_ttl, ImageRequest(parse_source("photo.jpg"), mark)))[0] is False
    assert (await failed(with_negative_ttl, ImageRequest(parse_source("photo.jpg"), mark)))[0] is True
    world.broken = None
    assert (await resized(with_negative_ttl, request())).outcome is CacheOutcome.MISS


# ---------------------------------------------------------------- versions


async def test_a_version_is_fetched_once_and_good_for_a_year_whatever_its_origin_says(
    service: ResizeService, world: World
) -> None:
    world.directives = CacheDirectives(0, must_revalidate=True)
    asked = ImageRequest(
        structs.replace(parse_source("photo.jpg"), version="1", is_version_signed=True), request().plan
    )
    key = result_key(asked.source.identity, asked.plan)
    entry = (await service.resize(asked, (), key)).entry
    assert isinstance(entry, Entry)
    assert (entry.meta.lifetime.fresh_until, entry.meta.version.directives.immutable, entry.meta.sources) == (
        NOW + YEAR_S,
        True,
        ("photo.jpg",),
    )
    world.memory.clear()
    world.now = NOW + 1_000
    other = ImageRequest(asked.source, request(200).plan)
    again = (await service.resize(other, ("nothing known",), result_key(asked.source.identity, other.plan))).meta
    assert again.lifetime.fresh_until == world.now + YEAR_S
    assert world.revalidated_refs == []


async def test_a_version_that_anybody_may_name_is_revalidated_within_minutes(
    service: ResizeService, world: World
) -> None:
    world.directives = CacheDirectives(YEAR_S, immutable=True)
    asked = ImageRequest(structs.replace(parse_source("photo.jpg"), version="1"), request().plan)
    key = result_key(asked.source.identity, asked.plan)
    entry = (await service.resize(asked, (), key)).entry
    assert isinstance(entry, Entry)
    lifetime = entry.meta.lifetime
    assert (lifetime.fresh_until, lifetime.stale_until, entry.meta.version.directives.immutable) == (
        NOW + 300,
        NOW + 300,
        False,
    )
    signed = structs.replace(asked.source, is_version_signed=True)
    assert result_key(signed.identity, asked.plan) != key, "what it stores is not found by a signed URL"


async def test_a_version_that_may_not_be_kept_is_not(service: ResizeService, world: World) -> None:
    world.directives = CacheDirectives(0, storable=False)
    asked = ImageRequest(
        structs.replace(parse_source("photo.jpg"), version="1", is_version_signed=True), request().plan
    )
    assert not (await service.resize(asked, (), result_key(asked.source.identity, asked.plan))).stored
    assert not world.memory


class OtherServer:
    """Turns of a server that is not alone: whether another one has it now, and what that does while we wait."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.busy = False
        self.done: Entry | None = None
        self.meanwhile: Callable[[], object] = lambda: None

    @asynccontextmanager
    async def acquire(self, key: Key) -> AsyncIterator[bool]:
        self.meanwhile()
        if self.done:
            self.world.slow[key] = self.done
        yield self.done is not None

    @asynccontextmanager
    async def try_acquire(self, key: Key) -> AsyncIterator[bool]:
        assert key
        yield not self.busy


async def test_a_stale_picture_that_another_server_renews_is_left_to_it(
    service: ResizeService, world: World, other_server: OtherServer
) -> None:
    made = (await resized(service, request())).entry
    assert isinstance(made, Entry)
    world.now, other_server.busy = NOW + 61, True
    asked = len(world.fetched) + len(world.revalidated_refs)
    for _ in range(2):
        assert cached(service, request()) is not None
        await settled()
    other_server.busy = False
    world.slow[key_of(request())] = changed(made, stored_at=world.now, fresh_until=world.now + 60)
    world.now += BACKOFF.initial_s
    assert cached(service, request()) is not None
    await settled()
    assert len(world.fetched) + len(world.revalidated_refs) == asked, "nobody here has asked the source"


async def test_who_must_wait_for_a_renewal_takes_what_another_server_has_renewed(
    service: ResizeService, world: World, other_server: OtherServer
) -> None:
    made = (await resized(service, request())).entry
    assert isinstance(made, Entry)
    world.now = made.meta.lifetime.stale_until + 1
    other_server.done = changed(made, stored_at=world.now, fresh_until=world.now + 60, body=b"renewed elsewhere")
    again = await resized(service, request())
    assert (again.outcome, body_of(again)) == (CacheOutcome.HIT, b"renewed elsewhere")


async def test_what_is_never_fresh_is_not_waited_for(
    service: ResizeService, world: World, other_server: OtherServer
) -> None:
    world.directives = CacheDirectives(0)
    made = (await resized(service, request())).entry
    assert isinstance(made, Entry)
    other_server.done = replace(made, body=b"of no use")
    assert body_of(await resized(service, request())) == b"100 of v1"


@pytest.mark.parametrize("ttl_s", [0.0, 30.0])
async def test_a_result_of_an_original_that_is_cut_off_does_not_live_long(world: World, ttl_s: float) -> None:
    """Its upload may be in progress: nothing of it is retained, nor immutable for clients."""
    world.truncated, world.directives = True, CacheDirectives(YEAR_S, immutable=True)
    service = resize_service(
        world, world, world, clock=lambda: world.now, negative_ttl=NegativeTtl(undecodable_s=ttl_s)
    )
    asked = request()
    found = await resized(service, asked)
    assert found.meta.lifetime.ends_at == world.now + ttl_s
    assert not found.meta.version.directives.immutable
    assert found.meta.etag != entity_tag(key_of(asked), "v1")
    assert len(world.memory) == (1 if ttl_s else 0)
    await service.close()
