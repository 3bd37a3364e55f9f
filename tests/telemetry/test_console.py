"""Lines of the log for people: short, coloured, as wide as the terminal, and without what could steer it."""

import fcntl
import io
import os
import re
import struct
import termios
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from pixmill.telemetry.config import TelemetryConfig
from pixmill.telemetry.console import (
    EVENT_SENTENCES,
    ConsoleRenderer,
    cache_word,
    format_bytes,
    format_seconds,
    uses_colours,
)
from pixmill.telemetry.log_writer import BufferedLogWriter
from pixmill.telemetry.logs import AccessLogWriter, configure_logging

HIT: Mapping[str, object] = {
    "status": 200, "method": "GET", "path": "/resize", "query": "url=photo.jpg&width=400", "bytes": 13_812,
    "cache": "Pixmill; hit; ttl=3600; detail=memory",
}  # fmt: skip
PLAIN = ConsoleRenderer(colours=False, columns=lambda: 0, times=False)


def line_of(renderer: ConsoleRenderer = PLAIN, seconds: float = 0.016, **fields: object) -> str:
    template = renderer.access_line({**HIT, **fields})
    [line] = renderer.access_lines([(template, seconds, "2026-01-02T03:04:05.678Z", "192.0.2.1 an-id")])
    return line.decode()


def without_colours(text: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", text)


def test_a_request_is_a_short_line() -> None:
    assert line_of() == "200 GET /resize?url=photo.jpg&width=400 16 ms hit 13.8 kB"
    assert line_of(query="", status=304, bytes=0, seconds=0.0004) == "304 GET /resize 0.4 ms hit"
    assert line_of(cache="Pixmill; fwd=uri-miss; stored").endswith(" 16 ms miss 13.8 kB")
    assert line_of(path="/health/live", query="", cache="", bytes=2) == "200 GET /health/live 16 ms 2 B"
    assert line_of(status=499, bytes=0).endswith(" 16 ms the client closed the connection")


def test_an_error_has_its_code_and_its_reason_on_the_line() -> None:
    line = line_of(status=404, code="source_not_found", detail="[Errno 2] No such file or directory: '/srv/a.jpg'")
    assert line == "404 GET /resize?url=photo.jpg&width=400 16 ms source_not_found: /srv/a.jpg does not exist"
    connection = "ConnectionKey(host='10.0.0.1', port=80, is_ssl=False, ssl=True, proxy=None)"
    refused = (
        f"ClientConnectorError({connection}, ConnectionRefusedError(111, \"Connect call failed ('10.0.0.1', 80)\"))"
    )
    line = line_of(status=502, code="source_unreachable", detail=refused)
    assert line.endswith("source_unreachable: 10.0.0.1:80 refuses connections: nothing listens there")
    assert line_of(status=503, code="queue_full", detail="").endswith(" 16 ms queue_full")
    assert len(line_of(status=502, code="a", detail="x" * 5_000)) < 600


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
@pytest.mark.parametrize("size", [1, 40, 100, 3_000])
def test_a_url_is_shortened_in_its_middle_to_the_width_of_the_terminal(columns: int, size: int) -> None:
    line = line_of(
        ConsoleRenderer(colours=False, columns=lambda: columns, times=False), query=f"url={'a' * size}&width=400"
    )
    assert len(line) <= columns
    assert line.startswith("200 GET /resize?")
    assert line.endswith("&width=400 16 ms hit 13.8 kB")
    assert ("…" in line) == (len(line_of(query=f"url={'a' * size}&width=400")) > columns)


@pytest.mark.parametrize(("status", "colour"), [(200, 32), (304, 36), (404, 33), (499, 33), (502, 31)])
def test_the_status_has_the_colour_of_its_class(status: int, colour: int) -> None:
    renderer = ConsoleRenderer(colours=True, columns=lambda: 80, times=False)
    line = line_of(renderer, status=status)
    assert f"\x1b[1m\x1b[{colour}m{status}\x1b[0m" in line
    assert without_colours(line) == line_of(
        ConsoleRenderer(colours=False, columns=lambda: 80, times=False), status=status
    )


def test_where_there_is_no_terminal_lines_have_time_client_and_request_id() -> None:
    line = line_of(ConsoleRenderer(colours=False, columns=lambda: 0, times=True), query="url=" + "a" * 2_000)
    assert line.startswith("2026-01-02T03:04:05.678Z 200 GET /resize?url=aaa")
    assert line.endswith("a 16 ms hit 13.8 kB 192.0.2.1 an-id")
    assert "…" not in line


@given(st.text(), st.text(), st.text())
def test_no_text_of_a_request_steers_the_terminal(path: str, query: str, detail: str) -> None:
    line = line_of(path=path, query=query, code="code", detail=detail, method=path)
    event = PLAIN(None, "info", {"event": detail, "level": "info", "exception": path, query or "field": query})
    for text in (line, event.decode().replace("\n", "")):
        assert text.isprintable()


@pytest.mark.parametrize(
    ("environment", "is_terminal", "coloured"),
    [
        ({}, True, True), ({}, False, False), ({"NO_COLOR": "1"}, True, False), ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True), ({"FORCE_COLOR": "0"}, True, False), ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False), ({"TERM": "xterm"}, True, True),
    ],
)  # fmt: skip
def test_colours_are_for_terminals_unless_the_environment_says_otherwise(
    environment: dict[str, str], *, is_terminal: bool, coloured: bool
) -> None:
    assert uses_colours(is_terminal=is_terminal, environment=environment) is coloured


