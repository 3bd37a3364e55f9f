"""An S3 server that is killed, stalls, denies or is full: as the place of originals, and as a tier of the cache."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scenes import until
from tests.faults.conftest import PHOTOS
from tests.faults.traffic import Traffic, Wanted, chart, sizes, while_going
from tests.servers.pixmill import Pixmill
from tests.servers.seaweedfs import OWNER, READER, SeaweedFS

GONE = ((502, "source_unreachable"), (504, "source_timeout"), (502, "source_broken"), (503, "source_busy"))


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
        until(lambda: server.get("/resize", url="s3://charts/1.png", width=91).status == 200, 20, "well again")
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


@pytest.mark.parametrize("how", ["stalls", "is killed", "denies writing"])
def test_a_tier_in_a_store_that_fails_costs_no_answer(
    s3: SeaweedFS, images: Path, how: str, survived: Callable[..., None]
) -> None:
    who = READER if how == "denies writing" else OWNER
    stores = {"charts": s3.named_store("charts"), "kept": s3.named_store("kept", who)}
    cache = "memory://?max_bytes=1MiB,s3://kept/cache"
    with Pixmill(**settings(s3, images, cache=cache, stores=json.dumps(stores))) as server:
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
