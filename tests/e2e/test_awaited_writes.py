"""A process that is frozen at the last byte of its answers has stored every one of them."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scenes import small_photo, until
from tests.servers.pixmill import Pixmill
from tests.servers.redis import RedisServer
from tests.servers.seaweedfs import SeaweedFS

RESULTS = 100


@pytest.fixture(scope="module")
def s3() -> Iterator[SeaweedFS]:
    with SeaweedFS() as server:
        server.make_bucket("results")
        yield server


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(small_photo())
    return folder


def stored_in_files(folder: Path) -> int:
    return sum(len(file.name) == 64 for file in folder.glob("*/*"))


def stored_while_frozen(server: Pixmill, count_stored: Callable[[], int]) -> list[int]:
    """The number of results in the store when the server is stopped at the last byte of each new answer."""
    found = []
    for number in range(RESULTS):
        reply = server.get("/resize", url="photo.jpg", width=20 + number)
        os.kill(server.pid, signal.SIGSTOP)
        assert reply.status == 200
        found.append(count_stored())
        os.kill(server.pid, signal.SIGCONT)
    return found


def test_files_hold_every_result(tmp_path: Path, images: Path) -> None:
    folder = tmp_path / "cache"
    with Pixmill(workers=1, images=str(images), cache=f"memory://,file://{folder}", await_writes="true") as server:
        assert stored_while_frozen(server, lambda: stored_in_files(folder)) == list(range(1, RESULTS + 1))


def test_redis_holds_every_result(images: Path, redis_server: RedisServer) -> None:
    url = f"{redis_server.url}?prefix=awaited"
    with Pixmill(workers=1, images=str(images), cache=f"memory://,{url}", await_writes="true") as server:
        counts = stored_while_frozen(server, lambda: len(redis_server.keys("awaited:e:*")))
    assert counts == list(range(1, RESULTS + 1))


def test_a_bucket_holds_every_result(tmp_path: Path, images: Path, s3: SeaweedFS) -> None:
    """Another server, with the bucket alone, finds them all."""
    settings: dict[str, Any] = {
        "cache": "memory://,s3://results?timeout=10s",
        "stores": json.dumps({"results": s3.named_store("results")}),
    }
    with Pixmill(workers=1, images=str(images), await_writes="true", **settings) as server:
        for number in range(RESULTS):
            server.get("/resize", url="photo.jpg", width=20 + number)
            os.kill(server.pid, signal.SIGSTOP)
            if number < RESULTS - 1:
                os.kill(server.pid, signal.SIGCONT)
        server.stop(signal.SIGKILL)
    with Pixmill(workers=1, images=str(images), **settings) as other:
        hits = [other.get("/resize", url="photo.jpg", width=20 + number) for number in range(RESULTS)]
    assert sum("; hit" in str(reply.headers["cache-status"]) for reply in hits) == RESULTS


def test_without_the_setting_writes_are_behind_the_answer(tmp_path: Path, images: Path) -> None:
    folder = tmp_path / "cache"
    with Pixmill(workers=1, images=str(images), cache=f"memory://,file://{folder}") as server:
        server.get("/resize", url="photo.jpg", width=30)
        until(lambda: stored_in_files(folder) == 1, 60, "the result is stored")
