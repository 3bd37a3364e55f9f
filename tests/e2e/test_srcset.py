"""A set of widths through the whole server: one decode. How much work it takes is measured by
``benchmarks/bars.py``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scenes import metric, until
from tests.servers.pixmill import Pixmill

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
WIDTHS = (320, 480, 640, 800, 960, 1280, 1600, 1920)


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    with Pixmill(images=str(PHOTOS), workers=1, srcset_warm="true", cache="memory://?max_bytes=64MiB") as server:
        yield server


def renders(server: Pixmill) -> float:
    return metric(server, "pixmill_renders_total")


def decodes(server: Pixmill) -> float:
    return metric(server, "pixmill_stage_duration_seconds_count", stage="decode")


def warm(server: Pixmill, **query: Any) -> None:
    """Ask for a set and wait until all of it is there."""
    before = renders(server)
    told = server.get("/srcset", formats="jpeg", placeholder="none", warm="true", **query).json()
    assert told["warming"] is True
    until(lambda: renders(server) - before == len(told["sources"][0]["images"]), 30, "the set is made")


def test_eight_widths_take_one_decode_and_answer_from_the_cache(server: Pixmill) -> None:
    before = decodes(server)
    warm(server, url="fig.jpg", widths=",".join(map(str, WIDTHS)))
    assert decodes(server) - before == 1
    for width in WIDTHS:
        reply = server.get("/resize", url="fig.jpg", width=width, format="jpeg")
        assert (reply.status, reply.headers["cache-status"].split(";")[1].strip()) == (200, "hit")
    assert decodes(server) - before == 1
