"""What is done behind answers, by whom it is not done twice, and when it is tried again."""

import asyncio

from pixmill.services.results.refresher import BACKOFF, MAX_BACKOFFS, BackgroundRefresher


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
    gate, refresher = asyncio.Event(), BackgroundRefresher()
    assert refresher.start("a", gate.wait)
    assert not refresher.start("a", gate.wait)
    assert refresher.start("b", gate.wait)
    gate.set()
    await settled()
    assert refresher.start("a", gate.wait)
    assert refresher.start("b", gate.wait)
    await refresher.close()


async def test_no_more_are_under_way_than_allowed_and_who_is_turned_away_may_come_again() -> None:
    gate, refresher = asyncio.Event(), BackgroundRefresher(limit=1)
    assert [refresher.start(name, gate.wait) for name in "ab"] == [True, False]
    gate.set()
    await settled()
    assert refresher.start("b", gate.wait)
    await refresher.close()


async def test_pauses_double_up_to_a_bound_and_end_with_a_success() -> None:
    clock = Clock()
    refresher = BackgroundRefresher(clock=clock)
    delays = []
    for _ in range(8):
        began = clock.now
        while not refresher.start("a", fail):
            clock.now += 1
        delays.append(clock.now - began)
        await settled()
    expected = [BACKOFF.initial_s * 2**number for number in range(7)]
    assert delays == [0, *(min(length, BACKOFF.max_s) for length in expected)]
    clock.now += BACKOFF.max_s
    assert refresher.start("a", lambda: asyncio.sleep(0))
    await settled()
    assert refresher.start("a", fail)
    await settled()
    clock.now += BACKOFF.initial_s
    assert refresher.start("a", fail), "it began anew with the shortest"
    await refresher.close()


async def test_only_so_many_pauses_are_remembered() -> None:
    refresher = BackgroundRefresher(limit=MAX_BACKOFFS + 1, clock=Clock())
    for number in range(MAX_BACKOFFS + 1):
        refresher.start(number, fail)
    await settled()
    assert [refresher.start(number, fail) for number in (0, 1, MAX_BACKOFFS)] == [True, False, False]
    await refresher.close()


async def test_who_is_cancelled_is_not_said_to_have_failed() -> None:
    refresher = BackgroundRefresher(clock=Clock())
    refresher.start("a", asyncio.Event().wait)
    await asyncio.sleep(0)
    await refresher.close()
    assert refresher.start("a", fail)
    await refresher.close()
