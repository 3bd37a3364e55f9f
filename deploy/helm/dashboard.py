"""Generates the Grafana dashboard of the chart from the tables of metrics: a panel for each, below a first look.

Knows how kinds of metrics are queried and drawn. A metric of the tables is on the dashboard by itself; its row is that
of its first word.
"""  # noqa: INP001 - a script

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixmill.telemetry.definitions import (
    EVENT_METRICS,
    GAUGES,
    REQUEST_DURATION,
    REQUESTS_TOTAL,
    RESPONSE_BYTES,
    STAGE_METRICS,
    MetricDef,
)

FILE = Path(__file__).parent / "pixmill" / "files" / "dashboard.json"

SELECTOR = 'job=~"$job", instance=~"$instance"'
RATE = "$__rate_interval"

ROWS = {
    "requests": "Requests",
    "response": "Requests",
    "responses": "Requests",
    "fallbacks": "Requests",
    "request": "Requests",
    "cache": "Cache",
    "negative": "Cache",
    "purges": "Cache",
    "lock": "Cache",
    "store": "Cache",
    "source": "Originals",
    "name": "Originals",
    "renders": "Rendering",
    "result": "Rendering",
    "stage": "Rendering",
    "worker": "Rendering",
    "workers": "Rendering",
    "expected": "Rendering",
}
"""The row of a metric by its first word; others are in the last one."""

LAST_ROW = "Server"
WIDTH, HEIGHT = 8, 8
COLUMNS = 24


@dataclass(frozen=True)
class Panel:
    """A time series; ``legend`` may name labels as ``{{label}}``. ``queries`` are pairs of expression and legend."""

    title: str
    description: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    maximum: float | None = None


def rate(name: str, more: str = "") -> str:
    return f"rate(pixmill_{name}{{{SELECTOR}{more}}}[{RATE}])"


SERVED = ', route!~"none|/health.*|/metrics|/admin.*"'

HITS = ', outcome=~"hit|stale", tier!~"originals.*|rasters"'
FAILED = ', status=~"5.."'

FIRST_LOOK = (
    Panel(
        "Hit ratio",
        "Hits and stale results of the result cache, of all requests for images.",
        "percentunit",
        ((f"sum({rate('cache_lookups_total', HITS)}) / sum({rate('requests_total', SERVED)})", "hits"),),
        maximum=1.0,
    ),
    Panel(
        "Requests by status",
        "Requests per second.",
        "reqps",
        ((f"sum by (status) ({rate('requests_total')})", "{{status}}"),),
    ),
    Panel(
        "Duration of requests for images",
        "Until the last byte of the response.",
        "s",
        tuple(
            (
                f"histogram_quantile({share}, sum by (le) ({rate('request_duration_seconds_bucket', SERVED)}))",
                f"p{round(share * 100)}",
            )
            for share in (0.5, 0.95, 0.99)
        ),
    ),
    Panel(
        "Errors",
        "Requests that end with 5xx, of all.",
        "percentunit",
        ((f"(sum({rate('requests_total', FAILED)}) or vector(0)) / sum({rate('requests_total')})", "5xx"),),
    ),
    Panel(
        "Time by stage",
        "Seconds of each stage per second: where the time of requests goes.",
        "s",
        ((f"sum by (stage) ({rate('stage_duration_seconds_sum')})", "{{stage}}"),),
    ),
    Panel(
        "Memory of the server process",
        "Resident memory, without workers.",
        "bytes",
        ((f"process_resident_memory_bytes{{{SELECTOR}}}", "{{instance}}"),),
    ),
)


