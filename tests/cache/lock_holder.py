"""A process that holds a render lock until it reads a line: ``python -m tests.cache.lock_holder URLS KEY``.

Prints ``ours`` or ``waited`` when it has the lock; a line on standard input ends it.
"""

import asyncio
import sys

from pixmill.cache.config import CacheConfig
from pixmill.cache.factory import open_cache, open_locks
from pixmill.plan.key import Key
from pixmill.ports.observe import NullObserver
from pixmill.storage.config import StorageConfig
from pixmill.storage.registry import StoreRegistry


async def main(urls: str, key: Key) -> None:
    config = CacheConfig(cache=urls, cache_lock_timeout_s=60)
    cache = await open_cache(config, NullObserver(), StoreRegistry(StorageConfig()).open)
    locks = open_locks(cache, config, NullObserver())
    async with locks.acquire(key) as waited:
        sys.stdout.write("waited\n" if waited else "ours\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
    await locks.close()
    await cache.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Key(sys.argv[2])))
