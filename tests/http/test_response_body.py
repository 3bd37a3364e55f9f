"""Large bodies wait for memory together."""

import asyncio
from typing import Any

import pytest

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
