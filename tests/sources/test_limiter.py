"""Whose turn it is to be fetched: how many at once, who waits, who is sent away, and that a stalled origin harms no
other."""

import asyncio
from collections import Counter

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pixmill.errors import SourceBusy
from pixmill.plan.source import parse_source
from pixmill.ports.observe import Event
from pixmill.sources.config import SourcesConfig
from pixmill.sources.limiter import FetchLimiter
from pixmill.sources.router import Sources
from tests.servers.origin import Origin
from tests.sources.test_router import Notes


class Crowd:
    """Turns and those who want one; each holds its turn until it is told to go."""

    def __init__(self, **settings: float) -> None:
        named = {"most": "source_connections", "each": "source_connections_per_host"}
        named |= {"queue": "source_queue", "wait_s": "source_queue_max_wait_s"}
        self.refusals = 0
        self.turns = FetchLimiter(
            SourcesConfig.model_validate({named[k]: v for k, v in settings.items()}), self._refused
        )
        self.inside: Counter[str] = Counter()
        self.gates: dict[asyncio.Task[None], asyncio.Event] = {}
        self.order: list[str] = []

    def _refused(self) -> None:
        self.refusals += 1

    def want(self, origin: str) -> "asyncio.Task[None]":
        gate = asyncio.Event()
        task = asyncio.get_running_loop().create_task(self._fetch(origin, gate))
        self.gates[task] = gate
        return task

    async def _fetch(self, origin: str, gate: asyncio.Event) -> None:
        async with self.turns.slot(origin):
            self.inside[origin] += 1
            self.order.append(origin)
            try:
                await gate.wait()
            finally:
                self.inside[origin] -= 1

    def assert_empty(self) -> None:
        assert (self.turns.in_flight, self.turns.queued, self.turns._origins) == (0, 0, {})
        assert not self.turns._rotation


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
    with pytest.raises(SourceBusy) as busy:
        await asyncio.wait_for(crowd.want("a"), 0.04)
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


async def test_a_stalled_origin_takes_nothing_from_a_good_one() -> None:
    notes = Notes()
    with Origin() as origin, Origin() as good:
        config = SourcesConfig(
            allowed_networks="127.0.0.1", source_connections=6, source_connections_per_host=4, source_queue=20
        )
        sources = Sources(config, notes)
        await sources.open()
        stalled = [
            asyncio.ensure_future(sources.fetch(parse_source(origin.hang(f"/{number}.jpg")))) for number in range(30)
        ]
        await asyncio.sleep(0.05)
        sent_away = [task for task in stalled if task.done() and isinstance(task.exception(), SourceBusy)]
        assert len(sent_away) == 30 - 4 - 10
        for number in range(20):
            original = await asyncio.wait_for(sources.fetch(parse_source(good.serve(f"/{number}", b"good"))), 5)
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
        self.crowd = Crowd(most=4, each=2, queue=6)
        self.tasks: list[asyncio.Task[None]] = []

    async def _settle(self) -> None:
        await settled()
        self.tasks = [task for task in self.tasks if not self._over(task)]

    def _over(self, task: "asyncio.Task[None]") -> bool:
        if task.done() and not task.cancelled():
            assert isinstance(task.exception(), SourceBusy | None)
        return task.done()

    @rule(origin=st.sampled_from("abc"))
    def comes(self, origin: str) -> None:
        async def come() -> None:
            self.tasks.append(self.crowd.want(origin))
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
        assert turns.in_flight == sum(self.crowd.inside.values()) <= 4
        assert all(inside <= 2 for inside in self.crowd.inside.values())
        assert turns.in_flight + turns.queued == len(self.tasks)
        for origin in turns._origins.values():
            assert not origin.queue or not turns._has_free_slot(origin), "nobody waits while there is room"

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
