"""Large bodies wait for memory together."""

import asyncio
from typing import Any

import pytest

from pixmill.api.middleware import response_body
from pixmill.api.middleware.response_body import ResponseBodies
from pixmill.errors import MemoryExhausted
from pixmill.ports.observe import NullObserver
from pixmill.runtime.memory_budget import MemoryBudget
from tests.timers import finished_within

WAIT_S = 0.2


async def test_those_who_wait_for_the_same_body_are_rejected_together() -> None:
    body = bytes(2_000_000)
    budget = MemoryBudget(2 * len(body), max_wait_s=WAIT_S)
    others = len(body) + 100_000
    await budget.acquire(others)
    bodies = ResponseBodies(budget, lambda started: lambda _size: started + 60, NullObserver())

    async def never(*_: Any) -> Any:
        raise AssertionError("nothing is sent")

    sends = [bodies.send(body, {"type": "http"}, never, never, None) for _ in range(4)]
    outcomes = await finished_within(asyncio.gather(*sends, return_exceptions=True), 2.5 * WAIT_S)
    assert [type(outcome) for outcome in outcomes] == [MemoryExhausted] * 4
    with pytest.raises(MemoryExhausted):
        await bodies.send(body, {"type": "http"}, never, never, None)
    budget.release(others)
    assert budget.used_bytes == 0


async def test_a_response_that_ends_while_others_wait_for_memory_gives_all_of_it_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first part that it gives back makes the budget ask for more, also of itself."""
    body = bytes(300_000)
    budget = MemoryBudget(700_000, max_wait_s=60)
    bodies = ResponseBodies(budget, lambda started: lambda _size: started + 60, NullObserver())
    budget.add_reclaimer(bodies.reclaim)
    is_begun, may_end = asyncio.Event(), asyncio.Event()

    async def send(_: Any) -> None:
        is_begun.set()
        await may_end.wait()

    async def connected() -> Any:
        await asyncio.Event().wait()

    sending = asyncio.create_task(bodies.send(body, {"type": "http"}, connected, send, None))
    await is_begun.wait()
    waiting = asyncio.create_task(budget.acquire(500_000))
    while not budget.waiting:
        await asyncio.sleep(0)
    monkeypatch.setattr(response_body, "PRESSURE_GRACE_S", 0)  # as if five seconds had passed
    may_end.set()
    await sending
    await waiting
    assert budget.used_bytes == 500_000
