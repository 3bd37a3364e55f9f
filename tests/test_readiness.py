"""Which parts of a server readiness depends on: what originals come from, and not what is only a tier of the cache."""

import pytest

from pixmill.settings import load
from pixmill.wiring import build_services

NOBODY = {"endpoint": "http://127.0.0.1:1", "access_key_id": "a", "secret_access_key": "b"}
STORES = {name: NOBODY | {"url": f"s3://{name}"} for name in ("photos", "results", "results-of-others", "whole")}
TIERS = "s3://results/pixmill,s3://whole"


@pytest.mark.parametrize(
    ("allowed_sources", "only_tiers"),
    [
        ("path:,s3://photos/", {"results", "whole"}),
        ("path:,s3://results/originals/", {"whole"}),
        ("s3:", {"whole"}),
        ("", {"whole"}),
    ],
)
async def test_a_store_that_is_down_is_no_reason_to_be_unready_if_it_is_only_a_tier(
    allowed_sources: str, only_tiers: set[str]
) -> None:
    told = {"stores": STORES, "cache": TIERS, "allowed_sources": allowed_sources}
    async with build_services(
        load(told | {"workers": "1", "store_timeout_s": "1", "ready_timeout_s": "2"})
    ) as services:
        report = await services.lifecycle.health.ready()
    assert not report.ok, "photos are down too"
    required = {name.removeprefix("store ") for name, part in report.components.items() if part.required}
    assert required == {"engine", *STORES} - only_tiers
    assert not any(part.ok for name, part in report.components.items() if name != "engine")
