"""What the routes work with, put together by ``wiring.py`` and found in the application's state."""

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
from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.registry import DialectRegistry
from pixmill.dialects.signing import Keyring
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
    """What operators command."""

    purger: Purger
    warm_queue: WarmQueue


@dataclass(frozen=True, slots=True)
class ApiContext:
    """One of each. ``keyring`` is None when unsigned requests are answered; ``metrics`` makes content type and text
    for an Accept header, None when they are turned off. ``closing`` is set when no new request is to be answered;
    ``under_way`` can end those that are. ``native`` is the dialect in which the URLs are that this server itself hands out.
    ``books`` are to be settled before counts are read.
    """

    config: ApiConfig
    dialects: DialectRegistry
    keyring: Keyring | None
    negotiable_formats: tuple[Format, ...]
    resizer: ResizeService
    load_shedder: LoadShedder
    health: HealthService
    request_metrics: RequestMetrics
    render_metrics: Callable[[str], tuple[str, bytes]] | None
    access_log: AccessLogger | None
    max_upload_bytes: int
    memory_budget: MemoryBudget = UNLIMITED_BUDGET
    observer: Observer = field(default_factory=NullObserver)
    native_dialect: NativeDialect = field(default_factory=NativeDialect)
    admin: AdminOperations | None = None
    auth_throttle: FailedAuthThrottle = field(default_factory=FailedAuthThrottle)
    limits: Limits = field(default_factory=Limits)
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    in_flight: InFlightRequests = field(default_factory=InFlightRequests)
    request_cache: RequestCache = field(default_factory=RequestCache)
    telemetry_batch: TelemetryBatch = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self,
            "telemetry_batch",
            TelemetryBatch(self.request_metrics, self.access_log, self.resizer.results.count_hits),
        )


def context_of(request: Request) -> ApiContext:
    """The services of the application that answers this request."""
    return cast("ApiContext", request.app.state.context)
