"""The one file that knows everybody: builds the parts, opens them in order, closes them in reverse."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from pixmill.api.familiar import Familiar
from pixmill.api.rush import Rush
from pixmill.api.services import ApiServices, Operated
from pixmill.budget import UNBOUNDED, Budget
from pixmill.cache.open import open_cache, open_turns
from pixmill.cache.open_depot import OpenDepot, open_depot
from pixmill.cache.tiered import TieredCache
from pixmill.dialects.native import Native
from pixmill.dialects.registry import DialectRegistry
from pixmill.engine.confinement import Confinement, lacking
from pixmill.engine.pool import EnginePool
from pixmill.plan.source import SourceKind
from pixmill.ports import Engine, Event, Observer, Pingable, Source, Unobserved
from pixmill.services.deposits import Deposited
from pixmill.services.health import HealthService
from pixmill.services.resize import ResizeService
from pixmill.services.warmup import Warmup
from pixmill.settings import Settings, SettingsError
from pixmill.sources.router import Sources
from pixmill.storage.files import FileStore
from pixmill.storage.shelf import Shelf
from pixmill.telemetry.logs import AccessLog
from pixmill.telemetry.prometheus import Metrics


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[ApiServices]:
    """Everything that answers requests, at work. Closing goes the other way round."""
    metrics = Metrics()
    async with AsyncExitStack() as closing:
        stores = Shelf(settings)
        closing.push_async_callback(stores.close)
        budget = Budget(settings.memory_budget(), lambda: metrics.counted(Event.REFUSED, limit="memory"))
        sources = _sources(settings, stores, metrics, budget)
        await _open(sources, closing)
        cache, depot = await _kept(settings, metrics, stores, budget, closing)
        engine = _engine(settings, metrics)
        await _open(engine, closing)
        turns = open_turns(cache, settings, metrics)
        closing.push_async_callback(turns.close)
        resizer = ResizeService(
            _deposited(sources, depot, settings, cache, stores),
            engine,
            cache,
            settings.cache_freshness(),
            metrics,
            purges=cache.rules,
            patience=settings.cache_patience(),
            max_originals_bytes=settings.originals_bytes(),
            turns=turns,
        )
        closing.push_async_callback(resizer.close)
        warmup = Warmup(resizer.warming.make)
        closing.push_async_callback(warmup.close)
        budget.relieve = resizer.originals.relieve
        metrics.gauge("budget_bytes", lambda: budget.used_bytes)
        health = _health(settings, stores, cache, engine, depot)
        closing.push_async_callback(health.close)
        _gauges(metrics, engine, cache, sources, depot)
        metrics.gauge("cache_bytes", lambda: resizer.originals.used_bytes, tier="originals")
        native = Native(settings.named_presets(), settings.mode)
        services = ApiServices(
            config=settings,
            dialects=DialectRegistry([native]),
            keyring=settings.keyring(),
            negotiable=settings.negotiable(),
            resizer=resizer,
            rush=Rush(engine.refusal_s, engine.promise, metrics),
            health=health,
            traffic=metrics,
            observer=metrics,
            metrics=metrics.render if settings.metrics else None,
            access_log=AccessLog(settings) if settings.access_log else None,
            max_upload_bytes=settings.max_source_bytes,
            budget=budget,
            native=native,
            limits=settings.limits(),
            operated=Operated(cache.purging, warmup),
            familiar=Familiar(settings.tag_header),
        )
        closing.callback(services.books.settle)
        yield services


async def _cache(settings: Settings, observer: Observer, stores: Shelf) -> TieredCache:
    try:
        return await open_cache(settings, observer, stores.open)
    except ValueError as error:  # it names the setting
        raise SettingsError(str(error)) from error


async def _kept(
    settings: Settings, observer: Observer, stores: Shelf, budget: Budget, closing: AsyncExitStack
) -> tuple[TieredCache, OpenDepot | None]:
    """Where results and originals are kept, with what was purged before."""
    cache = await _cache(settings, observer, stores)
    closing.push_async_callback(cache.close)
    try:
        depot = await closing.enter_async_context(
            open_depot(settings, observer, cache, budget, settings.max_source_bytes)
        )
    except ValueError as error:  # it names the setting
        raise SettingsError(str(error)) from error
    closing.push_async_callback(cache.purging.close)  # before the folders in which it looks
    await cache.purging.open()
    return cache, depot


def _deposited(
    sources: Source, depot: OpenDepot | None, settings: Settings, cache: TieredCache, stores: Shelf
) -> Source:
    """The sources, behind a depot if there is one. Files of this machine are not copied into other files."""
    if depot is None:
        return sources
    far = {SourceKind.HTTP, SourceKind.STORE}
    if settings.images and not isinstance(stores.open(settings.images), FileStore):
        far.add(SourceKind.PATH)
    return Deposited(sources, depot.depot, settings.cache_freshness(), cache.rules, far)


@asynccontextmanager
async def workbench(settings: Settings) -> AsyncIterator[tuple[Source, Engine]]:
    """Sources and engine alone, at work, for what needs no server."""
    async with AsyncExitStack() as closing:
        stores = Shelf(settings)
        closing.push_async_callback(stores.close)
        sources = _sources(settings, stores, Unobserved())
        await _open(sources, closing)
        engine = _engine(settings, Unobserved())
        await _open(engine, closing)
        yield sources, engine


def _engine(settings: Settings, observer: Observer) -> EnginePool:
    missing = lacking() if settings.confinement is Confinement.STRICT else []
    if missing:
        raise SettingsError(f"PIXMILL_CONFINEMENT=strict needs {' and '.join(missing)}, which cannot be had here")
    return EnginePool(settings, observer)


class Part(Protocol):
    """What is opened in the loop that it works in."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...


