"""A store of files below a root directory: the asynchronous half of ``rooted_fs.py``, with threads and error
numbers.

Must never block the event loop.

Not built on obstore, whose store for local files follows links out of its root, cannot list a directory that
contains one looping link or odd name, finds no file called ``a#1``, and never removes what a killed process has
left.
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from pixmill.errors import ObjectNotFound, ObjectTooLarge, StoreDenied, StoreError, StoreFull, StoreUnavailable
from pixmill.ports.values import Stat
from pixmill.runtime.os_errors import os_problem
from pixmill.storage.paths import check_readable, check_writable
from pixmill.storage.rooted_fs import ALL_FILES, Descriptor, RootedFilesystem, ServedFiles

T = TypeVar("T")

CHUNK_BYTES: Final = 2**20
_LISTING_BATCH: Final = 256
"""Files that one thread call lists."""

_THREADS: Final = 8

_COMMON_ERROR_TYPES: Final[dict[int | None, type[StoreError]]] = {
    errno.EACCES: StoreDenied,
    errno.EPERM: StoreDenied,
    errno.EROFS: StoreDenied,
    errno.ENOSPC: StoreFull,
    errno.EDQUOT: StoreFull,
    errno.EFBIG: StoreFull,
}
_NOT_A_FILE_ERRNOS: Final = (errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO)
READ_ERROR_TYPES: Final = _COMMON_ERROR_TYPES | dict.fromkeys((errno.ENOENT, *_NOT_A_FILE_ERRNOS), ObjectNotFound)
WRITE_ERROR_TYPES: Final = _COMMON_ERROR_TYPES | dict.fromkeys(_NOT_A_FILE_ERRNOS, StoreDenied)
"""Error classes by errno; any other is StoreUnavailable. In a write, ENOENT means that the root has gone."""


class FileStore:
    """The files below ``root``, each operation limited to ``timeout_s``; ``create`` makes a missing root.

    ``served`` limits which of them are read.

    Raises StoreError when there is no such directory.
    """

    on_unlisted: Callable[[str, str], None] | None = None
    """Called, in a thread, with the path and the reason of what a listing leaves out."""

    def __init__(self, root: Path, timeout_s: float, *, create: bool = False, served: ServedFiles = ALL_FILES) -> None:
        try:
            if create:
                root.mkdir(parents=True, exist_ok=True)
            self._fs = RootedFilesystem(root, served)
        except OSError as error:
            raise StoreError(f"{root.absolute()} {os_problem(error)}") from error
        self.root = root
        self._timeout_s = timeout_s
        # Its own threads: a stalled network file system must not stop those that resolve host names.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="pixmill-files")

    async def get(self, path: str, max_bytes: int) -> bytes:
        check_readable(path)
        return await self._run(lambda: self._read(path, max_bytes))

    async def put(self, path: str, data: bytes) -> None:
        check_writable(path)
        await self._run(lambda: self._fs.write(path, data), WRITE_ERROR_TYPES)

    async def delete(self, path: str) -> None:
        check_writable(path)
        await self._run(lambda: self._fs.remove(path), WRITE_ERROR_TYPES)

    async def stat(self, path: str) -> Stat:
        check_readable(path)
        return await self._run(lambda: self._fs.open(path)[1])

    async def list(self, prefix: str = "") -> AsyncIterator[Stat]:
        """Skip files whose names no other operation accepts."""
        if prefix:
            check_readable(prefix)
            with suppress(ObjectNotFound):
                yield await self.stat(prefix)
        walk = self._fs.walk(prefix, self.on_unlisted)
        while batch := await self._run(lambda: tuple(islice(walk, _LISTING_BATCH))):
            for stat in batch:
                if stat is not None:
                    yield stat

    async def stream(self, path: str) -> tuple[Stat, AsyncIterator[bytes]]:
        """Open, stat and read the first chunk in one thread call: most originals need no other."""
        check_readable(path)
        file, stat, first_chunk = await self._run(lambda: self._open_and_read(path))
        return stat, self._chunks(file, first_chunk)

    async def ping(self) -> None:
        """Check that the directory exists and can be read."""
        await self._run(self._fs.probe, WRITE_ERROR_TYPES)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _read(self, path: str, max_bytes: int) -> bytes:
        file, stat = self._fs.open(path)
        if stat.size > max_bytes:
            raise ObjectTooLarge(detail=f"{path} has {stat.size} bytes, more than {max_bytes}")
        return file.read(stat.size)

    def _open_and_read(self, path: str) -> tuple[Descriptor | None, Stat, bytes]:
        """Return the file with its first chunk; None for a file that ends with it, which this thread closes."""
        file, stat = self._fs.open(path)
        chunk = file.read(CHUNK_BYTES)
        return file if len(chunk) == CHUNK_BYTES else None, stat, chunk

    async def _chunks(self, file: Descriptor | None, chunk: bytes) -> AsyncIterator[bytes]:
        """Yield ``chunk`` and the rest of the file; a chunk that is not full is the last."""
        if chunk:
            yield chunk
        while file is not None and len(chunk) == CHUNK_BYTES:
            chunk = await self._run(partial(file.read, CHUNK_BYTES))
            if chunk:
                yield chunk

    async def _run(
        self, work: Callable[[], T], error_types: dict[int | None, type[StoreError]] = READ_ERROR_TYPES
    ) -> T:
        """Run in a thread and return the result. A thread that exceeds the timeout is abandoned."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except OSError as error:
            raise error_types.get(error.errno, StoreUnavailable)(detail=str(error) or type(error).__name__) from error
