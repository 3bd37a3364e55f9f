"""Render locks among servers: one renders, the others wait and find the result; a dead or stalled holder blocks no one
for long.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pixmill.cache.config import CacheConfig
from pixmill.cache.factory import lock_backends, open_cache, open_locks
from pixmill.cache.locks.coordinator import HeldLock, LockBackend, LockCoordinator
from pixmill.cache.locks.file_locks import LOCK_FILE_NAME, FileLocks, is_network_file_system
from pixmill.cache.locks.redis_leases import RedisLeases
from pixmill.cache.tiered import TieredCache
from pixmill.cache.tiers.redis import RedisTier
from pixmill.errors import StoreDenied
from pixmill.plan.key import SOURCE_DIGITS, Key
from pixmill.ports.observe import Event
from pixmill.ports.storage import Store
from pixmill.runtime.backoff import Backoff
from pixmill.storage.redis import RedisClient
from pixmill.storage.redis_url import RedisTarget
from tests.cache.entries import Recorder, entry_of, key_of
from tests.cache.tiers import FlakyTier
from tests.servers.redis import RedisServer
from tests.timers import until

KEY = key_of("an image")
ROOT = Path(__file__).parents[2]


def no_store(url: str) -> Store:
    raise StoreDenied(detail=url)


@asynccontextmanager
async def server(
    urls: str, recorder: Recorder | None = None, wait_s: float = 10.0
) -> AsyncIterator[tuple[TieredCache, LockCoordinator]]:
    config = CacheConfig(cache=urls, cache_lock_timeout_s=wait_s)
    cache = await open_cache(config, recorder or Recorder(), no_store)
    locks = open_locks(cache, config, recorder or Recorder())
    yield cache, locks
    await locks.close()
    await cache.close()


@asynccontextmanager
async def lock_holder(urls: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Starts another process that acquires the lock of the key."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.cache.lock_holder", urls, KEY, cwd=ROOT, stdin=-1, stdout=-1
    )
    yield process
    if process.returncode is None:
        process.kill()
    await process.communicate()


async def next_line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()


def outcomes(recorder: Recorder) -> dict[tuple[str, ...], int]:
    return {labels[1:]: n for labels, n in recorder.counts.items() if labels[0] == Event.LOCK}


@pytest.fixture(params=["file", "redis"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URLs of a shared cache: a folder, or a Redis."""
    if request.param == "file":
        return f"file://{tmp_path}/cache"
    shared: RedisServer = request.getfixturevalue("redis_server")
    return f"{shared.url}?prefix={key_of(tmp_path)[:16]}&timeout=20s"


@pytest.fixture
def kind(urls: str) -> str:
    return urls.partition(":")[0]


async def test_a_turn_that_nobody_else_has_is_ours_at_once(urls: str, kind: str) -> None:
    recorder = Recorder()
    async with server(urls, recorder) as (cache, coordinator):
        async with coordinator.acquire(KEY) as waited:
            await cache.put(KEY, entry_of())
        assert waited is False
    assert outcomes(recorder) == {(kind, "acquired"): 1}


async def test_who_looked_before_another_server_stored_it_looks_again_though_the_lock_is_free(urls: str) -> None:
    async with server(urls) as (cache, first), first.acquire(KEY):
        await cache.put(KEY, entry_of())
    for _ in range(2):
        async with server(urls) as (_, late), late.acquire(KEY) as look_again:
            assert look_again is True


async def test_what_was_not_stored_is_not_looked_for_again(urls: str) -> None:
    async with server(urls) as (_, first), first.acquire(KEY):
        pass
    async with server(urls) as (_, second), second.acquire(KEY) as look_again:
        assert look_again is False


async def test_another_process_waits_until_what_we_made_is_where_it_looks(urls: str) -> None:
    async with server(urls) as (cache, coordinator), lock_holder(urls) as first:
        assert await next_line(first) == "ours"
        waiting = asyncio.create_task(_acquire(coordinator))
        async with asyncio.timeout(60):
            of_same_source = Key(KEY[:SOURCE_DIGITS] + key_of("another")[SOURCE_DIGITS:])
            async with coordinator.acquire(of_same_source) as waited:
                assert waited is False, "other keys are not waited for"
                await cache.put(of_same_source, entry_of())
        assert not waiting.done()
        assert first.stdin is not None
        first.stdin.write(b"\n")
        assert await asyncio.wait_for(waiting, 60) is True


