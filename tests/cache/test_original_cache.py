"""The disk cache of originals: right or absent, within its quota and the memory budget, and never fails a request."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from math import nan
from pathlib import Path
from random import Random
from time import time
from typing import Any

import pytest

from pixmill.cache.config import CacheConfig
from pixmill.cache.disk.quota import allocated_bytes
from pixmill.cache.factory import open_cache
from pixmill.cache.originals.cache import original_key
from pixmill.cache.originals.factory import OpenOriginalCache, open_original_cache
from pixmill.errors import StoreDenied
from pixmill.plan.freshness import CacheDirectives
from pixmill.plan.source import SourceRef, parse_source
from pixmill.ports.observe import Event
from pixmill.ports.storage import Store
from pixmill.ports.values import CachedOriginal, Original, OriginalVersion
from pixmill.runtime.memory_budget import MemoryBudget
from pixmill.runtime.spool import Spool
from tests.cache.entries import Recorder
from tests.servers.redis import RedisServer

MIB = 2**20
REF = parse_source("https://example.org/a.jpg")
DIRECTIVES = CacheDirectives(
    freshness_lifetime_s=60.0, stale_while_revalidate_s=5.0, must_revalidate=True, immutable=True
)


def no_store(url: str) -> Store:
    raise StoreDenied(detail=url)


@asynccontextmanager
async def original_cache_at(
    path: Path,
    options: str = "max_bytes=16MiB",
    budget: MemoryBudget | None = None,
    observer: Recorder | None = None,
    max_source_bytes: int = 8 * MIB,
) -> AsyncIterator[OpenOriginalCache]:
    """Opens a cache whose first scan is done."""
    config = CacheConfig(cache="", originals_cache=f"file://{path}?{options}")
    recorder = observer or Recorder()
    cache = await open_cache(config, recorder, no_store)
    async with open_original_cache(config, recorder, cache, budget or MemoryBudget(0), max_source_bytes) as opened:
        assert opened is not None
        while opened.disk_tier.used_bytes == 16 * MIB:
            await asyncio.sleep(0.001)
        yield opened


def body_of(size: int) -> bytes:
    return Random(size).randbytes(size)


def cached_original_of(size: int = 30_000, **changes: Any) -> CachedOriginal:
    spool = Spool(size)
    spool.write(body_of(size))
    spool.seal()
    version = OriginalVersion('W/"\udc80"', DIRECTIVES, purge_watermark=changes.pop("purge_watermark", 5.0))
    fields: dict[str, Any] = {"sources": (REF.text,), "tags": ("a", "\udcff")}
    return CachedOriginal(Original(spool, version, **(fields | changes)), time(), time() + 600)


async def store(opened: OpenOriginalCache, cached: CachedOriginal, ref: SourceRef = REF) -> None:
    with cached.original.spool:
        await opened.original_cache.put(ref, cached)
    async with opened.original_cache.lock(ref):
        pass
    while is_pending(opened, ref):
        await asyncio.sleep(0.001)


def is_pending(opened: OpenOriginalCache, ref: SourceRef) -> bool:
    return opened.write_behind_tier.is_pending(original_key(ref))


async def found(opened: OpenOriginalCache, ref: SourceRef = REF) -> bytes | None:
    cached = await opened.original_cache.get(ref)
    if cached is None:
        return None
    with cached.original.spool as spool:
        return spool.read()


def place(path: Path, ref: SourceRef = REF) -> Path:
    key = original_key(ref)
    return path / key[:2] / key


@pytest.mark.parametrize("size", [1, 4_096, 3 * MIB // 4])
async def test_it_comes_back_as_it_went_with_all_that_was_said_of_it(size: int, tmp_path: Path) -> None:
    stored = cached_original_of(size)
    async with original_cache_at(tmp_path) as opened:
        await store(opened, stored)
    async with original_cache_at(tmp_path) as opened:
        back = await opened.original_cache.get(REF)
        assert back is not None
        with back.original.spool as spool:
            assert spool.read() == body_of(size)
            with pytest.raises(OSError, match="not permitted"):  # it is sealed
                os.write(spool.fd, b"x")
        assert (back.validated_at, back.retained_until) == (stored.validated_at, stored.retained_until)
        for name in ("version", "sources", "tags"):
            assert getattr(back.original, name) == getattr(stored.original, name)


async def test_what_is_not_written_yet_can_be_read(tmp_path: Path) -> None:
    async with original_cache_at(tmp_path) as opened:
        with (cached := cached_original_of()).original.spool:
            await opened.original_cache.put(REF, cached)
            assert is_pending(opened, REF)
        assert await found(opened) == body_of(30_000)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda blob: blob[:-1],
        lambda blob: blob[:40],
        lambda blob: blob + b"x",
        lambda blob: blob[:20_000] + bytes([blob[20_000] ^ 1]) + blob[20_001:],
        lambda blob: blob[:12] + bytes([blob[12] ^ 1]) + blob[13:],
        lambda blob: b"PXMC" + blob[4:],
        lambda blob: blob[:5] + b"\xff\xff\xff\xff" + blob[9:],
        lambda blob: blob[:60] + bytes(len(blob) - 60),
    ],
)
async def test_what_is_damaged_is_not_there_and_goes(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    observer = Recorder()
    async with original_cache_at(tmp_path, observer=observer) as opened:
        await store(opened, cached_original_of())
        place(tmp_path).write_bytes(damage(place(tmp_path).read_bytes()))
        assert await found(opened) is None
        assert observer.lookups("originals_disk") == {"damaged": 1}
        assert not place(tmp_path).exists()


async def test_one_is_never_taken_for_another(tmp_path: Path) -> None:
    other = SourceRef(REF.kind, REF.text, version="2")
    async with original_cache_at(tmp_path) as opened:
        await store(opened, cached_original_of())
        place(tmp_path, other).parent.mkdir(exist_ok=True)
        place(tmp_path, other).write_bytes(place(tmp_path).read_bytes())
        assert await found(opened, other) is None
        assert await found(opened) == body_of(30_000)


async def test_a_time_that_is_no_number_is_damage(tmp_path: Path) -> None:
    async with original_cache_at(tmp_path) as opened:
        await store(opened, cached_original_of(purge_watermark=nan))
        assert await found(opened) is None


async def test_memory_is_on_the_account_until_it_is_given_back_and_none_is_waited_for(tmp_path: Path) -> None:
    budget, observer = MemoryBudget(MIB), Recorder()
    async with original_cache_at(tmp_path, budget=budget, observer=observer) as opened:
        await store(opened, cached_original_of())
        cached = await opened.original_cache.get(REF)
        assert cached is not None
        assert budget.used_bytes == 30_000
        cached.original.spool.close()
        assert budget.used_bytes == 0
        await budget.acquire(MIB - 29_999)
        assert await found(opened) is None
        assert observer.lookups("originals_disk") == {"hit": 1, "unavailable": 1}
        assert budget.used_bytes == MIB - 29_999


async def test_what_waits_to_be_written_has_a_quarter_of_the_memory_at_the_most(tmp_path: Path) -> None:
    budget, observer = MemoryBudget(100_000), Recorder()
    async with original_cache_at(tmp_path, budget=budget, observer=observer) as opened:
        for number in range(3):
            with (cached := cached_original_of(10_000)).original.spool:
                await opened.original_cache.put(parse_source(f"{number}.jpg"), cached)
        assert observer.errors("originals_disk") == {"drop": 1}
        await opened.write_behind_tier.drain()
        with (cached := cached_original_of(10_000)).original.spool:
            await opened.original_cache.put(REF, cached)
        assert observer.errors("originals_disk") == {"drop": 1}


async def test_what_is_over_or_too_large_is_not_there(tmp_path: Path) -> None:
    async with original_cache_at(tmp_path, "max_bytes=16MiB&max_entry_bytes=20KiB&ttl=1h") as opened:
        await store(opened, cached_original_of(20_481))
        assert await found(opened) is None
        await store(opened, cached_original_of(20_480))
        assert await found(opened) == body_of(20_480)
    async with original_cache_at(tmp_path, max_source_bytes=20_480) as opened:
        assert await found(opened) == body_of(20_480)
    async with original_cache_at(tmp_path, max_source_bytes=20_000) as opened:
        assert await found(opened) is None
    async with original_cache_at(tmp_path, "max_bytes=16MiB&ttl=1ms") as opened:
        await store(opened, cached_original_of())
        await asyncio.sleep(0.002)
        assert await found(opened) is None


async def test_the_folder_keeps_to_its_budget_and_the_least_recently_used_goes(tmp_path: Path) -> None:
    async with original_cache_at(tmp_path) as opened:
        for number in range(40):
            await store(opened, cached_original_of(900_000), parse_source(f"https://example.org/{number}"))
        assert await found(opened, parse_source("https://example.org/39")) == body_of(900_000)
    assert sum(allocated_bytes(file.stat().st_size) for file in tmp_path.rglob("*") if file.is_file()) <= 16 * MIB


async def test_whoever_leaves_while_it_is_read_harms_nobody(tmp_path: Path) -> None:
    budget = MemoryBudget(16 * MIB)
    async with original_cache_at(tmp_path, budget=budget) as opened:
        await store(opened, cached_original_of(900_000))
        for _ in range(30):
            looking = asyncio.create_task(found(opened))
            for _ in range(2):
                await asyncio.sleep(0)
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        assert await found(opened) == body_of(900_000)
        assert budget.used_bytes == 0


async def test_a_folder_that_fails_is_one_that_has_nothing(tmp_path: Path) -> None:
    observer, folder = Recorder(), tmp_path / "originals"
    async with original_cache_at(folder, observer=observer) as opened:
        await store(opened, cached_original_of())
        folder.rename(tmp_path / "gone")
        folder.write_text("in its place")
        assert await found(opened) is None
        await store(opened, cached_original_of())
        await opened.original_cache.delete(REF)
        assert observer.errors("originals_disk") == {"get": 1, "put": 1, "delete": 1}


async def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        ValueError, match=r"^PIXMILL_ORIGINALS_CACHE: tier file://.*/file is a file where a folder is needed"
    ):
        async with original_cache_at(tmp_path / "file"):
            pass


@pytest.mark.parametrize(
    ("originals", "wrong"),
    [
        ("file:///a,memory://", "in this order"),
        ("memory://,memory://", "in this order"),
        ("file:///a,file:///b", "in this order"),
        ("redis://host", "in this order"),
        ("file:///a?max_bytes=1KiB", "PIXMILL_ORIGINALS_CACHE: .* too small"),
        ("file:///cache/", "each needs its own"),
    ],
)
def test_settings_that_mean_nothing_are_refused(originals: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        CacheConfig(cache="memory://,file:///cache", originals_cache=originals)


@pytest.mark.parametrize("redis_is_there", [True, False])
async def test_machines_that_share_a_network_folder_take_turns_by_their_redis(
    redis_is_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts, device = tmp_path / "mounts", tmp_path.stat().st_dev
    mounts.write_text(f"1 0 {os.major(device)}:{os.minor(device)} / / rw - nfs4 server:/ rw\n")
    monkeypatch.setattr("pixmill.cache.locks.file_locks._MOUNTINFO", mounts)
    observer = Recorder()
    with RedisServer() as redis:
        config = CacheConfig(cache=f"{redis.url}?timeout=2s", originals_cache=f"file://{tmp_path}/originals")
        cache = await open_cache(config, observer, no_store)
        if not redis_is_there:
            redis.stop()
        async with (
            open_original_cache(config, observer, cache, MemoryBudget(0), MIB) as one,
            open_original_cache(config, observer, cache, MemoryBudget(0), MIB) as two,
        ):
            assert one is not None
            assert two is not None
            async with one.original_cache.lock(REF):
                waiting = asyncio.create_task(took_turn(two))
                await asyncio.sleep(0.05)
                assert waiting.done() is not redis_is_there
                with (cached := cached_original_of()).original.spool:
                    await one.original_cache.put(REF, cached)
            assert await waiting is redis_is_there
        await cache.close()
    outcomes = {key[1:] for key in observer.counts if key[0] is Event.LOCK}
    assert outcomes == (
        {("redis", "acquired"), ("redis", "acquired_after_wait")} if redis_is_there else {("redis", "error")}
    )


async def took_turn(opened: OpenOriginalCache) -> bool:
    async with opened.original_cache.lock(REF) as waited:
        return waited