class Pty(io.FileIO):
    """A terminal of 90 columns; ``shown`` returns what was written to it."""

    def __init__(self) -> None:
        self._other, end = os.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 90, 0, 0))
        super().__init__(end, "w")

    def shown(self) -> str:
        return os.read(self._other, 65_536).decode()

    def close(self) -> None:
        super().close()
        os.close(self._other)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pty]:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    with Pty() as stream:
        yield stream


def test_a_terminal_gets_coloured_lines_of_its_width(terminal: Pty) -> None:
    writer = BufferedLogWriter(terminal)
    log = AccessLogWriter(TelemetryConfig(), writer)
    template = log.format("info", "request", {**HIT, "query": "url=" + "a" * 200 + "&sig=hunter2"})
    assert template
    log.write([(template, "192.0.2.1", b"an-id", 0.0, 0.016, b"")])
    configure_logging(TelemetryConfig(), writer)
    structlog.get_logger().warning("component_failing", component="cache redis", code="store_unavailable", detail="no")
    assert writer.flush()
    access, event = terminal.shown().splitlines()
    assert access.startswith("\x1b[1m\x1b[32m200\x1b[0m GET /resize?url=aaa")
    assert len(without_colours(access)) == 90
    assert "hunter2" not in access
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d warning cache redis \(PIXMILL_CACHE\) is failing \(store_unavailable\): no",
        without_colours(event),
    )


def test_a_level_that_is_not_logged_has_no_lines(terminal: Pty) -> None:
    log = AccessLogWriter(TelemetryConfig(log_level="warning"), BufferedLogWriter(terminal))
    assert log.format("info", "request", dict(HIT)) is None


EVENTS: dict[str, dict[str, Any]] = {
    "listening for operators": {"address": "127.0.0.1", "port": 9090},
    "draining": {"delay_s": 0.0, "limit_s": 25.0},
    "requests cut off": {"after_s": 25.0, "requests": 3},
    "settings_reloaded": {"changed": "PIXMILL_KEYS"},
    "settings_need_restart": {"settings": "PIXMILL_PORT"},
    "settings_not_reloaded": {"error": "gone"},
    "component_failing": {"component": "images", "code": "store_error", "detail": "gone"},
    "component_recovered": {"component": "images"},
    "fallback_failed": {"code": "source_not_found", "detail": "gone"},
    "request_failed": {"detail": "gone"},
    "gauge_failed": {"gauge": "queue"},
    "log_lines_dropped": {"lines": 7, "reason": "log buffer full"},
    "few files may be open": {"max_connections": 4_096, "see": "ulimit -n"},
}


@pytest.mark.parametrize("name", EVENT_SENTENCES)
def test_events_are_sentences(name: str) -> None:
    line = PLAIN(
        None, "info", {"event": name, "level": "info", "timestamp": "2026-01-02T03:04:05.678Z", **EVENTS[name]}
    )
    assert line.startswith(b"03:04:05 info ")
    assert name.encode() not in line
    assert b"{" not in line
    assert b"=" not in line


def test_a_component_that_fails_is_named_with_its_setting_and_a_reason() -> None:
    s3 = "Generic S3 error: Error performing GET http://127.0.0.1:1/photos/.pixmill-probe in 151.4ms, after 2 retries, max_retries: 2, retry_timeout: 10s  - HTTP error: error sending request"
    fields = {"event": "component_failing", "level": "warning", "code": "store_unavailable"}
    assert PLAIN(None, "warning", {**fields, "component": "store photos", "detail": s3}) == (
        b"warning store photos (PIXMILL_STORES) is failing (store_unavailable): http://127.0.0.1:1 cannot be used: HTTP error: error sending request"
    )
    assert b"images (PIXMILL_IMAGES) is failing" in PLAIN(
        None, "warning", {**fields, "component": "images", "detail": "x"}
    )
    assert b"engine is failing" in PLAIN(None, "warning", {**fields, "component": "engine", "detail": "x"})


def test_an_event_without_its_fields_and_one_that_nobody_knows_are_shown_as_they_are() -> None:
    assert (
        PLAIN(None, "info", {"event": "draining", "level": "info", "x": "a b", "n": 3}) == b"info draining x='a b' n=3"
    )
    assert PLAIN(None, "info", {"event": "new", "level": "error", "exception": "Trace\n  at\x1b[2J"}) == (
        b"error new\n    Trace\n      at\\x1b[2J"
    )


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (13_812, "13.8 kB"),
        (99_960, "100 kB"),
        (999_600, "1.0 MB"),
        (2**30, "1.1 GB"),
        (10**13, "10000 GB"),
    ],
)
def test_sizes_have_three_digits(size: int, text: str) -> None:
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 ms"),
        (0.0004, "0.4 ms"),
        (0.00999, "10 ms"),
        (0.016, "16 ms"),
        (0.9996, "1.0 s"),
        (1.23, "1.2 s"),
        (125, "2 m 5 s"),
    ],
)
def test_durations_have_two_or_three_digits(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ("Pixmill; hit; ttl=3; detail=memory", "hit"), ("Pixmill; fwd=uri-miss; stored", "miss"),
        ("Pixmill; fwd=stale; fwd-status=304", "stale"), ("Pixmill; fwd=bypass", "bypass"), ("", ""),
    ],
)  # fmt: skip
def test_the_result_of_the_cache_is_a_word(header: str, word: str) -> None:
    assert cache_word(header) == word
