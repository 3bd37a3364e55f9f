"""Uploads that are requested by name: bounded in number, bytes and time, and shared without a copy."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from pixmill.errors import InvalidParameter, SourceNotFound, UploadTooLarge
from pixmill.plan.freshness import CacheDirectives
from pixmill.plan.source import SourceKind, SourceRef, parse_source
from pixmill.ports.values import Original
from pixmill.runtime.memory_budget import MemoryBudget
from pixmill.runtime.spool import Spool
from pixmill.sources.uploads import IDLE_TIMEOUT_S, MAX_UPLOADS, UploadSource

MAX_BYTES = 1_000


class Clock:
    """Stands still."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def uploads(clock: Clock) -> Iterator[UploadSource]:
    uploads = UploadSource(MAX_BYTES, clock)
    yield uploads
    uploads.close()


def added(uploads: UploadSource, content: bytes) -> SourceRef:
    with Spool(10 * MAX_BYTES) as spool:
        spool.write(content)
        return uploads.add(spool)


async def content_of(uploads: UploadSource, ref: SourceRef) -> bytes:
    original = await uploads.fetch(ref)
    try:
        return original.spool.read()
    finally:
        original.spool.close()


async def is_kept(uploads: UploadSource, ref: SourceRef) -> bool:
    try:
        await content_of(uploads, ref)
    except SourceNotFound:
        return False
    return True


async def test_an_upload_is_found_by_its_name_only(uploads: UploadSource) -> None:
    first, second = added(uploads, b"one"), added(uploads, b"two")
    assert first != second
    assert (first.kind, parse_source(first.text)) == (SourceKind.UPLOAD, first)
    assert await content_of(uploads, first) == b"one"
    assert await content_of(uploads, second) == b"two"
    with pytest.raises(SourceNotFound):
        await uploads.fetch(parse_source("upload:" + "a" * 22))


@pytest.mark.parametrize(
    "text", ["upload:", "upload:short", "upload:" + "a" * 23, "upload:../" + "a" * 19, "upload://x"]
)
def test_other_names_are_none(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_source(text)


async def test_the_oldest_make_room(uploads: UploadSource) -> None:
    first, second = added(uploads, b"x" * 400), added(uploads, b"x" * 400)
    await content_of(uploads, first)
    third = added(uploads, b"x" * 400)
    assert [await is_kept(uploads, ref) for ref in (first, second, third)] == [True, False, True]
    assert uploads.used_bytes == 800
    refs = [added(uploads, b"x") for _ in range(MAX_UPLOADS)]
    assert not await is_kept(uploads, third)
    assert await is_kept(uploads, refs[0])


async def test_one_that_is_larger_than_all_may_be_is_refused(uploads: UploadSource) -> None:
    kept = added(uploads, b"x")
    with pytest.raises(UploadTooLarge):
        added(uploads, b"x" * (MAX_BYTES + 1))
    assert await is_kept(uploads, kept)


async def test_it_is_forgotten_when_nobody_requests_it(uploads: UploadSource, clock: Clock) -> None:
    used, unused = added(uploads, b"1"), added(uploads, b"2")
    clock.now += IDLE_TIMEOUT_S - 1
    await content_of(uploads, used)
    clock.now += 2
    assert await is_kept(uploads, used)
    assert not await is_kept(uploads, unused)
    assert uploads.used_bytes == 1


async def test_it_is_revalidated_without_a_copy(uploads: UploadSource) -> None:
    ref = added(uploads, b"x")
    original = await uploads.fetch(ref)
    original.spool.close()
    assert isinstance(await uploads.revalidate(ref, original.version.validator), CacheDirectives)
    other = await uploads.revalidate(ref, "another")
    assert isinstance(other, Original)
    other.spool.close()
    uploads.close()
    with pytest.raises(SourceNotFound):
        await uploads.revalidate(ref, original.version.validator)


async def test_its_memory_is_of_the_budget_and_given_back_when_others_need_it(clock: Clock) -> None:
    budget = MemoryBudget(1_000)
    uploads = UploadSource(MAX_BYTES, clock)
    budget.add_reclaimer(uploads.reclaim)
    with Spool(1_000, reservation=budget.new_reservation()) as spool:
        await spool.append(b"x" * 700)
        spool.seal()
        ref = uploads.add(spool)
    assert budget.used_bytes == 700
    await budget.acquire(600)
    assert budget.used_bytes == 600
    assert not await is_kept(uploads, ref)


async def test_many_uploads_leave_one_timer(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    """Each would hold memory for an hour, whether or not its upload is still kept."""
    loop = asyncio.get_running_loop()
    call_later, timers = loop.call_later, list[asyncio.TimerHandle]()

    def counted(delay: float, callback: Any, *args: Any) -> asyncio.TimerHandle:
        timers.append(call_later(delay, callback, *args))
        return timers[-1]

    monkeypatch.setattr(loop, "call_later", counted)
    uploads = UploadSource(MAX_BYTES, clock)
    for _ in range(3 * MAX_UPLOADS):
        added(uploads, b"a")
    assert len(timers) == 1
    assert timers[0].when() <= loop.time() + IDLE_TIMEOUT_S + 1
    uploads.close()
    assert timers[0].cancelled()
