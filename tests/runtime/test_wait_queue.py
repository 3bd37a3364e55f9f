"""Waiters are granted in order, each within its time, and no grant is lost to a cancellation."""

import asyncio

import pytest

from pixmill.runtime.wait_queue import WaitQueue


class Slots:
    """A semaphore made of a queue: ``free`` slots, and what became of the requests that left."""

    def __init__(self, max_wait_s: float = 60) -> None:
        self.free = 0
        self.given_back: list[str] = []
        self.withdrawn: list[str] = []
        self.max_wait_s = max_wait_s
        self.queue: WaitQueue[str] = WaitQueue()

    async def wait(self, name: str, *, ahead: bool) -> bool:
        return await self.queue.wait(
            name, self.max_wait_s, give_back=self.given_back.append, withdrawn=self.withdrawn.append, ahead=ahead
        )

    async def start(self, *names: str, ahead: bool = False) -> list[asyncio.Task[bool]]:
        tasks = [asyncio.create_task(self.wait(name, ahead=ahead), name=name) for name in names]
        await asyncio.sleep(0)
        return tasks


async def test_the_first_to_come_is_the_first_to_be_granted() -> None:
    slots = Slots()
    first, second = await slots.start("first", "second")
    assert (len(slots.queue), slots.queue.first) == (2, "first")
    assert slots.queue.grant_first() == "first"
    assert await first
    assert not second.done()
    slots.queue.grant_first()
    assert await second
    assert (len(slots.queue), slots.given_back, slots.withdrawn) == (0, [], [])


async def test_a_request_may_go_ahead_of_all_others() -> None:
    slots = Slots()
    (late,) = await slots.start("late")
    (urgent,) = await slots.start("urgent", ahead=True)
    assert [slots.queue.grant_first(), slots.queue.grant_first()] == ["urgent", "late"]
    assert all(await asyncio.gather(late, urgent))


async def test_a_wait_ends_without_a_grant_after_its_time() -> None:
    slots = Slots(max_wait_s=0.01)
    (task,) = await slots.start("late")
    assert not await task
    assert (len(slots.queue), slots.withdrawn, slots.given_back) == (0, ["late"], [])


async def test_a_cancelled_waiter_leaves_the_queue() -> None:
    slots = Slots()
    first, second = await slots.start("first", "second")
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (slots.queue.first, slots.withdrawn, slots.given_back) == ("second", ["first"], [])
    slots.queue.grant_first()
    assert await second


@pytest.mark.parametrize("cancel_first", [True, False])
async def test_a_grant_is_given_back_by_a_waiter_cancelled_in_the_same_moment(cancel_first: bool) -> None:
    slots = Slots()
    (task,) = await slots.start("unlucky")
    if cancel_first:
        task.cancel()
        slots.queue.grant_first()
    else:
        slots.queue.grant_first()
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (len(slots.queue), slots.given_back, slots.withdrawn) == (0, ["unlucky"], [])


async def test_a_grant_at_the_moment_of_the_timeout_counts() -> None:
    slots = Slots(max_wait_s=0.01)
    (task,) = await slots.start("lucky")
    asyncio.get_running_loop().call_later(0.0099, slots.queue.grant_first)
    granted = await task
    assert slots.withdrawn == ([] if granted else ["lucky"]), "granted, or withdrawn, and never both"
    assert not slots.given_back


async def test_all_waiters_can_be_failed_at_once() -> None:
    slots = Slots()
    tasks = await slots.start("first", "second", "cancelled")
    slots.queue.fail_all(lambda: RuntimeError("closed"))
    tasks[2].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [RuntimeError, RuntimeError, asyncio.CancelledError]
    assert (slots.given_back, slots.withdrawn) == ([], []), "an error is no grant"
