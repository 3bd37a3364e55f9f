"""A set of widths through the whole server: one decode, and not much more work than the largest alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scenes import metric, until
from tests.servers.pixmill import Pixmill

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
WIDTHS = (320, 480, 640, 800, 960, 1280, 1600, 1920)
MOST = 2.5
"""Times the processor time of the largest alone. Eight alone take four to six times as long."""


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    """One worker, so that its time is all there is."""
    with Pixmill(images=str(PHOTOS), workers=1, srcset_warm="true", cache="memory://?max_bytes=64MiB") as server:
        yield server


def worker_s(server: Pixmill) -> float:
    """Processor time of the worker, all threads, to the nanosecond."""
    (pid,) = server.workers()
    return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


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


def test_eight_widths_take_at_most_two_and_a_half_times_the_work_of_the_largest(server: Pixmill) -> None:
    """The least of three rounds each, since others may use the machine too."""
    ratios = {}
    for photo in ("sunset.jpg", "fig.jpg"):
        alone, together = [], []
        for quality in (81, 82, 83):
            began = worker_s(server)
            assert server.get("/resize", url=photo, width=WIDTHS[-1], quality=quality, format="jpeg").status == 200
            alone.append(worker_s(server) - began)
            began = worker_s(server)
            warm(server, url=photo, quality=quality + 3, widths=",".join(map(str, WIDTHS)))
            together.append(worker_s(server) - began)
        ratios[photo] = round(min(together) / min(alone), 2)
    assert max(ratios.values()) <= MOST, ratios
