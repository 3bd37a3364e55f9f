"""Traces of a whole server, as a collector receives them by OTLP."""

import json
import secrets
import time
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image

from tests.e2e.scenes import until
from tests.servers.origin import Origin
from tests.servers.otlp import Collector, attributes
from tests.servers.pixmill import Pixmill
from tests.servers.prometheus import Prometheus

MISS = ("GET /resize", "cache_read", "cache_lookup", "lock", "fetch", "queue", "render", "decode", "process", "encode")


def photo() -> bytes:
    body = BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(body, "jpeg")
    return body.getvalue()


def traceparent(*, sampled: bool = True) -> tuple[str, str]:
    """A header of a client, and the id of its trace."""
    trace_id = secrets.token_hex(16)
    return f"00-{trace_id}-{secrets.token_hex(8)}-0{int(sampled)}", trace_id


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        for name in ("/a.jpg", "/b.jpg?token=not-to-be-seen", "/c.jpg", "/d.jpg", "/e.jpg", "/f.jpg"):
            origin.serve(name, photo(), headers={"Cache-Control": "max-age=600"})
        yield origin


def traced(collector_url: str, origin: Origin, **settings: str | float) -> Pixmill:
    usual: dict[str, str | float] = {
        "traces": "true",
        "trust_traceparent": "all",
        "allowed_sources": origin.url("/"),
        "allowed_networks": "127.0.0.0/8",
        "workers": 1,
    }
    server = Pixmill(**usual | settings)
    server.environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector_url, "OTEL_BSP_SCHEDULE_DELAY": "50"}
    return server


@pytest.fixture(scope="module")
def server(collector: Collector, origin: Origin) -> Iterator[Pixmill]:
    with traced(collector.url, origin) as server:
        yield server


def test_a_miss_is_a_span_of_each_stage_in_the_trace_of_the_client(
    server: Pixmill, collector: Collector, origin: Origin
) -> None:
    header, trace_id = traceparent()
    assert server.get("/resize", {"traceparent": header}, url=origin.url("/a.jpg"), width=100).status == 200

    trace = collector.trace(trace_id, *MISS, "cache_write")
    request = trace.one("GET /resize")
    assert request.parent_span_id.hex() == header.split("-")[2]
    parents = {span.name: trace.parent(span) for span in trace.spans}
    assert parents == {
        "GET /resize": "",
        "cache_read": "GET /resize",
        "cache_lookup": "cache_read",
        "lock": "GET /resize",
        "fetch": "GET /resize",
        "queue": "GET /resize",
        "render": "GET /resize",
        "decode": "render",
        "process": "render",
        "encode": "render",
        "cache_write": "GET /resize",
    }
    tiers = {attributes(span.attributes)["pixmill.cache_lookup.tier"] for span in trace.all("cache_lookup")}
    assert tiers == {"memory", "disk"}


def test_spans_lie_inside_of_their_parents_and_say_what_happened(
    server: Pixmill, collector: Collector, origin: Origin
) -> None:
    header, trace_id = traceparent()
    server.get("/resize", {"traceparent": header}, url=origin.url("/b.jpg?token=not-to-be-seen"), width=100)

    trace = collector.trace(trace_id, *MISS)
    by_id = {span.span_id: span for span in trace.spans}
    for span in trace.spans:
        parent = by_id.get(span.parent_span_id)
        if parent and span.name != "cache_write":
            assert parent.start_time_unix_nano <= span.start_time_unix_nano + 1_000_000
            assert span.end_time_unix_nano <= parent.end_time_unix_nano + 1_000_000
    request, fetch = (attributes(trace.one(name).attributes) for name in ("GET /resize", "fetch"))
    assert request["http.response.status_code"] == 200
    assert request["http.route"] == "/resize"
    assert "not-to-be-seen" not in str(request)
    assert fetch["pixmill.fetch.outcome"] == "ok"
    assert fetch["pixmill.fetch.origin"] == origin.url("")


