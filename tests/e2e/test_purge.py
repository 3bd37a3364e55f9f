"""Purging a running server, and whoever shares its folder: by the operator, and by nobody else."""

import http.client
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.e2e.scenes import until
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill
from tests.servers.ports import free_port
from tests.servers.redis import RedisServer

TOKEN = "a token of the operator"
RIGHT = f"Bearer {TOKEN}"


def say(server: Pixmill, body: bytes, authorization: str = RIGHT, method: str = "POST") -> tuple[int, Any, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    path = "/admin/purge" if method != "GET" else "/admin/purges"
    connection.request(method, path, body, {"authorization": authorization})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, answer.headers, json.loads(text)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (64, 48), "red").save(tmp_path / name)
    return tmp_path


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def cached(server: Pixmill, name: str) -> str:
    return str(server.get("/resize", url=name, width=10).headers["cache-status"])


def test_a_purge_is_in_force_for_all_who_share_the_folder_and_after_a_kill(images: Path) -> None:
    shared = f"file://{images}/cache?max_bytes=8MiB"
    settings: dict[str, Any] = {"images": str(images), "workers": 1, "cache": shared, "admin_token": TOKEN}
    with Pixmill(**settings) as one:
        for name in ("a.png", "b.png"):
            cached(one, name)
            assert "; hit" in cached(one, name)
        command = [sys.executable, "-m", "pixmill", "purge", "--source", "/a.png", "--server", one.url]
        environment = {**os.environ, "PIXMILL_ADMIN_TOKEN": TOKEN}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert "1 purges are in force;" in done.stdout
        with Pixmill(**settings) as other:
            assert "; hit" not in cached(other, "a.png")
            assert "; hit" in cached(other, "b.png")
        status, _, told = say(one, b"", method="GET")
        assert (status, [rule["value"] for rule in told["active_purges"]]) == (200, ["a.png"])


def test_only_the_operator_may(images: Path) -> None:
    with Pixmill(images=str(images), workers=1, admin_token=TOKEN) as server:
        order = b'{"all": true}'
        for body, status, code in [
            (b"{}", 400, "missing_parameter"),
            (b"no", 400, "malformed_request"),
            (b'{"tags": ["a b"]}', 400, "invalid_parameter"),
            (b'{"all": 1}', 400, "invalid_parameter"),
            (b'{"every": true}', 400, "invalid_parameter"),
            (b" " * 2_000_000, 413, "upload_too_large"),
        ]:
            found, headers, said = say(server, body)
            assert (found, said["code"]) == (status, code)
            assert "access-control-allow-origin" not in headers
        assert server.get("/admin/purge").status == 405
        for wrong in ("", "Bearer", "Bearer nobody", f"Basic {TOKEN}", f"Bearer {TOKEN}x") * 2:
            found, _, said = say(server, order, wrong)
            assert (found, said["code"]) == (403, "admin_denied")
        with ThreadPoolExecutor(30) as strangers:
            guesses = [strangers.submit(say, server, order, f"Bearer guess {number}") for number in range(30)]
            assert say(server, order)[0] == 200, "guesses from the same address delay the operator, and no more"
            assert {guess.result()[0] for guess in guesses} == {403}


def test_tags_come_from_the_url_the_request_and_the_origin(images: Path) -> None:
    with Origin() as origin:
        url = origin.serve(
            "/a.png", (images / "a.png").read_bytes(), headers={"Cache-Tag": "shop, shoes", "ETag": '"1"'}
        )
        headers = {"tag_header": "X-Tags", "source_tag_header": "Cache-Tag", "allowed_networks": "127.0.0.0/8"}
        with Pixmill(workers=1, admin_token=TOKEN, **headers) as server:

            def hits(width: int, tags: str = "", **query: str) -> bool:
                said = server.get("/resize", {"X-Tags": tags} if tags else {}, url=url, width=width, **query)
                return "; hit" in str(said.headers["cache-status"])

            def ask() -> list[bool]:
                return [hits(10), hits(11, tags="one"), hits(12, "two three")]

            ask()
            for tag, found in [("one", [1, 0, 1]), ("three", [1, 1, 0]), ("nobody", [1, 1, 1]), ("shoes", [0, 0, 0])]:
                assert ask() == [True] * 3
                status, _, told = say(server, json.dumps({"tags": [tag]}).encode())
                assert (status, told["unsynced"]) == (200, [])
                assert ask() == [bool(one) for one in found], tag


