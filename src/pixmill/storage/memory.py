"""A store in the memory of this process, with a limit in bytes.

It is a store and no cache: it never evicts, and raises StoreFull instead.
"""

import time
from collections.abc import AsyncIterator
from typing import Final

from pixmill.errors import ObjectNotFound, ObjectTooLarge, StoreFull
from pixmill.ports.values import Stat
from pixmill.storage.paths import check_readable, check_writable

OBJECT_OVERHEAD_BYTES: Final = 1024
"""Added to the size of each object, so that empty ones are not free: measured at about 900."""

CHUNK_BYTES: Final = 2**20


class MemoryStore:
    """Objects in a dictionary. No method waits, so each is atomic among coroutines."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._used_bytes = 0
        self._objects: dict[str, tuple[bytes, Stat]] = {}

    async def get(self, path: str, max_bytes: int) -> bytes:
        data, stat = self._find(path)
        if stat.size > max_bytes:
            raise ObjectTooLarge(detail=f"{path} has {stat.size} bytes, more than {max_bytes}")
        return data

    async def put(self, path: str, data: bytes) -> None:
        check_writable(path)
        used_bytes = self._used_bytes + _cost_bytes(data) - self._stored_cost_bytes(path)
        if used_bytes > self._max_bytes:
            raise StoreFull(detail=f"{path} with {len(data)} bytes would make {used_bytes} of {self._max_bytes}")
        now = time.time_ns()
        stat = Stat(path=path, size=len(data), modified=now / 1e9, validator=f"{now:x}-{len(data):x}")
        self._objects[path] = bytes(data), stat
        self._used_bytes = used_bytes

    async def delete(self, path: str) -> None:
        check_writable(path)
        self._used_bytes -= self._stored_cost_bytes(path)
        self._objects.pop(path, None)

    async def stat(self, path: str) -> Stat:
        return self._find(path)[1]

    async def list(self, prefix: str = "") -> AsyncIterator[Stat]:
        if prefix:
            check_readable(prefix)
        for path, (_, stat) in tuple(self._objects.items()):
            if not prefix or path == prefix or path.startswith(prefix + "/"):
                yield stat

    async def stream(self, path: str) -> tuple[Stat, AsyncIterator[bytes]]:
        data, stat = self._find(path)
        return stat, _chunks(data)

    async def ping(self) -> None:
        """Memory cannot fail."""

    async def close(self) -> None:
        self._objects.clear()
        self._used_bytes = 0

    def _find(self, path: str) -> tuple[bytes, Stat]:
        check_readable(path)
        stored = self._objects.get(path)
        if stored is None:
            raise ObjectNotFound(detail=path)
        return stored

    def _stored_cost_bytes(self, path: str) -> int:
        stored = self._objects.get(path)
        return _cost_bytes(stored[0]) if stored else 0


def _cost_bytes(data: bytes) -> int:
    return len(data) + OBJECT_OVERHEAD_BYTES


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]
