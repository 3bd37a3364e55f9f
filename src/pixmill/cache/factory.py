"""Opens the result cache that the settings describe.

Knows every kind of tier, and which are optional: a folder named in the settings must work or the start fails; the
default user cache folder is skipped with a warning where it is not writable.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

from pixmill.cache.config import CacheConfig
from pixmill.cache.disk.blob_folder import has_blob
from pixmill.cache.disk.tier import DiskResultTier
from pixmill.cache.locks.coordinator import LeaseProvider, LockBackend, LockCoordinator
from pixmill.cache.locks.file_locks import FileLocks
from pixmill.cache.resilience.guarded import GuardedTier
from pixmill.cache.resilience.write_behind import WriteBehindTier
from pixmill.cache.tier import ResultTier
from pixmill.cache.tiered import TieredCache
from pixmill.cache.tiers.memory import MemoryTier
from pixmill.cache.tiers.object_store import ObjectStoreTier
from pixmill.cache.urls.tier_urls import CACHE_SETTING, RedisTierUrl, TierUrl
from pixmill.errors import StoreDenied, StoreError
from pixmill.ports.observe import Event, Observer
from pixmill.ports.storage import Store
from pixmill.runtime.os_errors import os_problem

WRITE_TIMEOUT_FACTOR: Final = 5
"""Write timeout of remote tiers, as a multiple of ``timeout``: writes carry whole bodies, and no request waits for
them.

Writes to a disk have no timeout: a thread cannot be stopped, so a timeout would only add more of them, and the first
write waits for a scan.
"""

_LOG = logging.getLogger(__name__)
_TIER_NAMES = {"memory": "memory", "file": "disk"}


async def open_cache(config: CacheConfig, observer: Observer, open_store: Callable[[str], Store]) -> TieredCache:
    """Opens the cache of these settings. ``open_store`` opens a bucket by its URL; its owner closes the stores.

    Raises ValueError, which names the setting, when a tier cannot be opened.
    """
    tiers: list[ResultTier] = []
    async with AsyncExitStack() as exit_stack:
        for name, url in _with_names(config.cache_tiers()):
            tier = await _open_tier(name, url, config, observer, open_store)
            if tier is not None:
                exit_stack.push_async_callback(tier.close)
                tiers.append(tier)
        exit_stack.pop_all()
    return TieredCache(
        tiers,
        observer,
        max_entry_bytes=config.cache_max_entry_bytes,
        longest_life_s=config.cache_freshness_policy().longest_life_s,
    )


def open_locks(cache: TieredCache, config: CacheConfig, observer: Observer) -> LockCoordinator:
    """Returns render locks in whatever this cache shares with other servers: its folders and its Redis."""
    return LockCoordinator(lock_backends(cache), cache.write_behind_tiers, observer, config.cache_lock_timeout_s)


def lock_backends(cache: TieredCache) -> list[LockBackend]:
    """Returns the file locks and the leases of this cache."""
    folder_locks = [folder_lock_backends(layer.path) for layer in cache.layers() if isinstance(layer, DiskResultTier)]
    return [*chain(*folder_locks), *tier_lock_backends(cache)]


def tier_lock_backends(cache: TieredCache) -> Iterator[LockBackend]:
    """Yields the leases of each Redis tier, under the tier's circuit breaker."""
    for layer in cache.layers():
        if isinstance(layer, GuardedTier) and isinstance(layer.tier, LeaseProvider):
            yield layer.tier.lock_backend(layer)


def folder_lock_backends(folder: Path) -> Iterator[LockBackend]:
    """Yields the file locks of a folder, if its file system supports them."""
    try:
        yield FileLocks(folder, partial(has_blob, str(folder)))
    except OSError as error:
        _LOG.info("No render locks in the cache folder, other processes may render the same image: %s", error)


def local_folders(config: CacheConfig) -> list[Path]:
    """Returns the folders of results and originals on this machine, with the purge logs and locks in them."""
    tiers = [tier for tier in (*config.cache_tiers(), config.originals_folder()) if tier and tier.scheme == "file"]
    try:
        return [Path(tier.path) if tier.path else user_cache_folder() for tier in tiers]
    except RuntimeError:  # no home, so no folder in it
        return [Path(tier.path) for tier in tiers if tier.path]


