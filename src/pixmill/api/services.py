"""What the routes work with, put together by ``wiring.py`` and found in the application's state."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from starlette.requests import Request

from pixmill.api.books import Books
from pixmill.api.config import ApiConfig
from pixmill.api.connection import UnderWay
from pixmill.api.familiar import Familiar
from pixmill.api.guesses import Guesses
from pixmill.api.middleware import AccessLog, Traffic
from pixmill.api.rush import Rush
from pixmill.budget import UNBOUNDED, Budget
from pixmill.dialects.native import Native
from pixmill.dialects.registry import DialectRegistry
from pixmill.dialects.signing import Keyring
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.ports import Observer, Purger, Unobserved
from pixmill.services.health import HealthService
from pixmill.services.resize import ResizeService
from pixmill.services.warmup import Warmup


@dataclass(frozen=True, slots=True)
class Operated:
    """What operators command."""

    purger: Purger
    warmup: Warmup


@dataclass(frozen=True, slots=True)
class ApiServices:
    """One of each. ``keyring`` is None when unsigned requests are answered; ``metrics`` makes content type and text
    for an Accept header, None when they are turned off. ``closing`` is set when no new request is to be answered;
    ``under_way`` can end those that are. ``native`` is the dialect in which the URLs are that this server itself hands out.
    ``books`` are to be settled before counts are read.
    """

    config: ApiConfig
    dialects: DialectRegistry
    keyring: Keyring | None
    negotiable: tuple[Format, ...]
    resizer: ResizeService
    rush: Rush
    health: HealthService
    traffic: Traffic
    metrics: Callable[[str], tuple[str, bytes]] | None
    access_log: AccessLog | None
    max_upload_bytes: int
    budget: Budget = UNBOUNDED
    observer: Observer = field(default_factory=Unobserved)
    native: Native = field(default_factory=Native)
    operated: Operated | None = None
    guesses: Guesses = field(default_factory=Guesses)
    limits: Limits = field(default_factory=Limits)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: UnderWay = field(default_factory=UnderWay)
    familiar: Familiar = field(default_factory=Familiar)
    books: Books = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "books", Books(self.traffic, self.access_log, self.resizer.results.used))


def services_of(request: Request) -> ApiServices:
    """The services of the application that answers this request."""
    return cast("ApiServices", request.app.state.services)
