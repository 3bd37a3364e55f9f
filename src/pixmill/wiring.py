"""The one file that knows everybody: builds the parts, opens them in order, closes them in reverse."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from pixmill.api.context import AdminOperations, ApiContext
from pixmill.api.fastpath.load_shedder import LoadShedder
from pixmill.api.fastpath.request_cache import RequestCache
from pixmill.api.fastpath.request_key import RequestKeyReader
from pixmill.cache.factory import open_cache, open_locks
from pixmill.cache.originals.factory import OpenOriginalCache, open_original_cache
from pixmill.cache.tiered import TieredCache
from pixmill.engine.pool.pool import EnginePool
from pixmill.engine.sandbox.policy import SandboxMode, missing_layers
from pixmill.plan.source import SourceKind
from pixmill.ports.observe import Event, NullObserver, Observer, Pingable
from pixmill.ports.pipeline import Engine, Source
from pixmill.runtime.memory_budget import UNLIMITED_BUDGET, MemoryBudget
from pixmill.services.health import HealthService
from pixmill.services.inputs.caching_source import CachingSource
from pixmill.services.resize import ResizeService
from pixmill.services.warm.queue import WarmQueue
from pixmill.settings import Settings, SettingsError
from pixmill.sources.router import Sources
from pixmill.storage.files import FileStore
from pixmill.storage.registry import StoreRegistry
from pixmill.telemetry.logs import AccessLogWriter
from pixmill.telemetry.prometheus import Metrics


@asynccontextmanager
async def build_services(settings: Settings) -> AsyncIterator[ApiContext]:
    """Everything that answers requests, at work. Closing goes the other way round."""
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        stores = StoreRegistry(settings)
        stack.push_async_callback(stores.close)
        memory_budget = MemoryBudget(
            settings.memory_budget(), lambda: metrics.increment(Event.REJECTED, reason="memory")
        )
        sources = _make_sources(settings, stores, metrics, memory_budget)
        await _open(sources, stack)
        cache, original_cache = await _open_caches(settings, metrics, stores, memory_budget, stack)
        engine = _make_engine(settings, metrics)
        await _open(engine, stack)
        render_locks = open_locks(cache, settings, metrics)
        stack.push_async_callback(render_locks.close)
        resizer = ResizeService(
            _with_original_cache(sources, original_cache, settings, cache, stores),
            engine,
            cache,
            settings.cache_freshness_policy(),
            metrics,
            purges=cache.purge_rules,
            negative_ttl=settings.cache_negative_ttl(),
            max_originals_bytes=settings.originals_memory_bytes(),
            locks=render_locks,
        )
        stack.push_async_callback(resizer.close)
        warm_queue = WarmQueue(resizer.batch_warmer.render_missing)
        stack.push_async_callback(warm_queue.close)
        memory_budget.reclaim = resizer.originals.reclaim
        metrics.add_gauge("memory_budget_used_bytes", lambda: memory_budget.used_bytes)
        health = _make_health(settings, stores, cache, engine, original_cache)
        stack.push_async_callback(health.close)
        _register_gauges(metrics, engine, cache, sources, original_cache)
        metrics.add_gauge("cache_bytes", lambda: resizer.originals.used_bytes, tier="originals")
        dialects = settings.dialect_registry(settings.keyring())
        services = ApiContext(
            config=settings,
            dialects=dialects,
            negotiable_formats=settings.negotiable_formats(),
            resizer=resizer,
            load_shedder=LoadShedder(dialects, engine.retry_after_s, engine.reserve, metrics),
            health=health,
            request_metrics=metrics,
            observer=metrics,
            render_metrics=metrics.render if settings.metrics else None,
            access_log=AccessLogWriter(settings) if settings.access_log else None,
            max_upload_bytes=settings.max_source_bytes,
            memory_budget=memory_budget,
            limits=settings.limits(),
            admin=AdminOperations(cache.purge_service, warm_queue),
            request_cache=RequestCache(RequestKeyReader(dialects, settings.tag_header.lower().encode())),
        )
        stack.callback(services.telemetry_batch.flush)
        yield services


async def _open_result_cache(settings: Settings, observer: Observer, stores: StoreRegistry) -> TieredCache:
    try:
        return await open_cache(settings, observer, stores.open)
    except ValueError as error:  # it names the setting
        raise SettingsError(str(error)) from error


async def _open_caches(
    settings: Settings, observer: Observer, stores: StoreRegistry, memory_budget: MemoryBudget, stack: AsyncExitStack
) -> tuple[TieredCache, OpenOriginalCache | None]:
    """Where results and originals are kept, with what was purged before."""
    cache = await _open_result_cache(settings, observer, stores)
    stack.push_async_callback(cache.close)
    try:
        original_cache = await stack.enter_async_context(
            open_original_cache(settings, observer, cache, memory_budget, settings.max_source_bytes)
        )
    except ValueError as error:  # it names the setting
        raise SettingsError(str(error)) from error
    stack.push_async_callback(cache.purge_service.close)  # before the folders in which it looks
    await cache.purge_service.open()
    return cache, original_cache


def _with_original_cache(
    sources: Source,
    original_cache: OpenOriginalCache | None,
    settings: Settings,
    cache: TieredCache,
    stores: StoreRegistry,
) -> Source:
    """The sources, behind a depot if there is one. Files of this machine are not copied into other files."""
    if original_cache is None:
        return sources
    cached_kinds = {SourceKind.HTTP, SourceKind.STORE}
    if settings.images and not isinstance(stores.open(settings.images), FileStore):
        cached_kinds.add(SourceKind.PATH)
    return CachingSource(
        sources, original_cache.original_cache, settings.cache_freshness_policy(), cache.purge_rules, cached_kinds
    )


@asynccontextmanager
async def build_sources_and_engine(settings: Settings) -> AsyncIterator[tuple[Source, Engine]]:
    """Sources and engine alone, at work, for what needs no server."""
    async with AsyncExitStack() as stack:
        stores = StoreRegistry(settings)
        stack.push_async_callback(stores.close)
        sources = _make_sources(settings, stores, NullObserver())
        await _open(sources, stack)
        engine = _make_engine(settings, NullObserver())
        await _open(engine, stack)
        yield sources, engine


def _make_engine(settings: Settings, observer: Observer) -> EnginePool:
    missing = missing_layers() if settings.sandbox is SandboxMode.STRICT else []
    if missing:
        raise SettingsError(f"PIXMILL_SANDBOX=strict needs {' and '.join(missing)}, which cannot be had here")
    return EnginePool(settings, observer)


class Openable(Protocol):
    """What is opened in the loop that it works in."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...


