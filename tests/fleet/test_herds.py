"""A new image that is requested of every server at once is rendered by one."""

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.scenes import random_of
from tests.fleet.conftest import Bar
from tests.fleet.fleet import Fleet, herd
from tests.servers.redis import RedisServer
from tests.servers.seaweedfs import SeaweedFS

IMAGES: Final = 250
RUNS: Final = int(os.environ.get("PIXMILL_HERDS", "1"))
"""Runs of each; five were made for the figures of the changelog."""


def cache_of(shared: str, folder: Path, redis: RedisServer, s3: SeaweedFS) -> dict[str, Any]:
    """Tiers with long timeouts, so that a busy machine changes no count."""
    lease = f"{redis.url}?timeout=10s"
    return {
        "folder": {"cache": f"memory://,file://{folder}/shared?timeout=10s"},
        "redis": {"cache": f"memory://,{lease}"},
        "redis and S3": {
            "cache": f"memory://,{lease}&max_entry_bytes=1kB,s3://results?timeout=10s",
            "stores": json.dumps({"results": s3.named_store("results")}),
        },
    }[shared]


def queries(run: int) -> list[dict[str, Any]]:
    return [{"url": f"photo-{run}.jpg", "width": 60 + number} for number in range(IMAGES)]


@pytest.mark.parametrize("shared", ["folder", "redis", "redis and S3"])
def test_every_image_of_a_herd_is_rendered_once(
    shared: str,
    tmp_path: Path,
    images: Path,
    redis: RedisServer,
    s3: SeaweedFS,
    bar: Bar,
    note: Callable[[str], None],
) -> None:
    for run in range(RUNS):
        shutil.copy(images / "photo.jpg", images / f"photo-{run}.jpg")
    dice: random.Random = random_of(17)
    with Fleet(tmp_path, images=str(images), **cache_of(shared, tmp_path, redis, s3)) as fleet:
        for run in range(RUNS):
            before = fleet.renders(), fleet.cpu_s()
            outcomes = herd(fleet, queries(run), dice)
            bar(f"herds by {shared}: renders of {IMAGES} images", fleet.renders() - before[0], IMAGES)
            bar(f"herds by {shared}: failed of {outcomes.asked} requests", outcomes.failed, 0)
            note(f"{(fleet.cpu_s() - before[1]) / outcomes.asked * 1000:.2f} ms of server CPU a request")
