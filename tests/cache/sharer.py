"""A process that takes a turn and keeps it until it is told otherwise: ``python -m tests.cache.sharer URLS KEY``.

Says ``ours`` or ``waited`` when it has its turn; then a line on standard input ends it.
"""

import asyncio
import sys

from pixmill.cache.config import CacheConfig
from pixmill.cache.open import open_cache, open_turns
from pixmill.plan.key import Key
from pixmill.ports import Unobserved
from pixmill.storage.config import StorageConfig
from pixmill.storage.shelf import Shelf


async def main(urls: str, key: Key) -> None:
    config = CacheConfig(cache=urls, cache_wait_s=60)
    cache = await open_cache(config, Unobserved(), Shelf(StorageConfig()).open)
    turns = open_turns(cache, config, Unobserved())
    async with turns.turn(key) as waited:
        sys.stdout.write("waited\n" if waited else "ours\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
    await turns.close()
    await cache.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Key(sys.argv[2])))