class NotedBackend:
    """A backend whose attempts are noted once they have failed or not."""

    def __init__(self, backend: LockBackend, attempts: list[Key]) -> None:
        self.kind, self.retry_backoff, self.close = backend.kind, backend.retry_backoff, backend.close
        self._backend, self._attempts = backend, attempts

    async def try_acquire(self, key: Key) -> HeldLock | None:
        found = await self._backend.try_acquire(key)
        self._attempts.append(key)
        return found


async def test_who_is_killed_is_not_waited_for(urls: str, kind: str) -> None:
    recorder, attempts = Recorder(), list[Key]()
    async with server(urls, recorder) as (cache, _), lock_holder(urls) as first:
        assert await next_line(first) == "ours"
        noted = [NotedBackend(backend, attempts) for backend in lock_backends(cache)]
        coordinator = LockCoordinator(noted, cache.write_behind_tiers, recorder, acquire_timeout_s=600)
        waiting = asyncio.create_task(_acquire(coordinator))
        await until(lambda: bool(attempts))
        first.kill()
        assert await asyncio.wait_for(waiting, 60) is True, "the end of a lease at most"
        await coordinator.close()
    assert outcomes(recorder) == {(kind, "acquired_after_wait"): 1}


async def test_who_stalls_is_waited_for_only_so_long(urls: str) -> None:
    recorder = Recorder()
    async with server(urls, recorder, wait_s=0.3) as (_, coordinator), lock_holder(urls) as first:
        assert await next_line(first) == "ours"
        os.kill(first.pid, signal.SIGSTOP)
        assert await asyncio.wait_for(_acquire(coordinator), 60) is True
        os.kill(first.pid, signal.SIGCONT)
    assert [key[1] for key in outcomes(recorder)] == ["timeout"]


async def _acquire(coordinator: LockCoordinator) -> bool:
    async with coordinator.acquire(KEY) as waited:
        return waited


# ---------------------------------------------------------------- the coordinator


class FakeLockBackend:
    """One holder at a time, in this process; fails with ``failure`` while it has one."""

    kind = "file"
    retry_backoff = Backoff(initial_s=0.001, max_s=0.001, jitter=True)
    may_be_stored = False

    def __init__(self) -> None:
        self.held = False
        self.attempts = 0
        self.failure: Callable[[], Exception] | None = None

    async def try_acquire(self, key: object) -> "FakeLockBackend | None":
        self.attempts += 1
        if self.failure:
            raise self.failure()
        if self.held:
            return None
        self.held = True
        return self

    async def release(self, *, stored: bool) -> None:
        self.held = False

    async def close(self) -> None:
        pass


def slow_cache() -> tuple[TieredCache, FlakyTier]:
    from pixmill.cache.resilience.write_behind import WriteBehindTier  # noqa: PLC0415

    tier = FlakyTier()
    return TieredCache([WriteBehindTier(tier)]), tier


async def test_a_turn_lasts_until_what_was_made_is_written_but_the_answer_does_not_wait() -> None:
    cache, tier = slow_cache()
    locks = FakeLockBackend()
    coordinator = LockCoordinator([locks], cache.write_behind_tiers, Recorder())
    tier.gate.clear()
    async with asyncio.timeout(30), coordinator.acquire(KEY):
        await cache.put(KEY, entry_of())
    await asyncio.sleep(0.01)
    assert locks.held
    tier.gate.set()
    await coordinator.close()
    assert (locks.held, tier.puts) == (False, [b"pixels"])


async def test_whatever_is_wrong_with_the_locks_everybody_has_a_turn() -> None:
    cache, _ = slow_cache()
    locks, recorder = FakeLockBackend(), Recorder()
    for failure in (StoreDenied, OSError, RuntimeError):
        locks.failure = failure
        async with LockCoordinator([locks], cache.write_behind_tiers, recorder).acquire(KEY) as waited:
            assert waited is False
    assert outcomes(recorder) == {("file", "error"): 3}


async def test_a_turn_that_fails_is_given_back_and_the_failure_goes_on() -> None:
    cache, _ = slow_cache()
    locks = FakeLockBackend()
    coordinator = LockCoordinator([locks], cache.write_behind_tiers, Recorder())
    with pytest.raises(ZeroDivisionError):
        async with coordinator.acquire(KEY):
            raise ZeroDivisionError
    await coordinator.close()
    assert not locks.held


async def test_whoever_gives_up_waiting_holds_nothing() -> None:
    cache, _ = slow_cache()
    outer, inner = FakeLockBackend(), FakeLockBackend()
    coordinator = LockCoordinator([outer, inner], cache.write_behind_tiers, Recorder())
    inner.held = True
    waiting = asyncio.create_task(_acquire(coordinator))
    await until(lambda: inner.attempts > 0)
    assert outer.held
    waiting.cancel()
    await asyncio.wait({waiting})
    await until(lambda: not outer.held)


