"""A source behind a depot: what was laid down is given while it is good, asked about when it is doubtful, and never outlives a purge."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from pixmill.cache.rules import Rules
from pixmill.errors import SourceUnreachable
from pixmill.plan.freshness import SILENT, Freshness, Vouched
from pixmill.plan.purge import Scope, Target
from pixmill.plan.source import SourceKind, SourceRef, parse_source
from pixmill.ports import Deposit, Original
from pixmill.services.deposits import TOLERANCE_S, Deposited
from pixmill.spool import Spool

NOW = 1_800_000_000.0
REF = parse_source("https://example.org/a.jpg")
VOUCHED = Vouched(60, stale_while_s=7)


class World:
    """A source, a depot and a clock."""

    def __init__(self) -> None:
        self.now = NOW
        self.rules = Rules(lambda: self.now)
        self.version = "1"
        self.vouched = VOUCHED
        self.unreachable = False
        self.asked: list[str] = []
        self.laid: dict[SourceRef, Deposit] = {}
        self.spools: list[Spool] = []
        self.made_by_another: Deposit | None = None
        self.while_waiting: Callable[[], object] = lambda: None
        self.source = Deposited(self, self, Freshness(ttl_s=30), self.rules, {SourceKind.HTTP}, clock=lambda: self.now)

    def spool(self, text: str) -> Spool:
        spool = Spool(100)
        spool.write(text.encode())
        self.spools.append(spool)
        return spool

    async def fetch(self, ref: SourceRef) -> Original:
        self.asked.append("fetch")
        if self.unreachable:
            raise SourceUnreachable
        return Original(self.spool(f"{ref.text} {self.version}"), self.version, self.vouched, modified=5.0)

    async def refetch(self, ref: SourceRef, known: str) -> Original | Vouched:
        if known != self.version:
            return await self.fetch(ref)
        self.asked.append("refetch")
        return self.vouched

    async def find(self, ref: SourceRef) -> Deposit | None:
        return self.shared(self.laid[ref]) if ref in self.laid else None

    async def keep(self, ref: SourceRef, deposit: Deposit) -> None:
        await self.forget(ref)
        self.laid[ref] = self.shared(deposit)

    async def forget(self, ref: SourceRef) -> None:
        if ref in self.laid:
            self.laid.pop(ref).original.spool.close()

    @asynccontextmanager
    async def turn(self, ref: SourceRef) -> AsyncIterator[bool]:
        self.while_waiting()
        if self.made_by_another:
            self.laid[ref] = self.made_by_another
        yield self.made_by_another is not None

    def shared(self, deposit: Deposit) -> Deposit:
        spool = deposit.original.spool.share()
        self.spools.append(spool)
        return replace(deposit, original=replace(deposit.original, spool=spool))

    async def get(self, ref: SourceRef = REF) -> tuple[str, Original]:
        original = await self.source.fetch(ref)
        with original.spool as spool:
            return spool.read().decode().rpartition(" ")[2], original


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    for deposit in world.laid.values():
        deposit.original.spool.close()
    assert all(spool.fd < 0 for spool in world.spools), "every body was given back"


async def test_what_is_vouched_for_is_given_with_what_remains_of_the_word(world: World) -> None:
    first = (await world.get())[1]
    world.now += 20
    body, again = await world.get()
    assert (body, world.asked) == ("1", ["fetch"])
    assert again.vouched == Vouched(40, stale_while_s=7)
    assert (again.heeds, again.modified, again.sources) == (first.heeds, 5.0, (REF.text,))


@pytest.mark.parametrize("later_s", [61, -TOLERANCE_S - 1])
async def test_what_is_over_or_from_a_clock_that_was_put_back_is_asked_about(later_s: float, world: World) -> None:
    await world.get()
    world.now += later_s
    world.vouched = Vouched(9)
    body, again = await world.get()
    assert (body, again.vouched, world.asked) == ("1", Vouched(9), ["fetch", "refetch"])
    assert world.laid[REF].checked_at == world.now, "and laid down anew"


async def test_silence_does_not_take_back_what_was_said(world: World) -> None:
    await world.get()
    world.now, world.vouched = NOW + 61, SILENT
    assert (await world.get())[1].vouched == VOUCHED


async def test_what_has_changed_takes_the_place_of_what_was_there(world: World) -> None:
    await world.get()
    world.now, world.version = NOW + 61, "2"
    assert (await world.get())[0] == "2"
    assert (await world.get())[0] == "2"
    assert world.asked == ["fetch", "fetch"]


@pytest.mark.parametrize(("hard", "asked"), [(True, "fetch"), (False, "refetch")])
async def test_after_a_purge_the_source_is_asked(hard: bool, asked: str, world: World) -> None:
    await world.get()
    world.now += 1
    world.rules.issue([Target(Scope.SOURCE, REF.text, hard)])
    assert (await world.get())[1].heeds >= world.rules.newest
    assert world.asked == ["fetch", asked]
    await world.get()
    assert world.asked == ["fetch", asked], "once"


async def test_what_is_purged_while_its_turn_is_waited_for_is_fetched_anew_though_its_source_knows_no_other(
    world: World,
) -> None:
    await world.get()
    world.now += 61
    world.while_waiting = lambda: world.rules.issue([Target(Scope.SOURCE, REF.text)])
    assert (await world.get())[1].heeds >= world.rules.newest
    assert world.asked == ["fetch", "fetch"]


async def test_what_it_has_heeds_no_purge_that_is_heard_of_later(world: World) -> None:
    heeds = (await world.get())[1].heeds
    world.now += 30
    assert (await world.get())[1].heeds == heeds


async def test_what_may_not_be_kept_is_not_laid_down_and_nothing_is_left_of_it(world: World) -> None:
    await world.get()
    world.now, world.version, world.vouched = NOW + 61, "2", Vouched(0, may_keep=False)
    await world.get()
    assert world.laid == {}


async def test_who_waited_takes_what_was_laid_down_meanwhile(world: World) -> None:
    original = Original(world.spool("a 7"), "7", VOUCHED, sources=(REF.text,))
    world.made_by_another = Deposit(original, NOW, NOW + 600)
    assert (await world.get())[0] == "7"
    assert world.asked == []


async def test_who_waited_in_vain_asks(world: World) -> None:
    await world.get()
    world.made_by_another, world.now = world.laid[REF], NOW + 61
    assert (await world.get())[0] == "1"
    assert world.asked == ["fetch", "refetch"]


async def test_a_failure_is_the_source_s_and_leaves_what_is_there(world: World) -> None:
    await world.get()
    world.now, world.version, world.unreachable = NOW + 61, "2", True
    with pytest.raises(SourceUnreachable):
        await world.get()
    assert REF in world.laid


async def test_what_a_check_brings_is_laid_down_too(world: World) -> None:
    found = await world.source.refetch(REF, "0")
    assert isinstance(found, Original)
    found.spool.close()
    assert (await world.get())[0] == "1"
    assert world.asked == ["fetch"]


async def test_what_a_check_finds_unchanged_is_good_for_longer_without_a_download(world: World) -> None:
    await world.get()
    world.now, world.vouched = NOW + 61, Vouched(100)
    assert await world.source.refetch(REF, "1") == Vouched(100)
    world.now += 99
    body, again = await world.get()
    assert (body, again.vouched, world.asked) == ("1", Vouched(1), ["fetch", "refetch"])


async def test_silence_about_what_has_not_changed_renews_what_was_said(world: World) -> None:
    await world.get()
    world.now, world.vouched = NOW + 61, SILENT
    await world.source.refetch(REF, "1")
    assert (await world.get())[1].vouched == VOUCHED
    assert world.asked == ["fetch", "refetch"]


async def test_after_a_purge_what_has_not_changed_heeds_it(world: World) -> None:
    await world.get()
    world.now += 1
    world.rules.issue([Target(Scope.SOURCE, REF.text, hard=False)])
    await world.source.refetch(REF, "1")
    assert (await world.get())[1].heeds >= world.rules.newest
    assert world.asked == ["fetch", "refetch"]


@pytest.mark.parametrize("never", [Vouched(0), SILENT])
async def test_what_is_asked_about_every_time_is_not_written_every_time(never: Vouched, world: World) -> None:
    world.vouched = Vouched(0)
    await world.get()
    before = world.laid[REF]
    world.vouched = never
    await world.source.refetch(REF, "1")
    assert world.laid[REF] is before


async def test_what_may_not_be_kept_any_more_goes_though_it_has_not_changed(world: World) -> None:
    await world.get()
    world.vouched = Vouched(0, may_keep=False)
    await world.source.refetch(REF, "1")
    assert world.laid == {}


async def test_what_was_laid_down_of_another_version_is_not_renewed(world: World) -> None:
    await world.get()
    before, world.version = world.laid[REF], "2"
    await world.source.refetch(REF, "2")
    assert world.laid[REF] is before


async def test_files_of_this_machine_are_not_laid_down(world: World) -> None:
    assert (await world.get(parse_source("a.jpg")))[0] == "1"
    assert world.laid == {}


async def test_a_version_is_not_asked_about_again(world: World) -> None:
    versioned = SourceRef(REF.kind, REF.text, version="7")
    await world.get(versioned)
    world.now, world.version = NOW + 86_400, "2"
    assert (await world.get(versioned))[0] == "1"
    assert (await world.get())[0] == "2", "which is another picture"
