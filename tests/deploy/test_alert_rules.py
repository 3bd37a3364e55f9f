"""Each alert fires when it should and not before, by promtool, and links to what is to be done."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import material
from tests.deploy.chart import DEPLOY, RICH, release
from tests.deploy.test_alerts import FILE, RULES

RUNBOOK = (DEPLOY.parent / "docs" / "runbook.md").read_text(encoding="utf-8")

Series = Mapping[str, str]
"""Values of each minute by series, in the notation of promtool: ``0+1x60`` is 0, 1, … 60."""


@dataclass(frozen=True)
class Case:
    """Series with which an alert fires at ``minutes``, with these labels, and series with which it never does."""

    firing: Series
    quiet: Series
    minutes: int
    labels: Mapping[str, str] = field(default_factory=lambda: {"instance": "a"})
    value: str = ""


CASES = {
    "PixmillAbsent": Case({}, {'pixmill_build_info{instance="a"}': "1x60"}, 6, {}),
    "PixmillNoWorkers": Case({'pixmill_workers{instance="a"}': "0x60"}, {'pixmill_workers{instance="a"}': "1x60"}, 3),
    "PixmillServerErrors": Case(
        {
            'pixmill_requests_total{instance="a",status="200"}': "0+90x60",
            'pixmill_requests_total{instance="a",status="502"}': "0+10x60",
        },
        {
            'pixmill_requests_total{instance="a",status="200"}': "0+99x60",
            'pixmill_requests_total{instance="a",status="500"}': "0+1x60",
            'pixmill_requests_total{instance="a",status="503"}': "0+90x60",
        },
        13,
    ),
    "PixmillStoreDown": Case(
        {'pixmill_store_up{instance="a",store="images"}': "0x60"},
        {'pixmill_store_up{instance="a",store="images"}': "1x20 0x3 1x40"},
        6,
        {"instance": "a", "store": "images"},
    ),
    "PixmillCacheTierDown": Case(
        {'pixmill_cache_breaker{instance="a",tier="redis"}': "2x60"},
        {'pixmill_cache_breaker{instance="a",tier="redis"}': "0x20 2x3 1x3 0x40"},
        6,
        {"instance": "a", "tier": "redis"},
    ),
    "PixmillCacheTierErrors": Case(
        {'pixmill_cache_errors_total{instance="a",tier="disk",operation="put"}': "0+1x60"},
        {'pixmill_cache_errors_total{instance="a",tier="disk",operation="put"}': "0x20 1x40"},
        33,
        {"instance": "a", "tier": "disk"},
    ),
    "PixmillCacheEntriesCorrupt": Case(
        {'pixmill_cache_lookups_total{instance="a",tier="disk",outcome="damaged"}': "0x5 1x60"},
        {'pixmill_cache_lookups_total{instance="a",tier="disk",outcome="miss"}': "0+9x60"},
        8,
        {"instance": "a", "tier": "disk"},
    ),
    "PixmillTooFewWorkers": Case(
        {'pixmill_expected_wait_seconds{instance="a"}': "2x60"},
        {'pixmill_expected_wait_seconds{instance="a"}': "0.4x60"},
        6,
        value="2s",
    ),
    "PixmillRequestsRejected": Case(
        {'pixmill_requests_rejected_total{instance="a",reason="queue"}': "0+1x60"},
        {'pixmill_requests_rejected_total{instance="a",reason="rate_limit"}': "0+9x60"},
        8,
        {"instance": "a", "reason": "queue"},
    ),
    "PixmillWorkerCrashes": Case(
        {'pixmill_worker_restarts_total{instance="a",reason="crash"}': "0x5 1x60"},
        {'pixmill_worker_restarts_total{instance="a",reason="recycled"}': "0+1x60"},
        8,
    ),
    "PixmillRendersTimeOut": Case(
        {'pixmill_worker_restarts_total{instance="a",reason="deadline"}': "0x5 1x60"},
        {'pixmill_worker_restarts_total{instance="a",reason="abandoned"}': "0+1x60"},
        8,
    ),
    "PixmillSourcesSlow": Case(
        {'pixmill_source_fetches_total{instance="a",kind="http",outcome="source_timeout"}': "0+6x60"},
        {
            'pixmill_source_fetches_total{instance="a",kind="http",outcome="ok"}': "0+60x60",
            'pixmill_source_fetches_queued{instance="a"}': "0x20 3x5 0x40",
        },
        14,
    ),
    "PixmillSourceCredentialsRejected": Case(
        {'pixmill_source_fetches_total{instance="a",kind="store",outcome="source_credentials"}': "0x5 1x60"},
        {'pixmill_source_fetches_total{instance="a",kind="store",outcome="source_not_found"}': "0+1x60"},
        8,
    ),
    "PixmillLockTimeouts": Case(
        {'pixmill_lock_acquisitions_total{instance="a",kind="redis",outcome="timeout"}': "0x5 1x60"},
        {'pixmill_lock_acquisitions_total{instance="a",kind="redis",outcome="acquired_after_wait"}': "0+1x60"},
        8,
    ),
    "PixmillOutOfFiles": Case(
        {
            'process_open_fds{instance="a",job="b"}': "900x60",
            'process_max_fds{instance="a",job="b"}': "1000x60",
            'pixmill_build_info{instance="a",job="b"}': "1x60",
        },
        {
            'process_open_fds{instance="a",job="other"}': "900x60",
            'process_max_fds{instance="a",job="other"}': "1000x60",
        },
        6,
        {"instance": "a", "job": "b"},
    ),
}


def promtool(folder: Path, series: Series, name: str, minutes: list[tuple[int, list[object]]]) -> str:
    """The output of `promtool test rules`, empty if all is as expected."""
    command, environment = material.program("promtool", "prometheus")
    test = {
        "interval": "1m",
        "input_series": [{"series": one, "values": values} for one, values in series.items()],
        "alert_rule_test": [
            {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": alerts} for minute, alerts in minutes
        ],
    }
    file = folder / "test.yaml"
    file.write_text(json.dumps({"rule_files": [str(FILE)], "evaluation_interval": "1m", "tests": [test]}))
    done = subprocess.run(
        [*command, "test", "rules", str(file)], env=environment, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def expected(name: str) -> dict[str, object]:
    """Labels and annotations of an alert that fires."""
    (rule,) = (one for one in RULES if one["alert"] == name)
    case = CASES[name]
    summary = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: case.labels[found[1]], rule["annotations"]["summary"])
    summary = re.sub(r"\{\{ \$value[^}]*\}\}", case.value, summary)
    return {
        "exp_labels": {**case.labels, **rule["labels"]},
        "exp_annotations": {**rule["annotations"], "summary": summary},
    }


def test_every_alert_has_a_case() -> None:
    assert CASES.keys() == {rule["alert"] for rule in RULES}


@pytest.mark.parametrize("name", CASES)
def test_an_alert_fires_when_it_should_and_not_at_once(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    (rule,) = (one for one in RULES if one["alert"] == name)
    checks: list[tuple[int, list[object]]] = [(case.minutes, [expected(name)])]
    if "for" in rule:
        checks.insert(0, (1, []))
    assert promtool(tmp_path, case.firing, name, checks) == ""


@pytest.mark.parametrize("name", CASES)
def test_an_alert_does_not_fire_for_what_is_no_fault(name: str, tmp_path: Path) -> None:
    checks: list[tuple[int, list[object]]] = [(minute, []) for minute in (5, 15, 35, 55)]
    assert promtool(tmp_path, CASES[name].quiet, name, checks) == ""


def test_a_case_that_expects_too_much_fails(tmp_path: Path) -> None:
    name = "PixmillNoWorkers"
    assert "FAILED" in promtool(tmp_path, CASES[name].quiet, name, [(3, [expected(name)])])


@pytest.mark.parametrize("name", CASES)
def test_an_alert_links_to_its_section_of_the_runbook(name: str) -> None:
    (rule,) = (one for one in RULES if one["alert"] == name)
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    headings = [line.removeprefix("## ").lower() for line in RUNBOOK.splitlines() if line.startswith("## ")]
    assert page == "runbook.md"
    assert headings.count(anchor) == 1
    assert anchor == name.lower()


def test_the_chart_puts_the_address_of_the_pages_in_front_of_the_links() -> None:
    values = RICH | {"runbookUrl": "https://docs.example.com/pixmill/"}
    rules = release(values).the("PrometheusRule")["spec"]["groups"][0]["rules"]
    links = {rule["annotations"]["runbook_url"] for rule in rules}
    assert links == {f"https://docs.example.com/pixmill/runbook.md#{name.lower()}" for name in CASES}
