"""Turns among servers: one makes it, the others wait and find it; whoever dies or stalls keeps nobody for long."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest

from pixmill.cache.config import CacheConfig
from pixmill.cache.file_locks import FILE, FileLocks, is_remote
from pixmill.cache.open import open_cache, open_turns
from pixmill.cache.redis import RedisCache
from pixmill.cache.redis_leases import RedisLeases
from pixmill.cache.tiered import TieredCache
from pixmill.cache.turns import SharedTurns
from pixmill.errors import StoreDenied
from pixmill.plan.key import Key
from pixmill.ports import Event, Store
from pixmill.storage.redis import RedisClient
from pixmill.storage.redis_place import RedisPlace
from tests.cache.entries import Recorder, entry_of, key_of
from tests.cache.tiers import Moody
from tests.servers.redis import RedisServer

KEY = key_of("a picture")
ROOT = Path(__file__).parents[2]


def no_store(url: str) -> Store:
    raise StoreDenied(detail=url)


@asynccontextmanager
async def server(
    urls: str, seen: Recorder | None = None, wait_s: float = 10.0
) -> AsyncIterator[tuple[TieredCache, SharedTurns]]:
    config = CacheConfig(cache=urls, cache_wait_s=wait_s)
    cache = await open_cache(config, seen or Recorder(), no_store)
    turns = open_turns(cache, config, seen or Recorder())
    yield cache, turns
    await turns.close()
    await cache.close()


@asynccontextmanager
async def sharer(urls: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process, started to take its turn for the key."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.cache.sharer", urls, KEY, cwd=ROOT, stdin=-1, stdout=-1
    )
    yield process
    if process.returncode is None:
        process.kill()
    await process.communicate()


async def said(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()


def outcomes(seen: Recorder) -> dict[tuple[str, ...], int]:
    return {labels[1:]: n for labels, n in seen.counts.items() if labels[0] == Event.LEASE}


@pytest.fixture(params=["file", "redis"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a cache that several servers share: a folder, or a Redis."""
    if request.param == "file":
        return f"file://{tmp_path}/cache"
    shared: RedisServer = request.getfixturevalue("redis_server")
    return f"{shared.url}?prefix={key_of(tmp_path)[:16]}&timeout=1s"


@pytest.fixture
def kind(urls: str) -> str:
    return urls.partition(":")[0]


async def test_a_turn_that_nobody_else_has_is_ours_at_once(urls: str, kind: str) -> None:
    seen = Recorder()
    async with server(urls, seen) as (cache, turns):
        async with turns.turn(KEY) as waited:
            await cache.put(KEY, entry_of())
        assert waited is False
    assert outcomes(seen) == {(kind, "won"): 1}


async def test_another_process_waits_until_what_we_made_is_where_it_looks(urls: str) -> None:
    async with server(urls) as (cache, turns), sharer(urls) as first:
        assert await said(first) == "ours"
        waiting = asyncio.create_task(_turn(turns))
        async with asyncio.timeout(5):
            async with turns.turn(key_of("another")) as waited:
                assert waited is False, "other keys are not waited for"
                await cache.put(key_of("another"), entry_of())
        assert not waiting.done()
        assert first.stdin is not None
        first.stdin.write(b"\n")
        assert await asyncio.wait_for(waiting, 10) is True


async def test_who_is_killed_is_not_waited_for(urls: str, kind: str) -> None:
    seen = Recorder()
    async with server(urls, seen, wait_s=60) as (_, turns), sharer(urls) as first:
        assert await said(first) == "ours"
        waiting = asyncio.create_task(_turn(turns))
        await asyncio.sleep(0.05)
        first.kill()
        killed = monotonic()
        assert await asyncio.wait_for(waiting, 20) is True
        assert monotonic() - killed < 10, "the end of a lease at most"
    assert outcomes(seen) == {(kind, "waited"): 1}


async def test_who_stalls_is_waited_for_only_so_long(urls: str) -> None:
    seen = Recorder()
    async with server(urls, seen, wait_s=0.3) as (_, turns), sharer(urls) as first:
        assert await said(first) == "ours"
        os.kill(first.pid, signal.SIGSTOP)
        assert await asyncio.wait_for(_turn(turns), 5) is True
        os.kill(first.pid, signal.SIGCONT)
    assert [key[1] for key in outcomes(seen)] == ["expired"]


async def _turn(turns: SharedTurns) -> bool:
    async with turns.turn(KEY) as waited:
        return waited


# ---------------------------------------------------------------- the turns alone


class OneHolder:
    """One holder at a time, in this process; fails with ``failure`` while it has one."""

    kind = "file"
    first_pause_s = longest_pause_s = 0.001

    def __init__(self) -> None:
        self.held = False
        self.claims = 0
        self.failure: Callable[[], Exception] | None = None

    async def claim(self, key: object) -> "OneHolder | None":
        self.claims += 1
        if self.failure:
            raise self.failure()
        if self.held:
            return None
        self.held = True
        return self

    async def release(self) -> None:
        self.held = False

    async def close(self) -> None:
        pass


def slow_cache() -> tuple[TieredCache, Moody]:
    from pixmill.cache.behind import Behind  # noqa: PLC0415

    tier = Moody()
    return TieredCache([Behind(tier)]), tier


