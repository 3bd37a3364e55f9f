"""Opening the cache that the settings ask for.

Knows every kind of tier, and which may be missing: a folder that was named must work or the start fails; the user's cache
folder, which nobody named, is done without (with a line in the log) where it cannot be written.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

from pixmill.cache.behind import Behind
from pixmill.cache.config import CacheConfig
from pixmill.cache.disk import DiskCache
from pixmill.cache.file_locks import FileLocks
from pixmill.cache.guarded import Guarded
from pixmill.cache.memory import MemoryCache
from pixmill.cache.store import StoreCache
from pixmill.cache.tier import Tier
from pixmill.cache.tiered import TieredCache
from pixmill.cache.turns import Leasing, Locks, SharedTurns
from pixmill.cache.urls import SETTING, RedisTierUrl, TierUrl
from pixmill.errors import StoreError
from pixmill.ports import Event, Observer, Store

WRITE_TIMES: Final = 5
"""Writes carry whole bodies and nobody waits for them: they may take so many times as long as a read.

Those to a disk have no limit. They cannot be ended, so there would only be more of them; and the first waits for a scan.
"""

_LOG = logging.getLogger(__name__)
_NAMES = {"memory": "memory", "file": "disk"}


async def open_cache(config: CacheConfig, observer: Observer, open_store: Callable[[str], Store]) -> TieredCache:
    """The cache of these settings; ``open_store`` opens a bucket by its URL, with whatever credentials it takes, and
    whoever gave it closes what it opened.

    Raises ValueError, which names the setting, when a tier that was asked for cannot be had.
    """
    tiers: list[Tier] = []
    async with AsyncExitStack() as undo:
        for name, url in _named(config.cache_tiers()):
            tier = await _open(name, url, config, observer, open_store)
            if tier is not None:
                undo.push_async_callback(tier.close)
                tiers.append(tier)
        undo.pop_all()
    return TieredCache(tiers, observer, max_entry_bytes=config.cache_max_entry_bytes)


def open_turns(cache: TieredCache, config: CacheConfig, observer: Observer) -> SharedTurns:
    """Turns by whatever this cache shares with other servers: its folders and its Redis; by nothing if there is neither."""
    folders = [file_locks(layer.path) for layer in cache.layers() if isinstance(layer, DiskCache)]
    return SharedTurns([*chain(*folders), *leases(cache)], cache, observer, config.cache_wait_s)


def leases(cache: TieredCache) -> Iterator[Locks]:
    """Those of each Redis that is a tier, under its guard."""
    guard: Tier | None = None
    for layer in cache.layers():
        if isinstance(layer, Leasing) and isinstance(guard, Guarded):
            yield layer.leases(guard)
        guard = layer


def file_locks(folder: Path) -> Iterator[Locks]:
    """Those of a folder, if it can have any."""
    try:
        yield FileLocks(folder)
    except OSError as error:
        _LOG.info(
            "Other processes may make what this one is making, no locks can be had in the cache's folder: %s", error
        )


def user_folder() -> Path:
    """Where the XDG base directory specification puts what a user's programs cache. Raises RuntimeError without a home."""
    told = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (told if told.is_absolute() else Path("~/.cache").expanduser()) / "pixmill"


def _named(urls: Iterable[TierUrl]) -> list[tuple[str, TierUrl]]:
    """Each with a name of its own: memory, disk, s3; a second disk is disk2."""
    named: list[tuple[str, TierUrl]] = []
    for url in urls:
        kind = _NAMES.get(url.scheme, url.scheme)
        before = sum(other.scheme == url.scheme for _, other in named)
        named.append((f"{kind}{before + 1}" if before else kind, url))
    return named


async def _open(
    name: str, url: TierUrl, config: CacheConfig, observer: Observer, open_store: Callable[[str], Store]
) -> Tier | None:
    if url.scheme == "memory":
        return MemoryCache(url.max_bytes, observer, name=name, bounds=url.bounds)
    if isinstance(url, RedisTierUrl):
        return _remote(_redis(url, name, config), url, observer)
    try:
        if url.scheme == "file":
            folder = Path(url.path) if url.path else user_folder()
            disk = await DiskCache.open(folder, url.max_bytes, observer, name=name)
            return Behind(Guarded(disk, observer, timeout_s=url.timeout_s, bounds=url.bounds), observer)
        store = open_store(url.url)
    except (StoreError, RuntimeError) as error:
        detail = error.detail if isinstance(error, StoreError) else str(error)
        if url.scheme != "file" or url.path:
            raise ValueError(f"{SETTING}: {url.url!r} cannot be used: {error} ({detail})") from error
        _LOG.warning("The user's cache folder cannot be used, results are not kept on disk: %s", detail)
        observer.counted(Event.CACHE_ERROR, tier=name, operation="open")
        return None
    return _remote(StoreCache(store, name=name, max_entry_bytes=config.cache_max_entry_bytes), url, observer)


def _redis(url: RedisTierUrl, name: str, config: CacheConfig) -> Tier:
    """It need not be there when we start: a server that is restarted while its Redis is down has to come up too."""
    from pixmill.cache.redis import RedisCache  # noqa: PLC0415 - loads the client library
    from pixmill.storage.redis import RedisClient  # noqa: PLC0415

    place = url.place
    if not place.password:
        place = replace(place, password=config.redis_password.get_secret_value())
    return RedisCache(RedisClient(place), name=name, max_entry_bytes=config.cache_max_entry_bytes)


def _remote(tier: Tier, url: TierUrl, observer: Observer) -> Tier:
    limit_s = url.timeout_s * WRITE_TIMES
    return Behind(
        Guarded(tier, observer, timeout_s=url.timeout_s, write_timeout_s=limit_s, bounds=url.bounds), observer
    )
