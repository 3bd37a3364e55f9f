"""What is done behind answers, by whom it is not done twice, and when it is tried again."""

import asyncio

from pixmill.services.results.refresher import INITIAL_BACKOFF_S, MAX_BACKOFF_S, MAX_BACKOFFS, BackgroundRefresher


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def fail() -> None:
    raise OSError


async def settled() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_what_is_under_way_is_not_started_again() -> None:
    gate, refreshes = asyncio.Event(), BackgroundRefresher()
    assert refreshes.start("a", gate.wait)
    assert not refreshes.start("a", gate.wait)
    assert refreshes.start("b", gate.wait)
    gate.set()
    await settled()
    assert refreshes.start("a", gate.wait)
    assert refreshes.start("b", gate.wait)
    await refreshes.close()


async def test_no_more_are_under_way_than_allowed_and_who_is_turned_away_may_come_again() -> None:
    gate, refreshes = asyncio.Event(), BackgroundRefresher(limit=1)
    assert [refreshes.start(name, gate.wait) for name in "ab"] == [True, False]
    gate.set()
    await settled()
    assert refreshes.start("b", gate.wait)
    await refreshes.close()


async def test_pauses_double_up_to_a_bound_and_end_with_a_success() -> None:
    clock = Clock()
    refreshes = BackgroundRefresher(clock=clock)
    lengths = []
    for _ in range(8):
        began = clock.now
        while not refreshes.start("a", fail):
            clock.now += 1
        lengths.append(clock.now - began)
        await settled()
    doubled = [INITIAL_BACKOFF_S * 2**number for number in range(7)]
    assert lengths == [0, *(min(length, MAX_BACKOFF_S) for length in doubled)]
    clock.now += MAX_BACKOFF_S
    assert refreshes.start("a", lambda: asyncio.sleep(0))
    await settled()
    assert refreshes.start("a", fail)
    await settled()
    clock.now += INITIAL_BACKOFF_S
    assert refreshes.start("a", fail), "it began anew with the shortest"
    await refreshes.close()


async def test_only_so_many_pauses_are_remembered() -> None:
    refreshes = BackgroundRefresher(limit=MAX_BACKOFFS + 1, clock=Clock())
    for number in range(MAX_BACKOFFS + 1):
        refreshes.start(number, fail)
    await settled()
    assert [refreshes.start(number, fail) for number in (0, 1, MAX_BACKOFFS)] == [True, False, False]
    await refreshes.close()


async def test_who_is_cancelled_is_not_said_to_have_failed() -> None:
    refreshes = BackgroundRefresher(clock=Clock())
    refreshes.start("a", asyncio.Event().wait)
    await asyncio.sleep(0)
    await refreshes.close()
    assert refreshes.start("a", fail)
    await refreshes.close()
