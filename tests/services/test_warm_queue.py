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


class Renderer:
    """Notes the sets that it is given. ``gate`` holds it back; ``failures`` come first."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[int], tuple[str, ...]]] = []
        self.max_concurrent = self.running = 0
        self.failures: list[Exception] = []
        self.gate = asyncio.Event()

    async def __call__(self, ref: SourceRef, plans_by_key: Mapping[Key, Plan], tags: tuple[str, ...]) -> Counter[str]:
        self.running += 1
        self.max_concurrent = max(self.max_concurrent, self.running)
        try:
            await self.gate.wait()
            if self.failures:
                raise self.failures.pop(0)
            self.batches.append((ref.text, [plan.resize.width for plan in plans_by_key.values()], tags))
            return Counter(made=len(plans_by_key))
        finally:
            self.running -= 1


@pytest.fixture
async def renderer() -> Renderer:
    return Renderer()


@pytest.fixture
async def queue(renderer: Renderer) -> AsyncIterator[WarmQueue]:
    queue = WarmQueue(renderer, max_queued=6, retry_delay_s=0)
    yield queue
    await queue.close()


def image_request(name: str, width: int, *tags: str) -> ImageRequest:
    return ImageRequest(parse_source(name), Plan(resize=Resize(width)), tags=tags)


async def through(queue: WarmQueue) -> Mapping[str, int]:
    async with asyncio.timeout(30):
        while queue.progress().queued or queue.progress().in_progress:
            await asyncio.sleep(0)
    return queue.progress().done


async def test_all_of_one_original_is_one_set_and_nothing_is_in_line_twice(
    queue: WarmQueue, renderer: Renderer
) -> None:
    wanted = [
        image_request("a", 1),
        image_request("a", 2),
        image_request("b", 1),
        image_request("a", 1),
        image_request("a", 1, "tag"),
    ]
    assert [queue.add(one) for one in wanted] == [True, True, True, False, True]
    assert (queue.progress().queued, queue.progress().in_progress) == (4, 0)
    renderer.gate.set()
    assert await through(queue) == {"made": 4}
    assert sorted(renderer.batches) == [("a", [1], ("tag",)), ("a", [1, 2], ()), ("b", [1], ())]


async def test_few_are_at_work_and_one_original_never_twice_at_once(queue: WarmQueue, renderer: Renderer) -> None:
    for name in "abcd":
        queue.add(image_request(name, 1))
    await asyncio.sleep(0)
    assert (queue.progress().queued, queue.progress().in_progress) == (2, CONCURRENCY)
    queue.add(image_request("a", 2))
    renderer.gate.set()
    assert await through(queue) == {"made": 5}
    assert renderer.max_concurrent == CONCURRENCY
    queue.add(image_request("e", 1))
    assert await through(queue) == {"made": 6}


async def test_a_line_has_an_end(queue: WarmQueue) -> None:
    for width in range(1, 7):
        queue.add(image_request("a", width))
    for name in ("a", "b"):
        with pytest.raises(QueueFull):
            queue.add(image_request(name, 7))
    assert not queue.add(image_request("a", 6)), "what is there already is known even so"
    assert queue.progress().queued == 6


async def test_what_fails_is_counted_by_its_code_and_where_there_is_no_time_it_is_tried_again(
    queue: WarmQueue, renderer: Renderer
) -> None:
    renderer.failures = [QueueFull(), QueueFull(), SourceNotFound(), RuntimeError("a defect")]
    renderer.gate.set()
    for name in ("a", "b", "c"):
        queue.add(image_request(name, 1))
    assert await through(queue) == {"source_not_found": 1, "internal": 1, "made": 1}


async def test_closing_ends_what_is_at_work(queue: WarmQueue, renderer: Renderer) -> None:
    queue.add(image_request("a", 1))
    await asyncio.sleep(0)
    assert renderer.running == 1
    await queue.close()
    assert renderer.running == 0
