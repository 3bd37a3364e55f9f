"""Several results of one original in one job, and work that is only done in spare time."""

import asyncio
from pathlib import Path

import pytest

from pixmill.engine.pool.idle import MAX_WAITERS, IdleScheduler
from pixmill.engine.pool.pool import EnginePool
from pixmill.errors import (
    Draining,
    PixmillError,
    QueueFull,
    RenderCrashed,
    RenderTimeout,
    RequestTooLarge,
    ResultTooLarge,
    UndecodableImage,
)
from pixmill.plan.ops import Plan, Resize
from pixmill.ports.observe import RequestStage
from pixmill.ports.pipeline import MAX_PLANS
from pixmill.ports.values import Rendered
from tests.engine.support import ROOT, Notebook, obey, original, pools


@pytest.fixture(autouse=True)
def _workers_find_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


async def obey_all(pool: EnginePool, *commands: str) -> list[Rendered | PixmillError]:
    plans = [Plan(resize=Resize(width=number + 1)) for number in range(len(commands))]
    with original("; ".join(commands)) as spool:
        return await pool.render_all(spool, plans)


def bodies(results: list[Rendered | PixmillError]) -> list[bytes | str]:
    return [result.body if isinstance(result, Rendered) else result.code for result in results]


async def test_each_plan_has_its_result_in_the_order_of_the_plans() -> None:
    async with pools() as pool:
        results = await obey_all(pool, "big 3", "sleep 0", "big 2")
    assert bodies(results) == [b"bbb", b"slept", b"bb"]
    assert [result.width for result in results if isinstance(result, Rendered)] == [1, 2, 3]


async def test_one_that_fails_loses_no_other_and_keeps_its_texts() -> None:
    async with pools() as pool:
        results = await obey_all(pool, "big 3", "fail undecodable_image", "big 2")
    assert bodies(results) == [b"bbb", "undecodable_image", b"bb"]
    assert isinstance(results[1], UndecodableImage)
    assert (results[1].message, results[1].param, results[1].detail) == ("in public", "width", "in private")


async def test_all_may_fail() -> None:
    async with pools() as pool:
        assert bodies(await obey_all(pool, "fail image_error", "fail internal")) == ["image_error", "internal"]


async def test_results_of_many_megabytes_come_back_whole() -> None:
    async with pools() as pool:
        assert [len(body) for body in bodies(await obey_all(pool, *["big 3000000"] * MAX_PLANS))] == [3_000_000] * 16


async def test_all_results_together_may_be_no_larger_than_one_alone() -> None:
    async with pools(max_result_bytes=1000) as pool:
        results = await obey_all(pool, "big 300", "big 900", "big 600")
    assert [type(result) for result in results] == [Rendered, ResultTooLarge, Rendered], "the last is made first here"


async def test_nothing_asked_for_is_nothing_done() -> None:
    async with pools() as pool:
        assert await obey_all(pool) == []


async def test_more_than_a_message_holds_is_refused() -> None:
    async with pools() as pool:
        with pytest.raises(RequestTooLarge):
            await obey_all(pool, *["big 1"] * (MAX_PLANS + 1))


async def test_one_deadline_holds_for_the_whole_job() -> None:
    async with pools(deadline_s=0.5) as pool:
        with pytest.raises(RenderTimeout):
            await obey_all(pool, *["sleep 0.2"] * 4)


async def test_a_defect_or_a_death_ends_the_job_and_the_pool_lives_on() -> None:
    async with pools() as pool:
        with pytest.raises(RenderCrashed):
            await obey_all(pool, "big 1", "die")
        with pytest.raises(PixmillError, match="Internal error"):
            await obey_all(pool, "big 1", "defect")
        assert bodies(await obey_all(pool, "big 1")) == [b"b"]


async def test_each_result_is_counted_and_timed() -> None:
    notes = Notebook()
    async with pools(notes) as pool:
        await obey_all(pool, "big 3", "fail image_error", "big 2")
    assert notes.outcomes() == ["ok", "image_error", "ok"]
    assert [stage for stage, _ in notes.times].count(RequestStage.DECODE) == 2
    assert [stage for stage, _ in notes.times].count(RequestStage.RENDER) == 1


async def test_nothing_lies_ready_behind_a_job_of_several() -> None:
    async with pools(workers=2) as pool:
        long = asyncio.create_task(obey_all(pool, "sleep 1", "sleep 1"))
        await asyncio.sleep(0.05)
        short = [asyncio.create_task(obey(pool, "sleep 0.05")) for _ in range(12)]
        await asyncio.gather(*short)
        assert not long.done(), "all short ones passed it by on the other worker"
        await long


