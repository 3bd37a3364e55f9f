"""Reports defects to Sentry: exceptions that are logged as such, not what a client, an origin or a store causes.

Sends no request, no variables and no breadcrumbs; texts are redacted, and URLs end after their host. A thread sends
from a bounded queue, so that a server of Sentry that is slow or gone delays nothing.
"""

import re
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import structlog

from pixmill import __version__
from pixmill.runtime.event_log import EventLog
from pixmill.telemetry.redaction import REDACTED, redact

if TYPE_CHECKING:
    from sentry_sdk.types import Event

VARIABLE: Final = "SENTRY_DSN"
SHUTDOWN_TIMEOUT_S: Final = 2
_MAX_DEPTH: Final = 12
_SHOWN_FIELDS: Final = ("request_id", "trace_id")
_REMOVED: Final = ("request", "user", "breadcrumbs", "modules", "extra")
_AFTER_HOST: Final = re.compile(r"\b([a-z][a-z0-9+]{1,15}://[^/\s?#\"']{1,255})[/?#][^\s\"']*", re.IGNORECASE)


def is_sentry_installed() -> bool:
    """Return whether the extra is installed; imports nothing of it."""
    return find_spec("sentry_sdk") is not None


def open_error_reports(environment: Mapping[str, str]) -> Callable[[], None]:
    """Report defects from now on, if SENTRY_DSN is set; return what ends that. Raises ValueError."""
    dsn = environment.get(VARIABLE, "")
    if not dsn:
        return _nothing
    if not is_sentry_installed():
        raise ValueError(f"{VARIABLE} needs the extra pixmill[sentry]: pip install 'pixmill[sentry]'")
    import sentry_sdk  # noqa: PLC0415 - an extra, and only while it is on
    from sentry_sdk.utils import BadDsn  # noqa: PLC0415

    try:
        sentry_sdk.init(
            dsn,
            release=f"pixmill@{__version__}",
            default_integrations=False,
            auto_enabling_integrations=False,
            auto_session_tracking=False,
            include_local_variables=False,
            include_source_context=False,
            send_client_reports=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            shutdown_timeout=SHUTDOWN_TIMEOUT_S,
            before_send=scrub,
        )
    except BadDsn as error:
        message = f"{VARIABLE} must be the URL of a project; for example {VARIABLE}=https://key@sentry.example.com/1"
        raise ValueError(message) from error

    def report(event: str, _fields: Mapping[str, object]) -> None:
        with sentry_sdk.new_scope() as scope:
            scope.set_tag("event", event)
            known = structlog.contextvars.get_contextvars()
            for name in _SHOWN_FIELDS:
                if name in known:
                    scope.set_tag(name, str(known[name]))
            scope.capture_exception()

    EventLog.reporters.append(report)

    def close() -> None:
        EventLog.reporters.remove(report)
        sentry_sdk.get_client().close(timeout=SHUTDOWN_TIMEOUT_S)

    return close


def scrub(event: "Event", _hint: Mapping[str, object]) -> "Event":
    """Remove what may name a client or an image, and redact all texts."""
    for name in _REMOVED:
        event.pop(name, None)  # type: ignore[misc]  # a key of the table above
    for name, value in event.items():
        event[name] = _scrubbed(value, 0)  # type: ignore[literal-required]
    return event


def _scrubbed(value: object, depth: int) -> object:
    if isinstance(value, str):
        return _AFTER_HOST.sub(rf"\1/{REDACTED}", redact(value))
    if depth >= _MAX_DEPTH:
        return REDACTED
    if isinstance(value, dict):
        return {name: _scrubbed(one, depth + 1) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_scrubbed(one, depth + 1) for one in value]
    return value


def _nothing() -> None:
    """Do nothing."""
