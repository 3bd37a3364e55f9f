"""A folder of blobs, one file each, within a byte budget: the blocking half of the disk tier.

Knows files and the ledger; must never know what is in a blob, nor asyncio: it is called from threads.

    PATH/ab/abcdef…            a blob, by its key; 256 subfolders
    PATH/ab/abcdef….1f2e.tmp   a blob being written; renamed when whole, so a reader sees all or nothing

Nothing is flushed to the disk: after a power cut a file may be torn, and the blob's checksum tells. There is no index:
the directory is the only truth, so a kill at any moment leaves nothing behind but a temporary file, which any
later scan removes. Only files named as above are ever touched. Recency is the modification time, renewed when a
blob is read, at most every five minutes. Until when a blob is good is told by its access time, which is set when it is
written, with a mark in its fraction of a second; where something else has set that time the mark is missing, and the
blob goes in its turn.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from io import FileIO
from itertools import count
from mmap import mmap
from pathlib import Path
from secrets import token_hex
from time import time
from typing import Final, TypeAlias

from pixmill.cache.ledger import Ledger, allotted

TOUCH_S: Final = 300.0
TEMPORARY_S: Final = 600.0
"""A temporary file older than this belongs to nobody any more: a write takes seconds."""

OVERDUE_S: Final = 60.0
"""Clocks of servers that share the folder may differ by this much."""

_MARK_NS: Final = 770_000_000
"""Kept also by file systems that count in hundredths of a second; the kernel's own clock does not hit it by chance."""

_LATEST_S: Final = 2**33
"""The year 2242: what an inode's time can hold."""

SHARDS: Final = 256

Blob: TypeAlias = tuple[bytes | mmap, ...]
"""What is written into one file, in pieces that need not be joined before."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_SHARD = re.compile("[0-9a-f]{2}")
_BLOB = re.compile("[0-9a-f]{64}")
_TEMPORARY = re.compile(r"[0-9a-f]{64}\.[0-9a-f]+\.tmp")
_SWEEPS = 3
_BEGINNING_BYTES = 64 * 1024
_NS = 1_000_000_000


@dataclass(slots=True)
class _Oldest:
    """The least recently used files of a scan, as many as make up ``enough`` bytes."""

    enough: int
    heap: list[tuple[int, int, int, str]] = field(default_factory=list)
    held: int = 0

    def add(self, age_ns: int, mtime_ns: int, cost: int, path: str) -> None:
        heappush(self.heap, (age_ns, mtime_ns, cost, path))
        self.held += cost
        while self.held - self.heap[0][2] >= self.enough:
            self.held -= heappop(self.heap)[2]

    def eldest_first(self) -> Iterator[tuple[int, str]]:
        """By a heap, because sorting would keep the event loop from running for tens of milliseconds."""
        eldest = [(-age_ns, mtime_ns, path) for age_ns, mtime_ns, _, path in self.heap]
        heapify(eldest)
        while eldest:
            _, mtime_ns, path = heappop(eldest)
            yield mtime_ns, path


class Folder:
    """Blobs by key. Every method may be called from any thread and raises OSError as it comes."""

    def __init__(
        self, path: Path, ledger: Ledger, *, evicted: Callable[[], None], clock: Callable[[], float] = time
    ) -> None:
        self.path = path
        self._ledger = ledger
        self._evicted = evicted
        self._clock = clock
        self._stopped = False
        self._mark = token_hex(4)
        self._numbers = count()

    def read(self, key: str, max_bytes: int) -> bytes | None:
        """The blob; what is larger than ``max_bytes`` comes cut off. None when there is none."""
        opened = self.open(key)
        if opened is None:
            return None
        file, size = opened
        with file:
            return file.read(min(size, max_bytes))

    def open(self, key: str) -> tuple[FileIO, int] | None:
        """The file, which counts as used now and is the caller's to close, and its size. None when there is none."""
        try:
            file = FileIO(self._place(key))
        except FileNotFoundError:
            return None
        try:
            status = os.fstat(file.fileno())
            if abs(self._clock() - status.st_mtime) > TOUCH_S:
                self._touch(file.fileno(), status.st_atime_ns)
        except BaseException:
            file.close()
            raise
        return file, status.st_size

    def write(self, key: str, blob: Blob, until: float) -> bool:
        """Store or replace what is good ``until`` then; False, and nothing done, when the budget has no room now."""
        cost = allotted(sum(map(len, blob)))
        if not self._ledger.reserve(cost):
            return False
        try:
            self._replace(self._place(key), blob, until)
        except BaseException:
            self._ledger.release(cost)
            raise
        finally:
            self._ledger.landed(cost)
        return True

    def remove(self, key: str) -> None:
        """Forget the blob, if there is one."""
        self._unlink(self._place(key))

    def purge(self, shard: int, is_gone: Callable[[str, bytes], bool]) -> int:
        """Remove the blobs of one of ``SHARDS`` parts of which this is true, by name and beginning; how many they were."""
        removed = 0
        for file in _listing(self.path / f"{shard:02x}"):
            if self._stopped:
                raise InterruptedError("The purge was told to stop")
            with suppress(OSError):
                if _BLOB.fullmatch(file.name):
                    mtime_ns, beginning = _beginning(file.path)
                    removed += is_gone(file.name, beginning) and self._unlink(Path(file.path), mtime_ns)
        return removed

    def prepare(self) -> None:
        """Make the subfolders, so that no write need."""
        for shard in range(SHARDS):
            if self._stopped:
                return
            with suppress(OSError):  # it is there, or will be asked for again
                (self.path / f"{shard:02x}").mkdir(mode=0o700)

    def sweep(self, room: int) -> bool:
        """Add up what is there, remove what nobody finishes and what is over, evict the oldest; True when ``room`` bytes
        can be written.
        """
        enough = self._ledger.margin
        for _ in range(_SWEEPS):
            self._ledger.begin_scan()
            total, oldest = self._scan(enough)
            self._ledger.end_scan(total)
            goal = self._ledger.goal(room)
            if self._ledger.used <= goal or self._evict(oldest, goal):
                break
            enough = self._ledger.used - goal
        return self._ledger.fits(room)

    def stop(self) -> None:
        """A sweep under way ends at its next file, with InterruptedError, and no other begins."""
        self._stopped = True

    def probe(self, blob: bytes) -> bytes:
        """A real round trip beside the budget, of one block at most (the ledger's margin holds it)."""
        path = self.path / f"{token_hex(32)}.0.tmp"
        try:
            path.write_bytes(blob)
            return path.read_bytes()
        finally:
            path.unlink(missing_ok=True)

    def _place(self, key: str) -> Path:
        return self.path / key[:2] / key

    def _touch(self, fd: int, atime_ns: int) -> None:
        with suppress(OSError):  # a read-only folder can still be read
            os.utime(fd, ns=(atime_ns, int(self._clock() * _NS)))

    def _replace(self, place: Path, blob: Blob, until: float) -> None:
        temporary = Path(f"{place}.{self._mark}{next(self._numbers):x}.tmp")
        try:
            _create(temporary, blob, (_until_ns(until), int(self._clock() * _NS)))
            with self._ledger.lock:
                gone = _cost(place)
                temporary.replace(place)
                self._ledger.release(gone)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise

    def _unlink(self, place: Path, mtime_ns: int | None = None) -> bool:
        """Whether it was removed; a file that changed since ``mtime_ns`` stays."""
        with self._ledger.lock:
            try:
                status = place.stat(follow_symlinks=False)
                if mtime_ns not in (None, status.st_mtime_ns):
                    return False
                place.unlink()
            except FileNotFoundError:
                return False
            self._ledger.release(allotted(status.st_size))
            return True

    def _scan(self, enough: int) -> tuple[int, _Oldest]:
        now_ns = int(self._clock() * _NS)
        total, oldest = 0, _Oldest(enough)
        for file in self._files():
            if self._stopped:
                raise InterruptedError("The sweep was told to stop")
            try:
                status = file.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            cost, age_ns = allotted(status.st_size), _age(now_ns, status.st_mtime_ns)
            if not file.name.endswith(".tmp"):
                if _is_over(status.st_atime_ns, now_ns) and self._unlink(Path(file.path), status.st_mtime_ns):
                    continue
                oldest.add(age_ns, status.st_mtime_ns, cost, file.path)
            elif age_ns > TEMPORARY_S * _NS and _gone(file.path):
                continue
            total += cost
        return total, oldest

    def _files(self) -> Iterator["os.DirEntry[str]"]:
        """Blobs and temporary files, and nothing else that may lie in the folder."""
        for shard in _listing(self.path, _SHARD):
            for file in _listing(shard.path):
                if _BLOB.fullmatch(file.name) or _TEMPORARY.fullmatch(file.name):
                    yield file
        yield from _listing(self.path, _TEMPORARY)

    def _evict(self, oldest: _Oldest, goal: int) -> bool:
        """Whether no more than ``goal`` bytes are left."""
        for mtime_ns, path in oldest.eldest_first():
            with suppress(OSError):
                if self._unlink(Path(path), mtime_ns):
                    self._evicted()
            if self._ledger.used <= goal:
                return True
        return False


