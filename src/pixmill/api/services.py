"""What the routes work with, put together by ``wiring.py`` and found in the application's state."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from starlette.requests import Request

from pixmill.api.config import ApiConfig
from pixmill.dialects.registry import DialectRegistry
from pixmill.dialects.signing import Keyring
from pixmill.media import Format
from pixmill.services.health import HealthService
from pixmill.services.resize import ResizeService


@dataclass(frozen=True, slots=True)
class ApiServices:
    """One of each. ``keyring`` is None when unsigned requests are answered; ``metrics`` gives content type and text."""

    config: ApiConfig
    dialects: DialectRegistry
    keyring: Keyring | None
    auto_formats: tuple[Format, ...]
    resizer: ResizeService
    health: HealthService
    metrics: Callable[[str], tuple[str, bytes]]
    max_upload_bytes: int


def services_of(request: Request) -> ApiServices:
    """The services of the application that answers this request."""
    return cast("ApiServices", request.app.state.services)
