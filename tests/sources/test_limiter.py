"""Whose turn it is to be fetched: how many at once, who waits, who is sent away, and that a stalled origin harms no
other."""

import asyncio
from collections import Counter

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pixmill.errors import SourceBusy, SourceError, SourceNotFound, SourceTimeout, SourceUnreachable
from pixmill.plan.source import parse_source
from pixmill.ports.observe import Event
from pixmill.sources.config import SourcesConfig
from pixmill.sources.limiter import MAX_KNOWN_SITES, FetchKey, FetchLimiter, SiteReputation
from pixmill.sources.router import Sources
from tests.servers.origin import Origin
from tests.sources.test_router import Notes
from tests.timers import until


class Crowd:
    """Turns and those who want one; each holds its turn until it is told to go."""

    def __init__(self, **settings: float) -> None:
        named = {"most": "source_connections", "each": "source_connections_per_host"}
        named |= {"queue": "source_queue", "wait_s": "source_queue_max_wait_s"}
        named |= {"reserved": "source_connections_reserved"}
        settings = {"reserved": 0} | settings
        self.refusals = 0
        self.turns = FetchLimiter(
            SourcesConfig.model_validate({named[k]: v for k, v in settings.items()}), self._refused
        )
        self.inside: Counter[str] = Counter()
        self.gates: dict[asyncio.Task[None], asyncio.Event] = {}
        self.order: list[str] = []

    def _refused(self) -> None:
        self.refusals += 1

    def want(self, origin: str, site: str = "", client: str | None = None) -> "asyncio.Task[None]":
        gate = asyncio.Event()
        key = FetchKey(origin, site or origin, client)
        task = asyncio.get_running_loop().create_task(self._fetch(key, gate))
        self.gates[task] = gate
        return task

    async def _fetch(self, key: FetchKey, gate: asyncio.Event) -> None:
        async with self.turns.slot(key):
            self.inside[key.origin] += 1
            self.order.append(key.origin)
            try:
                await gate.wait()
            finally:
                self.inside[key.origin] -= 1

    def assert_empty(self) -> None:
        assert (self.turns.in_flight, self.turns.queued, self.turns._origins) == (0, 0, {})
        assert (self.turns._proven_in_flight, self.turns._proven_queued) == (0, 0)
        assert not self.turns._flows
        assert not self.turns._sites
        assert not self.turns._clients


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_so_many_at_once_in_all_and_of_each_origin() -> None:
    crowd = Crowd(most=3, each=2)
    tasks = [crowd.want(origin) for origin in "aaabb"]
    await settled()
    assert crowd.inside == {"a": 2, "b": 1}
    assert (crowd.turns.in_flight, crowd.turns.queued) == (3, 2)
    for task in tasks:
        crowd.gates[task].set()
    await asyncio.gather(*tasks)
    crowd.assert_empty()


async def test_origins_that_are_waited_for_have_their_turns_in_rotation() -> None:
    crowd = Crowd(most=1, each=1)
    tasks = [crowd.want(origin) for origin in ("a", "a", "a", "a", "b", "c")]
    await settled()
    for task in tasks:
        crowd.gates[task].set()
    await asyncio.gather(*tasks)
    assert crowd.order == ["a", "a", "b", "c", "a", "a"]


async def test_a_full_line_sends_away_at_once_and_one_origin_has_half_of_it() -> None:
    crowd = Crowd(most=4, each=1, queue=4)
    tasks = [crowd.want("a") for _ in range(3)]
    await settled()
    with pytest.raises(SourceBusy):
        await crowd.want("a")
    tasks += [crowd.want("b") for _ in range(3)]
    await settled()
    with pytest.raises(SourceBusy):
        await crowd.want("b")
    tasks.append(crowd.want("c"))
    await settled()
    assert crowd.inside == {"a": 1, "b": 1, "c": 1}, "who need not wait needs no place in the line"
    assert crowd.refusals == 2
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    crowd.assert_empty()


async def test_what_would_wait_too_long_is_sent_away_at_once() -> None:
    """Its fetches take long, or it finishes none and those that it has begun grow old."""
    crowd = Crowd(each=1, wait_s=0.05)
    stalled = crowd.want("a")
    await asyncio.sleep(0.06)
    sent_away = crowd.want("a")
    await settled()
    assert sent_away.done()
    with pytest.raises(SourceBusy) as busy:
        await sent_away
    assert (busy.value.retry_after_s or 0) > 0
    crowd.gates[stalled].set()
    await stalled


async def test_nobody_waits_for_ever() -> None:
    crowd = Crowd(each=1, wait_s=0.05)
    first = crowd.want("a")
    with pytest.raises(SourceBusy):
        await crowd.want("a")
    assert (crowd.turns.queued, crowd.refusals) == (0, 1)
    crowd.gates[first].set()
    await first
    crowd.assert_empty()


async def test_who_leaves_at_the_moment_of_its_turn_gives_it_on() -> None:
    crowd = Crowd(each=1)
    first, second, third = (crowd.want("a") for _ in range(3))
    await settled()
    crowd.gates[first].set()
    await first  # the turn is the second's now, who has not noticed yet
    second.cancel()
    crowd.gates[third].set()
    await third
    await asyncio.gather(second, return_exceptions=True)
    crowd.assert_empty()


