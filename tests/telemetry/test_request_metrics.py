"""Requests counted in plain numbers render as counters and histograms do."""

from prometheus_client import CollectorRegistry, generate_latest

from pixmill.telemetry.prometheus import RequestCollector


def page(*requests: tuple[str, int, str, int, list[float]]) -> dict[str, float]:
    admitted = {"/resize", "/info", "200", "304", "jpeg", "none"}
    collector = RequestCollector(
        ("requests", "seconds", "bytes"),
        ("Requests.", "Seconds.", "Bytes."),
        (0.1, 1.0),
        lambda _label, value: value if value in admitted else "other",
    )
    for request in requests:
        collector.add(*request)
    registry = CollectorRegistry()
    registry.register(collector)
    lines = [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_each_request_is_counted_once_everywhere() -> None:
    counted = page(
        ("/resize", 200, "jpeg", 10, [0.1, 0.1]),
        ("/resize", 200, "jpeg", 20, [0.5]),
        ("/resize", 304, "none", 0, [3.0]),
        ("/info", 200, "none", 5, [0.01]),
    )
    assert counted == {
        'requests_total{format="jpeg",route="/resize",status="200"}': 3,
        'requests_total{format="none",route="/resize",status="304"}': 1,
        'requests_total{format="none",route="/info",status="200"}': 1,
        'seconds_bucket{le="0.1",route="/resize"}': 2,
        'seconds_bucket{le="1.0",route="/resize"}': 3,
        'seconds_bucket{le="+Inf",route="/resize"}': 4,
        'seconds_count{route="/resize"}': 4,
        'seconds_sum{route="/resize"}': 3.7,
        'seconds_bucket{le="0.1",route="/info"}': 1,
        'seconds_bucket{le="1.0",route="/info"}': 1,
        'seconds_bucket{le="+Inf",route="/info"}': 1,
        'seconds_count{route="/info"}': 1,
        'seconds_sum{route="/info"}': 0.01,
        'bytes_total{route="/resize"}': 40,
        'bytes_total{route="/info"}': 5,
    }


def test_what_is_not_admitted_is_counted_together() -> None:
    counted = page(*((f"/{number}", 900 + number, "odd", 1, [0.5]) for number in range(50)))
    assert counted['requests_total{format="other",route="other",status="other"}'] == 50
    assert sum(name.startswith("requests_total") for name in counted) == 1
