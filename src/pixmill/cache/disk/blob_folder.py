"""Blob directory, one file for each key, within a quota: the blocking half of the disk tier.

Knows files and the quota; must never know what is in a blob, nor asyncio: it is called from threads.

    PATH/ab/abcdef…            a blob, by its key; 256 subfolders (shards)
    PATH/ab/abcdef….1f2e.tmp   a blob being written; renamed when complete, so a reader sees all or nothing

* No fsync: after a power cut a file may be truncated; the blob's checksum detects it.
* No index: the directory is the only state, beside a record of the total (``usage_record.py``). A kill at any moment
  leaves at most a temporary file, which a later scan removes.
* Only files named as above are ever touched.
* The modification time is the time of last use, updated by a read at most every five minutes.
* The access time is the expiry: ``expiry_mark.py``.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from io import FileIO
from itertools import count
from mmap import mmap
from pathlib import Path
from secrets import token_hex
from threading import Event
from time import thread_time, time
from typing import Final, TypeAlias

from pixmill.cache.disk.eviction import EvictionHeap
from pixmill.cache.disk.expiry_mark import NS_PER_S, expiry_ns, is_expired
from pixmill.cache.disk.quota import DiskQuota, allocated_bytes
from pixmill.cache.disk.usage_record import Usage, UsageRecord

TOUCH_INTERVAL_S: Final = 300.0
MAX_TEMPORARY_AGE_S: Final = 600.0
"""A temporary file older than this is abandoned: a write takes seconds."""

SHARDS: Final = 256
_SHARD_DIGITS: Final = 2

BlobParts: TypeAlias = tuple[bytes | mmap, ...]
"""Content of one file, in pieces that need not be joined first."""

_CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_SHARD_NAME = re.compile("[0-9a-f]{2}")
_BLOB_NAME = re.compile("[0-9a-f]{64}")
_TEMPORARY_NAME = re.compile(r"[0-9a-f]{64}\.[0-9a-f]+\.tmp")
_MAX_SWEEP_PASSES = 3
_REST_FACTOR = 3.0
"""A scan rests for three times as long as it works, shard by shard, unless a write waits for space."""

_HEAD_BYTES = 64 * 1024


class BlobFolder:
    """Stores blobs by key. Every method may be called from any thread and lets OSError through."""

    def __init__(
        self, path: Path, quota: DiskQuota, *, on_eviction: Callable[[], None], clock: Callable[[], float] = time
    ) -> None:
        self.path = path
        self._quota = quota
        self._on_eviction = on_eviction
        self._clock = clock
        self._stopped = False
        self._writer_id = token_hex(4)
        self._write_counter = count()
        self._record = UsageRecord(path, self._writer_id, quota.margin_bytes)
        self._hurried = Event()
        self.sweep_cpu_s = 0.0
        """CPU time of the last sweep."""

    def restore(self) -> None:
        """Take the total from the records of earlier processes, so that writes need not wait for the first scan."""
        total_bytes = self._record.restore()
        if total_bytes is not None:
            self._quota.restore(total_bytes)

    def read(self, key: str, max_bytes: int) -> bytes | None:
        """Returns the blob, truncated to ``max_bytes``; None when there is none."""
        file_and_size = self.open(key)
        if file_and_size is None:
            return None
        file, size = file_and_size
        with file:
            return file.read(min(size, max_bytes))

    def open(self, key: str) -> tuple[FileIO, int] | None:
        """Returns the file, which the caller closes, and its size, and marks it as used; None when there is none."""
        try:
            file = FileIO(self._path_of(key))
        except FileNotFoundError:
            return None
        try:
            status = os.fstat(file.fileno())
            if abs(self._clock() - status.st_mtime) > TOUCH_INTERVAL_S:
                self._touch(file.fileno(), status.st_atime_ns)
        except BaseException:
            file.close()
            raise
        return file, status.st_size

    def write(self, key: str, blob: BlobParts, expires_at: float) -> bool:
        """Store or replace a blob; False, and nothing done, when it does not fit into the quota now."""
        cost_bytes = allocated_bytes(sum(map(len, blob)))
        if not self._quota.reserve(cost_bytes):
            return False
        try:
            self._replace(self._path_of(key), blob, expires_at)
        except BaseException:
            self._quota.release(cost_bytes)
            raise
        finally:
            self._quota.write_finished(cost_bytes)
        if self._record.is_due(cost_bytes):
            self._save_usage()
        return True

    def remove(self, key: str) -> None:
        """Remove the blob, if there is one."""
        self._unlink(self._path_of(key))

    def purge(self, digits: str, is_purged: Callable[[str, bytes], bool]) -> int:
        """Remove the blobs for which ``is_purged(name, head)`` is true; returns their number.

        Looks at names that begin with ``digits`` only, which are at least those of a shard.
        """
        removed = 0
        for file in _list_directory(self.path / digits[:_SHARD_DIGITS]):
            if self._stopped:
                raise InterruptedError("Purge scan stopped")
            with suppress(OSError):
                if file.name.startswith(digits) and _BLOB_NAME.fullmatch(file.name):
                    mtime_ns, head = _read_head(file.path)
                    removed += is_purged(file.name, head) and self._unlink(Path(file.path), mtime_ns)
        return removed

    def create_shards(self) -> None:
        """Create the subfolders, so that writes need not."""
        for shard in range(SHARDS):
            if self._stopped:
                return
            with suppress(OSError):  # it exists, or the write that needs it will try again
                (self.path / f"{shard:02x}").mkdir(mode=0o700)

    def sweep(self, needed_bytes: int) -> bool:
        """Add up the files, remove abandoned and expired ones, evict the least recently used.

        True if the quota then has space for ``needed_bytes``; after many writes during the scan another one may come
        first.
        """
        wanted_bytes = self._quota.margin_bytes
        started_cpu_s = thread_time()
        for _ in range(_MAX_SWEEP_PASSES):
            started_ns = int(self._clock() * NS_PER_S)
            self._quota.begin_scan()
            total_bytes, candidates = self._scan(wanted_bytes)
            self._quota.end_scan(total_bytes)
            self._save_usage()
            self._record.forget_others(started_ns)
            target_bytes = self._quota.eviction_target_bytes(needed_bytes)
            if self._quota.used_bytes <= target_bytes or self._evict(candidates, target_bytes):
                break
            wanted_bytes = self._quota.used_bytes - target_bytes
        self.sweep_cpu_s = thread_time() - started_cpu_s
        return self._quota.has_space(needed_bytes)

    def hurry(self, *, hurried: bool) -> None:
        """Let sweeps rest no more, or again: a write waits for space, or none does."""
        (self._hurried.set if hurried else self._hurried.clear)()

    def stop(self) -> None:
        """End a running sweep at its next file, with InterruptedError, and start no other."""
        self._stopped = True
        self._hurried.set()

    def close(self) -> None:
        """Record the total for the next start."""
        self._save_usage(closed=True)

    def probe(self, blob: bytes) -> bytes:
        """Write and read a file of at most one block, not counted in the quota (its margin has space for it)."""
        path = self.path / f"{token_hex(32)}.0.tmp"
        try:
            path.write_bytes(blob)
            return path.read_bytes()
        finally:
            path.unlink(missing_ok=True)

    def _save_usage(self, *, closed: bool = False) -> None:
        if self._quota.is_known:
            self._record.save(Usage(self._quota.used_bytes, self._quota.since_scan_bytes, closed=closed))

    def _path_of(self, key: str) -> Path:
        return self.path / key[:_SHARD_DIGITS] / key

    def _touch(self, fd: int, atime_ns: int) -> None:
        with suppress(OSError):  # a read-only folder can still be read
            os.utime(fd, ns=(atime_ns, int(self._clock() * NS_PER_S)))

    def _replace(self, path: Path, blob: BlobParts, expires_at: float) -> None:
        temporary = Path(f"{path}.{self._writer_id}{next(self._write_counter):x}.tmp")
        try:
            _create(temporary, blob, (expiry_ns(expires_at), int(self._clock() * NS_PER_S)))
            with self._quota.lock:
                replaced_bytes = _file_cost_bytes(path)
                temporary.replace(path)
                self._quota.release(replaced_bytes)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise

    def _unlink(self, path: Path, mtime_ns: int | None = None) -> bool:
        """Remove the file, unless it changed since ``mtime_ns``; whether it was removed."""
        with self._quota.lock:
            try:
                status = path.stat(follow_symlinks=False)
                if mtime_ns not in (None, status.st_mtime_ns):
                    return False
                path.unlink()
            except FileNotFoundError:
                return False
            self._quota.release(allocated_bytes(status.st_size))
            return True

    def _scan(self, wanted_bytes: int) -> tuple[int, EvictionHeap]:
        now_ns = int(self._clock() * NS_PER_S)
        total_bytes, candidates = 0, EvictionHeap(wanted_bytes)
        for file in self._files():
            if self._stopped:
                raise InterruptedError("Sweep stopped")
            try:
                status = file.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            cost_bytes, age_ns = allocated_bytes(status.st_size), _age_ns(now_ns, status.st_mtime_ns)
            if not file.name.endswith(".tmp"):
                if is_expired(status.st_atime_ns, now_ns) and self._unlink(Path(file.path), status.st_mtime_ns):
                    continue
                candidates.add(age_ns, status.st_mtime_ns, cost_bytes, file.path)
            elif age_ns > MAX_TEMPORARY_AGE_S * NS_PER_S and _try_unlink(file.path):
                continue
            total_bytes += cost_bytes
        return total_bytes, candidates

    def _files(self) -> Iterator["os.DirEntry[str]"]:
        """Yields blobs and temporary files, and no other file in the folder."""
        for shard in _list_directory(self.path, _SHARD_NAME):
            started_s = thread_time()
            for file in _list_directory(shard.path):
                if _BLOB_NAME.fullmatch(file.name) or _TEMPORARY_NAME.fullmatch(file.name):
                    yield file
            self._hurried.wait((thread_time() - started_s) * _REST_FACTOR)
        yield from _list_directory(self.path, _TEMPORARY_NAME)

    def _evict(self, candidates: EvictionHeap, target_bytes: int) -> bool:
        """Remove files, the oldest first; whether at most ``target_bytes`` are left."""
        for mtime_ns, path in candidates.oldest_first():
            with suppress(OSError):
                if self._unlink(Path(path), mtime_ns):
                    self._on_eviction()
            if self._quota.used_bytes <= target_bytes:
                return True
        return False


def has_blob(folder: str, key: str) -> bool:
    """Return whether the folder has a file for this key, whatever is in it."""
    return os.path.exists(f"{folder}/{key[:_SHARD_DIGITS]}/{key}")  # noqa: PTH110 - a Path costs more than the call, on every miss


def _list_directory(path: Path | str, name_pattern: re.Pattern[str] | None = None) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(path) as files:
            return [file for file in files if name_pattern is None or name_pattern.fullmatch(file.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _read_head(path: str) -> tuple[int, bytes]:
    with Path(path).open("rb", buffering=0) as file:
        return os.fstat(file.fileno()).st_mtime_ns, file.read(_HEAD_BYTES)


def _create(path: Path, blob: BlobParts, times_ns: tuple[int, int]) -> None:
    """Write a new file with these access and modification times, and its subfolder if it is missing.

    Uses few system calls: after each one the thread must acquire the GIL again.
    """
    try:
        fd = os.open(path, _CREATE_FLAGS, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(path, _CREATE_FLAGS, 0o600)
    try:
        _write(fd, blob)
        with suppress(OSError):
            os.utime(fd, ns=times_ns)
    finally:
        os.close(fd)


def _write(fd: int, blob: BlobParts) -> None:
    with ExitStack() as views:
        remaining = [views.enter_context(memoryview(piece)) for piece in blob if len(piece)]
        while remaining:
            written = os.writev(fd, remaining)
            while remaining and written >= len(remaining[0]):
                written -= len(remaining.pop(0))
            if remaining:
                remaining[0] = remaining[0][written:]


def _age_ns(now_ns: int, mtime_ns: int) -> int:
    """Returns the age; a file from the future (the clock was set back) counts as the oldest, or it would never go."""
    return now_ns - mtime_ns if mtime_ns <= now_ns + TOUCH_INTERVAL_S * NS_PER_S else now_ns


def _try_unlink(path: str) -> bool:
    try:
        Path(path).unlink()
    except OSError:
        return False
    return True


def _file_cost_bytes(path: Path) -> int:
    try:
        return allocated_bytes(path.stat(follow_symlinks=False).st_size)
    except FileNotFoundError:
        return 0
