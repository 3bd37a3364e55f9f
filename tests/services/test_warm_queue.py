"""The line of what an operator wants warmed: once each, one original at a time, without end for no set that fails."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping

import pytest

from pixmill.errors import QueueFull, SourceNotFound
from pixmill.plan.key import Key
from pixmill.plan.ops import Plan, Resize
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, parse_source
from pixmill.services.warm.queue import CONCURRENCY, WarmQueue


class Maker:
    """Notes the sets that it is given. ``gate`` holds it back; ``failures`` come first."""

    def __init__(self) -> None:
        self.sets: list[tuple[str, list[int], tuple[str, ...]]] = []
        self.most = self.under_way = 0
        self.failures: list[Exception] = []
        self.gate = asyncio.Event()

    async def __call__(self, ref: SourceRef, plans_by_key: Mapping[Key, Plan], tags: tuple[str, ...]) -> Counter[str]:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await self.gate.wait()
            if self.failures:
                raise self.failures.pop(0)
            self.sets.append((ref.text, [plan.resize.width for plan in plans_by_key.values()], tags))
            return Counter(made=len(plans_by_key))
        finally:
            self.under_way -= 1


@pytest.fixture
async def maker() -> Maker:
    return Maker()


@pytest.fixture
async def line(maker: Maker) -> AsyncIterator[WarmQueue]:
    line = WarmQueue(maker, max_queued=6, retry_delay_s=0)
    yield line
    await line.close()


def picture(name: str, width: int, *tags: str) -> ImageRequest:
    return ImageRequest(parse_source(name), Plan(resize=Resize(width)), tags=tags)


async def through(line: WarmQueue) -> Mapping[str, int]:
    async with asyncio.timeout(5):
        while line.progress().queued or line.progress().in_progress:
            await asyncio.sleep(0)
    return line.progress().done


async def test_all_of_one_original_is_one_set_and_nothing_is_in_line_twice(line: WarmQueue, maker: Maker) -> None:
    wanted = [picture("a", 1), picture("a", 2), picture("b", 1), picture("a", 1), picture("a", 1, "tag")]
    assert [line.add(one) for one in wanted] == [True, True, True, False, True]
    assert (line.progress().queued, line.progress().in_progress) == (4, 0)
    maker.gate.set()
    assert await through(line) == {"made": 4}
    assert sorted(maker.sets) == [("a", [1], ("tag",)), ("a", [1, 2], ()), ("b", [1], ())]


async def test_few_are_at_work_and_one_original_never_twice_at_once(line: WarmQueue, maker: Maker) -> None:
    for name in "abcd":
        line.add(picture(name, 1))
    await asyncio.sleep(0)
    assert (line.progress().queued, line.progress().in_progress) == (2, CONCURRENCY)
    line.add(picture("a", 2))
    maker.gate.set()
    assert await through(line) == {"made": 5}
    assert maker.most == CONCURRENCY
    line.add(picture("e", 1))
    assert await through(line) == {"made": 6}


async def test_a_line_has_an_end(line: WarmQueue) -> None:
    for width in range(1, 7):
        line.add(picture("a", width))
    for name in ("a", "b"):
        with pytest.raises(QueueFull):
            line.add(picture(name, 7))
    assert not line.add(picture("a", 6)), "what is there already is known even so"
    assert line.progress().queued == 6


async def test_what_fails_is_counted_by_its_code_and_where_there_is_no_time_it_is_tried_again(
    line: WarmQueue, maker: Maker
) -> None:
    maker.failures = [QueueFull(), QueueFull(), SourceNotFound(), RuntimeError("a defect")]
    maker.gate.set()
    for name in ("a", "b", "c"):
        line.add(picture(name, 1))
    assert await through(line) == {"source_not_found": 1, "internal": 1, "made": 1}


async def test_closing_ends_what_is_at_work(line: WarmQueue, maker: Maker) -> None:
    line.add(picture("a", 1))
    await asyncio.sleep(0)
    assert maker.under_way == 1
    await line.close()
    assert maker.under_way == 0
