"""A resize service of these fakes, put together as ``pixmill.wiring`` does it, by clocks that a test can set."""

import time
from collections.abc import Callable

from pixmill.plan.freshness import NO_NEGATIVE_CACHING, FreshnessPolicy, NegativeTtl
from pixmill.plan.key import Key
from pixmill.ports.observe import NullObserver
from pixmill.ports.pipeline import NO_LOCKS, NO_PURGES, Cache, Engine, Purges, RenderLocks, Source
from pixmill.services.inputs.caches import FetchFailureCache, InputCaches, VersionCache
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


def resize_service(
    source: Source,
    engine: Engine,
    cache: Cache,
    *,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    purges: Purges = NO_PURGES,
    negative_ttl: NegativeTtl = NO_NEGATIVE_CACHING,
    locks: RenderLocks = NO_LOCKS,
) -> ResizeService:
    freshness, observer = FreshnessPolicy(), NullObserver()
    caches = InputCaches(
        VersionCache(freshness, monotonic), fetch_failures=FetchFailureCache(negative_ttl, monotonic, observer)
    )
    inputs = InputLoader(source, engine.announce, caches, freshness, observer, purges)
    flights: PurgeAwareFlights[Key, ResizeResult] = PurgeAwareFlights(purges)
    results = ResultCache(cache, freshness, observer, clock, purges, truncated_ttl_s=negative_ttl.undecodable_s)
    failures = RenderFailureCache(negative_ttl, freshness, observer, monotonic, purges)
    lookup = Lookup(results, BatchWarmer(engine, results, inputs, flights, failures), clock)
    renderer = Renderer(inputs, engine, results, failures, locks, lookup)
    revalidator = Revalidator(inputs, results, locks, lookup, renderer, BackgroundRefresher(clock=monotonic), flights)
    return ResizeService(lookup, renderer, revalidator, flights, observer, PurgeAwareFlights(purges))
