"""Readiness depends on what is a server's own; stores that servers share are told by health."""

import pytest

from pixmill.settings import load
from pixmill.wiring import build_services

NOBODY = {"endpoint": "http://127.0.0.1:1", "access_key_id": "a", "secret_access_key": "b"}
STORES = {name: NOBODY | {"url": f"s3://{name}"} for name in ("photos", "results", "results-of-others", "whole")}
TIERS = "s3://results/pixmill,s3://whole"


@pytest.mark.parametrize("allowed_sources", ["path:,s3://photos/", "path:,s3://results/originals/", "s3:", ""])
async def test_stores_that_are_down_leave_a_server_ready_and_its_health_degraded(allowed_sources: str) -> None:
    told = {"stores": STORES, "cache": TIERS, "allowed_sources": allowed_sources}
    async with build_services(
        load(told | {"workers": "1", "store_timeout_s": "1", "ready_timeout_s": "2"})
    ) as services:
        ready = await services.lifecycle.health.ready()
        health = await services.lifecycle.health.health()
    assert (ready.ok, set(ready.components)) == (True, {"engine"})
    assert (health.ok, health.degraded) == (True, True)
    down = {name.removeprefix("store ") for name, part in health.components.items() if not part.ok}
    assert down >= set(STORES)
    assert not any(part.required for name, part in health.components.items() if name != "engine")
