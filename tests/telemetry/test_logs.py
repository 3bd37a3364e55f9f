"""Every record becomes one line: machine-readable, without secrets, of bounded length."""

import io
import json
import logging
import re
from typing import Any

import structlog

from pixmill.telemetry.config import TelemetryConfig
from pixmill.telemetry.log_writer import BufferedLogWriter
from pixmill.telemetry.logs import MAX_TEXT_CHARACTERS, AccessLogWriter, adopt_foreign_loggers, configure_logging


class Page(io.BytesIO):
    """Stream that records what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.writer = BufferedLogWriter(self)

    @property
    def lines(self) -> list[str]:
        assert self.writer.flush()
        return self.getvalue().decode().splitlines()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


def configured(**settings: Any) -> Page:
    page = Page()
    configure_logging(TelemetryConfig(**settings), page.writer)
    return page


def test_a_line_is_one_json_object_with_level_and_time() -> None:
    page = configured()
    structlog.get_logger().info("hello", width=3, ok=True)
    (event,) = page.events
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event.pop("timestamp"))
    assert event == {"event": "hello", "level": "info", "width": 3, "ok": True}


def test_the_request_id_is_on_every_line_of_a_request() -> None:
    page = configured()
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        structlog.get_logger().info("fetching")
        logging.getLogger("aiohttp.client").warning("slow")
    assert [event["request_id"] for event in page.events] == ["abc", "abc"]


def test_what_is_below_the_level_is_not_written() -> None:
    page = configured(log_level="warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("asyncio").info("quiet")
    structlog.get_logger().warning("loud")
    assert [event["event"] for event in page.events] == ["loud"]


def test_libraries_write_the_same_lines() -> None:
    page = configured()
    logging.getLogger("aiohttp.access").warning("connection to %s lost", "a.example")
    (event,) = page.events
    assert (event["event"], event["level"], event["logger"]) == (
        "connection to a.example lost",
        "warning",
        "aiohttp.access",
    )


def test_a_library_that_brings_its_own_handlers_is_led_back() -> None:
    page = configured()
    logger = logging.getLogger("_granian")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    adopt_foreign_loggers()
    logger.error("here")
    assert [event["event"] for event in page.events] == ["here"]


def test_a_broken_log_call_of_a_library_disturbs_nobody() -> None:
    page = configured()
    record = logging.LogRecord("lib", logging.WARNING, __file__, 1, "%d", ("not a number",), None)
    raising, logging.raiseExceptions = logging.raiseExceptions, False
    try:
        logging.getLogger().handle(record)
    finally:
        logging.raiseExceptions = raising
    structlog.get_logger().info("still here")
    assert [event["event"] for event in page.events] == ["still here"]


def test_an_exception_comes_with_its_traceback_on_the_same_line() -> None:
    page = configured()
    try:
        int("https://user:hunter2@a.example/")
    except ValueError:
        structlog.get_logger().exception("failed")
    (event,) = page.events
    assert "Traceback" in event["exception"]
    assert "ValueError" in event["exception"]
    assert "hunter2" not in page.lines[0]


def test_secrets_are_cut_out_of_every_kind_of_value() -> None:
    page = configured()
    structlog.get_logger().info(
        "GET https://u:hunter2@a.example/",
        query="w=3&sig=hunter2",
        authorization="hunter2",
        keys=["hunter2"],
        nested={"url": "https://u:hunter2@a.example/"},
        error=ValueError("token=hunter2"),
    )
    assert "hunter2" not in page.lines[0]
    assert page.events[0]["query"] == "w=3&sig=[redacted]"


def test_a_long_text_is_cut() -> None:
    page = configured()
    structlog.get_logger().info("long", text="x" * 100_000, exception="y" * 100_000 + "the end")
    (event,) = page.events
    assert event["text"] == "x" * MAX_TEXT_CHARACTERS + "…"
    assert len(event["exception"]) < 20_000
    assert event["exception"].endswith("the end")


def test_a_secret_that_would_be_cut_in_two_is_not_left_half() -> None:
    page = configured()
    structlog.get_logger().info(
        "long", text="x" * (MAX_TEXT_CHARACTERS - 20) + "https://user:hunter2" + "y" * 100 + "@a.example/"
    )
    assert "hunter2" not in page.lines[0]


def test_odd_values_are_still_one_line_of_json() -> None:
    page = configured()
    structlog.get_logger().info(
        "odd", surrogate="\udcff", raw=b"\xff", line="a\nb", thing=object, not_a_number=float("nan")
    )
    (event,) = page.events
    assert event["line"] == "a\nb"


def test_the_console_shows_text_that_cannot_steer_the_terminal() -> None:
    page = configured(log_format="console")
    structlog.get_logger().info("hello", path="/a\x1b[2J\nfake=1", query="sig=hunter2")
    (line,) = page.lines
    assert "hello" in line
    assert "\x1b" not in line
    assert "hunter2" not in line


def test_auto_means_json_where_nobody_watches() -> None:
    page = configured(log_format="auto")
    structlog.get_logger().info("hello")
    assert page.events[0]["event"] == "hello"


class Terminal(Page):
    def isatty(self) -> bool:
        return True


def test_auto_means_colours_on_a_terminal() -> None:
    page = Terminal()
    configure_logging(TelemetryConfig(), page.writer)
    structlog.get_logger().info("hello")
    assert "\x1b[" in page.lines[0]


def request_line(log: AccessLogWriter, level: str, **facts: object) -> None:
    template = log.format(level, "request", facts)
    if template:
        log.write([(template, "192.0.2.1", b"an-id", 1_700_000_000.0625, 0.0123456789, b"")])


def test_the_access_log_looks_like_every_other_line() -> None:
    page = Page()
    request_line(
        AccessLogWriter(TelemetryConfig(), page.writer), "info", status=200, query="sig=hunter2", path="/\udcff"
    )
    (event,) = page.events
    assert event == {
        "timestamp": "2023-11-14T22:13:20.062Z",
        "level": "info",
        "event": "request",
        "status": 200,
        "query": "sig=[redacted]",
        "path": "/\udcff",
        "remote": "192.0.2.1",
        "request_id": "an-id",
        "seconds": 0.012346,
    }


def test_the_access_log_is_readable_on_the_console() -> None:
    page = Page()
    request_line(
        AccessLogWriter(TelemetryConfig(log_format="console"), page.writer),
        "info",
        status=200,
        method="GET",
        path="/a\nfake=1",
        query="w=3&sig=hunter2",
        cache="Pixmill; hit; ttl=3600; detail=memory",
        bytes=13_812,
    )
    (line,) = page.lines
    assert line == ("2023-11-14T22:13:20.062Z 200 GET /a\\nfake=1?w=3&sig=[redacted] 12 ms hit 13.8 kB 192.0.2.1 an-id")


def test_what_is_the_same_in_many_lines_is_spelled_once() -> None:
    page = Page()
    log = AccessLogWriter(TelemetryConfig(), page.writer)
    template = log.format("info", "request", {"path": "/resize"})
    assert template
    log.write([(template, "192.0.2.1", b"a", 0.0, 0.1, b""), (template, "192.0.2.2", b"b", 0.0, 0.2, b"")])
    assert [(event["path"], event["remote"]) for event in page.events] == [
        ("/resize", "192.0.2.1"),
        ("/resize", "192.0.2.2"),
    ]


def test_the_access_log_keeps_to_the_level() -> None:
    page = Page()
    log = AccessLogWriter(TelemetryConfig(log_level="warning"), page.writer)
    request_line(log, "info", status=200)
    request_line(log, "warning", status=500)
    assert [event["status"] for event in page.events] == [500]
