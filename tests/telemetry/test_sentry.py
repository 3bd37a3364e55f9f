"""Defects are reported to Sentry: what a server of Sentry receives, and what it must not."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import brotli
import pytest

from pixmill.errors import SourceNotFound
from pixmill.runtime.event_log import EventLog
from pixmill.telemetry.sentry import open_error_reports

SECRET = "hush-hush"
DECODERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "br": brotli.decompress}


class Receiver:
    """Takes envelopes of Sentry."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.texts: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                text = DECODERS[self.headers["Content-Encoding"]](body).decode()
                items = [json.loads(line) for line in text.splitlines() if line]
                receiver.paths.append(self.path)
                receiver.texts.append(text)
                receiver.events += [one for one in items if "exception" in one]
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.thread.start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


def dsn(receiver: Receiver) -> dict[str, str]:
    return {"SENTRY_DSN": f"http://key@127.0.0.1:{receiver.server.server_port}/7"}


def log_defect(text: str = "") -> None:
    """Log an exception as the server does if a request fails because of a defect."""
    local = text
    try:
        int(local + "none")
    except ValueError as error:
        error.args = (f"no width in {text}",)
        EventLog("api").exception("request_failed", detail=text)


def test_a_defect_is_reported_without_secrets_and_urls(receiver: Receiver) -> None:
    close = open_error_reports(dsn(receiver))
    log_defect(f"https://user:{SECRET}@origin.example/{SECRET}.jpg?sig={SECRET} with key={SECRET} and Bearer {SECRET}")
    close()

    (event,) = receiver.events
    assert receiver.paths == ["/api/7/envelope/"]
    assert event["tags"]["event"] == "request_failed"
    (exception,) = event["exception"]["values"]
    assert exception["type"] == "ValueError"
    assert "origin.example" in exception["value"]
    assert exception["stacktrace"]["frames"][-1]["function"] == "log_defect"
    assert SECRET not in receiver.texts[0]
    assert not {"request", "user", "breadcrumbs"} & event.keys()


def test_a_warning_is_not_reported(receiver: Receiver) -> None:
    close = open_error_reports(dsn(receiver))
    EventLog("sources").warning("component_failing", component="images", code=SourceNotFound.code)
    close()
    assert receiver.paths == []


def test_nothing_is_reported_after_the_end_or_without_the_variable(receiver: Receiver) -> None:
    open_error_reports(dsn(receiver))()
    open_error_reports({})()
    log_defect()
    assert receiver.paths == []


def test_a_server_of_sentry_that_is_gone_is_no_failure(receiver: Receiver) -> None:
    gone = dsn(receiver)
    receiver.server.server_close()
    close = open_error_reports(gone)
    log_defect()
    close()


def test_a_variable_that_is_no_project_is_refused() -> None:
    with pytest.raises(ValueError, match="SENTRY_DSN must be the URL of a project"):
        open_error_reports({"SENTRY_DSN": "sentry.example.com"})