async def held(crowd: Crowd, tasks: "list[asyncio.Task[None]]") -> None:
    """Cancel all, and see that nothing is left of them."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    crowd.assert_empty()


async def test_a_site_of_any_number_of_names_leaves_slots_to_another() -> None:
    crowd = Crowd(most=30, each=4)
    tasks = [crowd.want(f"{number}.evil.test", "evil.test") for number in range(200)]
    await settled()
    assert crowd.turns.in_flight == 20, "two thirds"
    tasks += [crowd.want(f"good-{number}") for number in range(5)]
    await settled()
    assert all(crowd.inside[f"good-{number}"] == 1 for number in range(5))
    await held(crowd, tasks)


async def test_a_client_that_names_any_number_of_sites_leaves_slots_to_another() -> None:
    crowd = Crowd(most=30, each=4)
    tasks = [crowd.want(f"evil-{number}", client="evil") for number in range(200)]
    await settled()
    assert crowd.turns.in_flight == 24, "four fifths"
    tasks += [crowd.want(f"good-{number}", client=f"client-{number}") for number in range(5)]
    await settled()
    assert all(crowd.inside[f"good-{number}"] == 1 for number in range(5))
    await held(crowd, tasks)


async def test_a_client_fills_only_a_part_of_the_queue() -> None:
    crowd = Crowd(most=1, each=1, queue=8)
    tasks = [crowd.want(f"evil-{number}", client="evil") for number in range(20)]
    await settled()
    assert (crowd.turns.queued, crowd.refusals) == (6, 13)
    tasks += [crowd.want("good", client="good")]
    await settled()
    assert crowd.turns.queued == 7
    await held(crowd, tasks)


async def test_the_next_slot_is_for_the_client_that_holds_the_fewest() -> None:
    crowd = Crowd(most=6, each=6)
    tasks = [crowd.want(f"evil-{number}", client="evil") for number in range(40)]
    tasks += [crowd.want(f"mid-{number}", client="mid") for number in range(2)]
    tasks.append(crowd.want("good", client="good"))
    await settled()
    assert "good" not in crowd.inside
    crowd.gates[tasks[0]].set()
    await tasks[0]
    await settled()
    assert crowd.order[-1] == "good"
    await held(crowd, tasks)


async def finished(crowd: Crowd, site: str) -> None:
    task = crowd.want(site)
    await settled()
    crowd.gates[task].set()
    await task


async def test_sites_that_have_answered_well_are_served_whatever_number_of_others_and_of_clients_stall() -> None:
    crowd = Crowd(most=30, each=4, reserved=10, queue=50)
    await finished(crowd, "good")
    tasks = [crowd.want(f"evil-{number}", client=f"client-{number}") for number in range(200)]
    await settled()
    assert (crowd.turns.in_flight, crowd.turns.queued) == (30, 50)
    tasks += [crowd.want("good", client="another") for _ in range(6)]
    await settled()
    assert (crowd.inside["good"], crowd.turns.queued) == (4, 50 + 2), "a place in the queue as well"
    await held(crowd, tasks)


async def test_the_image_root_needs_no_proof() -> None:
    crowd = Crowd(most=3, each=3, reserved=1)
    tasks = [crowd.want(f"evil-{number}") for number in range(20)]
    await settled()
    async with crowd.turns.slot(FetchKey("path", ("path",), "client", is_own=True)):
        assert crowd.turns.in_flight == 4
    await held(crowd, tasks)


@pytest.mark.parametrize("error", [SourceTimeout(), SourceTimeout("Source sends too slowly")])
async def test_a_site_that_stalls_loses_what_it_had_proved(error: SourceError) -> None:
    crowd, key = Crowd(), FetchKey("a", "a")
    await finished(crowd, "a")
    assert crowd.turns.reputation.is_proven(key)
    with pytest.raises(SourceTimeout):
        async with crowd.turns.slot(key):
            raise error
    assert not crowd.turns.reputation.is_proven(key)


@pytest.mark.parametrize(
    ("error", "is_proven"), [(SourceNotFound(), True), (SourceUnreachable(), False), (ZeroDivisionError(), False)]
)
async def test_a_site_has_answered_well_if_it_answered_at_all(error: Exception, is_proven: bool) -> None:
    crowd, key = Crowd(), FetchKey("a", "a")
    with pytest.raises(type(error)):
        async with crowd.turns.slot(key):
            raise error
    assert crowd.turns.reputation.is_proven(key) is is_proven


async def test_a_site_that_stalls_once_in_a_while_stays_proven_and_one_that_always_does_is_found_out() -> None:
    reputation, key = SiteReputation(), FetchKey("a", "a")
    for _ in range(1000):
        reputation.record_prompt(key)
    reputation.record_stall(key)
    assert reputation.is_proven(key)
    reputation.record_stall(key)
    assert not reputation.is_proven(key)


async def test_what_is_remembered_of_sites_is_bounded() -> None:
    crowd = Crowd()
    for number in range(MAX_KNOWN_SITES + 100):
        async with crowd.turns.slot(FetchKey(f"{number}", f"{number}", f"client-{number}")):
            pass
    assert len(crowd.turns.reputation) == MAX_KNOWN_SITES
    assert crowd.turns.reputation.is_proven(FetchKey("", f"{MAX_KNOWN_SITES + 99}"))
    crowd.assert_empty()


async def test_a_slot_that_moves_to_another_origin_is_counted_there() -> None:
    crowd = Crowd(most=2, each=1)
    there = FetchKey("b", "b")
    with pytest.raises(SourceTimeout):  # noqa: PT012 - the error belongs to what happens before
        async with crowd.turns.slot(FetchKey("a", "a")) as slot:
            waiting = crowd.want("a")
            await settled()
            await slot.move_to(there)
            await settled()
            assert (crowd.inside["a"], slot.key) == (1, there), "the one that waited has the old one"
            raise SourceTimeout
    assert not crowd.turns.reputation.is_proven(there)
    await held(crowd, [waiting])


async def test_a_slot_that_finds_no_other_is_given_back() -> None:
    crowd = Crowd(each=1, queue=0)
    taken = crowd.want("b")
    await settled()
    with pytest.raises(SourceBusy):
        async with crowd.turns.slot(FetchKey("a", "a")) as slot:
            await slot.move_to(FetchKey("b", "b"))
    assert crowd.turns.in_flight == 1
    await held(crowd, [taken])


async def test_a_stalled_origin_takes_nothing_from_a_good_one() -> None:
    notes = Notes()
    with Origin() as origin, Origin("127.0.0.2") as good:
        config = SourcesConfig(
            allowed_networks="127.0.0.0/8", source_connections=6, source_connections_per_host=4, source_queue=20
        )
        sources = Sources(config, notes)
        await sources.open()
        stalled = [
            asyncio.ensure_future(sources.fetch(parse_source(origin.hang(f"/{number}.jpg")))) for number in range(30)
        ]
        await until(lambda: sources.limiter.queued == 10 and sum(task.done() for task in stalled) == 30 - 4 - 10)
        sent_away = [task for task in stalled if task.done() and isinstance(task.exception(), SourceBusy)]
        assert len(sent_away) == 30 - 4 - 10
        for number in range(20):
            original = await asyncio.wait_for(sources.fetch(parse_source(good.serve(f"/{number}", b"good"))), 30)
            original.spool.close()
        assert notes.counts.count((Event.REJECTED, 1, {"reason": "source_queue"})) == len(sent_away)
        for task in stalled:
            task.cancel()
        await asyncio.gather(*stalled, return_exceptions=True)
        assert (sources.limiter.in_flight, sources.limiter.queued) == (0, 0)
        await sources.close()


class FetchLimiterMachine(RuleBasedStateMachine):
    """Whatever comes, goes, fails or is cancelled: the bounds hold, nobody waits while there is room, and all is
    given back."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.crowd = Crowd(most=4, each=2, queue=6, reserved=1)
        self.tasks: list[asyncio.Task[None]] = []

    async def _settle(self) -> None:
        await settled()
        self.tasks = [task for task in self.tasks if not self._over(task)]

    def _over(self, task: "asyncio.Task[None]") -> bool:
        if task.done() and not task.cancelled():
            assert isinstance(task.exception(), SourceBusy | None)
        return task.done()

    @rule(origin=st.sampled_from("abc"), site=st.sampled_from(["", "s"]), client=st.sampled_from([None, "x", "y"]))
    def comes(self, origin: str, site: str, client: str | None) -> None:
        async def come() -> None:
            self.tasks.append(self.crowd.want(origin, site, client))
            await self._settle()

        self.runner.run(come())

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def goes(self, data: st.DataObject) -> None:
        self.crowd.gates[data.draw(st.sampled_from(self.tasks))].set()
        self.runner.run(self._settle())

    @precondition(lambda self: self.tasks)
    @rule(data=st.data(), first=st.booleans())
    def is_cancelled(self, data: st.DataObject, first: bool) -> None:
        task, other = data.draw(st.sampled_from(self.tasks)), data.draw(st.sampled_from(self.tasks))
        if first:
            self.crowd.gates[other].set()
        task.cancel()
        self.runner.run(self._settle())

    @invariant()
    def bounds_hold(self) -> None:
        turns = self.crowd.turns
        assert turns.in_flight == sum(self.crowd.inside.values()) <= 4 + 1
        assert turns.in_flight - turns._proven_in_flight <= 4
        assert all(inside <= 2 for inside in self.crowd.inside.values())
        assert turns.in_flight + turns.queued == len(self.tasks)
        for flow in turns._flows.values():
            assert flow.queue
            assert not turns._has_room(flow), "nobody waits while there is room"

    def teardown(self) -> None:
        async def end() -> None:
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
            self.crowd.assert_empty()

        self.runner.run(end())
        self.runner.close()


FetchLimiterMachine.TestCase.settings = hypothesis_settings(max_examples=30, stateful_step_count=30, deadline=None)
test_limiter_under_any_course_of_events = FetchLimiterMachine.TestCase
