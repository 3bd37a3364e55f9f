"""Where the segments of a purge log lie: objects in a bucket, or files in a folder.

Knows names and bytes; must never know what is in a segment.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from errno import EISDIR
from pathlib import Path
from stat import S_ISREG
from time import time_ns
from typing import Final, Protocol, TypeVar

from pixmill.errors import ObjectNotFound, ObjectTooLarge, StoreUnavailable
from pixmill.ports.storage import Store

MAX_SEGMENT_BYTES: Final = 64 * 2**20
"""More than all rules that a server holds."""

PURGES_FOLDER: Final = "purges"
_TEMPORARY_SUFFIX: Final = ".tmp"
_NONBLOCKING_FLAGS: Final = os.O_NONBLOCK | os.O_NOCTTY
_SETTLED_NS: Final = 2_000_000_000
"""A folder that has not changed for two seconds is listed again when its time of modification changes: before, a change
may share the tick of the last one."""

ReturnType = TypeVar("ReturnType")


class SegmentStore(Protocol):
    """Stores segments by name."""

    async def names(self) -> list[str]: ...

    async def get(self, name: str) -> bytes:
        """Raises ObjectNotFound, ObjectTooLarge."""

    async def put(self, name: str, data: bytes) -> None: ...

    async def delete(self, name: str) -> None: ...


class ObjectSegments:
    """Segments as objects below the prefix of a cache tier."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def names(self) -> list[str]:
        return [stat.path.rpartition("/")[2] async for stat in self._store.list(PURGES_FOLDER)]

    async def get(self, name: str) -> bytes:
        return await self._store.get(f"{PURGES_FOLDER}/{name}", MAX_SEGMENT_BYTES)

    async def put(self, name: str, data: bytes) -> None:
        await self._store.put(f"{PURGES_FOLDER}/{name}", data)

    async def delete(self, name: str) -> None:
        await self._store.delete(f"{PURGES_FOLDER}/{name}")


class FileSegments:
    """Segments as files in the folder of a cache tier; written to a temporary file and renamed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / PURGES_FOLDER
        self._listed: tuple[tuple[int, int], list[str]] = (0, 0), []

    async def names(self) -> list[str]:
        return await _run(self._names)

    async def get(self, name: str) -> bytes:
        try:
            return await _run(lambda: self._read_bytes(name))
        except FileNotFoundError as error:
            raise ObjectNotFound(detail=name) from error

    async def put(self, name: str, data: bytes) -> None:
        await _run(lambda: self._write(name, data))

    async def delete(self, name: str) -> None:
        await _run(lambda: (self._folder / name).unlink(missing_ok=True))

    def _names(self) -> list[str]:
        try:
            status = self._folder.stat()
            version = status.st_ino, status.st_mtime_ns
            if self._listed[0] != version:
                names = [file.name for file in self._folder.iterdir() if file.suffix != _TEMPORARY_SUFFIX]
                is_settled = status.st_mtime_ns + _SETTLED_NS < time_ns()
                self._listed = version if is_settled else (0, 0), names
        except FileNotFoundError:
            return []
        return self._listed[1]

    def _read_bytes(self, name: str) -> bytes:
        """Raises IsADirectoryError for everything that is no regular file: a pipe must not block."""
        with open(
            self._folder / name, "rb", opener=lambda file, flags: os.open(file, flags | _NONBLOCKING_FLAGS)
        ) as file:
            status = os.fstat(file.fileno())
            if not S_ISREG(status.st_mode):
                raise IsADirectoryError(EISDIR, "No file", name)
            if status.st_size > MAX_SEGMENT_BYTES:
                raise ObjectTooLarge(detail=name)
            return file.read(status.st_size)

    def _write(self, name: str, data: bytes) -> None:
        """Write and fsync: a purge that was confirmed must survive a power cut."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path, temporary = self._folder / name, self._folder / f"{name}{_TEMPORARY_SUFFIX}"
        try:
            with open(temporary, "xb", opener=lambda file, flags: os.open(file, flags, 0o600)) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


async def _run(work: Callable[[], ReturnType]) -> ReturnType:
    try:
        return await asyncio.to_thread(work)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoreUnavailable(detail=f"{type(error).__name__}: {error}") from error