async def _open(part: Openable, stack: AsyncExitStack) -> None:
    """Open a part that is to be closed even if it could not be opened wholly."""
    stack.push_async_callback(part.close)
    await part.open()


def _make_health(
    settings: Settings,
    stores: StoreRegistry,
    cache: TieredCache,
    engine: EnginePool,
    original_cache: OpenOriginalCache | None,
) -> HealthService:
    """By the names that ``/health`` shows. Without its cache the service still answers; so a store that is nothing but
    a tier need not work either.
    """
    required: dict[str, Pingable] = {"engine": engine}
    optional: dict[str, Pingable] = {}
    if settings.images:
        required["images"] = stores.open(settings.images)
    for name, store in stores.pingables().items():
        (optional if _is_cache_only(settings.stores[name].url, settings) else required)[f"store {name}"] = store
    optional |= {f"cache {name}": tier for name, tier in cache.pingables().items()}
    if original_cache:
        optional[f"cache {original_cache.disk_tier.name}"] = original_cache.guarded_tier
    return HealthService(required, settings.ready_timeout_s, optional=optional)


def _is_cache_only(store: str, settings: Settings) -> bool:
    """Whether results lie in all of this store, or in a part of it while nobody may ask for originals in the rest."""
    prefix = _with_trailing_slash(store)
    tiers = {_with_trailing_slash(tier.url) for tier in settings.cache_tiers()}
    allowed = [_with_trailing_slash(source.strip()) for source in settings.allowed_sources.split(",") if source.strip()]
    originals = (*allowed, _with_trailing_slash(settings.images))
    is_separate = bool(allowed) and not any(each.startswith(prefix) or prefix.startswith(each) for each in originals)
    return prefix in tiers or (is_separate and any(tier.startswith(prefix) for tier in tiers))


def _with_trailing_slash(url: str) -> str:
    """With one slash at its end, so that no name is the beginning of another one."""
    return url if url.endswith(":") else f"{url.rstrip('/')}/"


def _make_sources(
    settings: Settings, stores: StoreRegistry, observer: Observer, memory_budget: MemoryBudget = UNLIMITED_BUDGET
) -> Sources:
    images = stores.open(settings.images) if settings.images else None
    return Sources(settings, observer, images=images, locate=stores.locate, budget=memory_budget)


def _register_gauges(
    metrics: Metrics, engine: EnginePool, cache: TieredCache, sources: Sources, original_cache: OpenOriginalCache | None
) -> None:
    stats = engine.stats
    metrics.add_gauge("workers", lambda: stats().workers)
    metrics.add_gauge("workers_busy", lambda: stats().busy)
    metrics.add_gauge("renders_queued", lambda: stats().queued)
    metrics.add_gauge("expected_wait_seconds", lambda: stats().expected_wait_s)
    metrics.add_gauge("source_fetches_in_flight", lambda: sources.limiter.in_flight)
    metrics.add_gauge("source_fetches_queued", lambda: sources.limiter.queued)
    for name, read_value in cache.used_bytes().items():
        metrics.add_gauge("cache_bytes", read_value, tier=name)
    for name, read_value in cache.breakers().items():
        metrics.add_gauge("cache_breaker", read_value, tier=name)
    for name in (*cache.pingables(), *([original_cache.disk_tier.name] if original_cache else ())):
        metrics.preregister_tier(name)
    if original_cache:
        metrics.add_gauge(
            "cache_bytes", lambda: original_cache.disk_tier.used_bytes, tier=original_cache.disk_tier.name
        )
        metrics.add_gauge(
            "cache_breaker", lambda: original_cache.guarded_tier.breaker.state, tier=original_cache.disk_tier.name
        )
