"""Requests that fail, again and again: what they cost in memory and workers, through the whole server."""

import http.client
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scenes import COSTLY, metric, noise, small_photo, until
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill, Reply

CLIENTS = 4
MISSING, DAMAGED = 18_000, 2_000
MAX_GROWTH_MIB = 40.0
"""With tracebacks remembered it is 400."""

TOKEN = "an-admin-token-of-32-characters!"
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="4000" height="4000"><filter id="f" x="0" y="0" width="1" height="1">'
    b'<feMorphology operator="dilate" radius="400"/></filter><circle cx="2000" cy="2000" r="900" filter="url(#f)"/></svg>'
)
"""A small upload of a render that takes longer than the deadline."""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    (folder / "noise.jpg").write_bytes(noise())
    (folder / "photo.jpg").write_bytes(small_photo())
    (folder / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(300))
    return folder


@pytest.fixture
def server(images: Path) -> Iterator[Pixmill]:
    with Pixmill(
        images=str(images),
        allowed_networks="127.0.0.0/8",
        workers=1,
        deadline_s=0.8,
        max_cost_s=1_000,
        admin_token=TOKEN,
    ) as server:
        yield server


def resident_mib(server: Pixmill) -> float:
    """Memory of the server process, without its workers."""
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def ask_all(server: Pixmill, targets: list[str]) -> Counter[int]:
    """Request each, by a few clients that keep their connections; return how many there were of each status."""

    def client(part: list[str]) -> Counter[int]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        statuses: Counter[int] = Counter()
        for target in part:
            connection.request("GET", target)
            with connection.getresponse() as response:
                response.read()
                statuses[response.status] += 1
        connection.close()
        return statuses

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sum(pool.map(client, (targets[number::CLIENTS] for number in range(CLIENTS))), Counter())


def test_twenty_thousand_distinct_failures_take_little_memory(images: Path) -> None:
    with Pixmill(images=str(images), workers=1, access_log="false") as server:
        missing = [f"/resize?url=missing-{number}.jpg&width=30" for number in range(MISSING)]
        damaged = [
            f"/resize?url=damaged.png&width={30 + number % 50}&height={30 + number // 50}" for number in range(DAMAGED)
        ]
        ask_all(server, [*missing[:300], *damaged[:100]])
        before = resident_mib(server)
        assert ask_all(server, missing) == {404: MISSING}
        assert ask_all(server, damaged) == {422: DAMAGED}
        assert resident_mib(server) - before < MAX_GROWTH_MIB


def renders(server: Pixmill) -> float:
    return metric(server, "pixmill_renders_total")


def assert_timed_out(server: Pixmill, reply: Reply, *, remembered: bool) -> None:
    """Check the answer, and wait until there is a worker again."""
    assert (reply.status, reply.json()["code"]) == (504, "render_timeout")
    assert ("hit; detail=negative-render_timeout" in reply.headers["cache-status"]) is remembered
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    assert reply.headers["cache-control"] == "no-store"
    until(lambda: metric(server, "pixmill_workers") == 1, 30, "the worker is replaced")


def test_a_render_that_ran_out_of_time_takes_no_worker_the_second_time(server: Pixmill) -> None:
    assert_timed_out(server, server.get("/resize", **COSTLY), remembered=False)
    before = renders(server)
    for _ in range(3):
        assert_timed_out(server, server.get("/resize", **COSTLY), remembered=True)
    assert renders(server) == before
    assert metric(server, "pixmill_worker_restarts_total", reason="deadline") == 1
    assert metric(server, "pixmill_negative_cache_hits_total", outcome="render_timeout") == 3
    other = server.get("/resize", url="noise.jpg", width=40)
    assert "negative" not in other.headers["cache-status"], "another result of the same original"


def test_a_purge_lets_a_render_that_ran_out_of_time_be_tried_again(server: Pixmill) -> None:
    assert_timed_out(server, server.get("/resize", **COSTLY), remembered=False)
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    other = server.ask("POST", "/admin/purge", headers=headers, data=b'{"sources": ["photo.jpg"]}')
    assert other.status == 200, other.body
    assert_timed_out(server, server.get("/resize", **COSTLY), remembered=True)
    assert server.ask("POST", "/admin/purge", headers=headers, data=b'{"sources": ["noise.jpg"]}').status == 200
    assert_timed_out(server, server.get("/resize", **COSTLY), remembered=False)


def test_a_changed_original_is_tried_at_once(server: Pixmill) -> None:
    with Origin() as origin:
        url = origin.publish("/photo.jpg", noise(), {"ETag": '"1"', "Cache-Control": "no-cache"})
        query = dict(COSTLY) | {"url": url}
        assert_timed_out(server, server.get("/resize", **query), remembered=False)
        assert_timed_out(server, server.get("/resize", **query), remembered=True)
        origin.publish("/photo.jpg", small_photo(16), {"ETag": '"2"', "Cache-Control": "no-cache"})
        assert server.get("/resize", **query).status == 200


def test_an_upload_that_ran_out_of_time_takes_no_worker_the_second_time(server: Pixmill) -> None:
    def upload(body: bytes) -> Reply:
        return server.ask("POST", "/resize?width=3000&format=png", data=body)

    assert_timed_out(server, upload(SVG), remembered=False)
    before = renders(server)
    assert_timed_out(server, upload(SVG), remembered=True)
    assert renders(server) == before
    assert upload(small_photo()).status == 200
    same_size = small_photo() + bytes(len(SVG))
    assert upload(same_size).status == 200


def test_a_set_of_images_that_ran_out_of_time_is_not_warmed_again(images: Path) -> None:
    with Pixmill(images=str(images), workers=1, deadline_s=4, max_cost_s=1_000, srcset_warm="true") as server:
        assert_not_warmed_again(server)


def assert_not_warmed_again(server: Pixmill) -> None:
    def restarts() -> float:
        return metric(server, "pixmill_worker_restarts_total", reason="deadline")

    query: dict[str, Any] = {"url": "noise.jpg", "widths": "3000,3500,4000", "formats": "avif", "effort": 9}
    query |= {"warm": "true", "placeholder": "none"}
    reply = server.get("/srcset", **query)
    assert reply.status == 200, reply.body
    assert reply.json()["warming"] is True
    until(lambda: restarts() == 1, 30, "the batch runs out of time")
    until(lambda: metric(server, "pixmill_workers") == 1, 30, "the worker is replaced")
    before = metric(server, "pixmill_negative_cache_hits_total", outcome="render_timeout")
    assert server.get("/srcset", **query).json()["warming"] is True
    until(
        lambda: metric(server, "pixmill_negative_cache_hits_total", outcome="render_timeout") > before,
        30,
        "the batch is refused",
    )
    assert restarts() == 1
