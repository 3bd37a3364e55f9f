"""A folder of a tier at work: its threads, its scans, and room made in it. What lies on the disk and how is in ``folder.py``.

Knows asyncio and threads. All file work is done in threads of its own; the event loop never waits for a disk.
The first scan runs behind the first requests: reading works at once, writing waits for it.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from errno import EACCES, EDQUOT, ENOSPC, EPERM, EROFS
from functools import partial
from pathlib import Path
from time import monotonic, time
from typing import Final, Self, TypeVar

from pixmill.cache.entry import encode
from pixmill.cache.folder import SHARDS, Blob, Folder
from pixmill.cache.ledger import BLOCK_BYTES, Ledger, allotted
from pixmill.cache.slips import Board, FolderPile, Slips
from pixmill.cache.tier import Absent, probe_entry
from pixmill.errors import StoreDenied, StoreError, StoreFull, StoreUnavailable
from pixmill.plan.key import Key
from pixmill.ports import Event, Observer, Unobserved

Done = TypeVar("Done")

BOARD_POLL_S: Final = 1.0
"""How often to look for purges of other servers."""

LEAST_BUDGET_BYTES: Final = 64 * BLOCK_BYTES
RESCAN_S: Final = 600.0

_THREADS = 4
_MOST_READS = 256
"""Reads under way and waiting for a thread; a disk that hangs must not gather all requests."""

_REST = 3
_TRIES = 3
"""Other writers may take the room that one has made."""

_BACKOFF_S = 10.0
"""After a sweep that could not make room, writers are refused for a while rather than scanning each time."""

_KINDS: dict[int, type[StoreError]] = {
    EACCES: StoreDenied,
    EPERM: StoreDenied,
    EROFS: StoreDenied,
    ENOSPC: StoreFull,
    EDQUOT: StoreFull,
}


def _nothing_to_close(_read: object) -> None:
    """Bytes are forgotten by themselves."""


class Room:
    """Files by key under ``path``; the folder may be shared with other processes. Made by ``open``."""

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        observer: Observer | None = None,
        *,
        name: str = "disk",
        clock: Callable[[], float] = time,
    ) -> None:
        if max_bytes < LEAST_BUDGET_BYTES:
            raise ValueError(f"A disk cache needs at least {LEAST_BUDGET_BYTES} bytes")
        self.name = name
        self._observer = observer or Unobserved()
        self._ledger = Ledger(max_bytes)
        self._folder = Folder(path, self._ledger, evicted=self._evicted, clock=clock)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="pixmill-disk")
        self._sweeper = ThreadPoolExecutor(1, thread_name_prefix="pixmill-sweep")
        self._sweeping = asyncio.Lock()
        self._wake = asyncio.Event()
        self._full_until = 0.0
        self._reads = 0
        self._keeper: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        path: Path,
        max_bytes: int,
        observer: Observer | None = None,
        *,
        name: str = "disk",
        clock: Callable[[], float] = time,
    ) -> Self:
        """Make the folder if need be and prove that it can be written; raises StoreError."""
        tier = cls(path, max_bytes, observer, name=name, clock=clock)
        try:
            await tier._run(lambda: path.mkdir(mode=0o700, parents=True, exist_ok=True))
            with suppress(StoreFull):  # a full disk can still be read, and room comes back
                await tier.ping()
        except BaseException:
            await tier.close()
            raise
        tier._keeper = asyncio.create_task(tier._keep(), name=f"{name}-keeper")
        return tier

    @property
    def path(self) -> Path:
        """The folder."""
        return self._folder.path

    @property
    def used_bytes(self) -> int:
        """Booked bytes; all of the budget until the first scan is done."""
        return self._ledger.used

    async def delete(self, key: Key) -> None:
        await self._run(lambda: self._folder.remove(key))

    async def remove_if(self, is_gone: Callable[[str, bytes], bool]) -> int:
        """All files of which this is true, by name and beginning; how many they were. In the thread that sweeps, which rests for
        three times as long as it works.
        """
        removed = 0
        for shard in range(SHARDS):
            started = monotonic()
            removed += await self._run(partial(self._folder.purge, shard, is_gone), self._sweeper)
            await asyncio.sleep((monotonic() - started) * _REST)
        return removed

    def board(self) -> Board:
        """Where purges are written up: in the same folder."""
        return Slips(FolderPile(self._folder.path), name=self.name, poll_s=BOARD_POLL_S)

    async def ping(self) -> None:
        """A probe is written, read and removed; beside the budget, so that it also works during the first scan."""
        key, entry = probe_entry()
        blob = encode(key, entry)
        if await self._run(lambda: self._folder.probe(blob)) != blob:
            raise StoreUnavailable(detail=f"A probe written to {self._folder.path} came back changed")

    async def close(self) -> None:
        self._folder.stop()
        if self._keeper:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        for threads in (self._threads, self._sweeper):
            await asyncio.to_thread(threads.shutdown, cancel_futures=True)

    async def _store(self, key: Key, pack: Callable[[], Blob], until: float) -> None:
        """Store or replace what ``pack`` makes, in a thread, and which is good ``until`` then."""
        blob = await self._run(lambda: self._pack_and_write(key, pack, until))
        if blob is not None:
            await self._write(key, blob, until)
        if self._ledger.due:
            self._wake.set()

    async def _read(self, work: Callable[[], Done], let_go: Callable[[Done], None] = _nothing_to_close) -> Done | None:
        """What is read by ``work`` in a thread; None, and nothing done, when too many wait for that already. ``let_go`` is for what
        comes when nobody waits for it any more.
        """
        if self._reads >= _MOST_READS:
            return None
        self._reads += 1
        reading = asyncio.get_running_loop().run_in_executor(self._threads, work)
        reading.add_done_callback(self._read_ended)
        try:
            with _ours():
                return await asyncio.shield(reading)  # a thread cannot be stopped: it counts until it ends
        except asyncio.CancelledError:
            reading.add_done_callback(partial(_let_go, let_go))
            raise

    def _damaged(self, key: Key) -> Absent:
        """What is not as it was written goes."""
        with suppress(OSError):
            self._folder.remove(key)
        return Absent.DAMAGED

    def _pack_and_write(self, key: Key, pack: Callable[[], Blob], until: float) -> Blob | None:
        """In one go, since each change of threads costs as much as the writing. The blob, if there was no room for it; one that is too large
        leaves nothing under its key.
        """
        blob = pack()
        if allotted(sum(map(len, blob))) > self._ledger.margin:
            self._folder.remove(key)
            return None
        return None if self._folder.write(key, blob, until) else blob

    async def _write(self, key: Key, blob: Blob, until: float) -> None:
        size = sum(map(len, blob))
        for _ in range(_TRIES):
            await self._make_room(allotted(size))
            if await self._run(lambda: self._folder.write(key, blob, until)):
                return
        raise StoreFull(detail=f"{self.name} has no room for {size} bytes")

    async def _make_room(self, room: int) -> None:
        async with self._sweeping:
            if not self._ledger.fits(room) and monotonic() >= self._full_until:
                await self._sweep(room)

    async def _sweep(self, room: int = 0) -> None:
        made = await self._run(lambda: self._folder.sweep(room), self._sweeper)
        self._full_until = 0.0 if made else monotonic() + _BACKOFF_S

    async def _keep(self) -> None:
        """Scan at the start, when the ledger says so, and now and then."""
        await self._run(self._folder.prepare, self._sweeper)
        while True:
            try:
                async with self._sweeping:
                    await self._sweep()
            except StoreError:
                self._observer.counted(Event.CACHE_ERROR, tier=self.name, operation="sweep")
                await asyncio.sleep(_BACKOFF_S)
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(RESCAN_S):
                    await self._wake.wait()

    async def _run(self, work: Callable[[], Done], threads: ThreadPoolExecutor | None = None) -> Done:
        with _ours():
            return await asyncio.get_running_loop().run_in_executor(threads or self._threads, work)

    def _read_ended(self, reading: asyncio.Future[Done]) -> None:
        self._reads -= 1
        if not reading.cancelled():
            reading.exception()  # looked at, also when nobody waits any more

    def _evicted(self) -> None:
        self._observer.counted(Event.CACHE_EVICTION, tier=self.name)


def _let_go(let_go: Callable[[Done], None], reading: asyncio.Future[Done]) -> None:
    if not reading.cancelled() and reading.exception() is None:
        let_go(reading.result())


@contextmanager
def _ours() -> Iterator[None]:
    """Failures of the file system as ours."""
    try:
        yield
    except OSError as error:
        kind = _KINDS.get(error.errno or 0, StoreUnavailable)
        raise kind(detail=f"{type(error).__name__}: {error}") from error
