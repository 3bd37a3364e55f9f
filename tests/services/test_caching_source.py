"""A source behind a depot: what was laid down is given while it is good, asked about when it is doubtful, and never
outlives a purge."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from pixmill.cache.purge.rules import PurgeRules
from pixmill.errors import SourceUnreachable
from pixmill.plan.freshness import NO_DIRECTIVES, CacheDirectives, FreshnessPolicy
from pixmill.plan.purge import PurgeScope, PurgeTarget
from pixmill.plan.source import SourceKind, SourceRef, parse_source
from pixmill.ports.values import CachedOriginal, Original, OriginalVersion
from pixmill.runtime.spool import Spool
from pixmill.services.inputs.caching_source import MAX_CLOCK_SKEW_S, CachingSource

NOW = 1_800_000_000.0
REF = parse_source("https://example.org/a.jpg")
DIRECTIVES = CacheDirectives(60, stale_while_revalidate_s=7)


class World:
    """A source, a depot and a clock."""

    def __init__(self) -> None:
        self.now = NOW
        self.rules = PurgeRules(lambda: self.now)
        self.version = "1"
        self.directives = DIRECTIVES
        self.unreachable = False
        self.requests: list[str] = []
        self.stored: dict[SourceRef, CachedOriginal] = {}
        self.spools: list[Spool] = []
        self.stored_by_another: CachedOriginal | None = None
        self.while_waiting: Callable[[], object] = lambda: None
        self.source = CachingSource(
            self, self, FreshnessPolicy(default_ttl_s=30), self.rules, {SourceKind.HTTP}, clock=lambda: self.now
        )

    def spool(self, text: str) -> Spool:
        spool = Spool(100)
        spool.write(text.encode())
        self.spools.append(spool)
        return spool

    async def fetch(self, ref: SourceRef) -> Original:
        self.requests.append("fetch")
        if self.unreachable:
            raise SourceUnreachable
        version = OriginalVersion(self.version, self.directives, modified=5.0)
        return Original(self.spool(f"{ref.text} {self.version}"), version)

    async def revalidate(self, ref: SourceRef, validator: str) -> Original | CacheDirectives:
        if validator != self.version:
            return await self.fetch(ref)
        self.requests.append("revalidate")
        return self.directives

    async def get(self, ref: SourceRef) -> CachedOriginal | None:
        return self.shared(self.stored[ref]) if ref in self.stored else None

    async def put(self, ref: SourceRef, cached: CachedOriginal) -> None:
        await self.delete(ref)
        self.stored[ref] = self.shared(cached)

    async def delete(self, ref: SourceRef) -> None:
        if ref in self.stored:
            self.stored.pop(ref).original.spool.close()

    @asynccontextmanager
    async def lock(self, ref: SourceRef) -> AsyncIterator[bool]:
        self.while_waiting()
        if self.stored_by_another:
            self.stored[ref] = self.stored_by_another
        yield self.stored_by_another is not None

    def shared(self, deposit: CachedOriginal) -> CachedOriginal:
        spool = deposit.original.spool.share()
        self.spools.append(spool)
        return replace(deposit, original=replace(deposit.original, spool=spool))

    async def fetch_version(self, ref: SourceRef = REF) -> tuple[str, Original]:
        original = await self.source.fetch(ref)
        with original.spool as spool:
            return spool.read().decode().rpartition(" ")[2], original


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    for deposit in world.stored.values():
        deposit.original.spool.close()
    assert all(spool.fd < 0 for spool in world.spools), "every body was given back"


async def test_what_is_vouched_for_is_given_with_what_remains_of_the_word(world: World) -> None:
    first = (await world.fetch_version())[1]
    world.now += 20
    body, again = await world.fetch_version()
    assert (body, world.requests) == ("1", ["fetch"])
    assert again.version.directives == CacheDirectives(40, stale_while_revalidate_s=7)
    assert (again.version.purge_watermark, again.version.modified, again.sources) == (
        first.version.purge_watermark,
        5.0,
        (REF.text,),
    )


@pytest.mark.parametrize("later_s", [61, -MAX_CLOCK_SKEW_S - 1])
async def test_what_is_over_or_from_a_clock_that_was_put_back_is_asked_about(later_s: float, world: World) -> None:
    await world.fetch_version()
    world.now += later_s
    world.directives = CacheDirectives(9)
    body, again = await world.fetch_version()
    assert (body, again.version.directives, world.requests) == ("1", CacheDirectives(9), ["fetch", "revalidate"])
    assert world.stored[REF].validated_at == world.now, "and laid down anew"


async def test_silence_does_not_take_back_what_was_said(world: World) -> None:
    await world.fetch_version()
    world.now, world.directives = NOW + 61, NO_DIRECTIVES
    assert (await world.fetch_version())[1].version.directives == DIRECTIVES


async def test_what_has_changed_takes_the_place_of_what_was_there(world: World) -> None:
    await world.fetch_version()
    world.now, world.version = NOW + 61, "2"
    assert (await world.fetch_version())[0] == "2"
    assert (await world.fetch_version())[0] == "2"
    assert world.requests == ["fetch", "fetch"]


@pytest.mark.parametrize(("hard", "requests"), [(True, "fetch"), (False, "revalidate")])
async def test_after_a_purge_the_source_is_asked(hard: bool, requests: str, world: World) -> None:
    await world.fetch_version()
    world.now += 1
    world.rules.issue([PurgeTarget(PurgeScope.SOURCE, REF.text, hard)])
    assert (await world.fetch_version())[1].version.purge_watermark >= world.rules.latest
    assert world.requests == ["fetch", requests]
    await world.fetch_version()
    assert world.requests == ["fetch", requests], "once"


async def test_what_is_purged_while_its_turn_is_waited_for_is_fetched_anew_though_its_source_knows_no_other(
    world: World,
) -> None:
    await world.fetch_version()
    world.now += 61
    world.while_waiting = lambda: world.rules.issue([PurgeTarget(PurgeScope.SOURCE, REF.text)])
    assert (await world.fetch_version())[1].version.purge_watermark >= world.rules.latest
    assert world.requests == ["fetch", "fetch"]


async def test_what_it_has_heeds_no_purge_that_is_heard_of_later(world: World) -> None:
    watermark = (await world.fetch_version())[1].version.purge_watermark
    world.now += 30
    assert (await world.fetch_version())[1].version.purge_watermark == watermark


async def test_what_may_not_be_kept_is_not_laid_down_and_nothing_is_left_of_it(world: World) -> None:
    await world.fetch_version()
    world.now, world.version, world.directives = NOW + 61, "2", CacheDirectives(0, storable=False)
    await world.fetch_version()
    assert world.stored == {}


async def test_who_waited_takes_what_was_laid_down_meanwhile(world: World) -> None:
    original = Original(world.spool("a 7"), OriginalVersion("7", DIRECTIVES), sources=(REF.text,))
    world.stored_by_another = CachedOriginal(original, NOW, NOW + 600)
    assert (await world.fetch_version())[0] == "7"
    assert world.requests == []


async def test_who_waited_in_vain_asks(world: World) -> None:
    await world.fetch_version()
    world.stored_by_another, world.now = world.stored[REF], NOW + 61
    assert (await world.fetch_version())[0] == "1"
    assert world.requests == ["fetch", "revalidate"]


async def test_a_failure_is_the_source_s_and_leaves_what_is_there(world: World) -> None:
    await world.fetch_version()
    world.now, world.version, world.unreachable = NOW + 61, "2", True
    with pytest.raises(SourceUnreachable):
        await world.fetch_version()
    assert REF in world.stored


async def test_what_a_check_brings_is_laid_down_too(world: World) -> None:
    found = await world.source.revalidate(REF, "0")
    assert isinstance(found, Original)
    found.spool.close()
    assert (await world.fetch_version())[0] == "1"
    assert world.requests == ["fetch"]


async def test_what_a_check_finds_unchanged_is_good_for_longer_without_a_download(world: World) -> None:
    await world.fetch_version()
    world.now, world.directives = NOW + 61, CacheDirectives(100)
    assert await world.source.revalidate(REF, "1") == CacheDirectives(100)
    world.now += 99
    body, again = await world.fetch_version()
    assert (body, again.version.directives, world.requests) == ("1", CacheDirectives(1), ["fetch", "revalidate"])


async def test_silence_about_what_has_not_changed_renews_what_was_said(world: World) -> None:
    await world.fetch_version()
    world.now, world.directives = NOW + 61, NO_DIRECTIVES
    await world.source.revalidate(REF, "1")
    assert (await world.fetch_version())[1].version.directives == DIRECTIVES
    assert world.requests == ["fetch", "revalidate"]


async def test_after_a_purge_what_has_not_changed_heeds_it(world: World) -> None:
    await world.fetch_version()
    world.now += 1
    world.rules.issue([PurgeTarget(PurgeScope.SOURCE, REF.text, hard=False)])
    await world.source.revalidate(REF, "1")
    assert (await world.fetch_version())[1].version.purge_watermark >= world.rules.latest
    assert world.requests == ["fetch", "revalidate"]


@pytest.mark.parametrize("never", [CacheDirectives(0), NO_DIRECTIVES])
async def test_what_is_asked_about_every_time_is_not_written_every_time(never: CacheDirectives, world: World) -> None:
    world.directives = CacheDirectives(0)
    await world.fetch_version()
    before = world.stored[REF]
    world.directives = never
    await world.source.revalidate(REF, "1")
    assert world.stored[REF] is before


async def test_what_may_not_be_kept_any_more_goes_though_it_has_not_changed(world: World) -> None:
    await world.fetch_version()
    world.directives = CacheDirectives(0, storable=False)
    await world.source.revalidate(REF, "1")
    assert world.stored == {}


async def test_what_was_laid_down_of_another_version_is_not_renewed(world: World) -> None:
    await world.fetch_version()
    before, world.version = world.stored[REF], "2"
    await world.source.revalidate(REF, "2")
    assert world.stored[REF] is before


async def test_files_of_this_machine_are_not_laid_down(world: World) -> None:
    assert (await world.fetch_version(parse_source("a.jpg")))[0] == "1"
    assert world.stored == {}


async def test_a_version_is_not_asked_about_again(world: World) -> None:
    versioned = SourceRef(REF.kind, REF.text, version="7", is_version_signed=True)
    await world.fetch_version(versioned)
    world.now, world.version = NOW + 86_400, "2"
    assert (await world.fetch_version(versioned))[0] == "1"
    assert (await world.fetch_version())[0] == "2", "which is another picture"
