"""Two servers that share a cache: each picture is made once, and losing what they share loses only that."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.scenes import at_once, metric, small_photo, until
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill
from tests.servers.redis import RedisServer

TOKEN = "a token of the operator"
QUERIES = [{"url": "photo.jpg", "width": width, "blur": 3} for width in range(200, 212)]


@pytest.mark.parametrize("shared", ["folder", "redis"])
def test_two_servers_make_each_picture_once(shared: str, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(small_photo())
    with RedisServer() as redis:
        cache = f"memory://,file://{tmp_path}/cache" if shared == "folder" else f"memory://,{redis.url}?timeout=2s"
        settings: dict[str, str | float] = {"images": str(tmp_path), "cache": cache, "workers": 1}
        with Pixmill(**settings) as one, Pixmill(**settings) as another, ThreadPoolExecutor(16) as clients:
            asked = [future for server in (one, another) for future in at_once(clients, server, QUERIES)]
            assert {future.result()[0].status for future in asked} == {200}
            renders = [metric(server, "pixmill_renders_total", outcome="ok") for server in (one, another)]
            assert sum(renders) == len(QUERIES)


def test_a_redis_that_dies_and_a_server_that_starts_without_it_cost_no_request(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(small_photo())
    with RedisServer() as redis:
        settings: dict[str, str | float] = {"images": str(tmp_path), "cache": f"memory://,{redis.url}", "workers": 1}
        with Pixmill(**settings) as server:
            assert server.get("/resize", url="photo.jpg", width=100).status == 200
            redis.stop()
            for width in range(101, 109):
                assert server.get("/resize", url="photo.jpg", width=width).status == 200
            until(lambda: server.get("/health").json()["status"] == "degraded", 60, "it is told")
            health = server.get("/health")
            part = health.json()["components"]["cache redis"]
            assert (health.status, health.json()["status"], part["required"]) == (200, "degraded", False)
            assert server.get("/health/ready").status == 200
            assert metric(server, "pixmill_cache_breaker", tier="redis") == 2
        with Pixmill(**settings) as server:
            assert server.get("/resize", url="photo.jpg", width=100).status == 200


def test_two_servers_ask_once_whether_what_they_share_has_changed(tmp_path: Path) -> None:
    with Origin() as origin:
        url = origin.serve("/a.jpg", small_photo(), headers={"ETag": '"1"', "Cache-Control": "max-age=600"})
        settings: dict[str, str | float] = {
            "cache": f"memory://,file://{tmp_path}/cache",
            "allowed_networks": "127.0.0.0/8",
            "workers": 1,
            "admin_token": TOKEN,
        }
        with Pixmill(**settings) as one, Pixmill(**settings) as another:
            servers = (one, another)
            one.get("/resize", url=url, width=100)
            until(lambda: "hit" in status_of(another, url), 60, "it is shared")
            order, headers = json.dumps({"all": True, "soft": True}).encode(), {"Authorization": f"Bearer {TOKEN}"}
            assert one.ask("POST", "/admin/purge", headers=headers, data=order).status == 200
            until(lambda: "ttl=-" in status_of(another, url), 60, "the other has heard of it")
            until(lambda: all("hit; ttl=5" in status_of(server, url) for server in servers), 60, "it is renewed")
        assert origin.count("/a.jpg") == 2


def status_of(server: Pixmill, url: str) -> str:
    return str(server.get("/resize", url=url, width=100).headers["cache-status"])
