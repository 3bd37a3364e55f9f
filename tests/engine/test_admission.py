"""Who is let in: by how many wait, by how long it would take, and before anything was fetched."""

import asyncio
import time
from collections.abc import Callable
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.engine.pool.admission import Admission, Load, RejectionReason, Reservation
from pixmill.engine.pool.call import QueueStats
from pixmill.errors import QueueFull
from pixmill.ports.observe import Event
from pixmill.runtime.durations import MAX_KINDS, OUTLIER_RATIO, DurationEstimator, MovingMean
from tests.engine.support import ROOT, Notebook, eventually, obey, pools


@pytest.fixture(autouse=True)
def _workers_find_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


class Desk:
    """An admission over a load that the test sets: two workers at work, a second for each call."""

    def __init__(self, max_waiting: int = 100, max_wait_s: float = 10.0) -> None:
        self.load = Load(0.0, 2)
        self.refusals: list[RejectionReason] = []
        self.now = 1_000.0
        self.typical_s = 1.0
        self.admission = Admission(
            *(max_waiting, max_wait_s, lambda: self.load, lambda: self.typical_s),
            self.refusals.append,
            lambda: self.now,
        )


def refused(act: Callable[[], object]) -> float | None:
    """What a refusal says of when to come again; None when there is none."""
    try:
        act()
    except QueueFull as error:
        return error.retry_after_s
    return None


# ---------------------------------------------------------------- the wait


def test_a_call_waits_for_what_lies_ahead_shared_among_the_workers() -> None:
    desk = Desk()
    desk.admission.queue_stats.add(3.0)
    desk.load = Load(5.0, 2)
    assert desk.admission.expected_wait_s() == 4.0
    desk.admission.has_idle_worker = True
    assert desk.admission.expected_wait_s() == 0.0


def test_who_would_wait_too_long_is_refused_and_told_when_half_of_it_is_done() -> None:
    desk = Desk(max_wait_s=10)
    desk.admission.queue_stats.add(20.0)
    assert refused(desk.admission.check) is None
    desk.admission.queue_stats.add(1.0)
    assert refused(desk.admission.check) == 21 / 2 / 2
    assert desk.refusals == ["queue_wait"]


def test_too_many_are_refused_however_short_their_work() -> None:
    desk = Desk(max_waiting=2)
    for _ in range(2):
        assert refused(desk.admission.check) is None
        desk.admission.queue_stats.add(0.001)
    assert refused(desk.admission.check) is not None
    assert desk.refusals == ["queue"]


def test_an_idle_worker_takes_whatever_comes() -> None:
    desk = Desk(max_waiting=0)
    desk.admission.has_idle_worker = True
    desk.admission.queue_stats.add(100.0)
    assert refused(desk.admission.check) is None


@given(st.lists(st.floats(0, 1e6), max_size=50))
def test_a_line_that_everybody_has_left_is_empty(work: list[float]) -> None:
    line = QueueStats(time.monotonic)
    for seconds in work:
        line.add(seconds)
    for seconds in work:
        line.remove(seconds)
        assert line.work_s >= 0
    assert (line.count, line.work_s) == (0, 0.0)


def test_a_line_that_has_room_for_all_may_stand_for_ever() -> None:
    desk = Desk(max_wait_s=10)
    desk.typical_s = 0.1
    desk.admission.queue_stats.add(18.0)
    desk.now += 1_000
    assert refused(desk.admission.check) is None


def test_a_line_that_stands_and_has_no_room_for_somebody_is_kept_short_until_it_was_empty() -> None:
    desk = Desk(max_wait_s=10)
    desk.typical_s = 0.1
    desk.admission.queue_stats.add(18.0)
    desk.now += 10
    assert refused(desk.admission.check) is None, "a burst may take as long as anybody may wait"
    desk.admission.queue_stats.add(4.0)
    assert refused(desk.admission.check) is not None
    desk.admission.queue_stats.remove(4.0)
    assert refused(desk.admission.check) is None
    desk.now += 1
    assert refused(desk.admission.check) is not None
    desk.admission.queue_stats.add(1.5)
    desk.admission.queue_stats.remove(18.0)
    assert refused(desk.admission.check) is None
    desk.admission.queue_stats.add(1.0)
    assert refused(desk.admission.check) is not None
    desk.typical_s = 1.0
    assert refused(desk.admission.check) is None, "so short that workers would run dry is too short"
    desk.typical_s = 0.1
    desk.admission.queue_stats.remove(1.0)
    desk.admission.queue_stats.remove(1.5)
    desk.admission.queue_stats.add(18.0)
    assert refused(desk.admission.check) is None, "it was empty: this is another burst"


# ---------------------------------------------------------------- before anything is fetched


def test_what_is_being_fetched_counts_before_it_arrives() -> None:
    desk = Desk(max_wait_s=10)
    desk.admission.queue_stats.add(18.0)  # 9 seconds for two workers; each that comes is half a second more
    coming = [desk.admission.announce() for _ in range(4)]
    for one in coming[:3]:
        one.__enter__()
    with pytest.raises(QueueFull):
        coming[3].__enter__()
    coming[0].__exit__(None, None, None)
    with desk.admission.announce():
        pass


def test_originals_that_never_come_do_not_close_the_queue() -> None:
    desk = Desk(max_wait_s=10)
    never = [desk.admission.announce() for _ in range(1_000)]
    for one in never:
        one.__enter__()
    with desk.admission.announce():
        desk.admission.queue_stats.add(9.9)  # half of the longest wait is for those who are there
    desk.admission.queue_stats.add(0.2)
    assert refused(desk.admission.announce().__enter__) is not None


