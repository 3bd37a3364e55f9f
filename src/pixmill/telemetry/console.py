"""Lines of the log for people: short, coloured on a terminal, without what could steer it.

    200 GET /resize?url=photo.jpg&width=400 16 ms hit 13.8 kB
    404 GET /resize?url=foto.jpg&width=400 2.1 ms source_not_found: there is no such file

Knows the fields of access-log records and the events that deserve a sentence; every text that it writes comes without
control characters. Must never know where lines go.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from structlog.typing import EventDict

from pixmill.runtime.os_errors import errno_problem
from pixmill.telemetry.redaction import printable

_RESET: Final = "\x1b[0m"
_BOLD: Final = "\x1b[1m"
_DIM: Final = "\x1b[2m"
_RED: Final = "\x1b[31m"
_GREEN: Final = "\x1b[32m"
_YELLOW: Final = "\x1b[33m"
_CYAN: Final = "\x1b[36m"

_STATUS_COLOURS: Final = {2: _GREEN, 3: _CYAN, 4: _YELLOW, 5: _RED}
_CACHE_COLOURS: Final = {"hit": _GREEN, "stale": _YELLOW}
_LEVEL_COLOURS: Final = {"debug": _DIM, "info": _CYAN, "warning": _YELLOW, "error": _RED, "critical": _RED}

_MIN_URL_COLUMNS: Final = 32
"""A URL is not shortened below that: a line that says why a request failed may be longer than the terminal is wide."""

_MAX_DETAIL_CHARACTERS: Final = 400
_MAX_VALUE_CHARACTERS: Final = 200
_TAIL_SHARE: Final = 0.5

EVENT_SENTENCES: Final[Mapping[str, str]] = {
    "listening for operators": "/metrics, /health and /admin are on {address}, port {port}",
    "draining": "stopping: requests in flight have {limit_s:g} s to finish",
    "requests cut off": "{requests} requests were cut off after {after_s:g} s",
    "settings_reloaded": "settings were reloaded; changed: {changed}",
    "settings_need_restart": "changed settings need a restart, and stay as they were: {settings}",
    "settings_not_reloaded": "settings were not reloaded, those in force stay: {error}",
    "component_failing": "{component} is failing ({code}): {detail}",
    "component_recovered": "{component} works again",
    "fallback_failed": "the fallback image cannot be used ({code}): {detail}",
    "request_failed": "a request failed because of a defect: {detail}",
    "gauge_failed": "the gauge {gauge} cannot be read",
    "log_lines_dropped": "{lines} lines of the log were lost: {reason}",
    "few files may be open": "the limit of open files is low for {max_connections} connections: raise `{see}`",
}
"""Sentences for events whose names are for machines, with their fields."""

_FILE_ERROR = re.compile(r"\[Errno ([0-9]{1,4})\] [^:]{1,80}: '([^']{1,400})'\Z")
_CONNECTION_ERROR = re.compile(
    r"Client\w{1,40}\(ConnectionKey\(host='([^']{1,253})', port=([0-9]{1,5}).{0,300}?\)(?:, \w{1,40}\(([0-9]{1,4}),)?",
    re.DOTALL,
)

_STORE_ERROR = re.compile(
    r"Generic \w{1,20} error: Error performing \w{1,10} (https?://[^/\s]{1,253})\S{0,2000} in \S{1,20}"
    r"(.{0,300}? - (.{1,200}))?",
    re.DOTALL,
)
_COMPONENT_SETTINGS: Final = {"images": "PIXMILL_IMAGES", "store": "PIXMILL_STORES", "cache": "PIXMILL_CACHE"}
"""Settings of the components that ``/health`` names, by the first word of their names."""

_CLOCK: Final = slice(11, 19)
_SERVER_ERROR: Final = 500
_CLIENT_CLOSED: Final = 499
_HIDDEN_FIELDS: Final = frozenset({"event", "level", "timestamp", "exception", "logger", "request_id"})


class ConsoleLine(NamedTuple):
    """What the lines of identical requests share: texts in front of the URL, the URL, and behind the duration."""

    start: str
    start_columns: int
    url: str
    end: str
    end_columns: int


class ConsoleRenderer:
    """Renders events. ``columns`` returns the width of the terminal, 0 where there is none."""

    def __init__(self, *, colours: bool, columns: Callable[[], int], times: bool) -> None:
        self._colours = colours
        self._columns = columns
        self._times = times

    def __call__(self, _logger: object, _method: str, event: EventDict) -> bytes:
        """Return the line of an event, and below it the traceback of an exception."""
        level = str(event.get("level", "info"))
        time = str(event.get("timestamp", ""))
        text, fields = _sentence(event)
        parts = [
            self._paint(_DIM, time if self._times else time[11:19]),
            self._paint(_LEVEL_COLOURS.get(level, ""), level),
        ]
        parts += [text, *(self._paint(_DIM, f"{printable(name)}=") + value for name, value in fields.items())]
        lines = [" ".join(filter(None, parts))]
        lines += [f"    {printable(line)}" for line in str(event.get("exception", "")).splitlines()]
        return "\n".join(lines).encode(errors="backslashreplace")

    def access_line(self, fields: EventDict) -> ConsoleLine:
        """Return what lines of the access log with these fields share."""
        status, method = int(fields["status"]), printable(str(fields["method"]))
        query = str(fields.get("query", ""))
        url = printable(f"{fields['path']}{'?' * bool(query)}{query}")
        if code := str(fields.get("code", "")):
            detail = printable(_readable(str(fields.get("detail", ""))))
            plain = f"{code}: {_shorten(detail, _MAX_DETAIL_CHARACTERS)}" if detail else code
            end = self._paint(_RED if status >= _SERVER_ERROR else _YELLOW, code) + plain[len(code) :]
        elif status == _CLIENT_CLOSED:
            end = plain = "the client closed the connection"
        else:
            cache, size = cache_word(str(fields.get("cache", ""))), int(fields.get("bytes", 0))
            shown_size = format_bytes(size) if size else ""
            plain = f"{cache} {shown_size}".strip()
            end = f"{self._paint(_CACHE_COLOURS.get(cache, ''), cache)} {self._paint(_DIM, shown_size)}".strip()
        start = f"{self._paint(_BOLD + _STATUS_COLOURS.get(status // 100, ''), str(status))} {method} "
        return ConsoleLine(start, len(f"{status} {method} "), url, end, len(plain))

    def access_lines(self, records: Iterable[tuple[ConsoleLine, float, str, str]]) -> list[bytes]:
        """Return lines of template, duration in seconds, and two texts that terminals do not show: time and client."""
        columns = self._columns()
        return [self._access_line(line, seconds, time, client, columns) for line, seconds, time, client in records]

    def _access_line(self, line: ConsoleLine, seconds: float, time: str, client: str, columns: int) -> bytes:
        duration, url = format_seconds(seconds), line.url
        if columns:
            available = columns - line.start_columns - len(duration) - line.end_columns - 2
            url = _shorten(url, max(available, columns // 2, _MIN_URL_COLUMNS))
        shown = f"{_DIM}{duration}{_RESET}" if self._colours else duration
        text = f"{line.start}{url} {shown} {line.end}".rstrip()
        return (f"{time} {text} {client}" if self._times else text).encode(errors="backslashreplace")

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colours and colour and text else text


def uses_colours(*, is_terminal: bool, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether to colour: NO_COLOR and FORCE_COLOR, unless empty, count more than what the stream is."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return environment["FORCE_COLOR"] not in {"0", "false"}
    return is_terminal and environment.get("TERM") != "dumb"


def cache_word(cache_status: str) -> str:
    """Return the result of a Cache-Status header (RFC 9211) in a word: ``hit``, ``miss``, ``stale``, ``bypass``."""
    for part in cache_status.split("; ")[1:]:
        if part == "hit":
            return "hit"
        if part.startswith("fwd="):
            return part[4:].removeprefix("uri-")
    return ""


def format_bytes(size: int) -> str:
    """Return a size with three digits: ``345 B``, ``13.8 kB``, ``1.2 MB``."""
    if size < 1_000:  # noqa: PLR2004 - kilo
        return f"{size} B"
    number = float(size)
    for unit in ("kB", "MB", "GB"):
        number /= 1_000
        if number < 999.5 or unit == "GB":  # noqa: PLR2004 - what would be rounded to 1000
            return f"{number:.1f} {unit}" if number < 99.95 else f"{number:.0f} {unit}"  # noqa: PLR2004 - to 100.0
    raise AssertionError


def format_seconds(seconds: float) -> str:
    """Return a duration with two or three digits: ``0.4 ms``, ``16 ms``, ``1.2 s``, ``2 m 5 s``."""
    if seconds < 0.00995:  # noqa: PLR2004 - what would be rounded to 10.0 ms
        return f"{seconds * 1_000:.1f} ms"
    if seconds < 0.9995:  # noqa: PLR2004 - to 1000 ms
        return f"{seconds * 1_000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 59.95 else f"{seconds // 60:.0f} m {seconds % 60:.0f} s"  # noqa: PLR2004


def _sentence(event: EventDict) -> tuple[str, dict[str, str]]:
    """Return the text of an event, and the fields that are not in it."""
    name = str(event.get("event", ""))
    template = EVENT_SENTENCES.get(name)
    fields = {field: value for field, value in event.items() if field not in _HIDDEN_FIELDS and value}
    text = name
    if setting := _COMPONENT_SETTINGS.get(str(fields.get("component", "")).partition(" ")[0]):
        fields["component"] = f"{fields['component']} ({setting})"
    if "detail" in fields:
        fields["detail"] = _readable(str(fields["detail"]))
    if template is not None:
        try:
            text = template.format_map(fields)
        except (KeyError, ValueError, TypeError):
            template = None
    shown = {
        field: _value(value) for field, value in fields.items() if template is None or f"{{{field}" not in template
    }
    logger = str(event.get("logger", ""))
    if logger and not logger.startswith("pixmill"):
        shown["logger"] = printable(logger)
    return printable(text), shown


def _readable(detail: str) -> str:
    """Replace the texts of the operating system and of the HTTP client in the detail of an error by a sentence."""
    if file := _FILE_ERROR.match(detail):
        return f"{file[2]} {errno_problem(int(file[1]))}"
    if connection := _CONNECTION_ERROR.match(detail):
        number = int(connection[3] or 0)
        return f"{connection[1]}:{connection[2]} {errno_problem(number) if number else 'cannot be reached'}"
    if store := _STORE_ERROR.match(detail):
        return f"{store[1]} cannot be used: {store[3] or 'no answer'}"
    return detail


def _value(value: object) -> str:
    text = _shorten(value if isinstance(value, str) else str(value), _MAX_VALUE_CHARACTERS)
    return repr(text) if " " in text or not text.isprintable() or not text else text


def _shorten(text: str, columns: int) -> str:
    """Replace the middle of a text that is longer: the ends of a URL, its path and last parameters, tell most."""
    if len(text) <= columns:
        return text
    tail = int((columns - 1) * _TAIL_SHARE)
    return f"{text[: columns - 1 - tail]}…{text[len(text) - tail :]}"
