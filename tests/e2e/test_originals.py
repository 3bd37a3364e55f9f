"""Originals in a folder: another size costs no download after a restart, or on another server, and never gives
another picture."""

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.e2e.scenes import metric, small_photo, until
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill

HEADERS = {"ETag": '"1"', "Cache-Control": "max-age=600"}
TOKEN = "a token of the operator"


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


def server(folder: Path, **settings: str | float) -> Pixmill:
    """Without memory for originals, and with none but its own results."""
    told: dict[str, str | float] = {
        "originals_cache": f"file://{folder}?max_bytes=64MiB",
        "cache": "memory://",
        "allowed_networks": "127.0.0.0/8",
        "workers": 1,
        "admin_token": TOKEN,
    }
    return Pixmill(**(told | settings))


def purge(pixmill: Pixmill, order: dict[str, object]) -> None:
    data, headers = json.dumps(order).encode(), {"Authorization": f"Bearer {TOKEN}"}
    assert pixmill.ask("POST", "/admin/purge", headers=headers, data=data).status == 200


def rules(pixmill: Pixmill) -> list[dict[str, object]]:
    found = pixmill.get("/admin/purges", headers={"Authorization": f"Bearer {TOKEN}"}).json()["active_purges"]
    assert isinstance(found, list)
    return found


def files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("??/*") if len(path.name) == 64]


def get(pixmill: Pixmill, url: str, width: int) -> bytes:
    reply = pixmill.get("/resize", url=url, width=width, format="png")
    assert reply.status == 200, reply.body
    return reply.body


def laid_down(folder: Path, count: int = 1) -> None:
    until(lambda: len(files(folder)) == count, 60, "it is laid down")


def test_another_size_costs_no_download_after_a_restart(origin: Origin, tmp_path: Path) -> None:
    url = origin.serve("/a.jpg", small_photo(), headers=HEADERS)
    with server(tmp_path) as one:
        first = get(one, url, 100)
        laid_down(tmp_path)
        get(one, url, 101)
        assert metric(one, "pixmill_cache_lookups_total", tier="originals_disk", outcome="hit") == 1
        assert metric(one, "pixmill_cache_bytes", tier="originals_disk") >= len(small_photo())
        assert one.get("/health").json()["components"]["cache originals_disk"]["ok"] is True
    with server(tmp_path) as another:
        assert get(another, url, 100) == first
    assert origin.count("/a.jpg") == 1


def test_two_servers_asked_at_once_for_different_sizes_fetch_it_once(origin: Origin, tmp_path: Path) -> None:
    url = origin.serve("/a.jpg", small_photo(), headers=HEADERS, wait_s=0.5)
    with server(tmp_path) as one, server(tmp_path) as another, ThreadPoolExecutor(4) as clients:
        asked = [(pixmill, width) for width in (100, 110) for pixmill in (one, another)]
        list(clients.map(lambda ask: get(ask[0], url, ask[1]), asked))
        leases = [metric(pixmill, "pixmill_lock_acquisitions_total", kind="file") for pixmill in (one, another)]
    assert origin.count("/a.jpg") == 1
    assert min(leases) == 1


def test_what_is_purged_on_one_server_is_fetched_anew_by_all(origin: Origin, tmp_path: Path) -> None:
    url = origin.serve("/a.jpg", small_photo(), headers=HEADERS | {"Cache-Tag": "photos"})
    settings = {"source_tag_header": "Cache-Tag"}
    orders: list[dict[str, object]] = [
        {"sources": [url]},
        {"prefixes": ["http://127.0.0.1"]},
        {"tags": ["photos"]},
        {"all": True},
    ]
    with server(tmp_path, **settings) as one, server(tmp_path, **settings) as another:
        for times, order in enumerate(orders, 1):
            get(one, url, 100)
            laid_down(tmp_path)
            purge(one, order)
            until(lambda: not files(tmp_path), 60, "it is removed")
            assert origin.count("/a.jpg") == times
        until(lambda: rules(another)[-1:] == rules(one)[-1:], 60, "the other has heard of the last")
        get(another, url, 101)
        assert origin.count("/a.jpg") == len(orders) + 1


def test_one_that_is_no_longer_vouched_for_is_asked_for_by_its_validator(origin: Origin, tmp_path: Path) -> None:
    url = origin.serve("/a.jpg", small_photo(), headers={"ETag": '"1"', "Cache-Control": "max-age=0"})
    with server(tmp_path) as one:
        first = get(one, url, 100)
        laid_down(tmp_path)
    with server(tmp_path) as another:
        assert get(another, url, 100) == first
        assert metric(another, "pixmill_source_bytes_total") == 0
        assert metric(another, "pixmill_source_fetches_total", outcome="not_modified") == 1


def test_what_one_server_has_heard_to_be_unchanged_another_does_not_ask_about(origin: Origin, tmp_path: Path) -> None:
    photo = small_photo()
    url = origin.publish("/a.jpg", photo, {"ETag": '"1"', "Cache-Control": "max-age=1, must-revalidate"})
    with server(tmp_path) as one, server(tmp_path) as another:
        get(one, url, 100)
        laid_down(tmp_path)
        first = files(tmp_path)[0].stat().st_ino
        origin.publish("/a.jpg", photo, {"ETag": '"1"', "Cache-Control": "max-age=600"})
        until(lambda: bool(get(one, url, 100)) and origin.count("/a.jpg") == 2, 60, "it is asked about again")
        until(lambda: files(tmp_path)[0].stat().st_ino != first, 60, "what it heard is written")
        get(another, url, 101)
        assert metric(another, "pixmill_cache_lookups_total", tier="originals_disk", outcome="hit") == 1
    assert (origin.count("/a.jpg"), origin.sent) == (2, len(photo))


def test_a_folder_that_is_lost_loses_only_the_sharing(origin: Origin, tmp_path: Path) -> None:
    url = origin.serve("/a.jpg", small_photo(), headers=HEADERS)
    folder = tmp_path / "originals"
    with server(folder) as pixmill:
        folder.rename(tmp_path / "gone")
        folder.write_text("in its place")
        assert [len(get(pixmill, url, width)) > 0 for width in range(100, 104)] == [True] * 4


def test_a_server_that_is_killed_while_it_fetches_keeps_nobody_waiting(origin: Origin, tmp_path: Path) -> None:
    url = origin.serve("/a.jpg", small_photo(), headers=HEADERS, wait_s=3)
    with server(tmp_path) as another, ThreadPoolExecutor(2) as clients:
        with server(tmp_path) as one:
            asked = clients.submit(one.get, "/resize", url=url, width=100)
            until(lambda: origin.count("/a.jpg") == 1, 60, "it is asked for")
            waiting = clients.submit(get, another, url, 100)
            one.stop(signal.SIGKILL)
            assert isinstance(asked.exception(), OSError | HTTPException)
        assert waiting.result()
    assert origin.count("/a.jpg") == 2


def test_another_size_costs_no_request_to_the_origin_where_all_caches_are_in_memory(origin: Origin) -> None:
    origin.serve("/memory.jpg", small_photo(), headers=HEADERS)
    with Pixmill(allowed_networks="127.0.0.0/8", cache="memory://", workers=1) as pixmill:
        for width in (40, 50, 60):
            assert pixmill.get("/resize", url=origin.url("/memory.jpg"), width=width).status == 200
    assert origin.count("/memory.jpg") == 1
