"""How log lines look and where they go: one JSON object a line, or coloured text for people, on standard error.

Knows structlog and the standard library's logging, which is led into the same processors. Must never let a secret or
an unbounded text through, and must never fail because of what is logged.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from pixmill.telemetry.config import TelemetryConfig
from pixmill.telemetry.outlet import Outlet, standard_error
from pixmill.telemetry.redaction import REDACTED, SECRET_FIELDS, redact

MAX_TEXT: Final = 2_048
"""Characters of any one field; longer text is cut at its end."""

MAX_TRACEBACK: Final = 16_384
"""Characters of a traceback, which is cut in its middle: the error stands at the end."""

LEVELS: Final = {name.lower(): number for name, number in logging.getLevelNamesMapping().items()}

FOREIGN_LOGGERS: Final = ("_granian", "granian.access", "aiohttp", "asyncio")
"""Loggers of libraries that may bring handlers of their own; ``adopt`` takes those away."""

_ENCODER = msgspec.json.Encoder(enc_hook=repr)
_NEW: Final = b'%b"remote":%b,"request_id":"%b","seconds":%.6f,"timestamp":"%b"}'
"""A request's line: what is the same in many, which begins the object, and what is new in each."""

_PLAIN = (int, float, bool, type(None))


def configure(config: TelemetryConfig, outlet: Outlet | None = None) -> None:
    """Send every log line, ours and the libraries', to ``outlet`` (standard error) as the settings say."""
    outlet = outlet or standard_error()
    outlet.when_lost(_tell_of_lost)
    level = LEVELS[config.log_level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            *_finish(config, outlet),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: outlet,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=level, handlers=[Bridge()], force=True)
    adopt()


class Spelled(NamedTuple):
    """All of a request's line but what is new each time; ``json`` is None where lines are for people."""

    level: str
    facts: EventDict
    json: bytes | None


class AccessLog:
    """Writes the line of a request as every other line looks, by a shorter way.

    There is one for every answer, also for those that cost next to nothing. What is the same for all answers to the same request is spelled once:
    cleaned, encoded and kept by whoever asks.
    """

    def __init__(self, config: TelemetryConfig, outlet: Outlet | None = None) -> None:
        self._outlet = outlet or standard_error()
        self._least = LEVELS[config.log_level]
        self._clock = Clock()
        self._render = _renderer(config.log_format, self._outlet)

    def spell(self, level: str, event: str, facts: dict[str, object]) -> Spelled | None:
        """What ``write`` wants; None when lines of this level are not written."""
        if LEVELS[level] < self._least:
            return None
        spelled = clean(None, level, {**facts, "event": event, "level": level})
        return Spelled(level, spelled, _json(None, level, spelled)[:-1] + b"," if self._render is _json else None)

    def write(self, lines: Iterable[tuple[Spelled, str, bytes, float, float]]) -> None:
        """Some lines: each what was spelled, an address, an id that was found sane, when it was, how many seconds it took.

        Nothing of what is new in a line can hold a secret, or be long.
        """
        encode, stamp, written = _ENCODER.encode, self._clock.stamp, []
        for spelled, remote, id_, ended, seconds in lines:
            at = stamp(int(ended * 1_000))
            if spelled.json:
                written.append(_NEW % (spelled.json, encode(remote), id_, seconds, at.encode()))
            else:
                new: EventDict = {
                    "remote": remote,
                    "request_id": id_.decode(),
                    "seconds": round(seconds, 6),
                    "timestamp": at,
                }
                written.append(self._render(None, spelled.level, {**spelled.facts, **new}))
        self._outlet.lines(written)


def adopt(names: tuple[str, ...] = FOREIGN_LOGGERS) -> None:
    """Lead loggers that a library has configured for itself back to the root; call it after the library was set up."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


class Bridge(logging.Handler):
    """Hands what is logged through the standard library to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
            log = structlog.get_logger(record.name)
            log.log(level, record.getMessage(), logger=record.name, exc_info=record.exc_info)
        except Exception:  # noqa: BLE001 - logging's own convention: a handler reports its failures and goes on
            self.handleError(record)


def _finish(config: TelemetryConfig, outlet: Outlet) -> tuple[Processor, ...]:
    """The last steps of every line, which make bytes of it."""
    return Clock(), clean, _renderer(config.log_format, outlet)


def _tell_of_lost(lines: int) -> None:
    structlog.get_logger("telemetry").warning("log_lines_lost", lines=lines, reason="nobody read them in time")


class Clock:
    """Stamps a line with the time in ISO 8601, UTC, to the millisecond; the date is spelled once a second, all once a millisecond."""

    def __init__(self) -> None:
        self._second = self._now = 0
        self._spelled = self._stamp = ""

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["timestamp"] = self.read()
        return event

    def read(self) -> str:
        """The time now."""
        return self.stamp(time.time_ns() // 1_000_000)

    def stamp(self, now: int) -> str:
        """A time in milliseconds since the epoch."""
        if now == self._now:
            return self._stamp
        second = now // 1_000
        if second != self._second:
            self._spelled = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        self._now, self._stamp = now, f"{self._spelled}.{now % 1_000:03}Z"
        return self._stamp


def clean(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Every field without secrets and of bounded length."""
    for field, value in event.items():
        if field in SECRET_FIELDS:
            event[field] = REDACTED
        elif not isinstance(value, _PLAIN):
            text = value if isinstance(value, str) else repr(value)
            if not (text.isalnum() and len(text) <= MAX_TEXT):  # a single short word hides nothing
                event[field] = _bounded(field, redact(text))
    return event


def _bounded(field: str, text: str) -> str:
    if len(text) <= MAX_TEXT:
        return text
    if field != "exception":
        return f"{text[:MAX_TEXT]}…"
    return text if len(text) <= MAX_TRACEBACK else f"{text[:MAX_TEXT]}\n…\n{text[-MAX_TRACEBACK:]}"


def _renderer(log_format: str, outlet: Outlet) -> Callable[[Any, str, EventDict], bytes]:
    if log_format == "console" or (log_format == "auto" and outlet.isatty()):
        return _console(colours=outlet.isatty())
    return _json


def _json(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    try:
        return _ENCODER.encode(event)
    except (UnicodeEncodeError, TypeError):  # half a surrogate pair, or a key that is no text
        return json.dumps(event, default=repr, skipkeys=True).encode()


def _console(*, colours: bool) -> Callable[[Any, str, EventDict], bytes]:
    # Quoted, a value cannot smuggle control characters into the terminal.
    render = structlog.dev.ConsoleRenderer(
        colors=colours, repr_native_str=True, exception_formatter=structlog.dev.plain_traceback
    )

    def rendered(logger: WrappedLogger, method: str, event: EventDict) -> bytes:
        return render(logger, method, event).encode(errors="backslashreplace")

    return rendered
