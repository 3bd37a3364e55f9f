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
from pixmill.telemetry.log_writer import BufferedLogWriter, stderr_writer
from pixmill.telemetry.redaction import REDACTED, SECRET_FIELDS, redact

MAX_TEXT_CHARACTERS: Final = 2_048
"""Characters of any one field; longer text is cut at its end."""

MAX_TRACEBACK_CHARACTERS: Final = 16_384
"""Characters of a traceback, which is cut in its middle: the error stands at the end."""

LEVELS: Final = {name.lower(): number for name, number in logging.getLevelNamesMapping().items()}

FOREIGN_LOGGERS: Final = ("_granian", "granian.access", "aiohttp", "asyncio")
"""Loggers of libraries that may bring handlers of their own; ``adopt`` takes those away."""

_ENCODER = msgspec.json.Encoder(enc_hook=repr)
_VARYING_FIELDS: Final = b'%b"remote":%b,"request_id":"%b","seconds":%.6f,"timestamp":"%b"}'
"""A request's line: what is the same in many, which begins the object, and what is new in each."""

_SCALAR_TYPES = (int, float, bool, type(None))


def configure_logging(config: TelemetryConfig, writer: BufferedLogWriter | None = None) -> None:
    """Send every log line, ours and the libraries', to ``outlet`` (standard error) as the settings say."""
    writer = writer or stderr_writer()
    writer.on_dropped(_warn_lines_dropped)
    level = LEVELS[config.log_level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            *_final_processors(config, writer),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: writer,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=level, handlers=[StdlibLogHandler()], force=True)
    adopt_foreign_loggers()


class AccessLogTemplate(NamedTuple):
    """All of a request's line but what is new each time; ``json`` is None where lines are for people."""

    level: str
    fields: EventDict
    json: bytes | None


class AccessLogWriter:
    """Writes the line of a request as every other line looks, by a shorter way.

    There is one for every answer, also for those that cost next to nothing. What is the same for all answers to the same request is spelled once:
    cleaned, encoded and kept by whoever asks.
    """

    def __init__(self, config: TelemetryConfig, writer: BufferedLogWriter | None = None) -> None:
        self._writer = writer or stderr_writer()
        self._min_level = LEVELS[config.log_level]
        self._timestamper = Timestamper()
        self._render = _renderer(config.log_format, self._writer)

    def format(self, level: str, event: str, fields: dict[str, object]) -> AccessLogTemplate | None:
        """What ``write`` wants; None when lines of this level are not written."""
        if LEVELS[level] < self._min_level:
            return None
        cleaned = sanitize_fields(None, level, {**fields, "event": event, "level": level})
        return AccessLogTemplate(
            level, cleaned, _render_json(None, level, cleaned)[:-1] + b"," if self._render is _render_json else None
        )

    def write(self, records: Iterable[tuple[AccessLogTemplate, str, bytes, float, float]]) -> None:
        """Some lines: each what was spelled, an address, an id that was found sane, when it was, how many seconds it took.

        Nothing of what is new in a line can hold a secret, or be long.
        """
        encode, format_time, output = _ENCODER.encode, self._timestamper.format, []
        for template, remote, id_, ended_at, seconds in records:
            timestamp = format_time(int(ended_at * 1_000))
            if template.json:
                output.append(_VARYING_FIELDS % (template.json, encode(remote), id_, seconds, timestamp.encode()))
            else:
                varying: EventDict = {
                    "remote": remote,
                    "request_id": id_.decode(),
                    "seconds": round(seconds, 6),
                    "timestamp": timestamp,
                }
                output.append(self._render(None, template.level, {**template.fields, **varying}))
        self._writer.write_lines(output)


def adopt_foreign_loggers(names: tuple[str, ...] = FOREIGN_LOGGERS) -> None:
    """Lead loggers that a library has configured for itself back to the root; call it after the library was set up."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


class StdlibLogHandler(logging.Handler):
    """Hands what is logged through the standard library to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
            log = structlog.get_logger(record.name)
            log.log(level, record.getMessage(), logger=record.name, exc_info=record.exc_info)
        except Exception:  # noqa: BLE001 - logging's own convention: a handler reports its failures and goes on
            self.handleError(record)


def _final_processors(config: TelemetryConfig, writer: BufferedLogWriter) -> tuple[Processor, ...]:
    """The last steps of every line, which make bytes of it."""
    return Timestamper(), sanitize_fields, _renderer(config.log_format, writer)


def _warn_lines_dropped(lines: int) -> None:
    structlog.get_logger("telemetry").warning("log_lines_lost", lines=lines, reason="nobody read them in time")


class Timestamper:
    """Stamps a line with the time in ISO 8601, UTC, to the millisecond; the date is spelled once a second, all once a millisecond."""

    def __init__(self) -> None:
        self._second = self._now = 0
        self._second_text = self._timestamp = ""

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["timestamp"] = self.now()
        return event

    def now(self) -> str:
        """The time now."""
        return self.format(time.time_ns() // 1_000_000)

    def format(self, now: int) -> str:
        """A time in milliseconds since the epoch."""
        if now == self._now:
            return self._timestamp
        second = now // 1_000
        if second != self._second:
            self._second_text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        self._now, self._timestamp = now, f"{self._second_text}.{now % 1_000:03}Z"
        return self._timestamp


def sanitize_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Every field without secrets and of bounded length."""
    for field, value in event.items():
        if field in SECRET_FIELDS:
            event[field] = REDACTED
        elif not isinstance(value, _SCALAR_TYPES):
            text = value if isinstance(value, str) else repr(value)
            if not (text.isalnum() and len(text) <= MAX_TEXT_CHARACTERS):  # a single short word hides nothing
                event[field] = _truncated(field, redact(text))
    return event


def _truncated(field: str, text: str) -> str:
    if len(text) <= MAX_TEXT_CHARACTERS:
        return text
    if field != "exception":
        return f"{text[:MAX_TEXT_CHARACTERS]}…"
    return (
        text
        if len(text) <= MAX_TRACEBACK_CHARACTERS
        else f"{text[:MAX_TEXT_CHARACTERS]}\n…\n{text[-MAX_TRACEBACK_CHARACTERS:]}"
    )


def _renderer(log_format: str, writer: BufferedLogWriter) -> Callable[[Any, str, EventDict], bytes]:
    if log_format == "console" or (log_format == "auto" and writer.isatty()):
        return _console_renderer(colours=writer.isatty())
    return _render_json


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    try:
        return _ENCODER.encode(event)
    except (UnicodeEncodeError, TypeError):  # half a surrogate pair, or a key that is no text
        return json.dumps(event, default=repr, skipkeys=True).encode()


def _console_renderer(*, colours: bool) -> Callable[[Any, str, EventDict], bytes]:
    # Quoted, a value cannot smuggle control characters into the terminal.
    render = structlog.dev.ConsoleRenderer(
        colors=colours, repr_native_str=True, exception_formatter=structlog.dev.plain_traceback
    )

    def render_line(logger: WrappedLogger, method: str, event: EventDict) -> bytes:
        return render(logger, method, event).encode(errors="backslashreplace")

    return render_line
