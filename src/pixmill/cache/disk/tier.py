"""Async half of the disk tier: thread pool, periodic sweep, eviction when a write needs space; and the tier of results.

Knows asyncio and threads; ``DiskTier`` must never know what is in a blob. ``blob_folder.py`` does the file work, always
in threads of this tier: the event loop never waits for a disk. The first scan runs in the background: reads work at
once, writes wait for it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from errno import EACCES, EDQUOT, ENOSPC, EPERM, EROFS
from functools import partial
from pathlib import Path
from secrets import token_bytes
from time import monotonic, time
from typing import Final, Self, TypeVar

from pixmill.cache.disk.blob_folder import SHARDS, BlobFolder, BlobParts
from pixmill.cache.disk.quota import MIN_QUOTA_BYTES, DiskQuota, allocated_bytes
from pixmill.cache.format.entry import decode, decode_header, encode
from pixmill.cache.purge.file_log import SegmentedPurgeLog
from pixmill.cache.purge.segments import FileSegments
from pixmill.cache.purge_log import PurgeLog
from pixmill.cache.tier import Miss, Selection
from pixmill.errors import StoreDenied, StoreError, StoreFull, StoreUnavailable
from pixmill.plan.key import Key
from pixmill.ports.observe import Event, NullObserver, Observer
from pixmill.ports.values import Entry, HasPurgeKeys

ReturnType = TypeVar("ReturnType")

PURGE_LOG_POLL_S: Final = 1.0
RESCAN_INTERVAL_S: Final = 600.0
_SWEEPS_SHARE: Final = 0.01
"""Of one core: sweeps of a large folder are further apart."""

_THREADS = 4
_PROBE_BYTES = 64
_MAX_ACTIVE_READS = 256
"""Reads running and queued for a thread: a disk that hangs must not collect all requests."""

_PURGE_REST_FACTOR = 3
_FULL_PURGE_INTERVAL_S = 600.0
_MAX_WRITE_ATTEMPTS = 3
"""Other writes may take the space that a sweep has freed."""

_SWEEP_BACKOFF_S = 10.0
"""After a sweep that could not free enough, writes fail at once for this long instead of scanning each time."""

_ERROR_TYPES: dict[int, type[StoreError]] = {
    EACCES: StoreDenied,
    EPERM: StoreDenied,
    EROFS: StoreDenied,
    ENOSPC: StoreFull,
    EDQUOT: StoreFull,
}


def _dispose_nothing(_read: object) -> None:
    """Bytes need no clean-up."""


class DiskTier:
    """Stores files by key under ``path``, which other processes may share. Made by ``open``."""

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        observer: Observer | None = None,
        *,
        name: str = "disk",
        clock: Callable[[], float] = time,
    ) -> None:
        if max_bytes < MIN_QUOTA_BYTES:
            raise ValueError(f"A disk cache needs at least {MIN_QUOTA_BYTES} bytes")
        self.name = name
        self._observer = observer or NullObserver()
        self._quota = DiskQuota(max_bytes)
        self._folder = BlobFolder(path, self._quota, on_eviction=self._count_eviction, clock=clock)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="pixmill-disk")
        self._sweep_executor = ThreadPoolExecutor(1, thread_name_prefix="pixmill-sweep")
        self._sweep_lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._full_until = 0.0
        self._active_reads = 0
        self._waiting_writes = 0
        self._next_full_purge = 0.0
        self._maintenance_task: asyncio.Task[None] | None = None

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
        """Create the folder if it is missing and check that it is writable. Raises StoreError."""
        tier = cls(path, max_bytes, observer, name=name, clock=clock)
        return await tier._started()

    async def _started(self) -> Self:
        try:
            await self._run(lambda: self.path.mkdir(mode=0o700, parents=True, exist_ok=True))
            with suppress(StoreFull):  # a full disk can still be read, and space comes back
                await self.ping()
            await self._run(self._folder.restore)
        except BaseException:
            await self.close()
            raise
        self._maintenance_task = asyncio.create_task(self._maintain(), name=f"{self.name}-maintenance")
        return self

    @property
    def path(self) -> Path:
        return self._folder.path

    @property
    def used_bytes(self) -> int:
        """Bytes booked in the quota; all of it until the first scan is done."""
        return self._quota.used_bytes

    async def delete(self, key: Key) -> None:
        await self._run(lambda: self._folder.remove(key))

    async def remove_selected(
        self, selection: Selection, read_keys: Callable[[str, bytes], HasPurgeKeys | None]
    ) -> int:
        """Remove the selected files, of which ``read_keys(name, head)`` returns the metadata; returns their number.

        Those of a source lie together. Files that have it as an overlay or mask do not: they are looked for at most
        every ten minutes, and more rarely in a large folder (``_SWEEPS_SHARE``); until then they are not served. Runs
        in the sweep thread, and rests for three times as long as it works.
        """

        def is_purged(name: str, head: bytes) -> bool:
            item = read_keys(name, head)
            return item is not None and selection.is_purged(item)

        removed, _ = await self._remove_by_prefix(selection.times_by_source, is_purged)
        if not selection.names_sources_only or monotonic() > self._next_full_purge:
            shards = [f"{shard:02x}" for shard in range(SHARDS)]
            removed_elsewhere, worked_s = await self._remove_by_prefix(shards, is_purged)
            self._next_full_purge = monotonic() + max(_FULL_PURGE_INTERVAL_S, worked_s / _SWEEPS_SHARE)
            removed += removed_elsewhere
        return removed

    async def _remove_by_prefix(
        self, prefixes: Iterable[str], is_purged: Callable[[str, bytes], bool]
    ) -> tuple[int, float]:
        """Return the number of files removed, and the seconds that it took, without rests."""
        removed, worked_s = 0, 0.0
        for prefix in prefixes:
            started = monotonic()
            removed += await self._run(partial(self._folder.purge, prefix, is_purged), self._sweep_executor)
            elapsed_s = monotonic() - started
            worked_s += elapsed_s
            await asyncio.sleep(elapsed_s * _PURGE_REST_FACTOR)
        return removed, worked_s

    def purge_log(self) -> PurgeLog:
        """Returns the purge log in the same folder."""
        return SegmentedPurgeLog(FileSegments(self._folder.path), name=self.name, poll_s=PURGE_LOG_POLL_S)

    async def ping(self) -> None:
        """Write, read and remove a probe; not counted in the quota, so that it also works during the first scan."""
        blob = token_bytes(_PROBE_BYTES)
        if await self._run(lambda: self._folder.probe(blob)) != blob:
            raise StoreUnavailable(detail=f"A probe written to {self._folder.path} came back changed")

    async def close(self) -> None:
        self._folder.stop()
        if self._maintenance_task:
            self._maintenance_task.cancel()
            with suppress(asyncio.CancelledError):
                await self._maintenance_task
        for threads in (self._threads, self._sweep_executor):
            await asyncio.to_thread(threads.shutdown, cancel_futures=True)
        await asyncio.to_thread(self._folder.close)

    async def _store(self, key: Key, make_blob: Callable[[], BlobParts], expires_at: float) -> None:
        """Store or replace what ``make_blob``, which runs in a thread, returns."""
        blob = await self._run(lambda: self._encode_and_write(key, make_blob, expires_at))
        if blob is not None:
            await self._write(key, blob, expires_at)
        if self._quota.needs_sweep:
            self._wake.set()

    async def _read(
        self, work: Callable[[], ReturnType], dispose: Callable[[ReturnType], None] = _dispose_nothing
    ) -> ReturnType | Miss:
        """Run ``work`` in a thread; returns UNAVAILABLE without running it when too many reads are active.

        ``dispose`` gets a result whose caller was cancelled meanwhile.
        """
        if self._active_reads >= _MAX_ACTIVE_READS:
            return Miss.UNAVAILABLE
        self._active_reads += 1
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        future.add_done_callback(self._on_read_done)
        try:
            with _translate_os_errors():
                return await asyncio.shield(future)  # a thread cannot be stopped: it counts until it ends
        except asyncio.CancelledError:
            future.add_done_callback(partial(_dispose_result, dispose))
            raise

    def _remove_damaged(self, key: Key) -> Miss:
        """Remove a file that does not match its checksum."""
        with suppress(OSError):
            self._folder.remove(key)
        return Miss.DAMAGED

    def _encode_and_write(self, key: Key, make_blob: Callable[[], BlobParts], expires_at: float) -> BlobParts | None:
        """Encode and write in one thread call, since each switch of threads costs as much as the write.

        Returns the blob if the quota had no space for it. A blob that is too large removes what was under its key.
        """
        blob = make_blob()
        if allocated_bytes(sum(map(len, blob))) > self._quota.margin_bytes:
            self._folder.remove(key)
            return None
        return None if self._folder.write(key, blob, expires_at) else blob

    async def _write(self, key: Key, blob: BlobParts, expires_at: float) -> None:
        size = sum(map(len, blob))
        for _ in range(_MAX_WRITE_ATTEMPTS):
            await self._ensure_space(allocated_bytes(size))
            if await self._run(lambda: self._folder.write(key, blob, expires_at)):
                return
        raise StoreFull(detail=f"{self.name} has no space for {size} bytes")

    async def _ensure_space(self, needed_bytes: int) -> None:
        self._waiting_writes += 1
        self._folder.hurry(hurried=True)
        try:
            async with self._sweep_lock:
                if not self._quota.fits(needed_bytes) and monotonic() >= self._full_until:
                    await self._sweep(needed_bytes)
        finally:
            self._waiting_writes -= 1
            self._folder.hurry(hurried=self._waiting_writes > 0)

    async def _sweep(self, needed_bytes: int = 0) -> None:
        has_space = await self._run(lambda: self._folder.sweep(needed_bytes), self._sweep_executor)
        self._full_until = 0.0 if has_space else monotonic() + _SWEEP_BACKOFF_S

    async def _maintain(self) -> None:
        """Sweep at the start, when the quota asks for it, and every ten minutes or so (``_SWEEPS_SHARE``)."""
        await self._run(self._folder.create_shards, self._sweep_executor)
        while True:
            try:
                async with self._sweep_lock:
                    await self._sweep()
            except StoreError:
                self._observer.increment(Event.CACHE_ERROR, tier=self.name, operation="sweep")
                await asyncio.sleep(_SWEEP_BACKOFF_S)
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(RESCAN_INTERVAL_S, self._folder.sweep_cpu_s / _SWEEPS_SHARE)):
                    await self._wake.wait()

    async def _run(self, work: Callable[[], ReturnType], threads: ThreadPoolExecutor | None = None) -> ReturnType:
        with _translate_os_errors():
            return await asyncio.get_running_loop().run_in_executor(threads or self._threads, work)

    def _on_read_done(self, future: asyncio.Future[ReturnType]) -> None:
        self._active_reads -= 1
        if not future.cancelled():
            future.exception()  # retrieved, also when no caller waits any more

    def _count_eviction(self) -> None:
        self._observer.increment(Event.CACHE_EVICTION, tier=self.name)


class DiskResultTier(DiskTier):
    """``ResultTier`` in a folder: entries as files, as ``format/entry.py`` defines them."""

    remote = False

    def get(self, key: Key) -> Coroutine[object, object, Entry | Miss]:
        return self._read(partial(self._read_entry, key))

    async def put(self, key: Key, entry: Entry) -> None:
        await self._store(key, lambda: (encode(key, entry),), entry.meta.lifetime.ends_at)

    async def purge(self, selection: Selection) -> int:
        def read_keys(name: str, head: bytes) -> HasPurgeKeys | None:
            entry = decode_header(name, head)
            return None if entry is None else entry.meta

        return await self.remove_selected(selection, read_keys)

    def _read_entry(self, key: Key) -> Entry | Miss:
        blob = self._folder.read(key, self._quota.margin_bytes + 1)
        if blob is None:
            return Miss.ABSENT
        return decode(key, blob) or self._remove_damaged(key)


def _dispose_result(dispose: Callable[[ReturnType], None], future: asyncio.Future[ReturnType]) -> None:
    if not future.cancelled() and future.exception() is None:
        dispose(future.result())


@contextmanager
def _translate_os_errors() -> Iterator[None]:
    """Raise OSError as StoreError."""
    try:
        yield
    except OSError as error:
        error_type = _ERROR_TYPES.get(error.errno or 0, StoreUnavailable)
        raise error_type(detail=f"{type(error).__name__}: {error}") from error
