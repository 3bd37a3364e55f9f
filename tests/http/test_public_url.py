"""URLs of this server in what it answers and in what it is asked: by the public URL, or by what the request says."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from pixmill.api.app import create_app
from pixmill.settings import load
from pixmill.wiring import build_services

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
PUBLIC = "https://images.example.com/img"
LOCAL = "127.0.0.1:8080"
CIPHER_KEY = bytes(range(16))


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with build_services(load({"workers": 1, "images": str(PHOTOS)} | settings)) as services:
        transport = httpx.ASGITransport(create_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://pixmill") as client:
            yield client


# ---------------------------------------------------------------- IIIF


@pytest.mark.parametrize(
    ("public_url", "host", "begins", "scope"),
    [
        (PUBLIC, "evil.example", PUBLIC, "public"),
        (PUBLIC + "/", LOCAL, PUBLIC, "public"),
        ("", "evil.example", "http://evil.example", "private"),
        ("", LOCAL, f"http://{LOCAL}", "private"),
        ("/img", LOCAL, f"http://{LOCAL}/img", "private"),
        ("/", LOCAL, f"http://{LOCAL}", "private"),
    ],
)
async def test_info_json_is_for_all_caches_only_if_it_repeats_no_host(
    public_url: str, host: str, begins: str, scope: str
) -> None:
    dialects = json.dumps([{"dialect": "iiif"}])
    async with serving(public_url=public_url, dialects=dialects) as client:
        reply = await client.get("/iiif/3/umang.jpg/info.json", headers={"host": host})
        assert reply.status_code == 200, reply.text
        assert reply.json()["id"] == f"{begins}/iiif/3/umang.jpg"
        assert reply.headers["cache-control"].split(",")[0] == scope


async def test_info_json_of_a_mount_on_a_host_is_named_by_it() -> None:
    dialects = json.dumps([{"dialect": "iiif", "host": "iiif.example", "mount": "/iiif", "source": "/"}])
    async with serving(public_url=PUBLIC, dialects=dialects) as client:
        reply = await client.get("/iiif/3/umang.jpg/info.json", headers={"host": "iiif.example"})
        assert reply.json()["id"] == "https://iiif.example/iiif/3/umang.jpg"


# ---------------------------------------------------------------- of


@pytest.mark.parametrize(
    ("public_url", "of"),
    [
        (PUBLIC, "/resize?url=umang.jpg&grayscale=true"),
        (PUBLIC, PUBLIC + "/resize?url=umang.jpg&grayscale=true"),
        (PUBLIC, "HTTPS://Images.Example.com/img/resize?url=umang.jpg&grayscale=true"),
        (PUBLIC, f"http://{LOCAL}/resize?url=umang.jpg&grayscale=true"),
        ("", f"http://{LOCAL}/resize?url=umang.jpg&grayscale=true"),
        ("/img", f"http://{LOCAL}/resize?url=umang.jpg&grayscale=true"),
    ],
)
async def test_of_may_be_a_whole_url_of_this_server(public_url: str, of: str) -> None:
    async with serving(public_url=public_url) as client:
        reply = await client.get(f"/srcset?of={quote(of, safe='')}&widths=30&formats=jpeg", headers={"host": LOCAL})
        assert reply.status_code == 200, reply.text
        url = reply.json()["sources"][0]["images"][0]["url"]
        assert "/resize?url=umang.jpg&grayscale=true&width=30" in url


@pytest.mark.parametrize(
    "of",
    [
        "https://images.example.com/resize?url=umang.jpg",
        "https://images.example.com/imgresize?url=umang.jpg",
        "https://images.example.com.evil.example/img/resize?url=umang.jpg",
        "https://evil.example/img/resize?url=umang.jpg",
        "https://user@images.example.com/img/resize?url=umang.jpg",
        "//images.example.com/img/resize?url=umang.jpg",
        "http://images.example.com/img/resize?url=umang.jpg",
        "http://evil.example/resize?url=umang.jpg",
        "https://",
    ],
)
async def test_of_is_no_url_of_another_server(of: str) -> None:
    async with serving(public_url=PUBLIC) as client:
        reply = await client.get(f"/srcset?of={quote(of, safe='')}&widths=30", headers={"host": "evil.example"})
        assert (reply.status_code, reply.json()["code"], reply.json()["param"]) == (400, "invalid_parameter", "of")


def encrypted(source: bytes) -> str:
    padder = PKCS7(128).padder()
    encryptor = Cipher(AES(CIPHER_KEY), CBC(bytes(16))).encryptor()
    data = bytes(16) + encryptor.update(padder.update(source) + padder.finalize()) + encryptor.finalize()
    return "enc/" + base64.urlsafe_b64encode(data).decode().rstrip("=")


async def test_of_does_not_show_what_is_encrypted() -> None:
    options = {"source_url_encryption_key": CIPHER_KEY.hex()}
    dialects = json.dumps([{"dialect": "imgproxy", "mount": "/p", "source": "/", "options": options}])
    async with serving(dialects=dialects) as client:
        path = f"/p/unsafe/rs:fit:30:30/{encrypted(b'local:///umang.jpg')}"
        assert (await client.get(path)).status_code == 200
        reply = await client.get(f"/srcset?of={path}&widths=30")
        assert (reply.status_code, reply.json()["param"]) == (400, "of")
        assert "umang" not in reply.text
        plain = await client.get("/srcset?of=/p/unsafe/rs:fit:30:30/plain/local:///umang.jpg&widths=30")
        assert plain.status_code == 200, plain.text
