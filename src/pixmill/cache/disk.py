"""A tier on a file system: the waiting half. What lies on the disk and how is in ``folder.py``.

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

from pixmill.cache.entry import decode, encode, heading
from pixmill.cache.folder import SHARDS, Folder
from pixmill.cache.freshness import end_of
from pixmill.cache.ledger import BLOCK_BYTES, Ledger, allotted
from pixmill.cache.slips import Board, FolderPile, Slips
from pixmill.cache.tier import Absent, probe_entry
from pixmill.errors import StoreDenied, StoreError, StoreFull, StoreUnavailable
from pixmill.plan.key import Key
from pixmill.ports import Entry, Event, Observer, Unobserved

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


class DiskCache:
    """A tier of files under ``path``; the folder may be shared with other processes. Made by ``open``."""

    remote = False

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

    async def get(self, key: Key) -> Entry | Absent:
        if self._reads >= _MOST_READS:
            return Absent.SKIPPED
        self._reads += 1
        reading = asyncio.get_running_loop().run_in_executor(self._threads, self._read, key)
        reading.add_done_callback(self._read_ended)
        with _ours():
            return await asyncio.shield(reading)  # a thread cannot be stopped: it counts until it ends

    async def put(self, key: Key, entry: Entry) -> None:
        blob = await self._run(lambda: self._encode_and_write(key, entry))
        if blob is not None:
            await self._write(key, blob, end_of(entry))
        if self._ledger.due:
            self._wake.set()

    async def delete(self, key: Key) -> None:
        await self._run(lambda: self._folder.remove(key))

    async def purge(self, is_gone: Callable[[Entry], bool]) -> int:
        """In the thread that sweeps, which rests for three times as long as it works."""

        def is_blob_gone(name: str, beginning: bytes) -> bool:
            entry = heading(name, beginning)
            return entry is not None and is_gone(entry)

        removed = 0
        for shard in range(SHARDS):
            started = monotonic()
            removed += await self._run(partial(self._folder.purge, shard, is_blob_gone), self._sweeper)
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

    def _read(self, key: Key) -> Entry | Absent:
        blob = self._folder.read(key, self._ledger.margin + 1)
        if blob is None:
            return Absent.MISS
        entry = decode(key, blob)
        if entry is None:
            with suppress(OSError):
                self._folder.remove(key)
            return Absent.DAMAGED
        return entry

    def _encode_and_write(self, key: Key, entry: Entry) -> bytes | None:
        """In one go, since each change of threads costs as much as the writing. The blob, if there was no room for it; one that is too large
        leaves nothing under its key.
        """
        blob = encode(key, entry)
        if allotted(len(blob)) > self._ledger.margin:
            self._folder.remove(key)
            return None
        return None if self._folder.write(key, blob, end_of(entry)) else blob

    async def _write(self, key: Key, blob: bytes, until: float) -> None:
        for _ in range(_TRIES):
            await self._make_room(allotted(len(blob)))
            if await self._run(lambda: self._folder.write(key, blob, until)):
                return
        raise StoreFull(detail=f"{self.name} has no room for {len(blob)} bytes")

    async def _make_room(self, room: int) -> None:
        async with self._sweeping:
            if not self._ledger.fits(room) and monotonic() >= self._full_until:
                await self._sweep(room)

    async def _sweep(self, room: int = 0) -> None:
        made = await self._run(lambda: self._folder.sweep(room), self._sweeper)
        self._full_until = 0.0 if made else monotonic() + _BACKOFF_S

    async def _keep(self) -> None:
        """Scan at the start, when the ledger says so, and now and then."""
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

    def _read_ended(self, reading: asyncio.Future[Entry | Absent]) -> None:
        self._reads -= 1
        if not reading.cancelled():
            reading.exception()  # looked at, also when nobody waits any more

    def _evicted(self) -> None:
        self._observer.counted(Event.CACHE_EVICTION, tier=self.name)


@contextmanager
def _ours() -> Iterator[None]:
    """Failures of the file system as ours."""
    try:
        yield
    except OSError as error:
        kind = _KINDS.get(error.errno or 0, StoreUnavailable)
        raise kind(detail=f"{type(error).__name__}: {error}") from error
