"""Costly renders of some clients do not hold up the short ones of others, and no client keeps another out."""

import asyncio
from contextvars import copy_context

import pytest

from pixmill.engine.pool.admission import Admission, Load
from pixmill.engine.pool.pool import EnginePool
from pixmill.errors import QueueFull
from pixmill.ports.values import Rendered
from pixmill.runtime.client import CURRENT_CLIENT
from tests.engine.support import ROOT, Notebook, eventually, obey, pools


@pytest.fixture(autouse=True)
def _workers_find_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def obey_for(client: str, pool: EnginePool, command: str) -> "asyncio.Task[Rendered]":
    """Start a render on behalf of a client."""
    context = copy_context()
    context.run(CURRENT_CLIENT.set, client)
    return asyncio.get_running_loop().create_task(obey(pool, command), context=context)


async def cancel(*tasks: "asyncio.Task[Rendered]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_costly_renders_leave_a_worker_to_others() -> None:
    async with pools() as pool:
        costly = [obey_for(client, pool, "costly 60") for client in ("one", "another")]
        await eventually(lambda: pool.stats().queued == 1 and pool.stats().busy == 1)
        for _ in range(20):
            assert (await obey_for("visitor", pool, "big 3")).body == b"bbb"
        assert not any(task.done() for task in costly)
        await cancel(*costly)


async def test_a_costly_render_is_done_once_its_turn_has_come() -> None:
    async with pools() as pool:
        costly = [obey_for("one", pool, "costly 0.1") for _ in range(4)]
        assert [(await task).body for task in costly] == [b"slept"] * 4


async def test_one_worker_alone_renders_costly_images_too() -> None:
    async with pools(workers=1) as pool:
        assert (await obey_for("one", pool, "costly 0.1")).body == b"slept"


async def test_more_costly_work_than_can_be_waited_for_is_refused() -> None:
    async with pools(queue_max_wait_s=4.0) as pool:
        costly = [obey_for("one", pool, "costly 60") for _ in range(6)]
        await eventually(lambda: any(task.done() for task in costly))
        with pytest.raises(QueueFull):
            await next(task for task in costly if task.done())
        await cancel(*costly)


async def test_renders_that_nobody_knew_to_be_long_are_stopped_when_others_wait() -> None:
    observer = Notebook()
    async with pools(observer, queue_max_wait_s=1.0, deadline_s=60) as pool:
        long = [obey_for(client, pool, "sleep 50") for client in ("one", "another")]
        await eventually(lambda: pool.stats().busy == 2)
        visitors = [obey_for("visitor", pool, "big 3") for _ in range(5)]
        assert [(await visitor).body for visitor in visitors] == [b"bbb"] * 5
        assert not any(task.done() for task in long)
        assert "preempted" in observer.restarts()
        await cancel(*long)


async def test_a_long_render_is_left_alone_while_nobody_waits() -> None:
    observer = Notebook()
    async with pools(observer, queue_max_wait_s=0.2) as pool:
        long = [obey_for("one", pool, "sleep 1") for _ in range(2)]
        assert [(await task).body for task in long] == [b"slept"] * 2
        assert observer.restarts() == []


def admission(max_waiting: int = 10, max_wait_s: float = 10.0) -> Admission:
    return Admission(max_waiting, max_wait_s, lambda: Load(0.0, 2), lambda: 1.0, lambda _reason: None)


def admits(desk: Admission, client: str) -> bool:
    def check() -> bool:
        CURRENT_CLIENT.set(client)
        try:
            desk.check()
        except QueueFull:
            return False
        return True

    return copy_context().run(check)


def fill(desk: Admission, client: str, work_s: float = 0.1) -> int:
    """Queue calls of a client until one is rejected; how many were admitted."""
    count = 0
    while admits(desk, client):
        desk.queue_stats.add(work_s, client)
        count += 1
    return count


def test_a_client_that_fills_the_queue_does_not_keep_another_out() -> None:
    desk = admission(max_waiting=10)
    assert fill(desk, "flood") == 10
    assert not admits(desk, "flood")
    assert admits(desk, "visitor")


def test_long_work_of_one_client_does_not_keep_another_out() -> None:
    desk = admission(max_waiting=1_000)
    fill(desk, "flood", 5.0)
    assert not admits(desk, "flood")
    assert admits(desk, "visitor")


def test_a_standing_queue_of_one_client_is_no_reason_to_reject_another() -> None:
    desk = admission(max_waiting=1_000, max_wait_s=10)
    fill(desk, "flood", 1.0)
    desk.queue_stats.nonempty_since -= 60
    assert desk.queue_stats.has_rejected
    assert admits(desk, "visitor")


def test_however_many_clients_there_are_the_queue_has_an_end() -> None:
    desk = admission(max_waiting=10)
    for number in range(1_000):
        fill(desk, f"client {number}")
    assert desk.queue_stats.count == 20
