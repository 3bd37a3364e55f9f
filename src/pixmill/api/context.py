"""The application context: what ``wiring.py`` builds and the routes use, in groups.

Knows the parts by type only.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, cast

from starlette.requests import Request

from pixmill.api.auth_throttle import FailedAuthThrottle
from pixmill.api.config import ApiConfig
from pixmill.api.fastpath.load_shedder import LoadShedder
from pixmill.api.fastpath.request_cache import RequestCache
from pixmill.api.fastpath.telemetry_batch import TelemetryBatch
from pixmill.api.middleware.guards import InFlightRequests
from pixmill.api.middleware.response_body import ResponseBodies
from pixmill.api.middleware.telemetry import AccessLogger, RequestMetrics, RequestTracer
from pixmill.dialects.registry import DialectRegistry
from pixmill.media import Format
from pixmill.plan.freshness import FreshnessPolicy
from pixmill.plan.limits import Limits
from pixmill.ports.observe import Observer
from pixmill.ports.pipeline import ImageListing, Purger, Uploads
from pixmill.ports.purges import PurgeExchange
from pixmill.runtime.memory_budget import MemoryBudget
from pixmill.runtime.shared_rate_limiter import SharedBuckets
from pixmill.services.health import ComponentHealth, HealthService
from pixmill.services.resize import ResizeService
from pixmill.services.warm.queue import WarmProgress, WarmQueue


@dataclass(frozen=True, slots=True)
class ImageServices:
    """From a URL to an image."""

    dialects: DialectRegistry
    negotiable_formats: tuple[Format, ...]
    resizer: ResizeService
    request_cache: RequestCache
    freshness: FreshnessPolicy


@dataclass(frozen=True, slots=True)
class AdminServices:
    """What operators may do."""

    purger: Purger
    purge_exchange: PurgeExchange
    warm_queue: WarmQueue
    auth_throttle: FailedAuthThrottle = field(default_factory=FailedAuthThrottle)


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What rejects requests: sizes, memory, overload.

    ``rate_buckets`` are those of all server processes; None in a server of one.
    """

    images: Limits
    max_upload_bytes: int
    memory_budget: MemoryBudget
    rate_buckets: SharedBuckets | None
    response_bodies: ResponseBodies
    load_shedder: LoadShedder


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Metrics and access log. ``batch`` is flushed before counts are read.

    ``render_metrics`` returns the content type and the text for an Accept header; None if metrics are disabled.
    """

    observer: Observer
    request_metrics: RequestMetrics
    access_log: AccessLogger | None
    batch: TelemetryBatch
    render_metrics: Callable[[str], tuple[str, bytes]] | None
    tracer: RequestTracer | None = None


async def _do_nothing() -> None:
    """There is no work behind the answers."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Health, and what a shutdown needs: ``draining`` rejects new requests, ``in_flight`` can cancel the others.

    ``finish_work`` waits for what was started behind answers, for ten seconds at most.
    """

    health: HealthService
    finish_work: Callable[[], Awaitable[None]] = _do_nothing
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    in_flight: InFlightRequests = field(default_factory=InFlightRequests)


@dataclass(frozen=True, slots=True)
class Playground:
    """What the playground works with.

    ``local_only``: for clients on this machine only. ``uploads`` keeps what is dropped on the page. ``images`` lists
    the image root, None without one.
    ``allowed_sources`` are the patterns of URLs that may be fetched, none for any.
    """

    local_only: bool
    uploads: Uploads
    images: ImageListing | None = None
    allowed_sources: tuple[str, ...] = ()
    public_url: str = ""


class OtherProcesses(Protocol):
    """The other server processes on this port, for which this one speaks too."""

    async def health(self, timeout_s: float) -> ComponentHealth: ...

    async def render_metrics(self, accept: str) -> tuple[str, bytes]:
        """Return what ``Telemetry.render_metrics`` does, for all processes."""

    async def warm_progress(self, own: WarmProgress) -> WarmProgress: ...


@dataclass(frozen=True, slots=True)
class ApiContext:
    """All that routes and middlewares use. ``has_admin_routes``: the public application answers them.

    ``others`` is None in a server of one process.
    """

    config: ApiConfig
    images: ImageServices
    admin: AdminServices
    limits: RequestLimits
    telemetry: Telemetry
    lifecycle: Lifecycle
    playground: Playground | None = None
    has_admin_routes: bool = True
    others: OtherProcesses | None = None


def context_of(request: Request) -> ApiContext:
    """Return the context of the application that serves this request."""
    return cast("ApiContext", request.app.state.context)
