"""The composition root: builds all parts from the settings, opens them in order, closes them in reverse.

The only module that knows all others, except the entry points.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from pixmill.api.context import (
    AdminServices,
    ApiContext,
    ImageServices,
    Lifecycle,
    Playground,
    RequestLimits,
    Telemetry,
)
from pixmill.api.fastpath.load_shedder import LoadShedder
from pixmill.api.fastpath.request_cache import RequestCache, RequestKeyReader
from pixmill.api.fastpath.telemetry_batch import TelemetryBatch
from pixmill.api.middleware.response_body import ResponseBodies
from pixmill.api.middleware.telemetry import AccessLogger
from pixmill.cache.factory import local_folders, open_cache, open_locks
from pixmill.cache.locks.coordinator import LockCoordinator
from pixmill.cache.locks.file_locks import is_network_file_system
from pixmill.cache.originals.factory import OpenOriginalCache, open_original_cache
from pixmill.cache.purge.peer_log import PeerPurgeLog
from pixmill.cache.tiered import TieredCache
from pixmill.engine.extras import is_extra_installed
from pixmill.engine.pool.pool import EnginePool
from pixmill.media import Format
from pixmill.parts import make_sources, open_engine, open_images, open_part
from pixmill.plan.key import Key
from pixmill.plan.source import SourceKind
from pixmill.ports.observe import Event, Observer, Pingable
from pixmill.ports.pipeline import Engine, Source
from pixmill.processes.siblings import Siblings
from pixmill.processes.this_process import SharedProcess
from pixmill.runtime.memory_budget import MemoryBudget
from pixmill.services.health import HealthService
from pixmill.services.inputs.caches import FetchFailureCache, InputCaches, MemoryOriginalCache, VersionCache
from pixmill.services.inputs.caching_source import CachingSource
from pixmill.services.inputs.loader import InputLoader
from pixmill.services.lookup import Lookup
from pixmill.services.render import Renderer
from pixmill.services.resize import ResizeService
from pixmill.services.results.answer import ResizeResult
from pixmill.services.results.cache import ResultCache
from pixmill.services.results.refresher import BackgroundRefresher
from pixmill.services.results.render_failures import RenderFailureCache
from pixmill.services.revalidate import Revalidator
from pixmill.services.singleflight import PurgeAwareFlights
from pixmill.services.warm.batch import BatchWarmer
from pixmill.services.warm.queue import WarmQueue
from pixmill.settings import Settings, SettingsError
from pixmill.sources.listing import RootListing
from pixmill.sources.router import Sources
from pixmill.sources.uploads import MAX_BYTES as MAX_UPLOADS_BYTES
from pixmill.sources.uploads import UploadSource
from pixmill.storage.files import FileStore
from pixmill.storage.registry import StoreRegistry
from pixmill.telemetry.logs import AccessLogWriter
from pixmill.telemetry.prometheus import Metrics
from pixmill.tracing import Tracing, open_metric_export, open_tracing

_UPLOADS_DIVISOR: Final = 4
FINISH_TIMEOUT_S: Final = 10.0
"""Of the memory budget: the share that uploads of the playground may have."""


@dataclass(frozen=True, slots=True)
class _Storage:
    """All that holds originals or results. ``source`` is ``sources``, behind the original cache if there is one."""

    stores: StoreRegistry
    memory_budget: MemoryBudget
    originals: MemoryOriginalCache
    sources: Sources
    source: Source
    cache: TieredCache
    original_cache: OpenOriginalCache | None
    locks: LockCoordinator
    uploads: UploadSource | None


@asynccontextmanager
async def build_services(
    settings: Settings, *, access_log: AccessLogger | None = None, process: SharedProcess | None = None
) -> AsyncIterator[ApiContext]:
    """Yield the context of a running service; all parts are closed at the end, in reverse order.

    ``access_log`` writes the log if there is one, by default to standard error. ``process`` is this one among several.
    """
    async with AsyncExitStack() as stack:
        siblings = Siblings(process.channel) if process else None
        tracing = await stack.enter_async_context(open_tracing(settings))
        metrics, observer = tracing.metrics, tracing.observer
        storage = await _open_storage(settings, observer, stack, siblings)
        engine = await _open_engine(settings, observer, stack)
        log = (access_log or AccessLogWriter(settings)) if settings.access_log else None
        context = _build_api(settings, tracing, storage, engine, log, stack)
        _register_gauges(metrics, storage, engine)
        await open_metric_export(settings, metrics, context.telemetry.batch.flush, stack)
        if process and siblings:
            context = await _join_processes(process, siblings, context, metrics, stack)
        yield context


async def _join_processes(
    process: SharedProcess, siblings: Siblings, context: ApiContext, metrics: Metrics, stack: AsyncExitStack
) -> ApiContext:
    """Let this process and the others speak for each other, and return the context that does."""
    if context.telemetry.render_metrics:
        siblings.share_metrics(metrics, context.telemetry.batch.flush)
    siblings.share_health(context.lifecycle.health)
    siblings.share_warming(context.admin.warm_queue)
    if process.is_replacement:
        metrics.increment(Event.PROCESS_RESTART)
    stack.push_async_callback(siblings.close)
    await siblings.open()
    limits = replace(context.limits, rate_buckets=process.rate_buckets)
    return replace(context, others=siblings, limits=limits)


async def _open_storage(
    settings: Settings, observer: Observer, stack: AsyncExitStack, siblings: Siblings | None
) -> _Storage:
    stores = StoreRegistry(settings)
    stack.push_async_callback(stores.close)
    originals = MemoryOriginalCache(settings.originals_memory_bytes(), observer)
    stack.callback(originals.close)
    memory_budget = MemoryBudget(
        settings.memory_budget(), lambda: observer.increment(Event.REJECTED, reason="memory"), originals.reclaim
    )
    uploads = _open_uploads(settings, memory_budget, stack)
    sources = make_sources(
        settings,
        stores,
        observer,
        memory_budget,
        uploads=uploads,
        hidden_folders=tuple(local_folders(settings)),
        is_listed=settings.error_display().is_development,
    )
    await open_part(sources, stack)
    cache, original_cache = await _open_caches(settings, observer, stores, memory_budget, stack, siblings)
    source = _with_original_cache(sources, original_cache, settings, cache, stores)
    locks = open_locks(cache, settings, observer)
    stack.push_async_callback(locks.close)
    return _Storage(stores, memory_budget, originals, sources, source, cache, original_cache, locks, uploads)


def _open_uploads(settings: Settings, memory_budget: MemoryBudget, stack: AsyncExitStack) -> UploadSource | None:
    """Open the uploads of the playground; None if it is off, as by default on an address that is not loopback."""
    if not settings.has_playground():
        return None
    share = memory_budget.max_bytes // _UPLOADS_DIVISOR if memory_budget.max_bytes else MAX_UPLOADS_BYTES
    uploads = UploadSource(min(share, MAX_UPLOADS_BYTES))
    memory_budget.add_reclaimer(uploads.reclaim)
    stack.callback(uploads.close)
    return uploads


async def _open_engine(settings: Settings, observer: Observer, stack: AsyncExitStack) -> EnginePool:
    try:
        return await open_engine(settings, observer, stack)
    except ValueError as error:  # it names the setting
        raise SettingsError(str(error)) from error


def _build_api(
    settings: Settings,
    tracing: Tracing,
    storage: _Storage,
    engine: EnginePool,
    access_log: AccessLogger | None,
    stack: AsyncExitStack,
) -> ApiContext:
    metrics, observer = tracing.metrics, tracing.observer
    resizer = _build_resizer(settings, observer, storage, engine)
    stack.push_async_callback(resizer.close)
    warm_queue = WarmQueue(resizer.lookup.batch_warmer.render_missing)
    stack.push_async_callback(warm_queue.close)
    health = _make_health(settings, storage, engine)
    stack.push_async_callback(health.close)
    health.start_watching()
    for name in health.optional_names:
        metrics.add_gauge("store_up", partial(health.is_up, name), store=name)
    response_bodies = ResponseBodies(storage.memory_budget, settings.response_deadline, observer)
    storage.memory_budget.add_reclaimer(response_bodies.reclaim)
    batch = TelemetryBatch(metrics, access_log, resizer.lookup.results.count_hits)
    stack.callback(batch.flush)
    return ApiContext(
        config=settings,
        images=make_image_services(settings, resizer),
        admin=AdminServices(storage.cache.purge_service, storage.cache.purge_service, warm_queue),
        limits=RequestLimits(
            images=settings.limits(),
            max_upload_bytes=settings.max_source_bytes,
            memory_budget=storage.memory_budget,
            rate_buckets=None,
            response_bodies=response_bodies,
            load_shedder=LoadShedder(engine.retry_after_s, engine.reserve, observer, display=settings.error_display()),
        ),
        telemetry=Telemetry(
            observer=observer,
            request_metrics=metrics,
            access_log=access_log,
            batch=batch,
            render_metrics=metrics.render if settings.metrics else None,
            tracer=tracing.tracer,
        ),
        lifecycle=Lifecycle(health, partial(_finish_work, resizer, storage)),
        playground=_make_playground(settings, storage),
    )


async def _finish_work(resizer: ResizeService, storage: _Storage) -> None:
    """Wait for what was started behind answers, in the order in which one leads to another."""
    with suppress(TimeoutError):
        async with asyncio.timeout(FINISH_TIMEOUT_S):
            await resizer.revalidator.refresher.wait()
            await storage.cache.drain()
            if storage.original_cache:
                await storage.original_cache.write_behind_tier.drain()
            await storage.locks.wait_released()


def make_image_services(settings: Settings, resizer: ResizeService) -> ImageServices:
    """Return what leads from a URL to an image by these settings. Raises ValueError that names the setting."""
    dialects = settings.dialect_registry(settings.keyring())
    return ImageServices(
        dialects=dialects,
        negotiable_formats=_writable(settings.negotiable_formats()),
        resizer=resizer,
        request_cache=RequestCache(RequestKeyReader(dialects, settings.request_key_headers())),
        freshness=settings.cache_freshness_policy(),
    )


def _writable(formats: tuple[Format, ...]) -> tuple[Format, ...]:
    """Leave out JPEG XL if no worker can write it: its clients would have cache entries of their own for nothing."""
    return tuple(form for form in formats if form is not Format.JXL or is_extra_installed("jxl"))


def _make_playground(settings: Settings, storage: _Storage) -> Playground | None:
    """Return what the playground works with; None if it is off."""
    if storage.uploads is None:
        return None
    return Playground(
        local_only=settings.playground == "auto",
        uploads=storage.uploads,
        images=RootListing(open_images(settings, storage.stores, tuple(local_folders(settings))), settings)
        if settings.images
        else None,
        public_url=settings.public_url if "://" in settings.public_url else "",
        allowed_sources=tuple(one.strip() for one in settings.allowed_sources.split(",") if one.strip()),
    )


def _build_resizer(settings: Settings, observer: Observer, storage: _Storage, engine: Engine) -> ResizeService:
    freshness, negative_ttl = settings.cache_freshness_policy(), settings.cache_negative_ttl()
    purges, locks = storage.cache.purge_rules, storage.locks
    caches = InputCaches(VersionCache(freshness), storage.originals, FetchFailureCache(negative_ttl, observer=observer))
    inputs = InputLoader(storage.source, engine.announce, caches, freshness, observer, purges)
    flights: PurgeAwareFlights[Key, ResizeResult] = PurgeAwareFlights(purges)
    results = ResultCache(
        storage.cache, freshness, observer, time.time, purges, truncated_ttl_s=negative_ttl.undecodable_s
    )
    failures = RenderFailureCache(negative_ttl, freshness, observer, purges=purges)
    lookup = Lookup(results, BatchWarmer(engine, results, inputs, flights, failures), time.time)
    renderer = Renderer(inputs, engine, results, failures, locks, lookup, settings.limits())
    revalidator = Revalidator(inputs, results, locks, lookup, renderer, BackgroundRefresher(), flights)
    return ResizeService(lookup, renderer, revalidator, flights, observer, PurgeAwareFlights(purges))


async def _open_result_cache(settings: Settings, observer: Observer, stores: StoreRegistry) -> TieredCache:
    try:
        return await open_cache(settings, observer, stores.open)
    except ValueError as error:  # it names the setting
        raise SettingsError(str(error)) from error


async def _open_caches(
    settings: Settings,
    observer: Observer,
    stores: StoreRegistry,
    memory_budget: MemoryBudget,
    stack: AsyncExitStack,
    siblings: Siblings | None,
) -> tuple[TieredCache, OpenOriginalCache | None]:
    """Open the caches of results and originals, and load the purges in force."""
    cache = await _open_result_cache(settings, observer, stores)
    stack.push_async_callback(cache.close)
    try:
        original_cache = await stack.enter_async_context(
            open_original_cache(settings, observer, cache, memory_budget, settings.max_source_bytes)
        )
    except ValueError as error:  # it names the setting
        raise SettingsError(str(error)) from error
    _add_peers(settings, cache)
    stack.push_async_callback(cache.purge_service.close)  # before the tiers that it sweeps
    if siblings:
        siblings.share_purges(cache.purge_service)
    await cache.purge_service.open()
    return cache, original_cache


def _add_peers(settings: Settings, cache: TieredCache) -> None:
    """Exchange purges with the servers of PIXMILL_PEERS."""
    addresses, tokens = settings.peer_addresses(), settings.admin_tokens()
    if not addresses:
        return
    if not tokens:
        raise SettingsError(
            "PIXMILL_PEERS needs PIXMILL_ADMIN_TOKEN, by which servers know each other; for example "
            "PIXMILL_ADMIN_TOKEN=$(openssl rand -hex 32)"
        )
    cache.purge_service.add_log(PeerPurgeLog(addresses, tokens[0], cache.purge_service.server), "PIXMILL_PEERS")


def _with_original_cache(
    sources: Source,
    original_cache: OpenOriginalCache | None,
    settings: Settings,
    cache: TieredCache,
    stores: StoreRegistry,
) -> Source:
    """Return the sources behind the original cache, if there is one. Local files are not cached in other files."""
    if original_cache is None:
        return sources
    cached_kinds = {SourceKind.HTTP, SourceKind.STORE}
    if settings.images and not isinstance(stores.open(settings.images), FileStore):
        cached_kinds.add(SourceKind.PATH)
    return CachingSource(
        sources, original_cache.original_cache, settings.cache_freshness_policy(), cache.purge_rules, cached_kinds
    )


def _make_health(settings: Settings, storage: _Storage, engine: EnginePool) -> HealthService:
    """Return the probes by the names that ``/health`` shows.

    Required is what is this server's own: its workers, and an image root on a local disk. Stores and remote tiers fail
    for all servers at once, and each still answers from memory, disk and other sources.
    """
    required: dict[str, Pingable] = {"engine": engine}
    optional: dict[str, Pingable] = {}
    if settings.images:
        images = storage.stores.open(settings.images)
        is_local = isinstance(images, FileStore) and not is_network_file_system(images.root)
        (required if is_local else optional)["images"] = images
    optional |= {f"store {name}": store for name, store in storage.stores.pingables().items()}
    optional |= {f"cache {name}": tier for name, tier in storage.cache.pingables().items()}
    if storage.original_cache:
        optional[f"cache {storage.original_cache.disk_tier.name}"] = storage.original_cache.guarded_tier
    return HealthService(required, settings.ready_timeout_s, optional=optional)


def _register_gauges(metrics: Metrics, storage: _Storage, engine: EnginePool) -> None:
    stats, cache, original_cache = engine.stats, storage.cache, storage.original_cache
    memory_budget, originals, limiter = storage.memory_budget, storage.originals, storage.sources.limiter
    metrics.add_gauge("processes", lambda: 1)
    metrics.add_gauge("workers", lambda: stats().workers)
    metrics.add_gauge("workers_busy", lambda: stats().busy)
    metrics.add_gauge("renders_queued", lambda: stats().queued)
    metrics.add_gauge("expected_wait_seconds", lambda: stats().expected_wait_s)
    metrics.add_gauge("source_fetches_in_flight", lambda: limiter.in_flight)
    metrics.add_gauge("source_fetches_queued", lambda: limiter.queued)
    metrics.add_gauge("name_lookups_in_flight", lambda: storage.sources.lookups_in_flight)
    metrics.add_gauge("memory_budget_used_bytes", lambda: memory_budget.used_bytes)
    metrics.add_gauge("cache_bytes", lambda: originals.used_bytes, tier="originals")
    metrics.add_gauge("cache_bytes", lambda: engine.rasters.used_bytes, tier="rasters")
    for name, read_value in cache.used_bytes().items():
        metrics.add_gauge("cache_bytes", read_value, tier=name)
    for name, read_value in cache.breakers().items():
        metrics.add_gauge("cache_breaker", read_value, tier=name)
    for name in cache.pingables():
        metrics.preregister_tier(name)
    if original_cache:
        disk_tier, breaker = original_cache.disk_tier, original_cache.guarded_tier.breaker
        metrics.preregister_tier(disk_tier.name)
        metrics.add_gauge("cache_bytes", lambda: disk_tier.used_bytes, tier=disk_tier.name)
        metrics.add_gauge("cache_breaker", lambda: breaker.state, tier=disk_tier.name)
