"""A bucket that stops takes no server out, and costs no answer that memory, disk or an older result can give."""

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.scenes import metric, small_photo, until
from tests.fleet.conftest import Bar
from tests.fleet.fleet import Fleet, Load
from tests.servers.origin import Origin
from tests.servers.seaweedfs import SeaweedFS

STOPPED_S: Final = 60
PER_S: Final = 60
IMAGES: Final = 40
NEW_PER_S: Final = 4
PARTS: Final = ["cache s3", "images", "store originals", "store results"]


def settings(s3: SeaweedFS) -> dict[str, Any]:
    """Originals and results are in S3; results also in memory, for a few of them, and on each server's own disk."""
    s3.put("originals", "photo.jpg", small_photo())
    return {
        "images": "s3://originals",
        "stores": json.dumps({name: s3.named_store(name) for name in ("originals", "results")}),
        "cache": "memory://?max_bytes=1MiB,file://{folder}/cache,s3://results",
        "cache_ttl_s": 10,
        "cache_stale_while_revalidate_s": 3600,
        "cache_stale_if_error_s": 3600,
        "allowed_networks": "127.0.0.0/8",
    }


def known_queries() -> list[dict[str, Any]]:
    return [{"url": "photo.jpg", "width": 100 + number} for number in range(IMAGES)]


def warm(fleet: Fleet) -> None:
    """Let every server store every result, and wait until all are written."""
    for server in fleet.servers:
        for query in known_queries():
            assert server.get("/resize", **query).status == 200


def new_queries(url: str) -> list[dict[str, Any]]:
    return [{"url": url, "width": width} for width in range(30, 2_000)]


@pytest.mark.parametrize("how", ["stalls", "is killed"])
def test_no_request_fails_that_memory_disk_or_stale_can_answer(
    s3: SeaweedFS, how: str, tmp_path: Path, bar: Bar, note: Callable[[str], None]
) -> None:
    seconds = STOPPED_S if how == "stalls" else STOPPED_S // 4
    with Fleet(tmp_path, **settings(s3)) as fleet, Origin() as origin:
        warm(fleet)
        url = origin.serve("/photo.jpg", small_photo(), headers={"Cache-Control": "max-age=600"})
        known = Load(fleet.get, known_queries(), PER_S)
        new = Load(fleet.get, new_queries(url), NEW_PER_S)
        (s3.pause if how == "stalls" else s3.stop)()
        try:
            with known, new:
                time.sleep(seconds)
                ready = sum(server.get("/health/ready").status == 200 for server in fleet.servers)
                down = sum(metric(server, "pixmill_store_up", store="images") == 0 for server in fleet.servers)
        finally:
            if how == "stalls":
                s3.resume()
    bar(f"S3 {how} for {seconds} s, {PER_S} requests/s of known images: failed", known.outcomes.failed, 0)
    bar(f"S3 {how}: new images of another origin failed", new.outcomes.failed, 0)
    bar(f"S3 {how}: servers that stay ready", ready, len(fleet.servers))
    bar(f"S3 {how}: servers that report images as down", down, len(fleet.servers))
    note(f"{known.outcomes.asked} known: {dict(known.outcomes.cache)}, slowest {known.outcomes.slowest_s:.2f} s")
    note(f"{new.outcomes.asked} new: {dict(new.outcomes.cache)}, slowest {new.outcomes.slowest_s:.2f} s")


def test_a_server_starts_ready_while_the_bucket_is_down_and_says_so(s3: SeaweedFS, tmp_path: Path, bar: Bar) -> None:
    server = Fleet(tmp_path, 1, **settings(s3)).servers[0]
    with s3.paused():
        server.launch()
        with contextlib.closing(server):
            server.wait_ready()
            until(lambda: server.log().count("component_failing") >= len(PARTS), 60, "the log says it")
            lines = [json.loads(line) for line in server.log().splitlines()]
    failing = sorted(line["component"] for line in lines if line["event"] == "component_failing")
    bar("a server that starts while S3 stalls is ready, and reports as down", failing, PARTS)
