"""One flight per key: shared by whoever asks, ended when nobody waits."""

import asyncio
from collections.abc import Iterator

import pytest

from pixmill.errors import QueueFull
from pixmill.runtime.client import CURRENT_CLIENT
from pixmill.services.singleflight import Flights
from tests.timers import until


async def test_those_who_ask_at_the_same_time_share_one_flight() -> None:
    flights: Flights[str, int] = Flights()
    made = []

    async def make() -> int:
        made.append(1)
        await asyncio.sleep(0.01)
        return 7

    async def ask() -> tuple[int, bool]:
        async with flights.join("key", make) as answer:
            return answer

    answers = await asyncio.gather(*(ask() for _ in range(64)))
    assert [value for value, _ in answers] == [7] * 64
    assert sum(shared for _, shared in answers) == 63
    assert len(made) == 1
    assert "key" not in flights


async def test_a_later_caller_starts_a_flight_of_its_own() -> None:
    flights: Flights[str, object] = Flights()

    async def make() -> object:
        return object()

    async with flights.join("key", make) as (first, _):
        pass
    async with flights.join("key", make) as (second, shared):
        assert second is not first
        assert not shared


async def test_who_asks_while_the_value_is_in_use_gets_the_same_value() -> None:
    flights: Flights[str, object] = Flights()

    async def make() -> object:
        return object()

    async with flights.join("key", make) as (first, _), flights.join("key", make) as (second, shared):
        assert second is first
        assert shared


async def test_the_value_is_given_back_once_when_the_last_has_left() -> None:
    gone: list[str] = []
    flights: Flights[str, str] = Flights(dispose=gone.append)

    async def make() -> str:
        return "value"

    async with flights.join("key", make):
        async with flights.join("key", make):
            pass
        assert gone == []
    assert gone == ["value"]


async def test_one_caller_leaving_harms_no_other() -> None:
    flights: Flights[str, int] = Flights()
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def make() -> int:
        begun.set()
        await goes_on.wait()
        return 7

    async def ask() -> int:
        async with flights.join("key", make) as (value, _):
            return value

    leaver, stayer = asyncio.create_task(ask()), asyncio.create_task(ask())
    await begun.wait()
    leaver.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaver
    goes_on.set()
    assert await stayer == 7


async def test_a_flight_that_nobody_waits_for_is_cancelled() -> None:
    flights: Flights[str, int] = Flights()
    begun, ended = asyncio.Event(), asyncio.Event()

    async def make() -> int:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()
        return 7

    async def ask() -> None:
        async with flights.join("key", make):
            pass

    asker = asyncio.create_task(ask())
    await begun.wait()
    asker.cancel()
    await asyncio.wait_for(ended.wait(), 30)
    assert "key" not in flights


async def test_a_value_that_arrives_after_everybody_left_is_given_back_too() -> None:
    gone: list[str] = []
    flights: Flights[str, str] = Flights(dispose=gone.append)

    begun = asyncio.Event()

    async def make() -> str:
        begun.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return "late"
        return "never"

    async def ask() -> None:
        async with flights.join("key", make):
            pass

    asker = asyncio.create_task(ask())
    await begun.wait()
    asker.cancel()
    await until(lambda: bool(gone))
    assert gone == ["late"]


async def test_a_failure_reaches_everybody_aboard_and_is_not_kept() -> None:
    flights: Flights[str, int] = Flights()
    outcomes: Iterator[Exception | int] = iter([ValueError("no"), 7])

    async def make() -> int:
        await asyncio.sleep(0.001)
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def ask() -> int:
        async with flights.join("key", make) as (value, _):
            return value

    first = await asyncio.gather(ask(), ask(), return_exceptions=True)
    assert [type(outcome) for outcome in first] == [ValueError, ValueError]
    assert await ask() == 7


async def test_a_flight_that_is_rejected_because_of_its_client_is_started_again_for_others_once() -> None:
    flights: Flights[str, str] = Flights()
    started: list[str] = []
    is_full = asyncio.Event()

    async def make() -> str:
        client = str(CURRENT_CLIENT.get())
        started.append(client)
        if client == "greedy":
            await is_full.wait()
            raise QueueFull
        return client

    async def ask(client: str) -> str:
        CURRENT_CLIENT.set(client)
        async with flights.join("key", make) as (value, _):
            return value

    tasks = [asyncio.create_task(ask(client)) for client in ("greedy", "greedy", "a", "b", "c")]
    await until(lambda: started == ["greedy"])
    await asyncio.sleep(0)
    is_full.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers[:2]] == [QueueFull, QueueFull]
    assert answers[2:] == ["a"] * 3
    assert started == ["greedy", "a"]
    assert "key" not in flights
