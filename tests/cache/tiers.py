"""Fake tiers: one that can be slowed down and broken."""

import asyncio
from collections.abc import Callable

from pixmill.cache.tier import Miss
from pixmill.cache.tiers.memory import MemoryTier
from pixmill.plan.key import Key
from pixmill.ports.values import Entry


class FlakyTier(MemoryTier):
    """A memory tier that raises ``failure`` if it is set, and waits while ``gate`` is not set."""

    def __init__(self, name: str = "flaky") -> None:
        super().__init__(64 * 2**20, name=name)
        self.failure: Callable[[], Exception] | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.puts: list[bytes] = []
        self.gets = 0

    async def get(self, key: Key) -> Entry | Miss:
        self.gets += 1
        await self._wait_or_fail()
        return await super().get(key)

    async def put(self, key: Key, entry: Entry) -> None:
        await self._wait_or_fail()
        self.puts.append(entry.body)
        await super().put(key, entry)

    async def delete(self, key: Key) -> None:
        await self._wait_or_fail()
        await super().delete(key)

    async def close(self) -> None:
        await self._wait_or_fail()
        await super().close()

    async def _wait_or_fail(self) -> None:
        await self.gate.wait()
        if self.failure:
            raise self.failure()
