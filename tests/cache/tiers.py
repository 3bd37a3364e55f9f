"""Honest fakes of tiers: one that one can slow down and break."""

import asyncio
from collections.abc import Callable

from pixmill.cache.memory import MemoryCache
from pixmill.cache.tier import Absent
from pixmill.plan.key import Key
from pixmill.ports import Entry


class Moody(MemoryCache):
    """A memory tier that fails with ``failure`` while it has one, and waits at ``gate`` while that is shut."""

    def __init__(self, name: str = "moody") -> None:
        super().__init__(64 * 2**20, name=name)
        self.failure: Callable[[], Exception] | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.puts: list[bytes] = []
        self.gets = 0

    async def get(self, key: Key) -> Entry | Absent:
        self.gets += 1
        await self._mood()
        return await super().get(key)

    async def put(self, key: Key, entry: Entry) -> None:
        await self._mood()
        self.puts.append(entry.body)
        await super().put(key, entry)

    async def delete(self, key: Key) -> None:
        await self._mood()
        await super().delete(key)

    async def close(self) -> None:
        await self._mood()
        await super().close()

    async def _mood(self) -> None:
        await self.gate.wait()
        if self.failure:
            raise self.failure()