def _listing(path: Path | str, names: re.Pattern[str] | None = None) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(path) as files:
            return [file for file in files if names is None or names.fullmatch(file.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _beginning(path: str) -> tuple[int, bytes]:
    with Path(path).open("rb", buffering=0) as file:
        return os.fstat(file.fileno()).st_mtime_ns, file.read(_BEGINNING_BYTES)


def _create(path: Path, blob: Blob, times_ns: tuple[int, int]) -> None:
    """Write a new file with these times of access and modification; its subfolder is made when it is not there, also after somebody cleared the folder.

    In as few calls as will do: after each one the thread must wait for its turn to go on.
    """
    try:
        fd = os.open(path, _NEW, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(path, _NEW, 0o600)
    try:
        _write(fd, blob)
        with suppress(OSError):
            os.utime(fd, ns=times_ns)
    finally:
        os.close(fd)


def _write(fd: int, blob: Blob) -> None:
    with ExitStack() as views:
        left = [views.enter_context(memoryview(piece)) for piece in blob if len(piece)]
        while left:
            written = os.writev(fd, left)
            while left and written >= len(left[0]):
                written -= len(left.pop(0))
            if left:
                left[0] = left[0][written:]


def _until_ns(until: float) -> int:
    return int(min(max(until, 0.0), _LATEST_S)) * _NS + _MARK_NS


def _is_over(atime_ns: int, now_ns: int) -> bool:
    return atime_ns % _NS == _MARK_NS and atime_ns + OVERDUE_S * _NS < now_ns


def _age(now_ns: int, mtime_ns: int) -> int:
    """A time in the future is that of a clock since put back: such a file counts as the oldest, or it would never go."""
    return now_ns - mtime_ns if mtime_ns <= now_ns + TOUCH_S * _NS else now_ns


def _gone(path: str) -> bool:
    try:
        Path(path).unlink()
    except OSError:
        return False
    return True


def _cost(path: Path) -> int:
    try:
        return allotted(path.stat(follow_symlinks=False).st_size)
    except FileNotFoundError:
        return 0
