"""What is done behind answers, by whom it is not done twice, and when it is tried again."""

import asyncio

from pixmill.services.refreshes import FIRST_PAUSE_S, LONGEST_PAUSE_S, MAX_PAUSES, Refreshes


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
    gate, refreshes = asyncio.Event(), Refreshes()
    assert refreshes.start("a", gate.wait)
    assert not refreshes.start("a", gate.wait)
    assert refreshes.start("b", gate.wait)
    gate.set()
    await settled()
    assert len(refreshes) == 0
    assert refreshes.start("a", gate.wait)
    await refreshes.close()


async def test_no_more_are_under_way_than_allowed_and_who_is_turned_away_may_come_again() -> None:
    gate, refreshes = asyncio.Event(), Refreshes(limit=1)
    assert [refreshes.start(name, gate.wait) for name in "ab"] == [True, False]
    gate.set()
    await settled()
    assert refreshes.start("b", gate.wait)
    await refreshes.close()


async def test_pauses_double_up_to_a_bound_and_end_with_a_success() -> None:
    clock = Clock()
    refreshes = Refreshes(clock=clock)
    lengths = []
    for _ in range(8):
        began = clock.now
        while not refreshes.start("a", fail):
            clock.now += 1
        lengths.append(clock.now - began)
        await settled()
    doubled = [FIRST_PAUSE_S * 2**number for number in range(7)]
    assert lengths == [0, *(min(length, LONGEST_PAUSE_S) for length in doubled)]
    clock.now += LONGEST_PAUSE_S
    assert refreshes.start("a", lambda: asyncio.sleep(0))
    await settled()
    assert refreshes.start("a", fail)
    await settled()
    clock.now += FIRST_PAUSE_S
    assert refreshes.start("a", fail), "it began anew with the shortest"
    await refreshes.close()


async def test_only_so_many_pauses_are_remembered() -> None:
    refreshes = Refreshes(limit=MAX_PAUSES + 1, clock=Clock())
    for number in range(MAX_PAUSES + 1):
        refreshes.start(number, fail)
    await settled()
    assert [refreshes.start(number, fail) for number in (0, 1, MAX_PAUSES)] == [True, False, False]
    await refreshes.close()


async def test_who_is_cancelled_is_not_said_to_have_failed() -> None:
    refreshes = Refreshes(clock=Clock())
    refreshes.start("a", asyncio.Event().wait)
    await asyncio.sleep(0)
    await refreshes.close()
    assert len(refreshes) == 0
    assert refreshes.start("a", fail)
    await refreshes.close()
