"""A disk that is full, and one that can only be read: the cache folder lies on a file system of its own."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.scenes import metric, until
from tests.faults.conftest import PHOTOS
from tests.faults.disks import filled, small_disk
from tests.faults.traffic import Traffic, Wanted, chart, sizes, while_going
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill


def charts() -> list[Wanted]:
    forms = ("png", "webp", "jpeg")
    return [
        one
        for number in range(1, PHOTOS + 1)
        for one in sizes("charts", f"{number}.png", [number], range(20, 90), forms)
    ]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "2m") as place:
        yield place


def test_a_full_disk_costs_no_answer_and_is_written_again_when_there_is_room(
    images: Path, disk: Path, survived: Callable[..., None]
) -> None:
    with Pixmill(images=str(images), cache=f"file://{disk}/cache?max_bytes=64MiB") as server:
        with Traffic(server, charts()) as traffic:
            while_going(traffic, 30)
            with filled(disk):
                while_going(traffic, 60)
            while_going(traffic, 60)
        traffic.assert_only("charts")
        wanted = charts()[0]
        until(lambda: _hits(server, wanted), 30, "results are kept again")
        assert metric(server, "pixmill_cache_lookups_total", outcome="damaged") == 0
        survived(traffic)


def test_a_full_disk_of_originals_costs_no_answer_and_is_written_again_when_there_is_room(
    disk: Path, survived: Callable[..., None]
) -> None:
    originals = f"file://{disk}/originals?max_bytes=64MiB"
    with Origin() as origin, Pixmill(cache="", originals_cache=originals, allowed_networks="127.0.0.0/8") as server:
        asked = [
            one
            for number in range(200)
            for one in sizes("web", origin.serve(f"/{number}.png", chart(number)), [number], [50], ["png"])
        ]
        with Traffic(server, asked) as traffic:
            while_going(traffic, 30)
            with filled(disk):
                while_going(traffic, 60)
            while_going(traffic, 60)
        traffic.assert_only("web")
        fresh = iter(range(200, 400))

        def kept() -> bool:
            number = next(fresh)
            url = origin.serve(f"/{number}.png", chart(number))
            assert all(server.get("/resize", url=url, width=width).status == 200 for width in (30, 40))
            return origin.count(f"/{number}.png") == 1

        until(kept, 30, "originals are kept again")
        survived(traffic)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Whoever comes by its path can only read; a file system with files open for writing, as a lock is, lets nobody
    take that back as a whole."""
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_can_only_be_read_still_answers_what_it_has(
    images: Path, disk: Path, survived: Callable[..., None]
) -> None:
    with Pixmill(images=str(images), cache=f"file://{disk}/cache?max_bytes=64MiB") as server:
        wanted = charts()[0]
        until(lambda: _hits(server, wanted), 60, "it is kept")
        with read_only(disk / "cache"), Traffic(server, charts()) as traffic:
            while_going(traffic, 60)
            assert _hits(server, wanted)
        traffic.assert_only("charts")
        survived(traffic, stored=1)


def _hits(server: Pixmill, wanted: Wanted) -> bool:
    reply = server.get("/resize", **wanted.query)
    assert reply.status == 200
    return "hit" in str(reply.headers["cache-status"])
