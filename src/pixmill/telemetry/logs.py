"""Log format and destination: one JSON object per line, or coloured text for a terminal, on standard error.

Knows structlog and the standard library's logging, which is routed through the same processors. Must never write a
secret or an unbounded text, and must never fail because of what is logged.
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
from pixmill.telemetry.console import ConsoleLine, ConsoleRenderer, uses_colours
from pixmill.telemetry.log_writer import BufferedLogWriter, stderr_writer
from pixmill.telemetry.redaction import REDACTED, SECRET_FIELDS, redact

MAX_TEXT_CHARACTERS: Final = 2_048
"""Maximum length of a field; longer text is cut at its end."""

MAX_TRACEBACK_CHARACTERS: Final = 16_384
"""Maximum length of a traceback, which is cut in the middle: the error is at its end."""

LEVELS: Final = {name.lower(): number for name, number in logging.getLevelNamesMapping().items()}

FOREIGN_LOGGERS: Final = ("_granian", "granian.access", "aiohttp", "asyncio")
"""Loggers of libraries that may install their own handlers; ``adopt_foreign_loggers`` removes those."""

_ENCODER = msgspec.json.Encoder(enc_hook=repr)
_VARYING_FIELDS: Final = b'%b"remote":%b,"request_id":"%b","seconds":%.6f,%b"timestamp":"%b"}'
"""An access-log line: the constant part, which begins the object, and the fields that vary."""

_SCALAR_TYPES = (int, float, bool, type(None))


def configure_logging(config: TelemetryConfig, writer: BufferedLogWriter | None = None) -> None:
    """Send every log line, of Pixmill and of libraries, to ``writer`` (default: standard error)."""
    writer = writer or stderr_writer()
    writer.on_dropped(_warn_lines_dropped)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _drop_below_level,
            structlog.processors.format_exc_info,
            *_final_processors(config, writer),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),  # loggers keep theirs: see set_log_level
        logger_factory=lambda *_: writer,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[StdlibLogHandler()], force=True)
    set_log_level(config.log_level)
    adopt_foreign_loggers()


def set_log_level(name: str) -> None:
    """Log lines of this level and above from now on, but for the access log, which has its own."""
    _Level.minimum = LEVELS[name]
    logging.getLogger().setLevel(_Level.minimum)


class _Level:
    """Of the whole process, as its log is; structlog's own filter cannot be changed once a logger is used."""

    minimum = logging.INFO