def user_cache_folder() -> Path:
    """Returns the cache folder of the XDG base directory specification. Raises RuntimeError without a home."""
    xdg_cache_home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (xdg_cache_home if xdg_cache_home.is_absolute() else Path("~/.cache").expanduser()) / "pixmill"


def _with_names(urls: Iterable[TierUrl]) -> list[tuple[str, TierUrl]]:
    """Gives each tier a unique name: memory, disk, s3; a second disk is disk2."""
    named_urls: list[tuple[str, TierUrl]] = []
    for url in urls:
        kind = _TIER_NAMES.get(url.scheme, url.scheme)
        same_scheme_count = sum(other.scheme == url.scheme for _, other in named_urls)
        named_urls.append((f"{kind}{same_scheme_count + 1}" if same_scheme_count else kind, url))
    return named_urls


def tier_problem(error: StoreError | RuntimeError) -> str:
    """Returns why a tier cannot be opened, to follow its name."""
    if isinstance(error.__cause__, OSError):
        return os_problem(error.__cause__)
    if isinstance(error, RuntimeError):
        return "is not known, because this user has no home: name a folder, or set HOME"
    if isinstance(error, StoreDenied):
        return "is not among the stores of this server: add it to PIXMILL_STORES, or set PIXMILL_STORES_ALLOW_UNNAMED"
    return f"cannot be used: {error.message}"


async def _open_tier(
    name: str, url: TierUrl, config: CacheConfig, observer: Observer, open_store: Callable[[str], Store]
) -> ResultTier | None:
    if url.scheme == "memory":
        return MemoryTier(url.max_bytes, observer, name=name, limits=url.limits)
    if isinstance(url, RedisTierUrl):
        return _wrap_remote(_make_redis_tier(url, name, config), url, observer)
    try:
        if url.scheme == "file":
            folder = Path(url.path) if url.path else user_cache_folder()
            disk_tier = await DiskResultTier.open(folder, url.max_bytes, observer, name=name)
            return WriteBehindTier(
                GuardedTier(disk_tier, observer, timeout_s=url.timeout_s, admission_policy=url.limits or None), observer
            )
        store = open_store(url.url)
    except (StoreError, RuntimeError) as error:
        if url.scheme != "file" or url.path:
            example = f"{CACHE_SETTING}=memory://?max_bytes=256MiB,file:///var/cache/pixmill?max_bytes=10GiB"
            raise ValueError(f"{CACHE_SETTING}: tier {url.url} {tier_problem(error)}; for example {example}") from error
        _LOG.warning("No results are cached on disk, because the user cache folder %s", tier_problem(error))
        observer.increment(Event.CACHE_ERROR, tier=name, operation="open")
        return None
    return _wrap_remote(ObjectStoreTier(store, name=name, max_entry_bytes=config.cache_max_entry_bytes), url, observer)


def _make_redis_tier(url: RedisTierUrl, name: str, config: CacheConfig) -> ResultTier:
    """Does not connect: a server must also start while its Redis is down."""
    from pixmill.cache.tiers.redis import RedisTier  # noqa: PLC0415 - loads the client library
    from pixmill.storage.redis import RedisClient  # noqa: PLC0415

    target = url.target
    if not target.password:
        target = replace(target, password=config.redis_password.get_secret_value())
    return RedisTier(RedisClient(target), name=name, max_entry_bytes=config.cache_max_entry_bytes)


def _wrap_remote(tier: ResultTier, url: TierUrl, observer: Observer) -> ResultTier:
    write_timeout_s = url.timeout_s * WRITE_TIMEOUT_FACTOR
    return WriteBehindTier(
        GuardedTier(
            tier,
            observer,
            timeout_s=url.timeout_s,
            write_timeout_s=write_timeout_s,
            admission_policy=url.limits or None,
        ),
        observer,
    )