# ---------------------------------------------------------------- spare time


async def leisurely(pool: EnginePool, command: str) -> Rendered:
    async with pool.idle_slot():
        return await obey(pool, command)


async def test_what_nobody_waits_for_is_done_when_nobody_else_waits(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    async with pools(workers=1, sandbox="off") as pool:
        running = asyncio.create_task(obey(pool, "sleep 0.3"))
        await asyncio.sleep(0.02)
        warming = asyncio.create_task(leisurely(pool, f"append {trace} warm 0"))
        await asyncio.sleep(0.02)
        waiting = [asyncio.create_task(obey(pool, f"append {trace} {name} 0.05")) for name in ("one", "two", "three")]
        await asyncio.gather(running, warming, *waiting)
    assert trace.read_text().split() == ["one", "two", "three", "warm"]


async def test_on_an_idle_pool_spare_time_begins_at_once() -> None:
    async with pools() as pool:
        assert (await asyncio.wait_for(leisurely(pool, "big 3"), 5)).body == b"bbb"


async def test_one_worker_of_several_is_left_for_those_who_wait() -> None:
    async with pools(workers=2) as pool:
        warming = [asyncio.create_task(leisurely(pool, "sleep 0.5")) for _ in range(3)]
        await asyncio.sleep(0.1)
        assert pool.stats().busy == 1
        await asyncio.wait_for(obey(pool, "big 1"), 0.3)
        await asyncio.gather(*warming)


async def test_a_busy_queue_refuses_what_nobody_waits_for() -> None:
    async with pools(workers=1, queue=4) as pool:
        calls = [asyncio.create_task(obey(pool, "sleep 0.1")) for _ in range(4)]
        await asyncio.sleep(0.02)
        with pytest.raises(QueueFull):
            await leisurely(pool, "big 1")
        await asyncio.gather(*calls)


async def test_spare_time_is_not_waited_for_for_ever() -> None:
    async with pools(workers=1, deadline_s=0.3) as pool:
        running = asyncio.create_task(obey(pool, "sleep 0.25"))
        await asyncio.sleep(0.01)
        calls = [asyncio.create_task(obey(pool, "sleep 0.2")) for _ in range(2)]
        with pytest.raises(QueueFull):
            await leisurely(pool, "big 1")
        await asyncio.gather(running, *calls, return_exceptions=True)


async def test_closing_turns_away_who_waits_for_spare_time() -> None:
    async with pools(workers=1) as pool:
        running = asyncio.create_task(obey(pool, "sleep 5"))
        await asyncio.sleep(0.02)
        warming = asyncio.create_task(leisurely(pool, "big 1"))
        await asyncio.sleep(0.02)
        await pool.close()
        assert [type(error) for error in await asyncio.gather(running, warming, return_exceptions=True)] == [
            Draining,
            Draining,
        ]
        with pytest.raises(QueueFull):
            await leisurely(pool, "big 1")


async def hold(spare: IdleScheduler, until: asyncio.Event) -> None:
    async with spare.slot():
        await until.wait()


async def test_only_so_many_may_hope_for_spare_time() -> None:
    spare, over = IdleScheduler(1, 5, lambda: False), asyncio.Event()
    hoping = [asyncio.create_task(hold(spare, over)) for _ in range(MAX_WAITERS)]
    await asyncio.sleep(0)
    with pytest.raises(QueueFull):
        await hold(spare, over)
    spare.close()
    assert {type(error) for error in await asyncio.gather(*hoping, return_exceptions=True)} == {Draining}


async def test_a_turn_whose_taker_leaves_goes_to_the_next() -> None:
    spare, over = IdleScheduler(1, 5, lambda: True), asyncio.Event()
    first, second, third = (asyncio.create_task(hold(spare, over)) for _ in range(3))
    await asyncio.sleep(0.01)
    second.cancel()
    first.cancel()
    await asyncio.sleep(0.01)
    over.set()
    await asyncio.wait_for(third, 1)
    assert first.cancelled()
    assert second.cancelled()


async def test_a_turn_that_comes_while_its_taker_is_cancelled_is_not_lost() -> None:
    time, over = False, asyncio.Event()
    spare = IdleScheduler(1, 5, lambda: time)
    first, second = (asyncio.create_task(hold(spare, over)) for _ in range(2))
    await asyncio.sleep(0.01)
    time = True
    spare.grant_next()
    first.cancel()
    over.set()
    await asyncio.wait_for(second, 1)
    assert first.cancelled()
