"""Opening the folder of originals that the settings ask for."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pixmill.budget import Budget
from pixmill.cache.behind import CLOSE_LIMIT_S, MAX_PENDING_BYTES, Behind
from pixmill.cache.bounds import DepositBounds
from pixmill.cache.config import CacheConfig
from pixmill.cache.depot import FolderDepot, key_of
from pixmill.cache.disk_originals import DiskOriginals
from pixmill.cache.file_locks import is_remote
from pixmill.cache.guarded import Guarded
from pixmill.cache.open import file_locks, leases, user_folder
from pixmill.cache.tiered import TieredCache
from pixmill.cache.turns import Locks, SharedTurns
from pixmill.cache.urls import ORIGINALS, TierUrl
from pixmill.errors import StoreError
from pixmill.plan.source import SourceRef
from pixmill.ports import Deposit, Observer

NAME: Final = "originals_disk"
"""In metrics; those in memory are ``originals``."""

SHARE_OF_BUDGET: Final = 4

FOLDER: Final = "originals"
"""In the user's cache folder."""


@dataclass(frozen=True, slots=True)
class OpenDepot:
    """The depot, and its parts for health and gauges."""

    depot: FolderDepot
    guarded: Guarded[Deposit]
    disk: DiskOriginals
    behind: Behind[Deposit]

    def is_pending(self, ref: SourceRef) -> bool:
        """Whether it is not written yet."""
        return self.behind.is_pending(key_of(ref))


@asynccontextmanager
async def open_depot(
    config: CacheConfig, observer: Observer, cache: TieredCache, budget: Budget, max_source_bytes: int
) -> AsyncIterator[OpenDepot | None]:
    """The depot of these settings, None if they ask for none; purges of this cache hold for it.

    Raises ValueError, which names the setting, when its folder cannot be used.
    """
    url = config.originals_folder()
    if url is None:
        yield None
        return
    async with AsyncExitStack() as closing:
        disk = await _open(url, observer, budget, max_source_bytes)
        guarded = Guarded(disk, observer, timeout_s=url.timeout_s, bounds=DepositBounds(url.bounds))
        behind = Behind(guarded, observer, max_pending_bytes=_most_pending(budget))
        closing.push_async_callback(behind.close)
        closing.push_async_callback(behind.drained, CLOSE_LIMIT_S)
        turns = SharedTurns(_locks(disk.path, cache), behind, observer, config.cache_wait_s)
        closing.push_async_callback(turns.close)
        cache.purging.include(disk, disk.board(), behind.drain)
        yield OpenDepot(FolderDepot(behind, turns, observer), guarded, disk, behind)


async def _open(url: TierUrl, observer: Observer, budget: Budget, max_source_bytes: int) -> DiskOriginals:
    try:
        folder = Path(url.path) if url.path else user_folder() / FOLDER
        disk = await DiskOriginals.open(folder, url.max_bytes, observer, name=NAME)
    except (StoreError, RuntimeError) as error:
        detail = error.detail if isinstance(error, StoreError) else str(error)
        raise ValueError(f"{ORIGINALS}: {url.url!r} cannot be used: {error} ({detail})") from error
    disk.budget, disk.max_source_bytes = budget, max_source_bytes
    return disk


def _locks(folder: Path, cache: TieredCache) -> list[Locks]:
    """Of the folder itself among the processes of this machine; of a Redis if other machines see the folder too."""
    return list(leases(cache) if is_remote(folder) else file_locks(folder))


def _most_pending(budget: Budget) -> int:
    """Bytes of originals that wait to be written: they are on the account of what requests need, so no more than a part of it."""
    return min(MAX_PENDING_BYTES, budget.max_bytes // SHARE_OF_BUDGET) if budget.max_bytes else MAX_PENDING_BYTES
