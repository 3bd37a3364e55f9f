"""The application context: what the routes work with, built by ``wiring.py`` and kept in the application's state."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from starlette.requests import Request

from pixmill.api.auth_throttle import FailedAuthThrottle
from pixmill.api.config import ApiConfig
from pixmill.api.fastpath.load_shedder import LoadShedder
from pixmill.api.fastpath.request_cache import RequestCache
from pixmill.api.fastpath.telemetry_batch import TelemetryBatch
from pixmill.api.middleware.in_flight import InFlightRequests
from pixmill.api.middleware.telemetry import AccessLogger, RequestMetrics
from pixmill.dialects.registry import DialectRegistry
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.ports.observe import NullObserver, Observer
from pixmill.ports.pipeline import Purger
from pixmill.runtime.memory_budget import UNLIMITED_BUDGET, MemoryBudget
from pixmill.services.health import HealthService
from pixmill.services.resize import ResizeService
from pixmill.services.warm.queue import WarmQueue


@dataclass(frozen=True, slots=True)
class AdminOperations:
    """What the admin routes command."""

    purger: Purger
    warm_queue: WarmQueue


@dataclass(frozen=True, slots=True)
class ApiContext:
    """One of each part. ``render_metrics`` returns content type and text for an Accept header, None if metrics are disabled.

    ``draining`` is set when new requests are rejected; ``in_flight`` can cancel those that are being answered.
    ``telemetry_batch`` must be flushed before metrics are read.
    """

    config: ApiConfig
    dialects: DialectRegistry
    negotiable_formats: tuple[Format, ...]
    resizer: ResizeService
    load_shedder: LoadShedder
    request_cache: RequestCache
    health: HealthService
    request_metrics: RequestMetrics
    render_metrics: Callable[[str], tuple[str, bytes]] | None
    access_log: AccessLogger | None
    max_upload_bytes: int
    memory_budget: MemoryBudget = UNLIMITED_BUDGET
    observer: Observer = field(default_factory=NullObserver)
    admin: AdminOperations | None = None
    auth_throttle: FailedAuthThrottle = field(default_factory=FailedAuthThrottle)
    limits: Limits = field(default_factory=Limits)
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    in_flight: InFlightRequests = field(default_factory=InFlightRequests)
    telemetry_batch: TelemetryBatch = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self,
            "telemetry_batch",
            TelemetryBatch(self.request_metrics, self.access_log, self.resizer.results.count_hits),
        )


def context_of(request: Request) -> ApiContext:
    """Return the context of the application that answers this request."""
    return cast("ApiContext", request.app.state.context)
