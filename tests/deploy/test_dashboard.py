"""The dashboard of Grafana is made from the tables of metrics, and a real Prometheus has data for each of its queries."""

import json
import math
import runpy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests.deploy.chart import CHART, DEPLOY, OPEN, RICH, release
from tests.e2e.scenes import until
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill
from tests.servers.prometheus import Prometheus
from tests.test_pages import METRICS

FILE = CHART / "files" / "dashboard.json"
DASHBOARD: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = {f"{panel['title']} {target['refId']}": target["expr"] for panel in PANELS for target in panel["targets"]}
VARIABLES = {"$job": ".*", "$instance": ".*", "$__rate_interval": "30s"}


def test_the_dashboard_is_up_to_date() -> None:
    now = runpy.run_path(str(DEPLOY / "helm" / "dashboard.py"))["dashboard"]()
    assert FILE.read_text(encoding="utf-8") == now, "dashboard.json is out of date: run deploy/helm/dashboard.py"


def test_each_metric_has_a_panel() -> None:
    text = " ".join(QUERIES.values())
    names = {f"pixmill_{metric.name}" for metric in METRICS.values()} - {"pixmill_build"}
    assert [name for name in sorted(names) if name not in text] == []


def test_panels_do_not_overlap() -> None:
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))


def test_the_chart_has_the_dashboard_for_the_sidecar_of_grafana() -> None:
    found = [one for one in release(RICH).all_of("ConfigMap") if one["metadata"]["name"].endswith("-dashboard")]
    assert [json.loads(one["data"]["pixmill.json"]) for one in found] == [DASHBOARD]
    assert found[0]["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert not [one for one in release(OPEN).all_of("ConfigMap") if one["metadata"]["name"].endswith("-dashboard")]


def _photo(side: int = 300) -> bytes:
    body = BytesIO()
    Image.effect_noise((side, side), 60).convert("RGB").save(body, "jpeg")
    return body.getvalue()


@pytest.fixture(scope="module")
def prometheus() -> Iterator[Prometheus]:
    """A Prometheus that has scraped a server at work: hits, misses, purges, errors, evictions, herds."""
    with Origin() as origin:
        for number in range(12):
            origin.serve(f"/{number}.jpg", _photo(), headers={"Cache-Control": "max-age=600"})
        server = Pixmill(
            allowed_sources=origin.url("/"), allowed_networks="127.0.0.0/8", workers=1, admin_token="t" * 24
        )
        server.environment["PIXMILL_CACHE"] = (
            f"memory://?max_bytes=256KiB,file://{server.folder.name}/cache?max_bytes=256MiB"
        )
        with server, Prometheus(f"127.0.0.1:{server.port}") as prometheus:
            until(lambda: bool(prometheus.query("pixmill_workers")), 60, "a scrape")
            _load(server, origin)
            scraped = 'pixmill_requests_total{status="404"} >= 3'
            until(lambda: bool(prometheus.query(scraped)), 60, "a scrape of the load")
            _load(server, origin)
            until(lambda: bool(prometheus.query('rate(pixmill_requests_total{status="404"}[30s]) > 0')), 60, "a rate")
            yield prometheus


def _load(server: Pixmill, origin: Origin) -> None:
    def image(number: int) -> int:
        return server.get("/resize", url=origin.url(f"/{number % 12}.jpg"), width=100 + number % 7).status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(image, range(120))) == {200}
        list(pool.map(lambda _: image(5000), range(8)))
    for _ in range(3):
        server.get("/resize", url=origin.url("/none.jpg"), width=100)
    server.ask(
        "POST",
        "/admin/purge",
        headers={"Authorization": "Bearer " + "t" * 24, "Content-Type": "application/json"},
        data=json.dumps({"source": origin.url("/1.jpg")}).encode(),
    )


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_has_data(name: str, prometheus: Prometheus) -> None:
    expression = QUERIES[name]
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    values = [float(series["value"][1]) for series in prometheus.query(expression)]
    assert values, expression
    assert not all(math.isnan(value) for value in values), expression
