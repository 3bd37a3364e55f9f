"""The account of memory: never overdrawn, never lost, and nobody waits for ever."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.errors import MemoryExhausted
from pixmill.runtime.memory_budget import MemoryBudget
from pixmill.runtime.spool import RESERVATION_FACTOR, RESERVATION_STEP_BYTES, Spool


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_does_not_fit_waits_and_comes_in_its_turn() -> None:
    budget = MemoryBudget(100, max_wait_s=60)
    await budget.acquire(80)
    order: list[str] = []

    async def want(name: str, size: int, *, urgent: bool = False) -> None:
        await budget.acquire(size, urgent=urgent)
        order.append(name)

    tasks = [asyncio.create_task(want("large", 50)), asyncio.create_task(want("small", 10))]
    await settled()
    assert (order, budget.waiting) == ([], 2), "nobody overtakes whoever came first"
    tasks.append(asyncio.create_task(want("growing", 20, urgent=True)))
    await settled()
    assert order == ["growing"], "but for who holds some already"
    budget.release(80)
    await asyncio.gather(*tasks)
    assert (order, budget.used_bytes) == (["growing", "large", "small"], 80)


async def test_what_never_fits_is_refused_at_once_and_what_does_not_come_in_time_then() -> None:
    refusals: list[int] = []
    budget = MemoryBudget(100, lambda: refusals.append(1), max_wait_s=0.01)
    with pytest.raises(MemoryExhausted):
        await budget.acquire(101)
    await budget.acquire(60)
    with pytest.raises(MemoryExhausted):
        await budget.acquire(60)
    assert (len(refusals), budget.used_bytes, budget.waiting) == (2, 60, 0)


async def test_two_who_hold_some_and_want_more_do_not_wait_for_each_other_for_ever() -> None:
    budget = MemoryBudget(100, max_wait_s=0.01)
    first, second = budget.new_reservation(), budget.new_reservation()
    await first.reserve(50)
    await second.reserve(50)
    ends = await asyncio.gather(first.reserve(60), second.reserve(60), return_exceptions=True)
    assert any(isinstance(end, MemoryExhausted) for end in ends)
    first.release()
    second.release()
    assert budget.used_bytes == 0


async def test_what_can_be_done_without_goes_first() -> None:
    asked: list[int] = []

    def relieve(short: int) -> None:
        asked.append(short)
        kept.pop(0).close()

    budget = MemoryBudget(100, reclaim=relieve, max_wait_s=60)
    kept = [Spool(20, reservation=budget.new_reservation()) for _ in range(4)]
    for spool in kept:
        await spool.append(bytes(20))
        spool.seal()
    assert budget.used_bytes == 80
    await budget.acquire(40)
    assert (asked, budget.used_bytes) == ([20], 100)


async def test_a_spool_claims_in_steps_and_keeps_what_it_holds_until_the_last_holder_leaves() -> None:
    budget = MemoryBudget(10 * 2**20)
    spool = Spool(5 * 2**20, reservation=budget.new_reservation())
    held = []
    for _ in range(5):
        await spool.append(bytes(budget.used_bytes + 1))
        held.append(budget.used_bytes)
    assert held == [4, 4 * 6, 4 * 31, 4 * 156, 4 * 781]
    await spool.append(bytes(3 * 2**20))
    assert budget.used_bytes == spool.size
    await spool.append(b"x")
    assert budget.used_bytes == spool.size - 1 + RESERVATION_STEP_BYTES
    spool.seal()
    assert budget.used_bytes == spool.size
    other = spool.share()
    spool.close()
    spool.close()
    assert budget.used_bytes == other.size
    del other
    assert budget.used_bytes == 0


async def test_what_is_promised_is_claimed_as_far_as_some_of_it_has_come() -> None:
    budget = MemoryBudget(10 * 2**20)
    spool = Spool(5 * 2**20, reservation=budget.new_reservation())
    spool.expect(3 * 2**20)
    assert budget.used_bytes == 0
    await spool.append(bytes(100_000))
    assert budget.used_bytes == RESERVATION_FACTOR * 100_000
    await spool.append(bytes(2**20))
    assert budget.used_bytes == 3 * 2**20
    await spool.append(bytes(2 * 2**20))
    assert budget.used_bytes == spool.size
    del spool
    assert budget.used_bytes == 0


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 160), st.integers(0, 3), st.integers(0, 5)), max_size=25), st.integers(0, 2**32)
)
def test_whoever_comes_leaves_or_is_cancelled_all_bytes_come_back(
    wishes: list[tuple[int, int, int]], seed: int
) -> None:
    """Tasks that claim, grow, share, end or are cancelled at any moment."""
    chance = random.Random(seed)

    async def work(budget: MemoryBudget, size: int, growths: int, pauses: int) -> None:
        claim = budget.new_reservation()
        try:
            for step in range(growths + 1):
                await claim.reserve(size * (step + 1) // (growths + 1))
                assert budget.used_bytes <= budget.max_bytes
                for _ in range(pauses):
                    await asyncio.sleep(0)
            claim.shrink_to(size // 2)
            claim.retain().release()
        except MemoryExhausted:
            pass
        finally:
            claim.release()

    async def story() -> None:
        budget = MemoryBudget(150, max_wait_s=0.005)
        tasks = [asyncio.create_task(work(budget, *wish)) for wish in wishes]
        while pending := [task for task in tasks if not task.done()]:
            if chance.random() < 0.3:
                chance.choice(pending).cancel()
            await asyncio.sleep(0)
        for end in await asyncio.gather(*tasks, return_exceptions=True):
            assert end is None or isinstance(end, asyncio.CancelledError), end
        assert (budget.used_bytes, budget.waiting) == (0, 0)

    asyncio.run(story())
