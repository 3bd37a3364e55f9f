"""A disk that is full, and one that can only be read: the cache folder lies on a file system of its own."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.scenes import metric, until
from tests.faults.conftest import PHOTOS
from tests.faults.traffic import Traffic, Wanted, sizes, while_going
from tests.servers.pixmill import Pixmill

SMALL = "2m"


def charts() -> list[Wanted]:
    forms = ("png", "webp", "jpeg")
    return [
        one
        for number in range(1, PHOTOS + 1)
        for one in sizes("charts", f"{number}.png", [number], range(20, 90), forms)
    ]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system in memory; mounting one needs a privilege."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(place)], check=False).returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def filled(disk: Path) -> Path:
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return ballast


def test_a_full_disk_costs_no_answer_and_is_written_again_when_there_is_room(
    images: Path, disk: Path, survived: Callable[..., None]
) -> None:
    with Pixmill(images=str(images), cache=f"file://{disk}/cache?max_bytes=64MiB") as server:
        with Traffic(server, charts()) as traffic:
            while_going(traffic, 30)
            ballast = filled(disk)
            while_going(traffic, 60)
            ballast.unlink()
            while_going(traffic, 60)
        traffic.assert_only("charts")
        wanted = charts()[0]
        until(lambda: _hits(server, wanted), 30, "results are kept again")
        assert metric(server, "pixmill_cache_lookups_total", outcome="damaged") == 0
        survived(traffic)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Whoever comes by its path can only read; a file system with files open for writing, as a lock is, lets nobody take that back as a whole."""
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
        until(lambda: _hits(server, wanted), 20, "it is kept")
        with read_only(disk / "cache"), Traffic(server, charts()) as traffic:
            while_going(traffic, 60)
            assert _hits(server, wanted)
        traffic.assert_only("charts")
        survived(traffic, stored=1)


def _hits(server: Pixmill, wanted: Wanted) -> bool:
    reply = server.get("/resize", **wanted.query)
    assert reply.status == 200
    return "hit" in str(reply.headers["cache-status"])
