"""The health routes: a status for machines, parts for people, nothing private for anybody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from unittest.mock import ANY

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from pixmill.api.context import Lifecycle
from pixmill.api.routes.health import get_health, get_live, get_ready
from pixmill.errors import StoreUnavailable
from pixmill.services.health import HealthService


class Probe:
    def __init__(self, error: Exception | None = None, seconds: float = 0) -> None:
        self.error = error
        self.seconds = seconds

    async def ping(self) -> None:
        await asyncio.sleep(self.seconds)
        if self.error:
            raise self.error


class Resting(Probe):
    state = "open"

    def __init__(self) -> None:
        super().__init__(StoreUnavailable())


@asynccontextmanager
async def client(health: HealthService) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(
        routes=[Route("/health/live", get_live), Route("/health/ready", get_ready), Route("/health", get_health)]
    )
    app.state.context = SimpleNamespace(lifecycle=Lifecycle(health), others=None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        yield http
    await health.close()


async def test_well() -> None:
    async with client(HealthService({"engine": Probe()})) as http:
        for path in ("/health/live", "/health/ready", "/health"):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["status"]) == (200, "ok")
            assert answer.headers["cache-control"] == "no-store"


async def test_unwell_is_alive_but_not_ready() -> None:
    async with client(HealthService({"store": Probe(StoreUnavailable("10.0.0.7", detail="refused"))})) as http:
        assert (await http.get("/health/live")).status_code == 200
        assert (await http.get("/health/ready")).status_code == 503
        answer = await http.get("/health")
    assert answer.status_code == 503
    assert answer.json()["status"] == "failing"
    assert answer.json()["components"]["store"].keys() == {"ok", "required", "seconds", "code"}
    assert answer.json()["components"]["store"]["code"] == "store_unavailable"
    assert "10.0.0.7" not in answer.text
    assert "refused" not in answer.text


async def test_without_an_optional_part_it_is_degraded_and_ready() -> None:
    resting = Resting()
    health = HealthService({"engine": Probe()}, optional={"cache redis": resting})
    async with client(health) as http:
        assert (await http.get("/health/ready")).status_code == 200
        answer = await http.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["components"]["engine"] == {"ok": True, "required": True, "seconds": ANY}
    assert answer.json()["components"]["cache redis"] == {
        "ok": False,
        "required": False,
        "seconds": ANY,
        "state": "open",
        "code": "store_unavailable",
    }


async def test_draining_is_alive_but_not_ready() -> None:
    health = HealthService({"engine": Probe()})
    health.drain()
    async with client(health) as http:
        assert (await http.get("/health/live")).status_code == 200
        answer = await http.get("/health/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "draining"})


async def test_a_part_that_hangs_is_answered_within_the_timeout() -> None:
    async with client(HealthService({"engine": Probe(seconds=30)}, timeout_s=0.05)) as http, asyncio.timeout(20):
        answer = await http.get("/health")
    assert answer.json()["components"]["engine"]["code"] == "probe_timeout"
