"""Pictures that are made before anybody asks, by order of the operator."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.e2e.scenes import metric, until
from tests.servers.pixmill import Pixmill

TOKEN = "a token of the operator"
RIGHT = {"authorization": f"Bearer {TOKEN}"}
KEY = "a-key-of-sixteen-characters"
CHROME = {"accept": "image/avif,image/webp,image/apng,*/*;q=0.8"}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png"):
        Image.effect_noise((64, 48), 90).convert("RGB").save(tmp_path / name)
    return tmp_path


def warm(server: Pixmill, urls: object) -> tuple[int, Any]:
    said = server.ask("POST", "/admin/warm", headers=RIGHT, data=json.dumps(urls).encode())
    return said.status, said.json()


def progress(server: Pixmill) -> Any:
    return server.get("/admin/warm", RIGHT).json()


def is_done(server: Pixmill) -> bool:
    told = progress(server)
    return not told["queued"] and not told["in_progress"]


def test_what_was_warmed_is_there_when_it_is_asked_for(images: Path) -> None:
    with Pixmill(images=str(images), workers=1, admin_token=TOKEN) as server:
        urls = [f"/resize?url={name}&width={width}" for name in ("a.png", "b.png", "none.png") for width in (10, 20)]
        elsewhere = "https://img.example/api/v1/resize?url=a.png&width=30&format=png&tags=t"
        wrong = {
            "/info?url=a.png": "route_not_found",
            "/resize?url=a.png&width=x": "invalid_parameter",
            "/resize?width=1": "missing_parameter",
            "/resize?url=a.png&é": "malformed_request",
            "/resize?url=" + "a" * 9_000: "request_too_large",
            "": "route_not_found",
            "//[": "route_not_found",
        }
        status, said = warm(server, [*urls, elsewhere, urls[0], *wrong])
        assert (status, said["added"], said["already_queued"]) == (202, 7, 1)
        assert [one["code"] for one in said["rejected"]] == list(wrong.values())
        until(lambda: is_done(server), 60, "all is made")
        assert progress(server)["done"] == {"rendered": 5, "source_not_found": 2}
        renders = metric(server, "pixmill_renders_total")
        for url in (*urls[:4], elsewhere.removeprefix("https://img.example")):
            reply = server.get(url, CHROME)
            assert "; hit" in str(reply.headers["cache-status"])
        assert metric(server, "pixmill_renders_total") == renders
        assert warm(server, urls[:4])[1]["added"] == 4
        until(lambda: is_done(server), 60, "they are there")
        assert progress(server)["done"]["already_cached"] == 4


def test_only_the_operator_may_and_needs_no_signature(images: Path) -> None:
    url = "/resize?url=a.png&width=10"
    with Pixmill(images=str(images), workers=1, admin_token=TOKEN, keys=KEY) as server:
        assert server.get(url).status == 403
        assert server.ask("POST", "/admin/warm", data=b"[]").status == 403
        assert server.get("/admin/warm").status == 403
        for body, code in [
            ({"urls": [url]}, "invalid_parameter"),
            ([1], "invalid_parameter"),
            ([url] * 1_001, "invalid_parameter"),
        ]:
            status, said = warm(server, body)
            assert (status, said["code"]) == (400, code)
        lines = f"{url}\n\n/resize?url=b.png&width=0\n"
        command = [sys.executable, "-m", "pixmill", "warm", "-", "--server", server.url]
        environment = {**os.environ, "PIXMILL_ADMIN_TOKEN": TOKEN}
        done = subprocess.run(command, env=environment, input=lines, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "1 URLs queued\n")
        assert "/resize?url=b.png&width=0: invalid_parameter: width" in done.stderr
        until(lambda: progress(server)["done"] == {"rendered": 1}, 60, "it is made")
