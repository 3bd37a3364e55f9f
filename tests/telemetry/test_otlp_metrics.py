"""Metrics of a whole server, as a collector receives them by OTLP: those of the page, and no others."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.e2e.scenes import until
from tests.servers.otlp import Collector, attributes
from tests.servers.pixmill import Pixmill


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def server(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pixmill]:
    images = tmp_path_factory.mktemp("images")
    Image.new("RGB", (64, 48), "navy").save(Path(images, "a.png"))
    server = Pixmill(images=str(images), workers=1, otlp_metrics="true")
    server.environment |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_METRIC_EXPORT_INTERVAL": "1000",
        "OTEL_SERVICE_NAME": "thumbnails",
    }
    with server:
        for _ in range(3):
            assert server.get("/resize", url="a.png", width=32).status == 200
        yield server


def requests(collector: Collector) -> float:
    points = collector.metrics["pixmill_requests"].sum.data_points if "pixmill_requests" in collector.metrics else []
    return sum(float(point.as_double) for point in points if attributes(point.attributes)["route"] == "/resize")


def test_every_metric_of_the_page_is_sent_and_no_other(server: Pixmill, collector: Collector) -> None:
    collector.wait_for(lambda: requests(collector) == 3)
    page = {family.name for family in parse(server.get("/metrics").body.decode()) if family.samples}
    assert {f"{name}_info" if name == "pixmill_build" else name for name in collector.metrics} == page


def test_counts_are_cumulative_sums_with_labels(server: Pixmill, collector: Collector) -> None:
    collector.wait_for(lambda: requests(collector) == 3)
    total = collector.metrics["pixmill_requests"].sum
    assert total.is_monotonic
    assert total.aggregation_temporality == 2


def test_durations_are_histograms_whose_buckets_add_up(server: Pixmill, collector: Collector) -> None:
    collector.wait_for(lambda: requests(collector) == 3)
    metric = collector.metrics["pixmill_request_duration_seconds"]
    (point,) = (one for one in metric.histogram.data_points if attributes(one.attributes) == {"route": "/resize"})
    assert metric.unit == "s"
    assert point.count == sum(point.bucket_counts) == 3
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
    assert point.sum > 0


def test_the_standard_variable_names_the_service(server: Pixmill, collector: Collector) -> None:
    collector.wait_for(lambda: requests(collector) == 3)
    assert {resource["service.name"] for resource in collector.resources} == {"thumbnails"}


def test_a_collector_that_rejects_metrics_is_counted(server: Pixmill, collector: Collector) -> None:
    collector.status = 400
    try:
        seen = collector.requests
        until(lambda: collector.requests > seen + 1, 60, "exports that are rejected")
    finally:
        collector.status = 200
    page = server.get("/metrics").body.decode()
    assert 'pixmill_telemetry_dropped_total{reason="export_failed",signal="metrics"} 0.0' not in page
    assert "component_failing" in server.log()