async def test_a_turn_lasts_until_what_was_made_is_written_but_the_answer_does_not_wait() -> None:
    cache, tier = slow_cache()
    locks = OneHolder()
    turns = SharedTurns([locks], cache, Recorder())
    tier.gate.clear()
    async with asyncio.timeout(2), turns.turn(KEY):
        await cache.put(KEY, entry_of())
    await asyncio.sleep(0.01)
    assert locks.held
    tier.gate.set()
    await turns.close()
    assert (locks.held, tier.puts) == (False, [b"pixels"])


async def test_whatever_is_wrong_with_the_locks_everybody_has_a_turn() -> None:
    cache, _ = slow_cache()
    locks, seen = OneHolder(), Recorder()
    for failure in (StoreDenied, OSError, RuntimeError):
        locks.failure = failure
        async with SharedTurns([locks], cache, seen).turn(KEY) as waited:
            assert waited is False
    assert outcomes(seen) == {("file", "error"): 3}


async def test_a_turn_that_fails_is_given_back_and_the_failure_goes_on() -> None:
    cache, _ = slow_cache()
    locks = OneHolder()
    turns = SharedTurns([locks], cache, Recorder())
    with pytest.raises(ZeroDivisionError):
        async with turns.turn(KEY):
            raise ZeroDivisionError
    await turns.close()
    assert not locks.held


async def test_whoever_gives_up_waiting_holds_nothing() -> None:
    cache, _ = slow_cache()
    outer, inner = OneHolder(), OneHolder()
    turns = SharedTurns([outer, inner], cache, Recorder())
    inner.held = True
    waiting = asyncio.create_task(_turn(turns))
    await asyncio.sleep(0.01)
    assert outer.held
    waiting.cancel()
    await asyncio.wait({waiting})
    await asyncio.sleep(0.01)
    assert not outer.held


async def test_nobody_waits_again_for_what_cannot_be_kept() -> None:
    cache, _ = slow_cache()
    locks = OneHolder()
    turns = SharedTurns([locks], cache, Recorder())
    for _ in range(10):
        async with turns.turn(KEY):
            pass
    assert locks.claims == 1
    await turns.close()
    async with turns.turn(key_of("another")):
        pass
    assert locks.claims == 2


async def test_without_anything_shared_nobody_waits() -> None:
    seen = Recorder()
    async with server("memory://", seen) as (_, turns):
        assert not await _turn(turns)
    assert outcomes(seen) == {}


# ---------------------------------------------------------------- the locks


async def test_a_folder_without_locks_is_done_without(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    seen = Recorder()
    async with server(f"file://{tmp_path}", seen) as (_, turns):
        assert not await _turn(turns)
    assert outcomes(seen) == {}


def test_a_network_file_system_has_no_locks_for_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    monkeypatch.setattr("pixmill.cache.file_locks._MOUNTS", mounts)
    for kind, remote in (("nfs4", True), ("fuse.sshfs", True), ("ext4", False), ("tmpfs", False), ("overlay", False)):
        mounts.write_text(
            f"36 35 {os.major(device)}:{os.minor(device)} / /mnt rw,noatime - {kind} srv:/x rw\nodd line\n"
        )
        assert is_remote(tmp_path) is remote
    mounts.unlink()
    assert is_remote(tmp_path) is False
    mounts.write_text(f"36 35 {os.major(device)}:{os.minor(device)} / /mnt rw,noatime - nfs srv:/x rw\n")
    with pytest.raises(OSError, match="network file system"):
        FileLocks(tmp_path)


async def test_a_lease_is_renewed_while_it_is_needed_and_gone_afterwards(redis_server: RedisServer) -> None:
    from pixmill.cache.guarded import Guarded  # noqa: PLC0415

    client = RedisClient(RedisPlace("127.0.0.1", redis_server.port, prefix="renewed"))
    tier = RedisCache(client, name="redis", max_entry_bytes=1_000)
    leases = RedisLeases(client, Guarded(tier, timeout_s=2), lease_s=0.3)
    claim = await leases.claim(KEY)
    assert claim is not None
    assert redis_server.keys("renewed:*") == [f"renewed:l:{KEY}"]
    await asyncio.sleep(0.6)
    assert await leases.claim(KEY) is None
    await claim.release()
    assert redis_server.keys("renewed:*") == []
    await tier.close()


async def test_a_redis_that_is_lost_costs_the_sharing_only() -> None:
    seen = Recorder()
    with RedisServer() as shared:
        async with server(f"{shared.url}?timeout=100ms", seen) as (_, turns), asyncio.timeout(10):
            async with turns.turn(KEY):
                shared.stop()
            for number in range(20):
                async with turns.turn(key_of(number)) as waited:
                    assert waited is False
    assert outcomes(seen) == {("redis", "won"): 1, ("redis", "error"): 20}


async def test_who_would_rather_leave_it_to_others_does_not_wait(urls: str, kind: str) -> None:
    seen = Recorder()
    async with server(urls, seen) as (_, turns), sharer(urls) as first:
        assert await said(first) == "ours"
        async with turns.at_once(KEY) as ours:
            assert ours is False
        async with turns.at_once(key_of("another")) as ours:
            assert ours is True
    assert outcomes(seen) == {(kind, "left"): 1, (kind, "won"): 1}


async def test_with_locks_that_fail_it_is_for_each_to_do() -> None:
    async with server("memory://") as (cache, _):
        turns = SharedTurns([Broken()], cache, Recorder())
        async with turns.at_once(KEY) as ours:
            assert ours is True


class Broken(FileLocks):
    """Locks that nobody can ask."""

    def __init__(self) -> None:
        pass

    async def claim(self, key: Key) -> None:
        raise OSError(key)
