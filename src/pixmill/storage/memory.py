"""A store in this process's memory, bounded by bytes.

It is a store and no cache: it never forgets by itself, and says StoreFull instead.
"""

import time
from collections.abc import AsyncIterator
from typing import Final

from pixmill.errors import ObjectNotFound, ObjectTooLarge, StoreFull
from pixmill.ports import Stat
from pixmill.storage.paths import check_readable, check_writable

OBJECT_BYTES: Final = 1024
"""What an object is counted for besides its bytes, so that empty ones are not free: measured at about 900."""

CHUNK_BYTES: Final = 2**20


class MemoryStore:
    """Objects in a dictionary. Every method ends without waiting, and so is atomic among coroutines."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._used = 0
        self._objects: dict[str, tuple[bytes, Stat]] = {}

    async def get(self, path: str, max_bytes: int) -> bytes:
        data, facts = self._find(path)
        if facts.size > max_bytes:
            raise ObjectTooLarge(detail=f"{path} has {facts.size} bytes, more than {max_bytes}")
        return data

    async def put(self, path: str, data: bytes) -> None:
        check_writable(path)
        used = self._used + _cost(data) - self._cost_of(path)
        if used > self._max_bytes:
            raise StoreFull(detail=f"{path} with {len(data)} bytes would make {used} of {self._max_bytes}")
        now = time.time_ns()
        facts = Stat(path=path, size=len(data), modified=now / 1e9, validator=f"{now:x}-{len(data):x}")
        self._objects[path] = bytes(data), facts
        self._used = used

    async def delete(self, path: str) -> None:
        check_writable(path)
        self._used -= self._cost_of(path)
        self._objects.pop(path, None)

    async def stat(self, path: str) -> Stat:
        return self._find(path)[1]

    async def list(self, prefix: str = "") -> AsyncIterator[Stat]:
        if prefix:
            check_readable(prefix)
        for path, (_, facts) in tuple(self._objects.items()):
            if not prefix or path == prefix or path.startswith(prefix + "/"):
                yield facts

    async def stream(self, path: str) -> tuple[Stat, AsyncIterator[bytes]]:
        data, facts = self._find(path)
        return facts, _chunks(data)

    async def ping(self) -> None:
        """Memory is always there."""

    async def close(self) -> None:
        self._objects.clear()
        self._used = 0

    def _find(self, path: str) -> tuple[bytes, Stat]:
        check_readable(path)
        found = self._objects.get(path)
        if found is None:
            raise ObjectNotFound(detail=path)
        return found

    def _cost_of(self, path: str) -> int:
        found = self._objects.get(path)
        return _cost(found[0]) if found else 0


def _cost(data: bytes) -> int:
    return len(data) + OBJECT_BYTES


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]
