"""How log lines look and where they go: one JSON object a line, or coloured text for people, on standard error.

Knows structlog and the standard library's logging, which is led into the same processors. Must never let a secret or
an unbounded text through, and must never fail because of what is logged.
"""

import json
import logging
import sys
import time
from collections.abc import Callable
from typing import Any, BinaryIO, Final

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from pixmill.telemetry.config import TelemetryConfig
from pixmill.telemetry.redaction import REDACTED, SECRET_FIELDS, redact

MAX_TEXT: Final = 2_048
"""Characters of any one field; longer text is cut at its end."""

MAX_TRACEBACK: Final = 16_384
"""Characters of a traceback, which is cut in its middle: the error stands at the end."""

LEVELS: Final = {name.lower(): number for name, number in logging.getLevelNamesMapping().items()}

FOREIGN_LOGGERS: Final = ("_granian", "granian.access", "aiohttp", "asyncio")
"""Loggers of libraries that may bring handlers of their own; ``adopt`` takes those away."""

_ENCODER = msgspec.json.Encoder(enc_hook=repr)
_PLAIN = (int, float, bool, type(None))


def configure(config: TelemetryConfig, stream: BinaryIO | None = None) -> None:
    """Send every log line, ours and the libraries', to ``stream`` (standard error) as the settings say."""
    stream = stream or sys.stderr.buffer
    level = LEVELS[config.log_level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            *_finish(config, stream),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=level, handlers=[Bridge()], force=True)
    adopt()


class AccessLog:
    """Writes the line of a request as every other line looks, by a shorter way.

    There is one for every answer, also for those that cost next to nothing: through a structlog logger it would cost twice as much.
    """

    def __init__(self, config: TelemetryConfig, stream: BinaryIO | None = None) -> None:
        stream = stream or sys.stderr.buffer
        self._least = LEVELS[config.log_level]
        self._finish = _finish(config, stream)
        self._write = structlog.BytesLogger(stream).msg

    def __call__(self, level: str, event: str, facts: dict[str, object]) -> None:
        if LEVELS[level] >= self._least:
            line: Any = {**facts, "event": event, "level": level}
            for process in self._finish:
                line = process(None, level, line)
            self._write(line)


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


def _finish(config: TelemetryConfig, stream: BinaryIO) -> tuple[Processor, ...]:
    """The last steps of every line, which make bytes of it."""
    return Clock(), clean, _renderer(config.log_format, stream)


class Clock:
    """Stamps a line with the time in ISO 8601, UTC, to the millisecond; the date is spelled once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._spelled = ""

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        now = time.time_ns() // 1_000_000
        second = now // 1_000
        if second != self._second:
            self._spelled = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        event["timestamp"] = f"{self._spelled}.{now % 1_000:03}Z"
        return event


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


def _renderer(log_format: str, stream: BinaryIO) -> Processor:
    if log_format == "console" or (log_format == "auto" and stream.isatty()):
        return _console(colours=stream.isatty())
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