def _drop_below_level(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if LEVELS[event["level"]] < _Level.minimum:
        raise structlog.DropEvent
    return event


class AccessLogTemplate(NamedTuple):
    """The constant part of an access-log line, as JSON or for the console."""

    json: bytes
    console: ConsoleLine | None = None


class AccessLogWriter:
    """Writes access-log lines in the same format as all others, but faster.

    Every response has a line, also a cached one. The part that is the same for all responses to the same request is
    redacted and encoded once (``format``), and kept by the caller.
    """

    def __init__(self, config: TelemetryConfig, writer: BufferedLogWriter | None = None) -> None:
        self._writer = writer or stderr_writer()
        self._min_level = LEVELS[config.log_level]
        self._timestamper = Timestamper()
        self._console = None if is_json(config, self._writer) else _console_renderer(self._writer)

    def set_level(self, name: str) -> None:
        """Write lines of this level and above from now on; templates that were made before stay as they are."""
        self._min_level = LEVELS[name]

    def format(self, level: str, event: str, fields: dict[str, object]) -> AccessLogTemplate | None:
        """Returns the template for ``write``; None when lines of this level are not logged."""
        if LEVELS[level] < self._min_level:
            return None
        cleaned = sanitize_fields(None, level, {**fields, "event": event, "level": level})
        if self._console:
            return AccessLogTemplate(b"", self._console.access_line(cleaned))
        return AccessLogTemplate(_render_json(None, level, cleaned)[:-1] + b",")

    def write(self, records: Iterable[tuple[AccessLogTemplate, str, bytes, float, float, bytes]]) -> None:
        """Write lines of template, client address, validated request id, end time, duration in seconds, ids of a trace.

        None of the varying fields can contain a secret or be long.
        """
        encode, format_time = _ENCODER.encode, self._timestamper.format
        if self._console:
            output = self._console.access_lines(
                (template.console, seconds, format_time(int(ended_at * 1_000)), f"{remote} {id_.decode()}")
                for template, remote, id_, ended_at, seconds, _ in records
                if template.console
            )
        else:
            output = [
                _VARYING_FIELDS
                % (template.json, encode(remote), id_, seconds, trace, format_time(int(ended_at * 1_000)).encode())
                for template, remote, id_, ended_at, seconds, trace in records
            ]
        self._writer.write_lines(output)


def adopt_foreign_loggers(names: tuple[str, ...] = FOREIGN_LOGGERS) -> None:
    """Route loggers that a library has configured to the root logger; call it after the library was set up."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


class StdlibLogHandler(logging.Handler):
    """Passes records of the standard library's logging to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
            log = structlog.get_logger(record.name)
            log.log(level, record.getMessage(), logger=record.name, exc_info=record.exc_info)
        except Exception:  # noqa: BLE001 - the convention of logging: a handler reports its failures and goes on
            self.handleError(record)


def _final_processors(config: TelemetryConfig, writer: BufferedLogWriter) -> tuple[Processor, ...]:
    """Returns the last processors, which make bytes of an event."""
    return Timestamper(), sanitize_fields, _renderer(config, writer)


def _warn_lines_dropped(lines: int) -> None:
    structlog.get_logger("telemetry").warning("log_lines_dropped", lines=lines, reason="log buffer full")


class Timestamper:
    """Adds the time in ISO 8601, UTC, in milliseconds; formats the date once a second, the rest once a millisecond."""

    def __init__(self) -> None:
        self._second = self._now = 0
        self._second_text = self._timestamp = ""

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["timestamp"] = self.now()
        return event

    def now(self) -> str:
        return self.format(time.time_ns() // 1_000_000)

    def format(self, now: int) -> str:
        """Returns the text of a time in milliseconds since the epoch."""
        if now == self._now:
            return self._timestamp
        second = now // 1_000
        if second != self._second:
            self._second_text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        self._now, self._timestamp = now, f"{self._second_text}.{now % 1_000:03}Z"
        return self._timestamp


def sanitize_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Redact and truncate every field."""
    for field, value in event.items():
        if field in SECRET_FIELDS:
            event[field] = REDACTED
        elif not isinstance(value, _SCALAR_TYPES):
            text = value if isinstance(value, str) else repr(value)
            if not (text.isalnum() and len(text) <= MAX_TEXT_CHARACTERS):  # a single short word contains no secret
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


def is_json(config: TelemetryConfig, writer: BufferedLogWriter) -> bool:
    """Return whether lines are JSON: by the setting, or for ``auto`` unless ``writer`` is a terminal."""
    return config.log_format == "json" or (config.log_format == "auto" and not writer.isatty())


def _renderer(config: TelemetryConfig, writer: BufferedLogWriter) -> Callable[[Any, str, EventDict], bytes]:
    return _render_json if is_json(config, writer) else _console_renderer(writer)


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    try:
        return _ENCODER.encode(event)
    except (UnicodeEncodeError, TypeError):  # a lone surrogate, or a key that is not a string
        return json.dumps(event, default=repr, skipkeys=True).encode()


def _console_renderer(writer: BufferedLogWriter) -> ConsoleRenderer:
    """Return the renderer for a stream. Where it is no terminal, lines are whole and have times."""
    is_terminal = writer.isatty()
    return ConsoleRenderer(colours=uses_colours(is_terminal=is_terminal), columns=writer.columns, times=not is_terminal)