def test_as_many_are_on_their_way_as_the_line_has_room_for_and_never_close_it() -> None:
    desk = Desk(max_waiting=10, max_wait_s=1_000)
    coming = [desk.admission.announce() for _ in range(100)]
    for one in coming:
        one.__enter__()
    for _ in range(4):
        desk.admission.queue_stats.add(1.0)
    with desk.admission.announce():
        desk.admission.queue_stats.add(1.0)
    assert refused(desk.admission.announce().__enter__) is not None
    assert desk.refusals == ["queue"]


# ---------------------------------------------------------------- at the door


def has_room(desk: Desk) -> bool:
    return desk.admission.retry_after_s() is None


def test_who_is_let_in_counts_until_it_comes_and_then_once() -> None:
    desk = Desk(max_wait_s=10)
    desk.admission.queue_stats.add(19.0)
    assert has_room(desk)
    with Reservation(desk.admission), Reservation(desk.admission):
        assert not has_room(desk), "another would wait for too long behind these two"
        with desk.admission.announce():
            assert not has_room(desk)
        assert has_room(desk), "the one that came has gone, and the other is still to come"
    assert has_room(desk)
    assert desk.admission.reserved == 0


async def test_a_promise_is_kept_by_the_task_in_which_the_call_comes() -> None:
    desk = Desk()

    async def comes() -> int:
        desk.admission.check()
        return desk.admission.reserved

    with Reservation(desk.admission):
        assert desk.admission.reserved == 1
        assert await asyncio.create_task(comes()) == 0
    late = asyncio.create_task(comes())
    with Reservation(desk.admission):
        assert await late == 1, "what was begun outside keeps nobody's promise"


# ---------------------------------------------------------------- how long work takes


def test_a_kind_is_expected_to_take_what_it_took() -> None:
    paces = DurationEstimator()
    assert paces.expected_s("png") == paces.overall_s == 0.0
    for seconds in (1.0, 2.0, 3.0):
        paces.record("png", seconds)
    paces.record("jpeg", 10.0)
    assert paces.expected_s("png") == pytest.approx(2.0)
    assert paces.expected_s("jpeg") == 10.0
    assert paces.expected_s("never seen") == paces.overall_s == pytest.approx(4.0)


def test_one_outlier_moves_the_mean_a_little_and_a_lasting_change_moves_it_wholly() -> None:
    pace = MovingMean(window=16)
    for _ in range(16):
        pace.record(1.0)
    pace.record(1_000_000.0)
    assert pace.mean_s <= 1 + OUTLIER_RATIO / 16
    for _ in range(200):
        pace.record(50.0)
    assert pace.mean_s == pytest.approx(50.0, rel=0.01)


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=100))
def test_a_mean_never_leaves_what_was_seen(seconds: list[float]) -> None:
    pace = MovingMean(window=16)
    for one in seconds:
        pace.record(one)
    assert -1e-9 <= pace.mean_s <= max(seconds) * (1 + 1e-9)


def test_kinds_without_number_do_not_fill_the_memory() -> None:
    paces = DurationEstimator()
    for kind, seconds in zip(range(10 * MAX_KINDS), repeat(1.0), strict=False):
        paces.record(kind, seconds)
    assert len(paces._by_kind) == MAX_KINDS
    assert paces.expected_s(10 * MAX_KINDS - 1) == 1.0


# ---------------------------------------------------------------- in the pool


async def test_the_pool_learns_what_renders_take_and_refuses_what_would_wait_too_long() -> None:
    notes = Notebook()
    async with pools(notes, workers=1, queue_max_wait_s=1.0) as pool:
        await obey(pool, "sleep 0.4")
        calls = [asyncio.create_task(obey(pool, "sleep 0.4")) for _ in range(3)]
        await eventually(lambda: pool.stats().queued == 2)
        assert 0.8 < pool.stats().expected_wait_s < 1.4
        await eventually(lambda: pool.stats().queued == 1)
        assert pool.stats().expected_wait_s < 1.0
        calls.append(asyncio.create_task(obey(pool, "sleep 0.4")))
        await eventually(lambda: pool.stats().queued == 2)
        with pytest.raises(QueueFull) as refusal:
            await obey(pool, "sleep 0.4")
        assert 0 < (refusal.value.retry_after_s or 0) < 1
        with pytest.raises(QueueFull), pool.announce():
            raise AssertionError("nothing is fetched for it")
        await asyncio.gather(*calls)
        assert pool.stats().expected_wait_s == 0
        with pool.announce():
            await obey(pool, "sleep 0")
    assert notes.events.count((Event.REJECTED, {"reason": "queue_wait"})) == 2


async def test_callers_that_leave_take_their_work_out_of_the_line() -> None:
    async with pools(workers=1, queue_max_wait_s=60) as pool:
        await obey(pool, "sleep 0.1")
        running = asyncio.create_task(obey(pool, "sleep 0.5"))
        calls = [asyncio.create_task(obey(pool, "sleep 0.1")) for _ in range(20)]
        await eventually(lambda: pool.stats().queued == 20)
        assert pool.stats().expected_wait_s > 1.5
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert pool.stats().queued == 0
        assert pool.stats().expected_wait_s < 1
        await running
