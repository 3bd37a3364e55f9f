"""An S3 server that is killed, stalls or does not know us, seen by the clients of the whole server."""

import json
import time
from typing import Any

import pytest

from tests.e2e.scenes import accepts, metric, small_photo, until
from tests.servers.pixmill import Pixmill
from tests.servers.seaweedfs import Identity, SeaweedFS

pytestmark = pytest.mark.xdist_group("seaweedfs")

STRANGER = Identity("nobody", "wrong-secret")


def serving(s3: SeaweedFS, **settings: str | float) -> Pixmill:
    stores = {
        "photos": s3.named_store("e2e-faults"),
        "strange": s3.named_store("e2e-strange", STRANGER),
    }
    usual: dict[str, str | float] = {
        "stores": json.dumps({"photos": stores["photos"]}),
        "cache": "",
        "originals_cache": "",
        "workers": 1,
        "store_timeout_s": 5,
        "source_timeout_s": 20,
        "ready_timeout_s": 10,
    }
    return Pixmill(**usual | settings)


@pytest.fixture
def photos(seaweedfs: SeaweedFS) -> SeaweedFS:
    seaweedfs.make_bucket("e2e-faults")
    seaweedfs.put("e2e-faults", "photo.jpg", small_photo())
    return seaweedfs


def code_of(server: Pixmill, url: str, width: int) -> tuple[int, str]:
    reply = server.get("/resize", url=url, width=width)
    return reply.status, "" if reply.status == 200 else reply.json()["code"]


def test_what_is_not_in_the_bucket_or_not_in_a_known_bucket_is_not_served(photos: SeaweedFS) -> None:
    with serving(photos) as server:
        assert code_of(server, "s3://e2e-faults/photo.jpg", 20) == (200, "")
        assert code_of(server, "s3://e2e-faults/missing.jpg", 20) == (404, "source_not_found")
        assert code_of(server, "s3://e2e-strange/photo.jpg", 20) == (403, "source_forbidden")
        assert code_of(server, "gs://e2e-faults/photo.jpg", 20) == (403, "source_forbidden")
        assert code_of(server, "s3://e2e-faults/../ready/ready", 20) == (400, "invalid_parameter")


def test_a_server_that_stalls_is_a_gateway_error_in_time_and_well_again_when_it_goes_on(photos: SeaweedFS) -> None:
    with serving(photos) as server:
        assert code_of(server, "s3://e2e-faults/photo.jpg", 21) == (200, "")
        with photos.paused():
            began = time.monotonic()
            status, code = code_of(server, "s3://e2e-faults/photo.jpg", 22)
            assert (status, code) in {(502, "source_unreachable"), (504, "source_timeout")}
            assert time.monotonic() - began < 45
            until(lambda: server.get("/health").json()["status"] == "degraded", 60, "the stall is noticed")
            parts = server.get("/health").json()["components"]
            assert parts["store photos"]["ok"] is False
            assert parts["engine"]["ok"] is True
            assert server.get("/health/ready").status == 200
        until(lambda: server.get("/health").json()["status"] == "ok", 60, "all well again")
        assert code_of(server, "s3://e2e-faults/photo.jpg", 23) == (200, "")


def test_wrong_credentials_are_told_by_health_and_not_to_clients() -> None:
    with SeaweedFS() as s3:
        s3.make_bucket("e2e-strange")
        s3.put("e2e-strange", "photo.jpg", small_photo())
        stores = json.dumps({"strange": s3.named_store("e2e-strange", STRANGER)})
        server = serving(s3, stores=stores, access_log="true")
        server.launch()
        try:
            until(lambda: '"event":"listening"' in server.log(), 60, "the server has started")
            until(lambda: accepts(server), 60, "it listens")
            health = server.get("/health").json()
            assert (health["status"], health["components"]["store strange"]["code"]) == (
                "degraded",
                "store_credentials",
            )
            reply = server.get("/resize", url="s3://e2e-strange/photo.jpg", width=20)
            assert (reply.status, reply.json()["code"]) == (502, "source_credentials")
            until(lambda: "InvalidAccessKeyId" in server.log(), 60, "the operator is told why")
            assert metric(server, "pixmill_source_fetches_total", outcome="source_credentials") == 1
            assert b"nobody" not in reply.body
            assert STRANGER.secret_access_key not in server.log()
        finally:
            server.__exit__(None, None, None)


def test_a_server_that_is_killed_costs_its_own_pictures_only(photos: SeaweedFS) -> None:
    with SeaweedFS() as s3:
        s3.make_bucket("e2e-faults")
        s3.put("e2e-faults", "photo.jpg", small_photo())
        cache = "memory://?max_bytes=16MiB,s3://e2e-faults/cache"
        with serving(s3, cache=cache) as server:
            assert code_of(server, "s3://e2e-faults/photo.jpg", 24) == (200, "")
            s3.stop()
            assert code_of(server, "s3://e2e-faults/photo.jpg", 24) == (200, ""), "memory has it"
            began = time.monotonic()
            assert code_of(server, "s3://e2e-faults/photo.jpg", 25) == (502, "source_unreachable")
            reply = server.ask("POST", "/resize", data=small_photo(), width=26)
            assert reply.status == 200
            assert time.monotonic() - began < 45
            until(lambda: metric(server, "pixmill_store_up", store="cache s3") == 0, 60, "the loss is noticed")
            assert server.get("/health/ready").status == 200
            assert server.stop() == 0


def test_a_purge_lies_in_the_bucket_for_whoever_shares_it_and_empties_it(photos: SeaweedFS) -> None:
    photos.make_bucket("e2e-purges")
    stores = json.dumps({"photos": photos.named_store("e2e-faults"), "results": photos.named_store("e2e-purges")})
    token = "a token of the operator"
    shared = {"stores": stores, "cache": "memory://?max_bytes=8MiB,s3://e2e-purges", "admin_token": token}

    def tier(server: Pixmill, width: int) -> str:
        reply = server.get("/resize", url="s3://e2e-faults/photo.jpg", width=width, tags=f"wide-{width}")
        status = str(reply.headers["cache-status"])
        return status.rpartition("detail=")[2] if "; hit" in status else ""

    def told(server: Pixmill) -> Any:
        return server.get("/admin/purges", {"authorization": f"Bearer {token}"}).json()

    with serving(photos, **shared) as one:
        assert [tier(one, width) for width in (31, 32)] == ["", ""]
        order = json.dumps({"tags": ["wide-31"]}).encode()
        reply = one.ask("POST", "/admin/purge", headers={"authorization": f"Bearer {token}"}, data=order)
        assert (reply.status, reply.json()["unsynced"]) == (200, [])
        until(lambda: told(one)["removed"].get("s3") == 1 and not told(one)["sweeping"], 60, "it is removed")
        with serving(photos, **shared) as other:
            assert [rule["value"] for rule in told(other)["active_purges"]] == ["wide-31"]
            assert [tier(other, width) for width in (31, 32)] == ["", "s3"]