def dashboard() -> str:
    """Return the dashboard as JSON."""
    panels: list[dict[str, Any]] = []
    line = 0
    for title, row in rows():
        panels.append(_row(len(panels) + 1, title, line))
        line += 1
        for index, panel in enumerate(row):
            column = index * WIDTH % COLUMNS
            panels.append(_panel(len(panels) + 1, panel, column, line + index * WIDTH // COLUMNS * HEIGHT))
        line += -(-len(row) * WIDTH // COLUMNS) * HEIGHT
    whole = {
        "uid": "pixmill",
        "title": "Pixmill",
        "tags": ["pixmill"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [_datasource(), _variable("job", "pixmill_build_info"), _instance()]},
        "panels": panels,
    }
    return json.dumps(whole, indent=1) + "\n"


def rows() -> list[tuple[str, list[Panel]]]:
    """Return titles and panels of all rows."""
    by_row: dict[str, list[Panel]] = {title: [] for title in (*dict.fromkeys(ROWS.values()), LAST_ROW)}
    for name, panel in metric_panels():
        by_row[ROWS.get(name.partition("_")[0], LAST_ROW)].append(panel)
    return [("First look", list(FIRST_LOOK)), *by_row.items()]


def metric_panels() -> Iterator[tuple[str, Panel]]:
    """Yield name and panel of each metric in the tables."""
    for counter in (REQUESTS_TOTAL, RESPONSE_BYTES, *EVENT_METRICS.values()):
        yield counter.name, _counter(counter)
    for histogram in dict.fromkeys((REQUEST_DURATION, *STAGE_METRICS.values())):
        yield histogram.name, _histogram(histogram)
    for gauge in GAUGES.values():
        yield gauge.name, _gauge(gauge)


def _counter(metric: MetricDef) -> Panel:
    unit = "Bps" if metric.name.endswith("bytes") else "ops"
    by = f" by ({', '.join(metric.labels)})" if metric.labels else ""
    query = f"sum{by} ({rate(f'{metric.name}_total')})"
    return Panel(_title(metric), metric.documentation, unit, ((query, _legend(metric.labels) or "all"),))


def _histogram(metric: MetricDef) -> Panel:
    by = ", ".join(("le", *metric.labels))
    queries = tuple(
        (
            f"histogram_quantile({share}, sum by ({by}) ({rate(f'{metric.name}_bucket')}))",
            f"{_legend(metric.labels)} p{round(share * 100)}",
        )
        for share in (0.5, 0.99)
    )
    return Panel(_title(metric), metric.documentation, "s", queries)


def _gauge(metric: MetricDef) -> Panel:
    unit = {"bytes": "bytes", "seconds": "s"}.get(metric.name.rpartition("_")[2], "short")
    legend = _legend(("instance", *metric.labels))
    return Panel(_title(metric), metric.documentation, unit, ((f"pixmill_{metric.name}{{{SELECTOR}}}", legend),))


def _title(metric: MetricDef) -> str:
    words = metric.name.removesuffix("_seconds").removesuffix("_bytes").replace("_", " ")
    return f"{words[0].upper()}{words[1:]}{' (bytes)' if metric.name.endswith('_bytes') else ''}"


def _legend(labels: tuple[str, ...]) -> str:
    return " ".join(f"{{{{{label}}}}}" for label in labels)


def _row(id_: int, title: str, line: int) -> dict[str, Any]:
    place = {"x": 0, "y": line, "w": COLUMNS, "h": 1}
    return {"id": id_, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}


def _panel(id_: int, panel: Panel, column: int, line: int) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0}
    if panel.maximum is not None:
        defaults["max"] = panel.maximum
    targets = [
        {"refId": chr(ord("A") + index), "expr": expression, "legendFormat": legend, "datasource": _source()}
        for index, (expression, legend) in enumerate(panel.queries)
    ]
    return {
        "id": id_,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": _source(),
        "gridPos": {"x": column, "y": line, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": targets,
    }


def _source() -> dict[str, str]:
    return {"type": "prometheus", "uid": "${datasource}"}


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source"}


def _variable(label: str, metric: str) -> dict[str, Any]:
    return {
        "name": label,
        "type": "query",
        "datasource": _source(),
        "query": f"label_values({metric}, {label})",
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _instance() -> dict[str, Any]:
    return _variable("instance", 'pixmill_build_info{job=~"$job"}')


if __name__ == "__main__":
    FILE.write_text(dashboard(), encoding="utf-8")