async def _open(part: Part, closing: AsyncExitStack) -> None:
    """Open a part that is to be closed even if it could not be opened wholly."""
    closing.push_async_callback(part.close)
    await part.open()


def _health(
    settings: Settings, stores: Shelf, cache: TieredCache, engine: EnginePool, depot: OpenDepot | None
) -> HealthService:
    """By the names that ``/health`` shows. Without its cache the service still answers; so a store that is nothing but
    a tier need not work either.
    """
    required: dict[str, Pingable] = {"engine": engine}
    optional: dict[str, Pingable] = {}
    if settings.images:
        required["images"] = stores.open(settings.images)
    for name, store in stores.pingables().items():
        (optional if _is_only_a_tier(settings.stores[name].url, settings) else required)[f"store {name}"] = store
    optional |= {f"cache {name}": tier for name, tier in cache.pingables().items()}
    if depot:
        optional[f"cache {depot.disk.name}"] = depot.guarded
    return HealthService(required, settings.ready_timeout_s, optional=optional)


def _is_only_a_tier(store: str, settings: Settings) -> bool:
    """Whether results lie in all of this store, or in a part of it while nobody may ask for originals in the rest."""
    place = _folder(store)
    tiers = {_folder(tier.url) for tier in settings.cache_tiers()}
    allowed = [_folder(source.strip()) for source in settings.allowed_sources.split(",") if source.strip()]
    originals = (*allowed, _folder(settings.images))
    apart = bool(allowed) and not any(each.startswith(place) or place.startswith(each) for each in originals)
    return place in tiers or (apart and any(tier.startswith(place) for tier in tiers))


def _folder(url: str) -> str:
    """With one slash at its end, so that no name is the beginning of another one."""
    return url if url.endswith(":") else f"{url.rstrip('/')}/"


def _sources(settings: Settings, stores: Shelf, observer: Observer, budget: Budget = UNBOUNDED) -> Sources:
    images = stores.open(settings.images) if settings.images else None
    return Sources(settings, observer, images=images, locate=stores.locate, budget=budget)


def _gauges(
    metrics: Metrics, engine: EnginePool, cache: TieredCache, sources: Sources, depot: OpenDepot | None
) -> None:
    stats = engine.stats
    metrics.gauge("workers", lambda: stats().workers)
    metrics.gauge("workers_busy", lambda: stats().busy)
    metrics.gauge("renders_waiting", lambda: stats().waiting)
    metrics.gauge("expected_wait_seconds", lambda: stats().wait_s)
    metrics.gauge("fetches", lambda: sources.turns.taken)
    metrics.gauge("fetches_waiting", lambda: sources.turns.waiting)
    for name, read in cache.used_bytes().items():
        metrics.gauge("cache_bytes", read, tier=name)
    for name, read in cache.breakers().items():
        metrics.gauge("cache_breaker", read, tier=name)
    for name in (*cache.pingables(), *([depot.disk.name] if depot else ())):
        metrics.expect(name)
    if depot:
        metrics.gauge("cache_bytes", lambda: depot.disk.used_bytes, tier=depot.disk.name)
        metrics.gauge("cache_breaker", lambda: depot.guarded.breaker.state, tier=depot.disk.name)
