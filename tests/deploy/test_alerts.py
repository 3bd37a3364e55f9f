"""Alerts use existing metrics, each is described in docs/operations.md, and the chart has the same."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse

from pixmill.settings import load
from pixmill.telemetry.definitions import LABEL_VALUES
from pixmill.wiring import build_services
from tests.deploy.chart import CHART, DEPLOY, OPEN, RICH, release
from tests.test_pages import METRICS

FILE = CHART / "files" / "alerts.yaml"
RULES: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"][0]["rules"]
OTHERS = {"process_open_fds", "process_max_fds"}
WORDS = {"sum", "by", "rate", "increase", "absent", "and", "or", "on", "instance", "job", "tier", "reason"}

rules = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


@rules
def test_an_alarm_looks_at_metrics_labels_and_values_that_there_are(rule: dict[str, Any]) -> None:
    """Checks beyond those of promtool, which has found the file well formed."""
    bare = re.sub(r"\{[^}]*\}|\[\w+\]|\b[0-9.]+\b", " ", rule["expr"])
    named = set(re.findall(r"[a-z_]+", bare)) - WORDS
    assert named <= METRICS.keys() | OTHERS
    for metric, label, how, value in selected(rule["expr"]):
        assert label in METRICS[metric].labels
        fits = re.fullmatch if "~" in how else str.__eq__
        assert label not in LABEL_VALUES or any(fits(value, each) for each in LABEL_VALUES[label])


def selected(expression: str) -> Iterator[tuple[str, str, str, str]]:
    for metric, selectors in re.findall(r"([a-z_]+)\{([^}]*)\}", expression):
        for label, how, value in re.findall(r'(\w+)(=~|!=|!~|=)"([^"]*)"', selectors):
            yield metric, label, how, value


@rules
def test_an_alarm_says_what_it_means_by_labels_that_it_has(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"critical", "warning"}
    told = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    [metric, *_] = re.findall(r"pixmill_[a-z_]+|process_[a-z_]+", rule["expr"])
    kept = re.findall(r"by \(([^)]*)\)", rule["expr"])
    has = set(kept[0].split(", ")) if kept else {"instance", *(METRICS[metric].labels if metric in METRICS else ())}
    assert told <= has


def test_every_alarm_is_explained_and_only_those() -> None:
    page = (DEPLOY.parent / "docs" / "operations.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(Pixmill[A-Z]\w+)`", page)) == {rule["alert"] for rule in RULES}


def test_the_chart_has_the_same_alarms() -> None:
    made = release(RICH).the("PrometheusRule")
    assert made["spec"]["groups"][0]["rules"] == RULES
    assert made["metadata"]["labels"]["release"] == "prometheus"
    assert release(OPEN).all_of("PrometheusRule") == []


async def test_what_an_alarm_counts_is_there_from_the_start_so_that_the_first_time_is_an_increase(
    tmp_path: Path,
) -> None:
    told = {
        "cache": f"memory://,file://{tmp_path}/cache",
        "originals_cache": f"file://{tmp_path}/originals",
        "workers": "1",
    }
    async with build_services(load(told)) as services:
        assert services.telemetry.render_metrics
        _, page = services.telemetry.render_metrics("")
    series = [(sample.name, sample.labels) for family in parse(page.decode()) for sample in family.samples]
    for rule in RULES:
        for counter in re.findall(r"(?:rate|increase)\(([a-z_]+)", rule["expr"]):
            if counter != "pixmill_requests_total":  # a rate of these is never looked at for the first one
                wanted = {label: value for _, label, how, value in selected(rule["expr"]) if how == "="}
                assert any(name == counter and wanted.items() <= labels.items() for name, labels in series), counter
    assert {labels["tier"] for name, labels in series if name == "pixmill_cache_errors_total"} == {
        "memory",
        "disk",
        "originals_disk",
    }