async def test_nobody_waits_again_for_what_cannot_be_kept() -> None:
    cache, _ = slow_cache()
    locks = FakeLockBackend()
    coordinator = LockCoordinator([locks], cache.write_behind_tiers, Recorder())
    for _ in range(10):
        async with coordinator.acquire(KEY):
            pass
    assert locks.attempts == 1
    await coordinator.close()
    async with coordinator.acquire(key_of("another")):
        pass
    assert locks.attempts == 2


async def test_without_anything_shared_nobody_waits() -> None:
    recorder = Recorder()
    async with server("memory://", recorder) as (_, coordinator):
        assert not await _acquire(coordinator)
    assert outcomes(recorder) == {}


# ---------------------------------------------------------------- the backends


async def test_a_folder_without_locks_is_done_without(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE_NAME).mkdir()
    recorder = Recorder()
    async with server(f"file://{tmp_path}", recorder) as (_, coordinator):
        assert not await _acquire(coordinator)
    assert outcomes(recorder) == {}


def test_a_network_file_system_has_no_locks_for_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    monkeypatch.setattr("pixmill.cache.locks.file_locks._MOUNTINFO", mounts)
    for kind, remote in (("nfs4", True), ("fuse.sshfs", True), ("ext4", False), ("tmpfs", False), ("overlay", False)):
        mounts.write_text(
            f"36 35 {os.major(device)}:{os.minor(device)} / /mnt rw,noatime - {kind} srv:/x rw\nodd line\n"
        )
        assert is_network_file_system(tmp_path) is remote
    mounts.unlink()
    assert is_network_file_system(tmp_path) is False
    mounts.write_text(f"36 35 {os.major(device)}:{os.minor(device)} / /mnt rw,noatime - nfs srv:/x rw\n")
    with pytest.raises(OSError, match="network file system"):
        FileLocks(tmp_path, lambda _key: False)


async def test_a_lease_is_renewed_while_it_is_needed_and_gone_afterwards(redis_server: RedisServer) -> None:
    from pixmill.cache.resilience.guarded import GuardedTier  # noqa: PLC0415

    client = RedisClient(RedisTarget("127.0.0.1", redis_server.port, prefix="renewed"))
    tier = RedisTier(client, name="redis", max_entry_bytes=1_000)
    leases = RedisLeases(client, GuardedTier(tier, timeout_s=20), lease_s=6)
    claim = await leases.try_acquire(KEY)
    assert claim is not None
    assert redis_server.keys("renewed:*") == [f"renewed:l:{KEY}"]
    remaining_ms = []
    with redis_server.client() as inspector:

        def is_renewed() -> bool:
            remaining_ms.append(inspector.pttl(f"renewed:l:{KEY}"))
            return bool(remaining_ms[-1] > min(remaining_ms) > 0)

        await until(is_renewed, 60)
    assert await leases.try_acquire(KEY) is None
    await claim.release(stored=False)
    assert redis_server.keys("renewed:*") == []
    await tier.close()


async def test_a_redis_that_is_lost_costs_the_sharing_only() -> None:
    recorder = Recorder()
    with RedisServer() as shared:
        async with server(f"{shared.url}?timeout=100ms", recorder) as (_, coordinator), asyncio.timeout(60):
            async with coordinator.acquire(KEY):
                shared.stop()
            for number in range(20):
                async with coordinator.acquire(key_of(number)) as waited:
                    assert waited is False
    assert outcomes(recorder) == {("redis", "acquired"): 1, ("redis", "error"): 20}


async def test_who_would_rather_leave_it_to_others_does_not_wait(urls: str, kind: str) -> None:
    recorder = Recorder()
    async with server(urls, recorder) as (_, coordinator), lock_holder(urls) as first:
        assert await next_line(first) == "ours"
        async with coordinator.try_acquire(KEY) as acquired:
            assert acquired is False
        async with coordinator.try_acquire(key_of("another")) as acquired:
            assert acquired is True
    assert outcomes(recorder) == {(kind, "skipped"): 1, (kind, "acquired"): 1}


async def test_with_locks_that_fail_it_is_for_each_to_do() -> None:
    async with server("memory://") as (cache, _):
        coordinator = LockCoordinator([FailingFileLocks()], cache.write_behind_tiers, Recorder())
        async with coordinator.try_acquire(KEY) as acquired:
            assert acquired is True


class FailingFileLocks(FileLocks):
    """Locks that fail at every attempt."""

    def __init__(self) -> None:
        pass

    async def try_acquire(self, key: Key) -> None:
        raise OSError(key)
