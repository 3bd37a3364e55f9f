"""The pool through its port: who is served, and what happens when workers die, hang, leak or talk nonsense."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Coroutine
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import uvloop
from PIL import Image

from pixmill.engine.pool import worker_handle
from pixmill.engine.pool.pool import EnginePool
from pixmill.errors import (
    Draining,
    ImageError,
    ImageTooLarge,
    InternalError,
    InvalidParameter,
    NoWorker,
    PixmillError,
    QueueFull,
    RenderCrashed,
    RenderTimeout,
    RequestTooLarge,
    ResultTooLarge,
    UndecodableImage,
    error_classes_by_code,
)
from pixmill.media import Format
from pixmill.plan.facts import Fact, FactSelection
from pixmill.plan.ops import ImageOverlay, Output, Plan
from pixmill.plan.source import parse_source
from pixmill.ports.observe import RequestStage
from pixmill.runtime.spool import Spool
from tests.engine.support import (
    PLAN,
    ROOT,
    Notebook,
    children,
    eventually,
    obey,
    open_files,
    original,
    pools,
    restarts,
    workers,
)
from tests.timers import finished_within


@pytest.fixture(autouse=True)
def _workers_find_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


async def admitted(pool: EnginePool, count: int) -> None:
    """Wait until so many calls are with workers or in the queue."""
    workers = pool._dispatcher.supervisor.workers
    await eventually(lambda: sum(worker.depth for worker in workers) + len(pool._dispatcher._queue) == count)


async def at_once(answer: Coroutine[Any, Any, object]) -> None:
    """Await what needs no answer of another process: it ends in the same turn of the event loop."""
    task = asyncio.ensure_future(answer)
    await asyncio.sleep(0)
    assert task.done()
    await task


# ---------------------------------------------------------------- what goes well


async def test_a_render_comes_back_with_body_format_and_size() -> None:
    async with pools() as pool:
        rendered = await obey(pool, "big 10")
    assert (rendered.body, rendered.format, rendered.width, rendered.height) == (b"b" * 10, Format.PNG, 5, 7)


async def test_an_inspection_comes_back_with_facts() -> None:
    async with pools(max_frames=77) as pool:
        with original("12345") as spool:
            facts = await pool.inspect(spool)
            more = await pool.inspect(spool, FactSelection((Fact.GPS, Fact.XMP)))
    assert (facts.format, facts.frames, facts.bytes, facts.alpha) == (Format.GIF, 77, 5, True)
    assert (facts.xmp, more.xmp) == (None, "gps,xmp")


async def test_the_original_stays_the_callers_and_may_be_empty() -> None:
    async with pools() as pool:
        with original("big 3") as spool:
            await pool.render(spool, PLAN)
            assert spool.read() == b"big 3"
            assert (await pool.render(spool, PLAN)).body == b"bbb"
        with Spool(10) as empty, pytest.raises(UndecodableImage):
            await pool.inspect(empty)


async def test_many_calls_at_once_each_get_their_own_result() -> None:
    async with pools(queue=100) as pool:
        sizes = range(1, 61)
        results = await asyncio.gather(*(obey(pool, f"big {size}") for size in sizes))
    assert [len(result.body) for result in results] == list(sizes)


async def test_a_result_of_many_megabytes_comes_back_whole() -> None:
    async with pools(workers=1) as pool:
        assert (await obey(pool, "big 30000000")).body == b"b" * 30_000_000


async def test_pools_work_in_uvloop_as_well(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pools(deadline_s=3.0, sandbox="off") as pool:
            slow, again, fine = await asyncio.gather(
                obey(pool, "sleep 60"),
                obey(pool, f"die_once {tmp_path}/x"),
                obey(pool, "big 3"),
                return_exceptions=True,
            )
            assert isinstance(slow, RenderTimeout)
            assert not isinstance(again, BaseException)
            assert not isinstance(fine, BaseException)
            assert (await obey(pool, "big 4")).body == b"bbbb"

    await asyncio.to_thread(uvloop.run, scenario())


async def test_times_and_outcomes_are_observed() -> None:
    notes = Notebook()
    async with pools(notes, workers=1) as pool:
        await obey(pool, "sleep 0.05")
        with pytest.raises(InternalError):
            await obey(pool, "defect")
    times = dict(notes.times)
    assert times.keys() == {RequestStage.QUEUE, RequestStage.RENDER, RequestStage.DECODE}
    assert times[RequestStage.DECODE] == 0.05
    assert times[RequestStage.QUEUE] < 0.04 < times[RequestStage.RENDER]
    assert notes.outcomes() == ["ok", "internal"]


async def test_stats_tell_workers_busy_and_waiting() -> None:
    async with pools() as pool:
        assert (pool.stats().workers, pool.stats().busy, pool.stats().queued) == (2, 0, 0)
        calls = [asyncio.create_task(obey(pool, "sleep 0.3")) for _ in range(7)]
        await admitted(pool, 7)
        assert (pool.stats().workers, pool.stats().busy, pool.stats().queued) == (2, 2, 5)
        await asyncio.gather(*calls)
        assert (pool.stats().busy, pool.stats().queued, restarts(pool)) == (0, 0, 0)


# ---------------------------------------------------------------- failures as data


@pytest.mark.parametrize("code", sorted(error_classes_by_code()))
async def test_every_failure_of_an_image_crosses_with_its_class_and_texts_and_others_are_defects(code: str) -> None:
    kind = error_classes_by_code()[code]
    async with pools(workers=1) as pool:
        with pytest.raises(PixmillError) as caught:
            await obey(pool, f"fail {code}")
    error = caught.value
    if issubclass(kind, ImageError | InvalidParameter | InternalError):
        assert (type(error), error.message, error.param, error.detail) == (kind, "in public", "width", "in private")
    else:
        assert (type(error), error.message, error.param) == (InternalError, "Internal error", None)
        assert error.detail == f"{code}: in public\nin private"


async def test_a_foreign_exception_is_internal_private_and_survived() -> None:
    async with pools(workers=1) as pool:
        worker = (await obey(pool, "pid")).body
        with pytest.raises(InternalError) as caught:
            await obey(pool, "defect")
        assert "the secret of the defect" in caught.value.detail
        assert "secret" not in caught.value.message
        assert (await obey(pool, "pid")).body == worker


async def test_a_picture_that_needs_too_much_memory_fails_alone() -> None:
    async with pools(workers=1, worker_memory_bytes=300 * 2**20) as pool:
        worker = (await obey(pool, "pid")).body
        with pytest.raises(ImageTooLarge):
            await obey(pool, f"hog {2**30}")
        assert (await obey(pool, "pid")).body == worker


@pytest.mark.parametrize("form", [Format.PNG, Format.WEBP, Format.TIFF])
async def test_a_real_picture_that_needs_too_much_memory_fails_as_such_whatever_library_runs_out_of_it(
    form: Format,
) -> None:
    """Of 20 megapixels: the worker has 150 MiB, of which the pixels alone need 60."""
    out = BytesIO()
    Image.new("RGB", (5_000, 4_000), "teal").save(out, "JPEG")
    async with pools(handlers="", workers=1, worker_memory_bytes=150 * 2**20) as pool:
        with Spool(2**20) as spool:
            spool.write(out.getvalue())
            with pytest.raises(ImageTooLarge):
                await pool.render(spool, Plan(output=Output((form,))))


async def test_a_result_beyond_the_limit_is_refused() -> None:
    async with pools(max_result_bytes=100) as pool:
        assert len((await obey(pool, "big 100")).body) == 100
        with pytest.raises(ResultTooLarge):
            await obey(pool, "big 101")


# ---------------------------------------------------------------- workers that die


async def test_a_call_whose_worker_dies_is_tried_once_more(tmp_path: Path) -> None:
    notes = Notebook()
    async with pools(notes, sandbox="off") as pool:
        assert (await obey(pool, f"die_once {tmp_path}/mark")).body == b"second life"
    assert notes.restarts() == ["crash"]
    assert notes.outcomes() == ["ok"]


@pytest.mark.parametrize("verb", ["die", "segfault"])
async def test_a_call_that_kills_two_workers_is_given_up_and_others_never_notice(verb: str) -> None:
    notes = Notebook()
    async with pools(notes) as pool:
        others = [asyncio.create_task(obey(pool, "sleep 0.2")) for _ in range(6)]
        with pytest.raises(RenderCrashed) as caught:
            await obey(pool, verb)
        assert "exit status" in caught.value.detail
        assert [other.body for other in await asyncio.gather(*others)] == [b"slept"] * 6
        await eventually(lambda: pool.stats().workers == 2)
    assert notes.restarts() == ["crash", "crash"]
    assert sorted(notes.outcomes()) == [*["ok"] * 6, "render_crashed"]


async def test_a_deadly_call_harms_one_worker_and_its_replacement_only() -> None:
    async with pools() as pool:
        running = asyncio.create_task(obey(pool, "sleep 1.5"))
        await admitted(pool, 1)
        with pytest.raises(RenderCrashed):
            await obey(pool, "die")
        assert (await running).body == b"slept", "the neighbour was not asked to try"
        assert restarts(pool) == 2


async def test_a_call_queued_behind_a_deadly_one_moves_without_an_attempt_of_its_own(tmp_path: Path) -> None:
    async with pools(workers=1, sandbox="off") as pool:
        deadly = asyncio.create_task(obey(pool, "die"))
        behind = asyncio.create_task(obey(pool, f"die_once {tmp_path}/mark"))
        results = await asyncio.gather(deadly, behind, return_exceptions=True)
    assert isinstance(results[0], RenderCrashed)
    assert not isinstance(results[1], BaseException), "it had its two lives"


async def test_an_idle_worker_that_is_killed_is_replaced() -> None:
    notes = Notebook()
    async with pools(notes, workers=1) as pool:
        worker = int((await obey(pool, "pid")).body)
        os.kill(worker, signal.SIGKILL)
        await eventually(lambda: restarts(pool) == 1 and pool.stats().workers == 1)
        assert int((await obey(pool, "pid")).body) != worker
    assert notes.restarts() == ["crash"]


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param("ff00ff", id="no message"),
        pytest.param("81a474797065a57265616479", id="ready again"),
        pytest.param("85a474797065a7736b6970706564a2696400a372737301", id="cut short"),
        pytest.param("83a474797065a7736b6970706564a2696400a372737301", id="skipped what is wanted"),
        pytest.param("83a474797065a7736b6970706564a2696409a372737301", id="another call"),
    ],
)
async def test_a_worker_that_talks_nonsense_counts_as_crashed(packet: str) -> None:
    notes = Notebook()
    async with pools(notes, workers=1) as pool:
        with pytest.raises(RenderCrashed):
            await obey(pool, f"babble {packet}")
        assert (await obey(pool, "big 3")).body == b"bbb"
    assert notes.restarts() == ["crash", "crash"]


# ---------------------------------------------------------------- time


async def test_a_render_that_takes_too_long_is_killed_and_the_service_goes_on() -> None:
    notes = Notebook()
    async with pools(notes, workers=1, deadline_s=2.0) as pool:
        worker = int((await obey(pool, "pid")).body)
        with pytest.raises(RenderTimeout):
            await finished_within(obey(pool, "sleep 60"), 30, least_s=1.99)
        await eventually(lambda: worker not in children())
        await eventually(lambda: pool.stats().workers == 1)
        assert (await obey(pool, "big 3")).body == b"bbb"
    assert notes.restarts() == ["deadline"]


async def test_the_deadline_of_one_call_costs_the_next_nothing() -> None:
    """It has waited for nearly as long as it may, and needs longer than what would be left of one deadline for both.

    A replacement has started by then: that takes seconds when the machine is busy, and is not what this is about.
    """
    async with pools(workers=1, deadline_s=6.0) as pool:
        slow = asyncio.create_task(obey(pool, "sleep 60"))
        await admitted(pool, 1)
        (worker,) = pool._dispatcher.supervisor.workers
        behind = asyncio.create_task(obey(pool, "sleep 4"))
        await admitted(pool, 2)
        call = worker.queued_call
        assert call
        worker._set_deadline(asyncio.get_running_loop().time() + 3.0)
        with pytest.raises(RenderTimeout):
            await slow
        assert (await behind).body == b"slept"
        assert call.time_left_s == 6.0, "its whole deadline was left when its work began"


async def test_a_call_that_waits_longer_than_the_deadline_is_told_so() -> None:
    async with pools(workers=1, deadline_s=4.0) as pool:
        first = asyncio.create_task(obey(pool, "sleep 2.5"))
        second = asyncio.create_task(obey(pool, "sleep 2.5"))
        third = asyncio.create_task(obey(pool, "big 3"))
        with pytest.raises(QueueFull, match="in time"):
            await third
        assert {(await first).body, (await second).body} == {b"slept"}


# ---------------------------------------------------------------- the queue


async def test_a_full_queue_refuses_at_once_and_has_room_again_later() -> None:
    notes = Notebook()
    async with pools(notes, queue=3) as pool:
        calls = [asyncio.create_task(obey(pool, "sleep 0.4")) for _ in range(5)]
        await admitted(pool, 5)
        with pytest.raises(QueueFull):
            await at_once(obey(pool, "big 3"))
        await asyncio.gather(*calls)
        assert (await obey(pool, "big 3")).body == b"bbb"
    assert notes.outcomes().count("queue_full") == 1


async def test_without_a_queue_only_idle_workers_take_calls() -> None:
    async with pools(queue=0) as pool:
        calls = [asyncio.create_task(obey(pool, "sleep 0.3")) for _ in range(2)]
        await admitted(pool, 2)
        with pytest.raises(QueueFull):
            await obey(pool, "big 3")
        await asyncio.gather(*calls)


async def test_a_caller_that_leaves_the_queue_frees_its_place_and_nothing_is_done_for_it(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    async with pools(workers=1, queue=2, sandbox="off") as pool:
        running = asyncio.create_task(obey(pool, "sleep 0.4"))
        ready = asyncio.create_task(obey(pool, f"append {trace} ready 0"))
        queued = asyncio.create_task(obey(pool, f"append {trace} queued 0"))
        await admitted(pool, 3)
        with pytest.raises(QueueFull):
            await obey(pool, f"append {trace} refused 0")
        ready.cancel()
        queued.cancel()
        await asyncio.sleep(0)
        assert pool.stats().queued == 0
        await asyncio.gather(obey(pool, f"append {trace} one 0"), obey(pool, f"append {trace} two 0"), running)
    assert trace.read_text().split() == ["one", "two"]


async def test_a_short_render_whose_caller_leaves_is_finished_and_dropped() -> None:
    async with pools(workers=1) as pool:
        worker = (await obey(pool, "pid")).body
        left = asyncio.create_task(obey(pool, "sleep 0.3"))
        await admitted(pool, 1)
        left.cancel()
        assert (await obey(pool, "pid")).body == worker
        assert restarts(pool) == 0


async def test_a_long_render_whose_caller_leaves_is_killed_after_a_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_handle, "CANCEL_GRACE_S", 0.2)
    notes = Notebook()
    async with pools(notes, workers=1) as pool:
        left = asyncio.create_task(obey(pool, "sleep 60"))
        await admitted(pool, 1)
        left.cancel()
        assert (await obey(pool, "big 3")).body == b"bbb"
    assert notes.restarts() == ["abandoned"]
    assert notes.outcomes() == ["ok"]


async def test_an_idle_worker_takes_over_what_lies_ready_behind_a_long_render() -> None:
    async with pools() as pool:
        long = asyncio.create_task(obey(pool, "sleep 3"))
        short = asyncio.create_task(obey(pool, "sleep 0.2"))
        await asyncio.gather(*(obey(pool, "sleep 0.1") for _ in range(6)))
        assert not long.done(), "none waited for the long one"
        await asyncio.gather(long, short)
        assert restarts(pool) == 0


async def test_a_pool_whose_workers_are_all_at_work_is_well_however_long_its_queue() -> None:
    async with pools(handlers="tests.engine.self_test_handlers", workers=1, queue=1) as pool:
        calls = [asyncio.create_task(obey(pool, "sleep 0.5")) for _ in range(2)]
        await admitted(pool, 2)
        with pytest.raises(QueueFull):
            await obey(pool, "sleep 0.2")
        await at_once(pool.ping())
        await asyncio.gather(*calls)


# ---------------------------------------------------------------- workers that wear out


async def test_a_worker_is_replaced_after_so_many_jobs_without_a_gap() -> None:
    notes = Notebook()
    async with pools(notes, workers=1, worker_max_jobs=20) as pool:
        seen = set[bytes]()
        async with asyncio.timeout(90):
            while len(seen) < 3:
                seen.add((await obey(pool, "pid")).body)
                assert pool.stats().workers >= 1
        await eventually(lambda: len(workers()) <= 2)
    assert set(notes.restarts()) == {"recycled"}


async def test_a_worker_that_keeps_too_much_memory_is_replaced() -> None:
    notes = Notebook()
    async with pools(notes, workers=1, worker_max_rss_bytes=150 * 2**20) as pool:
        worker = (await obey(pool, "pid")).body
        await obey(pool, f"leak {150 * 2**20}")
        await eventually(lambda: notes.restarts() == ["recycled"])
        assert (await obey(pool, "pid")).body != worker


# ---------------------------------------------------------------- opening and closing


async def test_closing_leaves_no_process_and_no_descriptor() -> None:
    before, family = open_files(), children()
    async with pools(queue=300) as pool:
        await asyncio.gather(*(obey(pool, "big 10000") for _ in range(200)))
        waits = [asyncio.create_task(obey(pool, "sleep 60")) for _ in range(5)]
        await admitted(pool, 5)
        await asyncio.wait_for(pool.close(), 30)
        assert {type(error) for error in await asyncio.gather(*waits, return_exceptions=True)} == {Draining}
        with pytest.raises(Draining):
            await obey(pool, "big 3")
    del waits
    assert children() == family
    assert open_files() == before


async def test_a_pool_whose_workers_cannot_start_says_so() -> None:
    family = children()
    with pytest.raises(NoWorker):
        async with pools(handlers="tests.engine.there_is_no_such_module"):
            pass
    assert children() == family


async def test_when_no_worker_can_be_started_any_more_calls_fail_at_once_and_recover() -> None:
    async with pools(workers=1) as pool:
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr("pixmill.engine.pool.process._WORKER_MODULE", "pixmill.engine.nothing")
            with pytest.raises(NoWorker):  # it waited through the first failures
                await obey(pool, "die")
            began = time.monotonic()
            failures = 0
            while time.monotonic() - began < 1:
                with pytest.raises(NoWorker):
                    await obey(pool, "big 3")
                failures += 1
                await asyncio.sleep(0.01)
            assert failures > 5, "none hung"
            assert restarts(pool) < 10, "starting backs off"
        await eventually(lambda: pool.stats().workers == 1)
        assert (await obey(pool, "big 3")).body == b"bbb"


async def test_workers_are_confined_and_know_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXMILL_KEYS", "very-secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    async with pools(workers=1, worker_memory_bytes=2**30) as pool:
        environment = json.loads((await obey(pool, "environment")).body)
        limits = json.loads((await obey(pool, "rlimits")).body)
    assert "very-secret" not in environment.values()
    assert environment["VIPS_CONCURRENCY"] == "1"
    assert limits["RLIMIT_DATA"] == 2**30
    assert (limits["RLIMIT_CORE"], limits["RLIMIT_NOFILE"]) == (0, 128)
    assert limits["ignored"] == [True, True]


async def test_what_a_plan_refers_to_comes_along_in_order() -> None:
    overlays = tuple(ImageOverlay(parse_source(name)) for name in ("b.png", "a.png", "b.png"))
    async with pools() as pool:
        with original("join") as spool, original("first") as first, original("second") as second:
            rendered = await pool.render(spool, Plan(overlays=overlays), [first, second])
    assert rendered.body == b"first second"


async def test_more_pictures_than_a_worker_can_hold_are_refused() -> None:
    async with pools() as pool:
        with original("join") as spool:
            with pytest.raises(RequestTooLarge):
                await pool.render(spool, PLAN, [spool] * 41)
            assert (await obey(pool, "sleep 0")).body == b"slept"