def test_a_failed_fetch_is_marked(server: Pixmill, collector: Collector, origin: Origin) -> None:
    header, trace_id = traceparent()
    assert server.get("/resize", {"traceparent": header}, url=origin.url("/none.jpg"), width=100).status == 404

    trace = collector.trace(trace_id, "GET /resize", "fetch")
    assert attributes(trace.one("fetch").attributes)["error.type"] == "source_not_found"
    assert attributes(trace.one("GET /resize").attributes)["error.type"] == "source_not_found"


def test_a_hit_in_memory_is_one_span(server: Pixmill, collector: Collector, origin: Origin) -> None:
    server.get("/resize", url=origin.url("/c.jpg"), width=100)
    header, trace_id = traceparent()
    server.get("/resize", {"traceparent": header}, url=origin.url("/c.jpg"), width=100)

    trace = collector.trace(trace_id, "GET /resize")
    assert [span.name for span in trace.spans] == ["GET /resize"]


def test_an_origin_that_the_operator_has_named_is_told_the_span_of_its_fetch(
    server: Pixmill, collector: Collector, origin: Origin
) -> None:
    header, trace_id = traceparent()
    server.get("/resize", {"traceparent": header, "tracestate": "vendor=1"}, url=origin.url("/d.jpg"), width=100)

    fetch = collector.trace(trace_id, "fetch").one("fetch")
    (seen,) = (one for one in origin.requests if one.target == "/d.jpg")
    assert seen.headers["traceparent"] == f"00-{trace_id}-{fetch.span_id.hex()}-01"
    assert seen.headers["tracestate"] == "vendor=1"


def test_lines_of_the_log_have_the_ids_of_the_trace(server: Pixmill, origin: Origin) -> None:
    header, trace_id = traceparent()
    reply = server.get("/resize", {"traceparent": header}, url=origin.url("/e.jpg"), width=100)

    request_id = reply.headers["x-request-id"]
    until(lambda: request_id in server.log(), 60, "a line of the access log")
    lines = [json.loads(line) for line in server.log().splitlines() if request_id in line]
    assert {line["trace_id"] for line in lines} == {trace_id}
    assert all(len(line["span_id"]) == 16 for line in lines)


def test_durations_have_exemplars_for_a_scraper_that_takes_openmetrics(
    server: Pixmill, collector: Collector, origin: Origin
) -> None:
    header, trace_id = traceparent()
    server.get("/resize", {"traceparent": header}, url=origin.url("/f.jpg"), width=100)

    page = server.get("/metrics", {"Accept": "application/openmetrics-text; version=1.0.0"}).body.decode()
    buckets = [line for line in page.splitlines() if f'trace_id="{trace_id}"' in line]
    assert any(line.startswith("pixmill_request_duration_seconds_bucket") for line in buckets)
    assert any(
        line.startswith("pixmill_stage_duration_seconds_bucket{le=") and 'stage="render"' in line for line in buckets
    )
    assert trace_id not in server.get("/metrics").body.decode()


def test_a_real_prometheus_stores_the_exemplars(server: Pixmill, collector: Collector, origin: Origin) -> None:
    header, trace_id = traceparent()
    began_s = time.time()
    with Prometheus(f"127.0.0.1:{server.port}") as prometheus:
        server.get("/resize", {"traceparent": header}, url=origin.url("/a.jpg"), width=110)

        def trace_ids() -> set[str]:
            series = prometheus.exemplars("pixmill_request_duration_seconds_bucket", began_s - 1)
            return {one["labels"]["trace_id"] for each in series for one in each["exemplars"]}

        until(lambda: trace_id in trace_ids(), 60, "an exemplar in Prometheus")


def test_each_of_several_processes_sends_its_spans(collector: Collector, origin: Origin) -> None:
    with traced(collector.url, origin, processes=2) as server:
        ids = set()
        for number in range(16):
            header, trace_id = traceparent()
            server.get("/resize", {"traceparent": header}, url=origin.url("/a.jpg"), width=300 + number)
            ids.add(trace_id)
        collector.wait_for(lambda: ids <= {span.trace_id.hex() for span in collector.spans})
        assert server.stop() == 0


