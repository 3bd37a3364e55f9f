"""An S3 server that is killed, stalls, denies or is full: as the place of originals, and as a tier of the cache."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from obstore.exceptions import BaseError

from tests.e2e.scenes import metric, until
from tests.faults.conftest import PHOTOS
from tests.faults.disks import filled, small_disk
from tests.faults.traffic import Traffic, Wanted, chart, sizes, while_going
from tests.servers.pixmill import Pixmill
from tests.servers.seaweedfs import OWNER, READER, STRANGER, SeaweedFS

GONE = ((502, "source_unreachable"), (504, "source_timeout"), (502, "source_bad_response"), (503, "source_busy"))


def asked() -> list[Wanted]:
    stored = [
        one for number in (1, 2) for one in sizes("s3", f"s3://charts/{number}.png", [number], range(20, 90), ["png"])
    ]
    local = [
        one
        for number in range(3, PHOTOS + 1)
        for one in sizes("local", f"{number}.png", [number], range(20, 60), ["png"])
    ]
    return stored + local


def settings(s3: SeaweedFS, images: Path, **more: str | float) -> dict[str, Any]:
    stores = {"charts": s3.named_store("charts"), "kept": s3.named_store("kept")}
    usual: dict[str, Any] = {
        "images": str(images),
        "stores": json.dumps(stores),
        "cache": "",
        "store_timeout_s": 1,
        "source_timeout_s": 2,
    }
    return usual | more


@pytest.fixture
def s3() -> Any:
    with SeaweedFS() as server:
        for bucket in ("charts", "kept"):
            server.make_bucket(bucket)
        for number in (1, 2):
            server.put("charts", f"{number}.png", chart(number))
        yield server


def test_originals_in_a_store_that_stalls_cost_their_own_pictures_only(
    s3: SeaweedFS, images: Path, survived: Callable[..., None]
) -> None:
    with Pixmill(**settings(s3, images)) as server:
        with Traffic(server, asked(), clients=6) as traffic:
            while_going(traffic, 60)
            with s3.paused():
                while_going(traffic, 40)
            while_going(traffic, 20)
        traffic.assert_only("local")
        traffic.assert_only("s3", *GONE)
        until(lambda: server.get("/resize", url="s3://charts/1.png", width=91).status == 200, 60, "well again")
        survived(traffic)


def test_originals_in_a_store_that_is_killed_cost_their_own_pictures_only(
    s3: SeaweedFS, images: Path, survived: Callable[..., None]
) -> None:
    with Pixmill(**settings(s3, images)) as server:
        with Traffic(server, asked(), clients=6) as traffic:
            while_going(traffic, 40)
            s3.stop()
            while_going(traffic, 60)
        traffic.assert_only("local")
        traffic.assert_only("s3", *GONE)
        survived(traffic)


def test_originals_in_a_store_that_does_not_know_us_cost_their_own_pictures_only(
    s3: SeaweedFS, images: Path, survived: Callable[..., None]
) -> None:
    with Pixmill(**settings(s3, images, stores=json.dumps({"charts": s3.named_store("charts", STRANGER)}))) as server:
        with Traffic(server, asked(), clients=6) as traffic:
            while_going(traffic, 60)
        traffic.assert_only("local")
        traffic.assert_only("s3", (502, "source_credentials"))
        assert server.get("/health/ready").status == 200
        assert server.get("/health").json()["components"]["store charts"]["code"] == "store_credentials"
        assert metric(server, "pixmill_store_up", store="store charts") == 0
        survived(traffic)


@pytest.mark.parametrize("how", ["stalls", "is killed", "denies writing", "does not know us"])
def test_a_tier_in_a_store_that_fails_costs_no_answer(
    s3: SeaweedFS, images: Path, how: str, survived: Callable[..., None]
) -> None:
    who = {"denies writing": READER, "does not know us": STRANGER}.get(how, OWNER)
    stores = {"charts": s3.named_store("charts"), "kept": s3.named_store("kept", who)}
    cache = "memory://?max_bytes=1MiB,s3://kept/cache"
    told = settings(s3, images, cache=cache, stores=json.dumps(stores), allowed_sources="path:,s3://charts/")
    with Pixmill(**told) as server:
        local = [one for one in asked() if one.scope == "local"]
        with Traffic(server, local, clients=6) as traffic:
            while_going(traffic, 40)
            if how == "stalls":
                with s3.paused():
                    while_going(traffic, 60)
            elif how == "is killed":
                s3.stop()
            while_going(traffic, 60)
        traffic.assert_only("local")
        survived(traffic)


def test_a_tier_in_a_store_without_room_costs_no_answer_and_is_written_again_when_there_is_some(
    tmp_path: Path, images: Path, survived: Callable[..., None]
) -> None:
    with small_disk(tmp_path / "disk", "256m") as disk, SeaweedFS(disk / "data") as s3:
        s3.make_bucket("kept")
        stores = json.dumps({"kept": s3.named_store("kept")})
        with Pixmill(images=str(images), cache="s3://kept/cache", stores=stores) as server:
            local = [one for one in asked() if one.scope == "local"]
            with Traffic(server, local, clients=6) as traffic:
                while_going(traffic, 40)
                with filled(disk):
                    _fill(s3, "kept")
                    while_going(traffic, 60)
                    failed = metric(server, "pixmill_cache_errors_total", tier="s3")
                while_going(traffic, 20)
            traffic.assert_only("local")
            assert failed, "it was noticed"
            fresh = iter(range(100, 2_000))

            def kept() -> bool:
                query: dict[str, Any] = {"url": "1.png", "width": next(fresh), "enlarge": "true", "format": "png"}
                server.get("/resize", **query)
                return "hit" in str(server.get("/resize", **query).headers["cache-status"])

            until(kept, 60, "results are kept again")
            survived(traffic)


def _fill(s3: SeaweedFS, bucket: str) -> None:
    """It has made room for some before: until nothing more is taken in, not even what is small."""
    for size in (2**21, 2**18, 2**15, 2**12):
        with contextlib.suppress(BaseError):
            for number in range(1_000):
                s3.put(bucket, f"ballast-{size}-{number}", bytes(size))
            raise AssertionError("it is never full")
