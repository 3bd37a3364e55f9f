"""The metrics: names, labels, and that clients cannot make them grow."""

import math
import re
from collections.abc import Iterable

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from pixmill.ports.observe import Event, RequestStage
from pixmill.telemetry.definitions import EVENT_METRICS, MAX_LABEL_VALUES
from pixmill.telemetry.prometheus import Metrics

UNITS = ("_seconds", "_bytes", "_ratio")


@pytest.fixture
def metrics() -> Metrics:
    """Metrics with a count for each event and stage, and a request."""
    metrics = Metrics()
    for event in Event:
        metrics.increment(event, 2, **dict.fromkeys(EVENT_METRICS[event].labels, "memory"))
    for stage in RequestStage:
        metrics.observe_duration(stage, 0.02)
    metrics.in_flight = 1
    metrics.record("/resize", 200, "jpeg", 30_000, [0.003])
    metrics.in_flight = 0
    metrics.add_gauge("cache_bytes", lambda: 7, tier="memory")
    return metrics


def families(metrics: Metrics) -> dict[str, Metric]:
    _, page = metrics.render()
    return {family.name: family for family in parse(page.decode())}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"pixmill_{name}", labels)


def test_every_event_has_a_counter_and_every_stage_a_series(metrics: Metrics) -> None:
    assert set(EVENT_METRICS) == set(Event)
    stages = {sample.labels["stage"] for sample in families(metrics)["pixmill_stage_duration_seconds"].samples}
    assert stages == set(RequestStage) - {RequestStage.CACHE_LOOKUP}
    assert families(metrics)["pixmill_cache_lookup_duration_seconds"].samples


def test_events_are_counted_by_their_labels(metrics: Metrics) -> None:
    metrics.increment(Event.CACHE_LOOKUP, tier="memory", outcome="hit")
    metrics.increment(Event.CACHE_LOOKUP, outcome="hit", tier="memory")
    metrics.increment(Event.FETCH_BYTES, 1_000)
    assert value(metrics, "cache_lookups_total", tier="memory", outcome="hit") == 2
    assert value(metrics, "source_bytes_total") == 1_002


def test_a_request_is_counted_timed_and_weighed(metrics: Metrics) -> None:
    assert value(metrics, "requests_total", route="/resize", status="200", format="jpeg") == 1
    assert value(metrics, "request_duration_seconds_sum", route="/resize") == 0.003
    assert value(metrics, "response_bytes_total", route="/resize") == 30_000


def test_requests_in_flight_go_up_and_down(metrics: Metrics) -> None:
    metrics.in_flight += 1
    assert value(metrics, "requests_in_flight") == 1
    metrics.in_flight -= 1
    assert value(metrics, "requests_in_flight") == 0


def test_a_crash_is_an_increase_from_0(metrics: Metrics) -> None:
    assert value(metrics, "worker_restarts_total", reason="crash") == 0


def test_values_outside_the_known_set_are_counted_as_other(metrics: Metrics) -> None:
    for number in range(1_000):
        metrics.increment(Event.RENDER, outcome=f"made up {number}")
        metrics.record("/resize", 1_000 + number, f"made up {number}", 1, [0.1])
    assert value(metrics, "renders_total", outcome="other") == 1_002  # two of the fixture
    assert value(metrics, "requests_total", route="/resize", status="other", format="other") == 1_000


def test_a_label_without_a_known_set_takes_a_bounded_number_of_values(metrics: Metrics) -> None:
    for number in range(1_000):
        metrics.increment(Event.CACHE_EVICTION, tier=f"tier {number}")
    tiers = {sample.labels["tier"] for sample in families(metrics)["pixmill_cache_evictions"].samples}
    assert len(tiers) == MAX_LABEL_VALUES + 1
    assert value(metrics, "cache_evictions_total", tier="other") == 1_000 - (MAX_LABEL_VALUES - 1)


def test_a_label_left_out_disturbs_nobody(metrics: Metrics) -> None:
    metrics.increment(Event.CACHE_LOOKUP, tier="memory")
    assert value(metrics, "cache_lookups_total", tier="memory", outcome="other") == 3


def test_a_gauge_is_read_when_asked_and_may_have_labels() -> None:
    metrics = Metrics()
    held = {"memory": 1, "file": 2}
    metrics.add_gauge("cache_bytes", lambda: held["memory"], tier="memory")
    metrics.add_gauge("cache_bytes", lambda: held["file"], tier="file")
    held["memory"] = 3
    assert value(metrics, "cache_bytes", tier="memory") == 3
    assert value(metrics, "cache_bytes", tier="file") == 2


def test_a_gauge_that_cannot_be_read_costs_only_itself(metrics: Metrics) -> None:
    metrics.add_gauge("workers", lambda: 1 / 0)
    (sample,) = families(metrics)["pixmill_workers"].samples
    assert math.isnan(sample.value)
    assert "pixmill_requests" in families(metrics)


def test_the_page_is_in_the_format_that_was_asked_for(metrics: Metrics) -> None:
    kind, page = metrics.render("application/openmetrics-text; version=1.0.0, text/plain; q=0.5")
    assert kind.startswith("application/openmetrics-text")
    families = parse_openmetrics(page.decode())  # type: ignore[no-untyped-call]  # a gap in the types of prometheus_client
    assert {family.name for family in families} >= {"pixmill_requests", "pixmill_stage_duration_seconds"}
    kind, _ = metrics.render("*/*")
    assert kind.startswith("text/plain")


# Rules of ``promtool check metrics`` (client_golang, promlint), and one on prefixes.


def own_families(metrics: Metrics) -> Iterable[Metric]:
    return (family for name, family in families(metrics).items() if not name.startswith("process_"))


def test_names_are_ours_and_plain(metrics: Metrics) -> None:
    assert all(re.fullmatch(r"pixmill(_[a-z]+)+", family.name) for family in own_families(metrics))


def test_everything_is_explained_once(metrics: Metrics) -> None:
    page = metrics.render()[1].decode()
    helps = re.findall(r"^# HELP (\S+) (.+)$", page, re.MULTILINE)
    assert {name.removesuffix("_total") for name, _ in helps} >= {family.name for family in own_families(metrics)} - {
        "pixmill_build"
    }
    assert len({text for _, text in helps}) == len(helps)


def test_counters_end_in_total_and_nothing_else_does(metrics: Metrics) -> None:
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", metrics.render()[1].decode(), re.MULTILINE))
    assert all(name.endswith("_total") == (kind == "counter") for name, kind in types.items())


def test_histograms_have_a_unit_and_no_name_has_a_scaled_one(metrics: Metrics) -> None:
    assert all(family.name.endswith(UNITS) for family in own_families(metrics) if family.type == "histogram")
    scaled = re.compile(r"_(ms|milliseconds|us|ns|minutes|hours|kb|mb|kib|mib|percent)(_|$)")
    assert not [family.name for family in own_families(metrics) if scaled.search(family.name)]


def test_no_name_tells_its_type_or_its_labels(metrics: Metrics) -> None:
    kinds = re.compile(r"_(counter|gauge|histogram|summary|info_total)(_|$)")
    assert not [family.name for family in own_families(metrics) if kinds.search(family.name)]


def test_the_process_tells_its_memory(metrics: Metrics) -> None:
    assert families(metrics)["process_resident_memory_bytes"].samples[0].value > 1_000_000