def test_servers_that_share_nothing_but_a_redis_hear_of_each_others_purges(images: Path) -> None:
    with RedisServer() as redis:
        tiers = f"memory://?max_bytes=8MiB,{redis.url}"
        settings: dict[str, Any] = {"images": str(images), "workers": 1, "cache": tiers, "admin_token": TOKEN}
        with Pixmill(**settings) as one, Pixmill(**settings) as other:
            for name in ("a.png", "b.png"):
                cached(one, name)
            until(lambda: len(redis.keys("pixmill:e:*")) == 2, 60, "both are in the Redis")
            for name in ("a.png", "b.png"):
                assert "; hit" in cached(other, name)
            status, _, done = say(one, b'{"sources": ["/a.png"]}')
            assert (status, done["unsynced"]) == (200, [])
            until(lambda: say(other, b"", method="GET")[2]["active_purges"] != [], 60, "the other one has heard")
            assert "; hit" not in cached(other, "a.png")
            assert "; hit" in cached(other, "b.png")
            redis.stop()
            status, _, done = say(one, b'{"sources": ["/b.png"]}')
            assert (status, done["unsynced"]) == (200, ["redis"])
            assert "; hit" not in cached(one, "b.png")
            redis.start()
            until(lambda: len(say(other, b"", method="GET")[2]["active_purges"]) == 2, 60, "it is told later")


def test_a_kill_right_after_a_purge_loses_nothing_of_it(images: Path) -> None:
    shared = f"file://{images}/cache?max_bytes=8MiB"
    settings: dict[str, Any] = {"images": str(images), "workers": 1, "cache": shared, "admin_token": TOKEN}
    with Pixmill(**settings) as server:
        for name in ("a.png", "b.png"):
            cached(server, name)
            assert "; hit" in cached(server, name)
        status, _, done = say(server, b'{"sources": ["/a.png"]}')
        server.stop(signal.SIGKILL)
        assert (status, done["unsynced"]) == (200, [])
        server.start()
        assert "; hit" not in cached(server, "a.png")
        assert "; hit" in cached(server, "b.png")


def test_operators_may_have_a_listener_of_their_own(images: Path) -> None:
    port = free_port()
    listener = {"admin_listen": f"127.0.0.1:{port}", "admin_token": TOKEN}
    with Pixmill(images=str(images), workers=1, drain_delay_s=1, **listener) as server:
        own = f"http://127.0.0.1:{port}"
        theirs = {"/metrics": 200, "/health": 200, "/admin/purges": 403}
        for path, status in theirs.items():
            assert (server.get(path).status, status_of(own + path)) == (404, status), path
        assert say(server, b'{"all": true}')[0] == 404
        for path in ("/health/live", "/health/ready"):
            assert (server.get(path).status, status_of(own + path)) == (200, 200), path
        for path in ("/resize?url=a.png&width=10", "/openapi.json"):
            assert (server.get(path).status, status_of(own + path)) == (200, 404), path
        told = set(server.get("/openapi.json").json()["paths"])
        assert "/resize" in told
        assert not told & {"/metrics", "/health", "/admin/purge", "/admin/purges", "/admin/warm"}
        command = [sys.executable, "-m", "pixmill", "purge", "--all"]
        environment = {**os.environ, "PIXMILL_ADMIN_TOKEN": TOKEN, "PIXMILL_ADMIN_LISTEN": f"127.0.0.1:{port}"}
        subprocess.run(command, env=environment, capture_output=True, check=True)
        assert f'"admin":"127.0.0.1:{port}"' in server.log()
        os.kill(server.pid, signal.SIGTERM)
        until(lambda: status_of(own + "/health/ready") == 503, 60, "the operators are told that it drains")
        assert status_of(own + "/metrics") == 200
        assert server.wait(10) == 0


def test_without_a_token_there_is_nothing(images: Path) -> None:
    with Pixmill(images=str(images), workers=1) as server:
        assert say(server, b'{"all": true}', "Bearer ")[0] == 404
        assert say(server, b"", method="GET")[0] == 404
