"""Opens the disk cache of originals that the settings describe."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pixmill.cache.config import CacheConfig
from pixmill.cache.factory import folder_lock_backends, tier_lock_backends, tier_problem, user_cache_folder
from pixmill.cache.locks.coordinator import LockBackend, LockCoordinator
from pixmill.cache.locks.file_locks import is_network_file_system
from pixmill.cache.originals.cache import DiskOriginalCache
from pixmill.cache.originals.disk_tier import DiskOriginalTier
from pixmill.cache.resilience.guarded import GuardedTier
from pixmill.cache.resilience.write_behind import DRAIN_TIMEOUT_S, MAX_PENDING_BYTES, WriteBehindTier
from pixmill.cache.tiered import TieredCache
from pixmill.cache.urls.limits import OriginalLimits
from pixmill.cache.urls.tier_urls import ORIGINALS_SETTING, TierUrl
from pixmill.errors import StoreError
from pixmill.ports.observe import Observer
from pixmill.ports.values import CachedOriginal
from pixmill.runtime.memory_budget import MemoryBudget

TIER_NAME: Final = "originals_disk"
"""Label in metrics; the memory tier is ``originals``."""

PENDING_BUDGET_DIVISOR: Final = 4

FOLDER_NAME: Final = "originals"
"""Name in the user cache folder."""


@dataclass(frozen=True, slots=True)
class OpenOriginalCache:
    """The cache of originals, and its parts for health and gauges."""

    original_cache: DiskOriginalCache
    guarded_tier: GuardedTier[CachedOriginal]
    disk_tier: DiskOriginalTier
    write_behind_tier: WriteBehindTier[CachedOriginal]


@asynccontextmanager
async def open_original_cache(
    config: CacheConfig, observer: Observer, cache: TieredCache, budget: MemoryBudget, max_source_bytes: int
) -> AsyncIterator[OpenOriginalCache | None]:
    """Opens the cache of originals of these settings, if there is one; purges of ``cache`` apply to it.

    Raises ValueError, which names the setting, when its folder is unusable.
    """
    url = config.originals_folder()
    if url is None:
        yield None
        return
    async with AsyncExitStack() as exit_stack:
        disk_tier = await _open_disk_tier(url, observer, budget, max_source_bytes)
        guarded_tier = GuardedTier(
            disk_tier, observer, timeout_s=url.timeout_s, admission_policy=OriginalLimits(url.limits)
        )
        write_behind_tier = WriteBehindTier(guarded_tier, observer, max_pending_bytes=_max_pending_bytes(budget))
        exit_stack.push_async_callback(write_behind_tier.close)
        exit_stack.push_async_callback(write_behind_tier.drain_within, DRAIN_TIMEOUT_S)
        locks = LockCoordinator(
            _lock_backends(disk_tier.path, cache), [write_behind_tier], observer, config.cache_lock_timeout_s
        )
        exit_stack.push_async_callback(locks.close)
        cache.purge_service.add_local_tier(disk_tier, disk_tier.purge_log(), write_behind_tier.drain)
        yield OpenOriginalCache(
            DiskOriginalCache(write_behind_tier, locks, observer), guarded_tier, disk_tier, write_behind_tier
        )


async def _open_disk_tier(
    url: TierUrl, observer: Observer, budget: MemoryBudget, max_source_bytes: int
) -> DiskOriginalTier:
    try:
        folder = Path(url.path) if url.path else user_cache_folder() / FOLDER_NAME
        return await DiskOriginalTier.open(
            folder, url.max_bytes, observer, name=TIER_NAME, budget=budget, max_source_bytes=max_source_bytes
        )
    except (StoreError, RuntimeError) as error:
        example = f"{ORIGINALS_SETTING}=memory://?max_bytes=64MiB,file:///var/cache/originals?max_bytes=10GiB"
        raise ValueError(f"{ORIGINALS_SETTING}: tier {url.url} {tier_problem(error)}; for example {example}") from error


def _lock_backends(folder: Path, cache: TieredCache) -> list[LockBackend]:
    """Returns file locks of the folder; leases in Redis if other machines share the folder."""
    return list(tier_lock_backends(cache) if is_network_file_system(folder) else folder_lock_backends(folder))


def _max_pending_bytes(budget: MemoryBudget) -> int:
    """Returns the limit of queued originals: they use the memory budget of requests, so a quarter of it at most."""
    return min(MAX_PENDING_BYTES, budget.max_bytes // PENDING_BUDGET_DIVISOR) if budget.max_bytes else MAX_PENDING_BYTES