def test_a_trace_that_is_not_sampled_sends_nothing_but_goes_on_to_the_origin(
    server: Pixmill, collector: Collector, origin: Origin
) -> None:
    origin.serve("/unsampled.jpg", photo())
    header, trace_id = traceparent(sampled=False)
    server.get("/resize", {"traceparent": header}, url=origin.url("/unsampled.jpg"), width=100)
    later, later_id = traceparent()
    server.get("/resize", {"traceparent": later}, url=origin.url("/unsampled.jpg"), width=100)

    collector.trace(later_id, "GET /resize")
    assert not [span for span in collector.spans if span.trace_id.hex() == trace_id]
    (seen,) = (one for one in origin.requests if one.target == "/unsampled.jpg")
    assert seen.headers["traceparent"].startswith(f"00-{trace_id}-")
    assert seen.headers["traceparent"].endswith("-00")


@pytest.mark.parametrize(
    "header",
    ["00-0-0-01", f"00-{'0' * 32}-{'1' * 16}-01", f"ff-{'1' * 32}-{'1' * 16}-01", "x" * 200, "00-" + "\u00e9" * 52],
)
def test_an_invalid_traceparent_begins_a_new_trace(
    header: str, server: Pixmill, collector: Collector, origin: Origin
) -> None:
    reply = server.get("/resize", {"traceparent": header}, url=origin.url("/a.jpg"), width=90)
    assert reply.status == 200

    request_id = reply.headers["x-request-id"]

    def spans() -> list[bytes]:
        ids = [(one.trace_id, attributes(one.attributes).get("pixmill.request_id")) for one in collector.spans]
        return [trace_id for trace_id, of_request in ids if of_request == request_id]

    collector.wait_for(lambda: bool(spans()))
    assert spans()[0].hex() not in {"0" * 32, "1" * 32}


def test_a_client_that_is_no_trusted_proxy_gets_a_trace_that_is_linked_to_its_own(
    collector: Collector, origin: Origin
) -> None:
    header, trace_id = traceparent()
    origin.serve("/stranger.jpg", photo())
    with traced(collector.url, origin, trust_traceparent="proxies") as server:
        server.get("/resize", {"traceparent": header}, url=origin.url("/stranger.jpg"), width=100)

        def linked() -> list[str]:
            return [
                one.trace_id.hex() for one in collector.spans if trace_id in {link.trace_id.hex() for link in one.links}
            ]

        collector.wait_for(lambda: bool(linked()))
    assert linked()[0] != trace_id


def test_an_origin_that_the_operator_has_not_named_is_told_nothing(collector: Collector, origin: Origin) -> None:
    header, trace_id = traceparent()
    origin.serve("/unnamed.jpg", photo())
    with traced(collector.url, origin, allowed_sources="http:,https:") as server:
        server.get("/resize", {"traceparent": header}, url=origin.url("/unnamed.jpg"), width=100)
    (seen,) = (one for one in origin.requests if one.target == "/unnamed.jpg")
    assert "traceparent" not in seen.headers
    assert collector.trace(trace_id, "fetch").one("fetch")


def test_a_collector_that_is_gone_fails_no_request_and_is_counted(origin: Origin) -> None:
    with Collector() as gone:
        url = gone.url
    with traced(url, origin) as server:
        replies = [server.get("/resize", url=origin.url("/a.jpg"), width=200 + n).status for n in range(20)]
        assert replies == [200] * 20
        until(lambda: _dropped(server, "export_failed") > 0, 60, "a drop that is counted")
        until(lambda: "component_failing" in server.log(), 60, "a line in the log")
        assert server.log().count("component_failing") == 1
        assert server.stop() == 0


def _dropped(server: Pixmill, reason: str) -> float:
    page = server.get("/metrics").body.decode()
    name = f'pixmill_telemetry_dropped_total{{reason="{reason}",signal="traces"}} '
    return next(float(line.removeprefix(name)) for line in page.splitlines() if line.startswith(name))
